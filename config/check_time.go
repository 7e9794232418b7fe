package config

import (
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// checkStanding finds what a standing approval of copies lacks.
func (r *reader) checkStanding(s *Standing) {
	if s == nil {
		return
	}
	for _, part := range []struct{ key, value, want string }{
		{"rank", s.Rank, "the rank of who approved, as in head of the county organ"},
		{"name", s.Name, "the name of who approved"},
		{"document", s.Document, "the number of the approval's document"},
	} {
		at := "standing_copies." + part.key
		r.displayNameOf(at, part.value)
		if strings.TrimSpace(part.value) == "" {
			r.problem(at, "missing", part.want, "without a standing approval leave standing_copies out: copies are made on request then")
		}
	}
}

// displayNameOf finds what cannot be shown in one line.
func (r *reader) displayNameOf(at, s string) {
	if utf8.RuneCountInString(s) > 64 || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == utf8.RuneError }) {
		r.problem(at, quote(s)+" cannot be shown", "one line of at most 64 characters", "")
	}
}

// jsonField is where a number stands in JSON: names and places in lists, with dots between them.
var jsonField = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// checkSensor finds what is wrong with a room's sensor, and fills in what it leaves out.
func (r *reader) checkSensor(at string, s *Sensor) {
	if s == nil {
		return
	}
	switch {
	case (s.File == "") == (s.URL == ""):
		r.problem(at, "where the readings come from is not clear", "either file or url", "")
	case s.File != "":
		r.absolute(at+".file", s.File)
	default:
		u, err := url.Parse(s.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(s.URL) > 1024 {
			// An address that is wrong may hold a password: it is not repeated.
			r.problem(at+".url", "not an address of readings", "http:// or https://, without user and password, as in http://192.0.2.40/readings.json", "")
		}
	}
	for _, f := range []struct {
		key   string
		value *string
	}{{"temperature", &s.Temperature}, {"humidity", &s.Humidity}} {
		if *f.value == "" {
			*f.value = f.key
		}
		if !jsonField.MatchString(*f.value) || len(*f.value) > 128 {
			r.problem(at+"."+f.key, quote(*f.value)+" is not a place in JSON", "names with dots between them, as in data.temp or 0.value", "")
		}
	}
}

// checkManagement finds what is wrong with the address of a camera's management.
func (r *reader) checkManagement(at, host string) {
	if host != "" && !validServer(host) {
		r.problem(at, quote(host)+" is not a host", "a host name or IP address, with or without a port, as in 192.0.2.31 or camera3:8080", "")
	}
}

// timestampTimeout is how long an authority may take where the file does not say.
const timestampTimeout = 10 * time.Second

// checkTimestamp finds what is wrong with the time-stamping authority, and fills in what it leaves out.
func (r *reader) checkTimestamp(t *Timestamp) {
	const at = "seal.timestamp"
	if t == nil {
		return
	}
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || !validPort(u.Port()) || len(t.URL) > 1024 {
		// An address that is wrong may hold a password: it is not repeated.
		r.problem(at+".url", "not the address of a time-stamping authority", "http:// or https://, without user and password, as in http://192.0.2.50/tsa", "")
	}
	if t.CAFile == "" {
		r.problem(at+".ca_file", "missing", "the whole path of a PEM file with the authority's certificate, or the one above it",
			"ask whoever runs the authority for it: without it anyone's time-stamp would be as good")
	} else {
		r.absolute(at+".ca_file", t.CAFile)
	}
	if t.Timeout == 0 {
		t.Timeout = timestampTimeout
	}
}
