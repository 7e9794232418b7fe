package session

import (
	"context"
	"errors"
	"time"

	"roomrec/clock"
	"roomrec/session/policy"
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
	// OpenUntrusted lets sessions open while the host's clock is not trusted: demo and record. It is
	// journalled and sealed.
	OpenUntrusted bool

	Starting  time.Duration // how long Starting may last; 0: 10 s
	Closing   time.Duration // recording after End; 0: 60 s
	Call      time.Duration // Locked before a supervisor is called; 0: 10 min
	Overdue   time.Duration // unrecorded although recording is possible; 0: 60 s
	SealAgain time.Duration // between attempts to seal; 0: 5 s
	// Log gets what a technician should know. It carries no case data. nil: nothing.
	Log func(op, session string, err error)
}

// Manager runs the sessions of a site's rooms. Its methods are safe for concurrent use.
type Manager struct{}

// NewManager returns a manager over the rooms of cfg. Run must run for sessions to be opened.
func NewManager(cfg Config) (*Manager, error) { return nil, errors.ErrUnsupported }

// Run serves until ctx ends. Then the files of running sessions are flushed and closed; no session
// is ended by it.
func (m *Manager) Run(ctx context.Context) error { return nil }

// Rooms returns every room's view in the order of the configuration.
func (m *Manager) Rooms() []RoomView { return nil }

// Room returns a room's view as it is now.
func (m *Manager) Room(id string) (RoomView, bool) { return RoomView{}, false }

// Watch returns a channel of capacity 1 that is signalled after every change of the room's view, and
// a function that ends the watch. A room that does not exist never signals.
func (m *Manager) Watch(id string) (<-chan struct{}, func()) { return nil, nil }

// Open opens a session in a room; recording begins. It returns when the opening is on the volumes.
// The same request id gets the same answer. Refusals are *[Refusal].
func (m *Manager) Open(ctx context.Context, actor Actor, room string, form OpenForm, request string) (SessionView, error) {
	return SessionView{}, nil
}

// Do carries out a command on a session. It returns when the command's transition is on the volumes.
// The same request id gets the same answer. Refusals are *[Refusal].
func (m *Manager) Do(ctx context.Context, actor Actor, session string, cmd Command, request string) (SessionView, error) {
	return SessionView{}, nil
}

// Recover goes on with a session that was found unsealed: its journal is replayed, it comes back
// Locked (from Closing as Closing), and its cameras record again.
func (m *Manager) Recover(ctx context.Context, folder string, lines []JournalLine) (SessionView, error) {
	return SessionView{}, nil
}

// Report tells of a fault of a room, or, with an empty room, of every room. It never waits.
func (m *Manager) Report(room string, f FaultEvent) {}

// Progress tells how far a camera of a session is acknowledged. It never waits.
func (m *Manager) Progress(session string, p Progress) {}

// SetCamera, SetVolumes and SetClock tell what is known apart from sessions. They never wait.
func (m *Manager) SetCamera(room, camera string, s CameraStatus) {}

// SetVolumes replaces what is known of the volumes.
func (m *Manager) SetVolumes(v []VolumeView) {}

// SetClock replaces what is known of the host's clock.
func (m *Manager) SetClock(c ClockView, uncertainty time.Duration) {}
