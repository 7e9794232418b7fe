package panel

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// AccessRecords reads who has seen what, as it stands on the sessions' own journals (Z37).
type AccessRecords interface {
	// Accesses returns looks that q asks for, newest first. It goes through the sessions from the newest on,
	// until it has enough looks or a while has passed; what it did not come to is found from Older on. A
	// session that is not there is [ErrNotFound].
	Accesses(ctx context.Context, q AccessQuery) (AccessPage, error)
}

// AccessPage is a part of what an [AccessQuery] asks for.
type AccessPage struct {
	Records  []AccessRecord
	Sessions int // in which was looked for them
	// Older goes on in [AccessQuery.Opened] with the sessions that were not looked through; 0: all were.
	Older clock.Wall
}

// AccessQuery narrows a list of looks. Zero fields do not narrow.
type AccessQuery struct {
	Session string
	Person  string     // id or name, or a part of one
	After   clock.Wall // looked at or after
	Before  clock.Wall // looked before
	Opened  clock.Wall // only looks at sessions that were opened before
	Limit   int        // enough looks; all those at the last session come too
}

// AccessRecord is one look at a session.
type AccessRecord struct {
	Session string        `json:"session"`
	Room    string        `json:"room"`
	At      clock.Wall    `json:"at"`
	By      session.Actor `json:"by"`
	What    string        `json:"what" doc:"watch-room, view-session, transcribe, review, copy"`
}

// shownAccesses is how many looks are listed at once.
const shownAccesses = 500

// accessRoutes adds the records of access.
func (s *Server) accessRoutes(rt *routes) {
	if s.records == nil {
		return
	}
	type found struct {
		Older string `header:"Older" doc:"There are sessions that were not looked through: ask again with this as opened_before (RFC 3339). Absent: there are none"`
		Body  []AccessRecord
	}
	list := func(ctx context.Context, q AccessQuery) (*found, error) {
		page, err := s.records.Accesses(ctx, q)
		if err != nil {
			return nil, s.problemOf("accesses", err)
		}
		out := &found{Body: page.Records}
		if out.Body == nil {
			out.Body = []AccessRecord{}
		}
		if page.Older != 0 {
			out.Older = page.Older.Time().Format(time.RFC3339Nano)
		}
		return out, nil
	}
	rt.page("GET /accesses", access.ReadAccess, s.accessesPage)
	operation(rt, access.ViewSession, huma.Operation{
		OperationID: "session-accesses", Method: http.MethodGet, Path: apiRoot + "/sessions/{session}/accesses", Summary: "Who has seen a session",
	}, func(ctx context.Context, in *SessionInput) (*found, error) {
		return list(ctx, AccessQuery{Session: in.Session, Limit: shownAccesses})
	})
	type accessInput struct {
		Session string `query:"session" pattern:"^[A-Za-z0-9-]{0,64}$" doc:"Only looks at this session"`
		Person  string `query:"person" maxLength:"64" doc:"Only by whose id or name has this in it"`
		After   string `query:"after" maxLength:"40" doc:"At or after this instant (RFC 3339)"`
		Before  string `query:"before" maxLength:"40" doc:"Before this instant (RFC 3339)"`
		Opened  string `query:"opened_before" maxLength:"40" doc:"Only looks at sessions that were opened before this instant: the header Older of the answer before"`
	}
	operation(rt, access.ReadAccess, huma.Operation{
		OperationID: "accesses", Method: http.MethodGet, Path: apiRoot + "/accesses", Summary: "Who has seen what, newest first",
		Description: "The sessions are looked through from the newest on, some hundreds at a time; the header Older goes on.",
	}, func(ctx context.Context, in *accessInput) (*found, error) {
		q := AccessQuery{Session: in.Session, Person: in.Person, Limit: shownAccesses}
		for _, f := range []struct {
			name, value string
			to          *clock.Wall
		}{{"after", in.After, &q.After}, {"before", in.Before, &q.Before}, {"opened_before", in.Opened, &q.Opened}} {
			if f.value == "" {
				continue
			}
			var err error
			if *f.to, err = clock.ParseWall(f.value); err != nil {
				return nil, problem(http.StatusUnprocessableEntity, s.text("problem.time"), FieldError{Field: f.name, Say: s.text("problem.time")})
			}
		}
		return list(ctx, q)
	})
}

// accessesPage is what the page of the records of access is made from.
type accessesPage struct {
	AccessPage
	Session  string
	Person   string
	From, To string // days, as in 2026-11-28
	Missing  bool   // there is no such session
	BadDay   bool   // a day is none: nothing was looked for
	zone     clock.Zone
}

// When returns an instant as date and time.
func (p accessesPage) When(w clock.Wall) string { return p.zone.DateTime(w) }

// Next is the address at which the search goes on, empty if all is looked through.
func (p accessesPage) Next() string {
	if p.Older == 0 {
		return ""
	}
	q := url.Values{"older": {p.Older.Time().Format(time.RFC3339Nano)}}
	for name, value := range map[string]string{"person": p.Person, "from": p.From, "to": p.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/accesses?" + q.Encode()
}

// Back is when the oldest session was opened that was looked through.
func (p accessesPage) Back() string { return p.zone.DateTime(p.Older) }

// zone is the site's: that of its first room.
func (s *Server) zone() (*time.Location, clock.Zone) {
	name := "UTC"
	if rooms := s.sessions.Rooms(); len(rooms) > 0 {
		name = rooms[0].Zone
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		loc = time.UTC
	}
	return loc, clock.NewZone(loc)
}

// days returns the instants at which a first day begins and a last one ends, 0 for one that is not given; false:
// one is no day. Days are written as in 2026-11-28, in whatever language the browser is.
func days(loc *time.Location, from, to string) (after, before clock.Wall, ok bool) {
	first, firstOK := day(loc, from)
	last, lastOK := day(loc, to)
	if !first.IsZero() {
		after = clock.WallOf(first)
	}
	if !last.IsZero() {
		before = clock.WallOf(last.AddDate(0, 0, 1))
	}
	return after, before, firstOK && lastOK
}

func day(loc *time.Location, text string) (time.Time, bool) {
	text = strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "-", "日", "", " ", "").Replace(text)
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.ParseInLocation("2006-1-2", text, loc)
	return t, err == nil && t.Year() > 1970
}

func (s *Server) accessesPage(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	page := accessesPage{Session: strings.TrimSpace(form.Get("session")), Person: strings.TrimSpace(form.Get("person")), From: form.Get("from"), To: form.Get("to")}
	var loc *time.Location
	loc, page.zone = s.zone()
	q := AccessQuery{Session: page.Session, Person: page.Person, Limit: shownAccesses}
	var whole bool
	var err error
	q.After, q.Before, whole = days(loc, page.From, page.To)
	page.BadDay = !whole
	if older, bad := clock.ParseWall(form.Get("older")); bad == nil {
		q.Opened = older
	}
	if page.Missing = q.Session != "" && !sessionID.MatchString(q.Session); !page.Missing && whole {
		page.AccessPage, err = s.records.Accesses(r.Context(), q)
		if page.Missing = err != nil && q.Session != "" && isNotFound(err); page.Missing {
			err = nil
		}
	}
	if err != nil {
		s.fail(w, r, "accesses", err)
		return
	}
	status := http.StatusOK
	if page.BadDay {
		status = http.StatusUnprocessableEntity
	}
	s.render(w, r, status, "accesses", page)
}
