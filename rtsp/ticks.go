package rtsp

import (
	"time"

	"roomrec/clock"
)

const (
	// firstTick is where a track's ticks begin, so that the decoding times of reordered pictures do
	// not become negative.
	firstTick = 10 * time.Second
	// A camera's ticks that run ahead of arrival by more than this, in one step, have jumped: no
	// packet arrives before it was made.
	jumpAhead = time.Second
	// Pictures are reordered by less than this; a longer step back is a jump anywhere.
	jumpBack = 5 * time.Second
	// The lower envelope of arrival minus ticks follows a drifting camera by this share of the
	// distance per unit.
	envelopeShare = 4096
)

// ticks continues one track's 32-bit times through wraps and jumps.
type ticks struct {
	rate    int64
	started bool
	raw     uint32 // of the last unit
	pts     int64  // of the last unit
	top     int64  // highest so far
	arrival clock.Mono
	ahead   time.Duration // lower envelope of arrival minus ticks
	restart bool          // the source restarted: the next unit is placed by arrival
}

// place returns the continuous time of a unit, and whether the camera's ticks jumped before it.
// inOrder says that the unit must not be shown before an earlier one (a picture that nothing is
// reordered over, any sound).
func (t *ticks) place(raw uint32, arrival clock.Mono, inOrder bool) (pts int64, jumped bool) {
	if !t.started {
		t.started, t.restart = true, false
		t.raw, t.pts, t.arrival = raw, clock.TicksOf(firstTick, t.rate).N, arrival
		t.top = t.pts
		t.ahead = t.off(arrival, t.pts)
		return t.pts, false
	}
	step := int64(int32(raw - t.raw))
	pts = t.pts + step
	back := clock.TicksOf(jumpBack, t.rate).N
	switch {
	case t.restart:
		jumped = true
	case inOrder && pts < t.top, pts < t.top-back:
		jumped = true
	case step > clock.TicksOf(jumpAhead, t.rate).N && t.off(arrival, pts) < t.ahead-jumpAhead:
		jumped = true
	}
	t.restart = false
	if jumped {
		pts = t.top + max(1, clock.TicksOf(arrival.Sub(t.arrival), t.rate).N)
		t.ahead = t.off(arrival, pts)
	}
	if off := t.off(arrival, pts); off < t.ahead {
		t.ahead = off
	} else {
		t.ahead += (off - t.ahead) / envelopeShare
	}
	t.raw, t.pts, t.arrival = raw, pts, arrival
	t.top = max(t.top, pts)
	return pts, jumped
}

func (t *ticks) off(arrival clock.Mono, pts int64) time.Duration {
	return arrival.Sub(0) - clock.Ticks{N: pts, Scale: t.rate}.Duration()
}

// near returns the continuous time of a raw tick that is not a unit's, if it lies within a minute of
// the last unit's; otherwise it belongs to ticks from before or after a jump.
func (t *ticks) near(raw uint32) (int64, bool) {
	step := int64(int32(raw - t.raw))
	if !t.started || t.restart || step > 60*t.rate || step < -60*t.rate {
		return 0, false
	}
	return t.pts + step, true
}

// decodeOrder derives decoding times from presentation times: with pictures reordered by at most
// depth, the decoding time is the presentation time that is depth places earlier in the order of
// presentation. Unlike a count of picture order it survives lost pictures.
type decodeOrder struct {
	depth   int
	pending []int64           // presentation times not yet used as a decoding time, ascending
	recent  [maxReorder]int64 // presentation times of the last pictures
	n       int               // pictures so far
	started bool
	last    int64
}

const maxReorder = 16 // pictures, the limit of both standards

// next returns the decoding time of the next picture in decoding order. frame is how long a picture
// lasts, as far as known.
func (d *decodeOrder) next(pts, frame int64) int64 {
	i := len(d.pending)
	for i > 0 && d.pending[i-1] > pts {
		i--
	}
	// Some streams reorder deeper than their parameter sets tell: a picture shown before k that were
	// decoded earlier needs a depth of k.
	k := 0
	for _, v := range d.recent[:min(d.n, maxReorder)] {
		if v > pts {
			k++
		}
	}
	d.depth = max(d.depth, k)
	d.recent[d.n%maxReorder] = pts
	d.n++
	d.pending = append(d.pending, 0)
	copy(d.pending[i+1:], d.pending[i:])
	d.pending[i] = pts

	var dts int64
	if len(d.pending) > d.depth {
		for len(d.pending) > d.depth {
			dts = d.pending[0]
			d.pending = append(d.pending[:0], d.pending[1:]...)
		}
	} else if !d.started {
		dts = pts - int64(d.depth)*frame
	} else {
		dts = min(d.last+frame, d.pending[0])
	}
	if d.started {
		dts = max(dts, d.last)
	}
	d.started, d.last = true, dts
	return dts
}
