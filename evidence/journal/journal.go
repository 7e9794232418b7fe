// Package journal owns the lines that say who did what when in a session, and the hash chain that
// holds them together. It is pure: it makes and reads bytes, others put them on disks.
//
// # Format
//
// A journal is a series of files, journal-0001.jsonl and on, a new one after every restart. A line
// is one JSON object with exactly these fields in this order, without white space between them, and
// ends with a newline:
//
//	seq             counts the lines of a session from 1, on through its files
//	wall            UTC, RFC 3339 with nine fractional digits, on the session's timeline
//	uncertainty_ns  how far wall may be off, to either side
//	mono            the host's monotonic clock in nanoseconds; of one boot
//	type            what happened, as in "session.opened"
//	actor           who did it, as in "officer:li" or "controller"
//	data            an object: what the type needs; {} if nothing
//	prev            SHA-256 of the line before, in lower-case hex
//
// The hash of a line is taken over all of its bytes including the newline, so that
//
//	head -n 1 journal-0001.jsonl | sha256sum
//
// shows it. prev of the session's first line is 64 zeros. The first line of every later file has the
// type [TypeResumed] and its prev is the hash of the last whole line before the restart; its data
// ([Resumed]) names, per volume, how much of the file before is whole and what torn rest follows it.
// Nothing is ever cut off: the torn rest stays where it was found.
package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/evidence/jsonform"
)

// MaxLine is the greatest length of a line in bytes, its newline included.
const MaxLine = 1 << 20

// ActorController is the actor of what the program did by itself.
const ActorController = "controller"

// TypeResumed is the type of the first line of a file after a restart; its data is a [Resumed].
const TypeResumed = "journal.resumed"

// Hash is the SHA-256 of a line, its newline included.
type Hash [sha256.Size]byte

// String returns h in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns h in lower-case hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 lower-case hex digits.
func (h *Hash) UnmarshalText(b []byte) error {
	var v Hash
	if len(b) != hex.EncodedLen(len(v)) || !bytes.Equal(b, bytes.ToLower(b)) {
		return fmt.Errorf("hash %q: want 64 lower-case hex digits", b)
	}
	if _, err := hex.Decode(v[:], b); err != nil {
		return fmt.Errorf("hash %q: %w", b, err)
	}
	*h = v
	return nil
}

// Entry is what someone asks to be written.
type Entry struct {
	Type  string
	Actor string
	// Data is marshalled as JSON and must come out as an object; nil becomes {}.
	Data any
	// At and Mono say when it happened; with a zero At whoever writes takes the present.
	At   clock.Instant
	Mono clock.Mono
}

// Line is one line of a journal. Its fields stand in the order of the format.
type Line struct {
	Seq         uint64          `json:"seq"`
	Wall        clock.Wall      `json:"wall"`
	Uncertainty time.Duration   `json:"uncertainty_ns"`
	Mono        clock.Mono      `json:"mono"`
	Type        string          `json:"type"`
	Actor       string          `json:"actor"`
	Data        json.RawMessage `json:"data"`
	Prev        Hash            `json:"prev"`
}

// At returns the line's place on the session's timeline.
func (l *Line) At() clock.Instant {
	return clock.Instant{Wall: l.Wall, Uncertainty: l.Uncertainty}
}

// Head is the end of a chain: the number and hash of its last line. The zero Head is the beginning
// of a session's chain.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash Hash   `json:"sha256"`
}

// Chain makes lines. It is a value with one owner.
type Chain struct{ head Head }

// NewChain returns the chain that goes on after head; the zero Head begins one.
func NewChain(head Head) *Chain { return &Chain{head} }

// Head returns the end of the chain.
func (c *Chain) Head() Head { return c.head }

// Next returns the bytes of the line that records e at the given time, its newline included, and
// moves the chain on to it. On an error the chain stays as it was.
func (c *Chain) Next(e Entry, at clock.Instant, mono clock.Mono) ([]byte, error) {
	data, err := marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("journal: data of %q: %w", e.Type, err)
	}
	if e.Data == nil {
		data = []byte("{}")
	}
	if _, asItIs := e.Data.(json.RawMessage); !asItIs {
		data = jsonform.Readable(data)
	}
	line := Line{
		Seq:         c.head.Seq + 1,
		Wall:        at.Wall,
		Uncertainty: at.Uncertainty,
		Mono:        mono,
		Type:        strings.ToValidUTF8(e.Type, "\uFFFD"),
		Actor:       strings.ToValidUTF8(e.Actor, "\uFFFD"),
		Data:        data,
		Prev:        c.head.Hash,
	}
	if err := line.check(); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	b, err := line.encode()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	c.head = Head{line.Seq, sha256.Sum256(b)}
	return b, nil
}

// check reports what the format does not allow in l.
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

// encode returns the one form of l that the format allows, its newline included.
func (l *Line) encode() ([]byte, error) {
	b, err := marshal(l)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	if len(b) > MaxLine {
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

const (
	filePrefix = "journal-"
	fileSuffix = ".jsonl"
)

// FileName returns the name of a session's n-th journal file, counted from 1.
func FileName(n int) string { return fmt.Sprintf("%s%04d%s", filePrefix, n, fileSuffix) }

// FileNumber returns the number of the journal file with the given base name, and whether it is one.
func FileNumber(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, filePrefix)
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, fileSuffix)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || FileName(n) != name {
		return 0, false
	}
	return n, true
}

// Resumed is the data of a line of type [TypeResumed].
type Resumed struct {
	// Before is the base name of the file before.
	Before string `json:"before"`
	// Volumes says what each volume of the session held of it when the session was found.
	Volumes []Found `json:"volumes"`
}

// Found is a file as it was found on one volume after a restart.
type Found struct {
	Volume string `json:"volume"`
	File   string `json:"file"` // path under the session's folder
	// Whole is the length in bytes of what can be used, and its hash.
	Whole       int64 `json:"whole"`
	WholeSHA256 Hash  `json:"whole_sha256"`
	// Torn is the length in bytes of what follows it and is never used, 0 if there is nothing, and
	// its hash.
	Torn       int64 `json:"torn"`
	TornSHA256 Hash  `json:"torn_sha256"`
	// Unread is how many bytes at the end of that could not be read, and are in no hash.
	Unread int64 `json:"unread,omitempty"`
}
