package transcript

import (
	"fmt"
	"time"
)

// Text is a sentence in both languages of the panel.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// In returns the text in the language, "zh-CN" or anything else for English.
func (t Text) In(language string) string {
	if language == "zh-CN" || language == "zh" {
		return t.ZH
	}
	return t.EN
}

func textf(en, zh string, args ...any) Text {
	return Text{EN: fmt.Sprintf(en, args...), ZH: fmt.Sprintf(zh, args...)}
}

// resolve turns a stamp into a moment. What it leaves out of the date is taken from ref, the time
// that it refers to; prior and partner are the stamps before and after it in its range. The text says
// why it cannot be read.
func resolve(st stamp, ref *Moment, prior, partner *stamp, ranged bool) (Moment, Text) {
	var m Moment
	d, t := st.date, st.tod
	switch {
	case d != nil && d.blank, t != nil && t.blank:
		return m, textf("a part of the time is left blank", "时间有空白未填")
	case d != nil && d.doubt != "":
		return m, textf("the date cannot be read: %s", "日期无法认定：%s", d.doubt)
	case t == nil:
		return m, textf("the hour and the minute are missing", "缺少时、分")
	case t.doubt != "":
		return m, textf("the time cannot be read: %s", "时间无法认定：%s", t.doubt)
	case t.approximate:
		return m, textf("the time is given only roughly", "时间仅为大约")
	case t.precision == "":
		return m, textf("the minute is missing (hour %d)", "缺少分（%d时）", t.hour)
	}
	hour, why := t.hour, Text{}
	if prior != nil && prior.tod != nil {
		hour, why = carryForward(prior, &st, ranged)
	} else if partner != nil && partner.tod != nil && ranged {
		hour, why = carryBack(t, partner.tod)
	}
	if why.EN != "" {
		return m, why
	}
	if d == nil || !d.whole() {
		if ref == nil && partner != nil && partner.date.whole() {
			p := partner.date
			ref = &Moment{Year: p.year, Month: p.month, Day: p.day}
			if d != nil && d.month > 0 && (d.month != p.month || d.day > p.day) {
				ref = nil
			}
		}
		if ref == nil {
			return m, textf("the date is missing", "缺少日期")
		}
	}
	y, mo, day, why := resolveDate(d, ref)
	if why.EN != "" {
		return m, why
	}
	m = Moment{Year: y, Month: mo, Day: day, Hour: hour, Minute: t.minute, Second: t.second, Precision: t.precision, Offset: t.offset}
	if hour == 24 {
		m = m.onDay(m.day().AddDate(0, 0, 1))
		m.Hour = 0
	}
	return m, Text{}
}

// resolveDate completes a date from the moment that it refers to, and checks that it exists.
func resolveDate(d *civilDate, ref *Moment) (y, m, day int, why Text) {
	switch {
	case d == nil:
		return ref.Year, ref.Month, ref.Day, Text{}
	case d.rel != relNone:
		t := ref.day()
		if d.rel == relNext {
			t = t.AddDate(0, 0, 1)
		}
		if d.day > 0 && (d.day != t.Day() || d.month > 0 && d.month != int(t.Month()) || d.year > 0 && d.year != t.Year()) {
			return 0, 0, 0, textf("the date beside “next day” is another day", "“次日”与其后所写日期不符")
		}
		return t.Year(), int(t.Month()), t.Day(), Text{}
	}
	y, m, day = d.year, d.month, d.day
	if y == 0 {
		y = ref.Year
		if m == 1 && day == 1 && ref.Month == 12 && ref.Day == 31 {
			y++ // the night of the new year
		}
	}
	if m == 0 {
		m = ref.Month
		if next := ref.day().AddDate(0, 0, 1); day == next.Day() && d.year == 0 {
			y, m = next.Year(), int(next.Month()) // over the end of a month
		}
	}
	if day == 0 {
		return 0, 0, 0, textf("the day is missing", "缺少日")
	}
	if !civilDay(y, m, day) {
		return 0, 0, 0, textf("there is no %d-%02d-%02d", "%d年%d月%d日不存在", y, m, day)
	}
	if d.weekday >= 0 {
		if w := time.Date(y, time.Month(m), day, 0, 0, 0, 0, time.UTC).Weekday(); int(w) != d.weekday {
			return 0, 0, 0, textf("%d-%02d-%02d is not the day of the week that is written beside it", "%d年%d月%d日与所写星期不符", y, m, day)
		}
	}
	return y, m, day, Text{}
}

// carryForward returns the hour of the second time of a range, to which the part of the day named
// with the first may apply: 下午2时05分至4时30分 ends at 16:30.
func carryForward(prior, st *stamp, ranged bool) (int, Text) {
	a, b := prior.tod, st.tod
	if b.period != periodNone || a.period == periodNone || a.blank || a.doubt != "" || a.precision == "" || b.hour > 12 {
		return b.hour, Text{}
	}
	doubt := textf("%d:%02d may be in the morning or in the afternoon", "%d时%02d分可能为上午，也可能为下午", b.hour, b.minute)
	after := func(h int) bool { return h*60+b.minute >= a.hour*60+a.minute }
	sameDay := st.date == nil || st.date.rel == relSame
	h, why := a.period.apply(b.hour)
	switch {
	case !sameDay:
		// The second time has a date of its own: 4:30 of the next day is read as written only where
		// no other reading is left.
		if b.hour >= 1 && b.hour <= 12 && why == "" && h != b.hour {
			return 0, doubt
		}
		return b.hour, Text{}
	case b.hour == 12 && after(12) && a.hour < 13:
		return 12, Text{}
	case why == "" && after(h) && (ranged || h == b.hour):
		return h, Text{}
	case why == "" && h == b.hour && !after(h) && a.hour >= 12:
		return 0, doubt
	}
	return 0, doubt
}

// carryBack returns the hour of the first time of a range whose second time says a.m. or p.m. for
// both: 2:05 to 4:30 pm.
func carryBack(a, b *civilTime) (int, Text) {
	if a.period != periodNone || b.blank || b.doubt != "" || a.hour > 12 || a.hour == 0 {
		return a.hour, Text{}
	}
	h := a.hour
	switch b.period {
	case periodLatinP:
		if h < 12 {
			h += 12
		}
	case periodLatinA:
		if h == 12 {
			h = 0
		}
	default:
		return a.hour, Text{}
	}
	if h*60+a.minute <= b.hour*60+b.minute {
		return h, Text{}
	}
	return a.hour, Text{}
}
