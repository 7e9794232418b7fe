package faultdisk

import (
	"path"
	"sync"
	"syscall"
	"time"

	"roomrec/clock"
)

// Call names a kind of call to the disk.
type Call string

// The calls that can be made to fail. A loop device makes writes, reads and syncs only.
const (
	Write   Call = "write"
	Sync    Call = "sync" // fsync and fdatasync of a file; a loop device's FLUSH
	SyncDir Call = "syncdir"
	Create  Call = "create"
	Mkdir   Call = "mkdir"
	Read    Call = "read"
)

// Fault is what happens to calls of one kind. The zero value is no fault.
type Fault struct {
	Call  Call
	Name  string        // pattern (path.Match) of the file's last name; empty: every file
	Err   syscall.Errno // returned, nothing is done; a failed sync loses what it was to save, as Linux does
	Delay time.Duration // passes first
	Hang  bool          // no answer until Release
	Short int           // a write takes only so many bytes and reports that
	// Corrupt changes one bit of what is written, or read, and reports success.
	Corrupt bool
	After   int64 // bytes that are written to the whole disk first
	Once    bool  // ends after its first effect
}

// Hit says when a fault took effect.
type Hit struct {
	Calls int
	// First is when the first call was answered with the fault's error (or began to wait); zero if
	// none was.
	First clock.Wall
}

// maxCalls bounds how many calls are remembered, the last ones.
const maxCalls = 1 << 14

// faults is what is to happen, and what has. Safe for concurrent use.
type faults struct {
	clk clock.Source

	mu       sync.Mutex
	all      map[Call]Fault
	hits     map[Call]Hit
	calls    []string
	written  int64
	readOnly bool
	hung     chan struct{} // closed by release
	hanging  int
}

func newFaults() *faults {
	return &faults{clk: clock.NewSystem(), all: make(map[Call]Fault), hits: make(map[Call]Hit), hung: make(chan struct{})}
}

func (f *faults) fail(one Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.After += f.written
	f.all[one.Call] = one
	delete(f.hits, one.Call)
}

func (f *faults) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.all)
	f.readOnly = false
	close(f.hung)
	f.hung = make(chan struct{})
}

// effect is what a call has to do after meet.
type effect struct {
	err     syscall.Errno
	take    int // bytes of a write
	corrupt bool
}

// meet lets the fault of a call of n bytes take effect.
func (f *faults) meet(c Call, name string, n int) effect {
	f.mu.Lock()
	f.note(string(c) + " " + name)
	if f.readOnly && c != Read && c != Sync && c != SyncDir {
		f.hit(c)
		f.mu.Unlock()
		return effect{err: syscall.EROFS}
	}
	one, ok := f.all[c]
	if ok && one.Name != "" {
		ok, _ = path.Match(one.Name, path.Base(name)) // a bad pattern matches nothing
	}
	if ok && (c == Write && f.written+int64(n) <= one.After || c != Write && f.written < one.After) {
		ok = false
	}
	if ok && one.Once {
		delete(f.all, c)
	}
	hung := f.hung
	if ok && one.Hang {
		f.hit(c)
		f.hanging++
	}
	f.mu.Unlock()
	if !ok {
		return effect{take: n}
	}
	if one.Delay > 0 {
		<-time.After(one.Delay)
	}
	if one.Hang {
		<-hung
		f.mu.Lock()
		f.hanging--
		f.mu.Unlock()
	}
	e := effect{err: one.Err, take: n, corrupt: one.Corrupt}
	if one.Short > 0 {
		e.take = min(n, one.Short)
	}
	if !one.Hang {
		f.mu.Lock()
		f.hit(c)
		f.mu.Unlock()
	}
	return e
}

func (f *faults) hit(c Call) {
	h := f.hits[c]
	if h.Calls == 0 {
		h.First = f.clk.Now().Wall
	}
	h.Calls++
	f.hits[c] = h
}

func (f *faults) note(call string) {
	if len(f.calls) >= maxCalls {
		f.calls = append(f.calls[:0], f.calls[maxCalls/2:]...)
	}
	f.calls = append(f.calls, call)
}

func (f *faults) wrote(n int) {
	f.mu.Lock()
	f.written += int64(n)
	f.mu.Unlock()
}
