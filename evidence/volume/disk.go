package volume

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk is what a volume needs of a file system. Names are slash-separated and relative to the
// volume's folder. The host's is [OpenHostDisk]; tests use one that fails on command.
type Disk interface {
	// Mkdir makes one folder; the error of one that exists is fs.ErrExist.
	Mkdir(name string) error
	// Create makes a file that did not exist and opens it to append.
	Create(name string) (DiskFile, error)
	// SyncDir makes the names in a folder last.
	SyncDir(name string) error
	// SyncFile makes last what a file holds now, whoever wrote it. The file is opened for reading.
	SyncFile(name string) error
	// Lookup says what the path leads to now, from the root of the host.
	Lookup(name string) (Identity, error)
	// Usable reports, without touching the disk, why its mount cannot be written, nil if it can.
	Usable() error
	// Space says how much room there is.
	Space() (Space, error)
	// Files reads.
	Files() fs.FS
	// Close ends the use of the disk.
	Close() error
}

// DiskFile is a file that is being appended to.
type DiskFile interface {
	// Write is one call to the disk; it may take less than all of p.
	Write(p []byte) (int, error)
	// Start asks the disk to begin with what was written, without waiting for it.
	Start() error
	// Sync waits until everything that was written is on the disk.
	Sync() error
	// Identity says what the descriptor refers to.
	Identity() (Identity, error)
	Close() error
}

// Identity is what a path or a descriptor refers to.
type Identity struct{ Device, Inode uint64 }

// Space is the room of a file system in bytes.
type Space struct {
	Total, Free int64 // Free is what this process may still use
}

// hostDisk is a folder of the host. Everything but Lookup goes through its descriptor, so that
// nothing lands under a mount point whose disk has gone.
type hostDisk struct {
	root  *os.Root
	dir   string
	mount *mount
}

// OpenHostDisk returns the host's folder dir as a disk.
func OpenHostDisk(dir string) (Disk, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, err
	}
	m, err := findMount(real)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &hostDisk{root: root, dir: real, mount: m}, nil
}

func (d *hostDisk) Mkdir(name string) error { return d.root.Mkdir(filepath.FromSlash(name), 0o750) }

func (d *hostDisk) Create(name string) (DiskFile, error) {
	f, err := d.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o640)
	if err != nil {
		return nil, err
	}
	return &hostFile{f: f, fd: int(f.Fd())}, nil
}

func (d *hostDisk) SyncDir(name string) error { return d.sync(name) }

func (d *hostDisk) SyncFile(name string) error { return d.sync(name) }

func (d *hostDisk) sync(name string) (err error) {
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

func (d *hostDisk) Lookup(name string) (Identity, error) {
	var st unix.Stat_t
	path := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := unix.Lstat(path, &st); err != nil {
		return Identity{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return Identity{st.Dev, st.Ino}, nil
}

func (d *hostDisk) Usable() error { return d.mount.usable() }

func (d *hostDisk) Space() (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(d.dir, &st); err != nil {
		return Space{}, fmt.Errorf("statfs %s: %w", d.dir, err)
	}
	return Space{Total: int64(st.Blocks) * st.Bsize, Free: int64(st.Bavail) * st.Bsize}, nil
}

func (d *hostDisk) Files() fs.FS { return d.root.FS() }

func (d *hostDisk) Close() error { return d.root.Close() }

type hostFile struct {
	f  *os.File
	fd int // valid until f is closed
	// synced says that a full fsync was made: of a file that grows, only its length changes after.
	synced bool
}

// Write is the bare system call: os.File would hide a short write behind a second one.
func (h *hostFile) Write(p []byte) (int, error) {
	for {
		n, err := unix.Write(h.fd, p)
		if errors.Is(err, unix.EINTR) {
			continue // nothing was written
		}
		if err != nil {
			return max(n, 0), &fs.PathError{Op: "write", Path: h.f.Name(), Err: err}
		}
		return n, nil
	}
}

func (h *hostFile) Start() error {
	err := unix.SyncFileRange(h.fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ESPIPE) || errors.Is(err, unix.EINVAL) {
		return nil // this file system cannot; Sync does all of it
	}
	if err != nil {
		return &fs.PathError{Op: "sync_file_range", Path: h.f.Name(), Err: err}
	}
	return nil
}

func (h *hostFile) Sync() error {
	for {
		call, name := unix.Fdatasync, "fdatasync"
		if !h.synced {
			call, name = unix.Fsync, "fsync"
		}
		err := call(h.fd)
		if errors.Is(err, unix.EINTR) {
			continue // interrupted before it did anything; no failure was reported and forgotten
		}
		if err != nil {
			return &fs.PathError{Op: name, Path: h.f.Name(), Err: err}
		}
		h.synced = true
		return nil
	}
}

func (h *hostFile) Identity() (Identity, error) {
	var st unix.Stat_t
	if err := unix.Fstat(h.fd, &st); err != nil {
		return Identity{}, &fs.PathError{Op: "fstat", Path: h.f.Name(), Err: err}
	}
	return Identity{st.Dev, st.Ino}, nil
}

func (h *hostFile) Close() error { return h.f.Close() }
