package panel

import (
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a request. A page's longest body is the opening form; a document that is handed in may be
// longer, see maxDocument.
const (
	maxBody        = 64 << 10
	maxHeader      = 16 << 10
	headerTimeout  = 5 * time.Second
	requestTimeout = 15 * time.Second // to read a whole request
	answerTimeout  = 30 * time.Second // to write an answer, or one piece of a long one
	idleTimeout    = 60 * time.Second
)

// documentPath is where documents are handed in.
var documentPath = regexp.MustCompile(`^/api/v1/sessions/[A-Za-z0-9-]{1,64}/transcripts$`)

// policyHeader is the content security policy: everything from here, media also from the buffers
// that the page fills itself, nothing inline, no frame.
const policyHeader = "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

// guard stands before every route. In order: headers that hold for every answer; the host that was
// asked for, so that a name which another site points here is refused; the site that asks; the size.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, "problem.cross-site")
	}))
	small, large := cross.Handler(http.MaxBytesHandler(next, maxBody)), cross.Handler(http.MaxBytesHandler(next, maxDocument+1))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyHeader)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), display-capture=()")
		h.Set("Cache-Control", "no-store")
		if !s.limits.allow(addressOf(r), s.clock.Now().Mono) {
			h.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
			s.refuse(w, r, http.StatusTooManyRequests, "problem.busy")
			return
		}
		if !s.hostAllowed(r) {
			s.refuse(w, r, http.StatusMisdirectedRequest, "problem.host")
			return
		}
		// Reading, too, is for this site's own pages; only following a link from elsewhere is not.
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			s.refuse(w, r, http.StatusForbidden, "problem.cross-site")
			return
		}
		inner, limit := small, int64(maxBody)
		if r.Method == http.MethodPost && documentPath.MatchString(r.URL.Path) {
			inner, limit = large, maxDocument
		}
		if r.ContentLength > limit {
			s.refuse(w, r, http.StatusRequestEntityTooLarge, "problem.too-large")
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// hostAllowed reports whether the request asks for a name of this controller. Addresses are always
// its own; names must be configured, localhost excepted.
func (s *Server) hostAllowed(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || slices.Contains(s.hosts, host) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// patient moves the write deadline on with every write, so that a long answer may take its time
// while a client that takes nothing is still given up.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	now     func() time.Time
}

func (p patient) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(p.now().Add(answerTimeout)); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}
