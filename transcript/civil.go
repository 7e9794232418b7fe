package transcript

import (
	"fmt"
	"time"
)

// Precision says how finely a time is written.
type Precision string

// The precisions that a readable time can have.
const (
	PrecisionMinute Precision = "minute"
	PrecisionSecond Precision = "second"
)

// unit returns the length of what a time of this precision names.
func (p Precision) unit() time.Duration {
	if p == PrecisionSecond {
		return time.Second
	}
	return time.Minute
}

// relative says how a date is written by reference to another.
type relative uint8

const (
	relNone relative = iota
	relSame          // 当日, the same day
	relNext          // 次日, the following day
)

// civilDate is a date as written; a part that is not written is zero.
type civilDate struct {
	year, month, day int
	rel              relative
	blank            bool   // a part's place is there but empty: "  月  日"
	doubt            string // why it cannot be read, empty if it can
	weekday          int    // 0 Sunday … 6 Saturday; -1 where none is written
}

// whole reports whether the date stands by itself.
func (d *civilDate) whole() bool {
	return d != nil && d.rel == relNone && d.year > 0 && d.month > 0 && d.day > 0
}

// civilTime is a time of day as written.
type civilTime struct {
	hour, minute, second int
	precision            Precision // empty when the minute is not written
	period               period
	blank                bool // the hour's or minute's place is there but empty
	approximate          bool // 约, 许, about
	offset               *time.Duration
	doubt                string
}

// period is the part of the day that a time of day is said to be in.
type period uint8

const (
	periodNone   period = iota
	periodSmall         // 凌晨
	periodAM            // 上午, a.m.
	periodNoon          // 中午
	periodPM            // 下午
	periodDusk          // 傍晚
	periodNight         // 晚上
	periodLatinA        // am: 12 means 0
	periodLatinP        // pm
)

var periodWords = []struct {
	word   string
	period period
	rel    relative
}{
	{"次日凌晨", periodSmall, relNext},
	{"凌晨", periodSmall, relNone},
	{"清晨", periodAM, relNone},
	{"早晨", periodAM, relNone},
	{"早上", periodAM, relNone},
	{"上午", periodAM, relNone},
	{"午前", periodAM, relNone},
	{"中午", periodNoon, relNone},
	{"正午", periodNoon, relNone},
	{"下午", periodPM, relNone},
	{"午后", periodPM, relNone},
	{"傍晚", periodDusk, relNone},
	{"晚上", periodNight, relNone},
	{"晚间", periodNight, relNone},
	{"深夜", periodNight, relNone},
	{"夜间", periodNight, relNone},
	{"夜里", periodNight, relNone},
	{"夜晚", periodNight, relNone},
	{"午夜", periodNight, relNone},
	{"半夜", periodNight, relNone},
	{"当晚", periodNight, relSame},
	{"次晨", periodAM, relNext},
	{"次晚", periodNight, relNext},
	{"晨", periodAM, relNone},
	{"早", periodAM, relNone},
	{"晚", periodNight, relNone},
	{"夜", periodNight, relNone},
}

// apply turns the hour as written into the hour of the day.
func (p period) apply(hour int) (h int, doubt string) {
	bad := fmt.Sprintf("hour %d does not go with the part of the day named beside it", hour)
	late := fmt.Sprintf("hour %d at night may be before or after midnight", hour)
	switch p {
	case periodNone:
	case periodSmall:
		switch {
		case hour == 12:
			return 0, ""
		case hour > 8:
			return hour, bad
		}
	case periodAM:
		if hour >= 12 {
			return hour, bad
		}
	case periodNoon:
		switch {
		case hour >= 10 && hour <= 14:
		case hour == 1 || hour == 2:
			return hour + 12, ""
		default:
			return hour, bad
		}
	case periodPM, periodLatinP:
		switch {
		case hour >= 1 && hour <= 11:
			return hour + 12, ""
		case hour == 0 || hour == 24:
			return hour, bad
		}
	case periodDusk:
		switch {
		case hour >= 3 && hour <= 11:
			return hour + 12, ""
		case hour < 15 || hour == 24:
			return hour, bad
		}
	case periodNight:
		switch {
		case hour >= 5 && hour <= 11:
			return hour + 12, ""
		case hour <= 4 || hour == 12:
			return hour, late
		case hour < 17:
			return hour, bad
		}
	case periodLatinA:
		switch {
		case hour == 12:
			return 0, ""
		case hour > 12:
			return hour, bad
		}
	}
	return hour, ""
}

// stamp is a date, a time of day, or both, where they stand in a line.
type stamp struct {
	date     *civilDate
	tod      *civilTime
	from, to int // rune offsets into the normalised text
}

// Moment is a time of a document, as far as the document itself fixes it: civil time, without a
// zone unless one is written.
type Moment struct {
	Year, Month, Day     int
	Hour, Minute, Second int
	Precision            Precision
	// Offset is the distance from UTC where one is written beside the time, nil otherwise.
	Offset *time.Duration
	// Line is the line of the document that the time stands in.
	Line int
}

// Instant returns the first instant that the moment names, in loc unless an offset is written. The
// second result says why there is none: the civil time does not exist in the zone, or exists twice.
func (m Moment) Instant(loc *time.Location) (time.Time, string) {
	if m.Offset != nil {
		loc = time.FixedZone("", int(*m.Offset/time.Second))
	}
	t := time.Date(m.Year, time.Month(m.Month), m.Day, m.Hour, m.Minute, m.Second, 0, loc)
	if t.Hour() != m.Hour || t.Minute() != m.Minute {
		return t, fmt.Sprintf("%s does not exist in the zone %s", m, loc)
	}
	for _, d := range []time.Duration{-time.Hour, time.Hour} {
		if o := t.Add(d); o.Hour() == m.Hour && o.Minute() == m.Minute && o.Day() == m.Day {
			return t, fmt.Sprintf("%s exists twice in the zone %s", m, loc)
		}
	}
	return t, ""
}

// String returns the moment as "2026-11-22 09:05", with seconds where they are written.
func (m Moment) String() string {
	s := fmt.Sprintf("%04d-%02d-%02d %02d:%02d", m.Year, m.Month, m.Day, m.Hour, m.Minute)
	if m.Precision == PrecisionSecond {
		s += fmt.Sprintf(":%02d", m.Second)
	}
	return s
}

// sameTime reports whether two moments can be the same, each taken as precisely as it is written.
func (m Moment) sameTime(o Moment) bool {
	if m.Year != o.Year || m.Month != o.Month || m.Day != o.Day || m.Hour != o.Hour || m.Minute != o.Minute {
		return false
	}
	return m.Precision != PrecisionSecond || o.Precision != PrecisionSecond || m.Second == o.Second
}

func (m Moment) day() time.Time {
	return time.Date(m.Year, time.Month(m.Month), m.Day, 0, 0, 0, 0, time.UTC)
}

func (m Moment) minutes() int { return m.Hour*60 + m.Minute }

// onDay returns m moved to the day that t is in.
func (m Moment) onDay(t time.Time) Moment {
	y, mo, d := t.Date()
	m.Year, m.Month, m.Day = y, int(mo), d
	return m
}

// before orders moments that are in one zone.
func (m Moment) before(o Moment) bool {
	a, b := m.day(), o.day()
	if !a.Equal(b) {
		return a.Before(b)
	}
	x, y := m.minutes()*60+m.Second, o.minutes()*60+o.Second
	if m.Precision != PrecisionSecond || o.Precision != PrecisionSecond {
		x, y = x/60, y/60
	}
	return x < y
}
