// Package volumetest offers disks for tests: one in memory that fails on command and that forgets,
// at a crash, what was not synced.
package volumetest

import (
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/volume"
)

// Call names a kind of call to a disk.
type Call string

// The calls that can be made to fail.
const (
	Write   Call = "write"
	Sync    Call = "sync"
	SyncDir Call = "syncdir"
	Create  Call = "create"
	Mkdir   Call = "mkdir"
	Close   Call = "close"
	Lookup  Call = "lookup"
)

// Fault is what happens to calls of one kind.
type Fault struct {
	Err   error         // returned, nothing is done; a failed sync also loses what it was to save
	Delay time.Duration // passes first
	Hang  bool          // the call never returns; see [Disk.Release]
	Short int           // a write takes only so many bytes and reports success
	// Corrupt writes other bytes than it is given and reports success.
	Corrupt bool
	// After lets so many bytes be written to the disk first.
	After int64
	// Once ends the fault after its first effect.
	Once bool
}

// Disk is a disk in memory. It keeps apart what was written and what would survive a power cut.
type Disk struct {
	mu       sync.Mutex
	files    map[string]*file
	dirs     map[string]*folder
	faults   map[Call]Fault
	written  int64
	capacity int64 // 0: without limit
	moved    bool
	usable   error
	calls    []string
	hung     chan struct{}
	syncs    int
	inode    uint64
	spoiled  map[string]span
}

type folder struct {
	inode   uint64
	durable map[string]bool // names that a folder sync has made last
}

type file struct {
	disk   *Disk
	name   string
	inode  uint64
	data   []byte
	synced int // bytes that would survive
	lost   bool
	closed bool
}

// New returns an empty disk that is marked as the volume id.
func New(t testing.TB, id string) *Disk {
	t.Helper()
	d := &Disk{
		files:  map[string]*file{},
		dirs:   map[string]*folder{".": {inode: 1, durable: map[string]bool{}}},
		faults: map[Call]Fault{},
		hung:   make(chan struct{}),
		inode:  1,
	}
	b, err := json.Marshal(map[string]any{"format": "roomrec-volume/1", "id": id, "created": "2026-11-22T06:00:00.000000000Z"})
	require.NoError(t, err)
	d.files[volume.MarkerName] = &file{disk: d, name: volume.MarkerName, inode: d.next(), data: b, synced: len(b)}
	d.dirs["."].durable[volume.MarkerName] = true
	return d
}

func (d *Disk) next() uint64 {
	d.inode++
	return d.inode
}

// Fail makes calls of one kind fail from now on; the zero Fault ends that.
func (d *Disk) Fail(c Call, f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f == (Fault{}) {
		delete(d.faults, c)
		return
	}
	f.After += d.written
	d.faults[c] = f
}

// Release lets every call that hangs return, with an error.
func (d *Disk) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.hung)
	d.hung = make(chan struct{})
}

// SetCapacity makes the disk full at that many written bytes.
func (d *Disk) SetCapacity(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Move makes the volume's path lead elsewhere, as a lazy unmount does: no call on open files fails.
func (d *Disk) Move() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moved = true
}

// Mend ends every fault: calls that hang return with an error, the path leads to the disk again, there
// is room. What it holds stays as it is.
func (d *Disk) Mend() {
	d.mu.Lock()
	d.faults, d.moved, d.usable, d.capacity = map[Call]Fault{}, false, nil, 0
	d.mu.Unlock()
	d.Release()
}

// SetUsable sets what the table of mounts says.
func (d *Disk) SetUsable(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.usable = err
}

// Calls returns the calls so far that changed or synced something, as "sync a/b.mp4".
func (d *Disk) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.calls)
}

// Syncs returns how many file syncs there were.
func (d *Disk) Syncs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

// Crash returns the disk as it might be found after a power cut now: everything that was synced, and
// of the rest what r chooses, torn at any byte or replaced by zeros. With a nil r nothing more.
func (d *Disk) Crash(r *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := &Disk{files: map[string]*file{}, dirs: map[string]*folder{}, faults: map[Call]Fault{}, hung: make(chan struct{}), inode: d.inode, capacity: d.capacity}
	lasts := func(name string) bool {
		for name != "." {
			parent := path.Dir(name)
			if f, ok := d.dirs[parent]; !ok || !f.durable[path.Base(name)] {
				return r != nil && r.IntN(2) == 0 && parent == "." // a name may have got through by luck
			}
			name = parent
		}
		return true
	}
	for _, name := range slices.Sorted(maps.Keys(d.dirs)) {
		if lasts(name) {
			n.dirs[name] = &folder{inode: d.dirs[name].inode, durable: map[string]bool{}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[name]
		if _, ok := n.dirs[path.Dir(name)]; !ok || !lasts(name) {
			continue
		}
		keep := slices.Clone(f.data[:f.synced])
		if rest := f.data[f.synced:]; r != nil && len(rest) > 0 {
			part := slices.Clone(rest[:r.IntN(len(rest)+1)])
			if r.IntN(3) == 0 {
				clear(part[r.IntN(len(part)+1):])
			}
			keep = append(keep, part...)
		}
		n.files[name] = &file{disk: n, name: name, inode: f.inode, data: keep, synced: len(keep)}
	}
	for name := range n.dirs {
		if name != "." {
			if p, ok := n.dirs[path.Dir(name)]; ok {
				p.durable[path.Base(name)] = true
			}
		}
	}
	for name := range n.files {
		n.dirs[path.Dir(name)].durable[path.Base(name)] = true
	}
	return n
}

// Zero replaces n bytes of a file from offset on by zeros, as a disk that lost them does.
func (d *Disk) Zero(name string, offset, n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.files[name].data[offset : offset+n])
}

// Again returns the same disk for another program: what was written is there, faults are not.
func (d *Disk) Again() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := &Disk{files: map[string]*file{}, dirs: map[string]*folder{}, faults: map[Call]Fault{}, hung: make(chan struct{}), inode: d.inode, capacity: d.capacity}
	for name, f := range d.dirs {
		n.dirs[name] = &folder{inode: f.inode, durable: maps.Clone(f.durable)}
	}
	for name, f := range d.files {
		n.files[name] = &file{disk: n, name: name, inode: f.inode, data: slices.Clone(f.data), synced: f.synced}
	}
	return n
}

// meet lets the fault of a call take effect. It reports the fault's error; for writes also how many
// bytes of n are taken although the call succeeds.
func (d *Disk) meet(c Call, what string, n int) (take int, err error) {
	d.mu.Lock()
	f, ok := d.faults[c]
	if ok && c == Write && d.written+int64(n) <= f.After || ok && c != Write && d.written < f.After {
		ok = false
	}
	if ok && f.Once {
		delete(d.faults, c)
	}
	hung := d.hung
	d.calls = append(d.calls, strings.TrimSpace(string(c)+" "+what))
	d.mu.Unlock()
	if !ok {
		return n, nil
	}
	if f.Delay > 0 {
		<-time.After(f.Delay)
	}
	if f.Hang {
		<-hung
		return 0, syscall.EIO
	}
	if f.Err != nil {
		return 0, f.Err
	}
	if f.Short > 0 && f.Short < n {
		return f.Short, nil
	}
	return n, nil
}

// Mkdir implements [volume.Disk].
func (d *Disk) Mkdir(name string) error {
	if _, err := d.meet(Mkdir, name, 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.dirs[name]; ok {
		return fs.ErrExist
	}
	if _, ok := d.dirs[path.Dir(name)]; !ok {
		return fs.ErrNotExist
	}
	d.dirs[name] = &folder{inode: d.next(), durable: map[string]bool{}}
	return nil
}

// Create implements [volume.Disk].
func (d *Disk) Create(name string) (volume.DiskFile, error) {
	if _, err := d.meet(Create, name, 0); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.files[name]; ok {
		return nil, fs.ErrExist
	}
	if _, ok := d.dirs[path.Dir(name)]; !ok {
		return nil, fs.ErrNotExist
	}
	f := &file{disk: d, name: name, inode: d.next()}
	d.files[name] = f
	return f, nil
}

// SyncFile implements [volume.Disk]. It meets the faults of a sync.
func (d *Disk) SyncFile(name string) error {
	if _, err := d.meet(Sync, name, 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.files[name]
	if !ok {
		return fs.ErrNotExist
	}
	f.synced = len(f.data)
	return nil
}

// SyncDir implements [volume.Disk].
func (d *Disk) SyncDir(name string) error {
	if _, err := d.meet(SyncDir, name, 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, ok := d.dirs[name]
	if !ok {
		return fs.ErrNotExist
	}
	for n := range d.files {
		if path.Dir(n) == name {
			dir.durable[path.Base(n)] = true
		}
	}
	for n := range d.dirs {
		if n != "." && path.Dir(n) == name {
			dir.durable[path.Base(n)] = true
		}
	}
	return nil
}

// Lookup implements [volume.Disk].
func (d *Disk) Lookup(name string) (volume.Identity, error) {
	if _, err := d.meet(Lookup, name, 0); err != nil {
		return volume.Identity{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := volume.Identity{Device: 7}
	if d.moved {
		id.Device = 8
	}
	if f, ok := d.files[name]; ok {
		id.Inode = f.inode
		return id, nil
	}
	if f, ok := d.dirs[name]; ok {
		id.Inode = f.inode
		return id, nil
	}
	return id, fs.ErrNotExist
}

// Usable implements [volume.Disk].
func (d *Disk) Usable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.usable
}

// Space implements [volume.Disk].
func (d *Disk) Space() (volume.Space, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	total := d.capacity
	if total == 0 {
		total = 1 << 40
	}
	return volume.Space{Total: total, Free: total - d.written}, nil
}

// Files implements [volume.Disk].
func (d *Disk) Files() fs.FS {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := fstest.MapFS{}
	for name, f := range d.files {
		m[name] = &fstest.MapFile{Data: slices.Clone(f.data), Mode: 0o640}
	}
	for name := range d.dirs {
		if name != "." {
			m[name] = &fstest.MapFile{Mode: fs.ModeDir | 0o750}
		}
	}
	if len(d.spoiled) > 0 {
		return spoiledFS{m, maps.Clone(d.spoiled)}
	}
	return m
}

// Close implements [volume.Disk].
func (d *Disk) Close() error { return nil }

// Write implements [volume.DiskFile].
func (f *file) Write(p []byte) (int, error) {
	take, err := f.disk.meet(Write, f.name, len(p))
	if err != nil {
		return 0, err
	}
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	if d.capacity > 0 {
		if room := d.capacity - d.written; room <= 0 && take > 0 {
			return 0, syscall.ENOSPC
		} else if int64(take) > room {
			take = int(room)
		}
	}
	f.data = append(f.data, p[:take]...)
	if d.faults[Write].Corrupt && take > 0 {
		f.data[len(f.data)-take/2-1] ^= 1
	}
	d.written += int64(take)
	return take, nil
}

// Start implements [volume.DiskFile].
func (f *file) Start() error { return nil }

// Sync implements [volume.DiskFile]. After a failure what was to be synced is lost, and the next
// sync reports success all the same, as Linux does.
func (f *file) Sync() error {
	_, err := f.disk.meet(Sync, f.name, 0)
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		clear(f.data[f.synced:])
		f.lost = true
		return err
	}
	d.syncs++
	if !f.lost {
		f.synced = len(f.data)
	}
	return nil
}

// Identity implements [volume.DiskFile].
func (f *file) Identity() (volume.Identity, error) {
	return volume.Identity{Device: 7, Inode: f.inode}, nil
}

// Close implements [volume.DiskFile].
func (f *file) Close() error {
	f.closed = true
	_, err := f.disk.meet(Close, f.name, 0)
	return err
}

// ReadFresh reads what is on the disk.
func (d *Disk) ReadFresh(name string, offset int64, p []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.files[name]
	if !ok {
		return fs.ErrNotExist
	}
	if bad, ok := d.spoiled[name]; ok && bad.meets(offset, int64(len(p))) {
		return syscall.EIO
	}
	if offset+int64(len(p)) > int64(len(f.data)) {
		return io.ErrUnexpectedEOF
	}
	copy(p, f.data[offset:])
	return nil
}

// Flip changes a bit of a byte of a file, as a hand or a failing disk does.
func (d *Disk) Flip(name string, offset int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[name].data[offset] ^= 1
}

// Remove takes a file away, as a disk does that has not got its name when the power goes.
func (d *Disk) Remove(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	delete(d.dirs[path.Dir(name)].durable, path.Base(name))
}

// Put makes a file that is on the disk, as something else than a volume's writer makes one.
func (d *Disk) Put(name string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir := path.Dir(name)
	if d.dirs[dir] == nil {
		d.dirs[dir] = &folder{inode: d.next(), durable: map[string]bool{}}
		d.dirs[path.Dir(dir)].durable[path.Base(dir)] = true
	}
	d.files[name] = &file{disk: d, name: name, inode: d.next(), data: slices.Clone(b), synced: len(b)}
	d.dirs[dir].durable[path.Base(name)] = true
}

// Mark gives the disk the id of another volume.
func (d *Disk) Mark(t testing.TB, id string) {
	t.Helper()
	marked := New(t, id).files[volume.MarkerName]
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[volume.MarkerName].data = marked.data
}
