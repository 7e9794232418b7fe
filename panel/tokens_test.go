package panel_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/panel"
)

// token has an administrator make a token through the API and returns its view and secret.
func (s *station) token(admin *http.Client, office access.Role, room string, scopes ...string) panel.MadeToken {
	s.t.Helper()
	r := do(s.t, admin, "POST", s.url+"/api/v1/tokens", map[string]any{"name": "Program", "office": office, "scopes": scopes, "room": room, "days": 30})
	require.Equal(s.t, http.StatusCreated, r.StatusCode, "%s", r.body)
	var made panel.MadeToken
	require.NoError(s.t, json.Unmarshal(r.body, &made))
	return made
}

// program asks with a token.
func (s *station) program(secret, method, path string, body any, headers ...string) reply {
	s.t.Helper()
	return do(s.t, s.browser(), method, s.url+path, body, append([]string{"Authorization", "Bearer " + secret}, headers...)...)
}

func TestATokenMayWhatItsScopesSay(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("0417", access.Officer)
	admin := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "admin", good).StatusCode)
	made := s.token(admin, access.Officer, "", "open", "run", "list-sessions", "view-session", "see-rooms")
	require.Equal(t, []string{"self", "see-rooms", "open", "run", "list-sessions", "view-session"}, made.Scopes)
	require.True(t, strings.HasPrefix(made.Token, "roomrec-token-"))
	require.WithinDuration(t, s.clock.Now().Wall.Time().AddDate(0, 0, 30), made.Until.Time(), 25*time.Hour)

	// It opens and runs a session of its own, under its own name.
	r := s.program(made.Token, "POST", "/api/v1/rooms/room3/sessions", form(), request()...)
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
	require.Contains(t, string(r.body), `"opened_by":"token-`+made.ID+`"`)
	require.Equal(t, http.StatusOK, s.program(made.Token, "GET", "/api/v1/sessions", nil).StatusCode)
	// What no scope names it may not, though its office may; nor anything but the API.
	require.Equal(t, http.StatusForbidden, s.program(made.Token, "POST", "/api/v1/rooms/room3/alive", nil).StatusCode)
	require.Equal(t, http.StatusForbidden, s.program(made.Token, "GET", "/api/v1/rooms/room3/live", nil).StatusCode)
	for _, path := range []string{"/people", "/tokens", "/api/v1/people", "/api/v1/tokens", "/api/v1/deeds"} {
		require.Contains(t, []int{http.StatusForbidden, http.StatusSeeOther}, s.program(made.Token, "GET", path, nil).StatusCode, path)
	}
	require.Equal(t, http.StatusSeeOther, s.program(made.Token, "GET", "/sessions", nil).StatusCode, "pages are for people")
	// A secret that is none is nobody, whatever cookie comes with it.
	require.Equal(t, http.StatusUnauthorized, do(t, admin, "GET", s.url+"/api/v1/me", nil, "Authorization", "Bearer "+made.Token+"x").StatusCode)

	// The secret is shown this once: neither lists nor pages nor the file have it.
	for _, path := range []string{"/api/v1/tokens", "/tokens", "/people", "/api/v1/deeds"} {
		require.NotContains(t, string(do(t, admin, "GET", s.url+path, nil).body), made.Token, path)
	}
	require.Contains(t, string(do(t, admin, "GET", s.url+"/api/v1/deeds", nil).body), "token.add")

	// Shut, or run out, it is nobody's.
	other := s.token(admin, access.Officer, "", "see-rooms")
	require.Equal(t, http.StatusNoContent, do(t, admin, "POST", s.url+"/api/v1/tokens/"+made.ID+"/shut", nil).StatusCode)
	require.Equal(t, http.StatusUnauthorized, s.program(made.Token, "GET", "/api/v1/me", nil).StatusCode)
	require.Equal(t, http.StatusOK, s.program(other.Token, "GET", "/api/v1/me", nil).StatusCode)
	s.clock.Advance(31 * 24 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, s.program(other.Token, "GET", "/api/v1/me", nil).StatusCode)
}

// What a token's name is, is no claim to anybody's sessions.
func TestATokenIsOnNoRoster(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	require.NoError(t, s.Set("room3", "questioning"))
	s.Join("room3", "0417")
	v, _ := s.Room("room3")
	admin := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "admin", good).StatusCode)
	r := do(t, admin, "POST", s.url+"/api/v1/tokens", map[string]any{"name": "0417", "office": "officer", "scopes": []string{"view-session", "see-rooms", "list-sessions"}})
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
	var made panel.MadeToken
	require.NoError(t, json.Unmarshal(r.body, &made))
	require.Equal(t, http.StatusNotFound, s.program(made.Token, "GET", "/api/v1/sessions/"+v.Session.ID, nil).StatusCode)
	require.NotContains(t, string(s.program(made.Token, "GET", "/api/v1/rooms/room3", nil).body), v.Session.Form.Case)
}

// No request with the rights of one room acts on another, nor sees it.
func TestATokenOfOneRoomReachesNoOther(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	admin := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "admin", good).StatusCode)
	require.NoError(t, s.Set("room3", "questioning"))
	require.NoError(t, s.Set("van1", "sealed"))
	here, _ := s.Room("room3")
	there, _ := s.Room("van1")
	looks := s.token(admin, access.Supervisor, "room3", "see-rooms", "watch-room", "keep-panel", "list-sessions", "view-session", "transcribe", "all-sessions", "all-rooms", "see-station")
	acts := s.token(admin, access.Officer, "room3", "see-rooms", "open", "run", "keep-panel")

	require.Equal(t, http.StatusOK, s.program(looks.Token, "GET", "/api/v1/sessions/"+here.Session.ID, nil).StatusCode)
	for _, path := range []string{"/rooms/van1", "/rooms/van1/events", "/rooms/van1/live"} {
		require.Equal(t, http.StatusForbidden, s.program(looks.Token, "GET", "/api/v1"+path, nil).StatusCode, path)
	}
	for _, path := range []string{"", "/cameras/van1/front/playlist.m3u8", "/files/van1/front/run-0001/0001.mp4"} {
		require.Equal(t, http.StatusNotFound, s.program(looks.Token, "GET", "/api/v1/sessions/"+there.Session.ID+path, nil).StatusCode, path)
	}
	for _, path := range []string{"/api/v1/rooms", "/api/v1/sessions", "/api/v1/sessions?room=van1"} {
		r := s.program(looks.Token, "GET", path, nil)
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		require.NotContains(t, string(r.body), "van1", path)
	}
	for _, path := range []string{"/rooms/van1/alive", "/rooms/van1/sessions"} {
		require.Equal(t, http.StatusForbidden, s.program(acts.Token, "POST", "/api/v1"+path, form(), request()...).StatusCode, path)
	}
	require.Equal(t, http.StatusNotFound, s.program(acts.Token, "POST", "/api/v1/sessions/"+there.Session.ID+"/commands", map[string]string{"name": "dismiss"}, request()...).StatusCode)
	require.Zero(t, s.Times("alive")+s.Times("open")+s.Times("dismiss"))

	r := s.program(looks.Token, "POST", "/api/v1/sessions/find", map[string]string{"case": here.Session.Form.Case})
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.NotContains(t, string(r.body), "van1")
	require.Contains(t, string(s.program(looks.Token, "POST", "/api/v1/sessions/find", map[string]string{"case": "no such case"}).body), "[]")

	// Dismissed there, the session is in the archive; it is still the other room's.
	require.NoError(t, s.Set("van1", "ready"))
	require.Equal(t, http.StatusNotFound, s.program(looks.Token, "GET", "/api/v1/sessions/"+there.Session.ID, nil).StatusCode)

	// Every route that names no room is refused, but for those that are narrowed.
	full := s.token(admin, access.Supervisor, "", "see-rooms", "list-sessions", "all-sessions", "see-station", "read-access", "call")
	open := 0
	for pattern := range s.panel.Routes() {
		method, path, _ := strings.Cut(pattern, " ")
		if method != "GET" || !strings.HasPrefix(path, "/api/v1/") || strings.Contains(path, "{") || strings.HasSuffix(path, "/events") {
			continue
		}
		code := s.program(looks.Token, method, path, nil).StatusCode
		if code != http.StatusOK {
			require.Equal(t, http.StatusForbidden, code, pattern)
			continue
		}
		open++
		require.NotContains(t, string(s.program(looks.Token, method, path, nil).body), "van1", pattern)
		require.NotEqual(t, http.StatusNotFound, s.program(full.Token, method, path, nil).StatusCode, pattern)
	}
	require.GreaterOrEqual(t, open, 5)
}

// The same holds for whoever signs in with a PIN at a room's panel, of a supervisor too.
func TestAPINAtOneRoomReachesNoOther(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("lead", access.Supervisor)
	require.NoError(t, s.Set("van1", "sealed"))
	v, _ := s.Room("van1")
	require.NoError(t, s.Set("van1", "ready"))
	c := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "admin", good).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.post(c, "/panels", "room", "room3", "name", "Screen 3").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "lead", "104729").StatusCode)
	require.Equal(t, http.StatusNotFound, s.get(c, "/sessions/"+v.Session.ID).StatusCode)
	require.NotContains(t, string(s.get(c, "/api/v1/sessions").body), v.Session.ID)
	at := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(at, "lead", good).StatusCode)
	require.Equal(t, http.StatusOK, s.get(at, "/sessions/"+v.Session.ID).StatusCode, "at their own desk they see it")
}

func TestTheAdministratorMakesTokensOnAPage(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("lead", access.Supervisor)
	c := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "admin", good).StatusCode)
	r := s.get(c, "/tokens")
	require.Equal(t, http.StatusOK, r.StatusCode)
	policyOf(t, r)
	for name, pairs := range map[string][]string{
		"no scope":            {"name", "A", "office", "officer", "days", "1"},
		"of another office":   {"name", "A", "office", "officer", "days", "1", "scope-officer", "all-rooms"},
		"no office":           {"name", "A", "days", "1", "scope-officer", "run"},
		"days":                {"name", "A", "office", "officer", "days", "x", "scope-officer", "run"},
		"no name":             {"office", "officer", "days", "1", "scope-officer", "run"},
		"no such room":        {"name", "A", "office", "officer", "days", "1", "scope-officer", "run", "room", "none"},
		"more than ten years": {"name", "A", "office", "officer", "days", "9999", "scope-officer", "run"},
	} {
		r := s.post(c, "/tokens", pairs...)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, name)
		require.NotContains(t, string(r.body), "roomrec-token-", name)
	}
	r = s.post(c, "/tokens", "name", "Case system", "office", "officer", "days", "0", "scope-officer", "see-rooms", "scope-reviewer", "view-session")
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
	secret := regexp.MustCompile(`roomrec-token-[A-Z0-9]{52}`).FindString(string(r.body))
	require.NotEmpty(t, secret)
	require.Equal(t, http.StatusOK, s.program(secret, "GET", "/api/v1/rooms", nil).StatusCode)
	all, err := s.people.Tokens(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "self see-rooms", all[0].Scopes)
	require.Zero(t, all[0].Until)
	require.Equal(t, http.StatusSeeOther, s.post(c, "/tokens/"+all[0].ID+"/shut").StatusCode)
	require.Equal(t, http.StatusUnauthorized, s.program(secret, "GET", "/api/v1/rooms", nil).StatusCode)
	other := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(other, "lead", good).StatusCode)
	require.Equal(t, http.StatusForbidden, s.get(other, "/tokens").StatusCode)
	require.Equal(t, http.StatusForbidden, s.post(other, "/tokens", "name", "A", "office", "supervisor", "days", "0", "scope-supervisor", "see-rooms").StatusCode)
}

func TestPeopleThroughTheAPI(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	c := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "admin", good).StatusCode)
	ask := func(path, body string) reply { return do(t, c, "POST", s.url+"/api/v1"+path, []byte(body)) }
	r := ask("/people", `{"id":"0417","name":"Officer","office":"officer","password":"`+good+`","pin":"104729"}`)
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
	require.NotContains(t, string(r.body), "argon2")
	for field, body := range map[string]string{
		"id":       `{"id":"0417","name":"Again","office":"officer"}`,
		"office":   `{"id":"x","name":"X","office":"demo"}`,
		"name":     `{"id":"x","name":"X\nY","office":"officer"}`,
		"password": `{"id":"x","name":"X","office":"officer","password":"short"}`,
		"pin":      `{"id":"x","name":"X","office":"officer","pin":"123456"}`,
	} {
		r := ask("/people", body)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, field)
		require.Equal(t, field, r.problem(t).Fields[0].Field)
	}
	require.Equal(t, http.StatusNotFound, ask("/people/none", `{"shut":true}`).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, ask("/people/admin", `{"shut":true}`).StatusCode, "the last administrator")
	require.Equal(t, http.StatusOK, ask("/people/0417", `{"office":"reviewer"}`).StatusCode)
	r = ask("/people/0417", `{"name":"A\nB"}`)
	require.Equal(t, "name", r.problem(t).Fields[0].Field)
	require.Equal(t, http.StatusOK, ask("/people/0417", `{"name":" Officer Wang "}`).StatusCode)
	require.Contains(t, string(do(t, c, "GET", s.url+"/api/v1/deeds?limit=1", nil).body), `person.change name=\"Officer\"→\"Officer Wang\"`)
	var list []panel.PersonView
	require.NoError(t, json.Unmarshal(do(t, c, "GET", s.url+"/api/v1/people", nil).body, &list))
	require.Equal(t, []panel.PersonView{
		{ID: "0417", Name: "Officer Wang", Office: access.Reviewer, Password: true, PIN: true}, {ID: "admin", Name: "Name of admin", Office: access.Administrator, Password: true, PIN: true},
	}, list)
	require.NotContains(t, string(do(t, c, "GET", s.url+"/api/v1/deeds", nil).body), good)

	// The panel that an administrator made of a machine can be ended from afar.
	machine := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(machine, "admin", good).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.post(machine, "/panels", "room", "room3", "name", "Screen 3").StatusCode)
	var panels []panel.PanelView
	require.NoError(t, json.Unmarshal(do(t, c, "GET", s.url+"/api/v1/panels", nil).body, &panels))
	require.Len(t, panels, 1)
	require.Equal(t, http.StatusNoContent, do(t, c, "POST", s.url+"/api/v1/panels/"+panels[0].ID+"/shut", nil).StatusCode)
	require.Equal(t, http.StatusUnauthorized, do(t, machine, "GET", s.url+"/api/v1/rooms/room3", nil).StatusCode)
	require.Equal(t, http.StatusNotFound, do(t, c, "POST", s.url+"/api/v1/panels/none/shut", nil).StatusCode)
}

func TestANameHasSixtyFourCharactersInAnyScript(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		strings.Repeat("王", 64): true, strings.Repeat("王", 65): false, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false,
		"": false, "two\nlines": false, "\xff": false,
	} {
		require.Equal(t, want, panel.TokenName(name), "%q", name)
	}
}
