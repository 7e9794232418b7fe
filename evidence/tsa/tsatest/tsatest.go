// Package tsatest is a time-stamping authority for tests: openssl's, with certificates made for the test, and
// a small server in front of it.
package tsatest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Authority stamps times.
type Authority struct {
	// Name is the common name in its certificate; CA is the file with the certificate above it, in PEM.
	Name, CA string
	// Refuse makes the server answer as one that is out of order; Asked counts what it was asked.
	Refuse atomic.Bool
	Asked  atomic.Int64

	dir string
	mu  sync.Mutex // openssl counts the serial number in a file
}

// Options change what an authority is, for tests of what must be refused.
type Options struct {
	Digest string // that it signs with; empty: sha256
}

const settings = `[req]
distinguished_name=name
[name]
[ca]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign
[stamps]
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[tsa]
default_tsa=authority
[authority]
serial=%[1]s/serial
signer_cert=%[1]s/tsa.pem
signer_key=%[1]s/tsa.key
certs=%[1]s/ca.pem
signer_digest=%[2]s
default_policy=1.2.3.4.1
digests=sha256,sha512
accuracy=secs:1
ess_cert_id_alg=sha256
`

// New makes an authority of that name.
func New(t testing.TB, name string) *Authority { return With(t, name, Options{}) }

// With makes an authority that differs.
func With(t testing.TB, name string, o Options) *Authority {
	t.Helper()
	a := &Authority{Name: name, dir: t.TempDir()}
	a.CA = a.file("ca.pem")
	if o.Digest == "" {
		o.Digest = "sha256"
	}
	a.put(t, "serial", []byte("01\n"))
	a.put(t, "cnf", fmt.Appendf(nil, settings, a.dir, o.Digest))
	key := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"}
	a.openssl(t, append([]string{"req", "-x509", "-config", a.file("cnf"), "-extensions", "ca", "-days", "3650", "-subj", "/O=Site/CN=" + name + " root", "-keyout", a.file("ca.key"), "-out", a.CA}, key...)...)
	a.openssl(t, append([]string{"req", "-new", "-config", a.file("cnf"), "-subj", "/O=Site/CN=" + name, "-keyout", a.file("tsa.key"), "-out", a.file("tsa.csr")}, key...)...)
	a.openssl(t, "x509", "-req", "-in", a.file("tsa.csr"), "-CA", a.CA, "-CAkey", a.file("ca.key"), "-CAcreateserial", "-days", "3650", "-extfile", a.file("cnf"), "-extensions", "stamps", "-out", a.file("tsa.pem"))
	return a
}

func (a *Authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *Authority) put(t testing.TB, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(a.file(name), data, 0o600))
}

func (a *Authority) openssl(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	require.NoError(t, err, "openssl %v (make deps): %s", args, out)
}

// Token stamps data.
func (a *Authority) Token(t testing.TB, data []byte) []byte {
	t.Helper()
	a.put(t, "data", data)
	a.openssl(t, "ts", "-query", "-data", a.file("data"), "-sha256", "-cert", "-out", a.file("own.tsq"))
	query, err := os.ReadFile(a.file("own.tsq"))
	require.NoError(t, err)
	_, err = a.Answer(query)
	require.NoError(t, err)
	a.openssl(t, "ts", "-reply", "-config", a.file("cnf"), "-in", a.file("answer.tsr"), "-token_out", "-out", a.file("token.tst"))
	token, err := os.ReadFile(a.file("token.tst"))
	require.NoError(t, err)
	return token
}

// Answer answers a request.
func (a *Authority) Answer(query []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := os.WriteFile(a.file("query.tsq"), query, 0o600); err != nil {
		return nil, err
	}
	out, err := exec.Command("openssl", "ts", "-reply", "-config", a.file("cnf"), "-queryfile", a.file("query.tsq"), "-out", a.file("answer.tsr")).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("openssl ts: %w: %s", err, out)
	}
	return os.ReadFile(a.file("answer.tsr"))
}

// ServeHTTP answers requests as RFC 3161, 3.4 has them.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.Asked.Add(1)
	query, err := io.ReadAll(r.Body)
	switch {
	case a.Refuse.Load():
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	case err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query":
		http.Error(w, "not a time-stamp query", http.StatusBadRequest)
		return
	}
	answer, err := a.Answer(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(answer) // who asked may have gone
}

// Serve starts a server in front of the authority, until the test ends.
func (a *Authority) Serve(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	return s
}

// Sum is what is stamped of data.
func Sum(data []byte) [32]byte { return sha256.Sum256(data) }
