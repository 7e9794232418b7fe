package media

import (
	"sync"
	"time"
)

// What a feed keeps in memory of the past, so that a recording can begin with the key picture at or
// before its opening. Nothing of it reaches a disk outside a session.
const (
	PastMax      = 10 * time.Second
	PastMaxBytes = 16 << 20
	// PastSound is how long before the key picture sound is kept as well: a picture is coded and sent
	// more slowly, so that what was heard with it came before it.
	PastSound = time.Second
)

// Feed hands the items of one camera to its taps. Publish never waits: a tap whose queue is full
// grows one pending gap, which it gets before anything else.
type Feed struct {
	mu    sync.Mutex
	desc  *Description // of the running epoch; nil while the camera is away
	first *Description // the one that the past begins under
	past  []Item       // what followed the last key picture of the first video track, that included, and the sound just before
	bytes int
	told  map[int]*Report // by track: the last one of the epoch that the past no longer holds
	taps  map[*Tap]struct{}
}

// NewFeed returns a feed without taps.
func NewFeed() *Feed { return &Feed{taps: make(map[*Tap]struct{}), told: make(map[int]*Report)} }

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
			f.forget(nil)
			clear(f.told)
		}
		f.desc = it
		if len(f.past) == 0 {
			f.first = it
			return
		}
	case *End:
		f.desc = nil
		f.forget(nil)
		clear(f.told)
		return
	case *Unit:
		if f.desc == nil {
			return
		}
		if it.Key && f.firstVideo() == it.Track {
			f.forget(it)
		}
		f.bytes += it.Size()
	case *Jump:
		clear(f.told) // what was told of the camera's time before it no longer holds
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
		f.forget(nil)
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

// forget drops the past but for the sound just before the key picture, which may be nil. Sender
// reports are remembered beside it: the next ones may be many seconds away.
func (f *Feed) forget(key *Unit) {
	var kept []Item
	f.bytes = 0
	for _, it := range f.past {
		switch it := it.(type) {
		case *Report:
			f.told[it.Track] = it
		case *Jump:
			kept, f.bytes = nil, 0
			clear(f.told)
		case *Unit:
			if key != nil && it.Track != key.Track && key.Arrival.Mono.Sub(it.Arrival.Mono) <= PastSound {
				kept = append(kept, it)
				f.bytes += it.Size()
			}
		case *Gap:
			if len(kept) > 0 && it.Track != key.Track {
				kept = append(kept, it)
			}
		}
	}
	clear(f.past)
	f.past, f.first = append(f.past[:0], kept...), f.desc
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
// its reader. It starts with the description of the running stream, if there is one; with past, it
// starts with all items since the last key picture, after the description that was valid then. What
// it starts with does not count against the capacity.
func (f *Feed) Attach(capacity int, past bool) *Tap {
	t := &Tap{feed: f, capacity: capacity, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.desc != nil {
		start := []Item{f.desc}
		if past {
			start = []Item{f.first}
			for i := range f.first.Tracks {
				if r := f.told[i]; r != nil {
					start = append(start, r)
				}
			}
			start = append(start, f.past...)
		}
		for _, it := range start {
			t.note(it)
		}
		t.queue, t.initial = start, len(start)
		t.wake()
	}
	f.taps[t] = struct{}{}
	return t
}
