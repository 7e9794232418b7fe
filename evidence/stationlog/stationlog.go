// Package stationlog owns the station's log of its sessions: an entry for every opening and another for
// every seal, in a Merkle tree that only grows, so that a session that was opened cannot vanish and none
// can be slipped in later without the log's later heads contradicting its earlier ones.
//
// The form is that of C2SP tlog-tiles (https://c2sp.org/tlog-tiles) as files: nothing is ever replaced,
// so that the path "checkpoint" of that form is here the last file under "checkpoints". Heads are
// C2SP checkpoints (https://c2sp.org/tlog-checkpoint), signed by the station's key; witnesses add C2SP
// cosignatures (https://c2sp.org/tlog-cosignature). The format is docs/format.md, "Station log".
package stationlog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// Folder is where a log lies on a volume.
const Folder = "log"

// Errors that reading a log can wrap.
var (
	// ErrFormat: the bytes are not of this form. The log is damaged or altered.
	ErrFormat = errors.New("not of the station log's form")
	// ErrSignature: no signature by a known key is right.
	ErrSignature = errors.New("the head is not signed by a known key")
	// ErrFork: two histories contradict one another. One of them was altered.
	ErrFork = errors.New("the log contradicts what it was")
	// ErrNoLog: there is no log there.
	ErrNoLog = errors.New("no station log here")
)

// Kind says what an entry tells of a session.
type Kind string

// The kinds of entries.
const (
	Opened Kind = "opened" // Hash is that of the session's first journal line, newline included
	Sealed Kind = "sealed" // Hash is that of seal.note
)

// Entry is one entry of the log.
type Entry struct {
	Kind    Kind       `json:"kind"`
	Session string     `json:"session"`
	At      clock.Wall `json:"at"`     // when it happened, on the session's timeline
	Logged  clock.Wall `json:"logged"` // when it was logged, by the host's clock
	Hash    seal.Hash  `json:"sha256"`
	// Found says that it was not logged when it happened, but when the session was found on a disk.
	Found bool `json:"found"`
}

// maxEntry is the length that tlog-tiles allows, in bytes.
const maxEntry = 1<<16 - 1

// encode returns the one form of e.
func (e *Entry) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	if b.Len() > maxEntry {
		return nil, fmt.Errorf("%w: entry of %d bytes", ErrFormat, b.Len())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// parseEntry reads an entry in its one form.
func parseEntry(raw []byte) (Entry, error) {
	var e Entry
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return e, fmt.Errorf("%w: entry: %w", ErrFormat, err)
	}
	again, err := e.encode()
	if err != nil || !bytes.Equal(again, raw) {
		return e, fmt.Errorf("%w: entry written otherwise", ErrFormat)
	}
	if e.Kind != Opened && e.Kind != Sealed || e.Session == "" {
		return e, fmt.Errorf("%w: entry of kind %q", ErrFormat, e.Kind)
	}
	return e, nil
}

// Head is a signed head of the log: how many entries it has, and the hash over all of them.
type Head struct {
	Origin string
	Tree   tlog.Tree
	Note   []byte // with all signatures
}

func headText(origin string, t tlog.Tree) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, t.N, base64.StdEncoding.EncodeToString(t.Hash[:]))
}

// parseHeadText reads the text of a checkpoint.
func parseHeadText(text string) (Head, error) {
	var h Head
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" {
		return h, fmt.Errorf("%w: head: want origin, size and hash", ErrFormat)
	}
	n, err := strconv.ParseInt(lines[1], 10, 62)
	if err != nil || n < 0 {
		return h, fmt.Errorf("%w: head: size %q", ErrFormat, lines[1])
	}
	hash, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(hash) != tlog.HashSize {
		return h, fmt.Errorf("%w: head: hash %q", ErrFormat, lines[2])
	}
	h.Origin, h.Tree.N = lines[0], n
	copy(h.Tree.Hash[:], hash)
	if headText(h.Origin, h.Tree) != text {
		return h, fmt.Errorf("%w: head written otherwise", ErrFormat)
	}
	return h, nil
}

// ParseHead returns the head that a note states and the names of the keys that are known and rightly
// signed it, the station's and witnesses'. Without a right signature the error wraps [ErrSignature].
func ParseHead(b []byte, keys ...note.Verifier) (Head, []note.Signature, error) {
	if !strictly(b) {
		return Head{}, nil, fmt.Errorf("%w: head: signatures written otherwise", ErrFormat)
	}
	n, err := note.Open(b, seal.Known(keys...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		h, err := parseHeadText(unverified.Note.Text)
		if err != nil {
			return h, nil, err
		}
		h.Note = b
		return h, nil, fmt.Errorf("%w: size %d", ErrSignature, h.Tree.N)
	case err != nil:
		return Head{}, nil, fmt.Errorf("%w: head: %w", ErrFormat, err)
	}
	h, err := parseHeadText(n.Text)
	h.Note = b
	return h, n.Sigs, err
}

// strictly reports whether the signatures of a note are written in the one way: readers of base64 pass over
// bits that carry nothing, and a changed one must not go unseen.
func strictly(b []byte) bool {
	for line := range bytes.Lines(b[bytes.LastIndex(b, []byte("\n\n"))+1:]) {
		digits := strings.TrimSuffix(string(line[bytes.LastIndexByte(line, ' ')+1:]), "\n")
		raw, err := base64.StdEncoding.Strict().DecodeString(digits)
		if err != nil || base64.StdEncoding.EncodeToString(raw) != digits {
			return false
		}
	}
	return true
}

// tileHeight is the one that tlog-tiles prescribes.
const tileHeight = 8

// entriesLevel is the level by which package tlog names the tiles of entries.
const entriesLevel = -1

// tilePath returns a tile's path under the log, as tlog-tiles has it.
func tilePath(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	if rest, ok := strings.CutPrefix(p, "data/"); ok {
		p = "entries/" + rest
	}
	return path.Join("tile", p)
}

// headsIn is how many heads a folder of them holds.
const headsIn = 1000

// headPath returns the path of the head of the given size.
func headPath(size int64) string {
	return fmt.Sprintf("checkpoints/%09d/%012d", size/headsIn, size)
}

// bundle returns the bytes of a tile of entries.
func bundle(entries [][]byte) []byte {
	var b []byte
	for _, e := range entries {
		b = binary.BigEndian.AppendUint16(b, uint16(len(e)))
		b = append(b, e...)
	}
	return b
}

// unbundle is the reverse for a tile of n entries.
func unbundle(b []byte, n int) ([][]byte, error) {
	out := make([][]byte, 0, n)
	for range n {
		if len(b) < 2 {
			return nil, fmt.Errorf("%w: %d entries instead of %d", ErrFormat, len(out), n)
		}
		size := int(binary.BigEndian.Uint16(b))
		if len(b) < 2+size {
			return nil, fmt.Errorf("%w: entry %d is cut off", ErrFormat, len(out))
		}
		out = append(out, b[2:2+size])
		b = b[2+size:]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes after the last entry", ErrFormat, len(b))
	}
	return out, nil
}

func decodeSignature(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
