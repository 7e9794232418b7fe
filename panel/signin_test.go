package panel_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/clock/clocktest"
	"roomrec/panel"
	"roomrec/panel/paneltest"
	"roomrec/session"
)

var cheap = access.Cost{Memory: 64, Passes: 1}

const good = "correct horse battery"

// station is a site where people sign in.
type station struct {
	*paneltest.Backend
	t       testing.TB
	panel   *panel.Server
	people  *people.Store
	url     string
	clock   *clocktest.Clock
	papers  *paneltest.Papers
	first   string
	numbers *prometheus.Registry
}

func newStation(t testing.TB) *station {
	t.Helper()
	clk := clocktest.New(clock.NewSystem().Now().Wall)
	store, err := people.Open(t.Context(), filepath.Join(t.TempDir(), "people.db"), clk)
	require.NoError(t, err)
	b := paneltest.New(clock.NewSystem())
	papers := b.Papers()
	secret, first := panel.FirstLink()
	numbers := prometheus.NewPedanticRegistry()
	p, err := panel.New(panel.Options{
		Metrics:  numbers,
		Sessions: b, Archive: b, Recordings: b.Recordings(), Live: b.Live(), Clock: clk, Log: zerolog.New(io.Discard),
		Transcripts: papers, Samples: b, Records: b, Accesses: b, SignIn: &panel.SignIn{People: store, First: secret, Cost: cheap, Host: "the-hosts-own-token"},
	})
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config, err = p.HTTPServer("127.0.0.1:0", false)
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() {
		p.Stop()
		srv.Close()
		b.Close()
		require.NoError(t, store.Close())
	})
	return &station{Backend: b, t: t, panel: p, people: store, url: srv.URL, clock: clk, papers: papers, first: first, numbers: numbers}
}

// browser is one with cookies of its own.
func (s *station) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	c := &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

// post sends a form.
func (s *station) post(c *http.Client, path string, pairs ...string) reply {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return do(s.t, c, "POST", s.url+path, []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func (s *station) get(c *http.Client, path string) reply {
	s.t.Helper()
	return do(s.t, c, "GET", s.url+path, nil, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none")
}

func (s *station) add(id string, role access.Role) {
	s.t.Helper()
	require.NoError(s.t, s.people.Add(s.t.Context(), "test", people.Person{ID: id, Name: "Name of " + id, Role: string(role), Password: cheap.Hash(good), PIN: cheap.Hash("104729")}))
}

func (s *station) signIn(c *http.Client, id, secret string) reply {
	s.t.Helper()
	return s.post(c, "/sign-in", "id", id, "secret", secret, "next", "/sessions")
}

func TestTheFirstStartMakesOneAdministrator(t *testing.T) {
	s := newStation(t)
	c := s.browser()
	r := s.get(c, "/")
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	require.Equal(t, "/sign-in?next=%2F", r.Header.Get("Location"))
	require.Equal(t, http.StatusOK, s.get(c, "/sign-in").StatusCode)
	require.Equal(t, http.StatusUnauthorized, s.signIn(c, "admin", "admin").StatusCode, "there is no default password")
	require.Equal(t, http.StatusNotFound, s.get(c, s.first+"x").StatusCode)
	require.Equal(t, http.StatusOK, s.get(c, s.first).StatusCode)
	for name, form := range map[string][]string{
		"short password": {"id", "admin", "name", "A", "secret", "short", "again", "short"},
		"differ":         {"id", "admin", "name", "A", "secret", good, "again", good + "x"},
		"bad id":         {"id", "a b", "name", "A", "secret", good, "again", good},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, s.post(c, s.first, form...).StatusCode, name)
	}
	r = s.post(c, s.first, "id", "admin", "name", "Admin", "secret", good, "again", good)
	require.Equal(t, http.StatusSeeOther, r.StatusCode, "%s", r.body)
	require.Equal(t, http.StatusOK, s.get(c, "/people").StatusCode)
	// It worked once.
	other := s.browser()
	require.Equal(t, http.StatusNotFound, s.get(other, s.first).StatusCode)
	require.Equal(t, http.StatusNotFound, s.post(other, s.first, "id", "two", "name", "B", "secret", good, "again", good).StatusCode)
	// The administrator makes people, and sees no session.
	require.Equal(t, http.StatusSeeOther, s.post(c, "/people", "id", "0417", "name", "Officer", "role", "officer", "secret", good, "pin", "104729").StatusCode)
	require.Equal(t, http.StatusForbidden, s.get(c, "/sessions").StatusCode)
	for name, form := range map[string][]string{
		"taken": {"id", "0417", "name", "B", "role", "officer", "secret", good}, "a machine's role": {"id", "x", "name", "B", "role", "demo", "secret", good},
		"bad pin": {"id", "x", "name", "B", "role", "officer", "pin", "123456"},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, s.post(c, "/people", form...).StatusCode, name)
	}
	require.Equal(t, http.StatusUnprocessableEntity, s.post(c, "/people/admin", "shut", "yes").StatusCode, "the last administrator")
	require.Equal(t, http.StatusSeeOther, s.signIn(s.browser(), "0417", good).StatusCode)
}

func TestASignInIsNeverTheOneThatWasBrought(t *testing.T) {
	s := newStation(t)
	s.add("0417", access.Officer)
	c := s.browser()
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	c.Jar.SetCookies(at, []*http.Cookie{{Name: "roomrec", Value: "chosen-by-another", Path: "/"}})
	r := s.signIn(c, "0417", good)
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	require.Equal(t, "/sessions", r.Header.Get("Location"))
	var token string
	for _, k := range c.Jar.Cookies(at) {
		if k.Name == "roomrec" {
			token = k.Value
		}
	}
	require.NotEmpty(t, token)
	require.NotEqual(t, "chosen-by-another", token)
	for _, k := range r.Cookies() {
		if k.Value != "" {
			require.True(t, k.HttpOnly)
			require.Equal(t, http.SameSiteStrictMode, k.SameSite)
		}
	}
	require.Equal(t, http.StatusOK, s.get(c, "/sessions").StatusCode)
	// Signing in again ends the one before; signing out ends it for everybody who has it.
	stolen := s.browser()
	stolen.Jar.SetCookies(at, []*http.Cookie{{Name: "roomrec", Value: token, Path: "/"}})
	require.Equal(t, http.StatusOK, s.get(stolen, "/sessions").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.get(stolen, "/sessions").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.post(c, "/sign-out").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.get(c, "/sessions").StatusCode)
}

func TestFailuresDelayAndSayTheSame(t *testing.T) {
	s := newStation(t)
	s.add("0417", access.Officer)
	c := s.browser()
	known, unknown := s.signIn(c, "0417", "wrong wrong wrong"), s.signIn(c, "none", "wrong wrong wrong")
	require.Equal(t, known.StatusCode, unknown.StatusCode)
	require.Equal(t, strings.ReplaceAll(string(known.body), "0417", "none"), string(unknown.body))
	require.Equal(t, http.StatusUnauthorized, s.signIn(c, "0417", "wrong again and").StatusCode)
	r := s.signIn(c, "0417", good)
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode, "the right password, too, waits")
	require.Equal(t, "1", r.Header.Get("Retry-After"))
	require.NoError(t, testutil.GatherAndCompare(s.numbers, strings.NewReader(`
# HELP roomrec_sign_in_failures_total Sign-ins that were refused, by means (password, pin, token) and by cause: wrong, or wait (too many failures before it).
# TYPE roomrec_sign_in_failures_total counter
roomrec_sign_in_failures_total{cause="wait",means="password"} 1
roomrec_sign_in_failures_total{cause="wait",means="pin"} 0
roomrec_sign_in_failures_total{cause="wrong",means="password"} 3
roomrec_sign_in_failures_total{cause="wrong",means="pin"} 0
roomrec_sign_in_failures_total{cause="wrong",means="token"} 0
`), "roomrec_sign_in_failures_total"))
	s.clock.Advance(2 * time.Second)
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	// Long and broken input is refused without a check.
	for _, id := range []string{"", strings.Repeat("x", 5000), "a\r\nSet-Cookie: x=y", "' OR 1=1 --"} {
		require.Equal(t, http.StatusUnauthorized, s.signIn(s.browser(), id, "x").StatusCode, "%q", id[:min(len(id), 20)])
		s.clock.Advance(time.Hour + time.Second)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, s.post(c, "/sign-in", "id", "0417", "secret", strings.Repeat("x", 100<<10)).StatusCode)
}

// Guesses that are all under way before the first one has failed are delayed like those that come one by one.
func TestGuessesAtOnceAreDelayed(t *testing.T) {
	s := newStation(t)
	// The check takes long enough for all to stand in the queue before it.
	dear := access.Cost{Memory: 16 << 10, Passes: 1}
	require.NoError(t, s.people.Add(t.Context(), "test", people.Person{ID: "0417", Name: "Officer", Role: string(access.Officer), Password: dear.Hash(good)}))
	const guesses = 24
	answers := make(chan int, guesses)
	for range guesses {
		go func() {
			form := url.Values{"id": {"0417"}, "secret": {"wrong wrong wrong"}}
			r := httptest.NewRequest("POST", s.url+"/sign-in", strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			s.panel.Handler().ServeHTTP(w, r)
			answers <- w.Code
		}()
	}
	got := make(map[int]int)
	for range guesses {
		got[<-answers]++
	}
	// Three are free; one more may be under way beside the third.
	checked := got[http.StatusUnauthorized]
	require.True(t, checked == 3 || checked == 4, "%v", got)
	require.Equal(t, guesses-checked, got[http.StatusTooManyRequests], "%v", got)
}

func TestSignInLeadsToThisSiteAlone(t *testing.T) {
	s := newStation(t)
	s.add("0417", access.Officer)
	for _, next := range []string{"//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere.example", "/x\r\nSet-Cookie: a=b", "javascript:alert(1)", "sessions", "/sign-out", ""} {
		r := s.post(s.browser(), "/sign-in", "id", "0417", "secret", good, "next", next)
		require.Equal(t, "/", r.Header.Get("Location"), "%q", next)
		require.Empty(t, r.Header.Get("a"))
	}
	require.Equal(t, http.StatusForbidden, do(t, s.browser(), "POST", s.url+"/sign-in", []byte("id=0417&secret="+good), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://elsewhere.example").StatusCode)
}

func TestAnIdleSignInEndsAndNoRecordingDoes(t *testing.T) {
	s := newStation(t)
	s.add("0417", access.Supervisor)
	require.NoError(t, s.Set("room3", "questioning"))
	c := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	s.clock.Advance(29 * time.Minute)
	require.Equal(t, http.StatusOK, s.get(c, "/sessions").StatusCode)
	s.clock.Advance(29 * time.Minute)
	// What a page does by itself is no deed.
	require.Equal(t, http.StatusOK, do(t, c, "GET", s.url+"/api/v1/rooms", nil, "Sec-Fetch-Mode", "cors").StatusCode)
	s.clock.Advance(2 * time.Minute)
	require.Equal(t, http.StatusUnauthorized, do(t, c, "GET", s.url+"/api/v1/rooms", nil).StatusCode)
	v, _ := s.Room("room3")
	require.Equal(t, "Questioning", string(v.Session.State))
	require.Zero(t, s.Times("end"))
	// A change of the person ends their sign-ins at once.
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	require.Equal(t, http.StatusOK, s.get(c, "/sessions").StatusCode)
	s.add("admin", access.Administrator)
	shut := true
	require.NoError(t, s.people.Change(t.Context(), "test", "0417", people.Change{Shut: &shut}))
	require.Equal(t, http.StatusSeeOther, s.get(c, "/sessions").StatusCode)
	require.Equal(t, http.StatusUnauthorized, s.signIn(c, "0417", good).StatusCode)
}

func TestAPanelShowsItsRoomAndActsByPIN(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("0417", access.Officer)
	s.add("rev", access.Reviewer)
	c := s.browser()
	require.Equal(t, http.StatusUnauthorized, s.signIn(c, "0417", "104729").StatusCode, "a PIN is good at a panel alone")
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "admin", good).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, s.post(c, "/panels", "room", "none", "name", "Screen").StatusCode)
	r := s.post(c, "/panels", "room", "room3", "name", "Screen 3")
	require.Equal(t, "/rooms/room3", r.Header.Get("Location"), "%s", r.body)
	// The administrator is signed out there; the room is shown, another is not, nothing is acted.
	require.Equal(t, http.StatusOK, s.get(c, "/rooms/room3").StatusCode)
	require.Equal(t, http.StatusForbidden, s.get(c, "/rooms/van1").StatusCode)
	require.Equal(t, http.StatusForbidden, s.get(c, "/people").StatusCode)
	require.Equal(t, http.StatusForbidden, do(t, c, "POST", s.url+"/api/v1/rooms/room3/sessions", form(), request()...).StatusCode)
	// Whoever has the room's page open elsewhere does not stand for the panel in it.
	alive := func(c *http.Client) int {
		require.Equal(t, http.StatusNoContent, do(t, c, "POST", s.url+"/api/v1/rooms/room3/alive", nil).StatusCode)
		return s.Times("alive")
	}
	require.Equal(t, 1, alive(c))
	desk := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(desk, "0417", good).StatusCode)
	require.Equal(t, 1, alive(desk))
	// Nor does it say that a message was seen in the room.
	require.NoError(t, s.Tell(t.Context(), "room3", session.Actor{ID: "0102", Name: "Supervisor 0102"}, "Doctor is here"))
	seen := func(c *http.Client) (int, bool) {
		v, _ := s.Room("room3")
		status := do(t, c, "POST", s.url+"/api/v1/rooms/room3/message/seen", map[string]any{"at": v.Message.At}, request()...).StatusCode
		v, _ = s.Room("room3")
		return status, v.Message.Seen != 0
	}
	status, known := seen(desk)
	require.Equal(t, http.StatusForbidden, status)
	require.False(t, known, "nobody in the room has seen it")
	status, known = seen(c)
	require.Equal(t, http.StatusOK, status)
	require.True(t, known)
	require.Equal(t, http.StatusUnauthorized, s.signIn(c, "rev", "104729").StatusCode, "a panel is for those who run sessions")
	require.Equal(t, http.StatusUnauthorized, s.signIn(c, "0417", good).StatusCode, "and for PINs")
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", "104729").StatusCode)
	require.Equal(t, http.StatusForbidden, do(t, c, "POST", s.url+"/api/v1/rooms/van1/sessions", form(), request()...).StatusCode)
	require.Equal(t, http.StatusCreated, do(t, c, "POST", s.url+"/api/v1/rooms/room3/sessions", form(), request()...).StatusCode)
	// While their session is open there the officer stays signed in.
	s.clock.Advance(2 * time.Hour)
	require.Contains(t, string(do(t, c, "GET", s.url+"/api/v1/me", nil).body), "0417")
	require.NoError(t, s.Set("room3", "ready"))
	s.clock.Advance(11 * time.Minute)
	require.Equal(t, http.StatusForbidden, do(t, c, "GET", s.url+"/api/v1/me", nil).StatusCode)
	require.Equal(t, http.StatusOK, s.get(c, "/rooms/room3").StatusCode)
	panels, err := s.people.Panels(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.people.ShutPanel(t.Context(), "test", panels[0].ID))
	require.Equal(t, http.StatusSeeOther, s.get(c, "/rooms/room3").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(desk, "0417", good).StatusCode)
	require.Equal(t, 2, alive(desk), "a room without a panel is kept by any page of it")
}

func TestACommandOnTheHostSignsInWithItsToken(t *testing.T) {
	s := newStation(t)
	ask := func(bearer string) int {
		return do(t, s.browser(), "GET", s.url+"/api/v1/rooms", nil, "Authorization", "Bearer "+bearer).StatusCode
	}
	require.Equal(t, http.StatusOK, ask("the-hosts-own-token"))
	require.Equal(t, http.StatusUnauthorized, ask("another"))
	require.Equal(t, http.StatusUnauthorized, ask(""))
	r := httptest.NewRequest("GET", "http://127.0.0.1/api/v1/rooms", nil)
	r.Header.Set("Authorization", "Bearer the-hosts-own-token")
	r.RemoteAddr = "192.0.2.7:4711"
	w := httptest.NewRecorder()
	s.panel.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code, "from elsewhere it is worth nothing")
}

func TestOneAddressCannotAskForever(t *testing.T) {
	s := newStation(t)
	c := s.browser()
	refused := 0
	for range 500 {
		if s.get(c, "/assets/js/dom.js").StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	require.Positive(t, refused)
	s.clock.Advance(10 * time.Second)
	require.Equal(t, http.StatusOK, s.get(c, "/assets/js/dom.js").StatusCode)
}

// Whoever gets another name on the page of people keeps the login and their sessions, in which the name stays
// that it was, and does not become another person who could approve what they take part in.
func TestANewNameChangesNothingOfWhatWasRecorded(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("0417", access.Officer)
	s.add("app", access.Approver)
	require.NoError(t, s.Set("room3", "free"))
	s.Join("room3", "Name of 0417")
	s.Join("room3", "Name of app")
	v, _ := s.Room("room3")
	at, c := s.url+"/api/v1/sessions/"+v.Session.ID, s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	require.Equal(t, http.StatusOK, do(t, c, "GET", at, nil).StatusCode)

	admin := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "admin", good).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, s.post(admin, "/people/0417", "name", "  ").StatusCode)
	for _, id := range []string{"0417", "app"} {
		require.Equal(t, http.StatusSeeOther, s.post(admin, "/people/"+id, "name", "New "+id).StatusCode)
	}
	page := string(s.get(admin, "/people").body)
	require.Contains(t, page, `value="New 0417"`)
	require.Contains(t, page, "name=&#34;Name of 0417&#34;→&#34;New 0417&#34;")

	require.Equal(t, http.StatusUnauthorized, do(t, c, "GET", at, nil).StatusCode, "who signed in before has to again")
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	require.Contains(t, string(do(t, c, "GET", s.url+"/api/v1/me", nil).body), "New 0417")
	r := do(t, c, "GET", at, nil)
	require.Equal(t, http.StatusOK, r.StatusCode, "their own session is theirs still: %s", r.body)
	require.Contains(t, string(r.body), "Name of 0417", "under the name of its time")
	require.NotContains(t, string(r.body), "New 0417")
	r = do(t, c, "POST", at+"/commands", []byte(`{"name":"unrecorded","reason":"urgent","second":{"id":"app","secret":"`+good+`"}}`), request()...)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "who takes part approves nothing, whatever they are called now: %s", r.body)

	// Somebody else with that name now finds no session of theirs by it taken away, and lends it to nobody: who had it
	// once may be who stands on the roster.
	s.add("0733", access.Officer)
	require.Equal(t, http.StatusSeeOther, s.post(admin, "/people/0733", "name", "Name of app").StatusCode)
	r = do(t, c, "POST", at+"/commands", []byte(`{"name":"unrecorded","reason":"urgent","second":{"id":"app","secret":"`+good+`"}}`), request()...)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "%s", r.body)
	app := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(app, "app", good).StatusCode)
	for path, body := range map[string]string{"/unrecorded": `{"reason":"urgent"}`, "/unrecorded/refusal": `{"reason":"Room 5 is free"}`} {
		r = do(t, app, "POST", at+path, []byte(body), request()...)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "%s: %s", path, r.body)
	}
	require.Zero(t, s.Times("unrecorded")+s.Times("refuse-unrecorded"))
}

// A second person signs in for one decision alone; nobody else can name them.
func TestZ29_2_TheApproverSignsInThemselves(t *testing.T) {
	s := newStation(t)
	s.add("0417", access.Officer)
	s.add("lead", access.Supervisor)
	s.add("app", access.Approver)
	s.add("rev", access.Reviewer)
	require.NoError(t, s.Set("room3", "free"))
	s.Join("room3", "0417")
	v, _ := s.Room("room3")
	c := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	ask := func(second string) reply {
		body := `{"name":"unrecorded","reason":"urgent"` + second + `}`
		return do(t, c, "POST", s.url+"/api/v1/sessions/"+v.Session.ID+"/commands", []byte(body), request()...)
	}
	for name, second := range map[string]string{
		"nobody":           ``,
		"named only":       `,"Approver":{"id":"app"}`,
		"wrong secret":     `,"second":{"id":"app","secret":"wrong wrong wrong"}`,
		"a PIN elsewhere":  `,"second":{"id":"app","secret":"104729"}`,
		"the same person":  `,"second":{"id":"0417","secret":"` + good + `"}`,
		"another office":   `,"second":{"id":"rev","secret":"` + good + `"}`,
		"nobody like that": `,"second":{"id":"none","secret":"` + good + `"}`,
	} {
		s.clock.Advance(20 * time.Minute)
		require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
		r := ask(second)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "%s: %s", name, r.body)
		require.NotContains(t, string(r.body), good)
	}
	v, _ = s.Room("room3")
	require.Equal(t, "Locked", string(v.Session.State))
	s.clock.Advance(20 * time.Minute)
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	// Refusing is a decision as well: by nobody but their own sign-in.
	for who, want := range map[string]int{"rev": http.StatusUnprocessableEntity, "0417": http.StatusUnprocessableEntity, "app": http.StatusOK} {
		body := `{"name":"refuse-unrecorded","text":"Room 5 is free","second":{"id":"` + who + `","secret":"` + good + `"}}`
		r := do(t, c, "POST", s.url+"/api/v1/sessions/"+v.Session.ID+"/commands", []byte(body), request()...)
		require.Equal(t, want, r.StatusCode, "%s: %s", who, r.body)
	}
	v, _ = s.Room("room3")
	require.Equal(t, "Locked", string(v.Session.State))
	require.Len(t, v.Session.Refused, 1)
	require.Equal(t, "app", v.Session.Refused[0].By.ID)
	s.clock.Advance(20 * time.Minute)
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	r := ask(`,"second":{"id":"app","secret":"` + good + `"}`)
	require.Equal(t, http.StatusOK, r.StatusCode, "%s", r.body)
	require.Equal(t, "app", s.Approver)
	// It was for that alone: the browser is still the officer's.
	require.Contains(t, string(do(t, c, "GET", s.url+"/api/v1/me", nil).body), "0417")
	// A supervisor's word for the clock comes the same way; what the request says by itself counts nothing.
	require.NoError(t, s.Set("room3", "ready"))
	open := func(extra map[string]any) {
		b, err := json.Marshal(form())
		require.NoError(t, err)
		body := map[string]any{}
		require.NoError(t, json.Unmarshal(b, &body))
		for k, v := range extra {
			body[k] = v
		}
		r := do(t, c, "POST", s.url+"/api/v1/rooms/room3/sessions", body, request()...)
		require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
	}
	open(map[string]any{"clock_supervisor": "lead"})
	v, _ = s.Room("room3")
	require.Empty(t, v.Session.Form.ClockSupervisor)
	require.NoError(t, s.Set("room3", "ready"))
	open(map[string]any{"clock_reason": "no time server today", "second": map[string]string{"id": "lead", "secret": good}})
	v, _ = s.Room("room3")
	require.Equal(t, "Name of lead (lead)", v.Session.Form.ClockSupervisor)
}
