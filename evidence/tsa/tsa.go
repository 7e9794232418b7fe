// Package tsa makes requests to a time-stamping authority and checks its tokens (RFC 3161): that an
// authority, whose clock is not the station's, saw the bytes of a seal at a time. It sends nothing by
// itself.
//
// A token that is accepted is DER, is a SignedData (RFC 5652) with exactly one signer, whose certificate is
// in it; its signed attributes say that it holds a TSTInfo and name that certificate (RFC 2634, RFC 5816);
// the signature is right, by SHA-256 or longer; the certificate was valid at the token's time and is for
// time-stamping and nothing else (RFC 3161, 2.3); and the imprint is the SHA-256 that was asked for. If
// roots are given, the certificate must lead to one of them. docs/decisions/0026-timestamp.md says why no
// library does it.
package tsa

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"
)

// MaxToken is the longest token, and MaxAnswer the longest answer, that is read, in bytes.
const (
	MaxToken  = 64 << 10
	MaxAnswer = MaxToken + 1<<10
)

// Errors that [Check] and [Answer] wrap.
var (
	// ErrForm: the bytes are no token, or not one in the form that the package's comment describes.
	ErrForm = errors.New("not a time-stamp token of the form that is accepted")
	// ErrImprint: the token is right and stamps something else.
	ErrImprint = errors.New("it stamps other bytes")
	// ErrSignature: the signature is not that of the certificate which the token names.
	ErrSignature = errors.New("the authority's signature is not right")
	// ErrCertificate: the certificate was not valid at the token's time, or is not one for time-stamping.
	ErrCertificate = errors.New("the certificate is not one that may stamp times")
	// ErrRoot: the token is right by itself, and its certificate leads to none of the roots.
	ErrRoot = errors.New("the authority is another than the one that is trusted")
	// ErrNonce: the answer is not one to this request.
	ErrNonce = errors.New("it answers another request")
	// ErrRefused: the authority says that it stamps nothing.
	ErrRefused = errors.New("the authority refuses")
)

// Roots are the certificates that a token must lead to: an authority's own, or one above it.
type Roots struct {
	pool *x509.CertPool
	all  []*x509.Certificate
}

// ReadRoots reads the certificates in a PEM file.
func ReadRoots(file string) (*Roots, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRoots+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxRoots {
		return nil, fmt.Errorf("%s: over %d bytes", file, maxRoots)
	}
	r, err := ParseRoots(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// maxRoots is more than certificates of a few authorities take, in bytes.
const maxRoots = 1 << 20

// ParseRoots reads certificates in PEM.
func ParseRoots(data []byte) (*Roots, error) {
	r := &Roots{pool: x509.NewCertPool()}
	n := 0
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %q; want certificates only", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", n+1, err)
		}
		r.pool.AddCert(cert)
		r.all = append(r.all, cert)
		n++
	}
	if n == 0 {
		return nil, errors.New("it holds no certificate; want PEM, as in -----BEGIN CERTIFICATE-----")
	}
	return r, nil
}

// AddTo adds the certificates to others that are believed, as by who calls a server over TLS.
func (r *Roots) AddTo(pool *x509.CertPool) {
	for _, c := range r.all {
		pool.AddCert(c)
	}
}

// Token is what a token that was checked says.
type Token struct {
	// At is when the authority saw the bytes, by its own clock, and Accuracy how far that may be off; 0
	// where it does not say.
	At       time.Time
	Accuracy time.Duration
	// Authority is the common name of its certificate, or the whole name if it has none.
	Authority string
	// Nonce is the request's, nil if there was none.
	Nonce *big.Int
}

// Request returns a request in DER for a token over the SHA-256 sum, with the authority's certificate in it.
func Request(sum [32]byte, nonce *big.Int) ([]byte, error) {
	return asn1.Marshal(request{
		Version: 1,
		Imprint: imprint{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}, Hash: sum[:]},
		Nonce:   nonce, Certificates: true,
	})
}

// Answer takes the token out of an authority's answer, and checks it as [Check] does and that it answers
// the request with nonce.
func Answer(der []byte, sum [32]byte, nonce *big.Int, roots *Roots) ([]byte, Token, error) {
	if err := strict(der, MaxAnswer); err != nil {
		return nil, Token{}, fmt.Errorf("the answer: %w", err)
	}
	var a answer
	if err := whole(der, &a); err != nil {
		return nil, Token{}, fmt.Errorf("%w: not the answer of a time-stamping authority", ErrForm)
	}
	if s := a.Status.Status; s != granted && s != grantedWithMods {
		// What it says for people is not repeated: it may be anything.
		return nil, Token{}, fmt.Errorf("%w: status %d, %s", ErrRefused, s, failure(a.Status.Info))
	}
	t, err := Check(a.Token.FullBytes, sum, roots)
	if err != nil {
		return nil, t, err
	}
	if nonce != nil && (t.Nonce == nil || t.Nonce.Cmp(nonce) != 0) {
		return nil, t, ErrNonce
	}
	return a.Token.FullBytes, t, nil
}

// Check checks a token over the SHA-256 sum, against roots unless they are nil. The error wraps one of this
// package's; with [ErrRoot] the token is returned nevertheless.
func Check(token []byte, sum [32]byte, roots *Roots) (Token, error) {
	if err := strict(token, MaxToken); err != nil {
		return Token{}, err
	}
	m, err := parse(token)
	if err != nil {
		return Token{}, err
	}
	if err := m.verify(); err != nil {
		return Token{}, err
	}
	t, err := m.info()
	if err != nil {
		return Token{}, err
	}
	at := t.Time.UTC()
	out := Token{
		At: at, Authority: m.signer.Subject.CommonName, Nonce: t.Nonce,
		Accuracy: time.Duration(t.Accuracy.Seconds)*time.Second + time.Duration(t.Accuracy.Millis)*time.Millisecond + time.Duration(t.Accuracy.Micros)*time.Microsecond,
	}
	if out.Authority == "" {
		out.Authority = m.signer.Subject.String()
	}
	if err := stamps(m.signer, at); err != nil {
		return out, err
	}
	if !t.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || !bytes.Equal(t.Imprint.Hash, sum[:]) {
		return out, ErrImprint
	}
	if roots == nil {
		return out, nil
	}
	between := x509.NewCertPool()
	for _, c := range m.certificates {
		between.AddCert(c)
	}
	if _, err := m.signer.Verify(x509.VerifyOptions{
		Roots: roots.pool, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	}); err != nil {
		return out, fmt.Errorf("%w: %w", ErrRoot, err)
	}
	return out, nil
}

// stamps reports why a certificate may not stamp times at an instant.
func stamps(c *x509.Certificate, at time.Time) error {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return fmt.Errorf("%w: at %s it was not valid", ErrCertificate, at.UTC().Format(time.RFC3339))
	}
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return fmt.Errorf("%w: its extended key usage is not time-stamping alone", ErrCertificate)
	}
	if c.KeyUsage&^(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0 {
		return fmt.Errorf("%w: its key usage allows more than signatures", ErrCertificate)
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(oidExtKeyUsage) && e.Critical {
			return nil
		}
	}
	return fmt.Errorf("%w: its extended key usage is not critical", ErrCertificate)
}
