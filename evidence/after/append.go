package after

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"roomrec/evidence/seal"
)

// ErrNowhere says that no folder took a line.
var ErrNowhere = errors.New("no disk took what was to be added after the seal")

// ErrElsewhere says that the journal has grown since it was read: a command and the service write at once.
var ErrElsewhere = errors.New("someone else writes there; try again")

// Append signs e and adds it to the journal in each of the folders dirs, which are those of one sealed
// session on several volumes, and of which found was read by [Load], in the same order. It is the one way
// in which anything comes into these journals. Copies that lack lines which others have get them too, and
// a torn end that a power cut left on one of them is told of on all, by actor teller, before e. What it
// returns says of each folder why it did not take the line, nil where it did; the error is [ErrNowhere]
// when none did, wraps [ErrElsewhere] when another writer was quicker, wraps [ErrFork] when the copies contradict each other, or says what is wrong with one.
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
	// All write in one order, and whoever comes second writes nowhere: two writers who took a folder each
	// would leave copies that contradict each other for ever.
	order := make([]int, len(dirs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(dirs[a], dirs[b]) })
	for at, i := range order {
		failed[i] = Add(dirs[i], found[i], slices.Concat(raws[len(found[i].Lines):]...))
		if errors.Is(failed[i], ErrElsewhere) {
			for _, rest := range order[at+1:] {
				failed[rest] = failed[i]
			}
			break
		}
		if failed[i] == nil {
			written++
		}
	}
	if written == 0 {
		return failed, fmt.Errorf("%w: %w", ErrNowhere, errors.Join(failed...))
	}
	return failed, nil
}
