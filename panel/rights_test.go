package panel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/panel"
	"roomrec/panel/paneltest"
	"roomrec/session"
)

// whoever signs in the person that a request's header names by role; without one it is nobody's.
type whoever struct{}

func (whoever) Who(r *http.Request) (panel.Person, bool) {
	role := access.Role(r.Header.Get("Test-Role"))
	if role == "" {
		return panel.Person{}, false
	}
	return panel.Person{Actor: session.Actor{ID: "id-" + string(role), Name: "Name " + string(role), Role: string(role)}, Rights: role, Room: r.Header.Get("Test-Room")}, true
}

// kept is a journal of access in memory that fails on command.
type kept struct {
	mu    sync.Mutex
	lines []string
	err   error
}

func (k *kept) Viewed(_ context.Context, sess string, a session.Actor, what string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return k.err
	}
	k.lines = append(k.lines, a.ID+" "+what+" "+sess)
	return nil
}

func guarded(t *testing.T, k *kept) (*paneltest.Backend, *panel.Server) {
	t.Helper()
	b := paneltest.New(clock.NewSystem())
	t.Cleanup(b.Close)
	p, err := panel.New(panel.Options{
		Sessions: b, Archive: b, Recordings: b.Recordings(), Live: b.Live(), Clock: b.Clock(), Identity: whoever{}, Accesses: k, Log: zerolog.New(io.Discard), Transcripts: b.Papers(), Samples: b, Records: b,
		Handlers: map[string]panel.Handler{"POST /api/v1/volumes": {Action: access.ManageHost, Handler: http.NotFoundHandler()}},
		Extra:    []panel.Extra{{Path: "/extra", Action: access.SeeStation}},
	})
	require.NoError(t, err)
	return b, p
}

// asks counts the requests of requested.
var asks atomic.Uint32

// requested makes a request by a role, "" for nobody.
func requested(t *testing.T, method, path string, role access.Role, body string, headers ...string) (*httptest.ResponseRecorder, *http.Request) {
	r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Test-Role", string(role))
	n := asks.Add(1) // each from an address of its own: how many one may send is another test's question
	r.RemoteAddr = fmt.Sprintf("127.%d.%d.%d:4711", byte(n>>16), byte(n>>8), byte(n))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if from := r.Header.Get(testFrom); from != "" {
		r.RemoteAddr = from
	}
	return httptest.NewRecorder(), r
}

// testFrom is the header by which a test says which address a request comes from.
const testFrom = "Test-From"

// ask sends a request by a role, "" for nobody, that ends by itself, and returns its status.
func ask(t *testing.T, p *panel.Server, method, path string, role access.Role, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	w, r := requested(t, method, path, role, "{}", headers...)
	r = r.WithContext(ctx)
	func() {
		defer func() { _ = recover() }() // a handler that is not there: it was let through to it
		answer := patientRecorder{ResponseRecorder: w}
		if strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/live") {
			answer.begun = cancel // whether it may begin is all that is asked
		}
		p.Handler().ServeHTTP(answer, r)
	}()
	return w
}

// patientRecorder takes the deadlines of streams, and calls begun when there is an answer.
type patientRecorder struct {
	*httptest.ResponseRecorder
	begun func()
}

func (p patientRecorder) WriteHeader(code int) {
	p.ResponseRecorder.WriteHeader(code)
	if p.begun != nil {
		p.begun()
	}
}

func (p patientRecorder) Flush() { p.ResponseRecorder.Flush() }

func (patientRecorder) SetReadDeadline(time.Time) error  { return nil }
func (patientRecorder) SetWriteDeadline(time.Time) error { return nil }

// Every route, asked by every role and by nobody, lets through exactly whom the table does.
func TestEveryRouteForEveryRole(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "questioning"))
	v, _ := b.Room("room3")
	require.Greater(t, len(p.Routes()), 30)
	n := 0 // routes and roles are more than one address may ask at once
	for pattern, action := range p.Routes() {
		n++
		method, path := addressOf(t, pattern, v.Session.ID)
		for _, role := range append(access.Roles(), "", "root") {
			code := ask(t, p, method, path, role, testFrom, fmt.Sprintf("192.0.2.%d:1", n%250)).Code
			switch {
			case action == access.Anyone:
				require.NotContains(t, []int{401, 403}, code, "%s %s", pattern, role)
			case role == "":
				require.Equal(t, http.StatusUnauthorized, code, "%s by nobody", pattern)
			case !access.May(role, action):
				require.Equal(t, http.StatusForbidden, code, "%s by %s", pattern, role)
			default:
				require.NotEqual(t, http.StatusUnauthorized, code, "%s by %s", pattern, role)
				if code == http.StatusForbidden {
					require.Equal(t, access.WatchRoom, action, "%s by %s", pattern, role)
				}
			}
		}
	}
}

// addressOf returns how a pattern is asked for, of room3, its first camera and the session.
func addressOf(t *testing.T, pattern, sess string) (method, path string) {
	t.Helper()
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "GET", pattern+"none"
	}
	path = strings.NewReplacer("{$}", "", "{room}", "room3", "{session}", sess, "{camera}", "front", "{path...}", "js/room.js", "{person}", "x", "{panel}", "x", "{token}", "x").Replace(path)
	require.NotContains(t, path, "{", "%s: how is it asked?", pattern)
	return method, path
}

// The same over real sign-ins, with the routes that only a site where people sign in has: everybody by
// their cookie, a panel, a command on the host, a program with every scope that its office has, and nobody.
func TestEveryRouteForEverySignIn(t *testing.T) {
	s := newStation(t)
	require.NoError(t, s.Set("room3", "questioning"))
	v, _ := s.Room("room3")
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	cookies := func(c *http.Client) string {
		var all []string
		for _, k := range c.Jar.Cookies(at) {
			all = append(all, k.Name+"="+k.Value)
		}
		return strings.Join(all, "; ")
	}
	type sender struct {
		name    string
		headers func() []string
		may     func(access.Action) bool
		pages   bool
	}
	all := []sender{{"nobody", func() []string { return nil }, func(access.Action) bool { return false }, true}}
	again := make(map[string]func())
	for _, role := range access.People() {
		s.add("id-"+string(role), role)
		held := ""
		sign := func() {
			c := s.browser()
			require.Equal(t, http.StatusSeeOther, s.signIn(c, "id-"+string(role), good).StatusCode)
			held = cookies(c)
		}
		sign()
		again[string(role)] = sign
		all = append(all, sender{string(role), func() []string { return []string{"Cookie", held} }, func(a access.Action) bool { return access.May(role, a) }, true})
		scopes := access.ForToken(role)
		names := make([]string, len(scopes))
		for i, a := range scopes {
			names[i] = string(a)
		}
		granted, err := access.ParseScopes(role, names)
		require.NoError(t, err)
		id, secret := panel.NewToken()
		require.NoError(t, s.people.AddToken(t.Context(), "test", people.Token{ID: id, Name: id, Role: string(role), Scopes: string(granted)}, secret))
		all = append(all, sender{"program as " + string(role), func() []string { return []string{"Authorization", "Bearer " + secret} }, granted.Has, false})
	}
	admin := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "id-administrator", good).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.post(admin, "/panels", "room", "room3", "name", "Screen 3").StatusCode)
	machine := cookies(admin)
	all = append(all,
		sender{"panel", func() []string { return []string{"Cookie", machine} }, func(a access.Action) bool { return access.May(access.Panel, a) }, true},
		sender{"host", func() []string { return []string{"Authorization", "Bearer the-hosts-own-token"} }, func(a access.Action) bool { return access.May(access.Host, a) }, true},
	)
	require.Greater(t, len(s.panel.Routes()), 40)
	for pattern, action := range s.panel.Routes() {
		if action == access.Anyone {
			continue
		}
		method, path := addressOf(t, pattern, v.Session.ID)
		api := strings.HasPrefix(path, "/api/")
		for _, from := range all {
			code := ask(t, s.panel, method, path, "", from.headers()...).Code
			what := pattern + " by " + from.name
			switch {
			case from.name == "nobody", !from.pages && !api:
				want := http.StatusUnauthorized
				if !api && method == "GET" {
					want = http.StatusSeeOther // to the sign-in
				}
				require.Equal(t, want, code, what)
			case !from.may(action):
				require.Equal(t, http.StatusForbidden, code, what)
			default:
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusTooManyRequests}, code, what)
				if code == http.StatusForbidden {
					require.Equal(t, access.WatchRoom, action, what)
				}
			}
			if pattern == "POST /panels" && from.may(action) {
				again[from.name]() // whoever makes a machine a panel is signed out there
			}
		}
	}
}

// A route without an action, or with a part of its address that nobody guards, cannot be registered.
func TestARouteSaysWhoMayReachIt(t *testing.T) {
	_, p := guarded(t, &kept{})
	require.Contains(t, p.Route("GET /x", ""), "no action")
	require.Contains(t, p.Route("GET /x", "everything"), "no action")
	require.Contains(t, p.Route("GET /x/{case}", access.Self), "nobody guards {case}")
	// And nothing else reaches the mux: the only calls that register are those of routes.go.
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		if name == "routes.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Empty(t, regexp.MustCompile(`huma\.(Register|Get|Post|AutoRegister)\(|mux\.Handle|\.HandleFunc\(|http\.Handle\(`).FindString(string(text)), name)
	}
}

func TestZ37_AnOfficerSeesOwnSessions(t *testing.T) {
	k := &kept{}
	b, p := guarded(t, k)
	require.NoError(t, b.Set("room3", "questioning"))
	v, _ := b.Room("room3")
	id := v.Session.ID
	for _, path := range []string{"/sessions/" + id, "/api/v1/sessions/" + id, "/api/v1/sessions/" + id + "/cameras/room3/front/playlist.m3u8", "/api/v1/sessions/" + id + "/files/room3/front/run-0001/0001.mp4"} {
		require.Equal(t, http.StatusNotFound, ask(t, p, "GET", path, access.Officer).Code, path)
		require.Equal(t, http.StatusOK, ask(t, p, "GET", path, access.Reviewer).Code, path)
	}
	require.Equal(t, http.StatusNotFound, ask(t, p, "POST", "/api/v1/sessions/"+id+"/commands", access.Officer, "Idempotency-Key", "12345678").Code)
	require.Equal(t, http.StatusForbidden, ask(t, p, "GET", "/api/v1/rooms/room3/live", access.Officer).Code)
	for _, path := range []string{"/rooms/room3", "/api/v1/rooms", "/api/v1/rooms/room3", "/sessions", "/api/v1/sessions", "/api/v1/events", "/api/v1/rooms/room3/events"} {
		for _, role := range []access.Role{access.Officer, access.Administrator, access.Auditor, access.Approver, access.Host} {
			require.NotContains(t, ask(t, p, "GET", path, role).Body.String(), v.Session.Form.Case, "%s by %s", path, role)
		}
		if path != "/rooms/room3" {
			require.Contains(t, ask(t, p, "GET", path, access.Supervisor).Body.String(), v.Session.Form.Case, path)
		}
	}
	require.Equal(t, []string{"id-reviewer view-session " + id}, k.lines, "one line for many requests of one look")

	// Whoever stands on the roster sees it; so does whoever opened it.
	b.Join("room3", "Name officer")
	require.Equal(t, http.StatusOK, ask(t, p, "GET", "/sessions/"+id, access.Officer).Code)
	require.Contains(t, ask(t, p, "GET", "/api/v1/rooms/room3", access.Officer).Body.String(), v.Session.Form.Case)
	require.Len(t, k.lines, 2)
}

// The pad holds every question and answer: whoever reads it from elsewhere stands on the journal.
func TestZ37_ThePadIsNotReadUnseen(t *testing.T) {
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/pad", ""}, {"GET", "/pad.docx", ""}, {"POST", "/pad", `{"id":"entry-0001","role":"question","text":""}`},
	} {
		k := &kept{}
		b, p := guarded(t, k)
		require.NoError(t, b.Set("room3", "questioning"))
		v, _ := b.Room("room3")
		of := func(role access.Role, headers ...string) int {
			w, r := requested(t, c.method, "/api/v1/sessions/"+v.Session.ID+c.path, role, c.body, append(headers, "Idempotency-Key", "12345678")...)
			p.Handler().ServeHTTP(w, r)
			return w.Code
		}
		of(access.Supervisor, "Test-Room", "room3")
		require.Empty(t, k.lines, "%s %s in the room itself", c.method, c.path)
		of(access.Supervisor)
		require.Equal(t, []string{"id-supervisor transcribe " + v.Session.ID}, k.lines, "%s %s", c.method, c.path)
		if c.method == "POST" {
			require.Equal(t, http.StatusForbidden, of(access.Reviewer), "a reviewer types")
		}
		k.err = io.ErrShortWrite
		require.Equal(t, http.StatusInternalServerError, func() int {
			w, r := requested(t, c.method, "/api/v1/sessions/"+v.Session.ID+c.path, access.Demo, c.body, "Idempotency-Key", "12345679")
			p.Handler().ServeHTTP(w, r)
			return w.Code
		}())
	}
}

func TestZ37_NothingIsShownThatCannotBeWrittenDown(t *testing.T) {
	k := &kept{err: io.ErrShortWrite}
	b, p := guarded(t, k)
	require.NoError(t, b.Set("room3", "sealed"))
	v, _ := b.Room("room3")
	w := ask(t, p, "GET", "/sessions/"+v.Session.ID, access.Reviewer)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), v.Session.Form.Case)
	k.err = nil
	require.Equal(t, http.StatusOK, ask(t, p, "GET", "/sessions/"+v.Session.ID, access.Reviewer).Code)
	require.Len(t, k.lines, 1)
}

func TestC39_NobodyWatchesARoomWithoutASession(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "ready"))
	for _, role := range []access.Role{access.Officer, access.Supervisor} {
		require.Equal(t, http.StatusForbidden, ask(t, p, "GET", "/api/v1/rooms/room3/live", role).Code, role)
	}
	require.NotEqual(t, http.StatusForbidden, ask(t, p, "GET", "/api/v1/rooms/room3/live", access.Panel, "Test-Room", "room3").Code)
	require.NoError(t, b.Set("room3", "questioning"))
	require.NotEqual(t, http.StatusForbidden, ask(t, p, "GET", "/api/v1/rooms/room3/live", access.Supervisor).Code)
}

// No request with the rights of one room acts on another.
func TestARoomsRightsEndAtItsDoor(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "questioning"))
	b.Join("room3", "Name officer")
	v, _ := b.Room("room3")
	key := []string{"Idempotency-Key", "12345678"}
	for _, role := range []access.Role{access.Panel, access.Officer, access.Supervisor} {
		from := append([]string{"Test-Room", "van1"}, key...)
		for _, path := range []string{"/rooms/room3", "/api/v1/rooms/room3", "/api/v1/rooms/room3/events", "/api/v1/rooms/room3/live"} {
			require.Equal(t, http.StatusForbidden, ask(t, p, "GET", path, role, from...).Code, "%s %s", role, path)
		}
		require.Equal(t, http.StatusForbidden, ask(t, p, "POST", "/api/v1/rooms/room3/alive", role, from...).Code)
		require.Equal(t, http.StatusForbidden, ask(t, p, "POST", "/api/v1/rooms/room3/sessions", role, from...).Code)
		require.Contains(t, []int{403, 404}, ask(t, p, "POST", "/api/v1/sessions/"+v.Session.ID+"/commands", role, from...).Code)
	}
	require.Zero(t, b.Times("alive"))
	require.Equal(t, http.StatusNoContent, ask(t, p, "POST", "/api/v1/rooms/room3/alive", access.Panel, "Test-Room", "room3").Code)
}

// A session that moved is its new room's alone: neither the screen of the room that it left nor who has signed in
// there acts on it or sees it, nor does a third room; and so it stays when it is sealed and dismissed.
func TestARoomsRightsEndWhereASessionMovedAway(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "locked"))
	b.Join("room3", "Name officer")
	v, _ := b.Room("room3")
	id, offence := v.Session.ID, v.Session.Form.Case
	require.NotEmpty(t, offence)
	command := func(from string, role access.Role, cmd string) int {
		w, r := requested(t, "POST", "/api/v1/sessions/"+id+"/commands", role, cmd, "Test-Room", from, "Idempotency-Key", fmt.Sprintf("moved-%08d", asks.Load()))
		p.Handler().ServeHTTP(w, r)
		return w.Code
	}
	views := []string{"/api/v1/sessions/" + id, "/sessions/" + id, "/api/v1/sessions/" + id + "/cameras/room3/front/playlist.m3u8", "/api/v1/sessions/" + id + "/files/room3/front/run-0001/0001.mp4"}
	// only checks that the session is one room's and nobody else's.
	only := func(stage, here string) {
		t.Helper()
		before := b.Times("marker")
		for _, from := range []string{"room3", "van1", "other"} {
			for _, role := range []access.Role{access.Panel, access.Officer, access.Supervisor} {
				if from != here {
					for _, path := range views {
						require.Contains(t, []int{403, 404}, ask(t, p, "GET", path, role, "Test-Room", from).Code, "%s: %s at %s: %s", stage, role, from, path)
					}
					for _, cmd := range []string{`{"name":"marker","marker":"complaint"}`, `{"name":"resume"}`, `{"name":"move-room","room":"room3"}`, `{"name":"dismiss"}`} {
						require.Contains(t, []int{403, 404}, command(from, role, cmd), "%s: %s at %s: %s", stage, role, from, cmd)
					}
					for _, path := range []string{"/api/v1/rooms/" + from, "/api/v1/sessions"} {
						body := ask(t, p, "GET", path, role, "Test-Room", from).Body.String()
						require.NotContains(t, body, id, "%s: %s at %s: %s", stage, role, from, path)
						require.NotContains(t, body, offence, "%s: %s at %s: %s", stage, role, from, path)
					}
				} else if role != access.Panel {
					require.Equal(t, http.StatusOK, ask(t, p, "GET", views[0], role, "Test-Room", from).Code, "%s: %s at %s", stage, role, from)
				}
			}
		}
		require.Equal(t, before, b.Times("marker"), stage)
	}
	only("in its first room", "room3")
	require.Equal(t, http.StatusOK, command("room3", access.Officer, `{"name":"move-room","room":"van1","ground":"special"}`))
	v, _ = b.Room("room3")
	require.Equal(t, "van1", v.Session.Room, "the room that it left still shows where it went")
	only("moved", "van1")
	require.Contains(t, ask(t, p, "GET", "/api/v1/rooms/room3", access.Panel, "Test-Room", "room3").Body.String(), `"room":"van1"`, "the screen that it left says where it went")
	require.Contains(t, ask(t, p, "GET", "/rooms/room3", access.Panel, "Test-Room", "room3").Body.String(), `data-bound="true"`, "and leads nowhere that it may not go")
	require.Contains(t, ask(t, p, "GET", "/rooms/room3", access.Supervisor).Body.String(), `data-bound="false"`)
	require.Equal(t, 1, strings.Count(ask(t, p, "GET", "/api/v1/approvals", access.Approver).Body.String(), id), "an approver has it once, where it is")
	require.NotContains(t, ask(t, p, "GET", "/api/v1/approvals", access.Approver, "Test-Room", "room3").Body.String(), id)
	require.Contains(t, ask(t, p, "GET", "/api/v1/approvals", access.Approver, "Test-Room", "van1").Body.String(), id)
	require.Equal(t, http.StatusOK, command("van1", access.Officer, `{"name":"marker","marker":"complaint"}`))
	require.Equal(t, http.StatusOK, command("van1", access.Officer, `{"name":"break-off","reason":"moved and over","supervisor":"0101"}`))
	only("closing", "van1")
	require.Eventually(t, func() bool {
		v, _ := b.Room("van1")
		return v.Session.Seal != nil
	}, time.Minute, 20*time.Millisecond)
	only("sealed", "van1")
	require.Equal(t, http.StatusOK, command("van1", access.Officer, `{"name":"dismiss"}`))
	only("dismissed", "van1")
}
