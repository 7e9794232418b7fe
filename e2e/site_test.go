package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// site is the pages of a running controller, as a program uses them.
type site struct {
	t    *testing.T
	p    *program
	base string
	http *http.Client
	as   string // who signs in again when the controller asks; empty: nobody does
}

// open starts a controller and waits for its address, which is its first line of output.
func open(t *testing.T, args []string, options ...option) *site {
	t.Helper()
	s := &site{t: t, p: start(t, args, options...), http: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	s.p.until("its address", patience, func(out string) bool {
		line, _, ok := strings.Cut(out, "\n")
		s.base = strings.TrimSuffix(strings.TrimSpace(line), "/")
		return ok
	})
	require.True(t, strings.HasPrefix(s.base, "http://127.0.0.1:"), s.base)
	return s
}

// call asks for a path and decodes the answer, which must have the status want.
func (s *site) call(method, path string, want int, body, answer any) {
	s.t.Helper()
	var b bytes.Buffer
	if body != nil {
		require.NoError(s.t, json.NewEncoder(&b).Encode(body))
	}
	key := rand.Text()
	send := func() (int, []byte) {
		req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, bytes.NewReader(b.Bytes()))
		require.NoError(s.t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
		res, err := s.http.Do(req)
		require.NoError(s.t, err)
		got, err := io.ReadAll(res.Body)
		require.NoError(s.t, err)
		require.NoError(s.t, res.Body.Close())
		return res.StatusCode, got
	}
	status, got := send()
	if status == http.StatusUnauthorized && s.as != "" {
		s.signIn(s.as)
		status, got = send()
	}
	require.Equal(s.t, want, status, "%s %s: %s", method, path, got)
	if answer != nil {
		require.NoError(s.t, json.Unmarshal(got, answer), "%s", got)
	}
}

// room returns a room as its page shows it.
func (s *site) room(id string) (r session.RoomView) {
	s.t.Helper()
	s.call("GET", "/api/v1/rooms/"+id, 200, nil, &r)
	return r
}

// until waits until a room is as wanted.
func (s *site) until(what, id string, limit time.Duration, done func(r session.RoomView) bool) (r session.RoomView) {
	s.t.Helper()
	end := time.Now().Add(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		r = s.room(id)
		if done(r) {
			return r
		}
		if time.Now().After(end) {
			b, err := json.MarshalIndent(r, "", "  ")
			require.NoError(s.t, err)
			require.FailNow(s.t, "waited in vain for "+what, "%s", b)
		}
		<-tick.C
	}
}

// inState waits until the room's session is in a state.
func (s *site) inState(id string, state table.State, limit time.Duration) session.RoomView {
	s.t.Helper()
	return s.until("state "+string(state), id, limit, func(r session.RoomView) bool { return r.Session != nil && r.Session.State == state })
}

// do carries out a command in a session.
func (s *site) do(id string, c session.Command) {
	s.t.Helper()
	s.call("POST", "/api/v1/sessions/"+id+"/commands", 200, c, nil)
}

// openForm is an interrogation of a suspect, of whom nothing is known.
func openForm() session.OpenForm {
	return session.OpenForm{
		Case: "2026-1187", Person: "2231", Kind: session.KindSuspect, Category: "unknown", Circumstances: map[string]string{}, ClockReason: "no time server in a test",
		WallClock: policy.WallClock{Says: policy.ClockAgrees},
		Roster:    []session.Member{{Role: "questioner", Name: "0417"}, {Role: "clerk", Name: "0522"}},
	}
}

// begin opens a session in a room and starts questioning. It returns its id.
func (s *site) begin(room string) string {
	s.t.Helper()
	s.until("a room that is fit", room, patience, func(r session.RoomView) bool { return r.Fit })
	var v session.SessionView
	s.call("POST", "/api/v1/rooms/"+room+"/sessions", 201, openForm(), &v)
	s.inState(room, table.Standby, patience)
	s.do(v.ID, session.Command{Name: session.ActStart})
	s.inState(room, table.Questioning, patience)
	return v.ID
}

// record returns a session as the lists show it.
func (s *site) record(id string) (r panel.Record) {
	s.t.Helper()
	s.call("GET", "/api/v1/sessions/"+id, 200, nil, &r)
	return r
}
