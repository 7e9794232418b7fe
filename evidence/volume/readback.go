package volume

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrMismatch: the disk returns other bytes than were written. No file of it can be trusted; it does
// not return by itself.
var ErrMismatch = errors.New("the disk returns other bytes than were written")

// freshDisk is a disk that can be read past what the host keeps in memory of it.
type freshDisk interface {
	// ReadFresh reads len(p) bytes of the file from offset on.
	ReadFresh(name string, offset int64, p []byte) error
}

// readBack is a piece of a file that is to be read from the disk.
type readBack struct {
	name   string
	offset int64
	size   int
	same   func([]byte) bool
}

// ReadBack lets size acknowledged bytes of a file be read from the disk, past the page cache, some time
// soon, and hands them to same. If that is false, or they cannot be read, the volume leaves. It never
// waits: while another piece is being read, or the disk cannot be read that way, nothing is done and
// false is returned.
func (v *Volume) ReadBack(name string, offset int64, size int, same func([]byte) bool) bool {
	if _, ok := v.disk.(freshDisk); !ok {
		return false
	}
	select {
	case v.reads <- readBack{name, offset, size, same}:
		return true
	default:
		return false
	}
}

// reader reads back what it is asked for until ctx ends. It is apart from the writer, so that reading
// delays no write; a disk that hangs holds it up, which the writer's own calls show.
func (v *Volume) reader(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.left:
			return
		case r := <-v.reads:
			err := v.compare(r)
			v.metrics.readBack(err)
			if err != nil {
				v.leave(err)
				return
			}
		}
	}
}

func (v *Volume) compare(r readBack) error {
	disk, ok := v.disk.(freshDisk)
	if !ok {
		return nil
	}
	b := make([]byte, r.size)
	if err := disk.ReadFresh(r.name, r.offset, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: it is shorter", ErrMismatch)
		}
		return fmt.Errorf("read back %s: %w", r.name, err)
	}
	if !r.same(b) {
		return fmt.Errorf("read back %s: %w: %d bytes at %d", r.name, ErrMismatch, r.size, r.offset)
	}
	return nil
}

// ReadFresh lets the kernel forget what it keeps of the file, what is not yet on the disk aside, and
// reads.
func (d *hostDisk) ReadFresh(name string, offset int64, p []byte) (err error) {
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return &os.PathError{Op: "fadvise", Path: f.Name(), Err: err}
	}
	_, err = f.ReadAt(p, offset)
	return err
}
