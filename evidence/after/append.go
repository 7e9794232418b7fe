package after

import (
	"errors"
	"fmt"
	"slices"

	"roomrec/evidence/seal"
)

// ErrNowhere says that no folder took a line.
var ErrNowhere = errors.New("no disk took what was to be added after the seal")

// Append signs e and adds it to the journal in each of the folders dirs, which are those of one sealed
// session on several volumes, and of which found was read by [Load], in the same order. It is the one way
// in which anything comes into these journals. Copies that lack lines which others have get them too, and
// a torn end that a power cut left on one of them is told of on all, by actor teller, before e. What it
// returns says of each folder why it did not take the line, nil where it did; the error is [ErrNowhere]
// when none did, wraps [ErrFork] when the copies contradict each other, or says what is wrong with one.
func Append(dirs []string, found []Content, e Entry, teller string, key seal.Key) ([]error, error) {
	longest, err := Longest(found)
	if err != nil {
		return nil, err
	}
	entries := []Entry{e}
	for _, c := range found {
		if c.Torn != nil {
			entries = slices.Insert(entries, len(entries)-1, Entry{Type: TypeTorn, Actor: teller, Data: *c.Torn, At: e.At})
		}
	}
	head, raws := found[longest].Head, slices.Clone(found[longest].Raw)
	for _, e := range entries {
		var raw []byte
		if raw, head, err = Next(head, e, key); err != nil {
			return nil, err
		}
		raws = append(raws, raw)
	}
	failed := make([]error, len(dirs))
	written := 0
	for i, dir := range dirs {
		if failed[i] = Add(dir, found[i], slices.Concat(raws[len(found[i].Lines):]...)); failed[i] == nil {
			written++
		}
	}
	if written == 0 {
		return failed, fmt.Errorf("%w: %w", ErrNowhere, errors.Join(failed...))
	}
	return failed, nil
}
