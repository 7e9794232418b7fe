package sim

import (
	"syscall"
	"time"

	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
	"roomrec/session"
)

// syncing is what a healthy disk does at a sync.
func syncing(d time.Duration) volumetest.Fault { return volumetest.Fault{Delay: d} }

// trouble lets something go wrong from time to time until the planned length is over.
func (w *world) trouble() {
	if w.plan.trouble == 0 {
		return
	}
	mean := time.Duration(float64(8*time.Minute) / w.plan.trouble)
	var next func()
	next = func() {
		if w.now() < w.plan.length && !w.over {
			w.one()
			w.in(time.Duration(w.rand.ExpFloat64()*float64(mean)), next)
		}
	}
	w.in(time.Duration(w.rand.ExpFloat64()*float64(mean)), next)
}

// one lets one thing go wrong.
func (w *world) one() {
	kinds := []struct {
		weight int
		do     func()
	}{
		{5, w.cameraAway},
		{4, w.cameraStalls},
		{4, w.cameraLoses},
		{2, w.cameraReparameters},
		{1, w.cameraResizes},
		{1, w.cameraRefuses},
		{2, w.cameraMute},
		{2, w.detector},
		{3, w.diskFails},
		{2, w.diskSlow},
		{1, w.diskFull},
		{3, w.diskReturns},
		{3, w.clockGoesWrong},
		{3, w.crash},
		{2, w.terminate},
	}
	sum := 0
	for _, k := range kinds {
		sum += k.weight
	}
	n := w.rand.IntN(sum)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			k.do()
			return
		}
	}
}

func (w *world) anyCamera() *camera { return w.cameras[w.rand.IntN(len(w.cameras))] }

// while returns how long something lasts: mostly a little, sometimes long.
func (w *world) while() time.Duration {
	switch w.rand.IntN(4) {
	case 0:
		return w.between(50*time.Millisecond, 2*time.Second)
	case 1:
		return w.between(time.Second, 6*time.Second)
	case 2:
		return w.between(5*time.Second, time.Minute)
	}
	return w.between(time.Minute, 15*time.Minute)
}

func (w *world) cameraAway() {
	c, d := w.anyCamera(), w.while()
	w.happened("camera %s/%s goes away for %v", c.room, c.id, d)
	c.away = true
	c.disconnect("connection reset")
	w.in(d, func() {
		w.say("camera %s/%s is back", c.room, c.id)
		c.away = false
		c.connect()
	})
}

func (w *world) cameraStalls() {
	c, d := w.anyCamera(), w.while()
	w.happened("camera %s/%s gives nothing for %v", c.room, c.id, d)
	c.stalled = true
	w.in(d, func() {
		w.say("camera %s/%s gives again", c.room, c.id)
		c.stalled = false
		c.connect()
	})
}

func (w *world) cameraLoses() {
	c, d := w.anyCamera(), w.while()
	c.loss = []float64{0.05, 0.3, 0.9}[w.rand.IntN(3)]
	w.happened("camera %s/%s loses %.0f %% for %v", c.room, c.id, 100*c.loss, d)
	w.in(d, func() { c.loss = 0 })
}

func (w *world) cameraReparameters() {
	c := w.anyCamera()
	w.happened("camera %s/%s has other parameter sets", c.room, c.id)
	c.reparameter()
}

func (w *world) cameraResizes() {
	c := w.anyCamera()
	w.happened("camera %s/%s comes back with another resolution", c.room, c.id)
	c.disconnect("connection reset")
	c.resize()
	w.in(w.between(100*time.Millisecond, 3*time.Second), c.connect)
}

func (w *world) cameraRefuses() {
	c, d := w.anyCamera(), w.while()
	w.happened("camera %s/%s refuses the password for %v", c.room, c.id, d)
	c.refuses = true
	c.disconnect("401 Unauthorized")
	w.in(d, func() {
		c.refuses = false
		c.connect()
	})
}

func (w *world) cameraMute() {
	c, d := w.anyCamera(), w.while()
	if !c.sound {
		return
	}
	w.happened("camera %s/%s is mute for %v", c.room, c.id, d)
	c.mute = true
	w.in(d, func() { c.mute = false })
}

// detector lets a detector speak that looks into pictures, which are nothing here.
func (w *world) detector() {
	st := w.station
	if st == nil {
		return
	}
	c, d := w.anyCamera(), w.while()
	w.happened("camera %s/%s stands still for %v", c.room, c.id, d)
	report := func(raised, alarm bool) {
		if w.station == st {
			at := w.host.Now()
			st.manager.Report(c.room, session.FaultEvent{Code: "camera.frozen", Subject: c.id, Raised: raised, Alarm: alarm, At: at, LastGood: at.Add(-10 * time.Second)})
		}
	}
	report(true, true)
	if d > 20*time.Second {
		w.in(20*time.Second, func() { report(true, false) })
	}
	w.in(d, func() { report(false, false) })
}

// diskFails lets a disk fail for good, until someone looks after it.
func (w *world) diskFails() {
	i := w.rand.IntN(len(w.disks))
	d := w.disks[i]
	calls := []volumetest.Call{volumetest.Write, volumetest.Sync, volumetest.SyncDir, volumetest.Create, volumetest.Lookup}
	call := calls[w.rand.IntN(len(calls))]
	switch w.rand.IntN(5) {
	case 0:
		w.happened("disk %d answers no %s", i, call)
		d.Fail(call, volumetest.Fault{Hang: true})
	case 1:
		w.happened("disk %d takes a part of a write", i)
		d.Fail(volumetest.Write, volumetest.Fault{Short: 1 + w.rand.IntN(200), Once: true})
	case 2:
		w.happened("disk %d is mounted over", i)
		d.Move()
	case 3:
		w.happened("disk %d becomes read-only", i)
		d.SetUsable(volume.ErrReadOnly)
	default:
		w.happened("disk %d fails at %s", i, call)
		d.Fail(call, volumetest.Fault{Err: syscall.EIO, Once: w.chance(0.5)})
	}
}

func (w *world) diskSlow() {
	i := w.rand.IntN(len(w.disks))
	d, slow, lasts := w.disks[i], w.between(500*time.Millisecond, 9*time.Second), w.while()
	w.happened("disk %d takes %v for a sync, for %v", i, slow, lasts)
	d.Fail(volumetest.Sync, syncing(slow))
	w.in(lasts, func() { d.Fail(volumetest.Sync, syncing(w.plan.sync[i])) })
}

func (w *world) diskFull() {
	i := w.rand.IntN(len(w.disks))
	d := w.disks[i]
	space, err := d.Space()
	if err != nil {
		return
	}
	room := w.rand.Int64N(20_000)
	w.happened("disk %d has room for %d bytes", i, room)
	d.SetCapacity(space.Total - space.Free + room)
}

// diskReturns lets a disk that failed work again by itself, after a pause or at once.
func (w *world) diskReturns() {
	st := w.station
	if st == nil {
		return
	}
	i, d := w.rand.IntN(len(w.disks)), w.while()
	if st.all()[i].Fault() == nil {
		return
	}
	w.in(d, func() {
		if w.station == st {
			w.say("disk %d works again", i)
			st.back(i)
		}
	})
}

func (w *world) clockGoesWrong() {
	if w.chance(0.5) {
		ppm := w.rand.Float64()*400 - 200
		w.say("the clock drifts by %.0f ppm", ppm)
		w.host.Drift(ppm)
		return
	}
	step := w.between(-time.Hour, time.Hour)
	w.happened("the clock steps by %v", step)
	w.host.Step(step)
	if st := w.station; st != nil {
		st.manager.Report("", session.FaultEvent{Code: "clock.stepped", Raised: true, Alarm: true, At: w.host.Now(), Detail: step.String()})
	}
}

func (w *world) crash() {
	if w.station == nil || w.stopping {
		return
	}
	if w.chance(0.5) {
		w.kill()
	} else {
		w.cut()
	}
	w.in(w.while()+time.Second, w.boot)
}

func (w *world) terminate() {
	if w.station == nil || w.stopping {
		return
	}
	d := w.while()
	w.facts.trouble++
	w.stopping = true
	w.stop(func() {
		w.stopping = false
		w.in(d, w.boot)
	})
}

// technician looks after the site from time to time: what has failed is mended, and the controller
// finds it itself or is started anew.
func (w *world) technician() {
	if w.over {
		return
	}
	w.in(w.between(time.Minute, 5*time.Minute), w.technician)
	st := w.station
	if st == nil || w.stopping {
		return
	}
	all := st.all()
	left := len(all) - len(st.healthy())
	if left == 0 || left < len(all) && w.now() < w.plan.length && !w.chance(0.3) {
		return
	}
	if w.chance(0.6) {
		w.say("the technician mends the disks")
		for i, v := range all {
			if v.Fault() != nil {
				st.back(i)
			}
		}
		return
	}
	w.say("the technician mends the disks and starts the controller anew")
	w.stopping = true
	w.stop(func() {
		w.stopping = false
		for _, d := range w.disks {
			d.Mend()
		}
		w.in(w.between(time.Second, time.Minute), w.boot)
	})
}
