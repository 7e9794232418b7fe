package verify

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
)

// runs checks the runs that the seal states against the segments that were found.
func (c *check) runs() {
	of := map[string]bool{}
	for i := range c.s.Runs {
		r := &c.s.Runs[i]
		for _, path := range r.Segments {
			if of[path] {
				c.altered(c.sealName, "segment %s is in two runs", path)
			}
			of[path] = true
		}
		c.statedRun(r)
	}
	for _, f := range c.s.Files {
		// A segment without a whole fragment belongs to no run.
		if g := c.segments[f.Path]; f.Kind == seal.KindSegment && !of[f.Path] && g != nil && g.count > 0 {
			c.altered(f.Path, "the seal states no run that it belongs to")
		}
	}
}

func (c *check) statedRun(r *seal.Run) {
	name := fmt.Sprintf("run %d of %s/%s", r.Run, r.Room, r.Camera)
	var w walk
	for _, path := range r.Segments {
		g := c.segments[path]
		if g == nil || g.HeaderSize == 0 {
			return // missing or damaged; said already
		}
		if g.Header.Room != r.Room || g.Header.Camera != r.Camera || g.Header.Run != r.Run {
			c.altered(path, "the seal states it as of %s", name)
		}
		w.next(c, path, g)
		if !g.whole {
			return // cut off; said already
		}
	}
	if w.fragments == 0 {
		if r.Fragments != 0 {
			c.altered(c.sealName, "%s: no fragment, the seal states %d", name, r.Fragments)
		}
		return
	}
	last := r.Segments[len(r.Segments)-1]
	if w.fragments != int64(r.Fragments) {
		c.altered(last, "%s has %d fragments, the seal states %d", name, w.fragments, r.Fragments)
	}
	if seal.Hash(w.leaf) != r.LastLeaf {
		c.altered(last, "%s ends with another fragment than the seal states", name)
	}
	c.root(r, last)
	if w.from.Wall != r.First.Wall || w.to.Wall != r.Last.Wall {
		c.altered(last, "%s lasts from %s to %s, the seal states %s to %s", name, w.from.Wall, w.to.Wall, r.First.Wall, r.Last.Wall)
	}
}

// walk goes through the segments of a run in order.
type walk struct {
	segments, fragments int64
	leaf                fragment.Hash
	last                fragment.Info
	from, to            clock.Instant
	path                string // of the last segment
}

func (w *walk) next(c *check, path string, g *segment) {
	switch {
	case w.segments == 0 && g.Header.Segment != 1 && !(c.known && g.Header.Prev == fragment.Hash(c.first)) && !(!c.known && g.count > 0 && g.first.Sequence == 1):
		// The one that goes on from the journal is the first, whatever its number: nothing of those before
		// it was ever acknowledged. Where the journal's first line is not here its first fragment says so.
		c.finding(Finding{Verdict: Incomplete, File: path, What: fmt.Sprintf("the run's segments before number %d are missing", g.Header.Segment)})
		if g.count > 0 {
			w.last.Sequence = g.first.Sequence - 1
		}
	case w.segments == 0 && c.known && g.Header.Prev != fragment.Hash(c.first):
		c.altered(path, "its header does not name the session's first journal line: it is of another session")
	case w.segments > 0 && g.Header.Prev != w.leaf:
		c.altered(path, "its header names another fragment before it than the one before it ends with")
	}
	w.segments++
	if g.count == 0 {
		w.leaf = g.Last
		if w.fragments > 0 {
			w.leaf = w.last.Leaf
		}
		return
	}
	if want := w.last.Sequence + 1; g.first.Sequence != want && (w.segments == 1 || w.fragments > 0) {
		c.finding(Finding{
			Verdict: Altered, File: path, Offset: g.first.Offset, Fragment: g.first.Sequence,
			What: fmt.Sprintf("it begins with fragment %d where %d must come", g.first.Sequence, want),
		})
	}
	if w.fragments == 0 {
		w.from = g.first.Start
	} else {
		c.follows(path, &w.last, &g.first)
	}
	w.fragments, w.path = w.fragments+g.count, path
	w.leaf, w.last, w.to = g.Last, g.last, g.last.End
}

// unsealedRuns checks the runs of a folder without a seal: their segments must follow one another.
func (c *check) unsealedRuns() {
	runs := map[string]*walk{}
	var paths []string
	for _, p := range inOrder(maps.Keys(c.segments)) {
		if c.segments[p].HeaderSize > 0 {
			paths = append(paths, p)
		}
	}
	// From the last on: what a segment goes on from may itself turn out not to count.
	var next *segment
	for i := len(paths) - 1; i >= 0; i-- {
		g := c.segments[paths[i]]
		if i+1 == len(paths) || path.Dir(paths[i]) != path.Dir(paths[i+1]) {
			next = nil
		}
		if next != nil && !g.until(next.Header.Prev) && c.anew(paths, i, i) && c.earlier(paths[:i], paths[i], next.Header.Prev) {
			g.count = 0 // what was not acknowledged began in a segment before this one
		}
		if g.count > 0 {
			next = g
		}
	}
	for _, p := range paths {
		g := c.segments[p]
		if g.count == 0 {
			continue
		}
		key := path.Dir(p)
		if runs[key] == nil {
			runs[key] = &walk{}
		}
		runs[key].next(c, p, g)
	}
	c.cutOff(runs)
}

// earlier reports whether a segment before the one at a path, of the same run, has the fragment with the leaf, or goes on from it.
func (c *check) earlier(paths []string, at string, leaf fragment.Hash) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		g := c.segments[p]
		return path.Dir(p) == path.Dir(at) && (g.Header.Prev == leaf || slices.ContainsFunc(g.cuts, func(k cut) bool { return k.last.Leaf == leaf }))
	})
}

// anew reports whether what the k-th segment holds was written anew behind the i-th one: a fragment of its numbers counts
// there, or the segment goes on from one of which that is so. One that was written late, behind what followed it, has
// numbers of its own.
func (c *check) anew(paths []string, k, i int) bool {
	g := c.segments[paths[k]]
	if g.count == 0 {
		return false
	}
	of := func(p string) bool { return path.Dir(p) == path.Dir(paths[k]) }
	for _, p := range paths[i+1:] {
		h := c.segments[p]
		if !of(p) || h.count == 0 {
			continue
		}
		if h.Header.Prev == g.Last {
			return false
		}
		if h.first.Sequence <= g.first.Sequence && g.first.Sequence <= h.last.Sequence {
			return true
		}
	}
	for j, p := range paths[:k] {
		if e := c.segments[p]; of(p) && e.count > 0 && e.Last == g.Header.Prev {
			return c.anew(paths, j, i)
		}
	}
	return false
}

// edge is how much of a session a camera may miss at its beginning before it is listed: what a camera
// may take to start.
const edge = 10_000_000_000 // nanoseconds

// holes lists what the seal declares as missing.
func (c *check) holes() {
	hole := func(h Hole, from, to clock.Instant) {
		h.From, h.To = from.Wall.String(), to.Wall.String()
		c.f.Missing = append(c.f.Missing, h)
		c.f.Verdict = worse(c.f.Verdict, Gaps)
	}
	for _, i := range c.s.Interruptions {
		h := Hole{Cause: i.Cause}
		at := func(t, otherwise *clock.Instant) clock.Instant {
			switch {
			case t != nil:
				return *t
			case otherwise != nil:
				return *otherwise
			}
			return c.s.Sealed
		}
		hole(h, at(i.MissingFrom, i.SuspendedFrom), at(i.MissingTo, i.SuspendedTo))
	}
	var prev *seal.Run
	for i := range c.s.Runs {
		r := &c.s.Runs[i]
		for _, g := range r.Gaps {
			hole(Hole{Room: r.Room, Camera: r.Camera, Run: r.Run, Cause: g.Cause}, g.From, g.To)
		}
		switch same := prev != nil && prev.Room == r.Room && prev.Camera == r.Camera; {
		case same && r.First.Since(prev.Last) < -tolerance:
			c.altered(c.sealName, "run %d of %s/%s begins before the one before it ends", r.Run, r.Room, r.Camera)
		case same:
			hole(Hole{Room: r.Room, Camera: r.Camera, Run: prev.Run, Cause: prev.Cause}, prev.Last, r.First)
		case !same && r.First.Since(c.s.Opened) > edge:
			hole(Hole{Room: r.Room, Camera: r.Camera, Run: r.Run, Cause: "start"}, c.s.Opened, r.First)
		}
		prev = r
		last := i+1 == len(c.s.Runs) || c.s.Runs[i+1].Room != r.Room || c.s.Runs[i+1].Camera != r.Camera
		if last && r.Cause != "closing" && c.s.Sealed.Since(r.Last) > tolerance {
			hole(Hole{Room: r.Room, Camera: r.Camera, Run: r.Run, Cause: r.Cause}, r.Last, c.s.Sealed)
		}
	}
	for _, cam := range c.s.Cameras {
		recorded := slices.ContainsFunc(c.s.Runs, func(r seal.Run) bool { return r.Room == cam.Room && r.Camera == cam.Camera })
		if cam.Required && !recorded {
			hole(Hole{Room: cam.Room, Camera: cam.Camera, Cause: "never recorded"}, c.s.Opened, c.s.Sealed)
		}
	}
}
