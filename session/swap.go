package session

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"roomrec/session/table"
)

// ErrRoomBusy says that a room is not free to be changed: a session runs there, or nobody holds it.
var ErrRoomBusy = errors.New("the room is not free to be changed")

// list are the rooms, in the order of the settings. The slice is replaced whole and never changed, and
// neither is the configuration of a room in it.
func (m *Manager) list() []*room { return *m.rooms.Load() }

// Hold keeps sessions out of a room whose settings are to be changed, and reports whether it could: not
// while a session that is not sealed is there or expected, see [Manager.Expect] and [Manager.Search]. Whoever asks to open one meanwhile is told
// why not. It ends with [Manager.Arrange] or [Manager.Release].
func (m *Manager) Hold(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(id)
	if rm == nil || m.searching || rm.held || rm.busy() || rm.expects != "" {
		return false
	}
	rm.held = true
	rm.changed()
	return true
}

// Release gives a held room back as it was.
func (m *Manager) Release(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(id); rm != nil && rm.held {
		rm.held = false
		rm.changed()
	}
}

// Search keeps every room until [Manager.Searched]: the disks are being looked through for sessions that are not
// over, and nobody knows yet which rooms are theirs.
func (m *Manager) Search() { m.search(true) }

// Searched gives the rooms back, but for those that are expected.
func (m *Manager) Searched() { m.search(false) }

func (m *Manager) search(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.searching == on {
		return
	}
	m.searching = on
	for _, rm := range m.list() {
		rm.changed()
	}
}

// unfit returns why no session could be opened in a room now. The caller holds the mutex.
func (m *Manager) unfit(rm *room) []Text {
	out := rm.unfit(m.volumes)
	if m.searching {
		out = slices.Insert(out, 0, sentences["searching"])
	}
	return out
}

// Expect keeps rooms for a session that was found unsealed and cannot go on yet: until [Manager.Unexpect] no
// other may be opened there or move there, and their settings stay. A room that is kept for another session,
// or held, is not kept for this one until that is over: ask again.
func (m *Manager) Expect(session string, rooms []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range rooms {
		if rm := m.room(id); rm != nil && rm.expects == "" && !rm.held {
			rm.expects = session
			rm.changed()
		}
	}
}

// Unexpect gives the rooms back that were kept for the session: it goes on, or never will.
func (m *Manager) Unexpect(session string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rm := range m.list() {
		if rm.expects == session {
			rm.expects = ""
			rm.changed()
		}
	}
}

// Arrange makes list the site's rooms, in that order, all at once or not at all. A room that is new, or
// whose configuration is as it was, may be there; one that is changed or left out must be held, else it is
// [ErrRoomBusy]. Held rooms of the list are free again. What was known of a changed room's cameras is
// forgotten, faults of theirs too; its last session stays to be seen.
func (m *Manager) Arrange(list []RoomConfig) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.list()
	next := make([]*room, 0, len(list))
	for _, rc := range list {
		if err := rc.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(next, func(rm *room) bool { return rm.cfg.ID == rc.ID }) {
			return fmt.Errorf("session: room %q stands twice", rc.ID)
		}
		was := m.room(rc.ID)
		switch {
		case was == nil:
			n := newRoom(rc)
			n.share(old)
			next = append(next, n)
		case was.held:
			next = append(next, was.changedTo(rc))
		case reflect.DeepEqual(was.cfg, rc):
			next = append(next, was)
		default:
			return fmt.Errorf("session: room %q: %w", rc.ID, ErrRoomBusy)
		}
	}
	kept := func(rm *room) bool {
		return slices.ContainsFunc(next, func(n *room) bool { return n.cfg.ID == rm.cfg.ID })
	}
	for _, rm := range old {
		if !kept(rm) && !rm.held {
			return fmt.Errorf("session: room %q: %w", rm.cfg.ID, ErrRoomBusy)
		}
	}
	m.rooms.Store(&next)
	for _, rm := range next {
		if m.roomIn(old, rm.cfg.ID) == nil {
			m.metrics.born(rm.cfg.ID, m.cfg.Policy.UnrecordedReasons())
		}
		rm.changed()
	}
	for _, rm := range old {
		if kept(rm) {
			continue
		}
		if rm.runner != nil && !slices.ContainsFunc(next, func(n *room) bool { return n.runner == rm.runner }) {
			rm.runner.box.put(leave{}) // it is sealed; nobody can dismiss it any more
		}
		m.metrics.forget(rm.cfg.ID)
		rm.changed()
	}
	return nil
}

// check says what a room lacks.
func (c RoomConfig) check() error {
	if !slices.ContainsFunc(c.Cameras, func(c CameraConfig) bool { return c.Required }) {
		return fmt.Errorf("session: room %q has no required camera", c.ID)
	}
	return nil
}

func newRoom(c RoomConfig) *room {
	return &room{
		cfg: c, cameras: make(map[string]CameraStatus), faults: make(map[table.Fault]openFault),
		watches: make(map[chan struct{}]struct{}), progress: make(map[string]Progress),
		telling: make(chan struct{}, 1),
	}
}

// share gives a new room the open faults of the whole site, which were reported to the rooms that were there:
// who reports them says only when they change.
func (r *room) share(others []*room) {
	for _, o := range others {
		for f, open := range o.faults {
			if f.Room == "" {
				open.locks = r.locks(FaultEvent{Code: f.Code, Subject: f.Subject, Alarm: open.alarm})
				r.faults[f] = open
			}
		}
	}
}

// changedTo returns the room with another configuration. Faults that are not its cameras' go on: who
// reported them says when they are over.
func (r *room) changedTo(c RoomConfig) *room {
	n := newRoom(c)
	for f, open := range r.faults {
		if _, camera := r.camera(f.Subject); !camera && f.Code != table.RoomUnopened {
			n.faults[f] = open
		}
	}
	n.tested, n.checked, n.asked, n.runner, n.seq, n.watches, n.message = r.tested, r.checked, r.asked, r.runner, r.seq, r.watches, r.message
	n.telling = r.telling
	n.session, n.state, n.actions, n.progress, n.locked = r.session, r.state, r.actions, r.progress, r.locked
	return n
}
