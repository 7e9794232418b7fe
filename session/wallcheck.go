package session

import (
	"context"
	"time"

	"roomrec/clock"
	"roomrec/session/policy"
)

// WallCheck is a comparison of the clock in a room with the controller's time, by someone who stands before
// both (Z23): at the start of the day, whenever somebody thinks of it, and at every opening. It shifts no time
// anywhere.
type WallCheck struct {
	Room string
	At   clock.Wall
	// Uncertainty is how far the controller's own clock may have been off then, to either side.
	Uncertainty time.Duration
	By          Actor
	policy.WallClock
	Session string // the one that was opened with it; empty: it was made apart from any
}

// View returns the comparison as a room's page shows it.
func (c WallCheck) View() WallCheckView {
	v := WallCheckView{At: c.At, By: c.By.ID, Says: c.Says, Ahead: c.Ahead}
	if told, ok := c.Told(); ok {
		v.Told = &told
	}
	return v
}

// WallCheckView is the last comparison of the clock in a room. Of a session it says nothing.
type WallCheckView struct {
	At    clock.Wall `json:"at"`
	By    string     `json:"by"`                // id of who compared
	Says  string     `json:"says"`              // agrees or differs
	Ahead int        `json:"ahead_s,omitempty"` // the clock in the room before the controller's, in seconds
	Told  *Text      `json:"told,omitempty"`    // the difference in words; absent where they agree
}

// WallChecks keeps comparisons of the clocks in rooms. Implementations are safe for concurrent use.
type WallChecks interface {
	// Keep returns when the comparison is on disk, or an error if it is not.
	Keep(ctx context.Context, c WallCheck) error
	// Later keeps it without waiting: what was said at an opening is in the session's form as well.
	Later(c WallCheck)
}

// CompareWallClock takes in what someone saw of the clock in a room, kept on disk before it is shown. The same
// request id is taken in once. [ErrNotFound] says that there is no such room.
func (m *Manager) CompareWallClock(ctx context.Context, actor Actor, roomID string, says policy.WallClock, request string) error {
	if !mayRun(actor, KindSuspect) {
		return refuse("role")
	}
	if no := fields("form", says.Validate()); no != nil {
		return no
	}
	m.mu.Lock()
	rm := m.room(roomID)
	again := rm != nil && request != "" && rm.asked == request
	c := WallCheck{Room: roomID, At: m.cfg.Clock.Now().Wall, Uncertainty: m.uncertain, By: actor, WallClock: says}
	m.mu.Unlock()
	switch {
	case rm == nil:
		return ErrNotFound
	case again:
		return nil
	}
	if m.cfg.WallChecks != nil {
		if err := m.cfg.WallChecks.Keep(ctx, c); err != nil {
			m.log("keep a comparison of the clock in a room", "", err)
			return refuse("not-kept")
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm = m.room(roomID); rm != nil {
		rm.asked = request
		rm.compared(c.View())
	}
	return nil
}

// comparedAt takes in what was seen at an opening. A technician's session asks nobody.
func (m *Manager) comparedAt(c WallCheck) {
	if c.Says == "" {
		return
	}
	m.mu.Lock()
	c.Uncertainty = m.uncertain
	if rm := m.room(c.Room); rm != nil {
		rm.compared(c.View())
	}
	m.mu.Unlock()
	if m.cfg.WallChecks != nil {
		m.cfg.WallChecks.Later(c)
	}
}

// SetWallCheck replaces the last comparison of a room's clock by one that was kept before. It never waits.
func (m *Manager) SetWallCheck(roomID string, v WallCheckView) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm != nil {
		rm.compared(v)
	}
}

// compared shows a comparison. The caller holds the manager's mutex.
func (r *room) compared(v WallCheckView) {
	r.checked = &v
	r.changed()
}
