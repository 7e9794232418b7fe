// Package seal owns the signed closing record of a session: the statement of everything that the
// session's folder holds, its one canonical form, and its signature. It reads no recording; whoever
// seals hands it the facts, whoever verifies compares them with the disk.
//
// # Format
//
// seal.note is a C2SP signed note (https://c2sp.org/signed-note). Its text is the line
// "roomrec-seal/1" followed by the [Statement] as JSON in one form: the members of every object
// sorted by the bytes of their names, one space of indentation per level, no escapes but those that
// JSON demands (U+2028 and U+2029 are escaped too), numbers as written, a final newline. Lists have
// the order that their type names. Hashes are SHA-256 in lower-case hex. Paths are relative to the
// session's folder, with slashes. The signature is over the text, by the algorithm and the key that the
// statement itself names; whether that key is to be trusted is for the reader to know.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"roomrec/evidence/jsonform"
)

// FileName is the name of the signed statement in a session's folder.
const FileName = "seal.note"

// Version is the format that this package writes, and the first line of the note.
const Version = "roomrec-seal/1"

// HashSHA256 is the hash suite of this format: every hash in statement, journal and segments.
const HashSHA256 = "SHA-256"

// MaxNote is the greatest size of a note that is read: some hundred thousand files.
const MaxNote = 64 << 20

// Errors that reading a note can wrap.
var (
	// ErrFormat: the bytes are not a note of this format, or not in its one form. The folder is
	// damaged or altered.
	ErrFormat = errors.New("not a seal in its canonical form")
	// ErrVersion: the note is of a version, hash suite or algorithm that this program does not
	// know. A newer program may.
	ErrVersion = errors.New("seal of an unknown version")
	// ErrSignature: no signature by the given keys is right. The note is altered or signed by
	// another key.
	ErrSignature = errors.New("seal's signature is not by the expected key")
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String returns h in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns h in lower-case hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 lower-case hex digits.
func (h *Hash) UnmarshalText(b []byte) error {
	var v Hash
	if len(b) != hex.EncodedLen(len(v)) || !bytes.Equal(b, bytes.ToLower(b)) {
		return fmt.Errorf("hash %q: want %d lower-case hex digits", b, hex.EncodedLen(len(v)))
	}
	if _, err := hex.Decode(v[:], b); err != nil {
		return fmt.Errorf("hash %q: %w", b, err)
	}
	*h = v
	return nil
}

// Sign returns the note that states s, signed by key. It fills in version, hash suite, algorithm and
// key, and puts the lists into their order.
func Sign(s Statement, key Key) ([]byte, error) {
	s.Version, s.HashSuite = Version, HashSHA256
	s.Algorithm, s.Key = key.Algorithm(), key.Verifier()
	s.normalise()
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	var err error
	if s.Facts, err = formed(s.Facts); err != nil {
		return nil, fmt.Errorf("seal: facts: %w", err)
	}
	var text bytes.Buffer
	if err := s.text(&text); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	b, err := note.Sign(&note.Note{Text: text.String()}, key)
	if err != nil {
		return nil, fmt.Errorf("seal: sign: %w", err)
	}
	// What was just made must be readable by those who come after.
	if _, err := Parse(b); err != nil {
		return nil, fmt.Errorf("seal: read back: %w", err)
	}
	own, err := OwnVerifier(s)
	if err != nil {
		return nil, fmt.Errorf("seal: read back: %w", err)
	}
	if _, err := Verify(b, own); err != nil {
		return nil, fmt.Errorf("seal: read back: %w", err)
	}
	return b, nil
}

// Parse returns the statement of a note without looking at its signatures. Only the one form that
// [Sign] makes is accepted. Errors wrap [ErrFormat] or [ErrVersion].
func Parse(b []byte) (Statement, error) {
	if len(b) > MaxNote {
		return Statement{}, fmt.Errorf("%w: %d bytes, the limit is %d", ErrFormat, len(b), MaxNote)
	}
	_, err := note.Open(b, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		// Without a known verifier nothing can come out verified: it is no signed note.
		return Statement{}, fmt.Errorf("%w: not a signed note", ErrFormat)
	}
	if err := onlyForm(b, unverified.Note); err != nil {
		return Statement{}, err
	}
	return parseText(b[:len(unverified.Note.Text)])
}

// onlyForm reports an error if b is not the one way to write n. Signatures in base64 have spare bits
// that readers ignore: a changed one would go unnoticed.
func onlyForm(b []byte, n *note.Note) error {
	again := []byte("\n")
	for _, s := range n.UnverifiedSigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return fmt.Errorf("%w: signature of %q: %v", ErrFormat, s.Name, err)
		}
		again = append(again, "— "+s.Name+" "+s.Base64+"\n"...)
	}
	if end := len(n.Text); len(b) < end || string(b[:end]) != n.Text || !bytes.Equal(b[end:], again) {
		return fmt.Errorf("%w: signatures written otherwise", ErrFormat)
	}
	return nil
}

// Verify returns the statement of a note if at least one of the verifiers' signatures is on it and
// is right. Errors wrap [ErrFormat], [ErrVersion] or [ErrSignature].
func Verify(b []byte, verifiers ...Verifier) (Statement, error) {
	s, err := Parse(b)
	if err != nil {
		return Statement{}, err
	}
	if _, err := note.Open(b, Known(verifiers...)); err != nil {
		return Statement{}, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	return s, nil
}

// OwnVerifier returns the verifier of the key that s says it was signed with. It shows that the note
// is unaltered since someone with that key signed it, not who that was.
func OwnVerifier(s Statement) (Verifier, error) { return ParseVerifier(s.Key) }

// SHA256 returns the hash of a note, or of anything else.
func SHA256(b []byte) Hash { return sha256.Sum256(b) }

func parseText(text []byte) (Statement, error) {
	first, body, _ := bytes.Cut(text, []byte{'\n'})
	if string(first) != Version {
		if name, _, ok := strings.Cut(Version, "/"); ok && bytes.HasPrefix(first, []byte(name+"/")) {
			return Statement{}, fmt.Errorf("%w: %q", ErrVersion, first)
		}
		return Statement{}, fmt.Errorf("%w: the first line is not %q", ErrFormat, Version)
	}
	var by struct {
		Version   string `json:"version"`
		HashSuite string `json:"hash_suite"`
		Algorithm string `json:"algorithm"`
	}
	if err := jsonform.Unmarshal(body, &by); err != nil || by.Version == "" || by.HashSuite == "" || by.Algorithm == "" {
		return Statement{}, fmt.Errorf("%w: version, hash suite or algorithm: %v", ErrFormat, err)
	}
	if by.Version != Version || by.HashSuite != HashSHA256 || !slices.Contains(Algorithms, by.Algorithm) {
		return Statement{}, fmt.Errorf("%w: version %q, hash suite %q, algorithm %q", ErrVersion, by.Version, by.HashSuite, by.Algorithm)
	}
	var s Statement
	if err := json.Unmarshal(body, &s); err != nil { // a member that is not known shows in the form
		return Statement{}, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if a, err := algorithmOf(s.Key); err != nil || a != s.Algorithm {
		return Statement{}, fmt.Errorf("%w: the key is not one for %s", ErrFormat, s.Algorithm)
	}
	if err := s.check(); err != nil {
		return Statement{}, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	again := s
	again.normalise()
	form := &same{text}
	if err := errors.Join(isFormed(s.Facts), again.text(form), form.whole()); err != nil {
		return Statement{}, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	return s, nil
}

// localPath reports whether p is a clean relative path with slashes that stays in its folder.
func localPath(p string) bool {
	return p != "" && p != "." && path.Clean(p) == p && !path.IsAbs(p) && p != ".." && !strings.HasPrefix(p, "../") &&
		!strings.ContainsAny(p, "\\\x00")
}
