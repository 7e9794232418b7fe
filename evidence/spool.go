package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"roomrec/evidence/journal"
)

// spool keeps journal lines on the local system disk while no volume is left. They are the bytes
// that would have followed what the volumes hold. After a restart with a volume each of them is
// quoted in the journal, once; the spool's files stay.
type spool struct {
	dir, session string
	f            *os.File
	waiting      []string // base names of files of which the journal quotes nothing yet
	kept         []byte   // without a spool folder; of the scribe alone
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
		s.waiting = append(s.waiting, filepath.Base(f.Name()))
	}
	n, err := s.f.Write(lines)
	if err != nil {
		err = fmt.Errorf("%d of %d bytes: %w", n, len(lines), err)
	} else {
		err = s.f.Sync()
	}
	if err != nil {
		// What it holds now is not known: nothing follows it there.
		return errors.Join(err, s.close())
	}
	return nil
}

// spooled is the data of a [TypeSpooled] line.
type spooled struct {
	File string          `json:"file"` // base name of the spool file
	Line json.RawMessage `json:"line"` // as it stood there, its newline aside
}

// plain returns the line that is quoted in the end: a quote that found no volume was kept itself, and
// stands for what it quotes.
func (q spooled) plain() spooled {
	for {
		var in spooled
		l, err := journal.Parse(append(bytes.Clone(q.Line), '\n'))
		if err != nil || l.Type != TypeSpooled || json.Unmarshal(l.Data, &in) != nil || in.Line == nil {
			return q
		}
		q = in
	}
}

// spoolFiles returns the base names of a session's spool files, oldest first.
func spoolFiles(dir, session string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range list { // in the order of their names
		digits, ok := strings.CutPrefix(e.Name(), session+"-")
		if ok && len(digits) == len("0001.jsonl") && strings.HasSuffix(digits, ".jsonl") {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// readSpool returns the whole lines of a spool file. A torn last one was never promised to anybody.
func readSpool(file string) ([]json.RawMessage, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []json.RawMessage
	for line := range bytes.Lines(b) {
		if _, err := journal.Parse(line); err != nil {
			break
		}
		out = append(out, json.RawMessage(bytes.TrimSuffix(line, []byte{'\n'})))
	}
	return out, nil
}

// ReadSpool reads the session's spool in the folder dir, "" for none, and sets Spooled. The timeline
// that goes on must not begin before these lines either: Last is moved.
func (f *Found) ReadSpool(dir, session string) error {
	fail := func(err error) error { return fmt.Errorf("session %s: spool: %w", session, err) }
	files, err := spoolFiles(dir, session)
	if err != nil {
		return fail(err)
	}
	// A line that reached a volume, which failed before it said so, is in both places.
	known := map[string]bool{}
	for _, l := range f.Lines {
		var q spooled
		if l.Type == TypeSpooled && json.Unmarshal(l.Data, &q) == nil {
			q = q.plain()
			known[q.File+string(q.Line)] = true
		}
		known[lineKey(&l)] = true
	}
	f.Spooled = nil
	for _, file := range files {
		lines, err := readSpool(filepath.Join(dir, file))
		if err != nil {
			return fail(err)
		}
		for _, raw := range lines {
			q := spooled{file, raw}.plain()
			line, err := journal.Parse(append(bytes.Clone(q.Line), '\n'))
			if err != nil {
				return fail(err)
			}
			if known[q.File+string(q.Line)] || known[lineKey(line)] {
				continue
			}
			known[q.File+string(q.Line)] = true
			b, err := json.Marshal(q)
			if err != nil {
				return fail(err)
			}
			quote := *line
			quote.Type, quote.Actor, quote.Data = TypeSpooled, journal.ActorController, b
			f.Spooled = append(f.Spooled, quote)
			f.later(line.At())
		}
	}
	return nil
}

// lineKey tells lines apart.
func lineKey(l *journal.Line) string {
	return fmt.Sprintf("%d %s %d %s %s", l.Seq, l.Prev, l.Wall, l.Type, l.Data)
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

// quotes returns what is to be quoted in the journal, in the order in which it was written.
func (s *spool) quotes() (out []spooled, err error) {
	add := func(file string, lines []json.RawMessage) {
		for _, l := range lines {
			out = append(out, spooled{file, l}.plain())
		}
	}
	for _, name := range s.waiting {
		lines, err := readSpool(filepath.Join(s.dir, name))
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
		add(name, lines)
	}
	var lines []json.RawMessage
	for line := range bytes.Lines(s.kept) {
		lines = append(lines, json.RawMessage(bytes.TrimSuffix(line, []byte{'\n'})))
	}
	add("", lines)
	return out, nil
}

// quoted says that the journal quotes all of it: what comes next is a new file.
func (s *spool) quoted() error {
	s.waiting, s.kept = nil, nil
	return s.close()
}

func (s *spool) close() error {
	if s.f == nil {
		return nil
	}
	f := s.f
	s.f = nil
	return f.Close()
}
