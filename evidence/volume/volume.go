// Package volume owns the way of bytes to one disk: a folder that was marked for evidence, the one
// goroutine that writes there, and what is known of the disk's health.
//
// # Promise
//
// A [Receipt] without an error says: the first End bytes of File are on the disk and would be found
// there under that name after a power cut. It is handed out only after, in this order:
//
//  1. The folder is still the one that was opened: its path leads to the same device and inode, and
//     its mount is there and writable.
//  2. Missing folders are made, and the file is created exclusively.
//  3. All bytes are written by one write each, to the end of the file. A short write is a failure.
//  4. Every file that was written is synced.
//  5. Every folder in which a name appeared is synced, the innermost first.
//  6. Each written file's path still leads to the device and inode of its descriptor.
//
// The steps are taken for a group of jobs at a time: whatever was queued while the group before was
// being synced (group commit).
//
// After any failure what the disk holds is unknown: nothing is tried again, the volume leaves for
// good, says so to whoever listens, and every job that was not yet acknowledged gets its receipt
// with an error. A call that does not return cannot be ended; a second goroutine watches, so that a
// hung disk delays nothing but itself. There is no way here to remove, rename, cut or rewrite a
// file. The design page is docs/design/evidence.md.
package volume

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"roomrec/clock"
)

// MarkerName is the name of the file that marks a folder as a volume.
const MarkerName = "roomrec-volume.json"

const markerFormat = "roomrec-volume/1"

// Errors that a volume's fault can wrap.
var (
	// ErrUnmarked: the folder is no volume. Mount the disk, or mark a new one with
	// "roomrec volume init".
	ErrUnmarked = errors.New("folder is not marked as a volume")
	// ErrMoved: the path leads elsewhere than when the volume was opened: it was unmounted, moved,
	// deleted or mounted over.
	ErrMoved = errors.New("the path no longer leads to this volume")
	// ErrReadOnly: the file system has become read-only.
	ErrReadOnly = errors.New("file system is read-only")
	// ErrHung: a call to the disk did not return in time.
	ErrHung = errors.New("the disk does not answer")
	// ErrBacklog: the disk is too slow for what has to be written.
	ErrBacklog = errors.New("the disk is too slow")
	// ErrShortWrite: the disk took only a part of what was written.
	ErrShortWrite = errors.New("short write")
	// ErrStopped: the volume's writer has ended.
	ErrStopped = errors.New("volume is closed")
)

// Limits say when a disk is too slow. Zero fields mean the default.
type Limits struct {
	Slow    time.Duration // a call outstanding so long is an alarm; default 2 s
	Hung    time.Duration // a call outstanding so long makes the volume leave; default 5 s
	Backlog time.Duration // so does a job that waited so long for its receipt; default 8 s
	// QueueBytes bounds what waits or is being written; more makes the volume leave. Default 256
	// MiB, 8 s of 64 cameras of 4 Mbit/s.
	QueueBytes int64
	// Watch is how often the watchdog looks, the error of what is above; default 100 ms.
	Watch time.Duration
}

func (l Limits) withDefaults() Limits {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&l.Slow, 2*time.Second)
	set(&l.Hung, 5*time.Second)
	set(&l.Backlog, 8*time.Second)
	set(&l.Watch, 100*time.Millisecond)
	if l.QueueBytes == 0 {
		l.QueueBytes = 256 << 20
	}
	return l
}

// Options of a volume.
type Options struct {
	Clock   clock.Source // required
	Limits  Limits
	Metrics *Metrics // nil: not measured
	// Disk takes the place of the host's file system in tests; nil is the host's.
	Disk Disk
}

// Volume is a marked folder and its writer. All methods may be called from any goroutine.
type Volume struct {
	id      string
	dir     string
	clock   clock.Source
	limits  Limits
	disk    Disk
	root    Identity
	metrics *volumeMetrics

	// Since when the writer's current disk call is outstanding, as a monotonic instant; 0: none.
	// The writer sets it, the watchdog reads it.
	call atomic.Int64

	reads chan readBack // capacity 1: one piece waits at most

	mu        sync.Mutex
	queue     []*job        // waiting, oldest first
	group     []*job        // being written
	bytes     int64         // of queue and group together
	wake      chan struct{} // capacity 1: one pending wake-up is enough
	fault     error         // why it left; nil while it is in use
	faultAt   clock.Stamp
	closing   bool
	listeners map[int]func(Event)
	nextID    int
	slow      bool        // an alarm for the outstanding call was raised
	calling   clock.Vigil // for how long the outstanding call has been watched
	waiting   clock.Vigil // for how long the oldest write has
	stats     Stats
	left      chan struct{} // closed on leaving
}

type marker struct {
	Format  string     `json:"format"`
	ID      string     `json:"id"`
	Created clock.Wall `json:"created"`
}

// Init marks the existing folder dir as a volume and returns its id. A folder that is marked already
// keeps its id.
func Init(dir string, now clock.Source) (id string, err error) {
	m, err := readMarker(os.DirFS(dir))
	if err == nil {
		return m.ID, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("volume %s: %w", dir, err)
	}
	disk, err := OpenHostDisk(dir)
	if err != nil {
		return "", fmt.Errorf("volume %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	m = marker{Format: markerFormat, ID: newID(), Created: now.Now().Wall}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("volume %s: %w", dir, err)
	}
	if err := writeWhole(disk, MarkerName, append(b, '\n')); err != nil {
		return "", fmt.Errorf("volume %s: mark: %w", dir, err)
	}
	return m.ID, nil
}

// writeWhole creates a file with all of its bytes and makes it last.
func writeWhole(disk Disk, name string, b []byte) (err error) {
	f, err := disk.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := f.Write(b)
	if err != nil {
		return err
	}
	if n != len(b) {
		return ErrShortWrite
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return disk.SyncDir(".")
}

func newID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	b := make([]byte, 12)
	// crypto/rand.Read never fails; it ends the program instead.
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

func readMarker(files fs.FS) (m marker, err error) {
	f, err := files.Open(MarkerName)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil || m.ID == "" {
		return m, fmt.Errorf("%s is damaged", MarkerName)
	}
	if m.Format != markerFormat {
		return m, fmt.Errorf("%s has the format %q, this program knows %q", MarkerName, m.Format, markerFormat)
	}
	return m, nil
}

// IDOf returns the id that the folder dir is marked with.
func IDOf(dir string) (string, error) {
	m, err := readMarker(os.DirFS(dir))
	if err != nil {
		return "", fmt.Errorf("volume %s: %w", dir, err)
	}
	return m.ID, nil
}

// Open opens the marked folder dir. An unmarked one is refused with [ErrUnmarked]: where a mount is
// missing, nothing must be written under its mount point. Nothing is written before Run.
func Open(dir string, o Options) (*Volume, error) {
	if o.Clock == nil {
		return nil, errors.New("volume: no clock")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("volume %s: %w", dir, err)
	}
	disk := o.Disk
	if disk == nil {
		if disk, err = OpenHostDisk(abs); err != nil {
			return nil, fmt.Errorf("volume %s: %w", dir, err)
		}
	}
	v, err := open(abs, disk, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("volume %s: %w", dir, err), disk.Close())
	}
	return v, nil
}

func open(dir string, disk Disk, o Options) (*Volume, error) {
	m, err := readMarker(disk.Files())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(`%w: is its disk mounted? To use a new folder run: roomrec volume init %s`, ErrUnmarked, dir)
	}
	if err != nil {
		return nil, err
	}
	root, err := disk.Lookup(".")
	if err != nil {
		return nil, err
	}
	if err := disk.Usable(); err != nil {
		return nil, err
	}
	limits := o.Limits.withDefaults()
	return &Volume{
		id: m.ID, dir: dir, clock: o.Clock, limits: limits, disk: disk, root: root,
		metrics:   o.Metrics.of(m.ID),
		wake:      make(chan struct{}, 1),
		reads:     make(chan readBack, 1),
		listeners: make(map[int]func(Event)),
		calling:   clock.Vigil{Step: limits.late()},
		waiting:   clock.Vigil{Step: limits.late()},
		left:      make(chan struct{}),
	}, nil
}

// ID returns the id that the folder was marked with.
func (v *Volume) ID() string { return v.id }

// Dir returns the folder's absolute path.
func (v *Volume) Dir() string { return v.dir }

// Files returns the volume's files for reading. Reading a hung disk hangs.
func (v *Volume) Files() fs.FS { return v.disk.Files() }

// Settle makes last what the files hold that a program before this one wrote, with the names that lead to
// them: what is read of such a file may have been written and never synced. A disk that fails at it leaves,
// as for any other call, and so does one that hangs.
func (v *Volume) Settle(names []string) error {
	dirs := map[string]bool{".": true}
	for _, n := range names {
		if err := v.within(func() error { return v.disk.SyncFile(n) }); err != nil {
			v.leave(fmt.Errorf("sync %s: %w", n, err))
			return v.Fault()
		}
		for d := path.Dir(n); d != "."; d = path.Dir(d) {
			dirs[d] = true
		}
	}
	for _, d := range slices.Sorted(maps.Keys(dirs)) {
		if err := v.within(func() error { return v.disk.SyncDir(d) }); err != nil {
			v.leave(fmt.Errorf("sync folder %s: %w", d, err))
			return v.Fault()
		}
	}
	return nil
}

// within returns the call's error, or that the disk hangs, whose goroutine it then leaves to its fate.
func (v *Volume) within(call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(v.limits.Hung):
		return fmt.Errorf("%w: no answer for %v", ErrHung, v.limits.Hung)
	}
}

// Space returns how much room the volume's file system has. Asking a hung disk hangs.
func (v *Volume) Space() (Space, error) {
	s, err := v.disk.Space()
	if err != nil {
		return s, fmt.Errorf("volume %s: space: %w", v.id, err)
	}
	return s, nil
}

// Fault returns why the volume left, nil while it is in use.
func (v *Volume) Fault() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fault
}

// Left is closed when the volume has left for good.
func (v *Volume) Left() <-chan struct{} { return v.left }

// Stats are a volume's numbers since it was opened.
type Stats struct {
	Bytes     int64         // acknowledged
	Receipts  int64         // without an error
	Groups    int64         // of jobs that were synced together
	Queued    int           // jobs without a receipt
	QueuedLen int64         // their bytes
	LastSync  time.Duration // how long the last group took from its first write to its receipts
	WorstSync time.Duration
	Calling   time.Duration // since when the disk has not answered, 0 if nothing is outstanding
}

// Stats returns the volume's numbers.
func (v *Volume) Stats() Stats {
	now := v.clock.Now().Mono
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.stats
	s.Queued, s.QueuedLen = len(v.queue)+len(v.group), v.bytes
	if since := v.call.Load(); since != 0 {
		s.Calling = now.Sub(clock.Mono(since))
	}
	return s
}

// EventKind says what an event tells.
type EventKind uint8

// The kinds of events.
const (
	EventSlow   EventKind = iota + 1 // a call has been outstanding for Limits.Slow
	EventNormal                      // that call has returned after all
	EventLeft                        // the volume left for good
)

// Event is something that happened to a volume.
type Event struct {
	Volume string
	Kind   EventKind
	Err    error // why it left; wraps one of this package's errors or the disk's
	At     clock.Stamp
}

// Notify calls fn for every event from now on, until cancel is called. If the volume has left
// already, fn is called with that at once. fn must not wait for anything, nor call this volume.
func (v *Volume) Notify(fn func(Event)) (cancel func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := v.nextID
	v.nextID++
	v.listeners[id] = fn
	if v.fault != nil {
		fn(Event{v.id, EventLeft, v.fault, v.faultAt})
	}
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.listeners, id)
	}
}

// tell calls the listeners; v.mu is held, so that events keep their order.
func (v *Volume) tell(e Event) {
	for _, fn := range v.listeners {
		fn(e)
	}
}
