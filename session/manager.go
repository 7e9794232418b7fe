package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// ErrNotFound says that there is no such room or session.
var ErrNotFound = errors.New("no such room or session")

// RoomConfig is a room as the site configured it.
type RoomConfig struct {
	ID      string
	Name    Text
	Kind    string // policy.HandlingArea or policy.Mobile
	Cameras []CameraConfig
	Planned time.Duration // for which space is asked; 0: 4 h
}

// CameraConfig is a camera of a room.
type CameraConfig struct {
	ID       string
	Name     Text
	Required bool
}

// Config is what a manager is made of.
type Config struct {
	Rooms    []RoomConfig
	Zone     clock.Zone
	Clock    clock.Source
	Recorder Recorder
	Index    Index         // may be nil
	Policy   policy.Policy // the zero Policy is the law alone
	Metrics  *Metrics      // nil: not registered anywhere
	// OpenUntrusted lets sessions open while the host's clock is not trusted: demo and record. It is
	// journalled and sealed.
	OpenUntrusted bool

	// Accepted is told when a named officer has accepted a camera that is not as it was at the start,
	// so that its detector takes it as it is now. It never waits. May be nil.
	Accepted func(room, camera string)

	Starting  time.Duration // how long Starting may last; 0: 10 s
	Closing   time.Duration // recording after End; 0: 60 s
	Call      time.Duration // Locked before a supervisor is called; 0: 10 min
	Overdue   time.Duration // unrecorded although recording is possible; 0: 60 s
	SealAgain time.Duration // between attempts to seal; 0: 5 s
	// Log gets what a technician should know. It carries no case data. nil: nothing.
	Log func(op, session string, err error)
}

// defaultPlanned is for how long space is asked where neither form nor room says.
const defaultPlanned = 4 * time.Hour

// Manager runs the sessions of a site's rooms. Its methods are safe for concurrent use.
type Manager struct {
	cfg     Config
	metrics *Metrics
	newID   func(opened clock.Wall) string
	started chan struct{} // closed when Run has begun

	wg    sync.WaitGroup // runners
	box   *mailbox[Entry]
	mu    sync.Mutex // guards what follows
	ctx   context.Context
	rooms []*room
	// runners by session id; those that have ended stay so that a repeated request gets its answer.
	runners   map[string]*task
	ended     []string // their ids, oldest first
	opens     map[string]*answer
	openIDs   []string // their request ids, oldest first
	volumes   []VolumeView
	clock     ClockView
	uncertain time.Duration
}

// task is a runner with the sign that it has ended.
type task struct {
	*runner
	end chan struct{}
}

// How many ended sessions and openings are remembered for repeated requests.
const remembered = 256

// NewManager returns a manager over the rooms of cfg. Run must run for sessions to be opened.
func NewManager(cfg Config) (*Manager, error) {
	if cfg.Clock == nil || cfg.Recorder == nil {
		return nil, errors.New("session: a manager needs a clock and a recorder")
	}
	if err := cfg.Policy.Check(); err != nil {
		return nil, err
	}
	set := func(d *time.Duration, standard time.Duration) {
		if *d == 0 {
			*d = standard
		}
	}
	set(&cfg.Starting, 10*time.Second)
	set(&cfg.Closing, time.Minute)
	set(&cfg.Call, 10*time.Minute)
	set(&cfg.Overdue, time.Minute)
	set(&cfg.SealAgain, 5*time.Second)
	m := &Manager{
		cfg: cfg, metrics: cfg.Metrics, started: make(chan struct{}), box: newMailbox[Entry](),
		runners: make(map[string]*task), opens: make(map[string]*answer),
	}
	if m.metrics == nil {
		var err error
		if m.metrics, err = NewMetrics(nil); err != nil {
			return nil, err
		}
	}
	m.newID = func(opened clock.Wall) string {
		return opened.In(cfg.Zone.Location()).Format("20060102-150405-") + strings.ToLower(rand.Text()[:4])
	}
	for _, rc := range cfg.Rooms {
		if !slices.ContainsFunc(rc.Cameras, func(c CameraConfig) bool { return c.Required }) {
			return nil, fmt.Errorf("session: room %q has no required camera", rc.ID)
		}
		m.rooms = append(m.rooms, &room{
			cfg: rc, cameras: make(map[string]CameraStatus), faults: make(map[table.Fault]openFault),
			watches: make(map[chan struct{}]struct{}), progress: make(map[string]Progress),
		})
		m.metrics.show(rc.ID, table.None, 0)
	}
	return m, nil
}

// Run serves until ctx ends. Then the files of running sessions are flushed and closed; no session
// is ended by it. It is called once.
func (m *Manager) Run(ctx context.Context) error {
	m.mu.Lock()
	m.ctx = ctx
	m.mu.Unlock()
	close(m.started)
	for {
		select {
		case <-ctx.Done():
			m.mu.Lock()   // whoever starts a runner now sees that ctx has ended
			m.mu.Unlock() //nolint:staticcheck // an empty section on purpose
			m.wg.Wait()
			m.putIndex(context.WithoutCancel(ctx))
			return nil
		case <-m.box.signal:
			m.putIndex(ctx)
		}
	}
}

// putIndex tells the index what has changed, only the newest of each session.
func (m *Manager) putIndex(ctx context.Context) {
	items := m.box.take()
	for i, e := range items {
		if slices.ContainsFunc(items[i+1:], func(o Entry) bool { return o.Session == e.Session }) {
			continue
		}
		if err := m.cfg.Index.Put(ctx, e); err != nil {
			m.log("index", e.Session, err)
		}
	}
}

func (m *Manager) index(e Entry) {
	if m.cfg.Index != nil {
		m.box.put(e)
	}
}

func (m *Manager) log(op, session string, err error) {
	if m.cfg.Log != nil && err != nil {
		m.cfg.Log(op, session, err)
	}
}

// room returns a room by its id, nil if there is none. The list of rooms never changes.
func (m *Manager) room(id string) *room {
	for _, rm := range m.rooms {
		if rm.cfg.ID == id {
			return rm
		}
	}
	return nil
}

// cameras returns a room's cameras. They never change.
func (m *Manager) cameras(id string) []CameraConfig {
	if rm := m.room(id); rm != nil {
		return rm.cfg.Cameras
	}
	return nil
}

func (m *Manager) required(roomID, camera string) bool {
	rm := m.room(roomID)
	if rm == nil {
		return false
	}
	c, ok := rm.camera(camera)
	return ok && c.Required
}

// Rooms returns every room's view in the order of the configuration.
func (m *Manager) Rooms() []RoomView {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]RoomView, 0, len(m.rooms))
	for _, rm := range m.rooms {
		out = append(out, m.view(rm))
	}
	return out
}

// Room returns a room's view as it is now.
func (m *Manager) Room(id string) (RoomView, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(id)
	if rm == nil {
		return RoomView{}, false
	}
	return m.view(rm), true
}

// view makes a room's view. The caller holds the mutex.
func (m *Manager) view(rm *room) RoomView {
	v := RoomView{
		ID: rm.cfg.ID, Name: rm.cfg.Name, Kind: rm.cfg.Kind, Seq: rm.seq, Now: m.cfg.Clock.Now().Wall,
		Zone: m.cfg.Zone.Name(), Unfit: rm.unfit(m.volumes), Cameras: rm.cameraViews(),
		Volumes: slices.Clone(m.volumes), Clock: m.clock, Faults: rm.faultViews(),
	}
	if v.Volumes == nil {
		v.Volumes = []VolumeView{}
	}
	if rm.busy() {
		v.Unfit = append(v.Unfit, sentences["busy"])
	}
	v.Fit = len(v.Unfit) == 0
	open := ActionView{Name: ActOpen, Allowed: v.Fit}
	if !v.Fit {
		why := v.Unfit[0]
		open.Why = &why
	}
	v.Actions = append(v.Actions, open)
	if rm.session != nil {
		s := *rm.session
		v.Session = &s
		v.Actions = append(v.Actions, rm.actions...)
	} else {
		v.Actions = append(v.Actions, noSession...)
	}
	return v
}

// noSession are a session's actions where there is none.
var noSession = func() []ActionView {
	var out []ActionView
	for _, name := range Commands() {
		_, _, no := table.Step(table.Session{}, table.Event{Name: table.Start})
		out = append(out, ActionView{Name: name, Why: &no.Say})
	}
	return out
}()

// Watch returns a channel of capacity 1 that is signalled after every change of the room's view, and
// a function that ends the watch. A room that does not exist never signals.
func (m *Manager) Watch(id string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(id)
	if rm == nil {
		return ch, func() {}
	}
	rm.watches[ch] = struct{}{}
	return ch, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(rm.watches, ch)
	}
}

// publish lets everybody see what the runner shows.
func (m *Manager) publish(r *runner) {
	if r.shown.Table.State == table.None {
		return // the opening is not on the volumes yet
	}
	v, actions := r.view(), r.actions()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rm := range m.rooms {
		if rm.runner != r {
			continue
		}
		progress := make(map[string]Progress)
		for at, p := range r.progress {
			if at.room == rm.cfg.ID {
				progress[at.camera] = p
			}
		}
		s := v
		if rm.cfg.ID != r.shown.Table.Room {
			s.Notices = append(slices.Clone(s.Notices), sentences["moved-away"])
		}
		rm.session, rm.state, rm.actions, rm.progress = &s, v.State, actions, progress
		rm.changed()
		m.metrics.show(rm.cfg.ID, v.State, len(r.waiting))
	}
}

// Do carries out a command on a session. It returns when the command's transition is on the volumes.
// The same request id gets the same answer. Refusals are *[Refusal].
func (m *Manager) Do(ctx context.Context, actor Actor, session string, cmd Command, request string) (SessionView, error) {
	m.mu.Lock()
	h := m.runners[session]
	m.mu.Unlock()
	if h == nil {
		return SessionView{}, ErrNotFound
	}
	w := wish{actor: actor, cmd: cmd, request: request, answer: make(chan *answer, 1)}
	h.box.put(w)
	select {
	case a := <-w.answer:
		return m.await(ctx, a)
	case <-h.end:
	case <-ctx.Done():
		return SessionView{}, refuse("not-written")
	}
	// The runner has ended: its answers stand still.
	if a, ok := h.requests[request]; ok && request != "" {
		return m.await(ctx, a)
	}
	if h.shown.Table.State != table.Sealed {
		return SessionView{}, refuse("not-running")
	}
	return SessionView{}, ErrNotFound
}

// Report tells of a fault of a room, or, with an empty room, of every room. It never waits.
func (m *Manager) Report(roomID string, f FaultEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := table.Fault{Code: f.Code, Room: roomID, Subject: f.Subject}
	told := make(map[*runner]bool)
	for _, rm := range m.rooms {
		if roomID != "" && rm.cfg.ID != roomID {
			continue
		}
		if !rm.set(key, f) {
			continue
		}
		rm.changed()
		if r := rm.runner; r != nil && !told[r] {
			told[r] = true
			r.box.put(faultItem{fault: key, open: f.Raised, locks: rm.locks(f), lastGood: f.LastGood, detail: f.Detail})
		}
	}
}

// raise and clear keep a room's list of faults in step with what a runner itself found.
func (m *Manager) raise(key table.Fault, f FaultEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(key.Room); rm != nil && rm.set(key, f) {
		rm.changed()
	}
}

func (m *Manager) clear(key table.Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rm := range m.rooms {
		if key.Room == "" || rm.cfg.ID == key.Room {
			if rm.set(key, FaultEvent{}) {
				rm.changed()
			}
		}
	}
}

// openFaults returns a room's open faults and whether they lock.
func (m *Manager) openFaults(roomID string) map[table.Fault]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[table.Fault]bool)
	if rm := m.room(roomID); rm != nil {
		for f, o := range rm.faults {
			out[f] = o.locks
		}
	}
	return out
}

// cause says in words what a fault is, for a sentence that is read aloud.
func (m *Manager) cause(f table.Fault) Text {
	known, ok := FaultOf(f.Code)
	rm := m.room(f.Room)
	if !ok {
		return Text{En: string(f.Code), Zh: string(f.Code)}
	}
	name := Text{En: f.Subject, Zh: f.Subject}
	if rm != nil {
		name = rm.name(f)
	}
	t := about(known.Title, name)
	return Text{En: strings.Replace(t.En, ": ", ", ", 1), Zh: strings.Replace(t.Zh, "：", "", 1)}
}

// waits says which faults stand against resuming.
func (m *Manager) waits(faults []table.Fault) Text {
	var list Text
	for i, f := range faults {
		t := m.cause(f)
		if i > 0 {
			list.En, list.Zh = list.En+"; ", list.Zh+"；"
		}
		list.En, list.Zh = list.En+t.En, list.Zh+t.Zh
	}
	return about(sentences["waits"], Text{En: list.En + ".", Zh: list.Zh + "。"})
}

// Progress tells how far a camera of a session is acknowledged. It never waits.
func (m *Manager) Progress(session string, p Progress) {
	m.mu.Lock()
	h := m.runners[session]
	m.mu.Unlock()
	if h != nil {
		h.box.put(p)
	}
}

// PanelAlive tells that the room's page answers; it is called at least every few seconds while a page
// is open. Silence after that is an alarm, during a session.
func (m *Manager) PanelAlive(roomID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm != nil && rm.runner != nil {
		rm.runner.box.put(panelAlive{})
	}
}

// SetCamera replaces what is known of a camera apart from sessions. It never waits.
func (m *Manager) SetCamera(roomID, camera string, s CameraStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm != nil {
		rm.cameras[camera] = s
		rm.changed()
	}
}

// SetVolumes replaces what is known of the volumes. It never waits.
func (m *Manager) SetVolumes(v []VolumeView) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.volumes = slices.Clone(v)
	for _, rm := range m.rooms {
		rm.changed()
	}
}

// SetClock replaces what is known of the host's clock; uncertainty is how far its wall time may be
// off now. It never waits.
func (m *Manager) SetClock(c ClockView, uncertainty time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock, m.uncertain = c, uncertainty
	for _, rm := range m.rooms {
		rm.changed()
	}
}
