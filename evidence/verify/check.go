package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"roomrec/clock"
	"roomrec/evidence/jsonform"
	"roomrec/evidence/seal"
)

// check verifies one folder.
type check struct {
	ctx     context.Context
	tree    *tree
	trees   []*tree // of all folders that are judged
	options Options
	meter   *meter
	f       Folder

	s         *seal.Statement     // nil without a seal that can be read
	sealName  string              // of its file, empty without one
	tornSeals map[string]tornSeal // attempts to seal that are not whole, by name
	next      successor           // that was found last
	files     map[string]*seal.File
	// first is the SHA-256 of the session's first journal line, known says whether there is one.
	first    seal.Hash
	known    bool
	segments map[string]*segment

	leaves     map[string]*leaves // by the run's folder
	signer     string             // verifier key of the last checkpoint
	foreign    string             // of one that is by no key that is known
	lastAt     clock.Wall         // of the last checkpoint
	keyMissing bool               // the journal says that checkpoints could not be signed
	replay     replay
	logs       logs
}

func (c *check) finding(f Finding) {
	c.f.Verdict = worse(c.f.Verdict, f.Verdict)
	if len(c.f.Findings) == MaxFindings {
		c.f.More++
		return
	}
	c.f.Findings = append(c.f.Findings, f)
}

func (c *check) altered(file, what string, args ...any) {
	c.finding(Finding{Verdict: Altered, File: file, What: fmt.Sprintf(what, args...)})
}

func (c *check) run() error {
	if err := c.folder(); err != nil {
		return err
	}
	return c.logged()
}

func (c *check) folder() error {
	c.files, c.tornSeals, c.segments, c.leaves = map[string]*seal.File{}, map[string]tornSeal{}, map[string]*segment{}, map[string]*leaves{}
	if err := c.seal(); err != nil {
		return err
	}
	if c.f.Verdict == Unknown {
		return nil // nothing else can be understood
	}
	for _, path := range c.tree.odd {
		c.altered(path, "neither a file nor a folder")
	}
	if err := c.journals(); err != nil {
		return err
	}
	for _, path := range inOrder(maps.Keys(c.tree.files)) {
		_, listed := c.files[path]
		_, attempt := c.tornSeals[path]
		if _, named := seal.AttemptNumber(path); named && c.s == nil {
			attempt = true // one that cannot be read, which was said
		}
		switch {
		case journalNumber(path) > 0 && c.added(path):
			c.altered(path, "the seal does not list it: it was added")
		case path == c.sealName || attempt || journalNumber(path) > 0:
		case c.s != nil && !listed:
			c.altered(path, "the seal does not list it: it was added")
		case c.s == nil && !segmentPath(path):
			c.altered(path, "no such file belongs into a session's folder")
		default:
			if err := c.unreadable(path, c.segment(path)); err != nil {
				return err
			}
		}
	}
	c.otherFragments()
	if c.s == nil {
		for _, dir := range slices.Sorted(maps.Keys(c.tree.unread)) {
			c.finding(Finding{Verdict: Incomplete, File: dir, What: fmt.Sprintf("it cannot be read: %v", c.tree.unread[dir])})
		}
		c.unsealedRuns()
		c.signedBy()
		return nil
	}
	for _, f := range c.s.Files {
		if _, ok := c.tree.files[f.Path]; !ok && f.Size > 0 {
			what := fmt.Sprintf("missing; the seal lists it with %d bytes", f.Size)
			if err := c.tree.unreadAt(f.Path); err != nil {
				what = fmt.Sprintf("its folder cannot be read: %v; the seal lists it with %d bytes", err, f.Size)
			}
			c.finding(Finding{Verdict: Incomplete, lacks: true, File: f.Path, What: what})
		}
	}
	c.runs()
	c.holes()
	return c.after()
}

// seal reads the seal.
func (c *check) seal() error {
	b, err := c.attempts()
	if err != nil || c.sealName == "" {
		return err
	}
	if len(b) > seal.MaxNote {
		c.altered(c.sealName, "larger than any seal")
		return nil
	}
	c.f.seal, c.f.Seal = b, seal.SHA256(b).String()
	s, err := seal.Parse(b)
	switch {
	case errors.Is(err, seal.ErrVersion):
		if signedAsSaid(b) {
			c.finding(Finding{Verdict: Unknown, File: c.sealName, What: err.Error()})
		} else {
			c.altered(c.sealName, "%v, and not signed by the key that it names", err)
		}
		return nil
	case err != nil:
		c.altered(c.sealName, "%v", err)
		return nil
	}
	if err := factsForm(s.Facts); err != nil {
		c.altered(c.sealName, "facts: %v", err)
		return nil
	}
	c.f.Session, c.f.KeyName = s.Session, s.Key
	own, err := seal.OwnVerifier(s)
	if err == nil {
		err = seal.CheckText(b, own)
	}
	if err != nil {
		c.altered(c.sealName, "the signature is not right by the key that the seal names: %v", err)
		return nil
	}
	if why := spelling(b); why != "" {
		c.altered(c.sealName, "%s", why)
		return nil
	}
	c.f.Key = KeyUnknown
	if keys := c.options.keys(); len(keys) > 0 {
		c.f.Key = KeyOther
		if slices.ContainsFunc(keys, func(k Key) bool { return seal.CheckText(b, k) == nil }) {
			c.f.Key = KeyTrusted
		}
	}
	s.Facts = nil // which are right, and may be much
	c.s = &s
	if s.Sealed.Wall < s.Opened.Wall {
		c.altered(c.sealName, "it says that the session was sealed at %s, before it was opened at %s", s.Sealed.Wall, s.Opened.Wall)
	}
	c.f.ClockTrusted, c.f.ClockReasons = &s.Clock.Trusted, s.Clock.Reasons
	for i := range s.Files {
		c.files[s.Files[i].Path] = &s.Files[i]
	}
	c.before()
	return nil
}

// signedAsSaid reports whether a note of an unknown version is signed by the key that it names, or
// names one of a kind that is not known either. Otherwise it is damaged rather than new.
func signedAsSaid(b []byte) bool {
	text, _, _ := bytes.Cut(b, []byte("\n\n"))
	_, body, _ := bytes.Cut(text, []byte("\n"))
	var named struct {
		Key string `json:"key"`
	}
	if jsonform.Unmarshal(body, &named) != nil {
		return false
	}
	v, err := seal.ParseVerifier(named.Key)
	if err != nil {
		return named.Key != ""
	}
	_, err = note.Open(b, note.VerifierList(v))
	return err == nil
}

// spelling says what is wrong with how a note's signatures are written. Readers of base64 pass over
// bits and line breaks that carry nothing; a changed byte must not go unseen.
func spelling(b []byte) string {
	i := bytes.LastIndex(b, []byte("\n\n"))
	if i < 0 {
		return "no signature"
	}
	lines := strings.Split(strings.TrimSuffix(string(b[i+2:]), "\n"), "\n")
	if len(lines) != 1 {
		return fmt.Sprintf("%d signatures where this version has one", len(lines))
	}
	fields := strings.Split(lines[0], " ")
	if len(fields) != 3 || fields[0] != "—" {
		return "the signature's line is not as the format has it"
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || base64.StdEncoding.EncodeToString(raw) != fields[2] {
		return "the signature is not written as the format has it"
	}
	return ""
}
