package clock

import "time"

// Date, time of day and minute as every page and every recording shows them: local civil time, 24
// hours (Z23, Z26).
const (
	displayDateTime = "2006-01-02 15:04:05"
	displayTime     = "15:04:05"
	displayMinute   = "15:04"
	displayOffset   = "-07:00"
)

// Zone shows wall instants as local civil time.
type Zone struct{ loc *time.Location }

// NewZone returns the zone loc; nil means UTC.
func NewZone(loc *time.Location) Zone {
	if loc == nil {
		loc = time.UTC
	}
	return Zone{loc}
}

// Location returns the zone's rules.
func (z Zone) Location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// Name returns the zone's name, as in "Asia/Shanghai".
func (z Zone) Name() string { return z.Location().String() }

// DateTime returns w as "2026-11-22 14:03:07".
func (z Zone) DateTime(w Wall) string { return w.In(z.Location()).Format(displayDateTime) }

// Time returns w as "14:03:07".
func (z Zone) Time(w Wall) string { return w.In(z.Location()).Format(displayTime) }

// Minute returns w as "14:03", the precision of a transcript.
func (z Zone) Minute(w Wall) string { return w.In(z.Location()).Format(displayMinute) }

// Offset returns the zone's distance from UTC at w, as "+08:00".
func (z Zone) Offset(w Wall) string { return w.In(z.Location()).Format(displayOffset) }
