package main

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/config"
)

// listenTo listens on an address of this host for as long as the test runs.
func listenTo(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestTheFirstStartMakesACertificateAndALink(t *testing.T) {
	cfg := config.Default()
	cfg.StateDir, cfg.Names = t.TempDir(), []string{"roomrec.example"}
	l := listenTo(t, "0.0.0.0:0")
	var out bytes.Buffer
	in, done, err := entranceOf(t.Context(), cfg, l.Addr(), &out)
	require.NoError(t, err)
	require.NotNil(t, in.tls)
	require.NotNil(t, in.signIn)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Regexp(t, `^https://[^/]+/$`, lines[0])
	require.Regexp(t, `^https://[^/]+/first/[A-Z0-9]{52}$`, lines[len(lines)-2])
	require.Regexp(t, `SHA-256 [0-9a-f]{64}$`, lines[len(lines)-1])
	for _, f := range []string{"people.db", "tls.pem", "host.token"} {
		info, err := os.Stat(filepath.Join(cfg.StateDir, f))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
	}
	require.NoError(t, done())

	// It serves, and a command on this host believes it.
	_, roots, err := asHost(cfg.StateDir)
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }), TLSConfig: in.tls}
	go func() { _ = srv.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = srv.Close() })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ServerName: "roomrec.example"}}}
	t.Cleanup(client.CloseIdleConnections)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	r, err := client.Get("https://127.0.0.1:" + port + "/")
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())

	// Once there is somebody there is no link, and certificate and token stay as they are.
	token, _, err := asHost(cfg.StateDir)
	require.NoError(t, err)
	require.Zero(t, user(t, "a long password\n", "add", "admin", "--name", "Admin", "--role", "administrator", "--state-dir", cfg.StateDir))
	first := regexp.MustCompile(`SHA-256 \S+`).FindString(out.String())
	out.Reset()
	_, done, err = entranceOf(t.Context(), cfg, l.Addr(), &out)
	require.NoError(t, err)
	require.NoError(t, done())
	require.NotContains(t, out.String(), "/first/")
	require.Contains(t, out.String(), first)
	again, _, err := asHost(cfg.StateDir)
	require.NoError(t, err)
	require.Equal(t, token, again)
}

func TestPlainHTTPIsForThisMachineAlone(t *testing.T) {
	cfg := config.Default()
	cfg.StateDir = t.TempDir()
	var out bytes.Buffer
	in, done, err := entranceOf(t.Context(), cfg, listenTo(t, "127.0.0.1:0").Addr(), &out)
	require.NoError(t, err)
	require.NoError(t, done())
	require.Nil(t, in.tls)
	require.NotNil(t, in.signIn, "on this machine, too, people sign in")
	require.True(t, strings.HasPrefix(out.String(), "http://127.0.0.1:"))
	cfg.SignIn = "local"
	in, _, err = entranceOf(t.Context(), cfg, listenTo(t, "127.0.0.1:0").Addr(), &out)
	require.NoError(t, err)
	require.Nil(t, in.signIn)
	cfg.TLS = &config.ServerTLS{CertFile: "/none", KeyFile: "/none"}
	_, _, err = entranceOf(t.Context(), cfg, listenTo(t, "127.0.0.1:0").Addr(), &out)
	require.ErrorContains(t, err, "tls:")
}

// user runs a command on people and returns its exit code.
func user(t *testing.T, stdin string, args ...string) int {
	t.Helper()
	var out bytes.Buffer
	e := &env{ctx: t.Context(), stdin: strings.NewReader(stdin), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	code := run(e, append([]string{"user"}, args...))
	t.Log(out.String())
	return code
}

func TestPeopleFromTheConsole(t *testing.T) {
	dir := t.TempDir()
	at := []string{"--state-dir", dir}
	do := func(stdin string, args ...string) int { return user(t, stdin, append(args, at...)...) }
	require.Zero(t, do("a long password\n", "add", "admin", "--name", "Admin", "--role", "administrator"))
	require.Zero(t, do("104729\n", "add", "0417", "--name", "Officer", "--role", "officer", "--pin"))
	for name, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"taken":        {"a long password\n", []string{"add", "0417", "--name", "B", "--role", "officer"}},
		"no such role": {"a long password\n", []string{"add", "x", "--name", "B", "--role", "demo"}},
		"bad id":       {"a long password\n", []string{"add", "a b", "--name", "B", "--role", "officer"}},
		"short":        {"short\n", []string{"add", "x", "--name", "B", "--role", "officer"}},
		"nothing":      {"", []string{"add", "x", "--name", "B", "--role", "officer"}},
		"bad PIN":      {"111111\n", []string{"password", "0417", "--pin"}},
		"last admin":   {"", []string{"shut", "admin"}},
		"nobody":       {"", []string{"shut", "none"}},
	} {
		require.Equal(t, exitUsage, do(c.stdin, c.args...), name)
	}
	require.Zero(t, do("another password\n", "password", "0417"))
	require.Zero(t, do("", "role", "0417", "supervisor"))
	require.Zero(t, do("", "shut", "0417"))
	require.Zero(t, do("", "open", "0417"))
	var out bytes.Buffer
	e := &env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	require.Zero(t, run(e, append([]string{"user", "list", "--json"}, at...)))
	require.JSONEq(t, `[{"id":"0417","name":"Officer","role":"supervisor","password":true,"pin":true,"shut":false},{"id":"admin","name":"Admin","role":"administrator","password":true,"pin":false,"shut":false}]`, out.String())
}
