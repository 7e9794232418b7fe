package volume

import (
	"fmt"
	"path"
	"strings"

	"roomrec/clock"
)

// Receipt is what becomes of a write.
type Receipt struct {
	Volume string // id
	File   string // path under the volume's folder
	End    int64  // the file's whole length that is now acknowledged
	At     clock.Stamp
	// Err says that the bytes are not known to be on the disk. The volume has left, or will in this
	// moment; [Volume.Notify] says why.
	Err error
}

// Write is a piece of bytes for one volume.
type Write struct {
	// Data must not change until Release is called.
	Data []byte
	// Done, if not nil, is called exactly once with the receipt, in the order of the writes, from
	// any goroutine and perhaps before the method that was given the write returns. It must not
	// wait for anything, nor call the volume.
	Done func(Receipt)
	// Release, if not nil, is called once when the volume will not touch Data again: never, if the
	// disk hangs while it holds it.
	Release func()
}

// File is a file that this volume created and appends to.
type File struct {
	v    *Volume
	name string

	// Of the writer's goroutine alone.
	d   DiskFile
	id  Identity
	end int64
}

type jobKind uint8

const (
	jobCreate jobKind = iota
	jobAppend
	jobClose
)

type job struct {
	kind   jobKind
	file   *File
	write  Write
	queued clock.Mono
	end    int64 // of the file after this job; the writer's alone
}

func (j *job) finish(r Receipt) {
	if j.write.Done != nil {
		j.write.Done(r)
	}
}

func (j *job) release() {
	if j.write.Release != nil {
		j.write.Release()
		j.write.Release = nil
	}
}

// Name returns the file's path under the volume's folder.
func (f *File) Name() string { return f.name }

// Create makes the file name, a clean slash-separated path under the volume's folder, and the
// folders that it needs, and writes the first bytes. A file that exists is a failure of the volume:
// someone else writes there.
func (v *Volume) Create(name string, w Write) *File {
	f := &File{v: v, name: name}
	v.submit(&job{kind: jobCreate, file: f, write: w})
	return f
}

// Append writes more bytes to the end of f.
func (f *File) Append(w Write) { f.v.submit(&job{kind: jobAppend, file: f, write: w}) }

// Close gives the descriptor back after everything that was written before. A failure to close is a
// failure of the volume.
func (f *File) Close() { f.v.submit(&job{kind: jobClose, file: f}) }

func validName(name string) error {
	if name == "" || path.Clean(name) != name || path.IsAbs(name) || name == "." || name == ".." || strings.HasPrefix(name, "../") ||
		strings.ContainsAny(name, "\x00\\") {
		return fmt.Errorf("file %q: not a path inside a volume", name)
	}
	return nil
}

// submit queues j. It never waits; a queue that is full makes the volume leave.
func (v *Volume) submit(j *job) {
	j.queued = v.clock.Now().Mono
	v.mu.Lock()
	err := v.fault
	switch {
	case err != nil:
	case v.closing:
		err = fmt.Errorf("volume %s: %w", v.id, ErrStopped)
	case v.bytes+int64(len(j.write.Data)) > v.limits.QueueBytes:
		err = fmt.Errorf("%w: %d bytes wait to be written", ErrBacklog, v.bytes)
		v.mu.Unlock()
		v.leave(err)
		v.mu.Lock()
		err = v.fault
	default:
		v.queue = append(v.queue, j)
		v.bytes += int64(len(j.write.Data))
		v.metrics.waiting(v.bytes)
		select {
		case v.wake <- struct{}{}:
		default:
		}
	}
	v.mu.Unlock()
	if err != nil {
		j.release()
		j.finish(Receipt{Volume: v.id, File: j.file.name, At: v.clock.Now(), Err: err})
	}
}
