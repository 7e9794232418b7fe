package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
	"roomrec/session"
	"roomrec/session/table"
)

// joinWithin is how long one look waits for a volume to join, as in cmd/roomrec.
const joinWithin = 20 * time.Second

// openDisks opens what is configured. With a disk that cannot be opened the program does not start, so
// that somebody sees to it first.
func (st *station) openDisks() {
	w := st.w
	st.disks = slices.Clone(w.disks)
	st.returned, st.told = make([]bool, len(w.disks)), make([]bool, len(w.disks))
	for i := range w.disks {
		v, err := st.openInTime(i)
		if err != nil {
			w.say("disk %d cannot be opened and is mended first: %v", i, err)
			w.disks[i].Mend()
			v, err = st.open(i)
		}
		require.NoError(w.t, err)
		st.volumes = append(st.volumes, v)
		st.writers.Go(func() { _ = v.Run(st.volumeCtx) }) // what it says is what Fault says
	}
}

// openInTime opens a disk. While one hangs the program waits at its start, until somebody sees to it.
func (st *station) openInTime(i int) (v *volume.Volume, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		v, err = st.open(i)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		st.w.say("disk %d hangs while it is opened, and is mended", i)
		st.disks[i].Mend()
		<-done
	}
	return v, err
}

func (st *station) open(i int) (*volume.Volume, error) {
	d := st.disks[i]
	d.SetUsable(nil)
	d.Fail(volumetest.Sync, syncing(st.w.plan.sync[i]))
	return volume.Open("/mem", volume.Options{Clock: st.clock, Disk: d, Limits: volume.Limits{Watch: 200 * time.Millisecond}})
}

// all returns the volumes, one for each disk, those that have left included.
func (st *station) all() []*volume.Volume {
	st.mu.Lock()
	defer st.mu.Unlock()
	return slices.Clone(st.volumes)
}

// healthy returns the volumes that have not left.
func (st *station) healthy() []*volume.Volume {
	return slices.DeleteFunc(st.all(), func(v *volume.Volume) bool { return v.Fault() != nil })
}

// storage brings disks that can be used again into the sessions that run, and clears the faults that
// this mends, as the program's stage of that name does.
func (st *station) storage(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		st.again()
		st.reconcile(ctx)
		st.settled()
	}
}

// again opens the disks anew that can be used again.
func (st *station) again() {
	for i, v := range st.all() {
		st.mu.Lock()
		due := st.returned[i]
		st.mu.Unlock()
		if !due || v.Fault() == nil {
			continue
		}
		next, err := st.open(i)
		if err != nil {
			continue // it failed again; the next look tries
		}
		st.mu.Lock()
		st.volumes[i], st.returned[i] = next, false
		st.mu.Unlock()
		st.writers.Go(func() { _ = next.Run(st.volumeCtx) })
	}
}

// reconcile lets every recording that runs have every volume.
func (st *station) reconcile(ctx context.Context) {
	for _, one := range st.running() {
		for _, v := range st.healthy() {
			if one.e.Holds(v) || one.refused[v] {
				continue
			}
			within, cancel := context.WithTimeout(ctx, joinWithin)
			err := one.e.Join(within, v)
			cancel()
			switch {
			case err == nil || st.dead.Load():
			case errors.Is(err, evidence.ErrClosed), errors.Is(err, evidence.ErrSealing), ctx.Err() != nil:
			case v.Fault() != nil, errors.Is(err, context.DeadlineExceeded):
				st.w.say("  volume %s did not join: %v", v.ID(), err)
			case errors.Is(err, evidence.ErrTooManyVolumes), errors.Is(err, evidence.ErrSealed):
				one.refused[v] = true
			default:
				st.w.fail("volume %s cannot be used in session %s: %v", v.ID(), one.o.Session, err)
				one.refused[v] = true
			}
		}
	}
}

// open_ returns the recordings that run.
func (st *station) running() []*recording {
	st.mu.Lock()
	defer st.mu.Unlock()
	return slices.Clone(st.recordings)
}

func (st *station) ended(one *recording) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.recordings = slices.DeleteFunc(st.recordings, func(o *recording) bool { return o == one })
}

// degraded tells that a volume has left a session that goes on with others.
func (st *station) degraded(ev evidence.VolumeLeft) {
	for i, v := range st.all() {
		if v.ID() == ev.Volume {
			st.mu.Lock()
			st.told[i] = true
			st.mu.Unlock()
		}
	}
	st.manager.Report("", session.FaultEvent{Code: table.StorageDegraded, Subject: ev.Volume, Raised: true, Alarm: true, At: ev.At, Detail: ev.Err.Error()})
}

// settled clears the faults of disks that are in use again.
func (st *station) settled() {
	now := st.clock.Now()
	st.mu.Lock()
	was := st.lost
	st.lost = false
	st.mu.Unlock()
	open := st.running()
	if was {
		if len(st.healthy()) > 0 && !slices.ContainsFunc(open, (*recording).homeless) {
			st.manager.Report("", session.FaultEvent{Code: table.StorageLost, At: now})
		} else {
			st.mu.Lock()
			st.lost = true
			st.mu.Unlock()
		}
	}
	for i, v := range st.all() {
		st.mu.Lock()
		told := st.told[i]
		st.mu.Unlock()
		if !told || v.Fault() != nil || slices.ContainsFunc(open, func(one *recording) bool { return !one.e.Holds(v) }) {
			continue
		}
		st.mu.Lock()
		st.told[i] = false
		st.mu.Unlock()
		st.manager.Report("", session.FaultEvent{Code: table.StorageDegraded, Subject: v.ID(), At: now})
	}
}

// homeless reports whether no volume is left in the recording's set.
func (r *recording) homeless() bool {
	return !slices.ContainsFunc(r.e.Status().Volumes, func(v evidence.VolumeStatus) bool { return v.InSet })
}

// back says that a disk can be used again.
func (st *station) back(i int) {
	st.disks[i].Mend()
	st.mu.Lock()
	defer st.mu.Unlock()
	st.returned[i] = true
}
