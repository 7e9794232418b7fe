// Package after owns what is added to a session's folder once it is sealed: the folder after/, with
// documents and a journal of who added or said what. The seal does not cover it; the journal begins
// with the hash of seal.note, and every line is signed. Nothing of what was recorded is touched.
//
// # Format
//
// after/journal.jsonl holds one JSON object per line, with exactly these members in this order,
// without white space between them, and a newline:
//
//	seq             counts the lines from 1
//	wall            UTC, RFC 3339 with nine fractional digits
//	uncertainty_ns  how far wall may be off, to either side
//	type            what happened, as in "transcript.attached"
//	actor           who did it, as in "officer:li" or "controller"
//	data            an object: what the type needs; {} if nothing
//	prev            SHA-256 of the line before, its newline included, in lower-case hex; in the first
//	                line the SHA-256 of seal.note
//	key             the signing key as a C2SP verifier key, "name+hash+key"
//	signature       base64 of the Ed25519 signature
//
// What is signed is the line "roomrec-after/1" with its newline, followed by the object without the
// member signature: the line's bytes up to ,"signature": and a closing brace.
//
// A document that a line adds lies at the path that the line's data name as file, relative to the
// session's folder; sha256 is its hash.
//
// A power cut may leave a torn end. It stays where it is: a newline follows, and then lines of type
// [TypeTorn], one for each copy with a torn end, of which one names size and SHA-256 of all that was
// passed over. On the other volumes the same lines stand without that before them: copies are compared
// line by line.
//
// A journal whose last lines were taken away is still a right one; that shows only against another
// copy, or against the index. The design page is docs/design/files.md.
package after

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/evidence/jsonform"
	"roomrec/evidence/seal"
)

// Folder is the name of the folder under a session's, and JournalName the path of its journal.
const (
	Folder      = "after"
	JournalName = Folder + "/journal.jsonl"
)

// MaxLine is the greatest length of a line in bytes, its newline included.
const MaxLine = 1 << 20

// TypeTorn is the type of the line that follows a torn end; its data is a [Torn].
const TypeTorn = "journal.torn"

// TypeTimestamped is the type of a line that adds a token of a time-stamping authority over seal.note: its
// data is a [Document] under TimestampFolder.
const (
	TypeTimestamped = "seal.timestamped"
	TimestampFolder = Folder + "/timestamp"
)

// Document is the data of a line that adds a file.
type Document struct {
	File   string    `json:"file"` // relative to the session's folder
	SHA256 seal.Hash `json:"sha256"`
}

// Torn says what lies before a line and is passed over.
type Torn struct {
	Size   int64     `json:"size"` // in bytes
	SHA256 seal.Hash `json:"sha256"`
}

const signedAs = "roomrec-after/1\n"

// Errors that reading wraps.
var (
	// ErrFormat: the line is not in the one form that the format allows.
	ErrFormat = errors.New("not a line of this format")
	// ErrChain: the line is well formed and does not follow the one before it, or the seal.
	ErrChain = errors.New("does not follow what comes before it")
	// ErrSignature: the line is not signed by a key that may sign it.
	ErrSignature = errors.New("not signed by the seal's key")
	// ErrFork: two copies hold different lines. One of them was altered; nothing is appended.
	ErrFork = errors.New("copies differ")
)

// Entry is what someone adds.
type Entry struct {
	Type, Actor string
	Data        any // marshalled as JSON, must come out as an object; nil becomes {}
	At          clock.Instant
}

// Line is one line. Its fields stand in the order of the format.
type Line struct {
	Seq         uint64          `json:"seq"`
	Wall        clock.Wall      `json:"wall"`
	Uncertainty time.Duration   `json:"uncertainty_ns"`
	Type        string          `json:"type"`
	Actor       string          `json:"actor"`
	Data        json.RawMessage `json:"data"`
	Prev        seal.Hash       `json:"prev"`
	Key         string          `json:"key"`
	Signature   string          `json:"signature,omitempty"`
}

// Head is the end of a chain. Its zero Seq is the beginning: Hash is then that of seal.note.
type Head struct {
	Seq  uint64
	Hash seal.Hash
}

// Next returns the bytes of the line that follows head and records e, signed by key, and the new head.
func Next(head Head, e Entry, key seal.Key) ([]byte, Head, error) {
	l := Line{
		Seq: head.Seq + 1, Wall: e.At.Wall, Uncertainty: e.At.Uncertainty,
		Type: strings.ToValidUTF8(e.Type, "\uFFFD"), Actor: strings.ToValidUTF8(e.Actor, "\uFFFD"),
		Data: json.RawMessage("{}"), Prev: head.Hash, Key: key.Verifier(),
	}
	if e.Data != nil {
		data, err := marshal(e.Data)
		if err != nil {
			return nil, head, fmt.Errorf("after: data of %q: %w", e.Type, err)
		}
		if _, asItIs := e.Data.(json.RawMessage); !asItIs {
			data = jsonform.Readable(data)
		}
		l.Data = data
	}
	if err := l.check(); err != nil {
		return nil, head, fmt.Errorf("after: %w", err)
	}
	text, err := l.signed()
	if err != nil {
		return nil, head, fmt.Errorf("after: %w", err)
	}
	sig, err := key.Sign(text)
	if err != nil {
		return nil, head, fmt.Errorf("after: sign %q: %w", e.Type, err)
	}
	l.Signature = base64.StdEncoding.EncodeToString(sig)
	raw, err := l.encode()
	if err != nil {
		return nil, head, fmt.Errorf("after: %w", err)
	}
	return raw, Head{l.Seq, seal.SHA256(raw)}, nil
}

func (l *Line) check() error {
	switch {
	case l.Type == "":
		return errors.New("line without a type")
	case l.Actor == "":
		return fmt.Errorf("line %q without an actor", l.Type)
	case l.Uncertainty < 0:
		return fmt.Errorf("line %q with a negative uncertainty", l.Type)
	case len(l.Data) == 0 || l.Data[0] != '{':
		return fmt.Errorf("line %q: data is not an object", l.Type)
	}
	return nil
}

// signed returns what is signed of l.
func (l *Line) signed() ([]byte, error) {
	bare := *l
	bare.Signature = ""
	b, err := marshal(&bare)
	return append([]byte(signedAs), b...), err
}

// encode returns the one form of l, its newline included.
func (l *Line) encode() ([]byte, error) {
	b, err := marshal(l)
	if err != nil {
		return nil, err
	}
	if b = append(b, '\n'); len(b) > MaxLine {
		return nil, fmt.Errorf("line %q of %d bytes: the limit is %d", l.Type, len(b), MaxLine)
	}
	return b, nil
}

// marshal encodes v without the escapes that only HTML needs and without a final newline.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// Parse reads one line, its newline included. Only the one form that [Next] makes is accepted. The
// signature is not looked at. The error wraps [ErrFormat].
func Parse(raw []byte) (*Line, error) {
	if len(raw) > MaxLine {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrFormat, len(raw), MaxLine)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var l Line
	if err := dec.Decode(&l); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	again, err := l.encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if !bytes.Equal(raw, again) {
		return nil, fmt.Errorf("%w: written otherwise", ErrFormat)
	}
	return &l, nil
}

// SignedBy reports whether l is rightly signed by the key that it names and that is one of keys.
func (l *Line) SignedBy(keys ...string) bool {
	if !slices.Contains(keys, l.Key) {
		return false
	}
	v, err := seal.ParseVerifier(l.Key)
	return err == nil && l.verifies(v)
}

// SignedWith reports whether l is rightly signed by the key that it names and that is one of keys.
func (l *Line) SignedWith(keys ...seal.Verifier) bool {
	v, err := seal.ParseVerifier(l.Key)
	if err != nil {
		return false
	}
	for _, k := range keys {
		// The name and the hash may be anybody's; what counts is that the known key verifies.
		if k.Name() == v.Name() && k.KeyHash() == v.KeyHash() && l.verifies(k) {
			return true
		}
	}
	return false
}

func (l *Line) verifies(v seal.Verifier) bool {
	sig, err := base64.StdEncoding.Strict().DecodeString(l.Signature)
	if err != nil {
		return false
	}
	text, err := l.signed()
	return err == nil && v.Verify(text, sig)
}

// Content is what a copy of a journal was found to hold.
type Content struct {
	// Head is the end of the chain after the last line that counts.
	Head  Head
	Lines []Line
	Raw   [][]byte // of each line, its newline included
	// Size is the length of all that was read, in bytes.
	Size int64
	// Torn is the end that a power cut left, nil if there is none; the next line must tell of it.
	Torn *Torn
	// Open says that only the last line's newline is missing.
	Open bool
	// Fault says which line is wrong; nil if none. What comes after it does not count.
	Fault error
}

// Read reads a journal that must follow the seal with the given hash, every line of it signed by one of
// keys (C2SP verifier keys).
func Read(data []byte, sealed seal.Hash, keys ...string) Content {
	return ReadBy(data, sealed, func(l *Line) bool { return l.SignedBy(keys...) })
}

// ReadBy is [Read] where trusted says whether a line is rightly signed by a key that may sign it, as by
// one of those that the station has had since, with [Line.SignedWith].
func ReadBy(data []byte, sealed seal.Hash, trusted func(*Line) bool) Content {
	c := Content{Head: Head{Hash: sealed}, Size: int64(len(data))}
	var passed []byte // what was found that is no line
	var untold *Torn  // what was passed over and no line has told of yet
	for len(data) > 0 {
		raw, rest, full := bytes.Cut(data, []byte{'\n'})
		if full {
			raw = data[:len(raw)+1]
		} else {
			raw = append(bytes.Clone(raw), '\n')
		}
		data = rest
		l, err := follow(raw, c.Head, trusted)
		if !full && (err != nil || len(passed) > 0) {
			passed = append(passed, raw[:len(raw)-1]...)
			break
		}
		c.Open = !full
		if err != nil {
			if !errors.Is(err, ErrFormat) || bytes.HasPrefix(raw, []byte(`{"seq":`)) && bytes.HasSuffix(raw, []byte("\"}\n")) {
				c.Fault = fmt.Errorf("line %d: %w", len(c.Lines)+1, err)
				return c
			}
			passed = append(passed, raw...)
			continue
		}
		if len(passed) > 0 {
			if untold != nil {
				break // told of below
			}
			passed = passed[:len(passed)-1]
			untold = &Torn{int64(len(passed)), sha256.Sum256(passed)}
			passed = nil
		}
		if untold != nil {
			var t Torn
			// Before the line that tells of it may stand lines that other copies had whole already.
			if l.Type == TypeTorn && jsonform.Unmarshal(l.Data, &t) == nil && t == *untold {
				untold = nil
			}
		}
		c.Lines, c.Raw = append(c.Lines, *l), append(c.Raw, raw)
		c.Head = Head{l.Seq, seal.SHA256(raw)}
	}
	if untold != nil {
		c.Fault = fmt.Errorf("line %d: %w: %d bytes that no line tells of", len(c.Lines)+1, ErrFormat, untold.Size)
		return c
	}
	if len(passed) > 0 {
		c.Torn = &Torn{int64(len(passed)), sha256.Sum256(passed)}
	}
	return c
}

func follow(raw []byte, head Head, trusted func(*Line) bool) (*Line, error) {
	l, err := Parse(raw)
	switch {
	case err != nil:
		return nil, err
	case l.Seq != head.Seq+1:
		return nil, fmt.Errorf("%w: sequence %d after %d", ErrChain, l.Seq, head.Seq)
	case l.Prev != head.Hash:
		return nil, fmt.Errorf("%w: it names %s, the hash is %s", ErrChain, l.Prev, head.Hash)
	case !trusted(l):
		return nil, ErrSignature
	}
	return l, nil
}

// Longest returns the place of the content that has the most lines, of copies that must be the
// beginnings of one another. The error wraps [ErrFork], or is a copy's own fault.
func Longest(copies []Content) (int, error) {
	longest := 0
	for i := range copies {
		if copies[i].Fault != nil {
			return i, copies[i].Fault
		}
		if len(copies[i].Lines) > len(copies[longest].Lines) {
			longest = i
		}
	}
	for i := range copies {
		for k, raw := range copies[i].Raw {
			if !bytes.Equal(raw, copies[longest].Raw[k]) {
				return longest, fmt.Errorf("%w at line %d", ErrFork, k+1)
			}
		}
	}
	return longest, nil
}
