package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/rtsp/rtsptest"
	"roomrec/session"
	"roomrec/session/table"
)

const passphrase = "correct horse battery"

// visitor is one browser at a controller that is reached over TLS: cookies of its own, and it believes no
// certificate but the one whose fingerprint it was told.
func visitor(t *testing.T, p *program, base, fingerprint string) *site {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	believe := func(s tls.ConnectionState) error {
		if got := fmt.Sprintf("%x", sha256.Sum256(s.PeerCertificates[0].Raw)); got != fingerprint {
			return errors.New("another certificate: " + got)
		}
		return nil
	}
	tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: believe, // as who compares a fingerprint by eye
	}}
	return &site{t: t, p: p, base: base, http: &http.Client{
		Timeout: patience, Jar: jar, Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send posts a form, as a page does, and returns the status and where it leads.
func (s *site) send(path string, pairs ...string) (status int, location, body string) {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	res, err := s.http.PostForm(s.base+path, form)
	require.NoError(s.t, err)
	b, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, res.Body.Close())
	return res.StatusCode, res.Header.Get("Location"), string(b)
}

func (s *site) signIn(id string) {
	s.t.Helper()
	status, location, body := s.send("/sign-in", "id", id, "secret", passphrase, "next", "/")
	require.Equal(s.t, http.StatusSeeOther, status, body)
	require.Equal(s.t, "/", location)
	s.as = id
}

// status asks for a path and minds nothing but whether it is answered.
func (s *site) status(path string) int {
	s.t.Helper()
	res, err := s.http.Get(s.base + path)
	require.NoError(s.t, err)
	require.NoError(s.t, res.Body.Close())
	return res.StatusCode
}

// TestServeWithSignInAndTLS: a controller on the network, from its very first start. It makes its
// certificate and prints a link for the administrator, once; people are made, an officer signs in, opens a
// session and is signed out for doing nothing, and the recording goes on until somebody ends it.
func TestServeWithSignInAndTLS(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"front": camera()})
	dir := t.TempDir()
	disk, state := filepath.Join(dir, "disk"), filepath.Join(dir, "state")
	require.NoError(t, os.Mkdir(disk, 0o700))
	code, out, complaints := run(t, []string{"volume", "init", disk})
	require.Zero(t, code, out+complaints)
	config := filepath.Join(dir, "roomrec.yaml")
	settings := fmt.Sprintf(`
listen: 0.0.0.0:0
state_dir: %s
sign_in_idle: 10s
clock: {source: local, limit: 1m}
volumes: [{path: %s}]
session: {closing: 10s}
rooms: [{id: room3, cameras: [{id: front, url: "%s"}]}]
`, state, disk, cameras.URL("front"))
	require.NoError(t, os.WriteFile(config, []byte(settings), 0o600))

	// Without sign-in nothing is served to a network at all.
	local := config + "-local"
	require.NoError(t, os.WriteFile(local, []byte(settings+"sign_in: local\n"), 0o600))
	code, _, complaints = run(t, []string{"serve", "--config", local})
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "sign_in")
	require.NoDirExists(t, state)

	p := start(t, []string{"serve", "--config", config})
	var port, link, fingerprint string
	p.until("address, link and fingerprint", patience, func(out string) bool {
		a := regexp.MustCompile(`(?m)^https://\S+:(\d+)/$`).FindStringSubmatch(out)
		b := regexp.MustCompile(`(?m)^https://\S+(/first/[A-Z0-9]{52})$`).FindStringSubmatch(out)
		c := regexp.MustCompile(`(?m)^certificate made here, SHA-256 ([0-9a-f]{64})$`).FindStringSubmatch(out)
		if a == nil || b == nil || c == nil {
			return false
		}
		port, link, fingerprint = a[1], b[1], c[1]
		return true
	})
	base := "https://127.0.0.1:" + port
	browser := func() *site { return visitor(t, p, base, fingerprint) }
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil && c.Close() == nil
	}, patience, 20*time.Millisecond)

	t.Run("plain HTTP is refused", func(t *testing.T) {
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://127.0.0.1:" + port + "/")
		require.NoError(t, err)
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
		require.NotContains(t, string(b), "<html")
		// Nor is there a TLS that nobody should use any more.
		conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
		if err == nil {
			require.NoError(t, conn.Close())
		}
		require.Error(t, err)
		// Nobody else's authority vouches for a certificate that was made here.
		_, err = tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: "localhost"})
		var unknown x509.UnknownAuthorityError
		require.ErrorAs(t, err, &unknown)
	})

	// Nobody is in before the link was used; it works once.
	admin := browser()
	require.Equal(t, http.StatusSeeOther, admin.status("/"))
	require.Equal(t, http.StatusUnauthorized, admin.status("/api/v1/rooms"))
	require.Equal(t, http.StatusOK, admin.status(link))
	status, location, body := admin.send(link, "id", "admin", "name", "Administrator", "secret", passphrase, "again", passphrase)
	require.Equal(t, http.StatusSeeOther, status, body)
	require.Equal(t, "/people", location)
	require.Equal(t, http.StatusNotFound, browser().status(link), "the link worked a second time")
	for id, role := range map[string]string{"0417": "officer", "lead": "supervisor"} {
		status, _, body = admin.send("/people", "id", id, "name", id, "role", role, "secret", passphrase)
		require.Equal(t, http.StatusSeeOther, status, body)
	}
	require.Equal(t, http.StatusForbidden, admin.status("/sessions"), "the administrator of machines sees a case")

	officer := browser()
	officer.signIn("0417")
	u, err := url.Parse(base)
	require.NoError(t, err)
	for _, c := range officer.http.Jar.Cookies(u) {
		require.True(t, strings.HasPrefix(c.Name, "__Host-"), c.Name)
	}
	id := officer.begin("room3")

	// The page keeps itself up to date, which is no deed: the officer is asked again who they are.
	gone := time.NewTicker(100 * time.Millisecond)
	defer gone.Stop()
	for end := time.Now().Add(2 * patience); ; <-gone.C {
		require.True(t, time.Now().Before(end), "whoever does nothing stays signed in")
		if officer.status("/api/v1/rooms/room3") == http.StatusUnauthorized {
			break
		}
	}
	require.Equal(t, http.StatusSeeOther, officer.status("/rooms/room3"))
	lead := browser()
	lead.signIn("lead")
	last := lead.room("room3")
	require.Equal(t, table.Questioning, last.Session.State, "the recording does not mind")
	lead.until("more that is safe", "room3", patience, func(r session.RoomView) bool {
		return r.Session.State == table.Questioning && r.Session.SafeAt.Time().Sub(last.Session.SafeAt.Time()) > 2*time.Second
	})
	// Signed out by their own hand, or thrown out by the administrator: the recording does not mind either.
	status, _, body = lead.send("/sign-out")
	require.Equal(t, http.StatusSeeOther, status, body)
	require.Equal(t, http.StatusUnauthorized, lead.status("/api/v1/rooms/room3"))
	code, out, complaints = run(t, []string{"user", "shut", "lead", "--state-dir", state})
	require.Zero(t, code, out+complaints)
	status, _, _ = lead.send("/sign-in", "id", "lead", "secret", passphrase)
	require.Equal(t, http.StatusUnauthorized, status)

	officer.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	officer.inState("room3", table.Sealed, 2*patience)
	withoutSecret(t, p, disk)
	for _, s := range []string{passphrase, strings.TrimPrefix(link, "/first/")} {
		require.NotContains(t, p.err.String(), s)
		for name, b := range tree(t, state) {
			require.NotContains(t, string(b), s, name)
		}
	}
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.code(patience))
	folders, err := filepath.Glob(filepath.Join(disk, "*/*/*", id))
	require.NoError(t, err)
	requireWhole(t, folders...)

	// The second start knows its people and keeps its certificate.
	p = start(t, []string{"serve", "--config", config})
	p.until("its address and fingerprint", patience, func(out string) bool { return strings.Contains(out, fingerprint) })
	require.NotContains(t, p.out.String(), "/first/")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.code(patience))
}
