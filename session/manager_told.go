package session

import (
	"maps"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// Report tells of a fault of a room, or, with an empty room, of every room. It never waits.
func (m *Manager) Report(roomID string, f FaultEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := table.Fault{Code: f.Code, Room: roomID, Subject: f.Subject}
	told := make(map[*runner]bool)
	for _, rm := range m.list() {
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
	rm := m.room(key.Room)
	if rm == nil {
		return
	}
	if _, open := rm.faults[key]; open {
		return // a detector's; it will say when it is over
	}
	if rm.set(key, f) {
		rm.changed()
	}
	o := rm.faults[key]
	o.own = true
	rm.faults[key] = o
}

// drop ends what a runner itself found in rooms and no detector will end: its session is over, or has left.
func (m *Manager) drop(rooms ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range rooms {
		rm := m.room(id)
		if rm == nil {
			continue
		}
		n := len(rm.faults)
		maps.DeleteFunc(rm.faults, func(_ table.Fault, o openFault) bool { return o.own })
		if len(rm.faults) != n {
			rm.changed()
		}
	}
}

// clearOwn ends what a runner itself found, unless a detector has found it since: then that says when it is over.
func (m *Manager) clearOwn(key table.Fault) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(key.Room)
	if rm == nil {
		return true
	}
	if o, open := rm.faults[key]; open && !o.own {
		return false
	}
	if rm.set(key, FaultEvent{}) {
		rm.changed()
	}
	return true
}

func (m *Manager) clear(key table.Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rm := range m.list() {
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
			if known, _ := FaultOf(f.Code); known.Moment {
				continue // it happened and was over: it is not of who comes later
			}
			out[f] = o.locks
		}
	}
	return out
}

// cause says in words what a fault is, for a sentence that is read aloud. The caller does not hold the
// mutex.
func (m *Manager) cause(f table.Fault) Text {
	known, ok := FaultOf(f.Code)
	rm := m.room(f.Room)
	if !ok {
		return Text{En: string(f.Code), Zh: string(f.Code)}
	}
	name := Text{En: f.Subject, Zh: f.Subject}
	if rm != nil {
		m.mu.Lock()
		volumes := slices.Clone(m.volumes)
		m.mu.Unlock()
		name = rm.name(f, volumes)
	}
	t := known.Title.About(name)
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
	return sentences["waits"].About(Text{En: list.En + ".", Zh: list.Zh + "。"})
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

// NotRecorded tells that a camera of a session has given pictures since an instant of which nothing could be
// recorded, and is to be told again as long as that lasts. It never waits.
func (m *Manager) NotRecorded(session, room, camera string, since clock.Stamp, detail string) {
	m.mu.Lock()
	h := m.runners[session]
	m.mu.Unlock()
	if h != nil {
		h.box.put(notRecorded{place{room, camera}, since, detail})
	}
}

// PanelAlive tells that the room's page answers; it is called at least every few seconds while a page
// is open. Silence after that is an alarm, during a session.
func (m *Manager) PanelAlive(roomID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm != nil && rm.runner != nil {
		rm.runner.box.put(panelAlive{roomID})
	}
}

// SetCamera replaces what is known of a camera apart from sessions; it is called about once a second.
// It never waits.
func (m *Manager) SetCamera(roomID, camera string, s CameraStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm != nil {
		rm.cameras[camera] = s
		rm.changed()
		if rm.runner != nil && s.Sound != nil {
			rm.runner.box.put(loudness{roomID, *s.Sound})
		}
	}
}

// SetTested replaces the result of a room's last self-test. It never waits; t is not changed afterwards.
func (m *Manager) SetTested(roomID string, t TestView) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm != nil {
		rm.tested = &t
		rm.changed()
	}
}

// SetVolumes replaces what is known of the volumes. It never waits.
func (m *Manager) SetVolumes(v []VolumeView) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.volumes = slices.Clone(v)
	for _, rm := range m.list() {
		rm.changed()
	}
}

// SetClock replaces what is known of the host's clock; uncertainty is how far its wall time may be
// off now. It never waits.
func (m *Manager) SetClock(c ClockView, uncertainty time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock, m.uncertain = c, uncertainty
	for _, rm := range m.list() {
		rm.changed()
	}
}
