package verify

import (
	"fmt"
	"io/fs"
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
}

// afterFolder is the only thing that may appear in a folder once it is sealed.
const afterFolder = "after"

func list(dir string) (*tree, error) {
	t := &tree{dir: dir, files: map[string]int64{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
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

// segmentPath reports whether path is that of a segment: room/camera/run-NNNN/NNNN.mp4.
func segmentPath(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) == 4 && strings.HasPrefix(parts[2], "run-") && strings.HasSuffix(parts[3], ".mp4")
}
