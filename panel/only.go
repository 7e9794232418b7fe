package panel

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"roomrec/access"
	"roomrec/session"
)

// Person is who sends a request: who they are for the journals, and by whose row of the table of rights
// they are judged.
type Person struct {
	session.Actor
	Rights access.Role
	Room   string        // set: from the panel of this room, with the rights of no other
	Scopes access.Scopes // set: a program with a token, that may this much of it
	Only   string        // set: a program that reaches this room alone
	Former string        // names that the person had before and nobody else has now, a line each; see people.Person
	Ever   string        // all names that the person had before, a line each
	from   string        // the address of the request
}

// may reports whether the person may do that at all. Whose room or session it is, is asked besides.
func (p Person) may(a access.Action) bool {
	return access.May(p.Rights, a) && (p.Scopes == "" || a == access.Anyone || p.Scopes.Has(a))
}

// bound returns the one room beyond which the rights do not reach, empty if there is none.
func (p Person) bound() string {
	if p.Only != "" {
		return p.Only
	}
	return p.Room
}

// narrowed are the routes that name neither a room nor a session, and answer a program of one room with
// what is that room's alone, or with nothing of any room. Others refuse it.
var narrowed = []string{
	"GET " + apiRoot + "/me", "GET " + apiRoot + "/policy", "GET " + apiRoot + "/rooms", "GET " + apiRoot + "/events", "GET " + apiRoot + "/sessions", "POST " + apiRoot + "/sessions/find",
	"GET " + apiRoot + "/openapi.json", "GET " + apiRoot + "/openapi.yaml",
}

type personKey struct{}

// personOf returns the sender that only found; nobody, who may nothing, if none.
func personOf(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}

// actorOf returns the sender as the journals name them.
func actorOf(ctx context.Context) session.Actor { return personOf(ctx).Actor }

// only lets pass whose role may do action and whose room and session it is. Whoever sees something of
// a session is written down first; where that cannot be, nothing is shown (Z37).
func (s *Server) only(action access.Action, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := s.identity.Who(r)
		if action == access.Anyone {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, p)))
			return
		}
		if !ok {
			s.nobody(w, r)
			return
		}
		if !p.may(action) {
			key := "problem.forbidden"
			if p.Rights == access.Panel {
				key = "problem.panel" // whoever stands there has not signed in
			}
			s.refuse(w, r, http.StatusForbidden, key)
			return
		}
		p.from = addressOf(r)
		room, id := r.PathValue("room"), r.PathValue("session")
		if b := p.bound(); b != "" && id == "" && (room != "" && room != b || room == "" && p.Only != "" && !slices.Contains(narrowed, r.Pattern)) {
			s.refuse(w, r, http.StatusForbidden, "problem.other-room")
			return
		}
		if id != "" {
			mine, err := action == access.Approve && s.decides(p, id), error(nil)
			if action != access.Approve {
				mine, err = s.sees(r.Context(), p, id)
			}
			if err != nil {
				s.fail(w, r, "rights", err)
				return
			}
			if !mine {
				// Whether there is such a session is nobody else's business either.
				s.refuse(w, r, http.StatusNotFound, "problem.not-found")
				return
			}
		}
		if action == access.WatchRoom && !s.watches(p, room) {
			s.refuse(w, r, http.StatusForbidden, "problem.not-yours")
			return
		}
		if action.Views() && !s.written(w, r, p, action) {
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, p)))
	})
}

// still reports whether whoever opened a stream may go on: signed in, with the same rights, and for live
// pictures while there is still something to watch.
func (s *Server) still(r *http.Request, action access.Action) bool {
	was := personOf(r.Context())
	p, ok := s.identity.Who(r)
	p.from = was.from
	return ok && p == was && p.may(action) && (action != access.WatchRoom || s.watches(p, r.PathValue("room")))
}

// nobody answers who is not signed in: a page leads to the sign-in, if there is one.
func (s *Server) nobody(w http.ResponseWriter, r *http.Request) {
	if s.signIn != nil && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") {
		s.signIn.lead(w, r)
		return
	}
	s.refuse(w, r, http.StatusUnauthorized, "problem.nobody")
}

// sees reports whether a session is among those that the person may see: all, own ones, or what goes on
// in the panel's room. That a session does not exist is for those to learn who may see all.
func (s *Server) sees(ctx context.Context, p Person, id string) (bool, error) {
	running, here := false, false
	for _, room := range s.sessions.Rooms() {
		if v := room.Session; v != nil && v.ID == id {
			running = true
			here = here || (p.bound() == "" || p.bound() == roomOf(room)) && (p.may(access.AllSessions) || p.owns(*v) || p.Rights == access.Panel)
		}
	}
	if running {
		return here, nil // no request with the rights of one room acts on another
	}
	if p.may(access.AllSessions) && p.bound() == "" {
		return true, nil
	}
	if p.Rights == access.Panel || !sessionID.MatchString(id) {
		return false, nil
	}
	list, err := s.archive.Sessions(ctx, p.narrow(Query{Session: id, Limit: 1}))
	return len(list) > 0, err
}

// roomOf returns where the session of a room is now: the room that it left shows it as well.
func roomOf(v session.RoomView) string { return cmp.Or(v.Session.Room, v.ID) }

// narrow narrows a question for sessions to those that the person may see.
func (p Person) narrow(q Query) Query {
	if !p.may(access.AllSessions) {
		q.Own = p.names()
	}
	if b := p.bound(); b != "" {
		if q.Room != "" && q.Room != b {
			b = "-" // the id of no room
		}
		q.Room = b
	}
	return q
}

// names are the names by which the person may stand on a roster, former ones too: a roster keeps the name that
// it was written with. A program is on none: its sessions are those that it opened itself, whatever it is called.
func (p Person) names() []string {
	if p.Scopes != "" {
		return []string{p.ID}
	}
	names := []string{p.ID, p.Name}
	if p.Former != "" {
		names = append(names, strings.Split(p.Former, "\n")...)
	}
	return names
}

// owns reports whether the person opened the session or takes part in it.
func (p Person) owns(v session.SessionView) bool {
	if p.ID != "" && v.OpenedBy == p.ID {
		return true
	}
	return slices.ContainsFunc(v.Form.Roster, p.is)
}

// is reports whether a member has a name of the person.
func (p Person) is(m session.Member) bool {
	return slices.ContainsFunc(p.names(), func(n string) bool { return n != "" && strings.EqualFold(n, strings.TrimSpace(m.Name)) })
}

// takesPart reports whether the person opened the session or may be who stands on its roster or did once, under any
// name that was ever theirs: a roster says nothing of who else has that name now. Whoever took part decides nothing
// of it, also after leaving.
func (p Person) takesPart(v session.SessionView) bool {
	p.Former = p.Ever
	return p.owns(v) || slices.ContainsFunc(v.Comings, func(c session.ComingView) bool { return p.is(c.Member) })
}

// watches reports whether the person may see live pictures of a room: its own panel and the demo always;
// others while a session is open there that they may see. What goes on in a room without a session is
// nobody's to watch (C39).
func (s *Server) watches(p Person, room string) bool {
	if p.Rights == access.Demo || p.Room != "" && p.Room == room {
		return true
	}
	v, ok := s.sessions.Room(room)
	return ok && v.Session != nil && v.Session.Seal == nil && (p.may(access.AllRooms) || p.owns(*v.Session))
}

// shown is a room as the person may see it: of a session that is not theirs, its state alone, and to whoever has
// the rights of one room no more of a session that has left it.
func (p Person) shown(v session.RoomView) session.RoomView {
	gone := v.Session != nil && p.bound() != "" && p.bound() != roomOf(v)
	if v.Session == nil || !gone && (p.may(access.AllRooms) || p.Room == v.ID && p.Scopes == "" || p.owns(*v.Session)) {
		return v
	}
	v.Message = nil
	v.Session = &session.SessionView{
		State: v.Session.State, Since: v.Session.Since, Room: v.Session.Room, SafeAt: v.Session.SafeAt, SafeOn: v.Session.SafeOn,
		Markers: []session.MarkerView{}, Breaks: []session.BreakView{},
	}
	v.Actions = []session.ActionView{}
	return v
}

func (p Person) shownAll(rooms []session.RoomView) []session.RoomView {
	out := make([]session.RoomView, 0, len(rooms))
	for _, v := range rooms {
		if p.Only == "" || p.Only == v.ID {
			out = append(out, p.shown(v))
		}
	}
	return out
}
