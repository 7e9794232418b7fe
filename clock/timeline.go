package clock

import (
	"math"
	"time"
)

// Instant is a place on a session's timeline: civil time and how far it may be off, to either side.
type Instant struct {
	Wall        Wall          `json:"wall"`
	Uncertainty time.Duration `json:"uncertainty_ns"`
}

// Since returns the time elapsed from o to i. Both must be of one timeline, whose instants advance
// with monotonic time. What is beyond 292 years is the longest duration.
func (i Instant) Since(o Instant) time.Duration {
	d := time.Duration(i.Wall - o.Wall)
	switch {
	case i.Wall > o.Wall && d < 0:
		return math.MaxInt64
	case i.Wall < o.Wall && d > 0:
		return math.MinInt64
	}
	return d
}

// Timeline places monotonic instants on the wall. It is anchored once and advances with monotonic
// time, so that it neither repeats nor runs backwards, whatever happens to the host's clock. A
// Timeline is a value; it is safe to copy and to use from several goroutines.
type Timeline struct {
	anchor      Stamp
	uncertainty time.Duration
	drift       int64 // parts per billion by which the uncertainty grows with distance from the anchor
}

// HostDrift is how fast a host's clock is assumed to go wrong when nothing disciplines it, in parts
// per billion: 100 ppm, twice what the crystals of ordinary boards are specified for.
const HostDrift = 100_000

// NewTimeline returns a timeline anchored at the instant anchor, at which the wall time was known to
// within uncertainty.
func NewTimeline(anchor Stamp, uncertainty time.Duration) Timeline {
	return Timeline{anchor: anchor, uncertainty: uncertainty, drift: HostDrift}
}

// ResumeTimeline returns the timeline that goes on after a restart: anchored now, but with the instant since, at
// which the program started, never before the instant last that was already acknowledged: what cameras have sent since
// then came after it. Only a host's clock that was set back would have that otherwise. How far the timeline is moved
// for it adds to the uncertainty.
func ResumeTimeline(now Stamp, uncertainty time.Duration, last Wall, since Mono) Timeline {
	began := now.Wall.Add(-max(0, now.Mono.Sub(since)))
	if began < last {
		move := time.Duration(last - began)
		now.Wall, uncertainty = now.Wall.Add(move), uncertainty+move
	}
	return NewTimeline(now, uncertainty)
}

// Anchor returns the stamp that the timeline is anchored at.
func (t Timeline) Anchor() Stamp { return t.anchor }

// At returns the place of the monotonic instant m.
func (t Timeline) At(m Mono) Instant {
	away := m.Sub(t.anchor.Mono)
	far := away
	if far < 0 {
		far = -far
	}
	return Instant{
		Wall:        t.anchor.Wall.Add(away),
		Uncertainty: t.uncertainty + time.Duration(mulDiv(int64(far), t.drift, 1_000_000_000)),
	}
}
