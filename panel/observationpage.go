package panel

import (
	"net/http"
	"slices"

	"roomrec/session"
)

// observationPage is what the page of all rooms at a glance is made from. What changes comes as events.
type observationPage struct {
	Rooms   []session.RoomView
	Policy  Asked
	Samples bool     // the site draws some
	Waiting []Sample // at most shownSamples of them
}

// shownSamples is how many samples the page offers at once.
const shownSamples = 3

// Markers lists the markers that someone outside the room sets.
func (observationPage) Markers() []session.Marker {
	return slices.DeleteFunc(session.Markers(), func(m session.Marker) bool { return m.Code == "spontaneous" })
}

func (s *Server) observationPage(w http.ResponseWriter, r *http.Request) {
	waiting, err := s.waiting(r.Context())
	if err != nil {
		// The rooms are what the page is for.
		s.log.Error().Err(err).Msg("samples")
	}
	s.render(w, r, http.StatusOK, "observation", observationPage{
		Rooms: personOf(r.Context()).shownAll(s.sessions.Rooms()), Policy: s.asked(),
		Samples: s.samples != nil, Waiting: waiting[:min(len(waiting), shownSamples)],
	})
}
