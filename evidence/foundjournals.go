package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// maxJump is how many numbers of journal files may be missing before one: each restart makes the next. One farther off
// was laid there, and whoever counted to it would not come back.
const maxJump = 1000

// readJournals follows the chain through all files, of each the copy that has the most lines, and
// requires of every other copy that it is a beginning of that one. A copy counts as far as it can be read; it
// returns the surveys without those of volumes whose copy has less for that than another.
func (f *Found) readJournals(surveys []*survey) ([]*survey, error) {
	var numbers []int
	for _, s := range surveys {
		numbers, f.Sealed = append(numbers, s.numbers...), f.Sealed || s.seals.Sealed()
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if n-f.number > maxJump {
			break // no restart made it
		}
		f.number = n
	}
	for n := 1; n <= f.number; n++ {
		var err error
		if surveys, err = f.readJournal(surveys, n); err != nil {
			return surveys, err
		}
	}
	for _, l := range f.Lines {
		f.later(l.At())
	}
	return surveys, nil
}

// journalCopy is a journal file on one volume.
type journalCopy struct {
	copied
	s       *survey
	content journal.Content
	lines   []journal.Line
}

func (c *journalCopy) whole() []byte { return c.b[:c.content.Whole] }

// readJournal reads the n-th journal file of all volumes.
func (f *Found) readJournal(surveys []*survey, n int) ([]*survey, error) {
	name := journal.FileName(n)
	next, err := nextHead(surveys, n, f.number)
	if err != nil {
		return surveys, err
	}
	var copies []*journalCopy
	best := &journalCopy{content: journal.Content{Head: f.head}}
	for _, s := range surveys {
		c := &journalCopy{s: s}
		c.copied, err = readAsFar(s.files, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			surveys = f.without(surveys, s.vol.ID(), err)
			continue
		}
		c.content, err = journal.ReadTo(bytes.NewReader(c.b), f.head, next.Seq, func(l *journal.Line, _ []byte) error {
			c.lines = append(c.lines, *l)
			return nil
		})
		if err != nil {
			return surveys, err
		}
		if short, long := min(c.content.Whole, best.content.Whole), max(c.content.Whole, best.content.Whole); long > 0 {
			if !bytes.Equal(c.b[:short], best.b[:short]) {
				return surveys, fmt.Errorf("%s: %w", name, ErrForked)
			}
		}
		copies = append(copies, c)
		if c.content.Whole > best.content.Whole {
			best = c
		}
	}
	var found []journal.Found
	for _, c := range copies {
		id := c.s.vol.ID()
		if c.err != nil && c.content.Whole < best.content.Whole {
			surveys = f.without(surveys, id, c.err)
			continue
		}
		if c.err != nil && f.damaged[id] == nil {
			f.damaged[id] = c.err
		}
		found = append(found, c.found(name))
		if c.content.Rest > 0 || c.err != nil {
			why := "the last line is torn"
			if c.content.Fault != nil {
				why = c.content.Fault.Error()
			}
			one := found[len(found)-1]
			f.Files = append(f.Files, FoundFile{
				Volume: id, File: name, Whole: one.Whole, Torn: one.Torn, TornSHA256: seal.Hash(one.TornSHA256), Unread: one.Unread, Why: unreadWhy(why, c.err),
			})
		}
	}
	if n == 1 && len(best.lines) == 0 {
		return surveys, fmt.Errorf("%s: no volume holds a whole line of it", name)
	}
	counts := seal.File{Path: name, Kind: seal.KindJournal, Size: best.content.Whole, SHA256: seal.SHA256(best.whole())}
	head, err := f.goesOnFrom(surveys, n, next, best.content.Head, len(found) == 0, &counts)
	if err != nil {
		return surveys, err
	}
	f.Lines, f.head, f.last, f.ends = append(f.Lines, best.lines...), head, found, append(f.ends, head)
	f.journals = append(f.journals, counts)
	if n == 1 {
		l := best.lines[0]
		first, err := journal.NewChain(journal.Head{}).Next(journal.Entry{Type: l.Type, Actor: l.Actor, Data: l.Data}, l.At(), l.Mono)
		if err != nil {
			return surveys, err
		}
		f.first = journal.Hash(seal.SHA256(first))
	}
	return surveys, nil
}

// found returns what the copy holds as the journal has it.
func (c *journalCopy) found(name string) journal.Found {
	one := c.content.Found(c.s.vol.ID(), name)
	one.Torn += c.unread
	one.Unread = c.unread
	return one
}

// nextHead returns the line that the journal file after the n-th goes on from; what stands in the n-th
// after that line was written and never acknowledged. Without such a file it is one of the highest
// number.
func nextHead(surveys []*survey, n, last int) (journal.Head, error) {
	for n++; n <= last; n++ {
		for _, s := range surveys {
			c, err := readAsFar(s.files, journal.FileName(n))
			if err != nil {
				continue // who reads the file itself says so
			}
			head, ok, err := journal.Before(bytes.NewReader(c.b))
			if err != nil || ok {
				return head, err
			}
		}
	}
	return journal.Head{Seq: math.MaxUint64}, nil
}
