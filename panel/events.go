package panel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"roomrec/access"
	"roomrec/clock"
)

// heartbeat is how often an event stream says that it lives. A page that heard nothing for three of
// them is STALE.
const heartbeat = time.Second

// eventTimeout is how long one event may take to leave; a client that takes longer is given up and
// comes back by itself.
const eventTimeout = 5 * time.Second

// stillEvery is how many heartbeats pass between two looks at whether the listener may still listen.
const stillEvery = 5

// beat is the heartbeat: the controller's time, the number of the last change of the room, and of which version the
// pages are that the controller has.
type beat struct {
	Now     clock.Wall `json:"now"`
	Seq     uint64     `json:"seq,omitempty"`
	Version string     `json:"version"`
}

// eventStream is one open answer of server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	clock   clock.Source
}

// openEvents turns the answer into an event stream. The server's own deadlines are for ordinary
// answers: the read deadline goes away, the write deadline moves with every event.
func (s *Server) openEvents(w http.ResponseWriter) (*eventStream, error) {
	e := &eventStream{w: w, control: http.NewResponseController(w), clock: s.clock}
	if err := e.control.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("open event stream: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return e, e.raw("retry: 1000\n\n")
}

func (e *eventStream) raw(text string) error {
	if err := e.control.SetWriteDeadline(e.clock.Now().Wall.Add(eventTimeout).Time()); err != nil {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}

func (e *eventStream) send(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	return e.raw("event: " + name + "\ndata: " + string(b) + "\n\n")
}

// roomEvents sends the whole view of a room at once and after every change, and a heartbeat each
// second. Changes that come faster than they can be sent are not queued: the next event is whole.
func (s *Server) roomEvents(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("room")
	if _, ok := s.sessions.Room(id); !ok {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	changed, cancel := s.sessions.Watch(id)
	defer cancel()
	s.stream(w, r, changed, func(e *eventStream) (uint64, error) {
		v, ok := s.sessions.Room(id)
		if !ok {
			return 0, ErrNotFound
		}
		return v.Seq, e.send("room", personOf(r.Context()).shown(v))
	})
}

// roomsEvents does the same for all rooms, each event holding all of them.
func (s *Server) roomsEvents(w http.ResponseWriter, r *http.Request) {
	changed := make(chan struct{}, 1) // a change that is already pending is enough
	done := make(chan struct{})
	defer close(done)
	for _, room := range s.sessions.Rooms() {
		one, cancel := s.sessions.Watch(room.ID)
		defer cancel()
		go func() {
			for {
				select {
				case <-done:
					return
				case _, ok := <-one:
					if !ok {
						return
					}
					select {
					case changed <- struct{}{}:
					default:
					}
				}
			}
		}()
	}
	s.stream(w, r, changed, func(e *eventStream) (uint64, error) {
		return 0, e.send("rooms", personOf(r.Context()).shownAll(s.sessions.Rooms()))
	})
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, changed <-chan struct{}, snapshot func(*eventStream) (uint64, error)) {
	leave, ok := s.enter()
	if !ok {
		s.refuse(w, r, http.StatusServiceUnavailable, "problem.busy")
		return
	}
	defer leave()
	e, err := s.openEvents(w)
	if err != nil {
		s.log.Debug().Err(err).Msg("event stream refused")
		return
	}
	open := s.metrics.viewers.WithLabelValues("events")
	open.Inc()
	defer open.Dec()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	beats := 0
	seq, err := snapshot(e)
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		case _, ok := <-changed:
			if !ok {
				return
			}
			seq, err = snapshot(e)
		case <-tick.C:
			if beats++; beats%stillEvery == 0 && !s.still(r, access.SeeRooms) {
				return
			}
			err = e.send("beat", beat{Now: s.clock.Now().Wall, Seq: seq, Version: s.edition})
		}
	}
}
