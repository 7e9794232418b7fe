package evidence

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
)

// agree finds out of every segment how much of it counts.
func (f *Found) agree(surveys []*survey) {
	byPath := map[string]*foundSegment{}
	for _, s := range surveys {
		read := map[string]*segmentOn{}
		for _, p := range s.segments {
			g := byPath[p]
			if g == nil {
				g = &foundSegment{path: p, on: map[string]*segmentOn{}}
				byPath[p] = g
				f.segments = append(f.segments, g)
			}
			on, err := readSegment(s, p)
			if err != nil {
				continue // of a later version: it counts as not there; what is there is stated as a tail
			}
			read[p] = on
		}
		for p, on := range checkEnds(s, read) {
			byPath[p].on[s.vol.ID()] = on
			if on.unread != nil && f.damaged[s.vol.ID()] == nil {
				f.damaged[s.vol.ID()] = fmt.Errorf("%s: %w", p, on.unread)
			}
		}
	}
	f.leaveTails(byPath)
	slices.SortFunc(f.segments, func(a, b *foundSegment) int { return strings.Compare(a.path, b.path) })
	left, stated := f.left(surveys), f.stated()
	for _, g := range f.segments {
		// What counts is what every volume has that was in the set to the end. One that left once cannot
		// say how much was acknowledged without it, nor can one that is not read to its end; if all are so, as
		// much counts as any of them has.
		silent := func(id string) bool { return left[id] || g.on[id].unread != nil }
		most, all := 0, true
		for id, on := range g.on {
			most, all = max(most, len(on.infos)), all && silent(id)
		}
		first := true
		for id, on := range g.on {
			n := len(on.infos)
			if most-n > behindMost || silent(id) && !all || all && n < most {
				continue
			}
			if first || on.whole < g.size {
				g.size, g.count, first = on.whole, uint32(n), false
			}
		}
		if first {
			// Who left once is the only one that has it whole, the others are damaged or far behind.
			for _, on := range g.on {
				if len(on.infos) == most {
					g.size, g.count = on.whole, uint32(most)
				}
			}
		}
		g.atLeast(stated[path.Dir(g.path)])
		if g.count == 0 {
			g.size = 0 // a header alone is never acknowledged
		}
	}
	for i := len(f.segments) - 1; i >= 0; i-- {
		f.goesOn(i)
	}
}

// leaveTails takes out of account what the journal states as a tail since an earlier restart: what it went on from may be
// on a volume that is not there. What could not be read then may be read now.
func (f *Found) leaveTails(segments map[string]*foundSegment) {
	for _, l := range f.Lines {
		var d struct {
			Files []FoundFile `json:"files"`
		}
		if l.Type != TypeFoundFiles || json.Unmarshal(l.Data, &d) != nil {
			continue
		}
		for _, t := range d.Files {
			g := segments[t.File]
			if g == nil || t.Unread > 0 || strings.Contains(t.Why, "cannot be read") {
				continue
			}
			if on := g.on[t.Volume]; on != nil && int(t.Fragments) < len(on.infos) {
				in := &on.infos[t.Fragments]
				on.torn = &fragment.Problem{Offset: in.Offset, Sequence: in.Sequence, What: "it was not counted at an earlier restart"}
				on.whole, on.infos = in.Offset, on.infos[:t.Fragments]
			}
		}
	}
}

// atLeast lets as much count as a checkpoint states, which is of so many of the run's fragments, where a volume has it:
// that was acknowledged, also where another one lost what it had said to be on it.
func (g *foundSegment) atLeast(stated uint64) {
	for _, on := range g.on {
		for n := len(on.infos); n > int(g.count); n-- {
			if in := &on.infos[n-1]; uint64(in.Sequence) <= stated {
				g.count, g.size = uint32(n), in.Offset+in.Size
			}
		}
	}
}

// goesOn lets no more of the i-th segment count than the run's next segment goes on from: what follows
// was written, never acknowledged, and is in that one.
func (f *Found) goesOn(i int) {
	g := f.segments[i]
	var next *foundSegment
	for _, h := range f.segments[i+1:] {
		if path.Dir(h.path) == path.Dir(g.path) && h.count > 0 {
			next = h
			break
		}
	}
	if next == nil || g.count == 0 {
		return
	}
	var prev fragment.Hash
	first := uint32(0)
	for _, on := range next.on {
		if uint32(len(on.infos)) >= next.count {
			prev, first = on.head.Prev, on.infos[0].Sequence
		}
	}
	for _, on := range g.on {
		if uint32(len(on.infos)) < g.count {
			continue
		}
		if on.head.Prev == prev {
			g.count, g.size = 0, 0
			return
		}
		for k := range on.infos {
			leaf := on.infos[k].Leaf
			if k+1 < len(on.infos) {
				leaf = on.infos[k+1].Prev
			}
			unread := leaf == fragment.Hash{} && on.infos[k].Sequence+1 == first // the last one's may not have been
			if leaf == prev || unread {
				g.count, g.size = uint32(k+1), on.infos[k].Offset+on.infos[k].Size
				return
			}
		}
	}
	if prev != (fragment.Hash{}) && f.anew(i, i) && slices.ContainsFunc(f.segments[:i], func(h *foundSegment) bool { return path.Dir(h.path) == path.Dir(g.path) && h.names(prev) }) {
		g.count, g.size = 0, 0 // what was not acknowledged began in a segment before this one
	}
}

// anew reports whether what the k-th segment holds was written anew behind the i-th one: a fragment of its numbers counts
// there, or the segment goes on from one of which that is so. One that was written late, behind what followed it, has
// numbers of its own, and what comes then goes on from here.
func (f *Found) anew(k, i int) bool {
	g := f.segments[k]
	first, last, ok := g.numbers(false)
	if !ok {
		return false
	}
	for _, h := range f.segments[i+1:] {
		from, to, counts := h.numbers(true)
		if !counts || path.Dir(h.path) != path.Dir(g.path) {
			continue
		}
		if g.leadsTo(h, from, last) {
			return false
		}
		if from <= first && first <= to {
			return true
		}
	}
	for j, e := range f.segments[:k] {
		if _, end, ok := e.numbers(false); ok && path.Dir(e.path) == path.Dir(g.path) && e.leadsTo(g, first, end) {
			return f.anew(j, i)
		}
	}
	return false
}

// numbers returns the numbers of the segment's first and last fragment: of those that count, or of all that a volume has.
func (g *foundSegment) numbers(counting bool) (first, last uint32, ok bool) {
	for _, on := range g.on {
		n := uint32(len(on.infos))
		if counting {
			n = min(n, g.count)
		}
		if n > 0 && (!ok || on.infos[n-1].Sequence > last) {
			first, last, ok = on.infos[0].Sequence, on.infos[n-1].Sequence, true
		}
	}
	return first, last, ok
}

// leadsTo reports whether a later segment, which begins with the fragment of that number, goes on from the segment's last.
func (g *foundSegment) leadsTo(h *foundSegment, first, last uint32) bool {
	if last+1 != first {
		return false
	}
	for _, to := range h.on {
		for _, on := range g.on {
			if n := len(on.infos); n > 0 && on.infos[n-1].Sequence == last && (on.infos[n-1].Leaf == to.head.Prev || on.infos[n-1].Leaf == fragment.Hash{}) {
				return true // the last one's leaf may not have been read
			}
		}
	}
	return false
}

// names reports whether a fragment of the segment, or the one that it goes on from, has the leaf.
func (g *foundSegment) names(leaf fragment.Hash) bool {
	for _, on := range g.on {
		if on.head.Prev == leaf || slices.ContainsFunc(on.infos, func(in fragment.Info) bool { return in.Prev == leaf || in.Leaf == leaf }) {
			return true
		}
	}
	return false
}

// left returns the volumes that cannot say how much was acknowledged: those that the journal says have left
// the set at any time, or joined it, for a new disk may be a copy of another as that was once, and those that held a
// part of it and were not there when it was gone on with.
func (f *Found) left(surveys []*survey) map[string]bool {
	out := map[string]bool{}
	for _, l := range f.Lines {
		var r journal.Resumed
		if l.Type == journal.TypeResumed && json.Unmarshal(l.Data, &r) == nil {
			before, _ := journal.FileNumber(r.Before)
			for _, s := range surveys {
				named := slices.ContainsFunc(r.Volumes, func(v journal.Found) bool { return v.Volume == s.vol.ID() })
				if !named && s.oldest <= before {
					out[s.vol.ID()] = true
				}
			}
		}
		var d volumeLeftData // what a volume's joining names is in it
		if (l.Type == TypeVolumeLeft || l.Type == TypeVolumeJoin) && json.Unmarshal(l.Data, &d) == nil {
			out[d.Volume] = true
		}
	}
	return out
}

// lastRun returns the number of a camera's last run of which anything was found.
func (f *Found) lastRun(room, camera string) (last int) {
	if f == nil {
		return 0
	}
	for _, g := range f.segments {
		var n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(g.path, room+"/"+camera+"/"), "run-%04d/", &n); err == nil {
			last = max(last, n)
		}
	}
	return last
}

// endsChecked is of how many segments of a run that hold something the last fragments are read. Of the
// others everything was acknowledged long before; their pictures need not be read.
const endsChecked = 2

// checkEnds reads the last fragments of the last segments of every run. What cannot be read of a run's last
// segment ends it there; what cannot be read of another stays, for the next one goes on from its end.
func checkEnds(s *survey, read map[string]*segmentOn) map[string]*segmentOn {
	byRun := map[string][]string{}
	for p := range read {
		byRun[path.Dir(p)] = append(byRun[path.Dir(p)], p)
	}
	for _, list := range byRun {
		slices.Sort(list)
		slices.Reverse(list)
		for left, i := endsChecked, 0; i < len(list) && left > 0; i++ {
			on := read[list[i]]
			on.readEnd(s, list[i], left == endsChecked)
			if len(on.infos) > 0 {
				left--
			}
		}
	}
	return read
}

// readSegment reads a segment's structure on one volume, as far as that can be read. The error says that a
// later version wrote it.
func readSegment(s *survey, p string) (on *segmentOn, err error) {
	on = &segmentOn{vol: s.vol}
	r, size, err := openAt(s, p)
	if err != nil {
		on.endsUnread(0, err)
		return on, nil
	}
	on.size = size
	seg, err := fragment.Index(r, size, func(_ *fragment.Header, i *fragment.Info) error {
		keep := *i
		keep.Tracks = slices.Clone(i.Tracks)
		on.infos = append(on.infos, keep)
		return nil
	})
	if errors.Is(err, fragment.ErrVersion) {
		return nil, errors.Join(err, r.Close())
	}
	on.whole, on.torn, on.head = seg.Whole, seg.Torn, seg.Header
	if sum, _, err := hashOf(io.NewSectionReader(r, 0, seg.HeaderSize)); err == nil {
		on.headSum = sum
	}
	if err = errors.Join(err, r.Close()); err != nil {
		on.endsUnread(len(on.infos), err)
	}
	return on, nil
}

// endsUnread says that a segment cannot be read behind its first n fragments.
func (on *segmentOn) endsUnread(n int, err error) {
	on.unread = err
	if n < len(on.infos) {
		on.whole = on.infos[n].Offset
	}
	on.infos = on.infos[:n]
	sequence := uint32(1)
	if n > 0 {
		sequence = on.infos[n-1].Sequence + 1
	}
	on.torn = &fragment.Problem{Offset: on.whole, Sequence: sequence, What: "cannot be read: " + err.Error()}
}

// fileAt is a file that can be read at any place.
type fileAt interface {
	fs.File
	io.ReaderAt
}

func openAt(s *survey, p string) (fileAt, int64, error) {
	file, err := s.files.Open(p)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	r, ok := file.(fileAt)
	if !ok {
		return nil, 0, errors.Join(fmt.Errorf("%s: cannot be read at a place", p), file.Close())
	}
	return r, info.Size(), nil
}

func (on *segmentOn) readEnd(s *survey, p string, last bool) {
	r, _, err := openAt(s, p)
	if err != nil {
		if on.unread = err; last {
			on.endsUnread(0, err)
		}
		return
	}
	on.checkEnd(r, last)
	if err := r.Close(); err != nil && on.unread == nil {
		on.unread = err
	}
}

// checkEnd reads the last fragments: a power cut may leave a file as long as it should be with zeros
// where bytes never came. A fragment whose leaf is not the one that the next names ends what is whole;
// of the last one, which none names, the samples are looked at. One that cannot be read does so in a run's last
// segment.
func (on *segmentOn) checkEnd(r io.ReaderAt, last bool) {
	n := len(on.infos)
	for i := max(n-behindMost, 0); i < n; i++ {
		in := &on.infos[i]
		b := make([]byte, in.Size)
		if _, err := r.ReadAt(b, in.Offset); err != nil && !errors.Is(err, io.EOF) {
			on.unread = err
			if last {
				on.endsUnread(i, err)
				return
			}
			continue
		}
		in.Leaf = fragment.Leaf(b)
		what := ""
		if i+1 < n {
			if in.Leaf != on.infos[i+1].Prev {
				what = "its bytes are not those that the fragment after it names"
			}
		} else if !on.plausible(r, in) {
			what = "its samples are not what they should be"
		}
		if what != "" {
			on.torn = &fragment.Problem{Offset: in.Offset, Sequence: in.Sequence, What: what}
			on.whole, on.infos = in.Offset, on.infos[:i]
			return
		}
	}
}

// plausible reports whether every picture of the fragment consists of NAL units that fill it. Sound
// can be anything; silence may be zeros.
func (on *segmentOn) plausible(r io.ReaderAt, in *fragment.Info) bool {
	c, err := fragment.Read(r, on.whole, &on.head, in.Offset)
	if err != nil {
		return false
	}
	for i, t := range c.Tracks {
		if i >= len(on.head.Tracks) || !on.head.Tracks[i].Codec.Video() {
			continue
		}
		for _, sample := range t.Data {
			if !nalUnits(sample) {
				return false
			}
		}
	}
	return true
}

// nalUnits reports whether b is a series of NAL units, each after its size in 32 bits.
func nalUnits(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		if len(b) < 5 {
			return false
		}
		n := int64(binary.BigEndian.Uint32(b))
		if n == 0 || n > int64(len(b)-4) {
			return false
		}
		b = b[4+n:]
	}
	return true
}
