package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
)

// Witness is a public key of a witness of the station's log.
type Witness = stationlog.Witness

// ReadKeys reads the public keys in a file, one a line.
func ReadKeys(file string) ([]Key, error) { return seal.ReadVerifiers(file) }

// ReadWitness reads a witness's public key in a file, one line of the form name+hash+key.
func ReadWitness(file string) (*Witness, error) { return stationlog.ReadWitness(file) }

// Logged is what the station's log says of a session.
type Logged struct {
	Dir    string `json:"dir"`
	Origin string `json:"origin"`
	// Opened and Sealed are the numbers of the session's entries, nil if the log does not hold them.
	Opened *int64 `json:"opened"`
	Sealed *int64 `json:"sealed"`
	// Key is what is known of the key that signed the log's heads.
	Key KeyStatus `json:"key"`
	// Witnessed are those who saw the log with the session's last entry, and until when they saw it;
	// empty: not witnessed.
	Witnessed []Seen `json:"witnessed"`
	// Findings are what is wrong with the log itself.
	Findings []string `json:"findings,omitempty"`
}

// Seen says that a witness saw the log.
type Seen struct {
	By    string `json:"by"`
	First string `json:"first"` // when it first saw the session's last entry
	Until string `json:"until"` // when it last saw the log
}

// logs reads each log once.
type logs map[string]*stationlog.History

// logOf returns the log that a folder is to be compared with: the one that was given, or that of the
// volume that the folder lies on; nil if there is none.
func (c *check) logOf() (*stationlog.History, error) {
	dir := c.options.Log
	if dir == "" {
		at, err := filepath.Abs(c.tree.dir)
		if err != nil {
			return nil, err
		}
		// A volume holds its sessions by year, month and day.
		dir = filepath.Join(at, "..", "..", "..", "..", stationlog.Folder)
	}
	at, err := stationlog.Find(dir)
	if errors.Is(err, stationlog.ErrNoLog) && c.options.Log == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys := c.options.keys()
	if len(keys) == 0 && c.s != nil {
		// The log is by the same hand as the seal; whose that is stays to be known.
		own, err := seal.OwnVerifier(*c.s)
		if err == nil {
			keys = []Key{own}
		}
	}
	id := at
	for _, k := range keys {
		id += fmt.Sprintf("|%s+%08x", k.Name(), k.KeyHash())
	}
	if h := c.logs[id]; h != nil {
		return h, nil
	}
	h, err := stationlog.Read(at, keys, c.options.Witnesses)
	switch {
	case (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, stationlog.ErrNoLog)) && c.options.Log == "":
		return nil, nil // nobody asked for it
	case err != nil:
		return nil, err
	}
	c.logs[id] = h
	return h, nil
}

// logged compares the folder with what the station's log says of it.
func (c *check) logged() error {
	h, err := c.logOf()
	if err != nil || h == nil || c.f.Session == "" {
		return err
	}
	l := &Logged{Dir: h.Dir, Origin: h.Head.Origin, Key: KeyOther, Witnessed: []Seen{}, Findings: h.Findings}
	if h.Trusted {
		l.Key = KeyUnknown
		if len(c.options.keys()) > 0 {
			l.Key = KeyTrusted
		}
	}
	c.f.Log = l
	var last *stationlog.Inclusion
	for _, kind := range []stationlog.Kind{stationlog.Opened, stationlog.Sealed} {
		in, err := h.Lookup(kind, c.f.Session)
		if errors.Is(err, stationlog.ErrFork) {
			continue // the log's findings say what is wrong
		}
		if err != nil {
			return err
		}
		if in == nil {
			continue
		}
		last = in
		switch kind {
		case stationlog.Opened:
			l.Opened = &in.Index
			if c.known && in.Entry.Hash != c.first {
				c.altered(journal.FileName(1), "it does not begin with the line that the station's log holds (entry %d)", in.Index)
			}
		case stationlog.Sealed:
			l.Sealed = &in.Index
			switch {
			case c.f.seal == nil:
				c.finding(Finding{Verdict: Incomplete, File: seal.FileName, What: fmt.Sprintf("missing; the station's log holds it (entry %d)", in.Index)})
			case in.Entry.Hash != seal.SHA256(c.f.seal):
				gaveUp, err := c.gaveUp(in.Entry.Hash)
				if err != nil {
					return err
				}
				if !gaveUp {
					c.altered(c.sealName, "it is not the one that the station's log holds (entry %d), and no copy that was given has that one and says that it followed", in.Index)
				}
			}
		}
	}
	if n := h.Count(stationlog.Sealed, c.f.Session); n > 1 {
		l.Findings = append(slices.Clone(l.Findings), fmt.Sprintf("it has %d seals of this session: only one is made", n))
	}
	if l.Opened != nil && l.Sealed == nil && c.f.seal != nil && len(h.Findings) == 0 {
		// It was not logged yet, or the log was cut back to before it: whoever saw the opening saw no seal.
		l.Findings = append(slices.Clone(l.Findings), "it has the opening of this session and no seal of it: it was cut back to before that, or has not caught up with a session that was sealed just now")
		return nil
	}
	if last == nil {
		return nil
	}
	for _, w := range last.Witnessed {
		s := Seen{By: w.By, First: w.At.String(), Until: w.At.String()}
		for _, o := range h.Witnessed {
			if o.By == w.By {
				s.Until = o.At.String()
			}
		}
		l.Witnessed = append(l.Witnessed, s)
	}
	return nil
}

// gaveUp reports whether one of the copies that are judged has the seal with that hash, and that seal names
// this folder's as an attempt that a disk took without saying so.
func (c *check) gaveUp(logged seal.Hash) (bool, error) {
	for _, t := range c.trees {
		if t == c.tree || len(t.odd) > 0 {
			continue // what is neither a file nor a folder is not read; that copy is altered
		}
		a, err := seal.Find(os.DirFS(t.dir), ".")
		if err != nil {
			return false, err
		}
		if a.Sealed() && seal.SHA256(a.Note) == logged && seal.GivenUp(a.Note, c.f.seal) {
			return true, nil
		}
	}
	return false, nil
}

// wrong reports whether the log speaks against the session, in that it does not hold it, or itself.
func (l *Logged) wrong() bool { return l != nil && (len(l.Findings) > 0 || l.Opened == nil) }
