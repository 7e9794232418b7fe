package panel

import (
	"math"
	"net/http"
	"regexp"
	"strconv"

	"roomrec/clock"
	"roomrec/session"
)

var stillName = regexp.MustCompile(`^([0-9a-f]{64})\.jpg$`)

// keptStill answers with a picture that is kept after a session's seal.
func (s *Server) keptStill(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("session"), stillName.FindStringSubmatch(r.PathValue("path"))
	if !sessionID.MatchString(id) || name == nil {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	b, err := s.stills.Still(r.Context(), id, name[1])
	if err != nil {
		s.fail(w, r, "still", err)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	// A sender that has gone needs no answer.
	_, _ = w.Write(b)
}

// Compared reports whether an officer compared the clock in the room with the page's at the opening.
func (r row) Compared() bool { return r.Form.WallClock.Says != "" }

// WallDiffers is what the officer saw of a clock in the room that differed, nil if it agreed.
func (r row) WallDiffers() *session.Text {
	if told, ok := r.Form.WallClock.Told(); ok {
		return &told
	}
	return nil
}

// Exactly returns an instant of the session as time of day with milliseconds.
func (r row) Exactly(w clock.Wall) string {
	return r.zone.Time(w) + w.Time().Format(".000")
}

// Uncertain returns how far a still's instant may be off, in seconds.
func (v StillView) Uncertain() string {
	return strconv.FormatFloat(math.Ceil(v.Uncertainty.Seconds()*10)/10, 'f', 1, 64)
}
