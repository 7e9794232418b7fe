package panel_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// asked sends a body by a role and returns the answer's status and text.
func asked(t *testing.T, h http.Handler, method, path string, role access.Role, body string, headers ...string) (int, string) {
	t.Helper()
	w, r := requested(t, method, path, role, body, headers...)
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAMessageIsOfWhomItConcerns(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "questioning"))
	const path = "/api/v1/rooms/room3/message"
	key := []string{"Idempotency-Key", "12345678"}
	for _, bad := range []string{`{"text":""}`, `{"text":"a\nb"}`, `{"text":"` + strings.Repeat("字", 81) + `"}`} {
		code, _ := asked(t, p.Handler(), "POST", path, access.Supervisor, bad, key...)
		require.Equal(t, http.StatusUnprocessableEntity, code, bad)
	}
	code, _ := asked(t, p.Handler(), "POST", path, access.Supervisor, `{"text":"Technician comes"}`, key...)
	require.Equal(t, http.StatusOK, code)
	for role, sees := range map[access.Role]bool{access.Supervisor: true, access.Reviewer: false, access.Administrator: false, access.Officer: false} {
		_, text := asked(t, p.Handler(), "GET", "/api/v1/rooms/room3", role, "")
		require.Equal(t, sees, strings.Contains(text, "Technician comes"), "%s", role)
	}
	_, text := asked(t, p.Handler(), "GET", "/api/v1/rooms/room3", access.Panel, "", "Test-Room", "room3")
	require.Contains(t, text, "Technician comes", "the room's own panel")
	v, _ := b.Room("room3")
	first := `{"at":"` + v.Message.At.String() + `"}`
	code, _ = asked(t, p.Handler(), "POST", path+"/seen", access.Panel, first, "Test-Room", "van1", "Idempotency-Key", "12345679")
	require.Equal(t, http.StatusForbidden, code, "another room's panel")
	code, _ = asked(t, p.Handler(), "POST", path+"/seen", access.Panel, `{}`, "Test-Room", "room3", "Idempotency-Key", "12345679")
	require.Equal(t, http.StatusUnprocessableEntity, code, "of no message")
	seen := func(body, key string) clock.Wall {
		code, text := asked(t, p.Handler(), "POST", path+"/seen", access.Panel, body, "Test-Room", "room3", "Idempotency-Key", key)
		require.Equal(t, http.StatusOK, code, text)
		v, _ = b.Room("room3")
		return v.Message.Seen
	}
	require.NoError(t, b.Tell(t.Context(), "room3", session.Actor{Name: "Lead"}, "Stop"))
	require.Zero(t, seen(first, "12345680"), "the word was of the one before")
	require.NotZero(t, seen(`{"at":"`+v.Message.At.String()+`"}`, "12345681"))
}

// Whoever watches the rooms and may approve it approves going on unrecorded by their own sign-in, unless
// they opened the session or stand on its roster.
func TestZ29_ASupervisorOutsideTheRoomApprovesUnrecorded(t *testing.T) {
	const body = `{"name":"unrecorded","reason":"urgent"}`
	for name, c := range map[string]struct {
		role, room string
		roster     string
		want       int
	}{
		"a supervisor":                  {"supervisor", "", "", http.StatusOK},
		"a supervisor on the roster":    {"supervisor", "", "Name supervisor", http.StatusUnprocessableEntity},
		"an officer alone":              {"officer", "", "Name officer", http.StatusUnprocessableEntity},
		"a supervisor at the panel":     {"supervisor", "room3", "", http.StatusUnprocessableEntity},
		"a reviewer":                    {"reviewer", "", "", http.StatusForbidden},
		"an approver, who runs nothing": {"approver", "", "", http.StatusForbidden},
	} {
		b, p := guarded(t, &kept{})
		require.NoError(t, b.Set("room3", "free"), name)
		if c.roster != "" {
			b.Join("room3", c.roster)
		}
		v, _ := b.Room("room3")
		code, text := asked(t, p.Handler(), "POST", "/api/v1/sessions/"+v.Session.ID+"/commands", access.Role(c.role), body, "Idempotency-Key", "12345678", "Test-Room", c.room)
		require.Equal(t, c.want, code, "%s: %s", name, text)
		require.Equal(t, c.want == http.StatusOK, b.Times(session.ActUnrecorded) == 1, name)
	}
}
