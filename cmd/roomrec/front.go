package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/panel"
)

// entrance is how the service is reached: by whom, and over what.
type entrance struct {
	signIn *panel.SignIn // nil: whoever sits at the machine is the local officer
	tls    *tls.Config   // nil: plain HTTP, on a loopback address
	names  []string
	scheme string
}

// entranceOf opens the file of people and the certificate that the configuration names, or makes one.
// What a person at the console must know is written to out.
func entranceOf(ctx context.Context, cfg *config.Config, address net.Addr, out io.Writer) (e entrance, done func() error, err error) {
	e = entrance{names: cfg.Names, scheme: "http"}
	done = func() error { return nil }
	if cfg.TLS != nil || !panel.LoopbackAddress(address.String()) {
		cert, own, err := certificate(cfg, address)
		if err != nil {
			return e, done, err
		}
		e.scheme, e.tls = "https", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		if own {
			defer func() {
				if err == nil {
					_, err = fmt.Fprintf(out, "certificate made here, SHA-256 %x\n", sha256.Sum256(cert.Certificate[0]))
				}
			}()
		}
	}
	base := fmt.Sprintf("%s://%s", e.scheme, reached(address))
	if _, err := fmt.Fprintln(out, base+"/"); err != nil {
		return e, done, err
	}
	if cfg.SignIn == "local" {
		return e, done, nil
	}
	store, err := people.Open(ctx, filepath.Join(cfg.StateDir, peopleFile), clock.NewSystem())
	if err != nil {
		return e, done, err
	}
	e.signIn = &panel.SignIn{People: store, TLS: e.tls != nil, Idle: cfg.SignInIdle}
	if e.signIn.Host, err = hostToken(cfg.StateDir); err != nil {
		return e, done, errors.Join(err, store.Close())
	}
	empty, err := store.Empty(ctx)
	if err == nil && empty {
		var path string
		e.signIn.First, path = panel.FirstLink()
		_, err = fmt.Fprintf(out, "there is nobody who can sign in yet. This link makes the administrator, once:\n%s%s\n", base, path)
	}
	if err != nil {
		return e, done, errors.Join(err, store.Close())
	}
	return e, store.Close, nil
}

// peopleFile holds who can sign in, in state_dir.
const peopleFile = "people.db"

// reached returns how an address is written in a link: every address is this host's name.
func reached(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil || !ap.Addr().IsUnspecified() {
		return a.String()
	}
	name, err := os.Hostname()
	if err != nil {
		return a.String()
	}
	return net.JoinHostPort(name, fmt.Sprint(ap.Port()))
}

// certificate returns the certificate to serve with, and whether it was made here.
func certificate(cfg *config.Config, address net.Addr) (cert tls.Certificate, own bool, err error) {
	if cfg.TLS != nil {
		cert, err = tls.LoadX509KeyPair(cfg.TLS.CertFile, cfg.TLS.KeyFile)
		if err != nil {
			err = fmt.Errorf("tls: %w", err)
		}
		return cert, false, err
	}
	file := ownCertificate(cfg.StateDir)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := makeCertificate(file, cfg.Names, address); err != nil {
			return cert, true, fmt.Errorf("tls: make a certificate: %w", err)
		}
	}
	if cert, err = tls.LoadX509KeyPair(file, file); err != nil {
		err = fmt.Errorf("tls: %w; to have another one made, move %s away", err, file)
	}
	return cert, true, err
}

// ownCertificate names the file of the certificate that the first start makes, with its key.
func ownCertificate(stateDir string) string { return filepath.Join(stateDir, "tls.pem") }

// certificateLasts is for how long a certificate that was made here is valid. It is trusted by its
// fingerprint alone.
const certificateLasts = 10 * 365 * 24 * time.Hour

// makeCertificate makes a certificate for the names and addresses under which this host is reached.
func makeCertificate(file string, names []string, address net.Addr) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	now := clock.NewSystem().Now().Wall.Time()
	t := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "roomrec"}, NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLasts),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: append([]string{"localhost"}, names...), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if name, err := os.Hostname(); err == nil {
		t.DNSNames = append(t.DNSNames, name)
	}
	if ap, err := netip.ParseAddrPort(address.String()); err == nil && !ap.Addr().IsUnspecified() {
		t.IPAddresses = append(t.IPAddresses, ap.Addr().AsSlice())
	} else if all, err := net.InterfaceAddrs(); err == nil {
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok {
				t.IPAddresses = append(t.IPAddresses, n.IP)
			}
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &t, &t, key.Public(), key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return secretFile(file, append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})...))
}

// hostFile holds what commands on this host sign in with, made at the first start.
func hostFile(stateDir string) string { return filepath.Join(stateDir, "host.token") }

func hostToken(stateDir string) (string, error) {
	raw, err := os.ReadFile(hostFile(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		raw = []byte(rand.Text() + rand.Text() + "\n")
		err = secretFile(hostFile(stateDir), raw)
	}
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(raw))
	if len(token) < 32 {
		return "", fmt.Errorf("%s: broken; move it away and start again", hostFile(stateDir))
	}
	return token, nil
}

// secretFile makes a file of the state that only its owner can read.
func secretFile(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// asHost returns what a command on this host signs in with at the controller whose state is in stateDir,
// and the certificate to believe, nil for the host's own authorities.
func asHost(stateDir string) (token string, roots *x509.CertPool, err error) {
	raw, err := os.ReadFile(hostFile(stateDir))
	if err != nil {
		return "", nil, err
	}
	if text, err := os.ReadFile(ownCertificate(stateDir)); err == nil {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(text)
	}
	return strings.TrimSpace(string(raw)), roots, nil
}
