package seal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"roomrec/clock"
)

// CheckpointVersion is the first line of a checkpoint.
const CheckpointVersion = "roomrec-checkpoint/1"

// TypeCheckpoint is the type of the journal line that holds a checkpoint: its data has one member,
// "note", the signed note.
const TypeCheckpoint = "recorder.checkpoint"

// Checkpoint says while a session is recorded what of it is safe, signed, so that what is cut off
// afterwards shows although there is no seal. It stands in a line of the journal.
type Checkpoint struct {
	// Algorithm and Key are filled in by [SignCheckpoint], as in a [Statement].
	Algorithm, Key string

	Session string
	At      clock.Wall // when it was made, on the session's timeline: that of its journal line
	// Lines and Head are the number and hash of the journal line before the one that it stands in.
	Lines uint64
	Head  Hash
	Runs  []Progress // those that grew since the checkpoint before, by path
}

// Progress is how far a run is safe.
type Progress struct {
	Path      string // of the run's folder, as in "room3/suspect/run-0001"
	Fragments uint64 // acknowledged
	Root      Hash   // of the tree over these
}

// SignCheckpoint returns the signed note that says c.
func SignCheckpoint(c Checkpoint, key Key) ([]byte, error) {
	c.Algorithm, c.Key = key.Algorithm(), key.Verifier()
	b, err := note.Sign(&note.Note{Text: c.text()}, key)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: sign: %w", err)
	}
	if _, err := ParseCheckpoint(b); err != nil {
		return nil, fmt.Errorf("checkpoint: read back: %w", err)
	}
	return b, nil
}

func (c *Checkpoint) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nsession %s\nat %s\nalgorithm %s\nkey %s\njournal %d %s\n",
		CheckpointVersion, c.Session, c.At, c.Algorithm, c.Key, c.Lines, c.Head)
	for _, r := range c.Runs {
		fmt.Fprintf(&b, "run %s %d %s\n", r.Path, r.Fragments, r.Root)
	}
	return b.String()
}

// ParseCheckpoint returns what a checkpoint says if the signature is right by the key that it names
// itself; whether that is a known one is for the caller to ask. Only the one form that
// [SignCheckpoint] makes is accepted. Errors wrap [ErrFormat], [ErrVersion] or [ErrSignature].
func ParseCheckpoint(b []byte) (Checkpoint, error) {
	fail := func(what string) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %s", ErrFormat, what)
	}
	_, err := note.Open(b, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return fail("not a signed note")
	}
	if err := onlyForm(b, unverified.Note); err != nil {
		return Checkpoint{}, err
	}
	if len(unverified.Note.UnverifiedSigs) != 1 {
		return fail("want one signature")
	}
	text := unverified.Note.Text
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != CheckpointVersion {
		if strings.HasPrefix(lines[0], "roomrec-checkpoint/") {
			return Checkpoint{}, fmt.Errorf("%w: %q", ErrVersion, lines[0])
		}
		return fail(fmt.Sprintf("the first line is not %q", CheckpointVersion))
	}
	var c Checkpoint
	if len(lines) < 6 {
		return fail("too few lines")
	}
	values := make([]string, 5)
	for i, name := range []string{"session", "at", "algorithm", "key", "journal"} {
		v, ok := strings.CutPrefix(lines[1+i], name+" ")
		if !ok {
			return fail(fmt.Sprintf("line %d: want %q", 2+i, name))
		}
		values[i] = v
	}
	c.Session, c.Algorithm, c.Key = values[0], values[2], values[3]
	if err := c.At.UnmarshalText([]byte(values[1])); err != nil {
		return fail(err.Error())
	}
	if c.Lines, c.Head, err = countAndHash(values[4]); err != nil {
		return fail(err.Error())
	}
	for _, l := range lines[6:] {
		var p Progress
		rest, ok := strings.CutPrefix(l, "run ")
		path, rest, split := strings.Cut(rest, " ")
		if !ok || !split || !localPath(path) {
			return fail("want a run's path, number and hash")
		}
		p.Path = path
		if p.Fragments, p.Root, err = countAndHash(rest); err != nil {
			return fail(err.Error())
		}
		if n := len(c.Runs); n > 0 && c.Runs[n-1].Path >= p.Path {
			return fail("runs are not in order")
		}
		c.Runs = append(c.Runs, p)
	}
	if c.text() != text {
		return fail("written otherwise")
	}
	if !slices.Contains(Algorithms, c.Algorithm) {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: algorithm %q", ErrVersion, c.Algorithm)
	}
	if a, err := algorithmOf(c.Key); err != nil || a != c.Algorithm {
		return fail("the key is not one for " + c.Algorithm)
	}
	v, err := ParseVerifier(c.Key)
	if err != nil {
		return fail(err.Error())
	}
	if _, err := note.Open(b, note.VerifierList(v)); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %v", ErrSignature, err)
	}
	return c, nil
}

// countAndHash reads "12 9c…".
func countAndHash(s string) (n uint64, h Hash, err error) {
	count, hash, ok := strings.Cut(s, " ")
	if !ok {
		return 0, h, fmt.Errorf("%q: want a number and a hash", s)
	}
	if n, err = strconv.ParseUint(count, 10, 63); err != nil {
		return 0, h, err
	}
	return n, h, h.UnmarshalText([]byte(hash))
}
