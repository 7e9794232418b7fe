package panel_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/access"
	"roomrec/panel"
	"roomrec/panel/paneltest"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open starts a site over a real connection, with the limits that the program has.
func open(t *testing.T) (*paneltest.Site, string, *http.Client) {
	t.Helper()
	site, err := paneltest.NewSite(zerolog.New(io.Discard))
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config, err = site.Panel.HTTPServer("127.0.0.1:0", false)
	require.NoError(t, err)
	srv.Start()
	client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		site.Panel.Stop()
		client.CloseIdleConnections()
		srv.Close()
		site.Close()
	})
	return site, srv.URL, client
}

type reply struct {
	*http.Response
	body []byte
}

func (r reply) problem(t *testing.T) panel.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"), "%s", r.body)
	var p panel.Problem
	require.NoError(t, json.Unmarshal(r.body, &p))
	require.Equal(t, r.StatusCode, p.Status)
	require.NotEmpty(t, p.Say.En)
	require.NotEmpty(t, p.Say.Zh)
	return p
}

func do(t testing.TB, c *http.Client, method, url string, body any, headers ...string) reply {
	t.Helper()
	var r io.Reader
	if body != nil {
		b, ok := body.([]byte)
		if !ok {
			var err error
			b, err = json.Marshal(body)
			require.NoError(t, err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, url, r)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp, b}
}

func form() session.OpenForm {
	f := session.OpenForm{
		Case: "2026-1187", Person: "2231", Kind: policy.Suspect, Category: "serious-danger", Planned: time.Hour, Circumstances: map[string]string{},
		WallClock: policy.WallClock{Says: policy.ClockAgrees},
		Roster:    []session.Member{{Role: policy.Questioner, Name: "0417"}, {Role: policy.Clerk, Name: "0522"}},
	}
	for _, c := range (policy.Policy{}).Circumstances() {
		f.Circumstances[c.Key] = policy.No
	}
	return f
}

var requests int

// request returns headers with a new request id.
func request() []string {
	requests++
	return []string{"Idempotency-Key", fmt.Sprintf("test-request-%04d", requests)}
}

func TestEveryPageIsWholeInBothLanguages(t *testing.T) {
	site, url, c := open(t)
	var sealed []string
	for _, scene := range paneltest.Scenes() {
		require.NoError(t, site.Set("room3", scene))
	}
	r := do(t, c, "GET", url+"/api/v1/sessions", nil)
	var list []panel.Record
	require.NoError(t, json.Unmarshal(r.body, &list))
	for _, s := range list {
		sealed = append(sealed, "/sessions/"+s.ID)
	}
	require.NotEmpty(t, sealed)
	for _, lang := range panel.Langs() {
		for _, path := range append([]string{"/", "/rooms/room3", "/rooms/van1", "/sessions"}, sealed...) {
			t.Run(string(lang)+" "+path, func(t *testing.T) {
				r := do(t, c, "GET", url+path, nil, "Cookie", "roomrec-lang="+string(lang))
				require.Equal(t, http.StatusOK, r.StatusCode, "%s", r.body)
				require.True(t, strings.Contains(string(r.body), `<html lang="`+string(lang)+`">`))
				require.True(t, strings.HasSuffix(strings.TrimSpace(string(r.body)), "</html>"), "the page is cut off")
				require.NotContains(t, string(r.body), "ZgotmplZ")
				policyOf(t, r)
			})
		}
	}
}

func policyOf(t *testing.T, r reply) {
	t.Helper()
	csp := r.Header.Get("Content-Security-Policy")
	require.Contains(t, csp, "default-src 'self'")
	require.NotContains(t, csp, "unsafe")
	require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	html := string(r.body)
	require.Empty(t, regexp.MustCompile(`(?i)\son[a-z]+=|\sstyle=|<style|<script(?: [^>]*)?>[^<]`).FindString(html), "inline style, script or handler")
}

func TestZ36_NoThirdPartyHost(t *testing.T) {
	_, url, c := open(t)
	for _, path := range []string{"/", "/rooms/room3", "/sessions", "/assets/panel.css", "/assets/site.css", "/assets/tokens.css", "/assets/js/room.js", "/assets/js/live.js", "/assets/js/session.js", "/api/v1/openapi.json"} {
		r := do(t, c, "GET", url+path, nil)
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		text := strings.ReplaceAll(string(r.body), `"http://www.w3.org/2000/svg"`, "")
		found := regexp.MustCompile(`https?://.{0,40}|\burl\([^#].{0,40}|@import|["'(]//[a-z0-9-]+\.[a-z].{0,40}`).FindString(text)
		require.Empty(t, found, path)
	}
	require.Equal(t, http.StatusNotFound, do(t, c, "GET", url+"/docs", nil).StatusCode, "the API's own documentation page loads from elsewhere")
}

func TestLanguageSwitch(t *testing.T) {
	_, url, c := open(t)
	r := do(t, c, "GET", url+"/", nil, "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5")
	require.Contains(t, string(r.body), `<html lang="zh-CN">`)
	r = do(t, c, "GET", url+"/rooms/room3?lang=zh-CN", nil)
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	require.Equal(t, "/rooms/room3", r.Header.Get("Location"))
	require.Contains(t, r.Header.Get("Set-Cookie"), "roomrec-lang=zh-CN")
	require.Contains(t, r.Header.Get("Set-Cookie"), "SameSite=Strict")
	r = do(t, c, "GET", url+"/rooms/room3?lang=%22%3E", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Contains(t, string(r.body), `<html lang="en">`)
	r = do(t, c, "GET", url+"//elsewhere.example/?lang=en", nil)
	require.NotContains(t, r.Header.Get("Location"), "//")
}

func TestUnknownThingsAreNotFound(t *testing.T) {
	_, url, c := open(t)
	for _, path := range []string{
		"/rooms/none", "/sessions/none", "/nothing", "/assets/none.js", "/assets/../server.go", "/assets/js/%2e%2e/%2e%2e/server.go",
		"/assets/", "/assets/js", "/assets/messages/../en.json",
	} {
		r := do(t, c, "GET", url+path, nil)
		if r.StatusCode == http.StatusTemporaryRedirect || r.StatusCode == http.StatusMovedPermanently {
			r = do(t, c, "GET", url+r.Header.Get("Location"), nil)
		}
		require.Equal(t, http.StatusNotFound, r.StatusCode, path)
		require.NotContains(t, string(r.body), "package panel")
	}
	for _, path := range []string{
		"/rooms/none", "/rooms/NOT%20A%20ROOM", "/rooms/none/events", "/rooms/none/live", "/sessions/none", "/nothing",
		"/sessions/none/cameras/room3/front/playlist.m3u8", "/sessions/none/files/room3/front/run-0001/0001.mp4",
	} {
		r := do(t, c, "GET", url+"/api/v1"+path, nil)
		require.Contains(t, []int{404, 422}, r.StatusCode, path)
		r.problem(t)
	}
	r := do(t, c, "POST", url+"/api/v1/rooms/none/sessions", form(), request()...)
	require.Equal(t, http.StatusNotFound, r.StatusCode)
	r = do(t, c, "POST", url+"/api/v1/sessions/none/commands", session.Command{Name: "start"}, request()...)
	require.Equal(t, http.StatusNotFound, r.StatusCode, "%s", r.body)
}

func TestFilesStayInsideTheSession(t *testing.T) {
	site, url, c := open(t)
	require.NoError(t, site.Set("room3", "sealed"))
	v, _ := site.Room("room3")
	base := url + "/api/v1/sessions/" + v.Session.ID + "/files/"
	r := do(t, c, "GET", base+"room3/front/run-0001/0001.mp4", nil, "Range", "bytes=0-7")
	require.Equal(t, http.StatusPartialContent, r.StatusCode)
	require.Len(t, r.body, 8)
	require.Equal(t, "ftyp", string(r.body[4:]))
	require.Equal(t, "video/mp4", r.Header.Get("Content-Type"))
	for _, name := range []string{
		"..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "room3/front/..%2f..%2fseal.note", ".hidden", "a%5c..%5cb", "a%00b", "%2fetc%2fpasswd", "a//b", "",
	} {
		r := do(t, c, "GET", base+name, nil)
		require.NotEqual(t, http.StatusOK, r.StatusCode, name)
		require.NotContains(t, string(r.body), "root:", name)
	}
	r = do(t, c, "GET", url+"/api/v1/sessions/"+v.Session.ID+"/cameras/room3/front/playlist.m3u8", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Equal(t, "application/vnd.apple.mpegurl", r.Header.Get("Content-Type"))
	require.Contains(t, string(r.body), "#EXT-X-PROGRAM-DATE-TIME:")
}

func TestNobodyActsWithoutAnIdentity(t *testing.T) {
	site, _, _ := open(t)
	for _, path := range []string{"/", "/rooms/room3", "/sessions", "/api/v1/me", "/api/v1/rooms", "/api/v1/events", "/api/v1/rooms/room3/live"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
		r.RemoteAddr = "192.0.2.7:4711" // not this machine
		site.Panel.Handler().ServeHTTP(w, r)
		require.Equal(t, http.StatusUnauthorized, w.Code, path)
		require.NotContains(t, w.Body.String(), paneltest.Officer.Name, path)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "http://127.0.0.1/api/v1/rooms/room3/sessions", strings.NewReader("{}"))
	r.RemoteAddr = "192.0.2.7:4711"
	site.Panel.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Zero(t, site.Times("open"))
}

func TestPlainHTTPOnlyOnLoopback(t *testing.T) {
	site, _, _ := open(t)
	for _, address := range []string{"0.0.0.0:80", ":8080", "192.0.2.1:80", "[::]:80", "example.org:80", "nonsense"} {
		_, err := site.Panel.HTTPServer(address, false)
		require.ErrorContains(t, err, "plain HTTP", address)
		_, err = site.Panel.HTTPServer(address, true)
		require.NoError(t, err)
	}
	for _, address := range []string{"127.0.0.1:80", "[::1]:80", "localhost:80"} {
		_, err := site.Panel.HTTPServer(address, false)
		require.NoError(t, err, address)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	site, url, c := open(t)
	post := func(headers ...string) reply {
		return do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", form(), append(request(), headers...)...)
	}
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://elsewhere.example"}, {"Origin", "null"},
	} {
		r := post(headers...)
		require.Equal(t, http.StatusForbidden, r.StatusCode, headers)
		r.problem(t)
	}
	r := do(t, c, "GET", url+"/api/v1/rooms", nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")
	require.Equal(t, http.StatusForbidden, r.StatusCode)
	r = do(t, c, "GET", url+"/", nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	require.Equal(t, http.StatusOK, r.StatusCode, "a link from elsewhere may be followed")
	// A name of another site that leads here is not ours.
	for _, host := range []string{"elsewhere.example", "elsewhere.example:8080", "127.0.0.1.elsewhere.example"} {
		r := do(t, c, "GET", url+"/api/v1/rooms", nil, "Host", host)
		require.Equal(t, http.StatusMisdirectedRequest, r.StatusCode, host)
	}
	require.Zero(t, site.Times("open"))
	require.Equal(t, http.StatusCreated, post("Sec-Fetch-Site", "same-origin").StatusCode)
}

func TestOversizedRequestsAreRefused(t *testing.T) {
	site, url, c := open(t)
	big := []byte(`{"case":"` + strings.Repeat("x", 80<<10) + `"}`)
	r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", big, request()...)
	require.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
	r.problem(t)
	// Without a stated length it is found out on the way.
	req, err := http.NewRequest("POST", url+"/api/v1/rooms/room3/sessions", io.MultiReader(bytes.NewReader(big)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "oversized-unknown")
	resp, err := c.Do(req)
	if err == nil {
		require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
	}
	require.Zero(t, site.Times("open"))
}

func TestBrokenRequestsAreAnsweredInWords(t *testing.T) {
	site, url, c := open(t)
	for name, body := range map[string]string{
		"not JSON": "case=1", "empty": "", "wrong type": `{"case":7}`, "missing": `{}`, "unknown field": `{"case":"1","pause":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", []byte(body), request()...)
			require.Contains(t, []int{400, 422}, r.StatusCode)
			p := r.problem(t)
			require.NotContains(t, string(r.body), `"value"`, "what was sent is not repeated: it may be case data")
			for _, f := range p.Fields {
				require.NotEmpty(t, f.Say.Zh)
			}
		})
	}
	r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", form())
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "a command without a request id")
	r = do(t, c, "GET", url+"/api/v1/sessions?after=yesterday", nil)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	require.Equal(t, "after", r.problem(t).Fields[0].Field)
	require.Zero(t, site.Times("open"))
}

// No circumstances at all may be written as null, as many programs do.
func TestNoCircumstancesMayBeNull(t *testing.T) {
	_, url, c := open(t)
	b, err := json.Marshal(form())
	require.NoError(t, err)
	answer := func(circumstances any) reply {
		var m map[string]any
		require.NoError(t, json.Unmarshal(b, &m))
		m["circumstances"] = circumstances
		return do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", m, request()...)
	}
	require.Equal(t, http.StatusUnprocessableEntity, answer([]string{}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, answer("none").StatusCode)
	null := answer(nil)
	require.Equal(t, http.StatusCreated, null.StatusCode, "%s", null.body)
	require.Contains(t, string(null.body), `"circumstances":{}`)
}

func TestRefusalsNameTheirFields(t *testing.T) {
	_, url, c := open(t)
	f := form()
	f.Case, f.Roster = "", f.Roster[:1]
	r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", f, request()...)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	var names []string
	for _, x := range r.problem(t).Fields {
		names = append(names, x.Field)
	}
	require.Equal(t, []string{"case", "roster"}, names)
}

func TestC39_LawyersMeetingIsRefused(t *testing.T) {
	site, url, c := open(t)
	f := form()
	f.Lawyer = true
	r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", f, request()...)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	require.Equal(t, "lawyer_meeting", r.problem(t).Fields[0].Field)
	// It must be answered: not saying is not "no".
	b, err := json.Marshal(form())
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(b, &m))
	delete(m, "lawyer_meeting")
	r = do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", m, request()...)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "%s", r.body)
	require.Zero(t, site.Times("open"))
	v, _ := site.Room("room3")
	require.Nil(t, v.Session)
}

func TestTheSameRequestActsOnce(t *testing.T) {
	site, url, c := open(t)
	id := request()
	var first session.SessionView
	for i := range 3 {
		r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", form(), id...)
		require.Equal(t, http.StatusCreated, r.StatusCode)
		var s session.SessionView
		require.NoError(t, json.Unmarshal(r.body, &s))
		if i == 0 {
			first = s
		}
		require.Equal(t, first.ID, s.ID)
	}
	require.Equal(t, 1, site.Times("open"))
}

func TestWholeSessionByTheAPI(t *testing.T) {
	site, url, c := open(t)
	r := do(t, c, "POST", url+"/api/v1/rooms/room3/sessions", form(), request()...)
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
	var s session.SessionView
	require.NoError(t, json.Unmarshal(r.body, &s))
	state := func() table.State {
		var v session.RoomView
		require.NoError(t, json.Unmarshal(do(t, c, "GET", url+"/api/v1/rooms/room3", nil).body, &v))
		return v.Session.State
	}
	require.Eventually(t, func() bool { return state() == table.Standby }, 30*time.Second, 50*time.Millisecond)
	command := func(cmd session.Command) reply {
		return do(t, c, "POST", url+"/api/v1/sessions/"+s.ID+"/commands", cmd, request()...)
	}
	require.Equal(t, http.StatusConflict, command(session.Command{Name: session.ActExplain, Answer: "no"}).StatusCode)
	require.Equal(t, http.StatusOK, command(session.Command{Name: session.ActStart}).StatusCode)
	require.Equal(t, http.StatusOK, command(session.Command{Name: session.ActMarker, Marker: "rights-read"}).StatusCode)
	require.Equal(t, http.StatusOK, command(session.Command{Name: session.ActEnd, Ending: table.Signed}).StatusCode)
	require.Eventually(t, func() bool { return state() == table.Sealed }, 60*time.Second, 100*time.Millisecond)
	r = do(t, c, "GET", url+"/api/v1/sessions/"+s.ID, nil)
	var rec panel.Record
	require.NoError(t, json.Unmarshal(r.body, &rec))
	require.Equal(t, table.Sealed, rec.State)
	require.Equal(t, "intact", rec.Verdict.Word)
	require.Equal(t, http.StatusOK, command(session.Command{Name: session.ActDismiss}).StatusCode)
	require.Equal(t, http.StatusNoContent, do(t, c, "POST", url+"/api/v1/rooms/room3/alive", nil).StatusCode)
	require.Equal(t, 1, site.Times("alive"))
}

func TestZ24_NoPause(t *testing.T) {
	_, url, c := open(t)
	bad := `(?i)paus|mute["/ ]|muting|trim|delet|eras|\bcut\b|暂停|静音|删除`
	r := do(t, c, "GET", url+"/api/v1/openapi.json", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	var doc struct {
		Paths map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal(r.body, &doc))
	require.GreaterOrEqual(t, len(doc.Paths), 8)
	for path, methods := range doc.Paths {
		require.NotRegexp(t, bad, strings.ReplaceAll(path, "/cameras/", "/")) // which has "eras" in it
		for m := range methods {
			require.Contains(t, []string{"get", "post"}, m, "%s: nothing is replaced or removed", path)
		}
	}
	for _, name := range session.Commands() {
		require.NotRegexp(t, bad, name)
	}
	for _, lang := range panel.Langs() {
		page := string(do(t, c, "GET", url+"/rooms/room3", nil, "Cookie", "roomrec-lang="+string(lang)).body)
		page = strings.NewReplacer("Blind, deaf or mute", "", "blind-deaf-mute", "").Replace(page) // a person
		require.Empty(t, regexp.MustCompile(bad).FindString(page))
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		for _, path := range []string{"/api/v1/rooms/room3", "/api/v1/sessions/x", "/api/v1/sessions/x/files/a.mp4", "/rooms/room3"} {
			code := do(t, c, method, url+path, nil).StatusCode
			require.Contains(t, []int{404, 405}, code, "%s %s", method, path)
		}
	}
}

func TestExtraHandlersAreReachedWithoutSignIn(t *testing.T) {
	site, _, _ := open(t)
	p, err := panel.New(panel.Options{
		Sessions: site, Archive: site, Recordings: site.Recordings(), Live: site.Live(), Clock: site.Clock(),
		Identity: nobody{}, Handlers: map[string]panel.Handler{"GET /livez": {Action: access.Anyone, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })}},
	})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/livez", nil))
	require.Equal(t, "ok", w.Body.String())
	_, err = panel.New(panel.Options{})
	require.ErrorContains(t, err, "required")
}

type nobody struct{}

func (nobody) Who(*http.Request) (panel.Person, bool) { return panel.Person{}, false }
