package evidence

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// holds reports whether a volume of the set holds all that counts of a file. A file of before a restart
// may be missing, or end sooner, on any volume: it may have left then.
func (e *Evidence) holds(m *member, f *seal.File, whole holders) (bool, error) {
	if whole[f.Path][m.vol.ID()] {
		return true, nil
	}
	if e.found == nil || !e.found.has(f.Path) {
		return m.joined == nil, nil
	}
	if f.Kind == seal.KindSegment {
		if good, read := e.sums.readOn(f.Path, m.vol.ID()); read {
			return good >= f.Size, nil
		}
		return e.found.holds(m.vol.ID(), f.Path, f.Size), nil
	}
	file, err := m.vol.Files().Open(path.Join(e.cfg.Folder, f.Path))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, nil //nolint:nilerr // as above, and partOf says what it holds
	}
	sum, n, _ := hashOf(io.LimitReader(file, f.Size)) // what cannot be read it does not hold
	return n == f.Size && sum == f.SHA256, file.Close()
}

// has reports whether the file was there before the restart.
func (f *Found) has(p string) bool {
	return slices.ContainsFunc(f.journals, func(j seal.File) bool { return j.Path == p }) ||
		slices.ContainsFunc(f.segments, func(g *foundSegment) bool { return g.path == p })
}

// holds reports whether the first size bytes of a segment were found whole on a volume.
func (f *Found) holds(volume, p string, size int64) bool {
	for _, g := range f.segments {
		if on := g.on[volume]; g.path == p && on != nil {
			return on.whole >= size
		}
	}
	return false
}

// partOf returns what a volume holds of a file that it lacks the end of, nil if it holds none of it or
// all. What counts of it is what a volume that has all of the file has as well.
func (e *Evidence) partOf(m *member, in []*member, f *seal.File, whole holders) (*seal.Part, error) {
	name := path.Join(e.cfg.Folder, f.Path)
	if !exists(m.vol.Files(), name) {
		return nil, nil
	}
	var good *member
	for _, o := range in {
		if o == m {
			continue
		}
		all, err := e.holds(o, f, whole)
		if err != nil {
			return nil, fmt.Errorf("volume %s: %w", o.vol.ID(), err)
		}
		if all {
			good = o
			break
		}
	}
	var size int64
	var err error
	if good != nil {
		size, err = commonPrefix(m.vol.Files(), good.vol.Files(), name, f.Size)
	} else {
		size, err = e.goodOf(m, f)
	}
	if err != nil || size == f.Size {
		return nil, err
	}
	file, err := m.vol.Files().Open(name)
	if err != nil {
		return nil, err
	}
	part := &seal.Part{Volume: m.vol.ID(), Size: size}
	part.SHA256, part.Rest, part.RestSHA256, part.RestUnread, err = splitHash(file, size)
	return part, errors.Join(err, file.Close())
}

// goodOf returns how much of a file of before the restart, of which no volume of the set holds all, a volume
// has of what counts: as far as the leaves of its fragments, or the hashes of its lines, say so.
func (e *Evidence) goodOf(m *member, f *seal.File) (int64, error) {
	if e.found == nil {
		return f.Size, nil // what lies there must be all of it
	}
	for _, g := range e.found.segments {
		if g.path != f.Path {
			continue
		}
		if good, read := e.sums.readOn(f.Path, m.vol.ID()); read {
			return good, nil
		}
		// What cannot be read does not count.
		_, good, _ := e.found.read(m.vol.Files(), e.cfg.Folder, g, func(int64) error { return nil })
		return good, nil
	}
	return e.goodLines(m, f)
}

// goodLines returns how much of a journal file a volume has of the lines that count.
func (e *Evidence) goodLines(m *member, f *seal.File) (n int64, err error) {
	was := e.scribe.state()
	var start journal.Head
	for _, b := range was.before {
		if b.Path != f.Path {
			start = b.end
			continue
		}
		file, err := m.vol.Files().Open(path.Join(e.cfg.Folder, f.Path))
		if err != nil {
			return 0, err
		}
		c, err := journal.ReadTo(io.LimitReader(file, f.Size), start, b.end.Seq, func(*journal.Line, []byte) error { return nil })
		if err := errors.Join(err, file.Close()); err != nil {
			return min(c.Whole, f.Size), nil //nolint:nilerr // what cannot be read does not count
		}
		if c.Head.Seq > 0 && c.Head.Hash != was.hashes[c.Head.Seq-1] && was.hashes[c.Head.Seq-1] != (journal.Hash{}) {
			return 0, nil
		}
		return c.Whole, nil
	}
	return f.Size, nil
}

// splitHash returns the hash of the first size bytes of r, and of how many follow, of how many of these at the
// end cannot be read, and the hash of those before.
func splitHash(r fs.File, size int64) (head seal.Hash, n int64, rest seal.Hash, unread int64, err error) {
	info, err := r.Stat()
	if err != nil {
		return head, 0, rest, 0, err
	}
	head, _, err = hashOf(io.LimitReader(r, size))
	if err != nil {
		return head, 0, rest, 0, err
	}
	rest, n, err = hashOf(r)
	if err != nil {
		unread = max(info.Size()-size-n, 0)
	}
	return head, n + unread, rest, unread, nil
}

// commonPrefix returns how many of the first limit bytes of a file two volumes have in common, as far as they
// can be read.
func commonPrefix(a, b fs.FS, name string, limit int64) (n int64, err error) {
	fa, err := a.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, fa.Close()) }()
	fb, err := b.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, fb.Close()) }()
	ra, rb := bufio.NewReaderSize(fa, 256<<10), bufio.NewReaderSize(fb, 256<<10)
	for n < limit {
		x, errA := ra.ReadByte()
		y, errB := rb.ReadByte()
		switch {
		case errA != nil || errB != nil || x != y:
			return n, nil
		}
		n++
	}
	return n, nil
}
