package session

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

	// WallChecks keeps comparisons of the clocks in rooms; nil: they are shown and kept nowhere.
	WallChecks WallChecks

	// Accepted is told when a named officer has accepted a camera that is not as it was at the start
	// (camera.changed) or another device (camera.exchanged), so that its detector takes it as it is now. It
	// never waits. May be nil.
	Accepted func(table.Fault)

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
	began   clock.Mono // everything that earlier starts recorded was before
	metrics *Metrics
	newID   func(opened clock.Wall) string
	started chan struct{}           // closed when Run has begun
	rooms   atomic.Pointer[[]*room] // replaced under mu

	wg  sync.WaitGroup // runners
	box *mailbox[Entry]
	mu  sync.Mutex // guards what follows
	ctx context.Context
	// runners by session id; those that have ended stay so that a repeated request gets its answer.
	runners   map[string]*task
	ended     []string // their ids, oldest first
	opens     map[string]*answer
	openIDs   []string // their request ids, oldest first
	searching bool     // see Search
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
		cfg: cfg, began: cfg.Clock.Now().Mono, metrics: cfg.Metrics, started: make(chan struct{}), box: newMailbox[Entry](),
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
	var rooms []*room
	for _, rc := range cfg.Rooms {
		if err := rc.check(); err != nil {
			return nil, err
		}
		rooms = append(rooms, newRoom(rc))
		m.metrics.born(rc.ID, cfg.Policy.UnrecordedReasons())
	}
	m.rooms.Store(&rooms)
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
