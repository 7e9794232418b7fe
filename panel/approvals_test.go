package panel_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/panel"
	"roomrec/session"
)

// Z29-2: an approver decides by their own sign-in, away from the room, and sees no more of a session than that
// takes; whoever is in the room decides nothing, and no way leads around the law.
func TestZ29_AnApproverDecidesByTheirOwnSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		scene  string
		role   access.Role
		room   string // whose panel it is asked from
		roster string
		listed bool
		code   int
	}{
		"an approver":                   {"free", access.Approver, "", "", true, http.StatusNoContent},
		"a supervisor":                  {"free", access.Supervisor, "", "", true, http.StatusNoContent},
		"an approver on the roster":     {"free", access.Approver, "", "Name approver", true, http.StatusUnprocessableEntity},
		"an approver at the panel":      {"free", access.Approver, "room3", "", true, http.StatusUnprocessableEntity},
		"an approver at another panel":  {"free", access.Approver, "van1", "", false, http.StatusNotFound},
		"a case that must be recorded":  {"locked", access.Approver, "", "", true, http.StatusUnprocessableEntity},
		"a session that is not locked":  {"questioning", access.Approver, "", "", false, http.StatusNotFound},
		"a session that is over":        {"sealed", access.Approver, "", "", false, http.StatusNotFound},
		"an officer":                    {"free", access.Officer, "", "", false, http.StatusForbidden},
		"a reviewer":                    {"free", access.Reviewer, "", "", false, http.StatusForbidden},
		"the administrator of machines": {"free", access.Administrator, "", "", false, http.StatusForbidden},
	} {
		b, p := guarded(t, &kept{})
		require.NoError(t, b.Set("room3", c.scene), name)
		if c.roster != "" {
			b.Join("room3", c.roster)
		}
		v, _ := b.Room("room3")
		_, text := asked(t, p.Handler(), "GET", "/api/v1/approvals", c.role, "", "Test-Room", c.room)
		var list []panel.Approval
		if json.Unmarshal([]byte(text), &list) == nil && c.listed {
			require.Len(t, list, 1, name)
			require.Equal(t, v.Session.ID, list[0].Session, name)
			require.Equal(t, v.Session.Form.Case, list[0].Case, name)
			require.NotEmpty(t, list[0].Category.Zh, name)
			require.NotRegexp(t, `\b`+v.Session.Form.Person+`\b`, text, name) // a part of a second has any four digits
			require.Equal(t, c.code == http.StatusNoContent, list[0].Allowed, name)
			require.Equal(t, !list[0].Allowed, list[0].Why != nil, name)
		} else {
			require.NotContains(t, text, v.Session.Form.Case, name)
		}
		path := "/api/v1/sessions/" + v.Session.ID
		// Who could approve it can refuse it, with a reason; nobody else can.
		for body, want := range map[string]int{`{"reason":" "}`: http.StatusUnprocessableEntity, `{"reason":"Room 5 is free"}`: c.code} {
			if c.code != http.StatusNoContent {
				want = c.code
			}
			code, text := asked(t, p.Handler(), "POST", path+"/unrecorded/refusal", c.role, body, "Idempotency-Key", "87654321"+fmt.Sprint(len(body)), "Test-Room", c.room)
			require.Equal(t, want, code, "%s: %s", name, text)
		}
		v, _ = b.Room("room3")
		refused, standing := v.Session.Standing()
		require.Equal(t, c.code == http.StatusNoContent, standing, name)
		if standing {
			require.Equal(t, session.Actor{ID: "id-" + string(c.role), Name: "Name " + string(c.role), Role: string(c.role)}, refused.By, name)
			require.Equal(t, "Room 5 is free", refused.Reason, name)
			_, text = asked(t, p.Handler(), "GET", "/api/v1/approvals", access.Supervisor, "")
			require.Contains(t, text, "Room 5 is free", "whoever decides otherwise knows of it")
			_, text = asked(t, p.Handler(), "GET", "/api/v1/rooms/room3", access.Panel, "", "Test-Room", "room3")
			require.Contains(t, text, "Room 5 is free", "the room's own screen")
		}
		code, text := asked(t, p.Handler(), "POST", path+"/unrecorded", c.role, `{"reason":"urgent"}`, "Idempotency-Key", "12345678", "Test-Room", c.room)
		require.Equal(t, c.code, code, "%s: %s", name, text)
		require.Equal(t, c.code == http.StatusNoContent, b.Times(session.ActUnrecorded) == 1, name)
		if c.role == access.Approver { // and nothing else opens to them
			for _, other := range []string{path, path + "/transcripts", path + "/accesses", "/api/v1/rooms/room3/live", "/sessions/" + v.Session.ID} {
				require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, ask(t, p, "GET", other, c.role, "Test-Room", c.room).Code, "%s %s", name, other)
			}
		}
	}
}
