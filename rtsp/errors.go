package rtsp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// What went wrong, for [errors.Is]. The message of the [Error] around it is for people.
var (
	ErrUnauthorized     = errors.New("user or password refused") // the caller: do not retry fast, cameras lock accounts
	ErrNotFound         = errors.New("path refused")
	ErrNoRoute          = errors.New("no route")
	ErrRefused          = errors.New("connection refused")
	ErrNotRTSP          = errors.New("not RTSP")
	ErrTLSName          = errors.New("certificate names another host")
	ErrTLSUntrusted     = errors.New("certificate not trusted")
	ErrUnsupportedCodec = errors.New("codec not supported")
	ErrNoTracks         = errors.New("no picture or sound")
	ErrTransport        = errors.New("transport refused")
	ErrSilent           = errors.New("no packets")
	ErrEnded            = errors.New("ended by the camera")
	ErrClosed           = errors.New("connection lost")
	ErrNoAnswer         = errors.New("no answer")
	ErrProtocol         = errors.New("answer not understood")
	ErrConfig           = errors.New("setting not usable")
)

// Error is why a camera gives nothing. Its text is one sentence that says what was expected and what
// to do, without any secret.
type Error struct {
	Kind error  // one of the Err values of this package
	Text string // for people
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Refused reports whether err means that the camera answered and will not serve these credentials or
// this path, as opposed to being away.
func Refused(err error) bool {
	return errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrNotFound)
}

// fail returns an Error without the source's secrets.
func (s Source) fail(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: s.redact(s.String() + ": " + fmt.Sprintf(format, args...))}
}

// classify turns an error of the network or of TLS into one of ours; kind is what it is otherwise.
func (s Source) classify(err error, kind error) error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	var (
		dns    *net.DNSError
		name   x509.HostnameError
		auth   x509.UnknownAuthorityError
		cert   x509.CertificateInvalidError
		record tls.RecordHeaderError
		alert  tls.AlertError
		netErr net.Error
	)
	switch {
	case errors.As(err, &dns):
		return s.fail(ErrNoRoute, "the name of the camera's host is not known here; check the address or give the IP address")
	case errors.As(err, &name):
		return s.fail(ErrTLSName, "the certificate is not made out to this host; set tls.server_name to a name in the certificate, or pin its fingerprint")
	case errors.As(err, &auth):
		return s.fail(ErrTLSUntrusted, "the certificate is signed by an authority that is not trusted here; set tls.ca_file, or pin the camera's fingerprint")
	case errors.As(err, &cert):
		return s.fail(ErrTLSUntrusted, "the certificate is not valid (%v); renew it in the camera, or pin its fingerprint", err)
	case errors.As(err, &record), errors.As(err, &alert):
		return s.fail(ErrNotRTSP, "the port answers, but not with TLS; check the port, or use rtsp:// if the camera has no TLS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return s.fail(ErrRefused, "the host is there but nothing listens on the port; switch RTSP on in the camera and check the port")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		return s.fail(ErrNoRoute, "no route to the camera; check cable, address and network")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		if errors.Is(kind, ErrRefused) {
			return s.fail(ErrNoRoute, "the host did not answer; check that the camera is on, its address, and the network")
		}
		return s.fail(ErrNoAnswer, "the camera stopped answering; check the camera and the network")
	case errors.Is(kind, errHandshake) && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)):
		return s.fail(ErrNotRTSP, "the port closed the connection instead of answering with TLS; check the port, or use rtsp:// if the camera has no TLS")
	case errors.Is(kind, ErrNotRTSP) && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return s.fail(ErrNotRTSP, "the port closed the connection without an RTSP answer; check the port (RTSP is usually 554), or use rtsps:// if it has TLS")
	case errors.Is(kind, ErrNotRTSP) && errors.Is(err, errGarbage):
		return s.fail(ErrNotRTSP, "the port answers, but not with RTSP; check the port (RTSP is usually 554), or use rtsps:// if it has TLS")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return s.fail(ErrClosed, "the camera closed the connection; restart it if this goes on")
	}
	return s.fail(kind, "the answer cannot be read (%s); restart the camera, update its firmware, or check that the port is one for RTSP", printable(err))
}

// maxQuoted bounds what is quoted of a camera's words in an error, in characters.
const maxQuoted = 100

// printable returns an error's words, which may quote a camera, fit for a terminal: one line of
// printable characters.
func printable(err error) string {
	var b strings.Builder
	n := 0
	for _, r := range err.Error() {
		if n++; n > maxQuoted {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
