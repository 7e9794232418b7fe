package session

import (
	"context"
	"errors"

	"roomrec/session/table"
)

// TypeViewed is the type of a line that says who looked at a session that is open (Z37); its data is a
// [Look]. It changes no state, and replaying passes it over.
const TypeViewed = "access.viewed"

// Look is the data of a line of type [TypeViewed].
type Look struct {
	By   Actor  `json:"by"`
	What string `json:"what"` // as in "watch-room", "view-session"
}

// ErrOver says that a session's journal takes no more: what comes after its seal is kept elsewhere.
var ErrOver = errors.New("the session's journal is closed")

// looked asks a runner to write that someone looks.
type looked struct {
	actor Actor
	what  string
	done  chan error // capacity 1
}

// Viewed writes on the journal of an open session who looks at it, and returns when the line is on the
// volumes. [ErrOver] says that the session is sealed or about to be, [ErrNotFound] that none of that id
// runs.
func (m *Manager) Viewed(ctx context.Context, session string, actor Actor, what string) error {
	m.mu.Lock()
	h := m.runners[session]
	m.mu.Unlock()
	if h == nil {
		return ErrNotFound
	}
	l := looked{actor: actor, what: what, done: make(chan error, 1)}
	h.box.put(l)
	select {
	case err := <-l.done:
		return err
	case <-h.end:
		return ErrOver
	case <-ctx.Done():
		return ctx.Err()
	}
}

// looks writes a look, unless the line that nothing may follow is decided already.
func (r *runner) looks(l looked) {
	t := r.decided.Table
	if r.stopping || t.State == table.Sealed || t.Stopped {
		l.done <- ErrOver
		return
	}
	at, mono := r.now()
	r.scribe.jobs.put(job{
		line: &Line{Type: TypeViewed, Actor: actorOf(l.actor), At: at, Mono: mono, Data: Look{By: l.actor, What: l.what}},
		then: func(err error) { l.done <- err },
	})
}
