// Package onvif speaks to a camera's management: who it is, which streams it has and at which
// addresses, what its clock says, where it gets its time from, and what it writes into its picture.
//
// It is a small SOAP client of about ten calls (ONVIF Core Specification and Media Service
// Specification). It promises that nothing a device answers takes long or much memory: each call has
// a limit of time, each answer one of size; redirects are not followed. A password reaches the device
// as a digest only: over HTTP (RFC 7616) where the device asks so, and as a WS-Security username
// token. The token carries the device's own time, because devices refuse one whose time is not near
// their clock, and their clocks are wrong. See docs/design/time.md for what a camera's clock is for.
package onvif

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icholy/digest"

	"roomrec/clock"
)

// Limits of one call.
const (
	callTime  = 5 * time.Second
	maxAnswer = 1 << 20 // bytes; profiles of a recorder with 64 channels have some 300 KiB
)

// ErrRefused: the device answers, but not with this user and password. Do not try again at once: many
// devices bar an address after some attempts.
var ErrRefused = errors.New("the device refuses the user or the password")

// ErrUnsupported: the device does not have this function.
var ErrUnsupported = errors.New("the device does not support this")

// Fault is what a device says instead of an answer.
type Fault struct {
	Code   string // the innermost, as in ter:NotAuthorized
	Reason string // at most 200 characters, as the device words it
}

func (f *Fault) Error() string {
	if f.Is(ErrRefused) {
		return fmt.Sprintf("%v (%s)", ErrRefused, f.Code)
	}
	if f.Reason == "" {
		return "the device answers with the fault " + f.Code
	}
	return fmt.Sprintf("the device answers: %s (%s)", f.Reason, f.Code)
}

// Is makes faults comparable with [ErrRefused] and [ErrUnsupported].
func (f *Fault) Is(target error) bool {
	switch target {
	case ErrRefused:
		return strings.Contains(f.Code, "NotAuthorized") || strings.Contains(f.Code, "FailedAuthentication")
	case ErrUnsupported:
		return strings.Contains(f.Code, "ActionNotSupported") || strings.Contains(f.Code, "NoSuchService") || strings.Contains(f.Code, "NotImplemented")
	}
	return false
}

// Client speaks to one device. Its methods are safe for use by one goroutine at a time.
type Client struct {
	host           string // and port
	user, password string
	clock          clock.Source
	http           *http.Client
	offset         time.Duration // the device's clock minus ours
	measured       bool
	media          string // address of the media service
}

// New returns a client for the device at host, a name or IP address with or without a port (80).
// Without a user only what devices tell everybody can be asked. Nothing happens before the first call.
func New(host, user, password string, clk clock.Source) (*Client, error) {
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" {
		return nil, errors.New("not a host: want a name or IP address, with or without a port, as in 192.0.2.31:80")
	}
	plain := &http.Transport{
		DialContext: (&net.Dialer{Timeout: callTime}).DialContext, ResponseHeaderTimeout: callTime, DisableKeepAlives: true,
		MaxResponseHeaderBytes: 64 << 10, Proxy: nil,
	}
	c := &Client{host: host, user: user, password: password, clock: clk}
	c.http = &http.Client{
		Timeout: callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the device sends the request elsewhere")
		},
		Transport: plain,
	}
	if user != "" {
		c.http.Transport = &digest.Transport{Username: user, Password: password, Transport: plain, FindChallenge: find}
	}
	return c, nil
}

// find takes the strongest challenge that is understood. Devices offer MD5 beside SHA-256.
func find(h http.Header) (*digest.Challenge, error) {
	var best *digest.Challenge
	for _, v := range h.Values("WWW-Authenticate") {
		c, err := digest.ParseChallenge(v)
		if err != nil {
			continue
		}
		switch strings.ToUpper(c.Algorithm) {
		case "SHA-256":
			return c, nil
		case "", "MD5":
			if best == nil {
				best = c
			}
		}
	}
	if best == nil {
		return nil, digest.ErrNoChallenge
	}
	return best, nil
}

// device is where the device service is, by the Core Specification.
func (c *Client) device() string { return "http://" + c.host + "/onvif/device_service" }

// call sends one request and decodes the body of the answer into out. Errors name the operation.
func (c *Client) call(ctx context.Context, address, operation, body string, signed bool, out any) error {
	if err := c.exchange(ctx, address, operation, body, signed, out); err != nil {
		return fmt.Errorf("%s: %s: %w", c.host, operation, err)
	}
	return nil
}

func (c *Client) exchange(ctx context.Context, address, operation, body string, signed bool, out any) error {
	header := ""
	if signed && c.user != "" {
		if !c.measured {
			// A device that does not tell its time may still take a token of this host's.
			if _, err := c.Clock(ctx); err != nil && (ctx.Err() != nil || errors.Is(err, ErrRefused)) {
				return err
			}
		}
		header = c.token()
	}
	namespace := deviceNS
	if address != c.device() {
		namespace = mediaNS
	}
	request := []byte(xml.Header + `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://www.onvif.org/ver10/schema"><s:Header>` + header +
		`</s:Header><s:Body xmlns:w="` + namespace + `">` + body + `</s:Body></s:Envelope>`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(request))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", `application/soap+xml; charset=utf-8; action="`+namespace+"/"+operation+`"`)
	res, err := c.http.Do(req)
	if err != nil {
		return explain(err)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	closing := res.Body.Close()
	switch {
	case err != nil && len(answer) == 0:
		return explain(err)
	case len(answer) > maxAnswer:
		return fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return ErrRefused
	}
	if decoding := decode(answer, out); decoding != nil {
		if res.StatusCode != http.StatusOK && !errors.As(decoding, new(*Fault)) {
			return fmt.Errorf("the device answers with HTTP status %d", res.StatusCode)
		}
		return decoding
	}
	return closing
}

// explain says what a technician can do about a connection that failed. Addresses stay out: the
// operation's error names the host.
func explain(err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	var t net.Error
	if errors.As(err, &t) && t.Timeout() {
		return fmt.Errorf("no answer within %v; check the address, the network and whether ONVIF is switched on in the device", callTime)
	}
	if errors.Is(err, digest.ErrNoChallenge) {
		return fmt.Errorf("%w: it asks for a way to sign in that is not understood", ErrRefused)
	}
	return fmt.Errorf("no answer of a device's management (%w); check the address, the port (usually 80), and whether ONVIF is switched on", err)
}

// decode reads an envelope. Names are compared without their namespaces, which devices get wrong.
func decode(answer []byte, out any) error {
	var e struct {
		Body struct {
			Fault *struct {
				Code struct {
					Value   string
					Subcode struct {
						Value   string
						Subcode struct{ Value string }
					}
				}
				Reason      struct{ Text string }
				FaultCode   string `xml:"faultcode"`
				FaultString string `xml:"faultstring"`
			}
			Content []byte `xml:",innerxml"`
		}
	}
	d := xml.NewDecoder(bytes.NewReader(answer))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	if err := d.Decode(&e); err != nil {
		return fmt.Errorf("the answer is no SOAP message: %w", err)
	}
	if f := e.Body.Fault; f != nil {
		fault := &Fault{Code: f.Code.Value, Reason: f.Reason.Text}
		for _, deeper := range []string{f.Code.Subcode.Value, f.Code.Subcode.Subcode.Value} {
			if deeper != "" {
				fault.Code = deeper
			}
		}
		if fault.Code == "" { // SOAP 1.1, which old devices speak
			fault.Code, fault.Reason = f.FaultCode, f.FaultString
		}
		fault.Code, fault.Reason = clean(fault.Code), clean(fault.Reason)
		return fault
	}
	if out == nil {
		return nil
	}
	wrapped := append(append([]byte("<body>"), e.Body.Content...), "</body>"...)
	if err := xml.Unmarshal(wrapped, &struct {
		Response any `xml:",any"`
	}{out}); err != nil {
		return fmt.Errorf("the answer is not understood: %w", err)
	}
	return nil
}

// clean makes a device's text fit to be shown: one line, printable, of limited length.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return ' '
		}
		return r
	}, s)), " ")
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200])
	}
	return s
}
