package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// spool keeps journal lines on the local system disk while no volume is left. They are the bytes
// that follow what the volumes hold: whoever appends them to the journal goes on with the chain.
type spool struct {
	dir, session string
	f            *os.File
	kept         []byte // without a spool folder; of the scribe alone
}

// maxKept bounds the lines that are kept in memory without a spool folder; the chain cannot go on
// after a line that was thrown away, so further ones are refused.
const maxKept = 4 << 20

var errSpoolFull = errors.New("too many journal lines wait in memory")

func newSpool(dir, session string) *spool { return &spool{dir: dir, session: session} }

// append keeps lines and syncs them. Without a folder they are kept in memory and ErrNoVolume is
// returned.
func (s *spool) append(lines []byte) error {
	if s.dir == "" {
		if len(s.kept)+len(lines) > maxKept {
			return errSpoolFull
		}
		s.kept = append(s.kept, lines...)
		return errors.New("no folder is configured; the line is in memory")
	}
	if s.f == nil {
		f, err := s.create()
		if err != nil {
			return err
		}
		s.f = f
	}
	if n, err := s.f.Write(lines); err != nil {
		return fmt.Errorf("%d of %d bytes: %w", n, len(lines), err)
	}
	return s.f.Sync()
}

// create makes a new spool file; those of earlier starts of the program stay as they are.
func (s *spool) create() (*os.File, error) {
	for n := 1; ; n++ {
		name := filepath.Join(s.dir, fmt.Sprintf("%s-%04d.jsonl", s.session, n))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, os.ErrExist) && n < 10_000 {
			continue
		}
		if err != nil {
			return nil, err
		}
		dir, err := os.Open(s.dir)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

func (s *spool) close() error {
	if s.f == nil {
		return nil
	}
	f := s.f
	s.f = nil
	return f.Close()
}
