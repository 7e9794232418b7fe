package evidence

import (
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// catchUpBytes is how much of what is written anew one camera hands to the volumes before it waits for
// their receipts, so that a disk that has just returned is not thrown out for its backlog.
const catchUpBytes = 4 << 20

// stranded reports whether no volume that is in the set was there when the segment was begun: what is
// not acknowledged of it must be written anew, into another segment.
func (s *segment) stranded(in uint64) bool { return s.members&in == 0 }

// behind reports whether fragments of the run wait to be written anew.
func (c *camera) behind(r *run, in uint64) bool {
	for i := len(c.pending) - 1; i >= 0; i-- {
		if s := c.pending[i]; s.run == r {
			return s.seg.stranded(in)
		}
	}
	return false
}

// catchUp writes anew what no volume of the set has: the fragments that are kept since the last volume
// left, once another is there. The chain goes on from the last acknowledged fragment. Of one run those
// that wait are always the last ones, see [run.begin].
func (c *camera) catchUp() {
	in := c.e.set.mask()
	if in == 0 {
		return
	}
	var handed int64
	for i := 0; i < len(c.pending); i++ {
		s := c.pending[i]
		if s.seg.stranded(in) {
			if handed > 0 && handed+int64(len(s.data.b)) > catchUpBytes {
				return
			}
			next, err := c.rewrite(i, in)
			if err != nil {
				c.giveUp(i, err)
				i--
				continue
			}
			s.data.release()
			c.pending[i] = next
			c.hand(next)
			c.settleRun(i)
			s = next
		}
		handed += int64(len(s.data.b))
	}
	if r := c.run; r != nil && r.seg != nil && r.seg.stranded(in) && !c.behind(r, in) {
		// All of it is acknowledged; the next fragment begins a segment.
		r.retire()
		r.rotate = SegmentVolumes
	}
}

// rewrite makes the i-th pending fragment anew, in a segment that is on the volumes of the set.
func (c *camera) rewrite(i int, in uint64) (*sent, error) {
	s := c.pending[i]
	r := s.run
	if g := r.again; g == nil || g.of != s.seg || g.stranded(in) {
		if g != nil {
			g.close()
		}
		r.again = nil
		g, err := c.reopen(i)
		if err != nil {
			return nil, err
		}
		r.again = g
	}
	g := r.again
	next := *s
	next.seg, next.got = g, 0
	next.frag.Tracks = make([]fragment.Part, len(s.frag.Tracks))
	for k, p := range s.frag.Tracks {
		if len(p.Units) > 0 {
			p.Decode -= g.base[k] - s.seg.base[k]
		}
		next.frag.Tracks[k] = p
	}
	data := newBuffer()
	b, leaf, err := g.w.AppendTo(data.b, next.frag)
	if err != nil {
		data.release()
		return nil, err
	}
	data.b = b
	g.length += int64(len(b))
	next.data, next.leaf, next.end = data, leaf, g.length
	return &next, nil
}

// reopen begins a segment for what is pending, from the i-th on, of that one's segment. Its axis begins
// with the earliest sample of them.
func (c *camera) reopen(i int) (*segment, error) {
	old, r := c.pending[i].seg, c.pending[i].run
	n := len(old.base)
	earliest := make([]int64, n)
	seen := make([]bool, n)
	for _, s := range c.pending[i:] {
		if s.seg != old {
			break
		}
		for k, p := range s.frag.Tracks {
			if len(p.Units) > 0 && (!seen[k] || p.Decode < earliest[k]) {
				earliest[k], seen[k] = p.Decode, true
			}
		}
	}
	var by time.Duration
	first := true
	for k, t := range old.header.Tracks {
		if d := t.Ticks(earliest[k]).Duration(); seen[k] && (first || d < by) {
			by, first = d, false
		}
	}
	g := &segment{
		of: old, origin: old.origin.Add(by), firstDTS: old.firstDTS, lead: old.lead, leadEnd: old.leadEnd,
		base: make([]int64, n), placed: make([]bool, n),
	}
	copy(g.placed, old.placed)
	for k, t := range old.header.Tracks {
		shift := clock.TicksOf(by, t.ClockRate).N
		if seen[k] {
			shift = min(shift, earliest[k])
		}
		g.base[k] = old.base[k] + shift
		if k == old.lead && seen[k] {
			g.firstDTS = g.base[k] + earliest[k] - shift
		}
	}
	g.header = old.header
	g.header.Segment, g.header.Origin, g.header.Prev = r.segments+1, c.e.instant(g.origin), c.leafBefore(i)
	w, head, err := fragment.NewWriter(g.header)
	if err != nil {
		return nil, err
	}
	g.w, g.head, g.length = w, head, int64(len(head))
	r.file(g, SegmentVolumes)
	return g, nil
}

// leafBefore returns the leaf that the i-th pending fragment follows.
func (c *camera) leafBefore(i int) fragment.Hash {
	r := c.pending[i].run
	if i > 0 && c.pending[i-1].run == r {
		return c.pending[i-1].leaf
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if r.rec.fragments == 0 {
		return fragment.Hash(c.e.first)
	}
	return r.rec.leaf
}

// settleRun lets the run of the i-th pending fragment go on from there if that is its last one.
func (c *camera) settleRun(i int) {
	s := c.pending[i]
	if i+1 < len(c.pending) && c.pending[i+1].run == s.run {
		return
	}
	r := s.run
	g := r.again
	r.again = nil
	r.leaf = s.leaf
	if c.run != r || r.seg != g.of {
		g.close() // the run has ended, or its next fragment begins a segment anyway
		return
	}
	g.of = nil
	r.seg = g
}

// giveUp takes back a fragment that cannot be written anew: it is a gap. That contradicts what the
// format allows of a fragment that was written before; the run must not go on from it.
func (c *camera) giveUp(i int, err error) {
	s := c.pending[i]
	c.e.log.Error().Err(err).Str("room", c.of.Room).Str("camera", c.of.Camera).Int("run", s.run.rec.number).Msg("what was in memory cannot be written")
	units := 0
	for _, p := range s.frag.Tracks {
		units += len(p.Units)
	}
	at := func(m clock.Mono) clock.Stamp { return clock.Stamp{Mono: m} }
	c.declare(s.run.rec, &media.Gap{Track: media.AllTracks, From: at(s.first), To: at(s.last), Cause: media.CauseStorage, Units: units})
	c.free(s.payload)
	s.data.release()
	c.pending = append(c.pending[:i], c.pending[i+1:]...)
	if c.run == s.run {
		c.endRun(EndInvalid, err)
	}
}
