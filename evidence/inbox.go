package evidence

import (
	"sync"

	"roomrec/clock"
)

// receipt is what a volume said to a camera or to the scribe.
type receipt struct {
	bit uint64
	end int64
	err error
	at  clock.Stamp
	of  *sent // the fragment, for a camera

	file int // number of the journal file, for the scribe
}

// inbox collects receipts for one goroutine. Its length is bounded by what that goroutine handed
// out. Putting something in never waits.
type inbox struct {
	ready chan struct{} // capacity 1: one pending wake-up is enough

	mu    sync.Mutex
	items []receipt
	spare []receipt
}

func newInbox() *inbox { return &inbox{ready: make(chan struct{}, 1)} }

func (i *inbox) put(r receipt) {
	i.mu.Lock()
	i.items = append(i.items, r)
	i.mu.Unlock()
	i.rouse()
}

func (i *inbox) rouse() {
	select {
	case i.ready <- struct{}{}:
	default:
	}
}

// take returns what has come since; it is valid until the next call.
func (i *inbox) take() []receipt {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := i.items
	i.items, i.spare = i.spare[:0], out
	return out
}
