package watch

import (
	"bytes"
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// frozen finds a picture that stands still: the slice data of key pictures recurs. No sensor gives the
// same picture twice, however still the room is, because of its noise. Where stills are decoded, equal
// pictures around an on-screen text that changes are found, too.
type frozen struct {
	steps
	alarm, lock time.Duration

	desc   *media.Description
	keys   []*media.Unit // the last ones, oldest first
	newest clock.Stamp   // arrival of the last picture

	coded, decoded recurrence
	prev           *glance
}

// recurrence is since when pictures are the same.
type recurrence struct {
	since clock.Stamp // the last picture that is known to have been alive, or the first of all
	alive bool        // since is of a picture that was alive
	same  bool        // the newest picture is one that was there before
	last  clock.Stamp // the newest picture that was looked at
}

func (r *recurrence) look(at clock.Stamp, same bool) {
	switch {
	case !same && r.last != (clock.Stamp{}):
		r.since, r.alive = r.last, true
	case !same:
		r.since = at
	}
	r.same, r.last = same, at
}

// frozenKeys is with how many key pictures a new one is compared: identifiers in slice headers that
// change from key picture to key picture shift the bits after them, in a cycle.
const frozenKeys = 4

func newFrozen(cfg Config) *frozen {
	return &frozen{alarm: cfg.CameraFrozenAlarm, lock: cfg.CameraFrozen}
}

func (f *frozen) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		f.desc = it
	case *media.Unit:
		if f.desc == nil || it.Track != firstPicture(f.desc) {
			return
		}
		f.newest = it.Arrival
		if it.Key && !it.Damaged {
			f.key(f.desc.Tracks[it.Track].Codec, it)
		}
	}
}

func (f *frozen) key(codec media.Codec, u *media.Unit) {
	same := false
	for _, k := range f.keys {
		same = same || sameSlices(codec, k, u)
	}
	f.coded.look(u.Arrival, same)
	if len(f.keys) == frozenKeys {
		copy(f.keys, f.keys[1:])
		f.keys = f.keys[:frozenKeys-1]
	}
	f.keys = append(f.keys, u)
}

// see takes in a decoded picture.
func (f *frozen) see(g *glance) {
	f.decoded.look(g.at, f.prev != nil && f.prev.sameBut(g))
	f.prev = g
}

func (f *frozen) tick(now clock.Stamp) []Finding {
	level := good
	var since clock.Stamp
	var length time.Duration
	alive := false
	for _, r := range []*recurrence{&f.decoded, &f.coded} {
		if !r.same || now.Mono.Sub(r.last.Mono) > lookStale {
			continue
		}
		until := f.newest // a camera that gives nothing is lost, not frozen
		if r == &f.decoded {
			until = r.last
		}
		d := until.Mono.Sub(r.since.Mono)
		if l := levelOf(d >= f.alarm, d >= f.lock); l > level || l == level && d > length {
			level, since, alive, length = l, r.since, r.alive, d
		}
	}
	if !alive {
		since = clock.Stamp{}
	}
	if !f.turns(level) {
		return nil
	}
	return f.turn(level, Finding{
		Code: CameraFrozen, At: now, LastGood: since,
		Detail: fmt.Sprintf("the same picture for %.0f s", length.Seconds()),
	})
}

const (
	// sliceHeader is more than a slice's header takes: ITU-T H.264 7.3.3, H.265 7.3.6.1. What it says
	// of one key picture differs from what it says of the next.
	sliceHeader = 32
	// fewestData is how much slice data of a picture is to be equal. An even picture is coded in less;
	// that it recurs says nothing.
	fewestData = 256
)

// sameSlices reports whether two key pictures have the same slice data.
func sameSlices(codec media.Codec, a, b *media.Unit) bool {
	i, j, total := 0, 0, 0
	for {
		for i < len(a.Payload) && !isSlice(codec, a.Payload[i]) {
			i++
		}
		for j < len(b.Payload) && !isSlice(codec, b.Payload[j]) {
			j++
		}
		if i == len(a.Payload) || j == len(b.Payload) {
			return i == len(a.Payload) && j == len(b.Payload) && total >= fewestData
		}
		p, q := a.Payload[i], b.Payload[j]
		i, j = i+1, j+1
		n := min(len(p), len(q)) - sliceHeader
		if d := len(p) - len(q); d > sliceHeader || d < -sliceHeader {
			return false
		}
		if n <= 0 {
			continue
		}
		// From the end: headers of different lengths move the data.
		if !bytes.Equal(p[len(p)-n:], q[len(q)-n:]) {
			return false
		}
		total += n
	}
}

// isSlice reports whether a NAL unit is a slice (H.264 table 7-1, H.265 table 7-1).
func isSlice(codec media.Codec, nal []byte) bool {
	switch {
	case len(nal) == 0:
		return false
	case codec == media.H265:
		return nal[0]>>1&0x3f < 32
	}
	t := nal[0] & 0x1f
	return t >= 1 && t <= 5
}
