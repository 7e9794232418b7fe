package panel

import (
	"net/http"
	"time"

	"roomrec/clock"
	"roomrec/transcript"
)

// monthReport is a month's report as its page shows it.
type monthReport struct {
	MonthView
	Inbox InboxView
	zone  clock.Zone
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
	month := r.URL.Query().Get("month")
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
	s.render(w, r, http.StatusOK, "month", monthReport{v, inbox, clock.NewZone(loc)})
}
