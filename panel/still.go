package panel

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

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

// Uncertain returns how far the session's times may be off, in seconds, as its seal states it; empty where
// it states nothing.
func (r row) Uncertain() string {
	if r.Seal == nil || r.Seal.Uncertainty == 0 {
		return ""
	}
	return tenths(r.Seal.Uncertainty)
}

// Uncertain returns how far a still's instant may be off, in seconds.
func (v StillView) Uncertain() string { return tenths(v.Uncertainty) }

// tenths returns a length in seconds, rounded up to tenths.
func tenths(d time.Duration) string {
	return strconv.FormatFloat(math.Ceil(d.Seconds()*10)/10, 'f', 1, 64)
}
