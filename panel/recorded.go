package panel

import (
	"errors"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	sessionID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	roomID    = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

// playlist answers with one camera's recording as an HLS playlist.
func (s *Server) playlist(w http.ResponseWriter, r *http.Request) {
	id, room, camera := r.PathValue("session"), r.PathValue("room"), r.PathValue("camera")
	if !sessionID.MatchString(id) || !roomID.MatchString(room) || !roomID.MatchString(camera) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	b, err := s.recordings.Playlist(r.Context(), id, room, camera, apiRoot+"/sessions/"+id+"/files/")
	if err != nil {
		s.fail(w, r, "playlist", err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	// A sender that has gone needs no answer.
	_, _ = w.Write(b)
}

// file answers with a file of a session, or the part of it that was asked for.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("session"), r.PathValue("path")
	if !sessionID.MatchString(id) || !plainPath(name) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	f, err := s.recordings.File(r.Context(), id, name)
	if err != nil {
		s.fail(w, r, "file", err)
		return
	}
	defer func() {
		if err := f.Close(); err != nil {
			s.log.Error().Err(err).Str("op", "file").Msg("close failed")
		}
	}()
	switch path.Ext(name) {
	case ".mp4", ".m4s":
		w.Header().Set("Content-Type", "video/mp4")
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	p := patient{ResponseWriter: w, control: http.NewResponseController(w), now: func() time.Time { return s.clock.Now().Wall.Time() }}
	http.ServeContent(p, r, "", time.Time{}, f)
}

// plainPath reports whether name is a relative path that stays where it is: no empty, hidden or
// parent element, no backslash, no control character, nothing that is not text.
func plainPath(name string) bool {
	if name == "" || len(name) > 512 || !utf8.ValidString(name) {
		return false
	}
	for _, e := range strings.Split(name, "/") {
		if e == "" || e[0] == '.' {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == '\\' || c == 0x7f })
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// fail answers an error of a route that is no part of the described API.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, op string, err error) {
	status, key := http.StatusInternalServerError, "problem.internal"
	if isNotFound(err) {
		status, key = http.StatusNotFound, "problem.not-found"
	} else {
		s.log.Error().Err(err).Str("op", op).Msg("request failed")
	}
	s.refuse(w, r, status, key)
}
