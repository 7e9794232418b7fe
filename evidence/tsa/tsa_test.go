package tsa

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/tsa/tsatest"
)

var sealed = []byte("the bytes of a seal\n")

func roots(t testing.TB, a *tsatest.Authority) *Roots {
	t.Helper()
	r, err := ReadRoots(a.CA)
	require.NoError(t, err)
	return r
}

func nonce(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	require.NoError(t, err)
	return n
}

// A real authority's answer to our request is taken, once, for what was asked, and from that authority alone.
func TestAnswer(t *testing.T) {
	a, other := tsatest.New(t, "Site time"), tsatest.New(t, "Other time")
	sum, n := tsatest.Sum(sealed), nonce(t)
	query, err := Request(sum, n)
	require.NoError(t, err)
	answer, err := a.Answer(query)
	require.NoError(t, err)
	token, got, err := Answer(answer, sum, n, roots(t, a))
	require.NoError(t, err)
	require.Equal(t, "Site time", got.Authority)
	require.Equal(t, time.Second, got.Accuracy)
	require.Zero(t, got.Nonce.Cmp(n))
	again, err := Check(token, sum, roots(t, a))
	require.NoError(t, err)
	require.Equal(t, got, again)
	require.False(t, got.At.IsZero())

	_, _, err = Answer(answer, sum, nonce(t), roots(t, a))
	require.ErrorIs(t, err, ErrNonce)
	_, _, err = Answer(answer, tsatest.Sum([]byte("another seal")), n, roots(t, a))
	require.ErrorIs(t, err, ErrImprint)
	_, got, err = Answer(answer, sum, n, roots(t, other))
	require.ErrorIs(t, err, ErrRoot)
	require.Equal(t, "Site time", got.Authority)
	_, _, err = Answer(answer[:len(answer)-1], sum, n, nil)
	require.ErrorIs(t, err, ErrForm)
	_, _, err = Answer(append(bytes.Clone(answer), 0), sum, n, nil)
	require.ErrorIs(t, err, ErrForm)

	// A request without a nonce is answered without one, and that answers none that has one.
	query, err = Request(sum, nil)
	require.NoError(t, err)
	answer, err = a.Answer(query)
	require.NoError(t, err)
	_, _, err = Answer(answer, sum, n, roots(t, a))
	require.ErrorIs(t, err, ErrNonce)

	// What it says of a hash that it does not know, and of its clock.
	refused, err := a.Answer(bytes.Replace(query, []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}, 1))
	require.NoError(t, err)
	_, _, err = Answer(refused, sum, n, nil)
	require.ErrorIs(t, err, ErrRefused)
	refused = []byte{0x30, 0x0b, 0x30, 0x09, 0x02, 0x01, 0x02, 0x03, 0x04, 0x01, 0x00, 0x02, 0x00}
	_, _, err = Answer(refused, sum, n, nil)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "time source")
}

// What a certificate must be, beyond leading to a root.
func TestCertificatesThatMayStamp(t *testing.T) {
	critical := []pkix.Extension{{Id: oidExtKeyUsage, Critical: true}}
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	good := x509.Certificate{
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour), Extensions: critical,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	require.NoError(t, stamps(&good, at))
	for _, c := range []struct {
		name, want string
		do         func(c *x509.Certificate)
	}{
		{"expired", "not valid", func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }},
		{"not yet", "not valid", func(c *x509.Certificate) { c.NotBefore = at.Add(time.Second) }},
		{"for servers", "alone", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }},
		{"for servers too", "alone", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) }},
		{"for anything", "alone", func(c *x509.Certificate) { c.ExtKeyUsage = nil }},
		{"for something unknown too", "alone", func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2}} }},
		{"not critical", "critical", func(c *x509.Certificate) { c.Extensions = []pkix.Extension{{Id: oidExtKeyUsage}} }},
		{"an authority for certificates", "more than signatures", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }},
	} {
		bad := good
		c.do(&bad)
		err := stamps(&bad, at)
		require.ErrorIs(t, err, ErrCertificate, c.name)
		require.ErrorContains(t, err, c.want, c.name)
	}
}

// What a token must have.
func TestTokensThatAreRefused(t *testing.T) {
	sum := tsatest.Sum(sealed)
	weak := tsatest.With(t, "Site time", tsatest.Options{Digest: "sha1"})
	query, err := Request(sum, nil)
	require.NoError(t, err)
	answer, err := weak.Answer(query)
	require.NoError(t, err)
	_, _, err = Answer(answer, sum, nil, roots(t, weak))
	require.ErrorIs(t, err, ErrForm)
	require.ErrorContains(t, err, "SHA-256")

	query, err = asn1.Marshal(request{Version: 1, Imprint: imprint{pkix.AlgorithmIdentifier{Algorithm: oidSHA256}, sum[:]}})
	require.NoError(t, err)
	answer, err = weak.Answer(query)
	require.NoError(t, err)
	_, _, err = Answer(answer, sum, nil, nil)
	require.ErrorIs(t, err, ErrForm)
	require.ErrorContains(t, err, "certificate is not in it", "without it nothing can be said of a signature")

	// The same bytes, of which another hash was stamped.
	longer := tsatest.With(t, "Site time", tsatest.Options{Digest: "sha512"})
	token := longer.Token(t, sealed)
	_, err = Check(token, sum, roots(t, longer))
	require.NoError(t, err)
	_, err = Check(longer.Token(t, []byte("x")), sum, nil)
	require.ErrorIs(t, err, ErrImprint)

	// Not one way to write it more than there is.
	for _, c := range [][]byte{nil, {0x30}, {0x30, 0x80, 0, 0}, {0x30, 0x81, 0x01, 0}, {0x1f, 0x01, 0}, {0x30, 0x84, 0, 0, 0, 0}, bytes.Repeat([]byte{0x30, 0x7f}, 64), append(token, 0)} {
		_, err := Check(c, sum, nil)
		require.ErrorIs(t, err, ErrForm, "%x", c)
	}
}

// Whatever bit of a token is changed, it is refused or says the same; its SHA-256, which the line after the
// seal states, shows what neither can.
func TestEveryChangedBit(t *testing.T) {
	a := tsatest.New(t, "Site time")
	r, sum := roots(t, a), tsatest.Sum(sealed)
	token := a.Token(t, sealed)
	good, err := Check(token, sum, r)
	require.NoError(t, err)
	refused := 0
	for i := range token {
		bad := bytes.Clone(token)
		bad[i] ^= 1 << (i % 8)
		got, err := Check(bad, sum, r)
		if err != nil {
			refused++
			continue
		}
		require.Equal(t, good, got, "byte %d", i)
	}
	require.Greater(t, refused, len(token)/2)
}

func TestRoots(t *testing.T) {
	a := tsatest.New(t, "Site time")
	ca, err := os.ReadFile(a.CA)
	require.NoError(t, err)
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "no certificate"},
		"no PEM":        {"hello", "no certificate"},
		"a private key": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PRIVATE KEY"},
		"damaged":       {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1"},
		"one too many":  {string(ca) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 2"},
	} {
		file := filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
		_, err := ReadRoots(file)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, file, name)
	}
	_, err = ReadRoots(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Nothing that a disk or an authority holds makes it fail otherwise than by an error.
func FuzzCheck(f *testing.F) {
	a := tsatest.New(f, "Site time")
	sum := tsatest.Sum(sealed)
	f.Add(a.Token(f, sealed))
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add(bytes.Repeat([]byte{0x30, 0x82, 0x10, 0}, 40))
	query, err := Request(sum, nil)
	require.NoError(f, err)
	answer, err := a.Answer(query)
	require.NoError(f, err)
	f.Add(answer)
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := Check(data, sum, nil); err == nil {
			require.NotEmpty(t, got.Authority)
		}
		if token, _, err := Answer(data, sum, nil, nil); err == nil {
			_, err := Check(token, sum, nil)
			require.NoError(t, err)
		}
	})
}
