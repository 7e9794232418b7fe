package evidence

import (
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// gap takes in a gap that the camera's source declared.
func (c *camera) gap(g *media.Gap) {
	if c.run == nil {
		return // nothing is recorded that it could be missing from
	}
	c.run.told = c.run.told || g.Track == c.run.lead || g.Track == media.AllTracks
	c.run.lose(g)
	c.declare(c.run.rec, g)
}

// stallMost is how much longer than usual a picture may be shown before what is missing is declared. A
// reader of the files takes half a second for a gap; two pictures a second, of which the first has no
// usual length yet, are none.
const stallMost = 480 * time.Millisecond

// stalled declares a gap if the leading track has given nothing for a while, before u, and its source
// knows of nothing that was lost: a camera that stood still and went on, or that gives pictures as it
// likes.
func (c *camera) stalled(u *media.Unit) {
	r := c.run
	if u.Track != r.lead {
		return
	}
	before, told := r.before, r.told
	r.before, r.told = u, false
	if before == nil || told {
		return
	}
	usual := r.usual[r.lead]
	if usual == 0 {
		usual = usualDuration(c.axes[r.lead].track, before)
		r.usual[r.lead] = max(u.DTS-before.DTS, 0)
	}
	if c.axes[r.lead].length(u.DTS-before.DTS-usual) <= stallMost {
		return
	}
	g := &media.Gap{Track: u.Track, From: before.Arrival, To: u.Arrival, Cause: media.CauseStall}
	r.lose(g)
	c.declare(r.rec, g)
}

// stillStalled declares a gap if the leading track gave nothing for a while before the run r ended, but
// other tracks went on: what is sealed would say nothing of it.
func (c *camera) stillStalled(r *run) {
	before := r.before
	if before == nil || c.desc == nil {
		return
	}
	usual := r.usual[r.lead]
	if usual == 0 {
		usual = usualDuration(c.axes[r.lead].track, before)
	}
	if c.lastSeen.Mono.Sub(before.Arrival.Mono)-c.axes[r.lead].length(usual) <= stallMost {
		return
	}
	g := &media.Gap{Track: r.lead, From: before.Arrival, To: c.lastSeen, Cause: media.CauseStall}
	r.lose(g)
	c.declare(r.rec, g)
}

// stepped declares a gap if a fragment begins long after the one before it ended, as they are shown, and
// reports whether it did. Nothing need be missing: where all that comes is held up for longer than
// before, it shows only after a while that the pictures were taken later than it seemed, and the files
// have a hole there that a reader asks about.
func (c *camera) stepped(r *run, from, to clock.Mono) bool {
	at, until := c.e.cfg.Timeline.At(from), c.e.cfg.Timeline.At(to)
	if until.Since(at) <= stallMost || r.rec.knows(c.e, at, until) {
		return false
	}
	g := &media.Gap{Track: r.lead, From: clock.Stamp{Mono: from}, To: clock.Stamp{Mono: to}, Cause: media.CauseStall}
	r.lose(g)
	c.declare(r.rec, g)
	return true
}

// declare makes a gap known: to the seal, to the journal, to whoever listens.
func (c *camera) declare(r *runRecord, g *media.Gap) {
	at := func(s clock.Stamp) clock.Instant {
		if s == (clock.Stamp{}) {
			s = c.lastSeen
		}
		return c.e.cfg.Timeline.At(s.Mono)
	}
	d := GapDeclared{c.of, r.number, g.Track, g.Cause, at(g.From), at(g.To), g.Packets, g.Units, 1}
	if d.To.Wall < d.From.Wall {
		d.To = d.From
	}
	r.addGap(c.e, d)
	c.gaps.add(d)
	c.mu.Lock()
	c.status.Gaps++
	c.mu.Unlock()
	c.e.cfg.Metrics.gap(g.Cause)
	c.e.events.put(d)
}

// flushGaps writes the gaps since the last time into one journal line.
func (c *camera) flushGaps() {
	if len(c.gaps.list) == 0 {
		return
	}
	data := gapsData{Room: c.of.Room, Camera: c.of.Camera, Run: c.gaps.list[0].Run}
	for _, g := range c.gaps.list {
		data.Gaps = append(data.Gaps, gapData{g.Track, string(g.Cause), g.From, g.To, g.Units, g.Packets, g.Count})
	}
	c.gaps.list = nil
	c.e.note(TypeGaps, data)
}

// gapList collects the gaps of one run for one journal line; beyond its bound those of a kind are merged.
type gapList struct{ list []GapDeclared }

const gapsInLine = 64

func (l *gapList) add(g GapDeclared) {
	if len(l.list) >= gapsInLine {
		for i := len(l.list) - 1; i >= 0; i-- {
			if w := &l.list[i]; w.Track == g.Track && w.Cause == g.Cause {
				w.To, w.Packets, w.Units, w.Count = g.To, w.Packets+g.Packets, w.Units+g.Units, w.Count+g.Count
				return
			}
		}
	}
	l.list = append(l.list, g)
}
