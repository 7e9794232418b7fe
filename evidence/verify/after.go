package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"roomrec/evidence/after"
	"roomrec/evidence/jsonform"
	"roomrec/evidence/seal"
)

// After is what was found in a sealed session's folder after/: documents and statements that came
// later. It is judged apart: what is wrong there says nothing of what was recorded.
type After struct {
	// Verdict is intact, incomplete (a document that a line names is not here, or a torn end), unsealed
	// (a document that no line names) or altered.
	Verdict   Verdict   `json:"verdict"`
	Lines     int       `json:"lines"`
	Documents int       `json:"documents"`
	Findings  []Finding `json:"findings,omitempty"`

	content after.Content
}

func (a *After) finding(v Verdict, file string, line int, what string, args ...any) {
	a.Verdict = worse(a.Verdict, v)
	if len(a.Findings) < MaxFindings {
		a.Findings = append(a.Findings, Finding{Verdict: v, File: file, Line: line, What: fmt.Sprintf(what, args...)})
	}
}

// after judges what came after the seal; nothing is said without a readable seal.
func (c *check) after() error {
	root := filepath.Join(c.tree.dir, afterFolder)
	if _, err := os.Lstat(root); errors.Is(err, fs.ErrNotExist) || c.s == nil {
		return nil
	}
	a := &After{Verdict: Intact}
	files := map[string]bool{}
	var journal fs.FileInfo // nil where there is none that can be read: a pipe would never end
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(c.tree.dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() && rel != after.JournalName {
			return nil
		}
		if !d.Type().IsRegular() || rel == afterFolder {
			a.finding(Altered, rel, 0, "neither a file nor a folder")
			return nil
		}
		if rel != after.JournalName {
			files[rel] = true
			return nil
		}
		journal, err = d.Info()
		return err
	})
	if err != nil {
		return err
	}
	trusted := func(l *after.Line) bool { return l.SignedBy(c.s.Key) || l.SignedWith(c.options.keys()...) }
	switch {
	case journal == nil:
		a.content = after.Content{Head: after.Head{Hash: seal.SHA256(c.f.seal)}}
	case journal.Size() > after.MaxJournal:
		a.content.Fault = fmt.Errorf("%d bytes: larger than any", journal.Size())
	default:
		if a.content, err = after.LoadBy(c.tree.dir, seal.SHA256(c.f.seal), trusted); err != nil {
			return err
		}
	}
	a.Lines = len(a.content.Lines)
	if errors.Is(a.content.Fault, after.ErrSignature) {
		a.finding(Altered, after.JournalName, a.Lines+1, "%v; if the station has changed its key, name the new one too with --key", a.content.Fault)
	} else if a.content.Fault != nil {
		a.finding(Altered, after.JournalName, a.Lines+1, "%v", a.content.Fault)
	}
	if a.content.Torn != nil {
		a.finding(Incomplete, after.JournalName, a.Lines+1, "%d bytes at its end were not finished", a.content.Torn.Size)
	}
	for i := range a.content.Lines {
		if err := c.document(a, files, i); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] {
			a.finding(Unsealed, name, 0, "no line names it: it was added, or whoever added it did not finish")
		}
	}
	c.f.After = a
	return nil
}

// document compares the document that a line adds with what it states.
func (c *check) document(a *After, files map[string]bool, i int) error {
	stamped := a.content.Lines[i].Type == after.TypeTimestamped
	if err := oneForm(a.content.Lines[i].Data); err != nil {
		a.finding(Altered, after.JournalName, i+1, "data: %v", err)
		return nil
	}
	var stated struct { // of whatever kind it is: a file that is named with no hash is named
		File   any `json:"file"`
		SHA256 any `json:"sha256"`
	}
	if err := jsonform.Unmarshal(a.content.Lines[i].Data, &stated); err != nil {
		return err // it was read before
	}
	file, _ := stated.File.(string)
	if file == "" {
		if stamped {
			c.wrongStamp(a, Altered, after.JournalName, i+1, "it says that the seal was time-stamped, and names no token")
		}
		return nil // a line that adds nothing names no file; a file that no line names is found
	}
	if path.Clean(file) != file || !fs.ValidPath(file) || !segmentIn(file, afterFolder) {
		a.finding(Altered, after.JournalName, i+1, "it names a file outside the folder")
		return nil
	}
	a.Documents++
	finding := func(v Verdict, what string, args ...any) {
		if stamped {
			c.wrongStamp(a, v, file, 0, what, args...)
			return
		}
		a.finding(v, file, 0, what, args...)
	}
	if _, here := files[file]; !here {
		finding(Incomplete, "missing; line %d names it", i+1)
		return nil
	}
	files[file] = false
	sum, err := c.sum(file)
	if err != nil {
		return err
	}
	if sum.String() != stated.SHA256 {
		finding(Altered, "not as it was added: its hash is %s, line %d states %v", sum, i+1, stated.SHA256)
		return nil
	}
	if stamped {
		return c.stamped(a, file)
	}
	return nil
}

func segmentIn(name, folder string) bool {
	return len(name) > len(folder) && name[:len(folder)+1] == folder+"/"
}

func (c *check) sum(name string) (sum seal.Hash, err error) {
	f, err := c.tree.open(name)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	n, err := io.Copy(h, reading{c.ctx, f})
	c.f.Bytes += n
	h.Sum(sum[:0])
	return sum, err
}

// reading ends with its context.
type reading struct {
	ctx context.Context
	r   io.Reader
}

func (r reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// compareAfter compares what copies hold of what came after the seal: one may have less than another.
func compareAfter(copies []*Folder, finding func(Verdict, string, string)) {
	var all []after.Content
	for _, f := range copies {
		if f.After != nil && f.After.content.Fault == nil {
			all = append(all, f.After.content)
		}
	}
	if len(all) < 2 {
		return
	}
	if _, err := after.Longest(all); err != nil {
		finding(Altered, after.JournalName, err.Error())
	}
}
