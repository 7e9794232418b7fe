package panel_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/panel"
	"roomrec/panel/paneltest"
)

// everyRoute calls f for every route of a site with everything in it, as someone asks who may all of it.
func everyRoute(t *testing.T, f func(p *panel.Server, pattern, method, path string, role access.Role)) *paneltest.Backend {
	t.Helper()
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "questioning"))
	v, _ := b.Room("room3")
	for pattern, action := range p.Routes() {
		method, path := addressOf(t, pattern, v.Session.ID)
		role := access.Demo
		for _, r := range access.Roles() {
			if !access.May(role, action) {
				role = r
			}
		}
		f(p, pattern, method, path, role)
	}
	return b
}

// No other site's page acts on any route, nor reads one.
func TestNoOtherSiteReachesAnyRoute(t *testing.T) {
	b := everyRoute(t, func(p *panel.Server, pattern, method, path string, role access.Role) {
		for _, from := range [][]string{
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"},
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"},
			{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"},
			{"Origin", "https://elsewhere.example"},
			{"Origin", "null"},
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, // a form of another site that is sent here
		} {
			reads := method == "GET" && (from[1] != "cross-site" || from[3] == "navigate")
			if reads && !strings.HasSuffix(path, "/live") {
				continue // the browser keeps the answer from who asked: nothing here lets another origin read
			}
			w := ask(t, p, method, path, role, from...)
			require.NotEqual(t, http.StatusOK, w.Code, "%s %v", pattern, from)
			if method != "GET" || from[1] == "cross-site" && from[3] != "navigate" {
				require.Equal(t, http.StatusForbidden, w.Code, "%s %v", pattern, from)
			}
			for name := range w.Header() {
				require.False(t, strings.HasPrefix(name, "Access-Control-"), "%s lets another origin read", pattern)
			}
		}
		w := ask(t, p, http.MethodOptions, path, role, "Origin", "https://elsewhere.example", "Access-Control-Request-Method", "POST")
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), pattern)
	})
	for _, did := range []string{"open", "start", "end", "marker", "alive"} {
		require.Zero(t, b.Times(did), did)
	}
}

// Every answer, refusals included, carries what keeps a browser from mixing it with other sites.
func TestEveryAnswerCarriesItsPolicy(t *testing.T) {
	everyRoute(t, func(p *panel.Server, pattern, method, path string, role access.Role) {
		for _, role := range []access.Role{role, ""} {
			h := ask(t, p, method, path, role).Header()
			require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), pattern)
			require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", pattern)
			require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", pattern)
			require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), pattern)
			require.Contains(t, []string{"no-store", "no-cache"}, h.Get("Cache-Control"), pattern)
			require.Empty(t, h.Get("Server"), pattern)
		}
	})
}

// A body that is longer than a form can be is refused on every route, by what it says and by what it is.
func TestOversizedBodiesOnEveryRoute(t *testing.T) {
	b, p := guarded(t, &kept{})
	papers := 0
	v, _ := b.Room("room3")
	require.Nil(t, v.Session)
	require.NoError(t, b.Set("room3", "sealed"))
	v, _ = b.Room("room3")
	for pattern := range p.Routes() {
		method, path := addressOf(t, pattern, v.Session.ID)
		if method != "POST" {
			continue
		}
		size := 80 << 10
		if strings.HasSuffix(path, "/transcripts") {
			size = 16<<20 + 2
			papers++
		}
		body := bytes.Repeat([]byte("x"), size)
		for _, told := range []bool{true, false} {
			var r io.Reader = bytes.NewReader(body)
			if !told {
				r = io.MultiReader(r) // its length is found out on the way
			}
			req := httptest.NewRequest(method, "http://127.0.0.1"+path, r)
			req.Header.Set("Content-Type", "application/octet-stream")
			req.Header.Set("Idempotency-Key", "oversized-1")
			req.Header.Set("Document-Name", "a.txt")
			req.Header.Set("Test-Role", string(access.Demo))
			w := httptest.NewRecorder()
			p.Handler().ServeHTTP(patientRecorder{ResponseRecorder: w}, req)
			switch {
			case told:
				require.Equal(t, http.StatusRequestEntityTooLarge, w.Code, pattern)
			default: // refused for that, or before it was read, or by a handler that reads nothing
				require.GreaterOrEqual(t, w.Code, 204, "%s", pattern)
				require.NotContains(t, []int{200, 201}, w.Code, pattern)
				require.Less(t, w.Code, 500, "%s: %s", pattern, w.Body)
			}
		}
	}
	require.Equal(t, 1, papers)
	require.Zero(t, b.Times("open"))
}

// Whatever stands in an address as a name stays a name.
func TestNoNameInAnAddressIsAPath(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "sealed"))
	v, _ := b.Room("room3")
	tried := 0
	for pattern := range p.Routes() {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok || !strings.Contains(path, "{") || path == "/{$}" {
			continue
		}
		for _, bad := range []string{
			"..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5cboot.ini", "%2fetc%2fpasswd", "a%00b", "a%0d%0ab",
			".%2f.", "%ff%fe", strings.Repeat("a", 4000), "'%20OR%201=1%20--", "%3Cscript%3E",
		} {
			for part := range strings.SplitSeq(path, "/") {
				if !strings.HasPrefix(part, "{") {
					continue
				}
				at := strings.Replace(path, part, bad, 1)
				_, at = addressOf(t, "GET "+at, v.Session.ID)
				role := access.Supervisor
				for _, r := range access.Roles() {
					if !access.May(role, p.Routes()[pattern]) {
						role = r
					}
				}
				w := ask(t, p, method, at, role, "Idempotency-Key", "12345678", "Document-Name", "a.txt")
				tried++
				require.GreaterOrEqual(t, w.Code, 300, "%s: %s", pattern, at)
				require.Less(t, w.Code, 500, "%s: %s", pattern, at)
				require.NotContains(t, w.Body.String(), "root:", pattern)
				require.NotContains(t, w.Body.String(), "<script>", pattern)
				for _, values := range w.Header() {
					require.False(t, slices.ContainsFunc(values, func(x string) bool { return strings.ContainsAny(x, "\r\n") }), "%s: %s", pattern, at)
				}
			}
		}
	}
	require.Greater(t, tried, 100)
}

// raw sends bytes as they are and returns the whole answer, up to the end of the connection.
func raw(t *testing.T, url, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	b, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(b)
}

// What is sent never becomes a header of the answer, and one request is never two.
func TestHeadersCannotBeSmuggledIn(t *testing.T) {
	_, demo, _ := open(t)
	people := newStation(t)
	const end = "Connection: close\r\n\r\n"
	for name, request := range map[string]string{
		"in the address":       "GET /rooms/room3%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"in the language":      "GET /?lang=en%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"in where it leads":    "GET /x%0d%0aSet-Cookie:%20a=b?lang=en HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"in the sign-in":       "GET /sign-in?next=/%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"in a cookie":          "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: roomrec-lang=en%0d%0aSet-Cookie: a=b\r\n" + end,
		"in the month":         "GET /api/v1/transcripts.csv?month=2026-11%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"in a proxy's word":    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Host: elsewhere.example\r\nX-Forwarded-For: 192.0.2.1\r\nX-Original-URL: /people\r\n" + end,
		"a folded line":        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\r\n Set-Cookie: a=b\r\n" + end,
		"a bare line feed":     "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\nSet-Cookie: a=b\r\n" + end,
		"two hosts":            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: elsewhere.example\r\n" + end,
		"two lengths":          "POST /api/v1/rooms/room3/alive HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nContent-Length: 40\r\n" + end + "GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"length and chunks":    "POST /api/v1/rooms/room3/alive HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"headers without end":  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n" + end,
		"another host":         "GET http://elsewhere.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"a method of no kind":  "TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end,
		"a tunnel to another":  "CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n" + end,
		"an old kind of HTTP":  "GET / HTTP/1.0\r\n" + end,
		"no request whatever":  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"an upgrade of a page": "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n" + end,
	} {
		t.Run(name, func(t *testing.T) {
			for _, url := range []string{demo, people.url} {
				got := raw(t, url, request)
				head, _, _ := strings.Cut(got, "\r\n\r\n")
				require.NotContains(t, head, "Set-Cookie: a=b")
				require.NotContains(t, head, "elsewhere.example")
				require.LessOrEqual(t, strings.Count(got, "HTTP/1."), 1, "one request, two answers")
				for line := range strings.SplitSeq(head, "\r\n") {
					require.NotContains(t, line, "\n")
				}
				require.NotContains(t, head, " 500 ")
				require.NotContains(t, head, " 101 ")
			}
		})
	}
}

// Whoever is slow on purpose is given up, and nobody else waits meanwhile.
func TestSlowClientsAreGivenUp(t *testing.T) {
	t.Parallel()
	site, url, c := open(t)
	require.NoError(t, site.Set("room3", "sealed"))
	v, _ := site.Room("room3")
	gone := make(chan string, 16) // one for each slow client
	slow := func(name, start, drop string) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		_, err = io.WriteString(conn, start)
		require.NoError(t, err)
		stop := make(chan struct{})
		t.Cleanup(func() { close(stop); _ = conn.Close() })
		go func() { // a byte now and then, for ever
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					if _, err := io.WriteString(conn, drop); err != nil {
						return
					}
				}
			}
		}()
		go func() {
			_, _ = io.Copy(io.Discard, bufio.NewReader(conn)) // until it is closed, by whomever
			gone <- name
		}()
	}
	slow("never a first byte", "", "")
	slow("a header that never ends", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", "X-A: b\r\n")
	slow("a body that never comes", "POST /api/v1/rooms/room3/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nIdempotency-Key: slow-body-1\r\nContent-Length: 60000\r\n\r\n{", " ")
	slow("a form that never comes", "POST /api/v1/sessions/"+v.Session.ID+"/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nIdempotency-Key: slow-body-2\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n")
	left := 4
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	over := time.After(2 * time.Minute)
	for left > 0 {
		select {
		case name := <-gone:
			t.Log("given up:", name)
			left--
		case <-tick.C:
			began := time.Now()
			require.Equal(t, http.StatusOK, do(t, c, "GET", url+"/api/v1/rooms", nil).StatusCode)
			require.Less(t, time.Since(began), 10*time.Second, "others wait for slow clients")
		case <-over:
			require.Fail(t, "a slow client is never given up", "%d of 4 are left", left)
		}
	}
	require.Zero(t, site.Times("open"))
}
