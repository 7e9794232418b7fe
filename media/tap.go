package media

import (
	"sync"

	"roomrec/clock"
)

// Tap is one consumer's queue of a feed. What it holds is bounded: by its capacity, by what it was
// attached with, and, while it is full, by one gap, one end and one description.
type Tap struct {
	feed     *Feed
	capacity int
	ready    chan struct{} // capacity 1: a wake-up that is already pending is enough

	mu      sync.Mutex
	queue   []Item
	initial int  // items at the front of the queue that do not count
	pending *Gap // grows while the queue is full, delivered after it
	// What came while it grew. The reader is told of the end of the epoch that it knows, and of the
	// last description; epochs that came and went in between are part of the gap.
	ended     *End
	described *Description

	open    bool        // the last of description and end that was queued is a description
	video   []bool      // by track
	last    clock.Stamp // arrival of the last unit that was queued
	missing []bool      // by track: pictures were dropped and no key picture has come since
	closed  bool
}

// Ready is signalled when items can be taken.
func (t *Tap) Ready() <-chan struct{} { return t.ready }

// Take returns all items that wait, oldest first, and appends them to buf[:0]. A tap whose queue was
// full delivers what it queued, then one Gap that covers what it could not, then goes on. Pictures
// after such a gap are marked Damaged until the next key picture.
func (t *Tap) Take(buf []Item) []Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	buf = append(buf[:0], t.queue...)
	clear(t.queue)
	t.queue, t.initial = t.queue[:0], 0
	if t.pending == nil {
		return buf
	}
	buf = append(buf, t.pending)
	if t.ended != nil {
		t.note(t.ended)
		buf = append(buf, t.ended)
	}
	if t.described != nil {
		t.note(t.described)
		buf = append(buf, t.described)
	}
	t.pending, t.ended, t.described = nil, nil, nil
	for i := range t.missing {
		t.missing[i] = true
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

// put queues an item, or lets the gap grow.
func (t *Tap) put(it Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if t.pending != nil || len(t.queue)-t.initial >= t.capacity {
		t.drop(it)
		return
	}
	t.queue = append(t.queue, t.note(it))
	t.wake()
}

// note keeps what is needed to go on after it, and returns what the reader shall get for it.
func (t *Tap) note(it Item) Item {
	switch it := it.(type) {
	case *Description:
		t.open = true
		if len(t.video) != len(it.Tracks) {
			t.video, t.missing = make([]bool, len(it.Tracks)), make([]bool, len(it.Tracks))
		}
		for i, track := range it.Tracks {
			t.video[i] = track.Codec.Video()
		}
	case *End:
		t.open = false
		clear(t.missing)
	case *Unit:
		t.last = it.Arrival
		if it.Track >= len(t.missing) || !t.missing[it.Track] {
			return it
		}
		if it.Key || !t.video[it.Track] {
			t.missing[it.Track] = false
			return it
		}
		if !it.Damaged {
			marked := *it // items are shared: the mark is this reader's alone
			marked.Damaged = true
			return &marked
		}
	}
	return it
}

// drop lets the pending gap grow by an item.
func (t *Tap) drop(it Item) {
	var at clock.Stamp
	switch it := it.(type) {
	case *Report:
		return // the next one measures the same again
	case *Unit:
		at = it.Arrival
	case *Gap:
		at = it.To
	case *Jump:
		at = it.At
	case *Description:
		at = it.At
	case *End:
		at = it.At
	}
	if t.pending == nil {
		from := t.last
		if from == (clock.Stamp{}) {
			from = at
		}
		t.pending = &Gap{Track: AllTracks, From: from, Cause: CauseOverflow}
	}
	if at.Mono > t.pending.To.Mono {
		t.pending.To = at
	}
	switch it := it.(type) {
	case *Unit:
		t.pending.Units++
	case *Gap:
		t.pending.Packets += it.Packets
		t.pending.Units += it.Units
	case *Description:
		t.described = it
	case *End:
		t.described = nil
		if t.open && t.ended == nil {
			t.ended = it
		}
	}
	t.wake()
}
