package watch

import (
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// fewestPictures is from how many pictures on a share of them says anything.
const fewestPictures = 20

// loss finds that too many pictures are lost or damaged.
type loss struct {
	state
	window time.Duration
	limit  float64

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
		}
		l.desc = it
	case *media.Unit:
		if !l.video(it.Track) {
			return
		}
		l.pace(it)
		if it.Damaged {
			l.add(it.Arrival.Mono, 0, 1)
			return
		}
		l.lastGood = it.Arrival
		l.add(it.Arrival.Mono, 1, 0)
	case *media.Gap:
		if (it.Cause == media.CauseLoss || it.Cause == media.CauseDamaged) && (it.Track == media.AllTracks || l.video(it.Track)) {
			if n := l.missing(it); n > 0 {
				l.add(max(it.To.Mono, it.From.Mono), 0, n)
			}
		}
	}
}

func (l *loss) video(track int) bool {
	return l.desc != nil && track >= 0 && track < len(l.desc.Tracks) && l.desc.Tracks[track].Codec.Video()
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
	return l.turn(wrong, Finding{
		Code: CameraLoss, At: now, LastGood: l.lastGood,
		Detail: fmt.Sprintf("%d of %d pictures lost or damaged in %s", l.bad, all, l.window),
	})
}
