package clock

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// StepThreshold is the least step of the wall clock that is reported. On Linux slewing moves the
	// wall and the monotonic clock alike, so that their difference changes by steps only (and by
	// suspending the host, which is one); but the two are read one after the other, and on a busy host
	// some milliseconds may pass between.
	StepThreshold = 50 * time.Millisecond
	// StepSlew is how fast the clocks may part without a step, in parts per billion: a source that
	// slews its wall clock alone by 500 ppm, as an NTP client may, does not step.
	StepSlew = 500_000
	// StepPoll is the interval at which [StepWatcher.Run] compares the clocks when the kernel announces
	// no step.
	StepPoll = time.Second
)

// Step is a jump of the host's wall clock.
type Step struct {
	At Stamp         // when it was noticed, after the step
	By time.Duration // positive: forward
}

// StepWatcher finds steps of a wall clock by comparing it with the monotonic clock. Smaller steps than
// [StepThreshold] count when they have added up, unless [StepSlew] covers them. It belongs to one
// goroutine.
type StepWatcher struct {
	source Source
	known  bool
	last   Mono
	offset int64 // wall minus monotonic, as it is expected to be
}

// NewStepWatcher watches source. The first reading is what later ones are compared with.
func NewStepWatcher(source Source) *StepWatcher { return &StepWatcher{source: source} }

// Check compares s with the readings before and reports by how much the wall clock stepped between
// them. The step is the new normal.
func (w *StepWatcher) Check(s Stamp) (step time.Duration, stepped bool) {
	offset := int64(s.Wall) - int64(s.Mono)
	if !w.known {
		w.known, w.last, w.offset = true, s.Mono, offset
		return 0, false
	}
	off := time.Duration(offset - w.offset)
	if off >= StepThreshold || off <= -StepThreshold {
		w.last, w.offset = s.Mono, offset
		return off, true
	}
	if passed := s.Mono.Sub(w.last); passed > 0 {
		slew := time.Duration(mulDiv(int64(passed), StepSlew, 1e9))
		w.offset += int64(min(slew, max(-slew, off)))
		w.last = s.Mono
	}
	return 0, false
}

// Run watches until ctx ends, and then returns nil. It calls report, from this goroutine, for each
// step. It compares the clocks every [StepPoll] and, for the host's own clock and where the kernel
// announces that it was set, at once.
func (w *StepWatcher) Run(ctx context.Context, report func(Step)) error {
	var set <-chan struct{} // nil: polled only
	if _, host := w.source.(*System); host {
		if a, err := listen(); err == nil {
			defer a.stop()
			set = a.set
		}
	}
	poll := time.NewTicker(StepPoll)
	defer poll.Stop()
	for {
		if s, ok := w.look(); ok {
			report(s)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-set:
		case <-poll.C:
		}
	}
}

// look reads the clock. A reading that was interrupted between the two clocks looks like a step; it is
// taken again.
func (w *StepWatcher) look() (Step, bool) {
	const attempts = 3
	for range attempts {
		s := w.source.Now()
		probe := *w
		if _, stepped := probe.Check(s); !stepped {
			*w = probe
			return Step{}, false
		}
	}
	s := w.source.Now()
	by, stepped := w.Check(s)
	return Step{At: s, By: by}, stepped
}

// announcements are the kernel's, that the wall clock was set.
type announcements struct {
	set   chan struct{} // capacity 1: an announcement that waits already is enough
	timer *os.File
	ended chan struct{}
}

// listen opens a timer that never expires and that the kernel cancels whenever the wall clock is set
// (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
func listen() (*announcements, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("watch for clock steps: timerfd_create: %w", err)
	}
	a := &announcements{
		set:   make(chan struct{}, 1),
		timer: os.NewFile(uintptr(fd), "timerfd"), // non-blocking: Close ends a Read
		ended: make(chan struct{}),
	}
	if err := a.arm(); err != nil {
		return nil, errors.Join(err, a.timer.Close())
	}
	go a.read()
	return a, nil
}

func (a *announcements) arm() error {
	never := unix.ItimerSpec{Value: unix.NsecToTimespec(math.MaxInt64)}
	conn, err := a.timer.SyscallConn()
	if err != nil {
		return err
	}
	var settime error
	err = conn.Control(func(fd uintptr) {
		settime = unix.TimerfdSettime(int(fd), unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &never, nil)
	})
	if err = errors.Join(err, settime); err != nil {
		return fmt.Errorf("watch for clock steps: timerfd_settime: %w", err)
	}
	return nil
}

// read passes announcements on until the timer is closed, or fails: then polling is left.
func (a *announcements) read() {
	defer close(a.ended)
	var expirations [8]byte
	for {
		if _, err := a.timer.Read(expirations[:]); err != nil && !errors.Is(err, unix.ECANCELED) {
			return
		}
		select {
		case a.set <- struct{}{}:
		default:
		}
		if a.arm() != nil {
			return
		}
	}
}

// stop ends the announcements and waits until they have ended.
func (a *announcements) stop() {
	_ = a.timer.Close() // the timer holds no data that closing could lose
	<-a.ended
}
