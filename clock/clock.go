// Package clock owns time: the three kinds of it that the recorder keeps apart, how far each can be
// trusted, and how it is shown.
//
//   - [Wall] is an instant of civil time.
//   - [Mono] is an instant of the host's monotonic clock.
//   - [Ticks] counts a stream's own time units.
//
// The three do not convert into one another by accident: a [Timeline] places monotonic instants on
// the wall, a [Mapper] places ticks on the monotonic clock. Only this package reads the host's
// clock. The design page is docs/design/time.md.
package clock

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Wall is an instant of civil time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not
// counted. Wall instants of different clocks can be compared but not subtracted; elapsed time comes
// from [Mono], from [Ticks], or from two [Instant] values of one timeline.
type Wall int64

// WallOf returns t as a Wall instant.
func WallOf(t time.Time) Wall { return Wall(t.UnixNano()) }

// The instants that a Wall can hold.
var (
	firstWall = time.Unix(0, math.MinInt64)
	lastWall  = time.Unix(0, math.MaxInt64)
)

// ParseWall reads RFC 3339 with any number of fractional digits, of which nine count, in any zone. The
// years are 1678 to 2261 and parts of those around them.
func ParseWall(s string) (Wall, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time %q: want RFC 3339, as in 2026-11-22T06:03:07Z", s)
	}
	if t.Before(firstWall) || t.After(lastWall) {
		return 0, fmt.Errorf("time %q: want a year from 1678 to 2261", s)
	}
	return WallOf(t), nil
}

// Time returns w in UTC.
func (w Wall) Time() time.Time { return time.Unix(0, int64(w)).UTC() }

// In returns w in the zone loc.
func (w Wall) In(loc *time.Location) time.Time { return time.Unix(0, int64(w)).In(loc) }

// Add returns the instant d after w.
func (w Wall) Add(d time.Duration) Wall { return w + Wall(d) }

// Before reports whether w is earlier than o.
func (w Wall) Before(o Wall) bool { return w < o }

const wallLayout = "2006-01-02T15:04:05.000000000Z"

// String returns w as RFC 3339 in UTC with nine fractional digits: the form that is stored.
func (w Wall) String() string { return w.Time().Format(wallLayout) }

// MarshalText returns the stored form of w; see [Wall.String].
func (w Wall) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what [ParseWall] reads.
func (w *Wall) UnmarshalText(b []byte) error {
	v, err := ParseWall(string(b))
	if err != nil {
		return err
	}
	*w = v
	return nil
}

// Mono is an instant of the host's monotonic clock in nanoseconds. It is comparable between
// processes of one boot, never between boots.
type Mono int64

// Add returns the instant d after m.
func (m Mono) Add(d time.Duration) Mono { return m + Mono(d) }

// Sub returns the time elapsed from o to m.
func (m Mono) Sub(o Mono) time.Duration { return time.Duration(m - o) }

// Stamp is one instant read from both clocks together.
type Stamp struct {
	Wall Wall `json:"wall"`
	Mono Mono `json:"mono"`
}

// Add returns the stamp d later on both clocks.
func (s Stamp) Add(d time.Duration) Stamp { return Stamp{s.Wall.Add(d), s.Mono.Add(d)} }

// Source is a clock that can be read. Implementations are safe for concurrent use.
type Source interface {
	// Now reads both clocks at one instant.
	Now() Stamp
}

// System is the host's clock.
type System struct {
	origin time.Time // carries Go's monotonic reading
	mono   Mono      // of origin
}

// NewSystem returns the host's clock. Its monotonic instants count from the boot of the host.
func NewSystem() *System {
	var s System
	least := time.Duration(math.MaxInt64)
	for range 16 { // the process may be halted between the two readings: those closest to each other are right
		before := time.Now()
		var ts unix.Timespec
		// CLOCK_MONOTONIC exists on every Linux; were it refused, instants count from zero here, which
		// only makes them incomparable with those of an earlier process.
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
			ts = unix.Timespec{}
		}
		if took := time.Since(before); took < least {
			s, least = System{origin: before, mono: Mono(ts.Nano())}, took
		}
	}
	return &s
}

// Now reads the host's clock.
func (s *System) Now() Stamp {
	now := time.Now()
	return Stamp{Wall: WallOf(now), Mono: s.mono.Add(now.Sub(s.origin))}
}
