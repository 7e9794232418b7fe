package session

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// createTime is how long the disks may take to make a session's folder.
const createTime = 15 * time.Second

// Open opens a session in a room; recording begins. It returns when the opening is on the volumes.
// The same request id gets the same answer. Refusals are *[Refusal].
func (m *Manager) Open(ctx context.Context, actor Actor, roomID string, form OpenForm, request string) (SessionView, error) {
	if err := m.wait(ctx); err != nil {
		return SessionView{}, err
	}
	a, mine := m.opening(request)
	if mine {
		if err := m.begin(ctx, actor, roomID, form, request, a); err != nil {
			a.err = err
			close(a.done)
		}
	}
	return m.await(ctx, a)
}

// opening returns the answer of an opening and whether the caller has to bring it about.
func (m *Manager) opening(request string) (*answer, bool) {
	a := &answer{done: make(chan struct{})}
	if request == "" {
		return a, true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.opens[request]; ok {
		return old, false
	}
	m.remember(request, a)
	return a, true
}

// remember keeps the answer of an opening. The caller holds the mutex.
func (m *Manager) remember(request string, a *answer) {
	m.opens[request] = a
	if m.openIDs = append(m.openIDs, request); len(m.openIDs) > remembered {
		delete(m.opens, m.openIDs[0])
		m.openIDs = m.openIDs[1:]
	}
}

func (m *Manager) await(ctx context.Context, a *answer) (SessionView, error) {
	select {
	case <-a.done:
		return a.view, a.err
	case <-ctx.Done():
		return SessionView{}, refuse("not-written")
	}
}

func (m *Manager) wait(ctx context.Context) error {
	select {
	case <-m.started:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin checks, takes the room, makes the folders and starts the runner.
func (m *Manager) begin(ctx context.Context, actor Actor, roomID string, form OpenForm, request string, a *answer) error {
	if !mayRun(actor, form.Kind) {
		return refuse("role")
	}
	rm := m.room(roomID)
	if rm == nil {
		return ErrNotFound
	}
	if no := fields("form", m.cfg.Policy.Validate(form, rm.cfg.Kind)); no != nil {
		return no
	}
	if no := RefuseWallClock(actor, form); no != nil {
		return no
	}
	now := m.cfg.Clock.Now()
	r := m.newRunner(m.newID(now.Wall))
	fact, no := m.occupy(rm, r, now, actor, form)
	if no != nil {
		return no
	}
	r.folder = path.Join(now.Wall.In(m.cfg.Zone.Location()).Format("2006/01/02"), r.id)
	mandatory, _ := m.cfg.Policy.Mandatory(form)
	dec, refusal := r.decide(Data{
		Event: table.Event{Name: table.Opened, Room: roomID, Mandatory: mandatory, Technical: form.Kind == KindTechnical},
		Form:  &form, Request: request, By: &actor, Zone: m.cfg.Zone.Name(), Clock: &fact, Ground: form.Ground,
	}, actorOf(actor))
	if refusal != nil {
		m.free(r)
		return &Refusal{Code: "table", Say: refusal.Say, Clause: refusal.Clause}
	}
	opening := m.openingOf(r, rm, form, fact)
	opening.First = *dec.line
	// Whoever asked may go away; half a folder must not be left because of it.
	create, stop := context.WithTimeout(context.WithoutCancel(ctx), createTime)
	defer stop()
	ev, err := m.cfg.Recorder.Create(create, opening)
	if err != nil {
		m.log("create", r.id, err)
		m.free(r)
		return refuse("not-created")
	}
	dec.answer = a
	r.first = func() {
		r.durable = dec.record // the opening's line is on the volumes
		r.perform(dec.pending)
		for f, locks := range m.openFaults(roomID) {
			r.fault(faultItem{fault: f, open: true, locks: locks})
		}
	}
	if err := m.launch(ctx, r, ev); err != nil {
		return err
	}
	m.comparedAt(WallCheck{Room: roomID, At: now.Wall, By: actor, WallClock: form.WallClock, Session: r.id})
	return nil
}

// RefuseWallClock refuses an opening where the clock in the room is a minute or more off, unless a
// supervisor, who opens or signs in for it, gives a reason (Z23).
func RefuseWallClock(actor Actor, form OpenForm) *Refusal {
	if !form.WallClock.Far() || (actor.Role == policy.Supervisor || form.ClockSupervisor != "") && strings.TrimSpace(form.WallClock.Reason) != "" {
		return nil
	}
	say := sentences["wall-clock"]
	return &Refusal{Code: "wall-clock", Say: say, Fields: []FieldRefusal{{"wall_clock.reason", say}}, Clause: "Z23"}
}

// Recover goes on with a session that was found unsealed: its journal is replayed, it comes back
// Locked (from Closing as Closing), and its cameras record again.
func (m *Manager) Recover(ctx context.Context, found Found) (SessionView, error) {
	if err := m.wait(ctx); err != nil {
		return SessionView{}, err
	}
	rec, err := Replay(found.Lines)
	if err != nil {
		return SessionView{}, fmt.Errorf("session %s: %w", path.Base(found.Folder), err)
	}
	if rec.Table.State == table.None {
		return SessionView{}, fmt.Errorf("session %s: no opening in its journal: %w", path.Base(found.Folder), ErrReplay)
	}
	rm := m.room(rec.Table.Room)
	if rm == nil {
		return SessionView{}, fmt.Errorf("session %s: room %q: %w", path.Base(found.Folder), rec.Table.Room, ErrNotFound)
	}
	r := m.newRunner(path.Base(found.Folder))
	r.folder, r.decided, r.durable, r.shown = found.Folder, rec, rec, rec
	r.opened = openedAt(found.Lines)
	r.pad.begin(rec.Pad)
	r.last = max(found.LastSafe, lastLine(found.Lines))
	fact, no := m.reoccupy(rm, r)
	if no != nil {
		return SessionView{}, no
	}
	ev, err := m.cfg.Recorder.Resume(ctx, m.openingOf(r, rm, rec.Form, fact))
	if err != nil {
		m.free(r)
		return SessionView{}, fmt.Errorf("session %s: resume: %w", r.id, err)
	}
	a := &answer{done: make(chan struct{})}
	if len(rec.Requests) > 0 {
		// Whoever asked for the opening and did not hear of it asks again.
		m.mu.Lock()
		m.remember(rec.Requests[0], a)
		m.mu.Unlock()
	}
	lastSafe := found.LastSafe
	if lastSafe == 0 {
		lastSafe = rec.Table.Opened
	}
	r.first = func() { r.restart(lastSafe, Data{Clock: &fact}, a) }
	if err := m.launch(ctx, r, ev); err != nil {
		return SessionView{}, err
	}
	return m.await(ctx, a)
}

func (m *Manager) newRunner(id string) *runner {
	r := &runner{
		m: m, id: id, box: newMailbox[any](), faults: make(map[table.Fault]bool),
		progress: make(map[place]Progress), firstGood: make(map[place]clock.Wall),
		mended:  make(map[place]clock.Wall),
		missing: make(map[place]bool), timers: make(map[table.EventName]*alarm), requests: make(map[string]*answer),
	}
	r.pad.begin(nil)
	return r
}

// occupy takes the room for a session, or says why it cannot be had.
func (m *Manager) occupy(rm *room, r *runner, now clock.Stamp, actor Actor, form OpenForm) (ClockFact, *Refusal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() != nil {
		return ClockFact{}, refuse("not-running")
	}
	if rm.busy() {
		return ClockFact{}, refuse("busy")
	}
	if m.room(rm.cfg.ID) != rm {
		return ClockFact{}, refuse("changing") // while this was asked
	}
	if unfit := m.unfit(rm); len(unfit) > 0 {
		no := refuse("unfit")
		for _, t := range unfit {
			no.Fields = append(no.Fields, FieldRefusal{"room", t})
		}
		return ClockFact{}, no
	}
	fact := ClockFact{Trusted: m.clock.Trusted, Reason: form.ClockReason}
	if !fact.Trusted && !m.cfg.OpenUntrusted && (actor.Role != policy.Supervisor && form.ClockSupervisor == "" || strings.TrimSpace(form.ClockReason) == "") {
		return ClockFact{}, &Refusal{Code: "clock", Say: sentences["clock"], Fields: []FieldRefusal{{"clock_reason", sentences["clock"]}}, Clause: "Z23"}
	}
	r.line = clock.NewTimeline(now, m.uncertain)
	r.opened = r.line.At(now.Mono)
	m.settle(rm, r)
	return fact, nil
}

// reoccupy takes the room for a session that was found after a restart.
func (m *Manager) reoccupy(rm *room, r *runner) (ClockFact, *Refusal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() != nil {
		return ClockFact{}, refuse("not-running")
	}
	for _, id := range r.decided.Table.Rooms {
		if o := m.room(id); o != nil && (o.busy() || o.held || o.expects != "" && o.expects != r.id) {
			return ClockFact{}, refuse("busy")
		}
	}
	r.line = clock.ResumeTimeline(m.cfg.Clock.Now(), m.uncertain, r.last, m.began)
	for _, id := range r.decided.Table.Rooms {
		if o := m.room(id); o != nil {
			m.settle(o, r)
		}
	}
	return ClockFact{Trusted: m.clock.Trusted}, nil
}

// settle puts a session into a room; one that was sealed there before is dismissed. The caller holds
// the mutex.
func (m *Manager) settle(rm *room, r *runner) {
	if old := rm.runner; old != nil {
		rm.message = nil // it was that session's
		if !slices.ContainsFunc(m.list(), func(o *room) bool { return o != rm && o.runner == old }) {
			old.box.put(leave{})
		}
	}
	rm.runner, rm.session, rm.state, rm.actions = r, nil, table.Starting, nil
	rm.progress = make(map[string]Progress)
}

// openingOf is what the recorder is told.
func (m *Manager) openingOf(r *runner, rm *room, form OpenForm, fact ClockFact) Opening {
	o := Opening{
		Session: r.id, Folder: r.folder, Room: rm.cfg.ID, Kind: form.Kind, Zone: m.cfg.Zone, Timeline: r.line,
		Opened: r.opened, Planned: form.Planned, ClockTrusted: fact.Trusted, ClockReason: fact.Reason,
	}
	if o.Planned == 0 {
		o.Planned = rm.cfg.Planned
	}
	if o.Planned == 0 {
		o.Planned = defaultPlanned
	}
	return o
}

// launch starts the runner's goroutine, which Run waits for.
func (m *Manager) launch(ctx context.Context, r *runner, ev Evidence) error {
	r.scribe = &scribe{ev: ev, jobs: newMailbox[job](), log: func(op string, err error) { m.log(op, r.id, err) }}
	m.mu.Lock()
	down := m.ctx.Err() != nil
	if !down {
		h := &task{r, make(chan struct{})}
		m.runners[r.id] = h
		for _, id := range r.decided.Table.Rooms {
			if rm := m.room(id); rm != nil {
				for _, t := range rm.times {
					r.box.put(t)
				}
			}
		}
		m.wg.Go(func() {
			defer m.forget(h)
			r.run(m.ctx)
		})
	}
	m.mu.Unlock()
	if !down {
		return nil
	}
	m.free(r)
	m.log("close", r.id, ev.Close(ctx))
	return refuse("not-running")
}

// forget notes that a runner has ended; only the latest are kept for repeated requests.
func (m *Manager) forget(h *task) {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(h.end)
	if m.ended = append(m.ended, h.id); len(m.ended) > remembered {
		delete(m.runners, m.ended[0])
		m.ended = m.ended[1:]
	}
}

// free gives a session's rooms back.
func (m *Manager) free(r *runner) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rm := range m.list() {
		if rm.runner == r {
			rm.runner, rm.session, rm.state, rm.actions = nil, nil, table.None, nil
			rm.progress, rm.message = make(map[string]Progress), nil
			m.metrics.show(rm.cfg.ID, table.None, 0)
			rm.changed()
		}
	}
}

// enter puts a session into another room besides those that it has been in, or says why it cannot.
func (m *Manager) enter(r *runner, id string) *Refusal {
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(id)
	switch {
	case rm == nil:
		return refuse("no-room")
	case rm.runner == r:
		return nil // back to where it was
	case rm.busy():
		return refuse("room-busy")
	case len(m.unfit(rm)) > 0:
		return refuse("room-unfit")
	}
	m.settle(rm, r)
	rm.changed()
	return nil
}

// openedAt returns the instant of a journal's opening line.
func openedAt(lines []JournalLine) clock.Instant {
	for _, l := range lines {
		if l.Type == TypeOpened {
			return l.At
		}
	}
	return clock.Instant{}
}
