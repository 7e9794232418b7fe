package rtsp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"roomrec/clock"
)

// Limits of the dialogue. They are measured by Go's timers, which are monotonic.
const (
	dialTimeout    = 5 * time.Second
	requestTimeout = 5 * time.Second
)

// errHandshake is the kind of what fails before TLS stands.
var errHandshake = fmt.Errorf("TLS handshake: %w", ErrNotRTSP)

// dial connects to the camera, with TLS on rtsps.
func (s Source) dial(ctx context.Context, u *url.URL, clk clock.Source) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address(u))
	if err != nil {
		if ctx.Err() == context.Canceled {
			return nil, ctx.Err()
		}
		return nil, s.classify(err, ErrRefused)
	}
	if u.Scheme != "rtsps" {
		return conn, nil
	}
	config, err := s.tlsConfig(u, clk)
	if err != nil {
		_ = conn.Close() // nothing was said on it
		return nil, err
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error is the one that counts
		switch ctx.Err() {
		case context.Canceled:
			return nil, ctx.Err()
		case context.DeadlineExceeded:
			return nil, s.fail(ErrNotRTSP, "the port takes the connection but does not answer with TLS; check the port, or use rtsp:// if the camera has no TLS")
		}
		return nil, s.classify(err, errHandshake)
	}
	return secure, nil
}

func (s Source) tlsConfig(u *url.URL, clk clock.Source) (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: u.Hostname(),
		Time:       func() time.Time { return clk.Now().Wall.Time() },
	}
	if s.TLS.ServerName != "" {
		c.ServerName = s.TLS.ServerName
	}
	if s.TLS.CAFile != "" {
		pem, err := os.ReadFile(s.TLS.CAFile)
		if err != nil {
			return nil, s.fail(ErrConfig, "tls.ca_file cannot be read: %v", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, s.fail(ErrConfig, "tls.ca_file %s holds no certificate; want PEM", s.TLS.CAFile)
		}
	}
	if s.TLS.Fingerprint == "" {
		return c, nil
	}
	want, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(s.TLS.Fingerprint))
	if err != nil || len(want) != sha256.Size {
		return nil, s.fail(ErrConfig, "tls.fingerprint: want the SHA-256 of the certificate as 64 hex digits")
	}
	// The pinned certificate takes the place of authority, name and dates: what is checked is
	// stricter, so the library's own check is switched off.
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(state tls.ConnectionState) error {
		got := sha256.Sum256(state.PeerCertificates[0].Raw)
		if string(got[:]) != string(want) {
			return s.fail(ErrTLSUntrusted, "the certificate is not the pinned one (it has SHA-256 %s); if the camera's certificate was renewed, set tls.fingerprint to the new one", hex.EncodeToString(got[:]))
		}
		return nil
	}
	return c, nil
}

// stamped notes when bytes arrived: all packets of one read share the stamp.
type stamped struct {
	net.Conn
	clk clock.Source
	at  clock.Stamp
}

func (c *stamped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.at = c.clk.Now()
	return n, err
}
