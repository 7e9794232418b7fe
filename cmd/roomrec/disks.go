package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/table"
)

// How often a disk that failed is tried again: at first soon, then, if it fails again within
// provenAfter, ever less often, so that one that comes and goes does not use up a session's places.
const (
	tryEvery    = 3 * time.Second
	tryAtMost   = 5 * time.Minute
	provenAfter = time.Minute
	// roomToReturn is how much a disk must have free to be used again: a full one would fail at once.
	roomToReturn = 32 << 20
)

// disks are the folders in use, and bring back those whose volume left. A volume never returns under
// the same *volume.Volume: a disk has one at a time.
type disks struct {
	options volume.Options
	log     zerolog.Logger
	report  func(session.FaultEvent)
	// patience is how long the start waits for a disk that does not answer.
	patience time.Duration

	mu      sync.Mutex
	list    []*disk
	added   chan struct{}        // capacity 1: one pending wake-up is enough
	running func(*volume.Volume) // starts a volume's Run; nil before run
}

// disk is a folder in use.
type disk struct {
	path string
	want string // the id that the configuration names, "" for any

	// disks.mu guards what follows.
	vol    *volume.Volume // nil until the disk could be opened
	failed error          // why it could not be opened at the start
	locks  []*volume.Lock // held until the process ends
	since  clock.Mono     // when vol was opened
	next   clock.Mono     // when to try again
	wait   time.Duration  // after that
	trying bool
	told   string // the id for which degraded is raised
	// damaged is the volume on which something cannot be read: its alarm stays until it is opened anew.
	damaged *volume.Volume
}

func newDisks(o volume.Options, log zerolog.Logger) *disks {
	return &disks{options: o, log: log, patience: openWithin, added: make(chan struct{}, 1)}
}

// is reports an error if the volume is not the one that the configuration wants there.
func (d *disk) is(v *volume.Volume) error {
	if d.want != "" && d.want != v.ID() {
		return fmt.Errorf("volume %s: marked with the id %s, the configuration wants %s: is the right disk mounted there?", d.path, v.ID(), d.want)
	}
	return nil
}

// twice reports an error if the volume has the id of another folder's: one is a copy of the other, and no session
// can have both. The one that was in use last has the id; while it is away its copy does not stand in for it, unless
// a person adds that. The caller holds the mutex.
func (d *disks) twice(one *disk, v *volume.Volume) error {
	for _, o := range d.list {
		if o == one || o.vol == nil || o.vol.ID() != v.ID() {
			continue
		}
		if o.fault() == nil || one.vol == nil || o.since > one.since {
			return fmt.Errorf("volume %s: marked with the id %s, which is that of %s: it is a copy of that one; use one of them alone", one.path, v.ID(), o.path)
		}
	}
	return nil
}

// all returns the volumes, one for each folder that could be opened, those that have left included.
func (d *disks) all() []*volume.Volume {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*volume.Volume, 0, len(d.list))
	for _, one := range d.list {
		if one.vol != nil {
			out = append(out, one.vol)
		}
	}
	return out
}

// healthy returns the volumes that have not left.
func (d *disks) healthy() []*volume.Volume {
	return slices.DeleteFunc(d.all(), func(v *volume.Volume) bool { return v.Fault() != nil })
}

// away reports whether a folder is not in use, those included that could not be opened at the start.
func (d *disks) away() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.list, func(one *disk) bool { return one.fault() != nil })
}

// run keeps the volumes writing until ctx ends, then what is still queued.
func (d *disks) run(ctx context.Context) error {
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	d.mu.Lock()
	d.running = func(v *volume.Volume) {
		all.Go(func() {
			if err := runVolume(v)(ctx); err != nil && !errors.Is(err, context.Canceled) {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("volume %s: %w", v.ID(), err))
			}
		})
	}
	for _, one := range d.list {
		if one.vol != nil {
			d.running(one.vol)
		}
	}
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock()
	d.running = nil
	d.mu.Unlock()
	all.Wait()
	return errors.Join(errs...)
}

// release gives the folders back.
func (d *disks) release() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, one := range d.list {
		for _, l := range one.locks {
			errs = append(errs, l.Release())
		}
	}
	return errors.Join(errs...)
}

// degraded tells that a volume has left a session that goes on with others.
func (d *disks) degraded(ev evidence.VolumeLeft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.list {
		if one.vol != nil && one.vol.ID() == ev.Volume {
			one.told = ev.Volume
		}
	}
	d.report(session.FaultEvent{Code: table.StorageDegraded, Subject: ev.Volume, Raised: true, Alarm: true, At: ev.At, Detail: detail(ev.Err)})
}

// damaged tells that something of a session cannot be read on a volume that goes on with others.
func (d *disks) damaged(ev evidence.VolumeDamaged) {
	d.mu.Lock()
	for _, one := range d.list {
		if one.vol != nil && one.vol.ID() == ev.Volume {
			one.damaged = one.vol
		}
	}
	d.mu.Unlock()
	d.degraded(evidence.VolumeLeft{Volume: ev.Volume, Err: ev.Err, At: ev.At})
}

// look starts to try again what is due, and tells of the disks that have failed while others go on.
func (d *disks) look() {
	now := d.options.Clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	others := slices.ContainsFunc(d.list, func(one *disk) bool { return one.fault() == nil })
	for _, one := range d.list {
		fault := one.fault()
		if fault == nil {
			continue
		}
		if one.told == "" && others {
			one.told = one.name()
			d.report(session.FaultEvent{Code: table.StorageDegraded, Subject: one.told, Raised: true, Alarm: true, At: now, Detail: fault.Error()})
		}
		if one.trying || d.running == nil || errors.Is(fault, volume.ErrMismatch) {
			continue // a disk that returns something else needs a person
		}
		if one.next == 0 {
			if now.Mono.Sub(one.since) >= provenAfter {
				one.wait = tryEvery
			}
			one.next = now.Mono.Add(one.wait)
			one.wait = min(2*one.wait, tryAtMost)
		}
		if now.Mono >= one.next {
			one.trying, one.next = true, 0
			// A disk that hangs holds up this goroutine alone, and there is one for each disk at most.
			go d.again(one)
		}
	}
}

// again opens a disk that failed anew, if it takes a write and a sync.
func (d *disks) again(one *disk) {
	v, lock, err := d.probe(one)
	now := d.options.Clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	one.trying = false
	if lock != nil {
		one.locks = append(one.locks, lock)
	}
	if err == nil {
		err = d.twice(one, v)
	}
	switch {
	case err != nil:
		d.log.Debug().Err(err).Str("path", one.path).Msg("disk cannot be used yet")
	case d.running != nil:
		d.log.Warn().Str("volume", v.ID()).Str("path", one.path).Msg("disk can be used again")
		one.vol, one.failed, one.since = v, nil, now.Mono
		d.running(v)
	}
}

func (d *disks) probe(one *disk) (*volume.Volume, *volume.Lock, error) {
	v, err := volume.Open(one.path, d.options)
	if err != nil {
		return nil, nil, err
	}
	if err := one.is(v); err != nil {
		return nil, nil, err
	}
	space, err := v.Space()
	if err != nil {
		return nil, nil, err
	}
	if space.Free < roomToReturn {
		return nil, nil, fmt.Errorf("volume %s: %d bytes are free, %d are needed", v.ID(), space.Free, roomToReturn)
	}
	d.mu.Lock()
	held := slices.Clone(one.locks)
	d.mu.Unlock()
	for _, l := range held {
		if l.Of(one.path) {
			return v, nil, l.Renew(d.options.Clock)
		}
	}
	lock, err := volume.Acquire(one.path, d.options.Clock)
	return v, lock, err
}

// settled clears the alarm of the disks that are in use again; in says whether every recording has the
// volume.
func (d *disks) settled(in func(*volume.Volume) bool) {
	now := d.options.Clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.list {
		if one.told == "" || one.fault() != nil || one.damaged == one.vol || !in(one.vol) {
			continue
		}
		d.report(session.FaultEvent{Code: table.StorageDegraded, Subject: one.told, At: now})
		one.told = ""
	}
}

// runVolume returns v.Run without the error of a volume that left while it was in use: the recordings
// heard of that, it became a fault, and the program that went on with the others did not fail. What
// happens to a volume at the end, when nobody hears of it any more, is an error.
func runVolume(v *volume.Volume) func(context.Context) error {
	return func(ctx context.Context) error {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- v.Run(own) }()
		<-ctx.Done()
		known := v.Fault() != nil
		stop()
		if err := <-ended; !known {
			return err
		}
		return nil
	}
}
