package selftest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"

	"golang.org/x/sys/unix"

	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
)

// errUnnamed: the file system knows no files without a name.
var errUnnamed = errors.New("the file system takes no file without a name (O_TMPFILE)")

// unnamed is a volume's disk whose files never have a name. What is written goes the whole way to the
// disk and can be read back from there; when the test ends nothing is left that somebody could find,
// or would have to delete. Everything but files is the folder's own.
type unnamed struct {
	volume.Disk
	folder *os.File

	mu    sync.Mutex
	files map[string]*unnamedFile
	names []string // in the order in which they were made
	dirs  map[string]bool
}

func openUnnamed(dir string) (*unnamed, error) {
	host, err := volume.OpenHostDisk(dir)
	if err != nil {
		return nil, err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	return &unnamed{Disk: host, folder: folder, files: make(map[string]*unnamedFile), dirs: make(map[string]bool)}, nil
}

// Mkdir makes no folder: the names in it exist here alone.
func (d *unnamed) Mkdir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dirs[name] {
		return fs.ErrExist
	}
	d.dirs[name] = true
	return nil
}

// Create opens a file that has no name and can get none (O_EXCL).
func (d *unnamed) Create(name string) (volume.DiskFile, error) {
	fd, err := unix.Openat(int(d.folder.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) {
		err = errUnnamed
	}
	if err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	f := &unnamedFile{f: os.NewFile(uintptr(fd), name), sum: sha256.New()}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] != nil {
		return nil, errors.Join(fs.ErrExist, f.f.Close())
	}
	d.files[name] = f
	d.names = append(d.names, name)
	return f, nil
}

// SyncDir syncs the folder itself: the others have no names on the disk.
func (d *unnamed) SyncDir(string) error { return d.folder.Sync() }

// Lookup says what a name leads to: the folder on the host, or one of the files here.
func (d *unnamed) Lookup(name string) (volume.Identity, error) {
	d.mu.Lock()
	f := d.files[name]
	d.mu.Unlock()
	if f != nil {
		return f.Identity()
	}
	return d.Disk.Lookup(name)
}

// Files reads the folder's marker and the files here.
func (d *unnamed) Files() fs.FS { return unnamedFS{d} }

// Close keeps everything open until release.
func (d *unnamed) Close() error { return nil }

// release gives the files back to the file system, whose room they took.
func (d *unnamed) release() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	errs := []error{d.folder.Close(), d.Disk.Close()}
	for _, f := range d.files {
		errs = append(errs, f.f.Close())
	}
	return errors.Join(errs...)
}

type unnamedFS struct{ d *unnamed }

// Open opens the marker alone: whoever records reads back nothing else.
func (u unnamedFS) Open(name string) (fs.File, error) {
	if path.Clean(name) == volume.MarkerName {
		return u.d.Disk.Files().Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// unnamedFile is a file without a name, and what was given to it.
type unnamedFile struct {
	f    *os.File
	size int64
	sum  hash.Hash
}

// Write is one call to the disk.
func (f *unnamedFile) Write(p []byte) (int, error) {
	for {
		n, err := unix.Write(int(f.f.Fd()), p)
		if errors.Is(err, unix.EINTR) {
			continue // nothing was written
		}
		n = max(n, 0)
		f.size += int64(n)
		f.sum.Write(p[:n])
		return n, err
	}
}

func (f *unnamedFile) Start() error { return nil }

func (f *unnamedFile) Sync() error { return f.f.Sync() }

func (f *unnamedFile) Identity() (volume.Identity, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.f.Fd()), &st); err != nil {
		return volume.Identity{}, err
	}
	return volume.Identity{Device: st.Dev, Inode: st.Ino}, nil
}

// Close leaves the file open: it is still to be read, and would be gone.
func (f *unnamedFile) Close() error { return nil }

// fresh reads the whole file past what the kernel keeps of it, and returns its hash if it is what was
// written.
func (f *unnamedFile) fresh() (sum seal.Hash, err error) {
	if err := unix.Fadvise(int(f.f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return sum, fmt.Errorf("read back: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(f.f, 0, f.size+1))
	if err != nil {
		return sum, fmt.Errorf("read back: %w", err)
	}
	h.Sum(sum[:0])
	if n != f.size || !bytes.Equal(sum[:], f.sum.Sum(nil)) {
		return sum, fmt.Errorf("read back: %w", volume.ErrMismatch)
	}
	return sum, nil
}

// whole reads the file from its beginning.
func (f *unnamedFile) whole() *io.SectionReader { return io.NewSectionReader(f.f, 0, f.size) }
