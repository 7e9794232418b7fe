package stationlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"roomrec/clock"
)

// History is a log that was read, all of it.
type History struct {
	Dir string
	// Head is the last one. Trusted says that it, and every other, is signed by a known key.
	Head    Head
	Trusted bool
	Heads   int // how many there are
	Entries []Entry
	// Witnessed is what known witnesses signed, by size.
	Witnessed []Witnessed
	// Findings are what is wrong, and where. A history without any is consistent: every head that is
	// there is of the same entries.
	Findings []string

	hashes []tlog.Hash // stored, as package tlog numbers them
}

// Witnessed says that a witness saw the log up to a size.
type Witnessed struct {
	By   string
	Size int64
	At   clock.Wall // by the witness's clock
}

// maxFindings bounds what is listed.
const maxFindings = 100

func (h *History) finding(format string, a ...any) {
	if len(h.Findings) < maxFindings {
		h.Findings = append(h.Findings, fmt.Sprintf(format, a...))
	}
}

// ReadHashes gives the hashes that were computed from the entries.
func (h *History) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		if i < 0 || i >= int64(len(h.hashes)) {
			return nil, fmt.Errorf("hash %d: the log has %d", i, len(h.hashes))
		}
		out = append(out, h.hashes[i])
	}
	return out, nil
}

// Find returns the folder of the log that belongs to a path: the path itself, or its folder "log", if
// a log lies there; [ErrNoLog] otherwise.
func Find(dir string) (string, error) {
	for _, d := range []string{dir, filepath.Join(dir, Folder)} {
		if info, err := os.Stat(filepath.Join(d, "checkpoints")); err == nil && info.IsDir() {
			return d, nil
		}
	}
	return "", fmt.Errorf("%s: %w", dir, ErrNoLog)
}

// Read reads the log in dir, computes its tree anew from its entries, and compares every tile and every
// head with it. What is wrong is in the history; an error says that nothing can be said. Without keys
// no head is trusted.
func Read(dir string, keys []note.Verifier, witnesses []*Witness) (h *History, err error) {
	s, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	sizes, err := s.sizes(0)
	if err != nil {
		return nil, err
	}
	if len(sizes) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoLog)
	}
	h = &History{Dir: dir, Heads: len(sizes), Trusted: len(keys) > 0}
	heads := map[int64]Head{}
	for _, n := range sizes {
		b, err := s.read(headPath(n))
		if errors.Is(err, ErrFormat) {
			h.finding("%v", err)
			continue
		}
		if err != nil {
			return nil, err
		}
		head, _, err := ParseHead(b, keys...)
		switch {
		case errors.Is(err, ErrSignature):
			h.Trusted = false
			if len(keys) > 0 {
				h.finding("%s: not signed by a known key", headPath(n))
			}
		case err != nil:
			h.finding("%s: %v", headPath(n), err)
			continue
		}
		if head.Tree.N != n {
			h.finding("%s: it states %d entries", headPath(n), head.Tree.N)
			continue
		}
		if h.Head.Origin != "" && head.Origin != h.Head.Origin {
			h.finding("%s: it is of the log %s, others of %s", headPath(n), head.Origin, h.Head.Origin)
		}
		heads[n], h.Head = head, head
	}
	if err := h.readEntries(s); err != nil {
		return nil, err
	}
	for _, n := range sizes {
		if head, ok := heads[n]; ok {
			h.compare(headPath(n), head)
		}
	}
	if err := h.compareTiles(s); err != nil {
		return nil, err
	}
	return h, h.readCosigned(s, witnesses)
}

// readEntries reads the entries up to the last head and computes the hashes over them.
func (h *History) readEntries(s *store) error {
	size := h.Head.Tree.N
	for n := int64(0); n < size; n += 1 << tileHeight {
		width := int(min(size-n, 1<<tileHeight))
		part, err := s.entries(n>>tileHeight, width)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			h.finding("entries from %d on are missing", n)
			return nil
		case errors.Is(err, ErrFormat):
			h.finding("%v", err)
			return nil
		case err != nil:
			return err
		}
		leaves, err := s.tile(tlog.Tile{H: tileHeight, N: n >> tileHeight, W: width})
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrFormat) {
			return err
		}
		for i, raw := range part {
			at := n + int64(i)
			leaf := tlog.RecordHash(raw)
			if len(leaves) == width*tlog.HashSize && !bytes.Equal(leaves[i*tlog.HashSize:(i+1)*tlog.HashSize], leaf[:]) {
				h.finding("entry %d is not what was logged: its hash is not that of the tile of hashes", at)
			}
			e, err := parseEntry(raw)
			if err != nil {
				h.finding("entry %d: %v", at, err)
			}
			h.Entries = append(h.Entries, e)
			hashes, err := tlog.StoredHashesForRecordHash(at, leaf, h)
			if err != nil {
				return err
			}
			h.hashes = append(h.hashes, hashes...)
		}
	}
	return nil
}

// compare compares a head with the entries.
func (h *History) compare(name string, head Head) {
	if head.Tree.N > int64(len(h.Entries)) {
		return // said already
	}
	root, err := tlog.TreeHash(head.Tree.N, h)
	if err != nil || head.Tree.N > 0 && root != head.Tree.Hash {
		h.finding("%s: it is of other entries than the first %d that are here", name, head.Tree.N)
	}
}

// compareTiles compares the tiles of hashes of the last head.
func (h *History) compareTiles(s *store) error {
	if int64(len(h.Entries)) < h.Head.Tree.N {
		return nil
	}
	for _, t := range tlog.NewTiles(tileHeight, 0, h.Head.Tree.N) {
		want, err := tlog.ReadTileData(t, h)
		if err != nil {
			return err
		}
		have, err := s.tile(t)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			h.finding("%s is missing", tilePath(t))
		case errors.Is(err, ErrFormat):
			h.finding("%v", err)
		case err != nil:
			return err
		case !bytes.Equal(have, want):
			h.finding("%s: it is not of the entries that are here", tilePath(t))
		}
	}
	return nil
}

// readCosigned takes in what the witnesses signed.
func (h *History) readCosigned(s *store, witnesses []*Witness) error {
	names, err := s.cosigned()
	if err != nil {
		return err
	}
	verifiers := make([]note.Verifier, 0, len(witnesses))
	for _, w := range witnesses {
		verifiers = append(verifiers, w)
	}
	for _, name := range names {
		b, err := s.read(name)
		if errors.Is(err, ErrFormat) {
			h.finding("%v", err)
			continue
		}
		if err != nil {
			return err
		}
		head, sigs, err := ParseHead(b, verifiers...)
		if errors.Is(err, ErrSignature) {
			continue // by a witness that is not known here
		}
		if err != nil {
			h.finding("%s: %v", name, err)
			continue
		}
		if head.Origin != h.Head.Origin {
			h.finding("%s: a witness saw the log %s, this is %s", name, head.Origin, h.Head.Origin)
			continue
		}
		if head.Tree.N > int64(len(h.Entries)) {
			h.finding("%s: a witness saw %d entries, %d are here", name, head.Tree.N, len(h.Entries))
			continue
		}
		h.compare(name, head)
		for _, sig := range sigs {
			h.Witnessed = append(h.Witnessed, Witnessed{By: sig.Name, Size: head.Tree.N, At: timeOf(sig)})
		}
	}
	slices.SortStableFunc(h.Witnessed, func(a, b Witnessed) int { return int(a.Size - b.Size) })
	return nil
}

// timeOf returns the time in a cosignature.
func timeOf(s note.Signature) clock.Wall {
	raw, err := decodeSignature(s.Base64)
	if err != nil || len(raw) < 12 {
		return 0
	}
	return clock.Wall(time.Duration(binary.BigEndian.Uint64(raw[4:])) * time.Second)
}

// Inclusion is the place of a session's entry, with the proof that the last head covers it.
type Inclusion struct {
	Entry Entry
	Index int64
	Proof tlog.RecordProof
	// Witnessed are those who saw a head that covers it, each with the earliest.
	Witnessed []Witnessed
}

// Count returns how many entries of that kind the log has of a session.
func (h *History) Count(kind Kind, session string) (n int) {
	for _, e := range h.Entries {
		if e.Kind == kind && e.Session == session {
			n++
		}
	}
	return n
}

// Lookup returns the entry of a session, nil if there is none.
func (h *History) Lookup(kind Kind, session string) (*Inclusion, error) {
	i := slices.IndexFunc(h.Entries, func(e Entry) bool { return e.Kind == kind && e.Session == session })
	if i < 0 {
		return nil, nil
	}
	n := int64(i)
	in := &Inclusion{Entry: h.Entries[i], Index: n}
	var err error
	if in.Proof, err = tlog.ProveRecord(h.Head.Tree.N, n, h); err != nil {
		return nil, fmt.Errorf("%w: entry %d cannot be proven: %w", ErrFork, n, err)
	}
	raw, err := in.Entry.encode()
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(in.Proof, h.Head.Tree.N, h.Head.Tree.Hash, n, tlog.RecordHash(raw)); err != nil {
		return nil, fmt.Errorf("%w: entry %d is not under the last head", ErrFork, n)
	}
	for _, w := range h.Witnessed {
		if w.Size > n && !slices.ContainsFunc(in.Witnessed, func(o Witnessed) bool { return o.By == w.By }) {
			in.Witnessed = append(in.Witnessed, w)
		}
	}
	return in, nil
}
