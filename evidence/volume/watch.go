package volume

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roomrec/clock"
)

// late returns how late a look may be before this process is known to be held up itself. A call may then
// have returned without anybody having been there to notice, so the time beyond is not held against a disk.
func (l Limits) late() time.Duration { return l.Watch * 5 / 2 }

// Run writes until ctx ends, then what is still queued, and returns. A volume that leaves meanwhile
// does not end it: its owner learns that from [Volume.Notify]. The error says why not everything
// that was queued is on the disk. With a hung disk it returns at once and leaves the goroutine that
// hangs behind: nothing can end that.
func (v *Volume) Run(ctx context.Context) error {
	w := writer{v: v, made: map[string]bool{".": true}, open: make(map[*File]struct{})}
	finished := make(chan struct{})
	// The reader ends by itself once the volume has left or the writer has nothing more to do.
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	defer stopReading()
	read := make(chan struct{})
	go func() {
		defer close(read)
		v.reader(reading)
	}()
	go func() {
		defer close(finished)
		stop := func() { stopReading(); v.await(read) }
		w.run(stop)
	}()
	tick := time.NewTicker(v.limits.Watch)
	defer tick.Stop()
	stop, done, left := ctx.Done(), finished, (<-chan struct{})(nil)
	for {
		select {
		case <-stop:
			v.mu.Lock()
			v.closing = true
			v.mu.Unlock()
			v.rouse()
			stop, left = nil, v.left
		case <-tick.C:
			v.watch()
		case <-left:
			if err := v.Fault(); errors.Is(err, ErrHung) || errors.Is(err, ErrBacklog) {
				return err
			}
			left = nil
		case <-done:
			if stop == nil {
				return v.Fault()
			}
			done = nil // it has left; wait for the end
		}
		if stop == nil && done == nil {
			return v.Fault()
		}
	}
}

// await waits for the reader, as long as a call to the disk may take.
func (v *Volume) await(read <-chan struct{}) {
	late := time.NewTimer(v.limits.Hung)
	defer late.Stop()
	select {
	case <-read:
	case <-late.C:
	}
}

func (v *Volume) rouse() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// watch raises the alarms of the watchdog.
func (v *Volume) watch() {
	now := v.clock.Now()
	v.mu.Lock()
	var hung error
	if since := v.call.Load(); since != 0 && v.fault == nil {
		out := v.calling.Look(now.Mono, clock.Mono(since))
		if out >= v.limits.Hung {
			hung = fmt.Errorf("%w: no answer for %v", ErrHung, out.Round(time.Millisecond))
		} else if out >= v.limits.Slow && !v.slow {
			v.slow = true
			v.metrics.healthy(false)
			v.tell(Event{v.id, EventSlow, fmt.Errorf("volume %s: %w: no answer for %v", v.id, ErrHung, out.Round(time.Millisecond)), now})
		}
	}
	if oldest := v.oldest(); oldest != nil && hung == nil {
		if wait := v.waiting.Look(now.Mono, oldest.queued); wait >= v.limits.Backlog {
			hung = fmt.Errorf("%w: a write has waited for %v", ErrBacklog, wait.Round(time.Millisecond))
		}
	}
	v.mu.Unlock()
	if hung != nil {
		v.leave(hung)
	}
}

func (v *Volume) oldest() *job {
	switch {
	case v.fault != nil:
		return nil
	case len(v.group) > 0:
		return v.group[0]
	case len(v.queue) > 0:
		return v.queue[0]
	}
	return nil
}

// leave takes the volume out of use for good. Every job without a receipt gets one with the error.
func (v *Volume) leave(err error) {
	now := v.clock.Now()
	v.mu.Lock()
	if v.fault != nil {
		v.mu.Unlock()
		return
	}
	v.fault, v.faultAt = fmt.Errorf("volume %s: %w", v.id, err), now
	inGroup, waiting := v.group, v.queue
	v.group, v.queue, v.bytes = nil, nil, 0
	v.metrics.waiting(0)
	v.metrics.healthy(false)
	v.tell(Event{v.id, EventLeft, v.fault, now})
	close(v.left)
	v.mu.Unlock()
	v.rouse()
	for _, j := range slices.Concat(inGroup, waiting) {
		j.finish(Receipt{Volume: v.id, File: j.file.name, At: now, Err: v.fault})
	}
	for _, j := range waiting {
		j.release() // the writer never saw it; those of the group are the writer's to release
	}
}
