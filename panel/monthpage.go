package panel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/transcript"
)

// monthReport is a month's report as its page shows it.
type monthReport struct {
	MonthView
	Inbox InboxView
	zone  clock.Zone
	this  int // the present year
}

// Year and Of are what is shown, as the form has them.
func (m monthReport) Year() string { y, _, _ := strings.Cut(m.Month, "-"); return y }

// Of is the number of the month, as in 07.
func (m monthReport) Of() string { _, of, _ := strings.Cut(m.Month, "-"); return of }

// Years lists those that can be asked for, the latest first.
func (m monthReport) Years() []string {
	var out []string
	for y := m.this; y > m.this-yearsBack; y-- {
		out = append(out, strconv.Itoa(y))
	}
	if y := m.Year(); !slices.Contains(out, y) {
		out = append(out, y)
	}
	return out
}

// yearsBack is how many years can be chosen: longer than recordings of any category are kept (Z34).
const yearsBack = 15

// Months lists the months of a year.
func (m monthReport) Months() []string {
	return []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"}
}

// When returns an instant as date and time, empty if there is none.
func (m monthReport) When(w clock.Wall) string {
	if w == 0 {
		return ""
	}
	return m.zone.DateTime(w)
}

// Statuses lists what can be known of a transcript.
func (m monthReport) Statuses() []transcript.Status { return transcript.Statuses() }

// Count returns how many sessions have a status.
func (m monthReport) Count(s transcript.Status) int { return m.Counts[s] }

// monthPage shows the report over a month, the present one if none is named.
func (s *Server) monthPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	month := q.Get("month")
	if year := q.Get("year"); year != "" {
		month = year + "-" + q.Get("of")
	}
	if s.transcripts == nil || month != "" && !monthName.MatchString(month) {
		s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	v, err := s.transcripts.Month(r.Context(), month)
	if err != nil {
		s.fail(w, r, "month", err)
		return
	}
	inbox, err := s.transcripts.Inbox(r.Context())
	if err != nil {
		s.fail(w, r, "inbox", err)
		return
	}
	loc, err := time.LoadLocation(v.Zone)
	if err != nil {
		loc = time.UTC
	}
	s.render(w, r, http.StatusOK, "month", monthReport{v, inbox, clock.NewZone(loc), s.clock.Now().Wall.In(loc).Year()})
}
