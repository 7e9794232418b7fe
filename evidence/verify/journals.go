package verify

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"roomrec/evidence/journal"
	"roomrec/evidence/jsonform"
	"roomrec/evidence/seal"
)

func journalNumber(path string) int {
	n, _ := journal.FileNumber(path)
	return n
}

// journalNumbers returns the numbers of the journal files that are here or that the seal lists, in order. A name
// may hold any number: whoever reads counts files, not numbers.
func (c *check) journalNumbers() []int {
	var all []int
	for path := range c.tree.files {
		if !c.added(path) {
			all = append(all, journalNumber(path))
		}
	}
	for path := range c.files {
		all = append(all, journalNumber(path))
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n == 0 })
}

// added reports whether a journal file holds nothing and is none that the seal lists.
func (c *check) added(path string) bool {
	return c.s != nil && c.files[path] == nil && c.tree.files[path] == 0
}

// journals reads the chain of lines through all journal files.
func (c *check) journals() error {
	numbers := c.journalNumbers()
	var head journal.Head
	broken, want := false, 1
	for i, n := range numbers {
		path := journal.FileName(n)
		if n != want {
			if !broken {
				c.finding(Finding{Verdict: Incomplete, File: journal.FileName(want), What: "missing between other journal files"})
			}
			broken = true
		}
		want = n + 1
		if _, ok := c.tree.files[path]; !ok {
			// Of one of which nothing was ever acknowledged nothing is missing.
			broken = broken || c.files[path].Size > 0
			continue
		}
		next, err := c.successor(numbers[i+1:])
		if err != nil {
			return err
		}
		content, short, err := c.journal(path, n, head, next, broken)
		if err != nil {
			if err := c.unreadable(path, err); err != nil {
				return err
			}
			short = true
		}
		if broken && content.Lines == 0 {
			continue // a file without a line says nothing of what comes before the next
		}
		head, broken = content.Head, short
	}
	if c.s == nil || broken {
		return nil
	}
	c.replayed()
	j := c.s.Journal
	switch {
	case head.Seq < j.Lines:
		c.finding(Finding{Verdict: Incomplete, File: j.File, What: fmt.Sprintf("the journal ends with line %d of %d", head.Seq, j.Lines)})
	case head.Seq != j.Lines || seal.Hash(head.Hash) != j.SHA256:
		c.altered(j.File, "the journal ends with line %d, hash %s; the seal states line %d, hash %s", head.Seq, head.Hash, j.Lines, j.SHA256)
	}
	return nil
}

// journal reads one file, whose first line must follow head. After a missing file the chain begins
// with whatever the file says came before.
// What the file after it does not go on from does not count. short says that its end is not here.
func (c *check) journal(path string, n int, head journal.Head, next successor, broken bool) (content journal.Content, short bool, err error) {
	f, err := c.tree.open(path)
	if err != nil {
		return content, false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size := c.tree.files[path]
	limit := size
	stated := c.files[path]
	if stated != nil {
		limit = min(limit, stated.Size)
		short = size < stated.Size
	}
	part, err := c.part(path, f, size)
	if err != nil {
		return content, false, err
	}
	if part != nil {
		limit, short = part.Size, true
	}
	if broken {
		c.replay.lost = true
		if head, _, err = journal.Before(io.NewSectionReader(f, 0, size)); err != nil {
			return content, short, err
		}
	}
	last := uint64(math.MaxUint64)
	if c.s == nil && next.found {
		last = next.head.Seq
	}
	r := newHashing(c.ctx, f, c.meter)
	defer r.settle()
	index := 0
	content, err = journal.ReadTo(io.NewSectionReader(r, 0, limit), head, last, func(line *journal.Line, raw []byte) error {
		index++
		c.line(path, n, index, line, raw)
		return nil
	})
	if err != nil {
		return content, short, err
	}
	c.f.Bytes += limit
	if part != nil {
		c.f.held[path] = held{size: part.Size}
		return content, short, nil
	}
	var le *journal.LineError
	switch {
	case c.s == nil && next.explains(path, &content):
		if content.Head.Seq < next.head.Seq {
			c.finding(Finding{Verdict: Incomplete, File: path, Line: content.Lines + 1, What: fmt.Sprintf(
				"this copy ends with line %d, the file that follows goes on from line %d: the volume had left", content.Head.Seq, next.head.Seq)})
			short = true
		}
	case errors.As(content.Fault, &le):
		explained := false
		if c.s == nil {
			if explained, err = c.tornLine(path, f, le, content.Whole, size); err != nil {
				return content, short, err
			}
		}
		if explained {
			break
		}
		c.finding(Finding{Verdict: Altered, File: path, Offset: le.Offset, Line: le.Line, What: le.Err.Error()})
	case content.Torn() && stated != nil && size < stated.Size:
		// The cut file is reported below.
	case content.Torn() && c.s != nil:
		c.finding(Finding{Verdict: Altered, File: path, Offset: content.Whole, Line: content.Lines + 1, What: "a torn line inside the length that the seal states"})
	}
	if stated != nil && stated.Kind != seal.KindJournal {
		c.altered(path, "the seal states it as a %s", stated.Kind)
	}
	if err := c.compare(path, r, size); err != nil {
		return content, short, err
	}
	if c.s == nil {
		c.f.held[path] = held{size: content.Whole}
	}
	return content, short, nil
}

// successor is what the journal file after one says of it.
type successor struct {
	found   bool
	number  int          // of the file
	head    journal.Head // that it goes on from
	resumed journal.Resumed
}

// successor reads the first line of the first of the files with the given numbers that has one. What it found
// stays the answer for the files between: they have none.
func (c *check) successor(numbers []int) (s successor, err error) {
	if len(numbers) > 0 && c.next.number >= numbers[0] {
		return c.next, nil
	}
	defer func() { c.next = s }()
	s.number = math.MaxInt
	for _, n := range numbers {
		path := journal.FileName(n)
		if _, ok := c.tree.files[path]; !ok {
			continue
		}
		f, err := c.tree.open(path)
		if err != nil {
			return s, err
		}
		line, err := firstLine(f)
		if err := errors.Join(err, f.Close()); err != nil || line == nil {
			continue // what cannot be read is said of when the file itself is
		}
		s.found, s.number, s.head = true, n, journal.Head{Seq: line.Seq - 1, Hash: line.Prev}
		// A line that is none of a restart is found out when its file is read.
		if jsonform.Unmarshal(line.Data, &s.resumed) != nil {
			s.resumed = journal.Resumed{}
		}
		return s, nil
	}
	return s, nil
}

// explains reports whether the file was found as it is by the one that follows.
func (s *successor) explains(path string, c *journal.Content) bool {
	for _, f := range s.resumed.Volumes {
		if f.File == path && f.Whole == c.Whole && f.WholeSHA256 == c.WholeSHA256 && (c.Rest == 0 || f.Torn == c.Rest && f.TornSHA256 == c.RestSHA256) {
			return c.Rest > 0 || c.Head.Seq < s.head.Seq
		}
	}
	return false
}

// firstLine returns the first line of a journal file, nil if it is none.
func firstLine(r io.ReaderAt) (*journal.Line, error) {
	buf := make([]byte, journal.MaxLine)
	n, err := r.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	raw, _, full := bytes.Cut(buf[:n], []byte{'\n'})
	if !full {
		return nil, nil
	}
	if line, err := journal.Parse(buf[:len(raw)+1]); err == nil && line.Seq > 0 {
		return line, nil
	}
	return nil, nil
}

// line looks at what a line says about the folder.
func (c *check) line(path string, n, index int, line *journal.Line, raw []byte) {
	if n == 1 && index == 1 {
		c.first, c.known = sha256.Sum256(raw), true
	}
	if err := oneForm(line.Data); err != nil {
		c.finding(Finding{Verdict: Altered, File: path, Line: index, What: "data: " + err.Error()})
		return
	}
	c.replayLine(path, index, line)
	switch line.Type {
	case seal.TypeCheckpoint:
		c.checkpoint(path, index, line)
	case typeKeyMissing:
		c.keyMissing = true
	}
	resumed := line.Type == journal.TypeResumed
	if resumed != (n > 1 && index == 1) {
		c.finding(Finding{Verdict: Altered, File: path, Line: index, What: "a file after a restart begins with " + journal.TypeResumed + ", and no other line is one"})
		return
	}
	if !resumed {
		return
	}
	var r journal.Resumed
	if err := jsonform.Unmarshal(line.Data, &r); err != nil || r.Before != journal.FileName(n-1) {
		c.finding(Finding{Verdict: Altered, File: path, Line: index, What: "it does not name the journal file before it"})
		return
	}
	for _, f := range r.Volumes {
		// What a volume that lagged behind held is less; nothing that counts is more than the seal's.
		if s := c.files[f.File]; s != nil && s.Size == f.Whole && s.SHA256 != seal.Hash(f.WholeSHA256) {
			c.finding(Finding{Verdict: Altered, File: f.File, What: fmt.Sprintf("%s found it with another hash than the seal states", path)})
		}
	}
}
