package session

import (
	"context"
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// panelTime is for how long a room's page may be silent before that is an alarm.
const panelTime = 10 * time.Second

// fault takes in what a detector says. Whether a fault locks can change while it is open: a picture
// that stands still is an alarm first.
func (r *runner) fault(it faultItem) {
	locked, open := r.faults[it.fault]
	lastGood := clock.Wall(0)
	if it.lastGood != (clock.Stamp{}) {
		lastGood = max(r.line.At(it.lastGood.Mono).Wall, r.decided.Table.Opened) // before it nothing was recorded
	}
	raise := func(name table.EventName) {
		r.machine(Data{Event: table.Event{Name: name, Fault: it.fault, LastGood: lastGood}, Detail: it.detail})
	}
	locks := it.locks && r.matters(it.fault)
	known, _ := FaultOf(it.fault.Code)
	switch {
	case !it.open && !open, it.open && open && locks == locked && !known.Moment:
		return
	case !it.open:
		delete(r.faults, it.fault)
		if locked && !it.proven && r.isCamera(it.fault) {
			// What was recorded while it was open was not good, though pictures went on.
			at := place{it.fault.Room, it.fault.Subject}
			now, _ := r.now()
			r.mended[at] = now.Wall
			delete(r.firstGood, at)
		}
		if locked {
			raise(table.FaultCleared)
		} else {
			raise(table.AlarmCleared)
		}
	default:
		r.faults[it.fault] = locks
		switch {
		case open && locked:
			raise(table.FaultCleared)
			raise(table.AlarmRaised)
		case locks:
			raise(table.FaultRaised)
		default:
			raise(table.AlarmRaised)
		}
	}
	r.checkSafe()
}

// matters reports whether a fault can lock the session: what is wrong with a room that the session
// has left cannot.
func (r *runner) matters(f table.Fault) bool {
	return f.Room == "" || f.Room == r.decided.Table.Room
}

// machine gives the table an event that no person caused.
func (r *runner) machine(d Data) { _ = r.event(d, ActorController, nil) } // a refusal is logged there

// advance takes in how far a camera is acknowledged.
func (r *runner) advance(p Progress) {
	at := place{p.Room, p.Camera}
	r.progress[at] = p
	if p.To.Wall > max(r.unsafe, r.mended[at]) && p.Volumes > 0 && !p.Behind {
		if _, ok := r.firstGood[at]; !ok {
			r.firstGood[at] = max(p.From.Wall, r.mended[at])
			r.found(at)
		}
	}
	r.checkSafe()
}

// isCamera reports whether a fault is of a camera.
func (r *runner) isCamera(f table.Fault) bool {
	rm := r.m.room(f.Room)
	if rm == nil {
		return false
	}
	_, ok := rm.camera(f.Subject)
	return ok
}

// lost raises camera.lost for a camera that no detector missed, but of which nothing is recorded.
func (r *runner) lost(at place, detail string) {
	f := table.Fault{Code: table.CameraLost, Room: at.room, Subject: at.camera}
	if _, open := r.faults[f]; open {
		return // a detector knows it too, and will say when it is over
	}
	r.missing[at] = true
	r.m.raise(f, FaultEvent{Code: f.Code, Subject: f.Subject, Raised: true, At: r.m.cfg.Clock.Now(), Detail: detail})
}

// notRecorded locks when a required camera gives pictures of which nothing can be recorded: to the detectors it is
// well. What is on disk after that ends it. Starting has its own time, and tells it after that.
func (r *runner) notRecorded(it notRecorded) {
	t := r.decided.Table
	if t.State == table.Starting || t.Stopped || t.State == table.Sealed || it.at.room != t.Room || !r.m.required(it.at.room, it.at.camera) {
		return
	}
	r.lost(it.at, it.detail)
	r.fault(faultItem{
		fault: table.Fault{Code: table.CameraLost, Room: it.at.room, Subject: it.at.camera},
		open:  true, locks: true, lastGood: it.since, detail: it.detail,
	})
}

// found clears what lost has raised: something of the camera is on disk.
func (r *runner) found(at place) {
	if !r.missing[at] {
		return
	}
	delete(r.missing, at)
	f := table.Fault{Code: table.CameraLost, Room: at.room, Subject: at.camera}
	if r.m.clearOwn(f) {
		r.fault(faultItem{fault: f, proven: true})
	} // else what is on disk may be of before a detector missed the camera, too
}

// checkSafe tells the table when every required camera has something on disk since the last trouble.
func (r *runner) checkSafe() {
	t := r.decided.Table
	if t.Safe || t.Stopped || t.State == table.Sealed {
		return
	}
	if len(t.Faults) > 1 || len(t.Faults) == 1 && t.Faults[0].Code != table.ControllerRestarted {
		return
	}
	var first clock.Wall
	for _, c := range r.m.cameras(t.Room) {
		if !c.Required {
			continue
		}
		good, ok := r.firstGood[place{t.Room, c.ID}]
		if !ok {
			return
		}
		first = max(first, good)
	}
	if len(t.Faults) == 1 {
		restart := t.Faults[0]
		r.m.clear(restart)
		delete(r.faults, restart)
		r.machine(Data{Event: table.Event{Name: table.FaultCleared, Fault: restart}})
	}
	r.machine(Data{Event: table.Event{Name: table.AllSafe, FirstGood: first}})
}

// notSafe returns the required cameras that have nothing on disk since the last trouble.
func (r *runner) notSafe() []string {
	room := r.decided.Table.Room
	var out []string
	for _, c := range r.m.cameras(room) {
		if _, ok := r.firstGood[place{room, c.ID}]; c.Required && !ok {
			out = append(out, c.ID)
		}
	}
	return out
}

// elapsed gives the table what a timer says.
func (r *runner) elapsed(it elapsed) {
	if r.timers[it.name] != it.alarm {
		return // armed anew since
	}
	delete(r.timers, it.name)
	e := table.Event{Name: it.name}
	switch it.name {
	case table.SealFailed:
		r.sealNow()
		return
	case table.StartElapsed:
		if r.decided.Table.State != table.Starting {
			return
		}
		room := r.decided.Table.Room
		e.LastGood = r.decided.Table.Opened
		for i, camera := range r.notSafe() {
			r.lost(place{room, camera}, "no fragment safe in time")
			e.Fault = table.Fault{Code: table.CameraLost, Room: room, Subject: camera}
			r.faults[e.Fault] = true
			if i > 0 {
				e.Name = table.FaultRaised
			}
			r.machine(Data{Event: e, Detail: "no fragment safe in time"})
		}
		return
	}
	r.machine(Data{Event: e})
}

// panelAlive takes in the heartbeat of the room's page.
func (r *runner) panelAlive() {
	r.panelBack()
	r.awaitPanel()
}

// awaitPanel gives the room's page panelTime from now to answer.
func (r *runner) awaitPanel() {
	if r.panelTimer != nil {
		r.panelTimer.timer.Stop()
	}
	a := &alarm{}
	r.panelTimer = a
	a.timer = time.AfterFunc(panelTime, func() { r.box.put(panelElapsed{a}) })
}

// panelBack ends that a room's page does not answer.
func (r *runner) panelBack() {
	if room := r.panelGone; room != "" {
		r.panelGone = ""
		r.m.Report(room, FaultEvent{Code: table.PanelLost, At: r.m.cfg.Clock.Now()})
	}
}

func (r *runner) sealNow() {
	rec := r.decided
	var result SealResult
	r.scribe.jobs.put(job{
		do: func(ctx context.Context) (err error) {
			result, err = r.scribe.ev.Seal(ctx, factsOf(rec))
			return err
		},
		then: func(err error) { r.box.put(sealed{result, err}) },
	})
}

func (r *runner) sealed(s sealed) {
	if s.err != nil {
		r.m.log("seal", r.id, s.err)
		r.sealWait = true
		if !r.stopping {
			r.machine(Data{Event: table.Event{Name: table.SealFailed}})
		}
		return
	}
	r.sealWait, r.seal = false, &s.result
	r.machine(Data{Event: table.Event{Name: table.SealDone}})
	r.panelBack()
	r.m.drop(r.decided.Table.Rooms...)
}

// restart takes the session up again after the controller was down: its state comes from the journal,
// and everything that is missing counts from the last acknowledged instant.
func (r *runner) restart(lastSafe clock.Wall, d Data, a *answer) {
	room := r.decided.Table.Room
	f := table.Fault{Code: table.ControllerRestarted, Room: room}
	faults := r.m.openFaults(room)
	open := make([]table.Fault, 0, len(faults))
	for f, locks := range faults {
		r.faults[f] = locks
		if locks {
			open = append(open, f)
		}
	}
	slices.SortFunc(open, table.Fault.Compare)
	if !r.decided.Table.Stopped {
		r.faults[f] = true
		r.m.raise(f, FaultEvent{Code: f.Code, Raised: true, At: r.m.cfg.Clock.Now()})
	}
	d.Event = table.Event{Name: table.Restarted, Fault: f, Faults: open, LastGood: lastSafe}
	if no := r.event(d, ActorController, a); no != nil {
		a.err = no // sealed, though it was found unsealed
		close(a.done)
		r.closed = true
		return
	}
	for f, locks := range faults {
		if !locks {
			r.machine(Data{Event: table.Event{Name: table.AlarmRaised, Fault: f}})
		}
	}
	if !r.decided.Table.Technical {
		r.awaitPanel() // the page was there before; nobody else would miss it
	}
}
