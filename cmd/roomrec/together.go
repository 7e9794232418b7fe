package main

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// holder is a volume that holds a session's folder.
type holder struct {
	files fs.FS
	dir   string // the volume's folder
	id    string // the volume's id; empty: not known
}

// together is a session's folder as its copies hold it between them, as the [fs.FS] of one volume: of every file
// as much as counts, from the volume that holds most of it. A volume that was away lacks for good what was recorded
// meanwhile, and volumes may have been away in turn, so that none of them has everything. It belongs to one
// goroutine, and is made anew to see what came since.
type together struct {
	at      string // path of the session's folder
	by      []holder
	noted   int // whose seal counts, among by; -1: there is none
	note    []byte
	sealed  *seal.Statement
	damaged error // why the seal cannot be read
	counted map[string]*seal.File
	problem error // what could not be read of copies that are left out
}

// heldTogether returns the session's folder at a path of volumes. A copy whose folder cannot be read is left out as long
// as another can be. So is one with another seal, of which the seal that counts does not say that it was given up:
// the verifier says what that is.
func heldTogether(holders []holder, at string) (*together, error) {
	t := &together{at: at, noted: -1}
	var notes [][]byte // nil: no seal
	for _, h := range holders {
		a, err := seal.Find(h.files, at)
		if err != nil {
			t.problem = errors.Join(t.problem, err)
			continue
		}
		if !a.Sealed() {
			a.Note = nil
		}
		t.by, notes = append(t.by, h), append(notes, a.Note)
		if a.Note == nil || bytes.Equal(a.Note, t.note) {
			continue
		}
		s, err := seal.Parse(a.Note)
		if t.noted >= 0 && (err != nil || t.sealed != nil && !seal.GivenUp(a.Note, t.note)) {
			continue
		}
		t.note, t.noted, t.sealed, t.damaged = a.Note, len(t.by)-1, nil, err
		if err == nil { // else it is for verify to judge; the recording can be looked at
			t.sealed = &s
		}
	}
	if len(t.by) == 0 {
		return nil, cmp.Or[error](t.problem, fs.ErrNotExist)
	}
	if t.noted >= 0 {
		counts := t.by[t.noted]
		var by []holder
		for i, h := range t.by {
			if notes[i] == nil || bytes.Equal(notes[i], t.note) || seal.GivenUp(t.note, notes[i]) {
				by = append(by, h)
			}
		}
		t.by, t.noted = by, slices.IndexFunc(by, func(h holder) bool { return h.dir == counts.dir })
	}
	if t.sealed != nil {
		t.counted = make(map[string]*seal.File, len(t.sealed.Files))
		for i := range t.sealed.Files {
			t.counted[t.sealed.Files[i].Path] = &t.sealed.Files[i]
		}
	}
	return t, nil
}

// read reads the journal and the seal as [readFolder] does.
func (t *together) read() (folder, error) {
	f, err := readLines(t, t.at)
	f.joint = t
	if t.noted >= 0 {
		f.note, f.sealed = t.note, t.sealed
	}
	return f, errors.Join(err, t.damaged)
}

// sealedIn returns the folders of the copies that have the seal that counts.
func (t *together) sealedIn() (dirs []string) {
	for _, h := range t.by {
		if a, err := seal.Find(h.files, t.at); t.noted >= 0 && err == nil && bytes.Equal(a.Note, t.note) {
			dirs = append(dirs, filepath.Join(h.dir, filepath.FromSlash(t.at)))
		}
	}
	return dirs
}

// copyOf is a file as one volume holds it.
type copyOf struct {
	holder
	name   string
	counts int64 // how many of its bytes count
}

// counts returns how many bytes count of a file that a volume holds, by its path in the session's folder: the seal
// states that. What lies beyond was never acknowledged, and is never played. Of files that the seal does not name
// all counts.
func (t *together) counts(rel string, h holder, size int64) int64 {
	f := t.counted[rel]
	if f == nil || f.Kind == seal.KindAttempt {
		return size
	}
	size = min(size, f.Size)
	for _, p := range f.Partial {
		if p.Volume == h.id {
			size = min(size, p.Size)
		}
	}
	return size
}

// isSeal reports whether a name in the session's folder is one of a seal or an attempt at it.
func isSeal(rel string) bool {
	_, ok := seal.AttemptNumber(rel)
	return ok
}

// copies returns the copies of a file, the one that holds most first; of equal ones in the order of the volumes.
func (t *together) copies(name string) (out []copyOf, err error) {
	rel, inside := strings.CutPrefix(name, t.at+"/")
	if !inside {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	from := t.by
	if isSeal(rel) && t.noted >= 0 {
		from = t.by[t.noted : t.noted+1]
	}
	for _, h := range from {
		info, e := fs.Stat(h.files, name)
		switch {
		case e == nil && info.Mode().IsRegular():
			out = append(out, copyOf{h, name, t.counts(rel, h, info.Size())})
		case e == nil:
			err = errors.Join(err, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a file that can be read")})
		case !errors.Is(e, fs.ErrNotExist):
			err = errors.Join(err, e)
		}
	}
	switch {
	case len(out) == 0 && err == nil:
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case len(out) == 0:
	default:
		err = nil
	}
	most := func(c *copyOf) int64 { return c.counts }
	if len(out) > 1 && journalFile(rel) {
		held := make(map[string]int64)
		for i := range out {
			held[out[i].dir] = t.follows(&out[i], rel)
		}
		most = func(c *copyOf) int64 { return held[c.dir] }
	}
	slices.SortStableFunc(out, func(a, b copyOf) int { return cmp.Compare(most(&b), most(&a)) })
	return out, err
}

func journalFile(rel string) bool {
	fits, err := path.Match("journal-*.jsonl", rel)
	return err == nil && fits
}

// follows returns how many bytes of a journal's file are lines that follow one another, of which a damaged copy has
// fewer than another; that which is as it was sealed has all.
func (t *together) follows(c *copyOf, rel string) int64 {
	b, err := fs.ReadFile(c.files, c.name)
	if err != nil || int64(len(b)) < c.counts {
		return 0
	}
	b = b[:c.counts]
	if f := t.counted[rel]; f != nil && c.counts == f.Size && seal.SHA256(b) == f.SHA256 {
		return math.MaxInt64
	}
	before, _, err := journal.Before(bytes.NewReader(b))
	if err != nil {
		return 0
	}
	content, err := journal.Read(bytes.NewReader(b), before, nil)
	if err != nil {
		return 0
	}
	return content.Whole
}

// Open opens a file of the session, from every volume that holds it: where one cannot be read another is.
func (t *together) Open(name string) (fs.File, error) {
	copies, err := t.copies(name)
	if err != nil {
		if dir := t.folder(name); dir != nil {
			return dir.Open(name)
		}
		return nil, err
	}
	f, err := openJoint(copies)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// folder returns a volume on which a name is a folder, nil if there is none.
func (t *together) folder(name string) fs.FS {
	for _, h := range t.by {
		if info, err := fs.Stat(h.files, name); err == nil && info.IsDir() {
			return h.files
		}
	}
	return nil
}

// ReadDir returns what the volumes hold of a folder. Where one of them cannot be read and the others do not have
// all that the seal states of it, the error says so beside what is there.
func (t *together) ReadDir(name string) ([]fs.DirEntry, error) {
	var errs error
	all := make(map[string]fs.DirEntry)
	found := false
	for i, h := range t.by {
		entries, err := fs.ReadDir(h.files, name)
		found = found || err == nil
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
		for _, e := range entries {
			if name == t.at && isSeal(e.Name()) && t.noted >= 0 && i != t.noted {
				continue
			}
			if _, ok := all[e.Name()]; !ok {
				all[e.Name()] = e
			}
		}
	}
	if !found && errs == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if errs != nil && found && t.hasAll(name, all) {
		errs = nil
	}
	out := make([]fs.DirEntry, 0, len(all))
	for _, e := range all {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, errs
}

// hasAll reports whether a folder has every name that the seal's files have there.
func (t *together) hasAll(folder string, there map[string]fs.DirEntry) bool {
	if t.sealed == nil {
		return false
	}
	for rel := range t.counted {
		below, ok := strings.CutPrefix(path.Join(t.at, rel), folder+"/")
		first, _, _ := strings.Cut(below, "/")
		if _, is := there[first]; ok && !is {
			return false
		}
	}
	return true
}

// host returns where the copy of a file that holds most lies on this machine, and how many of its bytes count.
func (t *together) host(rel string) (name string, counts int64, err error) {
	copies, err := t.copies(path.Join(t.at, rel))
	if err != nil {
		return "", 0, err
	}
	return filepath.Join(copies[0].dir, filepath.FromSlash(copies[0].name)), copies[0].counts, nil
}
