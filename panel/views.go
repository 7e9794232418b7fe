package panel

import (
	"context"
	"net/http"
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
	if s.accesses == nil || id == "" {
		return true
	}
	k, now := look{p.ID, id, action}, s.clock.Now().Mono
	if !s.looks.fresh(k, now) {
		return true
	}
	if err := s.accesses.Viewed(r.Context(), id, p.Actor, string(action)); err != nil {
		s.fail(w, r, "journal of access", err)
		return false
	}
	s.looks.wrote(k, now)
	return true
}
