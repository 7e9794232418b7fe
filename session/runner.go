package session

import (
	"context"
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// stopTime is how long a session's files may take to be flushed when the controller goes down.
const stopTime = 10 * time.Second

// runner owns one session. Everything comes to it as an item of its mailbox and is taken in one
// after the other; what may wait for a disk is its scribe's.
//
// An event that the table accepts is decided at once: later events are judged by what it leads to.
// It takes effect when its line is on the volumes, Locked excepted.
type runner struct {
	m      *Manager
	id     string
	folder string
	opened clock.Instant
	line   clock.Timeline
	box    *mailbox[any]
	scribe *scribe

	decided Record               // by every event so far
	durable Record               // by those whose lines are on the volumes
	shown   Record               // durable, and what takes effect before its line
	decides uint64               // counts decided events
	sensed  *sensed              // nil before the first reading
	times   map[place]CameraTime // written down last
	last    clock.Wall
	waiting []pending // decided, not yet written, in the order of their lines

	faults     map[table.Fault]bool // open ones of all rooms of the session: whether they lock
	progress   map[place]Progress
	firstGood  map[place]clock.Wall // begin of the first safe fragment since unsafe
	unsafe     clock.Wall           // since when not everything is safe
	mended     map[place]clock.Wall // when the last fault of a camera that locked was over: what came before is not good
	missing    map[place]bool       // cameras that this runner itself raised camera.lost for
	timers     map[table.EventName]*alarm
	requests   map[string]*answer
	panelTimer *alarm
	panelGone  string // the room whose page does not answer
	closeAt    clock.Wall
	ear        ear
	pad        pad

	first func() // what the runner begins with

	seal     *SealResult
	sealWait bool
	stopping bool
	closed   bool // the files are closed, or the session was dismissed
}

type place struct{ room, camera string }

// pending is a decided event whose line is being written.
type pending struct {
	number  uint64
	data    Data
	actor   string
	first   bool           // it takes effect before its line is written
	record  Record         // decided by it
	effects []table.Effect // what waits for the line
	answer  *answer
}

// answer is what a request gets, once and whenever it is repeated.
type answer struct {
	done chan struct{} // closed when view and err are there
	view SessionView
	err  error
}

// alarm is a timer that puts an event into the mailbox.
type alarm struct{ timer *time.Timer }

// What the mailbox carries, beside these: Progress.
type (
	wish struct { // a person's command
		actor   Actor
		cmd     Command
		request string
		answer  chan *answer // capacity 1
	}
	faultItem struct {
		fault    table.Fault
		open     bool
		locks    bool
		lastGood clock.Stamp
		detail   string
		proven   bool // it is over because something good of the camera is on disk
	}
	notRecorded struct {
		at     place
		since  clock.Stamp
		detail string
	}
	elapsed struct {
		name  table.EventName
		alarm *alarm
	}
	leave    struct{} // the next session in the room takes the place of this one, which is sealed
	loudness struct { // of a room, about once a second
		room  string
		level float64
	}
	panelAlive struct{ room string }
	sensing    struct {
		room    string
		reading Reading
	}
	panelElapsed struct{ alarm *alarm }
	written      struct {
		number uint64
		err    error
	}
	sealed struct {
		result SealResult
		err    error
	}
	effectDone struct {
		effect table.Effect
		err    error
	}
	recordDone struct {
		at  place
		err error
	}
)

// run serves the session until it is dismissed or ctx ends, which flushes and closes its files.
func (r *runner) run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.scribe.run(work)
	}()
	defer func() {
		stop()
		<-ended
		for _, a := range r.timers {
			a.timer.Stop()
		}
		if r.panelTimer != nil {
			r.panelTimer.timer.Stop()
		}
		r.giveUp()
	}()
	r.first()
	r.m.publish(r)
	down := ctx.Done()
	var limit <-chan time.Time
	for !r.closed {
		select {
		case <-r.box.signal:
			for _, it := range r.box.take() {
				r.handle(it)
			}
		case <-down:
			down = nil
			r.stopping = true
			t := time.NewTimer(stopTime)
			defer t.Stop()
			limit = t.C
			r.machine(Data{Event: table.Event{Name: table.Stopping}})
			if r.decided.Table.State == table.Sealed {
				r.closed = true
			}
		case <-limit:
			r.m.log("close", r.id, context.DeadlineExceeded)
			return
		}
		r.m.publish(r)
	}
}

// giveUp answers whoever still waits.
func (r *runner) giveUp() {
	for _, it := range r.box.take() {
		if w, ok := it.(wish); ok {
			a := &answer{done: make(chan struct{}), err: refuse("not-running")}
			close(a.done)
			w.answer <- a
		}
	}
	for _, p := range r.waiting {
		if p.answer != nil {
			p.answer.err = refuse("not-written")
			close(p.answer.done)
		}
	}
}

func (r *runner) handle(it any) {
	switch it := it.(type) {
	case wish:
		it.answer <- r.wish(it)
	case faultItem:
		r.fault(it)
	case Progress:
		r.advance(it)
	case sensing:
		if it.room == r.decided.Table.Room { // not that of a room that the session has left
			r.senses(it.reading)
		}
	case CameraTime:
		r.cameraTime(it)
	case looked:
		r.looks(it)
	case messaged:
		r.messages(it)
	case typing:
		r.types(it)
	case elapsed:
		r.elapsed(it)
	case leave:
		r.closed = true
	case loudness:
		if it.room != r.decided.Table.Room {
			break
		}
		r.ear.hear(it.level, r.decided.Table, r.m.cfg.Clock.Now().Mono)
	case panelAlive:
		if it.room == r.decided.Table.Room {
			r.panelAlive()
		}
	case panelElapsed:
		if it.alarm == r.panelTimer && r.panelGone == "" && r.decided.Table.State != table.Sealed {
			r.panelGone = r.decided.Table.Room
			r.m.Report(r.panelGone, FaultEvent{Code: table.PanelLost, Raised: true, At: r.m.cfg.Clock.Now()})
		}
	case written:
		r.written(it)
	case sealed:
		r.sealed(it)
	case recordDone:
		if it.err != nil {
			// The detector of a lost camera may see it too; this says at once why.
			r.m.log("record "+it.at.room+"/"+it.at.camera, r.id, it.err)
			r.lost(it.at, "recording did not begin")
			r.fault(faultItem{
				fault: table.Fault{Code: table.CameraLost, Room: it.at.room, Subject: it.at.camera},
				open:  true, locks: r.m.required(it.at.room, it.at.camera), detail: "recording did not begin",
			})
		}
	case notRecorded:
		r.notRecorded(it)
	case effectDone:
		if it.err != nil {
			r.m.log(string(it.effect), r.id, it.err)
		}
		if it.effect == table.Close {
			r.closed = true
		}
	}
}

// now returns the present on the session's timeline; it never runs back.
func (r *runner) now() (clock.Instant, clock.Mono) {
	mono := r.m.cfg.Clock.Now().Mono
	at := r.line.At(mono)
	if at.Wall < r.last {
		at.Wall = r.last
	}
	r.last = at.Wall
	return at, mono
}

// decision is what the table says to an event: what to do before its line is written, the line, and
// what waits for it.
type decision struct {
	pending
	before []table.Effect
	line   *Line // nil: nothing is written
}

// decide gives an event to the table. Nothing takes effect yet; a decision without effects is of an
// event that was overtaken.
func (r *runner) decide(d Data, actor string) (decision, *table.Refusal) {
	at, mono := r.now()
	d.Event.At = at.Wall
	next, effects, refusal := table.Step(r.decided.Table, d.Event)
	if refusal != nil {
		if actor == ActorController {
			r.m.log("event "+string(d.Event.Name), r.id, refusal)
		}
		return decision{}, refusal
	}
	if len(effects) == 0 {
		return decision{}, nil
	}
	from := r.decided.Table.State
	d.State = next.State
	r.decides++
	r.decided = r.decided.take(next, d, actor)
	if !next.Safe && (r.unsafe == 0 || d.Event.Name == table.FaultRaised || d.Event.Name == table.Restarted || d.Event.Name == table.MoveRoom) {
		r.unsafe = at.Wall
		clear(r.firstGood)
	}
	if next.State == table.Locked && from != table.Locked {
		r.m.metrics.locked(next.Room, cause(d.Event))
	}
	switch d.Event.Name {
	case table.ApproveUnrecorded:
		r.m.metrics.approved(next.Room, d.Reason)
	case table.RefuseUnrecorded:
		r.m.metrics.refused(next.Room)
	}
	dec := decision{pending: pending{number: r.decides, data: d, actor: actor, record: r.decided}}
	journal := slices.Index(effects, table.Journal)
	if journal < 0 {
		dec.before = effects
		return dec, nil
	}
	dec.before, dec.effects = effects[:journal], effects[journal+1:]
	dec.first = slices.Contains(dec.before, table.Show)
	dec.line = &Line{Type: typeOf(d.Event.Name), Actor: actor, At: at, Mono: mono, Data: d}
	return dec, nil
}

// event gives an event to the table and does what it says. The answer, if there is one, is completed
// when the event's line is written.
func (r *runner) event(d Data, actor string, a *answer) *table.Refusal {
	dec, refusal := r.decide(d, actor)
	if refusal != nil {
		return refusal
	}
	before := pending{record: dec.record, effects: dec.before}
	if dec.line == nil {
		// Nothing is written of it: it comes after the last line, or does nothing.
		before.answer = a
		if len(dec.before) > 0 {
			r.durable = r.decided
		}
		r.perform(before)
		return nil
	}
	dec.answer = a
	r.waiting = append(r.waiting, dec.pending)
	r.perform(before)
	number := dec.number
	r.scribe.jobs.put(job{line: dec.line, then: func(err error) { r.box.put(written{number, err}) }})
	return nil
}

// written does what has waited for a line.
func (r *runner) written(w written) {
	i := slices.IndexFunc(r.waiting, func(p pending) bool { return p.number == w.number })
	if i < 0 {
		return
	}
	p := r.waiting[i]
	r.waiting = slices.Delete(r.waiting, i, i+1)
	if w.err != nil {
		// Only when the controller goes down: the line was not written, so it did not happen.
		if p.answer != nil {
			p.answer.err = refuse("not-written")
			close(p.answer.done)
		}
		if r.stopping {
			r.closed = slices.Contains(p.effects, table.Close)
		}
		return
	}
	r.durable = p.record
	r.perform(p)
}

// perform does a row's effects in their order.
func (r *runner) perform(p pending) {
	t := p.record.Table
	for _, e := range p.effects {
		switch e {
		case table.Show:
			r.show()
		case table.Record:
			r.record(t.Room)
			if p.data.Event.Name == table.Restarted {
				// Those of the rooms that it has left recorded until the program went down.
				for _, room := range t.Rooms {
					if room != t.Room {
						r.record(room)
					}
				}
			}
		case table.ArmStarting:
			r.arm(table.StartElapsed, r.m.cfg.Starting)
		case table.ArmCall:
			r.arm(table.LockedLong, r.m.cfg.Call)
		case table.ArmOverdue:
			r.arm(table.UnrecordedOverdue, r.m.cfg.Overdue)
		case table.ArmClosing:
			now, _ := r.now()
			r.closeAt = now.Wall.Add(r.closingTime())
			r.arm(table.ClosingElapsed, r.closingTime())
		case table.StopRecording:
			r.do(e, r.scribe.ev.StopRecording)
		case table.Seal:
			r.sealNow()
		case table.SealAgain:
			r.arm(table.SealFailed, r.m.cfg.SealAgain)
		case table.Close:
			r.do(e, r.scribe.ev.Close)
		case table.FreeRoom:
			r.m.free(r)
			r.closed = true
		case table.Call:
			r.m.metrics.calls.Inc()
		case table.Journal, table.Script:
			// The line is written; the script is part of the record that is shown.
		}
	}
	if p.answer != nil {
		p.answer.view = r.view()
		close(p.answer.done)
	}
}

// show lets what is durable take effect, and on top of it what takes effect before its line is
// written: a lock is shown at once, but not the marker whose line waits before it.
func (r *runner) show() {
	rec := r.durable
	for _, p := range r.waiting {
		if !p.first {
			continue
		}
		if next, effects, no := table.Step(rec.Table, p.data.Event); no == nil && len(effects) > 0 {
			rec = rec.take(next, p.data, p.actor)
		}
	}
	r.shown = rec
	r.m.index(entryOf(r.id, r.folder, r.shown, r.seal))
}

func (r *runner) closingTime() time.Duration {
	if r.decided.Table.Technical {
		return 0
	}
	return r.m.cfg.Closing
}

func (r *runner) do(e table.Effect, f func(context.Context) error) {
	r.scribe.jobs.put(job{do: f, then: func(err error) { r.box.put(effectDone{e, err}) }})
}

func (r *runner) record(room string) {
	for _, c := range r.m.cameras(room) {
		at := place{room, c.ID}
		r.scribe.jobs.put(job{
			do:   func(context.Context) error { return r.scribe.ev.Record(at.room, at.camera) },
			then: func(err error) { r.box.put(recordDone{at, err}) },
		})
	}
}

func (r *runner) arm(name table.EventName, d time.Duration) {
	if old := r.timers[name]; old != nil {
		old.timer.Stop()
	}
	a := &alarm{}
	r.timers[name] = a
	a.timer = time.AfterFunc(d, func() { r.box.put(elapsed{name, a}) })
}

// cause is the code under which a lock is counted.
func cause(e table.Event) table.Code {
	if e.Name == table.Classified {
		return causeMandatory
	}
	return e.Fault.Code
}

// causeMandatory is why a session locks that went on unrecorded and may not any more.
const causeMandatory = "mandatory"
