package access

import (
	"sync"
	"time"
)

// The delay after wrong passwords: none for the first free ones, then a second that doubles with each,
// at most maxDelay. What is forgotten after forget counts no more.
const (
	free     = 3
	maxDelay = 15 * time.Minute
	forget   = time.Hour
	// maxKeys bounds what is remembered. Beyond it those that have waited longest are forgotten.
	maxKeys = 8192
)

// Delays counts failures by key, as in a name with the address that it was tried from. Instants are
// durations since any fixed one, as the monotonic clock counts. Its zero value is ready.
type Delays struct {
	mu   sync.Mutex
	keys map[string]*failures
}

type failures struct {
	n    int
	last time.Duration
}

// Wait returns for how long the key must wait; 0: it may try now.
func (d *Delays) Wait(key string, now time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.keys[key]
	if f == nil || f.n < free || now-f.last > forget {
		return 0
	}
	delay := maxDelay
	if doubled := f.n - free; doubled < 10 {
		delay = min(maxDelay, time.Second<<doubled)
	}
	return max(0, f.last+delay-now)
}

// Failed notes a failure.
func (d *Delays) Failed(key string, now time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys == nil {
		d.keys = make(map[string]*failures)
	}
	f := d.keys[key]
	if f == nil || now-f.last > forget {
		d.room(now)
		f = &failures{}
		d.keys[key] = f
	}
	f.n, f.last = f.n+1, now
}

// Good forgets the key's failures.
func (d *Delays) Good(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.keys, key)
}

// room makes room for one key more. The caller holds the mutex.
func (d *Delays) room(now time.Duration) {
	if len(d.keys) < maxKeys {
		return
	}
	oldest := ""
	for k, f := range d.keys {
		if now-f.last > forget {
			delete(d.keys, k)
		} else if oldest == "" || f.last < d.keys[oldest].last {
			oldest = k
		}
	}
	if len(d.keys) >= maxKeys {
		delete(d.keys, oldest)
	}
}
