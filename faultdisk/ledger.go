package faultdisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// ledger knows what of the folder would not survive a power cut: for every file the writes since its
// last flush, for every folder the names since its last sync.
type ledger struct {
	root string // the folder below

	mu      sync.Mutex
	files   map[string][]change
	lost    map[string][]change // what a failed sync has lost, for good
	names   map[string]bool     // paths whose last name is not safe
	ignores bool                // syncs are answered and do nothing
}

// change is one write that was not flushed.
type change struct {
	off  int64
	old  []byte // what was there, as far as the file reached
	data []byte
	size int64 // of the file before
}

func newLedger(root string) *ledger {
	return &ledger{root: root, files: make(map[string][]change), lost: make(map[string][]change), names: make(map[string]bool)}
}

// write writes data to f, the file name, at off.
func (l *ledger) write(f *os.File, name string, data []byte, off int64) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	c := change{off: off, size: info.Size()}
	if n := min(int64(len(data)), info.Size()-off); n > 0 {
		c.old = make([]byte, n)
		if _, err := f.ReadAt(c.old, off); err != nil {
			return 0, err
		}
	}
	n, err := f.WriteAt(data, off)
	if n > 0 {
		c.data = append([]byte(nil), data[:n]...) // the caller's buffer is used again
		c.old = c.old[:min(n, len(c.old))]
		l.files[name] = append(l.files[name], c)
	}
	return n, err
}

// flushed says that everything of a file is safe.
func (l *ledger) flushed(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ignores {
		delete(l.files, name)
	}
}

// forgotten says that a sync failed: what it was to save never will be, although later syncs succeed.
// The file's content stays as it is in memory, and is zeros at a cut.
func (l *ledger) forgotten(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[name] = append(l.lost[name], l.files[name]...)
	delete(l.files, name)
}

// made says that a name is new.
func (l *ledger) made(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names[name] = true
}

// namesFlushed says that the names in a folder are safe.
func (l *ledger) namesFlushed(dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ignores {
		return
	}
	for name := range l.names {
		if path.Dir(name) == dir {
			delete(l.names, name)
		}
	}
}

// Cut says how a power cut goes.
type Cut struct {
	To   string // a folder that is empty or not there
	Seed uint64
	// All loses everything that is not flushed. Otherwise chance decides, by Seed, what is lost, what
	// is kept, what is torn at a sector and what is found as zeros.
	All bool
}

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// cut copies the folder as it would be found after a power cut now.
func (l *ledger) cut(c Cut) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	rng := rand.New(rand.NewPCG(c.Seed, 2))
	fate := newFate(rng, c.All)
	return filepath.WalkDir(l.root, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(l.root, full)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		lost := l.names[name] && !fate.keepName()
		switch {
		case d.IsDir() && lost:
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(c.To, rel), 0o755)
		case lost || !d.Type().IsRegular():
			return nil
		}
		return copyCut(filepath.Join(c.To, rel), full, l.files[name], l.lost[name], fate)
	})
}

// fate decides, for one cut, what becomes of what was not flushed.
type fate struct {
	rng *rand.Rand
	// Of every ten changes, so many are dropped; the others are torn, scattered or kept.
	drop, tear, scatter int
}

func newFate(rng *rand.Rand, all bool) *fate {
	if all {
		return &fate{rng: rng, drop: 10}
	}
	kinds := []fate{
		{drop: 10},                     // a disk that had not begun
		{drop: 5},                      // any order
		{drop: 2, tear: 2, scatter: 2}, // a bit of everything
		{tear: 1},                      // nearly done
	}
	f := kinds[rng.IntN(len(kinds))]
	f.rng = rng
	return &f
}

func (f *fate) keepName() bool { return f.rng.IntN(10) >= f.drop }

// of returns what reaches the disk of data that was written at off, where there stands what the disk has.
//
// Data that is scattered leaves zeros where nothing stood before: a file grew, and its content did not
// follow. Where something stands every sector keeps it or takes what was to come, for that may have been
// flushed long ago: a file system that appends to a block writes again what is in it already.
func (f *fate) of(data []byte, off int64, there []byte) []byte {
	n := f.rng.IntN(10)
	switch {
	case n < f.drop:
		return nil
	case n < f.drop+f.tear:
		return data[:f.rng.IntN(len(data)/sector+1)*sector]
	case n < f.drop+f.tear+f.scatter:
		found := make([]byte, len(data))
		for from := copy(found, there); from > 0; {
			begin := max(0, from-1-int((off+int64(from-1))%sector))
			if f.rng.IntN(2) == 0 {
				copy(found[begin:from], data[begin:from])
			}
			from = begin
		}
		return found
	}
	return data
}

// copyCut copies a file without its changes, makes those that fate lets through, and puts zeros where
// something was lost.
func copyCut(to, from string, changes, lost []change, f *fate) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if len(changes) > 0 {
		size = changes[0].size
	}
	if err := copySparse(dst, src, size); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	for i := len(changes) - 1; i >= 0; i-- {
		c := changes[i]
		if n := min(int64(len(c.old)), size-c.off); n > 0 {
			if _, err := dst.WriteAt(c.old[:n], c.off); err != nil {
				return err
			}
		}
	}
	for _, c := range changes {
		there := make([]byte, len(c.data))
		n, err := dst.ReadAt(there, c.off)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := dst.WriteAt(f.of(c.data, c.off, there[:n]), c.off); err != nil {
			return err
		}
	}
	for _, c := range lost {
		if _, err := dst.WriteAt(make([]byte, len(c.data)), c.off); err != nil {
			return err
		}
	}
	return nil
}

// copySparse copies the first size bytes and leaves holes where src has them.
func copySparse(dst, src *os.File, size int64) error {
	for off := int64(0); off < size; {
		begin, err := unix.Seek(int(src.Fd()), off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) || err == nil && begin >= size {
			break // a hole up to the end
		}
		if err != nil {
			return err
		}
		end, err := unix.Seek(int(src.Fd()), begin, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		end = min(end, size)
		if _, err := io.Copy(io.NewOffsetWriter(dst, begin), io.NewSectionReader(src, begin, end-begin)); err != nil {
			return err
		}
		off = end
	}
	if size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := src.ReadAt(last, size-1); err != nil {
		return err
	}
	_, err := dst.WriteAt(last, size-1)
	return err
}
