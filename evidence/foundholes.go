package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path"
	"slices"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// LineHole are lines of the journal that no volume has.
type LineHole struct {
	File string `json:"file"` // in which they would stand, or the first of those files
	From uint64 `json:"from"` // number of the first of them
	To   uint64 `json:"to"`   // and of the last
}

// goesOnFrom returns the line that the file after the n-th goes on from, which is head if nothing is missing. What
// no volume has of the n-th file is stated as [lostFile] does; absent says that none has the file.
func (f *Found) goesOnFrom(surveys []*survey, n int, next, head journal.Head, absent bool, file *seal.File) (journal.Head, error) {
	jumped := f.jumped
	f.jumped = false
	switch {
	case next.Seq == math.MaxUint64, next == head && !(absent && jumped):
		return head, nil
	case next.Seq <= head.Seq && next != head:
		return head, fmt.Errorf("%s: the file after it goes on from another line %d: %w", file.Path, next.Seq, ErrForked)
	case next != head:
		f.Holes = append(f.Holes, LineHole{File: file.Path, From: head.Seq + 1, To: next.Seq})
	}
	f.jumped = true
	return next, lostFile(surveys, n, file)
}

// lostFile states of the n-th journal file, of which lines are missing, what the file after it says that a
// volume held. If that says nothing it is not known how long the file was: its hash is zero, its size one byte more than
// what is here.
func lostFile(surveys []*survey, n int, file *seal.File) error {
	here := file.Size
	file.Size, file.SHA256 = here+1, seal.Hash{}
	for _, s := range surveys {
		c, err := readAsFar(s.files, journal.FileName(n+1))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		raw, _, full := bytes.Cut(c.b, []byte{'\n'})
		if !full {
			continue
		}
		line, err := journal.Parse(c.b[:len(raw)+1])
		var r journal.Resumed
		if err != nil || json.Unmarshal(line.Data, &r) != nil {
			continue
		}
		for _, v := range r.Volumes {
			if v.File == file.Path && v.Whole > here && v.Whole >= file.Size {
				file.Size, file.SHA256 = v.Whole, seal.Hash(v.WholeSHA256)
			}
		}
	}
	return nil
}

// hashes returns those of all lines, by their number less one; zero where a line is missing and none names it.
func (f *Found) hashes() []journal.Hash {
	list := make([]journal.Hash, f.head.Seq)
	for _, l := range f.Lines {
		if l.Seq > 1 {
			list[l.Seq-2] = l.Prev
		}
	}
	for _, end := range f.ends {
		if end.Seq > 0 {
			list[end.Seq-1] = end.Hash
		}
	}
	return list
}

// hole looks for fragments that are missing between what is known of the run and the next segment that was found of
// it. They were acknowledged on a volume that is not there: the segment before that is cut off, or whole ones are
// missing.
func (f *Found) hole(r *runRecord, head *fragment.Header, infos []fragment.Info) {
	if f.holdsAll(runPath(r.room, r.camera, r.number), r.fragments+1, infos[0].Sequence) {
		return
	}
	r.holed = true
	next := 1
	if n := len(r.segments); n > 0 {
		last := r.segments[n-1]
		// That is how the file is named.
		_, _ = fmt.Sscanf(path.Base(last.path), segmentName, &next)
		next++
		f.cut(last)
	}
	for ; next < head.Segment; next++ {
		p := path.Join(runPath(r.room, r.camera, r.number), fmt.Sprintf(segmentName, next))
		i := slices.IndexFunc(f.segments, func(g *foundSegment) bool { return g.path == p })
		switch {
		case i < 0:
			f.segments = append(f.segments, &foundSegment{path: p, on: map[string]*segmentOn{}, lost: true})
		case f.segments[i].empty():
			f.segments[i].lost = true
		default:
			continue // what is there and does not count is stated as that
		}
		r.segments = append(r.segments, &segmentRecord{path: p, length: 1})
	}
}

// empty reports whether no volume has a byte of the segment.
func (g *foundSegment) empty() bool {
	for _, on := range g.on {
		if on.size > 0 || on.unread != nil {
			return false
		}
	}
	return true
}

// holdsAll reports whether the segments of a run hold all fragments from one number to before another. What was kept in
// memory may stand in a later segment than what came after it.
func (f *Found) holdsAll(run string, from, to uint32) bool {
	for q := from; q < to; q++ {
		if !slices.ContainsFunc(f.segments, func(g *foundSegment) bool {
			on := g.known()
			return on != nil && path.Dir(g.path) == run && g.count > 0 && on.infos[0].Sequence <= q && q <= on.infos[g.count-1].Sequence
		}) {
			return false
		}
	}
	return true
}

// cut states that the end of a segment is not here: it is at least one byte longer.
func (f *Found) cut(g *segmentRecord) {
	g.length++
	for _, s := range f.segments {
		s.lost = s.lost || s.path == g.path
	}
}

// cutRuns looks for runs whose end is not here: those of which a checkpoint states more, and, where lines are missing,
// those that were recorded when the lines begin to be missing, of which nothing was found after that.
func (f *Found) cutRuns() {
	stated, ended, open := f.stated(), map[string]uint32{}, f.openAtHoles()
	for _, l := range f.Lines {
		var d runEndedData
		if l.Type == TypeRunEnded && json.Unmarshal(l.Data, &d) == nil {
			ended[runPath(d.Room, d.Camera, d.Run)] = d.Fragments
		}
	}
	for _, r := range f.runs {
		name := runPath(r.room, r.camera, r.number)
		n := stated[name]
		until, during := open[name]
		// What cannot be read now may be read later, and is stated as a tail.
		more := n > uint64(r.fragments) && (len(f.Holes) > 0 || !f.endsUnread(r))
		lost := more || during && r.last.Wall < until && ended[name] != r.fragments
		if !lost || len(r.segments) == 0 {
			continue
		}
		r.holed, r.fragments = true, max(r.fragments, uint32(n))
		f.cut(r.segments[len(r.segments)-1])
	}
}

// endsUnread reports whether a copy of a run's last segment cannot be read.
func (f *Found) endsUnread(r *runRecord) bool {
	if len(r.segments) == 0 {
		return false
	}
	last := r.segments[len(r.segments)-1].path
	return slices.ContainsFunc(f.segments, func(g *foundSegment) bool {
		return path.Dir(g.path) == path.Dir(last) && g.path >= last && slices.ContainsFunc(slices.Collect(maps.Values(g.on)), func(on *segmentOn) bool { return on.unread != nil })
	})
}

// openAtHoles returns the runs that were being recorded when lines begin to be missing, and when the line came that
// is there again. No run outlasts a restart of the program; a journal file that begins because a volume joined
// says so.
func (f *Found) openAtHoles() map[string]clock.Wall {
	open, out := map[string]bool{}, map[string]clock.Wall{}
	for i, l := range f.Lines {
		if i > 0 && l.Seq > f.Lines[i-1].Seq+1 {
			for name, still := range open {
				if still {
					out[name] = l.At().Wall
				}
			}
		}
		var d runEndedData // what a run's beginning names is in it
		switch l.Type {
		case TypeRunBegan, TypeRunEnded:
			if json.Unmarshal(l.Data, &d) == nil {
				open[runPath(d.Room, d.Camera, d.Run)] = l.Type == TypeRunBegan
			}
		case journal.TypeResumed:
			if i+1 == len(f.Lines) || f.Lines[i+1].Type != TypeVolumeJoin {
				open = map[string]bool{}
			}
		}
	}
	return out
}
