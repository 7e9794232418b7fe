package panel_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/panel"
	"roomrec/panel/paneltest"
	"roomrec/session"
)

// described is the API as its description has it, and somebody for every action who may do it.
type described struct {
	*station
	schemas schemas
	calls   []call
	cookies map[access.Role]string
}

// call is one operation.
type call struct {
	method, path string
	Parameters   []struct {
		Name, In string
		Required bool
		Schema   *schema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema *schema }
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]struct{ Schema *schema }
	}
	OperationID string        `json:"operationId"`
	Action      access.Action `json:"x-action"`
}

func newDescribed(t testing.TB) *described {
	t.Helper()
	d := &described{station: newStation(t), cookies: make(map[access.Role]string)}
	at, err := url.Parse(d.url)
	require.NoError(t, err)
	for _, r := range access.People() {
		d.add("is-"+string(r), r)
		c := d.browser()
		require.Equal(t, http.StatusSeeOther, d.signIn(c, "is-"+string(r), good).StatusCode)
		for _, k := range c.Jar.Cookies(at) {
			d.cookies[r] += k.Name + "=" + k.Value
		}
	}
	d.add("0417", access.Officer)
	require.NoError(t, d.people.Enrol(t.Context(), "test", people.Panel{ID: "p1", Room: "room3", Name: "Screen"}, "one-that-nobody-holds"))
	require.NoError(t, d.people.AddToken(t.Context(), "test", people.Token{ID: "t1", Name: "Program", Role: "officer", Scopes: "self run"}, "another-that-nobody-holds"))
	var doc struct {
		Paths      map[string]map[string]call
		Components struct{ Schemas schemas }
	}
	require.NoError(t, json.Unmarshal(d.send("GET", "/api/v1/openapi.json", access.Auditor, nil, nil).Body.Bytes(), &doc))
	d.schemas = doc.Components.Schemas
	for path, methods := range doc.Paths {
		for method, c := range methods {
			if strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/live") {
				continue // they end with whoever listens, and have tests of their own
			}
			if strings.Contains(path, "/openapi") && path != "/api/v1/openapi.json" {
				continue // the same in other words, made slowly
			}
			c.method, c.path = strings.ToUpper(method), path
			d.calls = append(d.calls, c)
		}
	}
	slices.SortFunc(d.calls, func(a, b call) int { return strings.Compare(a.OperationID, b.OperationID) })
	require.Greater(t, len(d.calls), 30)
	return d
}

// who returns a role that may do an action, of which the one who may most comes first.
func who(a access.Action) access.Role {
	for _, r := range []access.Role{access.Supervisor, access.Administrator, access.Auditor, access.Officer} {
		if access.May(r, a) {
			return r
		}
	}
	return access.Reviewer
}

func (d *described) send(method, target string, by access.Role, body []byte, headers map[string]string) *httptest.ResponseRecorder {
	d.clock.Advance(20 * time.Millisecond) // one address may ask so often
	r := httptest.NewRequest(method, "http://127.0.0.1/", bytes.NewReader(body))
	r.RequestURI = target
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil // no client can send it
	}
	r.URL = u
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("Cookie", d.cookies[by])
	r.Header.Set("Sec-Fetch-Mode", "navigate") // a deed: nobody falls asleep here
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	d.panel.Handler().ServeHTTP(patientRecorder{ResponseRecorder: w}, r)
	return w
}

// dice makes choices out of bytes; when they are used up, always the first one.
type dice struct{ b []byte }

func (d *dice) of(n int) int {
	if len(d.b) == 0 || n <= 1 {
		return 0
	}
	v := int(d.b[0])
	d.b = d.b[1:]
	return v % n
}

// one in n, if there are bytes left.
func (d *dice) rarely(n int) bool { return d.of(n) == n-1 }

func pick[T any](d *dice, of ...T) T { return of[d.of(len(of))] }

// nasty are texts that break things.
var nasty = []string{
	"", "\x00", "../../etc/passwd", "%2e%2e%2f", "\r\nSet-Cookie: a=b", "' OR 1=1 --", "<script>", "\u202e", "\ufffd", "讯问", strings.Repeat("x", 300),
	"1e999", "-0", "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "+24:00", "null", "{}", "a\tb", "🙂",
}

// said are what fields may say so that a request comes further than its form.
func (d *described) said(name string) []string {
	here, _ := d.Room("room3")
	id := "20261128-000000-none"
	if here.Session != nil {
		id = here.Session.ID
	}
	switch name {
	case "session":
		return []string{id, "20261128-000000-none"}
	case "room":
		return []string{"room3", "van1"}
	case "camera":
		return []string{"front", "room"}
	case "person", "id":
		return []string{"0417", "is-approver", "x1"}
	case "panel":
		return []string{"p1", "p2"}
	case "token":
		return []string{"t1", "t2"}
	case "path":
		return []string{"room3/front/run-0001/0001.mp4", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	case "name":
		return append(session.Commands(), "questioner", "0417", "L-31")
	case "kind":
		return []string{string(session.KindSuspect)}
	case "role":
		return []string{"questioner", "clerk", "interpreter", "defender"}
	case "office":
		return []string{"officer", "supervisor", "reviewer", "auditor"}
	case "scopes":
		return []string{"see-rooms", "run", "open", "list-sessions"}
	case "category":
		return []string{"unknown", "serious-danger", "theft"}
	case "reason":
		return []string{"urgent", "other"}
	case "ending":
		return []string{"signed", "refused", "broken-off"}
	case "marker":
		return []string{"rights-read", "rest", "signing"}
	case "phase":
		return []string{"begin", "end", "in", "out"}
	case "says":
		return []string{"agrees", "differs"}
	case "state":
		return []string{"Questioning", "Sealed", ""}
	case "at", "after", "before", "start", "end":
		return []string{"2026-11-28T00:00:00Z", "2026-11-28T08:00:00+08:00"}
	case "month":
		return []string{"2026-11", "2026-13"}
	case "document", "sha256":
		return []string{"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", strings.Repeat("0", 64)}
	case "Idempotency-Key":
		return []string{"fuzzed-01", "fuzzed-02", "fuzzed-03"}
	case "Document-Name":
		return []string{"a.txt", "%E8%AE%AF.docx"}
	case "Document-Signed":
		return []string{"true", "false"}
	case "password", "secret":
		return []string{good, "short"}
	case "pin":
		return []string{"104729"}
	case "answer":
		return []string{"no", "yes"}
	case "limit", "days":
		return []string{"1", "50"}
	}
	return []string{"some words", "2026-1187"}
}

// value makes a value of a schema. wild: it may break it.
func (d *described) value(s *schema, name string, dc *dice, wild bool, depth int) any {
	s = d.schemas.of(s)
	if wild && dc.rarely(16) || depth > 6 {
		return pick[any](dc, nil, true, -1.0, 1e300, "x", []any{}, map[string]any{"a": 1.0}, nasty[dc.of(len(nasty))])
	}
	kind := "object"
	if t := s.types(); len(t) > 0 {
		kind = t[dc.of(len(t))]
	}
	switch kind {
	case "null":
		return nil
	case "boolean":
		return dc.of(2) == 1
	case "integer", "number":
		n := pick(dc, 0.0, 1.0, 2.0, 3600.0)
		if wild {
			n = pick(dc, n, -1.0, 1e18, 0.5, 1e308)
		}
		if s.Minimum != nil && !wild {
			n = max(n, *s.Minimum)
		}
		if s.Maximum != nil && !wild {
			n = min(n, *s.Maximum)
		}
		return n
	case "string":
		if wild && dc.rarely(6) {
			return nasty[dc.of(len(nasty))]
		}
		if len(s.Enum) > 0 {
			return s.Enum[dc.of(len(s.Enum))]
		}
		return pick(dc, d.said(name)...)
	case "array":
		out := make([]any, dc.of(4))
		for i := range out {
			out[i] = d.value(s.Items, name, dc, wild, depth+1)
		}
		if name == "roster" && !wild {
			out = []any{map[string]any{"role": "questioner", "name": "0417"}, map[string]any{"role": "clerk", "name": "0522"}}
		}
		if len(out) == 0 && name == "scopes" {
			out = append(out, "see-rooms")
		}
		return out
	}
	out := make(map[string]any)
	names := make([]string, 0, len(s.Properties))
	for n := range s.Properties {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if needed := slices.Contains(s.Required, n); needed && !(wild && dc.rarely(24)) || !needed && dc.of(3) == 1 {
			out[n] = d.value(s.Properties[n], n, dc, wild, depth+1)
		}
	}
	if wild && dc.rarely(12) {
		out["undescribed"] = "x"
	}
	return out
}

// ask makes one request for an operation out of bytes, sends it and holds the answer against the
// description. It returns the status; 0: no client could send it.
func (d *described) ask(t *testing.T, c call, dc *dice) int {
	wild := dc.of(2) == 1
	target, query, headers := c.path, url.Values{}, map[string]string{}
	for _, p := range c.Parameters {
		text := pick(dc, d.said(p.Name)...)
		if wild && dc.rarely(5) {
			text = nasty[dc.of(len(nasty))]
		}
		switch {
		case p.In == "path":
			escaped := url.PathEscape(text)
			if p.Name == "path" && !strings.Contains(text, "..") {
				escaped = strings.ReplaceAll(escaped, "%2F", "/")
			}
			target = strings.Replace(target, "{"+p.Name+"}", escaped, 1)
		case wild && dc.rarely(8), !p.Required && dc.of(2) == 0: // left out
		case p.In == "query":
			query.Set(p.Name, text)
		case p.In == "header" && !strings.ContainsAny(text, "\r\n\x00"):
			headers[p.Name] = text
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body []byte
	if c.RequestBody != nil {
		for kind, content := range c.RequestBody.Content {
			headers["Content-Type"] = kind
			body = []byte(pick(dc, "abc", "讯问笔录", ""))
			if kind == "application/json" {
				v := d.value(content.Schema, "", dc, wild, 0)
				var err error
				body, err = json.Marshal(v)
				require.NoError(t, err)
			}
		}
		if wild && dc.rarely(8) && len(body) > 0 { // torn
			body = body[:dc.of(len(body))]
		}
		if wild && dc.rarely(16) {
			headers["Content-Type"] = pick(dc, "text/plain", "application/x-www-form-urlencoded", "")
		}
	}
	by := who(c.Action)
	if wild && dc.rarely(8) {
		by = access.People()[dc.of(len(access.People()))]
	}
	w := d.send(c.method, target, by, body, headers)
	if w == nil {
		return 0
	}
	what := c.method + " " + target + " " + string(body) + " → " + w.Body.String()
	require.Less(t, w.Code, 500, "%s", what)
	require.NotEqual(t, http.StatusTooManyRequests, w.Code, what)
	if w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently {
		return w.Code // to the same address without dots in it
	}
	answer, told := c.Responses[itoa(w.Code)]
	if !told {
		answer = c.Responses["default"]
		require.GreaterOrEqual(t, w.Code, 400, "an answer that is not described: %s", what)
	}
	if w.Code == http.StatusNoContent {
		require.Zero(t, w.Body.Len(), what)
		return w.Code
	}
	kind, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	require.NoError(t, err, what)
	if kind == "video/mp4" {
		kind = "application/octet-stream" // said in words
	}
	content, ok := answer.Content[kind]
	require.True(t, ok, "%s is not described: %s", kind, what)
	if strings.HasSuffix(kind, "json") && content.Schema != nil && kind != "application/openapi+json" {
		var v any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), what)
		require.Empty(t, d.schemas.wrong(content.Schema, v, "answer"), what)
	}
	return w.Code
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

// scene puts the room into one of its scenes, and a document beside the session that was.
func (d *described) scene(t *testing.T, dc *dice) {
	scenes := paneltest.Scenes()
	require.NoError(t, d.Set("room3", scenes[dc.of(len(scenes))]))
	if v, _ := d.Room("room3"); v.Session != nil && v.Session.Seal != nil {
		_, err := d.papers.Attach(t.Context(), session.Actor{Name: "0417"}, v.Session.ID, panel.Upload{Name: "a.txt", Data: []byte("abc")})
		require.NoError(t, err)
	}
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// The API keeps to its own description, whatever it is asked: it answers what is described, in the form
// that is described, and never fails. Every operation is seen to do what it is for, and every one that
// changes something to refuse.
func TestTheAPIKeepsToItsDescription(t *testing.T) {
	d := newDescribed(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range d.calls {
		did, refused := 0, 0
		for n := 0; n < 12 || n < 2000 && (did == 0 || refused == 0 && c.method == "POST"); n++ {
			dc := &dice{random(r, 200)}
			d.scene(t, dc)
			switch status := d.ask(t, c, dc); {
			case status >= 200 && status < 300:
				did++
			case status >= 400:
				refused++
			}
		}
		require.Positive(t, did, "%s never does what it is for", c.OperationID)
		if c.method == "POST" {
			require.Positive(t, refused, "%s refuses nothing", c.OperationID)
		}
	}
}

// FuzzAPI asks for up to eight operations, one after the other.
func FuzzAPI(f *testing.F) {
	d := newDescribed(f)
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(random(r, 200))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dc := &dice{b[:min(len(b), 2000)]}
		d.scene(t, dc)
		for i := 0; i < 8 && len(dc.b) > 0; i++ {
			d.ask(t, d.calls[dc.of(len(d.calls))], dc)
		}
	})
}
