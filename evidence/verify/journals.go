package verify

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

func journalNumber(path string) int {
	n, _ := journal.FileNumber(path)
	return n
}

// journals reads the chain of lines through all journal files.
func (c *check) journals() error {
	numbers := 0
	for path := range c.tree.files {
		numbers = max(numbers, journalNumber(path))
	}
	if c.s != nil {
		numbers = max(numbers, journalNumber(c.s.Journal.File))
	}
	var head journal.Head
	broken := false
	for n := 1; n <= numbers; n++ {
		path := journal.FileName(n)
		if _, ok := c.tree.files[path]; !ok {
			if !broken && (c.s == nil || c.files[path] == nil) {
				c.finding(Finding{Verdict: Incomplete, File: path, What: "missing between other journal files"})
			}
			broken = true
			continue
		}
		content, err := c.journal(path, n, head, broken)
		if err != nil {
			return err
		}
		stated := c.files[path]
		head, broken = content.Head, stated != nil && c.tree.files[path] < stated.Size
	}
	if c.s == nil || broken {
		return nil
	}
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
func (c *check) journal(path string, n int, head journal.Head, broken bool) (content journal.Content, err error) {
	f, err := c.tree.open(path)
	if err != nil {
		return content, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size := c.tree.files[path]
	limit := size
	stated := c.files[path]
	if stated != nil {
		limit = min(limit, stated.Size)
	}
	if broken {
		if head, err = before(f); err != nil {
			return content, err
		}
	}
	r := &hashing{ctx: c.ctx, r: f, meter: c.meter, sum: sha256.New()}
	index := 0
	content, err = journal.Read(io.NewSectionReader(r, 0, limit), head, func(line *journal.Line, raw []byte) error {
		index++
		c.line(path, n, index, line, raw)
		return nil
	})
	if err != nil {
		return content, err
	}
	c.f.Bytes += limit
	var le *journal.LineError
	switch {
	case errors.As(content.Fault, &le):
		explained := false
		if c.s == nil {
			if explained, err = c.tornLine(path, f, le, content.Whole, size); err != nil {
				return content, err
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
	return content, c.compare(path, r, size)
}

// before returns the head that the first line of a journal file names as the one before it.
func before(r io.ReaderAt) (journal.Head, error) {
	buf := make([]byte, journal.MaxLine)
	n, err := r.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return journal.Head{}, err
	}
	for i, b := range buf[:n] {
		if b == '\n' {
			if line, err := journal.Parse(buf[:i+1]); err == nil && line.Seq > 0 {
				return journal.Head{Seq: line.Seq - 1, Hash: line.Prev}, nil
			}
			break
		}
	}
	return journal.Head{}, nil
}

// line looks at what a line says about the folder.
func (c *check) line(path string, n, index int, line *journal.Line, raw []byte) {
	if n == 1 && index == 1 {
		c.first, c.known = sha256.Sum256(raw), true
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
	if err := json.Unmarshal(line.Data, &r); err != nil || r.Before != journal.FileName(n-1) {
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
