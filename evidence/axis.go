package evidence

import (
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// cameraLatency is how long a picture is assumed to take from the lens to the network at most. It is
// part of every capture instant's uncertainty.
const cameraLatency = 500 * time.Millisecond

// captureSource says in the file what capture instants are derived from.
const captureSource = "arrival"

// axis is one track's ticks on the monotonic clock during one epoch. It maps presentation times: the
// arrival of a picture bounds its capture from above, whatever the order of decoding. The camera's
// first sound track is placed beside its picture by the camera's own reports, where they are
// plausible.
type axis struct {
	track *media.Track
	m     *clock.Mapper
	seen  bool
	jump  bool        // the ticks jumped since the last unit
	pair  *clock.Pair // nil but for the leading picture and the first sound beside it
	side  clock.Side
}

func newAxes(tracks []*media.Track) []axis {
	axes := make([]axis, len(tracks))
	for i, t := range tracks {
		axes[i] = axis{track: t, m: clock.NewMapper(t.ClockRate)}
	}
	lead := leadOf(tracks)
	sound := slices.IndexFunc(tracks, func(t *media.Track) bool { return t.Codec.Audio() })
	if sound >= 0 && tracks[lead].Codec.Video() {
		pair := clock.NewPair(axes[lead].m, axes[sound].m)
		axes[lead].pair, axes[lead].side = pair, clock.Picture
		axes[sound].pair, axes[sound].side = pair, clock.Sound
	}
	return axes
}

func (a *axis) observe(u *media.Unit) {
	if a.jump {
		a.jump = false
		a.m.Reset()
		if a.pair != nil {
			a.pair.Reset()
		}
	}
	a.m.Observe(u.PTS, u.Arrival.Mono)
	a.seen = true
}

func (a *axis) report(r *media.Report) {
	if a.pair != nil {
		a.pair.Report(a.side, r.PTS, r.NTP)
	}
}

// jumped says that the camera's ticks jumped before the next unit: what they told before is forgotten
// when it comes, so that the track is never without a place.
func (a *axis) jumped() { a.jump = true }

// at returns the capture instant of the tick; some unit must have been observed.
func (a *axis) at(ticks int64) clock.Mono {
	if a.pair != nil && a.side == clock.Sound {
		return a.pair.SoundAt(ticks)
	}
	return a.m.At(ticks)
}

// length returns n ticks as a duration.
func (a *axis) length(n int64) time.Duration { return a.track.Ticks(n).Duration() }

// ticks returns d in the track's ticks.
func (a *axis) ticks(d time.Duration) int64 { return clock.TicksOf(d, a.track.ClockRate).N }

// usualDuration is the length in ticks of a unit of which nothing else tells it: no other unit of the
// track was seen yet.
func usualDuration(t *media.Track, u *media.Unit) int64 {
	switch t.Codec {
	case media.AAC:
		if t.SampleRate > 0 {
			return 1024 * t.ClockRate / int64(t.SampleRate)
		}
	case media.PCMA, media.PCMU:
		if t.Channels > 0 {
			return int64(u.Size() / t.Channels)
		}
	case media.LPCM:
		if frame := t.Channels * t.BitDepth / 8; frame > 0 {
			return int64(u.Size() / frame)
		}
	case media.Opus:
		return t.ClockRate / 50
	}
	return t.ClockRate / 25
}

// shown keeps what the shown time of a run has reached, so that it goes on without a step and never
// backwards while the estimate of capture times gets better.
type shown struct {
	set        bool
	ticks      int64      // where the last fragment's leading track ended, in its ticks
	at         clock.Mono // when that was shown
	start, end clock.Mono // of the last fragment
	text       text
}

// text is how far the time text of a segment goes: on its axis, and what time it then says.
type text struct {
	seg *segment
	to  time.Duration
	at  clock.Mono
}

// slowest is the least that shown time advances by, as a share of what the pictures' own ticks do: so it goes on
// while what is shown already was too late, as when the first pictures were held up, until it is right.
const slowest = 1.0 / 16

// onwards returns when a fragment from and to on the axis of seg begins and ends, of which start and end say when it
// really did. Where its text would begin before what the text before it ended with, it goes on from there, slowly: a
// step back would show a time twice.
func (t *text) onwards(seg *segment, from, to time.Duration, start, end clock.Mono) (clock.Mono, clock.Mono) {
	if t.seg != seg || to <= t.to {
		if t.seg != seg {
			*t = text{seg, to, end}
		}
		return start, end // a fragment that adds nothing has no text
	}
	rate := 1.0 // by the rule of the format
	if to > from && end > start {
		rate = float64(end.Sub(start)) / float64(to-from)
	}
	if start.Add(time.Duration(float64(t.to-from)*rate)) < t.at {
		end = max(end, t.at.Add(time.Duration(float64(to-t.to)*slowest)))
		start = t.at.Add(time.Duration(float64(from-t.to) * float64(end.Sub(t.at)) / float64(to-t.to)))
	}
	*t = text{seg, to, end}
	return start, end
}

// span returns when a fragment begins and ends. lead is the axis of the track that leads (the first
// with pictures), from and to its extent in presentation ticks, first the instant of the fragment's
// earliest sample by that axis. Between the ends of two fragments shown time advances evenly; only
// where that would be far from the truth (something is missing) it steps, forwards.
func (s *shown) span(lead *axis, from, to int64, first clock.Mono) (start, end clock.Mono) {
	begin := lead.at(from)
	start, end = first, lead.at(to)
	if s.set {
		real := lead.length(to - s.ticks)
		took := end.Sub(s.at)
		if real > 0 && took > real/2 && took < 2*real {
			even := s.at.Add(time.Duration(float64(lead.length(from-s.ticks)) * float64(took) / float64(real)))
			start = first.Add(even.Sub(begin))
		}
	}
	// Also of a run's first fragment: it does not begin before the run before it ended.
	start = max(start, s.start)
	end = max(end, s.end, start)
	*s = shown{set: true, ticks: to, at: end, start: start, end: end}
	return start, end
}

// instant returns m on the session's timeline with a capture's uncertainty.
func (e *Evidence) instant(m clock.Mono) clock.Instant {
	i := e.cfg.Timeline.At(m)
	i.Uncertainty += cameraLatency
	return i
}

// durations fills in the length of every unit of a part; next is the unit that follows the last one,
// nil if it is not known, usual what a length was before.
func durations(t *media.Track, units []*media.Unit, next *media.Unit, usual int64) ([]int64, int64) {
	out := make([]int64, len(units))
	for i := range units {
		switch {
		case i+1 < len(units):
			out[i] = max(units[i+1].DTS-units[i].DTS, 0)
		case next != nil && (usual == 0 || next.DTS-units[i].DTS <= 2*usual):
			out[i] = max(next.DTS-units[i].DTS, 0)
		case i > 0:
			out[i] = out[i-1]
		case usual > 0:
			out[i] = usual
		default:
			out[i] = usualDuration(t, units[i])
		}
		if out[i] > 0 {
			usual = out[i]
		}
	}
	return out, usual
}

// extent returns when the first of a part's units is shown and when the last one ends.
func extent(p *fragment.Part) (from, to int64) {
	for i, u := range p.Units {
		end := u.PTS + p.Durations[i]
		if i == 0 {
			from, to = u.PTS, end
		}
		from, to = min(from, u.PTS), max(to, end)
	}
	return from, to
}
