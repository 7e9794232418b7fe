package media

import (
	"sync"
	"time"

	"roomrec/clock"
)

// What a feed keeps in memory of the past, so that a recording can begin with the key picture at or
// before its opening. Nothing of it reaches a disk outside a session.
const (
	PastMax      = 10 * time.Second
	PastMaxBytes = 16 << 20
)

// Feed hands the items of one camera to its taps. Publish never waits: a tap whose queue is full
// grows one pending gap, which it gets before anything else.
type Feed struct {
	mu    sync.Mutex
	desc  *Description // of the running epoch; nil while the camera is away
	past  []Item       // what followed the last key picture of the first video track, that included
	bytes int
	taps  map[*Tap]struct{}
}

// NewFeed returns a feed without taps.
func NewFeed() *Feed { return &Feed{taps: make(map[*Tap]struct{})} }

// Description returns the stream as it is now, nil while the camera is away.
func (f *Feed) Description() *Description {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.desc
}

// Publish hands it to every tap and keeps it as the past if it follows a key picture. Only one
// goroutine publishes; items are never changed afterwards.
func (f *Feed) Publish(it Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(it)
	for t := range f.taps {
		t.put(it)
	}
}

func (f *Feed) keep(it Item) {
	switch it := it.(type) {
	case *Description:
		if f.desc == nil || f.desc.Epoch != it.Epoch {
			f.forget()
		}
		f.desc = it
	case *End:
		f.desc = nil
		f.forget()
		return
	case *Unit:
		if f.desc == nil {
			return
		}
		if it.Key && f.firstVideo() == it.Track {
			f.forget()
		}
		f.bytes += it.Size()
	}
	if f.desc == nil {
		return
	}
	f.past = append(f.past, it)
	f.trim(it)
}

// trim drops the past when it has outgrown its bounds: what is left after that starts no run, so all
// of it goes and the next key picture begins anew. Sound alone (no video track) is trimmed from the
// front.
func (f *Feed) trim(newest Item) {
	u, ok := newest.(*Unit)
	if !ok {
		return
	}
	over := func() bool {
		if f.bytes > PastMaxBytes {
			return true
		}
		for _, it := range f.past {
			if first, ok := it.(*Unit); ok {
				return u.Arrival.Mono.Sub(first.Arrival.Mono) > PastMax
			}
		}
		return false
	}
	if !over() {
		return
	}
	if f.firstVideo() >= 0 {
		f.forget()
		return
	}
	for len(f.past) > 0 && over() {
		if first, ok := f.past[0].(*Unit); ok {
			f.bytes -= first.Size()
		}
		f.past[0] = nil
		f.past = f.past[1:]
	}
}

func (f *Feed) forget() {
	clear(f.past)
	f.past, f.bytes = f.past[:0], 0
}

func (f *Feed) firstVideo() int {
	for i, t := range f.desc.Tracks {
		if t.Codec.Video() {
			return i
		}
	}
	return -1
}

// Attach returns a tap that receives what is published from now on, up to capacity items ahead of
// its reader. It starts with the description of the running stream, if there is one; with past, also
// with all items since the last key picture.
func (f *Feed) Attach(capacity int, past bool) *Tap {
	t := &Tap{feed: f, capacity: capacity, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.desc != nil {
		t.queue = append(t.queue, f.desc)
		if past {
			t.queue = append(t.queue, f.past...)
		}
		t.wake()
	}
	f.taps[t] = struct{}{}
	return t
}

// Tap is one consumer's queue of a feed.
type Tap struct {
	feed     *Feed
	capacity int
	ready    chan struct{} // capacity 1: a wake-up that is already pending is enough

	mu      sync.Mutex
	queue   []Item
	pending *Gap        // grows while the queue is full, delivered first
	held    []Item      // descriptions and ends that came while it grew: never dropped
	last    clock.Stamp // arrival of the last unit that was queued
	closed  bool
}

// Ready is signalled when items can be taken.
func (t *Tap) Ready() <-chan struct{} { return t.ready }

// Take returns all items that wait, oldest first, and appends them to buf[:0]. A tap whose queue was
// full delivers what it queued, then one Gap that covers what it could not, then goes on.
func (t *Tap) Take(buf []Item) []Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	buf = append(buf[:0], t.queue...)
	clear(t.queue)
	t.queue = t.queue[:0]
	if t.pending != nil {
		buf = append(buf, t.pending)
		buf = append(buf, t.held...)
		t.pending, t.held = nil, nil
	}
	return buf
}

// Detach ends the delivery. Items that wait can still be taken.
func (t *Tap) Detach() {
	t.feed.mu.Lock()
	delete(t.feed.taps, t)
	t.feed.mu.Unlock()
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wake()
}

func (t *Tap) wake() {
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

func (t *Tap) put(it Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	defer t.wake()
	u, isUnit := it.(*Unit)
	if t.pending == nil && len(t.queue) < t.capacity {
		t.queue = append(t.queue, it)
		if isUnit {
			t.last = u.Arrival
		}
		return
	}
	if t.pending == nil {
		t.pending = &Gap{Track: AllTracks, From: t.last, Cause: CauseOverflow}
	}
	switch it := it.(type) {
	case *Unit:
		t.pending.Units++
		t.pending.To = it.Arrival
	case *Gap:
		t.pending.Packets += it.Packets
		t.pending.Units += it.Units
	case *Report, *Jump:
		// What they say is measured again by the next one; a jump is covered by the gap.
	case *Description, *End:
		t.held = append(t.held, it)
	}
}
