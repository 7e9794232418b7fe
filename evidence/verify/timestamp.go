package verify

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"roomrec/evidence/seal"
	"roomrec/evidence/tsa"
)

// Authorities are the certificates that time-stamps must lead to.
type Authorities = tsa.Roots

// ReadAuthorities reads the certificates in a PEM file.
func ReadAuthorities(file string) (*Authorities, error) { return tsa.ReadRoots(file) }

// StampStatus says what is known of a time-stamp.
type StampStatus string

// What can be known of a time-stamp.
const (
	StampTrusted   StampStatus = "trusted"                    // its authority is one that was given
	StampUnchecked StampStatus = "not checked against a root" // it is right by itself; none was given
	StampOther     StampStatus = "another authority"          // it is right by itself, and by none that was given
	StampWrong     StampStatus = "wrong"                      // it is damaged, gone, or not of this seal
)

// Timestamp is what a token of a time-stamping authority (RFC 3161) says of a seal: that the authority saw
// it, by its own clock.
type Timestamp struct {
	File      string      `json:"file"`
	Status    StampStatus `json:"status"`
	Authority string      `json:"authority,omitempty"`
	At        string      `json:"at,omitempty"`       // UTC
	Accuracy  string      `json:"accuracy,omitempty"` // to either side, where the authority says it
	What      string      `json:"what,omitempty"`     // is wrong
}

// wrongStamp is a finding that is one of a time-stamp too.
func (c *check) wrongStamp(a *After, v Verdict, file string, line int, what string, args ...any) {
	what = fmt.Sprintf(what, args...)
	a.finding(v, file, line, "%s", what)
	c.f.Timestamps = append(c.f.Timestamps, Timestamp{File: file, Status: StampWrong, What: what})
}

// stamped judges the token in a file that is as it was added.
func (c *check) stamped(a *After, file string) error {
	// A larger file is no token: its beginning is refused.
	token, _, err := c.tree.readSmall(file, tsa.MaxToken)
	if err != nil {
		return err
	}
	got, err := tsa.Check(token, seal.SHA256(c.f.seal), c.options.Authorities)
	t := Timestamp{File: file, Status: StampUnchecked, Authority: got.Authority, At: got.At.Format(time.RFC3339Nano)}
	if got.Accuracy > 0 {
		t.Accuracy = got.Accuracy.String()
	}
	switch {
	case errors.Is(err, tsa.ErrRoot):
		t.Status, t.What = StampOther, err.Error()
	case err != nil:
		c.wrongStamp(a, Altered, file, 0, "the time-stamp does not fit the seal: %v", err)
		return nil
	case c.options.Authorities != nil:
		t.Status = StampTrusted
	}
	c.f.Timestamps = append(c.f.Timestamps, t)
	return nil
}

// otherAuthority reports whether a time-stamp is by none of the authorities that were given.
func (f *Folder) otherAuthority() bool {
	for _, t := range f.Timestamps {
		if t.Status == StampOther {
			return true
		}
	}
	return false
}

func (f *Folder) stampText(b *strings.Builder) {
	if f.Key == KeyNone {
		return
	}
	if len(f.Timestamps) == 0 {
		b.WriteString("  not time-stamped\n")
	}
	for _, t := range f.Timestamps {
		by := fmt.Sprintf("by %s at %s", t.Authority, t.At)
		if t.Accuracy != "" {
			by += ", give or take " + t.Accuracy
		}
		switch t.Status {
		case StampTrusted:
			fmt.Fprintf(b, "  time-stamped %s\n", by)
		case StampUnchecked:
			fmt.Fprintf(b, "  time-stamped %s: not checked against a root\n", by)
		case StampOther:
			fmt.Fprintf(b, "  TIME-STAMPED BY ANOTHER AUTHORITY than the one given: %s: %s\n", by, t.What)
		case StampWrong:
			fmt.Fprintf(b, "  WRONG TIME-STAMP: %s: %s\n", t.File, t.What)
		}
	}
}
