// Package onviftest is a simulated device for tests of ONVIF, written from the specifications: Core
// (device management, WS-Security username token), Media, and RFC 7616 for HTTP digest. Strict, it
// refuses whatever the specifications refuse; sloppy, it answers as many devices on the market do.
package onviftest

import (
	"crypto/md5" //nolint:gosec // RFC 7616 has it
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/onvif"
)

// How a device asks for the password.
const (
	Token        = "token"   // WS-Security username token
	DigestMD5    = "md5"     // HTTP digest, unquoted qop and algorithm, as most devices send it
	DigestSHA256 = "sha-256" // HTTP digest, MD5 offered beside it
)

// Device is a simulated device. Its methods are safe for concurrent use.
type Device struct {
	User, Password string
	Auth           string        // Token, DigestMD5 or DigestSHA256
	Offset         time.Duration // its clock minus the host's
	Summer         bool          // it puts its own time forward in summer
	Sloppy         bool
	// Hours is how its time text counts: "HH:mm:ss", "hh:mm:ss tt", or "" where it has none.
	Hours string
	Clock clock.Source
	// Port is the RTSP port that it names; 0: 8554.
	Port int

	mu    sync.Mutex
	seen  map[string]bool // nonces of username tokens
	calls []string
	ntp   []string // that SetNTP set
	hand  bool     // its clock was set by hand
}

// Calls returns the operations that were carried out, in their order.
func (d *Device) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.calls...)
}

// Set changes the device's clock and its time text while it runs.
func (d *Device) Set(offset time.Duration, hours string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Offset, d.Hours = offset, hours
}

// Now is what the device's clock says.
func (d *Device) Now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now()
}

func (d *Device) now() time.Time { return d.Clock.Now().Wall.Time().Add(d.Offset).UTC() }

type envelope struct {
	XMLName xml.Name
	Header  struct {
		Security struct {
			UsernameToken struct {
				Username string
				Password struct {
					Type string `xml:"Type,attr"`
					Text string `xml:",chardata"`
				}
				Nonce, Created string
			}
		}
	}
	Body struct {
		Request struct {
			XMLName xml.Name
			Inner   string `xml:",innerxml"`
		} `xml:",any"`
	}
}

// ServeHTTP answers as the device.
func (d *Device) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var e envelope
	if err == nil {
		err = xml.Unmarshal(body, &e)
	}
	if err != nil || e.XMLName.Local != "Envelope" || e.XMLName.Space != "http://www.w3.org/2003/05/soap-envelope" || r.Method != http.MethodPost {
		d.fault(w, http.StatusBadRequest, "WellFormed", "not well formed")
		return
	}
	operation := e.Body.Request.XMLName
	service := map[string]string{"/onvif/device_service": "http://www.onvif.org/ver10/device/wsdl", "/onvif/media_service": "http://www.onvif.org/ver10/media/wsdl"}[r.URL.Path]
	if !d.Sloppy && (operation.Space != service || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/soap+xml")) {
		d.fault(w, http.StatusBadRequest, "ActionNotSupported", "no such operation here")
		return
	}
	if operation.Local != "GetSystemDateAndTime" && !d.known(w, r, &e) { // PRE_AUTH
		return
	}
	d.calls = append(d.calls, operation.Local)
	answer, ok := d.answer(operation.Local, e.Body.Request.Inner)
	if !ok {
		d.fault(w, http.StatusBadRequest, "ActionNotSupported", "Optional Action Not Implemented")
		return
	}
	d.write(w, http.StatusOK, answer)
}

// known checks the password.
func (d *Device) known(w http.ResponseWriter, r *http.Request, e *envelope) bool {
	if d.Auth != Token {
		return d.digest(w, r)
	}
	t := e.Header.Security.UsernameToken
	nonce, err := base64.StdEncoding.DecodeString(t.Nonce)
	created, err2 := time.Parse(time.RFC3339, t.Created)
	age := d.now().Sub(created)
	good := err == nil && err2 == nil && t.Username == d.User && strings.HasSuffix(t.Password.Type, "#PasswordDigest") &&
		strings.TrimSpace(t.Password.Text) == onvif.Digest(nonce, t.Created, d.Password) &&
		age < 5*time.Second && age > -5*time.Second && !d.seen[t.Nonce] && len(nonce) >= 16
	if !good {
		d.fault(w, http.StatusBadRequest, "NotAuthorized", "Sender not Authorized")
		return false
	}
	if d.seen == nil {
		d.seen = make(map[string]bool)
	}
	d.seen[t.Nonce] = true
	return true
}

const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"

var parameter = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^,\s]+))`)

// digest checks HTTP digest with qop=auth.
func (d *Device) digest(w http.ResponseWriter, r *http.Request) bool {
	p := make(map[string]string)
	for _, m := range parameter.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
		p[m[1]] = m[2] + m[3]
	}
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) } //nolint:gosec // RFC 7616 has it
	if d.Auth == DigestSHA256 {
		hash = func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	}
	want := hash(strings.Join([]string{
		hash(d.User + ":IP Camera:" + d.Password), nonce, p["nc"], p["cnonce"], p["qop"], hash(r.Method + ":" + r.URL.RequestURI()),
	}, ":"))
	if p["response"] == want && p["username"] == d.User && p["qop"] == "auth" && p["uri"] == r.URL.RequestURI() {
		return true
	}
	if d.Auth == DigestSHA256 {
		w.Header().Add("WWW-Authenticate", `Digest realm="IP Camera", qop="auth", nonce="`+nonce+`", algorithm=MD5`)
		w.Header().Add("WWW-Authenticate", `Digest realm="IP Camera", qop="auth", nonce="`+nonce+`", algorithm=SHA-256`)
	} else {
		w.Header().Add("WWW-Authenticate", `Digest realm="IP Camera",qop=auth,nonce="`+nonce+`",algorithm=MD5`)
	}
	w.WriteHeader(http.StatusUnauthorized)
	return false
}

func (d *Device) fault(w http.ResponseWriter, status int, code, reason string) {
	if d.Sloppy {
		status = http.StatusOK
	}
	d.write(w, status, `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:`+code+`</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">`+reason+`</s:Text></s:Reason></s:Fault>`)
}

func (d *Device) write(w http.ResponseWriter, status int, body string) {
	kind, text := "application/soap+xml; charset=utf-8", xml.Header+`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://www.onvif.org/ver10/device/wsdl" xmlns:m="http://www.onvif.org/ver10/media/wsdl" xmlns:t="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"><s:Header/><s:Body>`+body+`</s:Body></s:Envelope>`
	if d.Sloppy { // another kind, prefixes that nothing declares, and something after the end
		kind, text = "text/html", strings.NewReplacer("s:", "SOAP-ENV:", "d:Get", "tds:Get", "t:", "tt:").Replace(strings.TrimPrefix(text, xml.Header))+"\r\n\x00\x00"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that has gone needs no answer
}
