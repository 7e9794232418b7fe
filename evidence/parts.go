package evidence

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"path"

	"roomrec/evidence/seal"
)

// partOf returns what a volume that joined holds of a file that it lacks the end of, nil if it holds
// none of it or all. What counts of it is what a volume that has all of the file has as well.
func (e *Evidence) partOf(m *member, in []*member, f *seal.File, whole holders) (*seal.Part, error) {
	name := path.Join(e.cfg.Folder, f.Path)
	if !exists(m.vol.Files(), name) {
		return nil, nil
	}
	var good *member
	for _, o := range in {
		if o != m && (o.joined == nil || whole[f.Path][o.vol.ID()]) {
			good = o
			break
		}
	}
	if good == nil {
		return nil, nil // nobody here can tell; what lies there must be all of it
	}
	size, err := commonPrefix(m.vol.Files(), good.vol.Files(), name, f.Size)
	if err != nil || size == f.Size {
		return nil, err
	}
	file, err := m.vol.Files().Open(name)
	if err != nil {
		return nil, err
	}
	part := &seal.Part{Volume: m.vol.ID(), Size: size}
	part.SHA256, part.Rest, part.RestSHA256, err = splitHash(file, size)
	return part, errors.Join(err, file.Close())
}

// splitHash returns the hash of the first size bytes of r, and of how many follow and their hash.
func splitHash(r fs.File, size int64) (head seal.Hash, n int64, rest seal.Hash, err error) {
	head, _, err = hashOf(io.LimitReader(r, size))
	if err != nil {
		return head, 0, rest, err
	}
	rest, n, err = hashOf(r)
	return head, n, rest, err
}

// commonPrefix returns how many of the first limit bytes of a file two volumes have in common.
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
		case errors.Is(errA, io.EOF) || errors.Is(errB, io.EOF):
			return n, nil
		case errA != nil || errB != nil:
			return n, errors.Join(errA, errB)
		case x != y:
			return n, nil
		}
		n++
	}
	return n, nil
}
