package watch

import (
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// fewestPictures is from how many pictures on a share of them says anything.
const fewestPictures = 20

// loss finds that too many pictures are missing, or that none can be decoded as it was.
//
// A picture that only refers to a missing one counts as there: what it adds is drawn on what is old, so
// that a still room looks as it did and what moves is smeared for a moment. As many pictures look wrong
// as are missing; as many refer to them as a group has, for one lost packet
// (docs/decisions/0009-lost-pictures.md). But where for a whole window every picture refers to a missing
// one, no key picture comes through: then there is less and less to believe.
type loss struct {
	state
	window time.Duration
	limit  float64

	since    clock.Mono    // since when all pictures refer to a missing one; 0: the last one does not
	keyAt    clock.Mono    // arrival of the last key picture, if nothing was missing since; 0 otherwise
	keyEvery time.Duration // from one key picture to the next, nothing missing between; 0 until known

	desc     *media.Description
	last     map[int]clock.Mono // arrival of each video track's last unit
	interval time.Duration      // between pictures, smoothed
	events   []pictures
	good     int
	bad      int
	lastGood clock.Stamp
}

// pictures is what came, or did not, at one instant.
type pictures struct {
	at        clock.Mono
	good, bad int
}

func newLoss(cfg Config) *loss {
	return &loss{window: cfg.LossWindow, limit: cfg.Loss, last: make(map[int]clock.Mono)}
}

func (l *loss) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		if l.desc == nil || l.desc.Epoch != it.Epoch {
			clear(l.last)
			l.since, l.keyAt = 0, 0
		}
		l.desc = it
	case *media.Unit:
		if !l.video(it.Track) {
			return
		}
		l.pace(it)
		l.add(it.Arrival.Mono, 1, 0)
		if it.Damaged {
			l.refers(it.Arrival.Mono)
			return
		}
		l.since, l.lastGood = 0, it.Arrival
		if it.Key {
			if l.keyAt != 0 {
				l.keyEvery = it.Arrival.Mono.Sub(l.keyAt)
			}
			l.keyAt = it.Arrival.Mono
		}
	case *media.Gap:
		if (it.Cause == media.CauseLoss || it.Cause == media.CauseDamaged) && (it.Track == media.AllTracks || l.video(it.Track)) {
			l.refers(max(it.To.Mono, it.From.Mono))
			if n := l.missing(it); n > 0 {
				l.add(max(it.To.Mono, it.From.Mono), 0, n)
			}
		}
	}
}

func (l *loss) video(track int) bool {
	return l.desc != nil && track >= 0 && track < len(l.desc.Tracks) && l.desc.Tracks[track].Codec.Video()
}

// refers notes that from now on pictures refer to a missing one.
func (l *loss) refers(at clock.Mono) {
	l.keyAt = 0
	if l.since == 0 {
		l.since = at
	}
}

// hopeless returns how long no picture has been free of what is missing, if pictures come and that is
// longer than the window and than two key pictures are apart.
func (l *loss) hopeless(now clock.Mono) (time.Duration, bool) {
	if l.since == 0 {
		return 0, false
	}
	long := now.Sub(l.since)
	return long, l.good > 0 && long > max(l.window, 2*l.keyEvery)
}

// pace learns how far pictures are apart.
func (l *loss) pace(u *media.Unit) {
	last, ok := l.last[u.Track]
	l.last[u.Track] = u.Arrival.Mono
	d := u.Arrival.Mono.Sub(last)
	if !ok || d <= 0 || d > time.Second {
		return
	}
	if l.interval == 0 {
		l.interval = d
		return
	}
	l.interval += (d - l.interval) / 16
}

// missing is how many pictures a gap stands for: as many as it says, or as fit into it. Packets of a
// picture that came, damaged, are not pictures that are missing.
func (l *loss) missing(g *media.Gap) int {
	if g.Units > 0 {
		return g.Units
	}
	if l.interval <= 0 || g.To == (clock.Stamp{}) {
		return 0
	}
	return max(0, int((g.To.Mono.Sub(g.From.Mono)+l.interval/2)/l.interval)-1)
}

func (l *loss) add(at clock.Mono, good, bad int) {
	l.events = append(l.events, pictures{at, good, bad})
	l.good, l.bad = l.good+good, l.bad+bad
}

func (l *loss) tick(now clock.Stamp) []Finding {
	for len(l.events) > 0 && now.Mono.Sub(l.events[0].at) > l.window {
		l.good, l.bad = l.good-l.events[0].good, l.bad-l.events[0].bad
		l.events = l.events[1:]
	}
	all := l.good + l.bad
	share := 0.0
	if all > 0 {
		share = float64(l.bad) / float64(all)
	}
	wrong := all >= fewestPictures && share > l.limit
	if l.open {
		wrong = share > l.limit/2 // no wavering around the limit
	}
	long, hopeless := l.hopeless(now.Mono)
	wrong = wrong || hopeless
	if !l.turns(wrong) {
		return nil
	}
	detail := fmt.Sprintf("%d of %d pictures did not arrive whole in %s", l.bad, all, l.window)
	if hopeless {
		detail = fmt.Sprintf("no picture for %.1f s without what is missing; no key picture arrives whole", long.Seconds())
	}
	return l.turn(wrong, Finding{Code: CameraLoss, At: now, LastGood: l.lastGood, Detail: detail})
}
