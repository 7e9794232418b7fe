package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// tree is what lies in a session's folder.
type tree struct {
	dir   string
	files map[string]int64 // sizes in bytes by path, what lies under after/ excepted
	odd   []string         // neither files nor folders
	after bool             // something came after the seal
	bytes int64
	// unread are the folders that the disk does not give, and why; nothing is known of what lies in them.
	unread map[string]error
}

// unreadAt returns why the folder that a file lies in, or should, cannot be read; nil if it can.
func (t *tree) unreadAt(file string) error {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if err := t.unread[dir]; err != nil {
			return err
		}
	}
	return nil
}

// afterFolder is the only thing that may appear in a folder once it is sealed.
const afterFolder = "after"

func list(dir string) (*tree, error) {
	t := &tree{dir: dir, files: map[string]int64{}, unread: map[string]error{}}
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, at)
		if relErr != nil {
			return relErr
		}
		return t.add(filepath.ToSlash(rel), d, err)
	})
	if err != nil {
		return nil, err
	}
	for name := range t.files {
		_, attempt := seal.AttemptNumber(name)
		if _, ok := journal.FileNumber(name); ok || attempt {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: neither %s nor %s", ErrNoSession, journal.FileName(1), seal.FileName)
}

// add takes in what lies at a path; err says that it cannot be read.
func (t *tree) add(rel string, d fs.DirEntry, err error) error {
	switch {
	case err != nil && rel != "." && d.IsDir() && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist):
		t.unread[rel] = err
	case err != nil:
		return err
	case d.IsDir():
		if rel == afterFolder {
			t.after = true
			return fs.SkipDir
		}
	case !d.Type().IsRegular():
		t.odd = append(t.odd, rel)
	default:
		info, err := d.Info()
		if err != nil {
			return err
		}
		t.files[rel] = info.Size()
		t.bytes += info.Size()
	}
	return nil
}

// segmentPath reports whether path is that of a segment: room/camera/run-NNNN/NNNN.mp4.
func segmentPath(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) == 4 && strings.HasPrefix(parts[2], "run-") && strings.HasSuffix(parts[3], ".mp4")
}
