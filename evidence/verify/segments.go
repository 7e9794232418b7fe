package verify

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
)

// compare compares a file, of which r has read some, with what the seal states of it, and reports
// what lies beyond.
func (c *check) compare(path string, r *hashing, size int64) error {
	stated := c.files[path]
	if stated == nil {
		c.f.held[path] = held{size: size}
		return nil
	}
	c.f.held[path] = held{size: min(size, stated.Size), whole: size >= stated.Size}
	if size < stated.Size {
		what := fmt.Sprintf("cut off: %d bytes of %d", size, stated.Size)
		if g := c.segments[path]; g != nil {
			what += fmt.Sprintf("; the first %d of them are whole fragments", g.Whole)
		}
		c.finding(Finding{Verdict: Incomplete, lacks: true, File: path, Offset: size, What: what})
		return nil
	}
	if err := r.through(stated.Size); err != nil {
		return err
	}
	if r.digest() != stated.SHA256 {
		c.f.held[path] = held{size: size}
		c.altered(path, "its SHA-256 is not the one that the seal states")
	}
	if size == stated.Size {
		return nil
	}
	for _, t := range stated.Abandoned {
		// The end of one that could not be read at the seal is in no hash: whatever is there now.
		if t.Unread == 0 || t.Size != size-stated.Size {
			continue
		}
		sum, err := c.sumOf(r.r, stated.Size, t.Size-t.Unread)
		if err != nil {
			return err
		}
		if sum == t.SHA256 {
			return nil
		}
	}
	if err := r.through(size); err != nil {
		return err
	}
	tail := r.digest()
	for _, t := range stated.Abandoned {
		if t.Size == size-stated.Size && t.Unread == 0 && t.SHA256 == tail {
			return nil
		}
	}
	c.finding(Finding{
		Verdict: Altered, File: path, Offset: stated.Size,
		What: fmt.Sprintf("%d bytes after its end that the seal does not list", size-stated.Size),
	})
	return nil
}

// segment is what was found of a segment.
type segment struct {
	*fragment.Segment
	count       int64
	first, last fragment.Info // without tracks
	lost        []fragment.Lost
	cuts        []cut // in a folder without a seal: where a later segment of the run goes on from
	whole       bool  // as long as the seal states, and not torn
}

// cut is a place in a segment after which nothing of it may count.
type cut struct {
	count int64
	last  fragment.Info // without tracks
}

// tolerance is how far one fragment may begin from where the one before it ended without a declared
// gap: arrival times are smoothed, and one picture may be late.
const tolerance = 500_000_000 // nanoseconds

// segment reads one segment.
func (c *check) segment(path string) (err error) {
	f, err := c.tree.open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size := c.tree.files[path]
	limit := size
	stated := c.files[path]
	if stated != nil {
		limit = min(limit, stated.Size)
	}
	part, err := c.part(path, f, size)
	if err != nil {
		return err
	}
	if part != nil {
		limit = part.Size
	}
	r := newHashing(c.ctx, f, c.meter)
	defer r.settle()
	if c.s == nil {
		if err := c.lookAhead(dirOf(path)); err != nil {
			return err
		}
	}
	g, before := &segment{}, c.leavesOf(dirOf(path)).state()
	seg, err := fragment.ScanEach(r, limit, func(h *fragment.Header, i *fragment.Info) error {
		c.fragment(path, g, h, i)
		return nil
	})
	switch {
	case errors.Is(err, fragment.ErrVersion):
		c.leavesOf(dirOf(path)).leavesState = before // what is not understood is in no run
		verdict := c.f.Verdict
		if err := r.through(limit); err != nil {
			return err
		}
		if err := c.compare(path, r, size); err != nil {
			return err
		}
		if c.f.Verdict == verdict || c.s == nil {
			c.finding(Finding{Verdict: Unknown, File: path, What: err.Error()})
		}
		return nil
	case err != nil:
		c.leavesOf(dirOf(path)).leavesState = before
		return err
	}
	g.Segment = seg
	c.f.Bytes += limit
	c.f.Fragments += g.count
	for _, p := range seg.Breaks {
		c.finding(Finding{Verdict: Altered, File: path, Offset: p.Offset, Fragment: p.Sequence, What: p.What})
	}
	g.whole = stated == nil || limit == stated.Size
	if p := seg.Torn; p != nil {
		explained := part != nil || limit == 0 || c.s != nil && p.Cut && size < stated.Size // a copy that lost its end: compare says so
		if c.s == nil {
			if explained, err = c.torn(path, f, g, size); err != nil {
				return err
			}
		}
		if !explained {
			c.finding(Finding{Verdict: Altered, File: path, Offset: p.Offset, Fragment: p.Sequence, What: p.What})
		}
	}
	if seg.HeaderSize > 0 {
		c.place(path, seg.Header)
	}
	c.segments[path] = g
	if stated != nil && stated.Kind != seal.KindSegment {
		c.altered(path, "the seal states it as a %s", stated.Kind)
	}
	if part != nil {
		c.f.held[path] = held{size: part.Size}
		return nil
	}
	if err := c.compare(path, r, size); err != nil {
		return err
	}
	if c.s == nil || seg.Torn != nil && size < stated.Size {
		// What a disk holds behind its last whole fragment says nothing of the other copies.
		c.f.held[path] = held{size: seg.Whole}
	}
	return nil
}

// part returns what the seal states of a volume that lacks the end of the file, if the file is as it
// says, and reports that it is.
func (c *check) part(path string, r io.ReaderAt, size int64) (*seal.Part, error) {
	stated := c.files[path]
	if stated == nil {
		return nil, nil
	}
	volume := ""
	for i := range stated.Partial {
		p := &stated.Partial[i]
		if size != p.Size+p.Rest {
			continue
		}
		volume = p.Volume
		if p.RestUnread > 0 && c.isWhole(r, stated, size) {
			continue // what could not be read at the seal can be here, or this is another copy
		}
		same, err := c.isPart(r, p, size)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		c.finding(Finding{Verdict: Incomplete, lacks: true, File: path, Offset: p.Size, What: fmt.Sprintf(
			"%d bytes of %d: volume %s had left; what it holds beyond is as the seal lists it", p.Size, stated.Size, p.Volume)})
		return p, nil
	}
	// A failed disk may hold as much as counts, but other bytes: what is as long is then one that has all,
	// and compared with that.
	if volume != "" && size < stated.Size {
		c.altered(path, "it is as long as what volume %s holds of it, and is not that", volume)
	}
	return nil, nil
}

// isWhole reports whether a file of size bytes is all that the seal states, and nothing that it does not list.
func (c *check) isWhole(r io.ReaderAt, stated *seal.File, size int64) bool {
	sum, err := c.sumOf(r, 0, stated.Size)
	if size < stated.Size || err != nil || sum != stated.SHA256 {
		return false
	}
	return size == stated.Size || slices.ContainsFunc(stated.Abandoned, func(t seal.Tail) bool {
		sum, err := c.sumOf(r, stated.Size, t.Size-t.Unread)
		return t.Size == size-stated.Size && err == nil && sum == t.SHA256
	})
}

// isPart reports whether a file of size bytes is as the seal states it of a volume that lacks its end.
func (c *check) isPart(r io.ReaderAt, p *seal.Part, size int64) (bool, error) {
	sum, err := c.sumOf(r, 0, p.Size)
	if err != nil || sum != p.SHA256 {
		return false, err
	}
	sum, err = c.sumOf(r, p.Size, size-p.Size-p.RestUnread)
	return err == nil && sum == p.RestSHA256, err
}

// sumOf returns the hash of n bytes of a file from a place on.
func (c *check) sumOf(r io.ReaderAt, from, n int64) (seal.Hash, error) {
	h := newHashing(c.ctx, io.NewSectionReader(r, from, n), &meter{})
	defer h.settle()
	err := h.through(n)
	return h.digest(), err
}

// unreadable says of a file that it cannot be read here, for which err is the reason: what lies there may be
// whole in another copy. Other errors are returned; a read that is refused says nothing of the disk.
func (c *check) unreadable(path string, err error) error {
	var failed *fs.PathError
	if err == nil || !errors.As(err, &failed) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EISDIR) || c.ctx.Err() != nil {
		return err
	}
	delete(c.f.held, path)
	c.finding(Finding{Verdict: Incomplete, lacks: true, File: path, What: fmt.Sprintf("it cannot be read: %v", failed.Err)})
	return nil
}

// place checks that a segment lies where its header says.
func (c *check) place(path string, h fragment.Header) {
	want := fmt.Sprintf("%s/%s/run-%04d/%04d.mp4", h.Room, h.Camera, h.Run, h.Segment)
	if path != want {
		c.altered(path, "its header says that it is %s", want)
	}
	if c.f.Session == "" {
		c.f.Session = h.Session
	}
	if h.Session != c.f.Session {
		c.altered(path, "it is of session %s, not %s", h.Session, c.f.Session)
	}
}

// fragment checks one fragment against the one before it.
func (c *check) fragment(path string, g *segment, h *fragment.Header, i *fragment.Info) {
	g.count++
	for k, t := range i.Tracks {
		if k == len(g.lost) {
			g.lost = append(g.lost, fragment.Lost{})
		}
		l := &g.lost[k]
		if t.Lost.Packets < l.Packets || t.Lost.Units < l.Units || t.Lost.Damaged < l.Damaged || t.Lost.Gaps < l.Gaps {
			c.finding(Finding{Verdict: Altered, File: path, Offset: i.Offset, Fragment: i.Sequence, What: "its counters of what was lost are less than those before"})
		}
		*l = t.Lost
	}
	now := *i
	now.Tracks = nil
	if g.count == 1 {
		g.first = now
	} else {
		c.follows(path, &g.last, &now)
	}
	g.last = now
	l := c.leavesOf(dirOf(path))
	if c.s == nil && g.count == 1 {
		l.goOn(h.Prev)
	}
	l.add(i.Sequence, i.Leaf)
	if c.s == nil && l.ahead[i.Leaf] {
		l.marks[i.Leaf] = l.state()
		g.cuts = append(g.cuts, cut{g.count, now})
	}
}

// until takes out of account what follows the fragment that the run's next segment goes on from: it was
// written and never acknowledged, and that segment has it. It reports whether the fragment is here, or just before.
func (g *segment) until(prev fragment.Hash) bool {
	if g.Header.Prev == prev {
		g.count = 0
		return true
	}
	for _, k := range g.cuts {
		if k.last.Leaf == prev {
			g.count, g.last, g.Last = k.count, k.last, prev
			return true
		}
	}
	return false
}

// follows checks the times of a fragment against those of the one before it in the run.
func (c *check) follows(path string, prev, i *fragment.Info) {
	// A fragment may begin before the one before it ended, where sound came later than its pictures;
	// but what is shown never goes back.
	switch d, back := i.Start.Since(prev.End), prev.Start.Since(i.Start); {
	case back > 0:
		c.finding(Finding{
			Verdict: Altered, File: path, Offset: i.Offset, Fragment: i.Sequence,
			What: fmt.Sprintf("it begins %v before the one before it begins", back),
		})
	case i.End.Since(prev.End) < 0:
		c.finding(Finding{
			Verdict: Altered, File: path, Offset: i.Offset, Fragment: i.Sequence,
			What: fmt.Sprintf("it ends %v before the one before it ends", prev.End.Since(i.End)),
		})
	case d > tolerance && c.s != nil:
		what := fmt.Sprintf("it begins %v after the one before it ends, and no gap is declared", d)
		switch left := c.undeclared(path, prev.End, i.Start); {
		case left <= tolerance:
			return
		case left < d:
			what = fmt.Sprintf("it begins %v after the one before it ends, and %v of that are in no declared gap", d, left)
		}
		c.finding(Finding{Verdict: Incomplete, File: path, Offset: i.Offset, Fragment: i.Sequence, What: what})
	}
}

// undeclared returns how much of the time from … to, between two fragments of the segment's run, is in no gap that the
// seal declares, in one piece.
func (c *check) undeclared(path string, from, to clock.Instant) time.Duration {
	for i := range c.s.Runs {
		if r := &c.s.Runs[i]; contains(r.Segments, path) {
			return seal.Uncovered(r.Gaps, from, to)
		}
	}
	return to.Since(from)
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
