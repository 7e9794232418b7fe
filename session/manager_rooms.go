package session

import (
	"slices"

	"roomrec/session/table"
)

// room returns a room by its id, nil if there is none. Its configuration never changes; while a session is
// in the room, neither does the room.
func (m *Manager) room(id string) *room { return m.roomIn(m.list(), id) }

func (m *Manager) roomIn(list []*room, id string) *room {
	for _, rm := range list {
		if rm.cfg.ID == id {
			return rm
		}
	}
	return nil
}

// cameras returns a room's cameras. They do not change while a session is there.
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
	out := make([]RoomView, 0, len(m.list()))
	for _, rm := range m.list() {
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
	now := m.cfg.Clock.Now()
	v := RoomView{
		ID: rm.cfg.ID, Name: rm.cfg.Name, Kind: rm.cfg.Kind, Seq: rm.seq, Now: now.Wall,
		Zone: m.cfg.Zone.Name(), Unfit: m.unfit(rm), Cameras: rm.cameraViews(),
		Volumes: slices.Clone(m.volumes), Clock: m.clock, Tested: rm.tested, WallCheck: rm.checked, Sensor: rm.sensor, Faults: rm.faultViews(now.Mono, m.volumes),
		Message: rm.message,
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
	for _, rm := range m.list() {
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
		rm.locked.set(v.State == table.Locked && rm.cfg.ID == r.shown.Table.Room, m.cfg.Clock.Now().Mono)
		rm.session, rm.state, rm.actions, rm.progress = &s, v.State, actions, progress
		rm.changed()
		m.metrics.show(rm.cfg.ID, v.State, len(r.waiting))
	}
}
