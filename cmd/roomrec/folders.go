package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/session"
)

// sessionName is the form of a session's id, which names its folder and tells where that is.
var sessionName = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})-\d{6}-[a-z0-9]{4}$`)

// folderOf returns the path under a volume of the session with the given id.
func folderOf(id string) (string, bool) {
	m := sessionName.FindStringSubmatch(id)
	if m == nil {
		return "", false
	}
	return path.Join(m[1], m[2], m[3], id), true
}

// sessionsOn returns the folders of all sessions on a volume, in the order of their opening. Where a folder
// cannot be read the error says so, beside what the others hold.
func sessionsOn(volume fs.FS) ([]string, error) {
	folders, err := matches(volume, "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/*")
	folders = slices.DeleteFunc(folders, func(f string) bool {
		want, ok := folderOf(path.Base(f))
		return !ok || want != f
	})
	return folders, err
}

// matches returns the paths of a volume that fit a pattern of [path.Match], sorted. [fs.Glob] takes a folder
// that cannot be read for an empty one; here that is an error, beside what could be read. Only what is not
// there is nothing.
func matches(volume fs.FS, pattern string) ([]string, error) {
	found := []string{"."}
	var errs []error
	for part := range strings.SplitSeq(pattern, "/") {
		var next []string
		for _, dir := range found {
			if !strings.ContainsAny(part, `*?[\`) {
				next = append(next, path.Join(dir, part))
				continue
			}
			entries, err := fs.ReadDir(volume, dir)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !isFile(volume, dir) {
				errs = append(errs, err)
			}
			for _, e := range entries {
				fits, err := path.Match(part, e.Name())
				if err != nil {
					return nil, err
				}
				if fits {
					next = append(next, path.Join(dir, e.Name()))
				}
			}
		}
		found = next
	}
	slices.Sort(found)
	return found, errors.Join(errs...)
}

// isFile reports whether something is there that is no folder.
func isFile(volume fs.FS, name string) bool {
	info, err := fs.Stat(volume, name)
	return err == nil && !info.IsDir()
}

// folder is what a session's folder on one volume says.
type folder struct {
	id, path string
	files    fs.FS     // of the volume
	joint    *together // the copies of several volumes, if it was read from these
	lines    []session.JournalLine
	record   session.Record
	opening  seal.Hash // of the journal's opening line
	note     []byte    // the seal, nil if there is none that is whole
	sealed   *seal.Statement
}

// readFolder reads the journal and the seal of a session. What can be read is returned even if
// something cannot; the verifier, not this, judges whether it is right.
func readFolder(volume fs.FS, at string) (folder, error) {
	f, err := readLines(volume, at)
	if err != nil && len(f.lines) == 0 {
		return f, err
	}
	attempts, sealErr := seal.Find(volume, at)
	if sealErr != nil || !attempts.Sealed() {
		return f, errors.Join(err, sealErr)
	}
	f.note = attempts.Note
	st, sealErr := seal.Parse(f.note)
	if sealErr == nil {
		f.sealed = &st
	}
	return f, errors.Join(err, sealErr)
}

// readLines reads the journal of a session. A journal that does not follow the table is shown as far as it does.
func readLines(volume fs.FS, at string) (folder, error) {
	f := folder{id: path.Base(at), path: at, files: volume}
	names, err := matches(volume, path.Join(at, "journal-*.jsonl"))
	if err != nil {
		return f, fmt.Errorf("session %s: %w", f.id, err)
	}
	if len(names) == 0 {
		return f, fmt.Errorf("session %s: %w: no journal", f.id, fs.ErrNotExist)
	}
	var head journal.Head
	for i, name := range names {
		last := uint64(math.MaxUint64)
		if i+1 < len(names) {
			if last, err = f.goesOnFrom(names[i+1]); err != nil {
				return f, fmt.Errorf("session %s: %w", f.id, err)
			}
		}
		if head, err = f.readJournal(name, head, last); err != nil {
			return f, fmt.Errorf("session %s: %w", f.id, err)
		}
	}
	f.record, err = session.Replay(f.lines)
	return f, err
}

// goesOnFrom returns the number of the line that a journal's file goes on from: what follows that one in the file
// before was never acknowledged, and does not count.
func (f *folder) goesOnFrom(name string) (uint64, error) {
	head, ok, err := f.before(name)
	if !ok {
		head.Seq = math.MaxUint64 // it has no line yet
	}
	return head.Seq, err
}

// before returns the line that a journal's file says it goes on from, false if it has no line.
func (f *folder) before(name string) (journal.Head, bool, error) {
	r, err := f.files.Open(name)
	if err != nil {
		return journal.Head{}, false, err
	}
	head, ok, err := journal.Before(r)
	return head, ok, errors.Join(err, r.Close())
}

func (f *folder) readJournal(name string, head journal.Head, last uint64) (journal.Head, error) {
	content, err := f.take(name, head, last, 0)
	if err != nil || content.Lines > 0 || head.Seq == 0 || !errors.Is(content.Fault, journal.ErrChain) {
		return content.Head, err
	}
	// It may go on from lines on a disk that was not there when the session went on without them.
	before, ok, err := f.before(name)
	if err != nil || !ok || before.Seq <= head.Seq {
		return content.Head, err
	}
	content, err = f.take(name, before, last, before.Seq-head.Seq)
	return content.Head, err
}

// take takes in the lines of a journal's file that follow head, until the one numbered last; missing is how many are
// missing before them.
func (f *folder) take(name string, head journal.Head, last, missing uint64) (journal.Content, error) {
	r, err := f.files.Open(name)
	if err != nil {
		return journal.Content{Head: head}, err
	}
	content, err := journal.ReadTo(r, head, last, func(l *journal.Line, raw []byte) error {
		if len(f.lines) == 0 {
			f.opening = seal.SHA256(raw)
		}
		f.lines = append(f.lines, session.JournalLine{Type: l.Type, Actor: l.Actor, At: l.At(), Data: slices.Clone(l.Data), Missing: missing})
		missing = 0
		return nil
	})
	return content, errors.Join(err, r.Close())
}

// segments returns, by camera, the paths under the session's folder of all segments, in the order
// of their recording. Where a folder cannot be read the error says so, beside what the others hold.
func (f *folder) segments() (map[cameraOf][]string, error) {
	names, err := matches(f.files, path.Join(f.path, "*/*/run-*/*.mp4"))
	out := make(map[cameraOf][]string)
	for _, n := range names {
		rel := strings.TrimPrefix(n, f.path+"/")
		parts := strings.Split(rel, "/")
		of := cameraOf{parts[0], parts[1]}
		out[of] = append(out[of], rel)
	}
	return out, err
}

type cameraOf struct{ room, camera string }
