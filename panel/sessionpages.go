package panel

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// listed is how many sessions the list shows.
const listed = 200

// row is one session of the list, its times in words.
type row struct {
	Record
	zone    clock.Zone
	keeps   bool // the site keeps transcripts
	loud    bool // how loud it is can be measured
	records bool // who has seen it can be read
	drawn   bool // whoever looks is asked whether the signing can be seen
	makes   bool // the site makes viewing copies
	asked   clock.Wall
}

// Copies reports whether a viewing copy can be made.
func (r row) Copies() bool { return r.makes && r.Seal != nil }

// Keeps reports whether a transcript can be added.
func (r row) Keeps() bool { return r.keeps && r.Seal != nil }

// Loud reports whether how loud it is can be measured.
func (r row) Loud() bool { return r.loud }

// Records reports whether who has seen it can be read.
func (r row) Records() bool { return r.records }

// Drawn reports whether whoever looks is asked whether the signing can be seen.
func (r row) Drawn() bool { return r.drawn }

func rowOf(r Record) row {
	loc, err := time.LoadLocation(r.Zone)
	if err != nil {
		loc = time.UTC // the offset is shown beside every time, so that nobody is misled
	}
	return row{Record: r, zone: clock.NewZone(loc)}
}

// When returns an instant as date and time, with the distance from UTC where it is not [row.Offset]; empty if there is
// none.
func (r row) When(w clock.Wall) string {
	if w == 0 {
		return ""
	}
	return r.zone.DateTime(w) + r.turned(w)
}

// Clock returns an instant as time of day, with its day where that is not the one on which the session was opened, as
// When does with the distance from UTC; empty if there is none.
func (r row) Clock(w clock.Wall) string {
	switch {
	case w == 0:
		return ""
	case r.Opened != 0 && w.In(r.zone.Location()).Format(time.DateOnly) != r.Opened.In(r.zone.Location()).Format(time.DateOnly):
		return r.When(w)
	}
	return r.zone.Time(w) + r.turned(w)
}

// turned is the distance from UTC, with a blank before it, where clocks were put forward or back since the session was
// opened.
func (r row) turned(w clock.Wall) string {
	if r.Opened == 0 || r.zone.Offset(w) == r.Offset() {
		return ""
	}
	return " " + r.zone.Offset(w)
}

// Offset returns the zone's distance from UTC when the session was opened.
func (r row) Offset() string { return r.zone.Offset(r.Opened) }

// Span returns a length as hh:mm:ss.
func (r row) Span(d time.Duration) string { return span(d) }

// HashRows returns the seal's hash in rows of four groups of four digits.
func (r row) HashRows() [][]string {
	if r.Seal == nil {
		return nil
	}
	return hashRows(r.Seal.Hash)
}

func hashRows(hash string) [][]string {
	var rows [][]string
	for i := 0; i+4 <= len(hash); i += 4 {
		if i%16 == 0 {
			rows = append(rows, nil)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], hash[i:i+4])
	}
	return rows
}

func span(d time.Duration) string {
	s := int64(d / time.Second)
	if s < 0 {
		s = 0
	}
	return pad(s/3600) + ":" + pad(s/60%60) + ":" + pad(s%60)
}

func pad(n int64) string {
	b := []byte{}
	for n > 0 || len(b) < 2 {
		b = append([]byte{byte('0' + n%10)}, b...)
		n /= 10
	}
	return string(b)
}

// narrow narrows a list to the sessions that whoever asks may see.
func (s *Server) narrow(ctx context.Context, q Query) Query {
	return personOf(ctx).narrow(q)
}

// sessionList is what the list of sessions is made from.
type sessionList struct {
	Rows  []row
	Rooms []session.RoomView
	Find  finding
	// BadDay says that a day is none: nothing was looked for.
	BadDay bool
}

// finding is what was asked for. It is case data: it stands in no address.
type finding struct{ Case, Person, Officer, Room, State, From, To string }

// Any reports whether anything was asked for.
func (f finding) Any() bool { return f != finding{} }

// States lists the states that can be asked for.
func (sessionList) States() []table.State {
	return []table.State{table.Sealed, table.Questioning, table.Standby, table.Locked, table.Resuming, table.Unrecorded, table.Closing}
}

// Full reports whether there may be more than is shown.
func (l sessionList) Full() bool { return len(l.Rows) >= listed }

// findSessions shows what was asked for in a form.
func (s *Server) findSessions(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		s.renderProblem(w, r, http.StatusUnsupportedMediaType, "problem.request")
		return
	}
	if err := r.ParseForm(); err != nil {
		s.renderProblem(w, r, http.StatusRequestEntityTooLarge, "problem.too-large")
		return
	}
	field := func(name string) string {
		v := strings.TrimSpace(r.PostFormValue(name))
		if len(v) > maxFind {
			v = ""
		}
		return v
	}
	s.listSessions(w, r, finding{
		Case: field("case"), Person: field("person"), Officer: field("officer"), Room: field("room"), State: field("state"), From: field("from"), To: field("to"),
	})
}

// maxFind is the longest that is looked for, in bytes.
const maxFind = 400

func (s *Server) sessionsPage(w http.ResponseWriter, r *http.Request) {
	s.listSessions(w, r, finding{})
}

func (s *Server) listSessions(w http.ResponseWriter, r *http.Request, f finding) {
	loc, _ := s.zone()
	q := Query{Case: f.Case, Person: f.Person, Officer: f.Officer, Room: f.Room, State: f.State, Limit: listed}
	var whole bool
	q.After, q.Before, whole = days(loc, f.From, f.To)
	page := sessionList{Find: f, Rooms: personOf(r.Context()).shownAll(s.sessions.Rooms()), BadDay: !whole}
	if page.BadDay {
		s.render(w, r, http.StatusUnprocessableEntity, "sessions", page)
		return
	}
	list, err := s.archive.Sessions(r.Context(), s.narrow(r.Context(), q))
	if err != nil {
		s.fail(w, r, "sessions", err)
		return
	}
	for _, rec := range list {
		page.Rows = append(page.Rows, rowOf(rec))
	}
	s.render(w, r, http.StatusOK, "sessions", page)
}

func (s *Server) sessionPage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("session")
	if !sessionID.MatchString(id) {
		s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	rec, err := s.archive.Session(r.Context(), id)
	if err != nil {
		s.fail(w, r, "session", err)
		return
	}
	s.proof(r.Context(), &rec)
	shown := rowOf(rec)
	shown.records, shown.loud = s.records != nil, s.loudness != nil
	shown.keeps, shown.drawn = s.transcripts != nil, s.drawn(r.Context(), id)
	shown.makes = s.copies != nil
	s.render(w, r, http.StatusOK, "session", shown)
}

// Sealed reports whether the session has its closing record.
func (r row) Sealed() bool { return r.Seal != nil }

// Member returns who has the role, empty if nobody.
func (r row) Member(role string) []string {
	var names []string
	for _, m := range r.Form.Roster {
		if m.Role == role {
			names = append(names, m.Name)
		}
	}
	return names
}

// Roles lists the roles of the roster.
func (r row) Roles() []string { return policy.Roles() }

// Shape names the sign of the session's state.
func (r row) Shape() string { return shapeOf(r.State) }

// Count returns the number that a page shows for the i-th of something.
func (r row) Count(i int) int { return i + 1 }

// VerdictLook names the colour of the verdict.
func (r row) VerdictLook() string {
	if r.Verdict != nil && strings.HasPrefix(r.Verdict.Word, "intact") {
		return "ready"
	}
	return "alarm"
}

// VerdictShape names the sign of the verdict.
func (r row) VerdictShape() string { return r.VerdictLook() }
