package stationlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"roomrec/clock"
)

// Sight is what a log holds of one session's opening or seal, and who saw it there.
type Sight struct {
	Entry *Entry // nil: the log does not hold it
	Index int64
	By    []SeenBy // in the order of the witnesses that were given; empty: none of them saw it
	// Unknown is how many others signed a head that is said to cover the entry: nobody here can tell who.
	Unknown int
}

// SeenBy says that a witness signed for heads that cover an entry.
type SeenBy struct {
	Witness      string
	First, Until clock.Wall // when it signed the first and the last of them, by its own clock, to the second
}

// See tells what the log holds of a session and which of the witnesses saw it, without reading all of the log:
// the last head and each witness's first and last word are checked, with the proof that each covers the entry. What
// witnesses signed is looked for beside the log that counts and on the volumes, to where it is carried back.
// An error that wraps [ErrFork] says that the log contradicts a head; one that wraps [ErrFormat] or [ErrSignature], that
// it is damaged or its last head not the station's. The whole of it is judged by [Read]. See may be called while
// [Log.Run] runs.
func (l *Log) See(kind Kind, session string, witnesses []*Witness) (Sight, error) {
	var out Sight
	keys, _, err := l.keys()
	if err != nil {
		return out, err
	}
	s, err := openStore(l.cfg.Dir, false, "")
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer func() { _ = s.Close() }() // it is only read
	head, err := s.last(keys)
	if err != nil || head.Note == nil {
		return out, err
	}
	raw, index, err := s.search(head.Tree.N, kind, session)
	if err != nil || raw == nil {
		return out, err
	}
	e, err := parseEntry(raw)
	if err != nil {
		return out, err
	}
	if err := s.covers(head, index, raw); err != nil {
		return out, err
	}
	out.Entry, out.Index = &e, index
	said, err := s.saidOf(index)
	if err != nil {
		return out, err
	}
	for _, dir := range l.cfg.Volumes() {
		more, err := saidOn(dir, l.cfg.Mark, index)
		var unread *fs.PathError
		if err != nil && !errors.As(err, &unread) {
			return out, err
		}
		said = append(said, more...) // a volume that cannot be read says nothing against what others have
	}
	slices.SortStableFunc(said, func(a, b word) int { return int(a.size - b.size) })
	for _, w := range witnesses {
		if err := s.seenBy(&out, head, raw, w, said); err != nil {
			return out, err
		}
	}
	others := map[string]bool{}
	for _, one := range said {
		if !slices.ContainsFunc(witnesses, func(w *Witness) bool { return one.by == fmt.Sprintf("%08x", w.hash) }) {
			others[one.by] = true
		}
	}
	out.Unknown = len(others)
	return out, nil
}

// search returns the bytes of an entry and its number, nil if none of the first n is it; from the latest back.
func (s *store) search(n int64, kind Kind, session string) ([]byte, int64, error) {
	id, err := json.Marshal(session)
	if err != nil {
		return nil, 0, err
	}
	for tile := (n - 1) >> tileHeight; tile >= 0; tile-- {
		all, err := s.entries(tile, int(min(n-tile<<tileHeight, 1<<tileHeight)))
		if err != nil {
			return nil, 0, err
		}
		for i, raw := range slices.Backward(all) {
			if !bytes.Contains(raw, id) {
				continue // most are of others, and need not be read
			}
			if e, err := parseEntry(raw); err != nil {
				return nil, 0, err
			} else if e.Kind == kind && e.Session == session {
				return raw, tile<<tileHeight + int64(i), nil
			}
		}
	}
	return nil, 0, nil
}

// covers proves that a head covers an entry of this log.
func (s *store) covers(h Head, index int64, raw []byte) error {
	proof, err := tlog.ProveRecord(h.Tree.N, index, tlog.TileHashReader(h.Tree, s))
	var lost *fs.PathError
	if errors.As(err, &lost) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		err = tlog.CheckRecord(proof, h.Tree.N, h.Tree.Hash, index, tlog.RecordHash(raw))
	}
	if err != nil {
		return fmt.Errorf("%w: entry %d is not under the head of %d entries: %w", ErrFork, index, h.Tree.N, err)
	}
	return nil
}

// word is a head that a witness signed, as its file's name tells.
type word struct {
	size int64
	by   string // hash of the witness's key, in hex
	data []byte
}

// of returns the head and when the witness signed it; 0 for what is another's or damaged: it says nothing.
func (o word) of(w *Witness) (Head, clock.Wall) {
	if o.by != fmt.Sprintf("%08x", w.hash) {
		return Head{}, 0
	}
	if h, sigs, err := ParseHead(o.data, w); err == nil && h.Tree.N == o.size {
		return h, timeOf(sigs[0])
	}
	return Head{}, 0
}

// saidOf returns the heads that witnesses signed and that cover an entry.
func (s *store) saidOf(index int64) ([]word, error) {
	names, err := s.cosigned()
	if err != nil {
		return nil, err
	}
	var out []word
	for _, name := range names {
		digits, by, _ := strings.Cut(path.Base(name), "-")
		size, err := strconv.ParseInt(digits, 10, 62)
		if err != nil || size <= index {
			continue
		}
		b, err := s.read(name)
		if err != nil {
			return nil, err
		}
		out = append(out, word{size, by, b})
	}
	return out, nil
}

// saidOn does so on a volume; there is nothing on one without a log.
func saidOn(dir, mark string, index int64) (out []word, err error) {
	s, err := openStore(dir, false, mark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.saidOf(index)
}

// seenBy takes in what one witness said, from the first that is right to the last.
func (s *store) seenBy(out *Sight, last Head, raw []byte, w *Witness, said []word) error {
	at := func(one word) (clock.Wall, error) {
		h, when := one.of(w)
		switch {
		case when == 0:
			return 0, nil
		case h.Origin != last.Origin || h.Tree.N > last.Tree.N:
			return 0, fmt.Errorf("%w: %s saw %d entries of the log %s, this is %s with %d", ErrFork, w.name, h.Tree.N, h.Origin, last.Origin, last.Tree.N)
		}
		return when, s.covers(h, out.Index, raw)
	}
	seen := SeenBy{Witness: w.name}
	for _, one := range said {
		when, err := at(one)
		if err != nil {
			return err
		}
		if when != 0 {
			seen.First = when
			break
		}
	}
	for _, one := range slices.Backward(said) {
		when, err := at(one)
		if err != nil {
			return err
		}
		if when != 0 {
			seen.Until = when
			break
		}
	}
	if seen.First != 0 {
		out.By = append(out.By, seen)
	}
	return nil
}
