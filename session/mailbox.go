package session

import "sync"

// mailbox is a queue from many senders to one reader. Putting never waits: what it holds is bounded
// by what happens while its reader, which itself waits for nothing, comes round.
type mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	signal chan struct{} // capacity 1: a signal that is pending is enough
}

func newMailbox[T any]() *mailbox[T] { return &mailbox[T]{signal: make(chan struct{}, 1)} }

func (b *mailbox[T]) put(it T) {
	b.mu.Lock()
	b.items = append(b.items, it)
	b.mu.Unlock()
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// take returns all that waits, oldest first.
func (b *mailbox[T]) take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}
