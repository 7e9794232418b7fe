package panel

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// Accesses keeps who has seen what of a session, on the session's own journal (Z37).
type Accesses interface {
	// Viewed writes a line, as "view-session", and returns when it is safe or will be with the lines
	// before it.
	Viewed(ctx context.Context, sess string, actor session.Actor, what string) error
}

// viewAgain is for how long what one person does with one session is one look at it. Playing asks for
// hundreds of pieces.
const viewAgain = 10 * time.Minute

// maxLooks bounds what is remembered of looks; beyond it a look is written twice rather than not at all.
const maxLooks = 4096

// looks remembers which looks are written already.
type looks struct {
	mu   sync.Mutex
	seen map[look]clock.Mono
}

type look struct {
	person, sess string
	action       access.Action
}

// fresh reports whether a look is to be written.
func (l *looks) fresh(k look, now clock.Mono) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.seen[k]
	return !ok || now.Sub(at) >= viewAgain
}

func (l *looks) wrote(k look, now clock.Mono) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil || len(l.seen) >= maxLooks {
		l.seen = make(map[look]clock.Mono)
	}
	l.seen[k] = now
}

// written puts a look on the session's journal and reports whether it may go on. A room's own panel shows
// the room to those who are in it.
func (s *Server) written(w http.ResponseWriter, r *http.Request, p Person, action access.Action) bool {
	id := r.PathValue("session")
	if room := r.PathValue("room"); id == "" && room != "" {
		if p.Room == room {
			return true
		}
		if v, ok := s.sessions.Room(room); ok && v.Session != nil {
			id = v.Session.ID
		}
	}
	if err := s.looked(r.Context(), p, id, action); err != nil {
		s.fail(w, r, "journal of access", err)
		return false
	}
	return true
}

// looked writes down that someone sees something of a session. Who types in the room itself is no onlooker.
func (s *Server) looked(ctx context.Context, p Person, id string, action access.Action) error {
	if s.accesses == nil || id == "" || action == access.Transcribe && s.inside(p, id) {
		return nil
	}
	k, now := look{p.ID, id, action}, s.clock.Now().Mono
	if !s.looks.fresh(k, now) {
		return nil
	}
	if err := s.accesses.Viewed(ctx, id, p.Actor, string(action)); err != nil {
		return err
	}
	s.looks.wrote(k, now)
	return nil
}

// inside reports whether the person is at the panel of the room in which the session runs.
func (s *Server) inside(p Person, id string) bool {
	return p.Room != "" && slices.ContainsFunc(s.sessions.Rooms(), func(v session.RoomView) bool {
		return v.Session != nil && v.Session.ID == id && roomOf(v) == p.Room
	})
}
