package watch

import (
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// apart finds sound and picture that no longer fit together: a second of one track's ticks is not a
// second of the other's any more, so that a recording which began in step is out of step later.
//
// How late the ticks of a track are is known by the camera's own reports, where they are consistent,
// and otherwise by arrivals: the mapped capture time of the newest unit less its ticks. What counts is
// the difference between the tracks against what it was when the segment of a recording may have
// begun, up to half an hour ago: there the recorder places the tracks anew. The constant difference at
// the beginning is none: cameras hold sound or picture back, and say so in their reports.
type apart struct {
	steps
	required    bool
	alarm, lock time.Duration
	lasting     time.Duration

	desc      *media.Description
	index     [2]int // of the tracks by clock.Side, -1: there is none
	side      [2]pace
	begun     clock.Mono // when the second track began
	looked    clock.Mono
	arrivals  course
	reports   course
	since     [2]clock.Mono // since when the alarm's and the lock's limit are exceeded; 0: are not
	lastGood  clock.Stamp
	newestArr clock.Stamp
}

// pace is how late one track's ticks are.
type pace struct {
	scale   int64
	m       *clock.Mapper
	seen    bool
	first   int64
	began   clock.Mono
	newest  int64
	arrived clock.Mono

	told   bool // a report came
	agrees bool // and the one before it says the same
	ntp    clock.Wall
	pts    int64
	toldAt clock.Mono
	zero   struct {
		ntp clock.Wall
		pts int64
	}
}

const (
	apartEvery = 500 * time.Millisecond
	// apartSettle is how long a mapper takes to be sure.
	apartSettle = 20 * time.Second
	// apartStale is how old a unit may be that says how late its track is.
	apartStale = time.Second
	// apartReach is how long ago a segment of a recording may have begun.
	apartReach = 30 * time.Minute
	// reportAge and reportStep are within which a report is believed; see clock.Pair.
	reportAge  = 30 * time.Second
	reportStep = 50 * time.Millisecond
)

func newApart(cfg Config) *apart {
	return &apart{required: cfg.Sound, alarm: cfg.CameraSyncAlarm, lock: cfg.CameraSync, lasting: cfg.CameraSyncFor}
}

func (a *apart) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		if a.desc == nil || a.desc.Epoch != it.Epoch {
			a.desc = it
			a.restart()
		}
	case *media.End:
		a.desc = nil
	case *media.Jump:
		if a.desc != nil {
			a.restart() // from here on ticks go by arrival
		}
	case *media.Unit:
		if s, ok := a.find(it.Track); ok {
			a.side[s].unit(it)
			a.newestArr = it.Arrival
		}
	case *media.Report:
		if s, ok := a.find(it.Track); ok && !a.side[s].report(it) {
			a.side[0].agrees, a.side[1].agrees = false, false
		}
	}
}

func (a *apart) find(track int) (clock.Side, bool) {
	for s, i := range a.index {
		if a.desc != nil && i >= 0 && i == track {
			return clock.Side(s), true
		}
	}
	return 0, false
}

func (a *apart) restart() {
	a.index = [2]int{clock.Picture: firstPicture(a.desc), clock.Sound: firstSound(a.desc)}
	a.begun, a.arrivals, a.reports, a.since = 0, course{}, course{}, [2]clock.Mono{}
	for s, i := range a.index {
		if i >= 0 {
			scale := a.desc.Tracks[i].ClockRate
			a.side[s] = pace{scale: scale, m: clock.NewMapper(scale)}
		}
	}
}

func (p *pace) unit(u *media.Unit) {
	if !p.seen {
		p.seen, p.first, p.began, p.newest = true, u.PTS, u.Arrival.Mono, u.PTS
	}
	p.m.Observe(u.PTS, u.Arrival.Mono)
	p.newest, p.arrived = max(p.newest, u.PTS), u.Arrival.Mono
}

// report takes in a report and returns false if it contradicts the one before.
func (p *pace) report(r *media.Report) bool {
	contradicts := false
	if p.told {
		length := clock.Ticks{N: r.PTS - p.pts, Scale: p.scale}.Duration()
		off := time.Duration(r.NTP-p.ntp) - length
		slack := reportStep + max(length, -length)/1000
		contradicts = off > slack || off < -slack
		p.agrees = !contradicts
	} else {
		p.zero.ntp, p.zero.pts = r.NTP, r.PTS
	}
	p.told, p.ntp, p.pts, p.toldAt = true, r.NTP, r.PTS, r.Arrival.Mono
	return !contradicts
}

// late returns how late the newest unit is against the first one, by arrivals.
func (p *pace) late() time.Duration {
	return p.m.At(p.newest).Sub(p.began) - clock.Ticks{N: p.newest - p.first, Scale: p.scale}.Duration()
}

// said returns the same by the camera's clock.
func (p *pace) said() time.Duration {
	return time.Duration(p.ntp-p.zero.ntp) - clock.Ticks{N: p.pts - p.zero.pts, Scale: p.scale}.Duration()
}

func (a *apart) tick(now clock.Stamp) []Finding {
	if now.Mono.Sub(a.looked) < apartEvery {
		return nil
	}
	a.looked = now.Mono
	by, known := a.measure(now.Mono)
	if !known {
		return nil
	}
	by = max(by, -by)
	for i, limit := range []time.Duration{a.alarm, a.lock} {
		switch {
		case by < limit:
			a.since[i] = 0
		case a.since[i] == 0:
			a.since[i] = now.Mono
		}
	}
	over := func(i int) bool { return a.since[i] != 0 && now.Mono.Sub(a.since[i]) >= a.lasting }
	l := levelOf(over(0), over(1) && a.required)
	if l == good && a.level != good && by > a.alarm*3/4 {
		return nil // no wavering around the limit
	}
	if a.since[0] == 0 {
		a.lastGood = a.newestArr
	}
	if !a.turns(l) {
		return nil
	}
	return a.turn(l, Finding{
		Code: CameraSync, At: now, LastGood: a.lastGood,
		Detail: fmt.Sprintf("sound and picture %d ms apart", by.Milliseconds()),
	})
}

// measure returns by how much the sound has moved against the picture, and whether that is known.
func (a *apart) measure(now clock.Mono) (time.Duration, bool) {
	p, s := &a.side[clock.Picture], &a.side[clock.Sound]
	if a.desc == nil || a.index[0] < 0 || a.index[1] < 0 || !p.seen || !s.seen ||
		now.Sub(p.arrived) > apartStale || now.Sub(s.arrived) > apartStale {
		return 0, false
	}
	if a.begun == 0 {
		a.begun = now
	}
	var by time.Duration
	known := now.Sub(a.begun) >= apartSettle
	if known {
		by = a.arrivals.since(now, s.late()-p.late())
	}
	if p.agrees && s.agrees && now.Sub(p.toldAt) <= reportAge && now.Sub(s.toldAt) <= reportAge {
		by, known = a.reports.since(now, s.said()-p.said()), true
	}
	return by, known
}

// course is what a difference was lately.
type course struct{ points []coursePoint }

type coursePoint struct {
	at clock.Mono
	by time.Duration
}

// coursePitch is how far the points of a course are apart.
const coursePitch = 10 * time.Second

// since returns how far the difference is from what it was first, in the last half an hour.
func (c *course) since(now clock.Mono, by time.Duration) time.Duration {
	if n := len(c.points); n == 0 || now.Sub(c.points[n-1].at) >= coursePitch {
		c.points = append(c.points, coursePoint{now, by})
	}
	for len(c.points) > 1 && now.Sub(c.points[0].at) > apartReach {
		c.points = c.points[1:]
	}
	return by - c.points[0].by
}
