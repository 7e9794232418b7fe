package rtsp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Transport is how a camera's packets travel.
type Transport string

// The transports. TCP, inside the RTSP connection, is what "" means.
const (
	TCP       Transport = "tcp"
	UDP       Transport = "udp"
	Multicast Transport = "multicast"
)

// Ports where the address names none.
const (
	portRTSP  = "554"
	portRTSPS = "322"
)

// TLS says how a camera's certificate is checked on rtsps. Its zero value demands a certificate that
// the host trusts and that names the address's host. There is no way to check nothing.
type TLS struct {
	ServerName  string // the name that the certificate must carry, if not the address's host
	CAFile      string // PEM file of the authorities to trust instead of the host's
	Fingerprint string // SHA-256 of the camera's certificate in hex: trust exactly this one
}

// Source is one stream of one camera.
type Source struct {
	URL            string // rtsp:// or rtsps://; user and password in it take effect only through ParseSource
	User, Password string
	Transport      Transport
	TLS            TLS
}

// ParseSource reads an address as in rtsp://user:password@192.0.2.10:554/path. User and password move
// to their own fields. An error says what was expected and repeats no part of the address.
func ParseSource(raw string) (Source, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The parser's error repeats the address, password included.
		return Source{}, errors.New("camera address: want rtsp://host[:port]/path; percent-encode each of % / ? # @ : in a password, as in %23 for #")
	}
	switch {
	case u.Scheme != "rtsp" && u.Scheme != "rtsps":
		return Source{}, errors.New("camera address: want one that begins with rtsp:// or rtsps://")
	case u.Hostname() == "":
		return Source{}, errors.New("camera address: want a host after rtsp://, as in rtsp://192.0.2.10/path")
	case strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"):
		// Most likely a password with a slash in it; going on would dial, and show, a piece of it.
		return Source{}, errors.New("camera address: found @ after the first slash; percent-encode each of / ? # @ in a password and @ in a path (%40)")
	case u.Fragment != "":
		return Source{}, errors.New("camera address: found #; percent-encode it as %23")
	}
	s := Source{Transport: TCP}
	if u.User != nil {
		s.User = u.User.Username()
		s.Password, _ = u.User.Password()
		u.User = nil
	}
	s.URL = u.String()
	return s, nil
}

// String returns the address without any secret.
func (s Source) String() string {
	u, err := s.parse()
	if err != nil {
		return "camera address that cannot be read"
	}
	q := u.Query()
	hidden := false
	for name := range q {
		if secretName(name) {
			q.Set(name, "***")
			hidden = true
		}
	}
	if hidden {
		u.RawQuery = strings.ReplaceAll(q.Encode(), "%2A%2A%2A", "***")
	}
	return s.redact(u.String())
}

// Format keeps the password out of every printing verb.
func (s Source) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText returns the address without any secret.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Source) parse() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	if err != nil || (u.Scheme != "rtsp" && u.Scheme != "rtsps") || u.Hostname() == "" {
		return nil, errors.New("camera address: want rtsp://host[:port]/path or rtsps://host[:port]/path")
	}
	u.User = nil
	return u, nil
}

// address returns host and port to connect to.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = portRTSP
		if u.Scheme == "rtsps" {
			port = portRTSPS
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func (s Source) transport() (Transport, error) {
	switch s.Transport {
	case "", TCP:
		return TCP, nil
	case UDP, Multicast:
		return s.Transport, nil
	}
	return "", fmt.Errorf("transport %q: want tcp, udp or multicast", string(s.Transport))
}

// secretName reports whether a query parameter of this name carries a secret, as some vendors' do.
func secretName(name string) bool {
	n := strings.ToLower(name)
	for _, s := range []string{"pass", "pwd", "token", "secret", "auth", "key"} {
		if strings.Contains(n, s) {
			return true
		}
	}
	return n == "pw"
}

// minRedact is the length below which a secret is not searched for in texts: replacing every "a"
// would garble them and point at the secret.
const minRedact = 3

// redact replaces every form of the source's secrets in text.
func (s Source) redact(text string) string {
	var secrets []string
	add := func(v string) {
		if len(v) >= minRedact {
			secrets = append(secrets, url.QueryEscape(v), url.PathEscape(v), url.UserPassword("", v).String()[1:], v)
		}
	}
	add(s.Password)
	if s.Password != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(s.User+":"+s.Password)))
	}
	if raw, err := url.Parse(s.URL); err == nil {
		if raw.User != nil {
			p, _ := raw.User.Password()
			add(p)
		}
		for name, values := range raw.Query() {
			if secretName(name) {
				for _, v := range values {
					add(v)
				}
			}
		}
	}
	for _, v := range secrets {
		text = strings.ReplaceAll(text, v, "***")
	}
	return text
}
