package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
)

// Facts is what the session's layer adds to the seal.
type Facts struct {
	// Session is stated as it is: anything that marshals to a JSON object, nil for none.
	Session       any
	Clock         seal.Clock
	Interruptions []seal.Interruption
	// Opened is the session's first opening; zero means the timeline's anchor.
	Opened clock.Instant
}

// Sealed is the result of a seal.
type Sealed struct {
	Note      []byte
	Hash      seal.Hash // SHA-256 of Note
	At        clock.Instant
	Key       string // verifier key
	Statement seal.Statement
	Volumes   []string // ids of those that hold it
	// Lacking are the files of which no volume of the set holds all that the statement lists: those that did
	// have left. Whoever verifies the session is told that it is incomplete.
	Lacking []string
}

// Seal writes the last journal line, closes the journal, and writes the signed statement of
// everything that is acknowledged on every volume of the set, synced with its folder. The cameras
// must have been stopped; Run ends afterwards. If it fails it may be called again: a volume that has
// the note keeps it, and the note stays the same. Where a file of that name was torn, the note's file has
// the next name, see [seal.Attempts]. It waits, no longer than ctx allows, while a volume joins.
func (e *Evidence) Seal(ctx context.Context, key seal.Key, facts Facts) (*Sealed, error) {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("session %s: seal: a volume joins: %w", e.cfg.Session, ctx.Err())
	}
	defer func() { <-e.turn }()
	s, err := e.seal(ctx, key, facts)
	if err != nil {
		return nil, fmt.Errorf("session %s: seal: %w", e.cfg.Session, err)
	}
	return s, nil
}

// sealing is a seal that was begun: what it says does not change any more.
type sealing struct {
	name      string // of its file
	note      []byte
	statement seal.Statement
	lacking   []string                       // see [Sealed]
	sent      map[string]chan volume.Receipt // by volume; capacity 1
	have      []string                       // volumes that hold the note
}

func (e *Evidence) seal(ctx context.Context, key seal.Key, facts Facts) (*Sealed, error) {
	e.mu.Lock()
	begun := e.sealing
	switch {
	case e.closed:
		e.mu.Unlock()
		return nil, ErrClosed
	case begun != nil && len(begun.have) > 0: // a volume has come back with it
	case e.set.mask() == 0:
		e.mu.Unlock()
		return nil, ErrNoVolume
	case e.busy() || len(e.waiting) > 0:
		e.mu.Unlock()
		return nil, ErrNotStopped
	}
	e.mu.Unlock()
	if begun == nil {
		s, err := e.beginSeal(ctx, key, facts)
		if err != nil {
			return nil, err
		}
		begun = s
		e.mu.Lock()
		e.sealing = s
		e.mu.Unlock()
	}
	if err := e.writeNote(ctx, begun); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.rouse()
	return &Sealed{
		Note: begun.note, Hash: seal.SHA256(begun.note), At: begun.statement.Sealed, Key: begun.statement.Key,
		Statement: begun.statement, Volumes: begun.have, Lacking: begun.lacking,
	}, nil
}

// beginSeal ends the journal and makes the note.
func (e *Evidence) beginSeal(ctx context.Context, key seal.Key, facts Facts) (*sealing, error) {
	at, mono := e.now()
	if !e.scribe.hasEnded() {
		if err := e.scribe.end(ctx, journal.Entry{Type: TypeSealing, Actor: journal.ActorController, At: at, Mono: mono}); err != nil {
			return nil, err
		}
	}
	sums, err := e.foundSums(ctx)
	if err != nil {
		return nil, err
	}
	name, torn, err := e.attempts()
	if err != nil {
		return nil, err
	}
	statement, err := e.statement(facts, at, sums, torn)
	for errors.Is(err, errTakenOut) {
		statement, err = e.statement(facts, at, sums, torn)
	}
	if err != nil {
		return nil, err
	}
	note, err := seal.Sign(statement, key)
	if err != nil {
		return nil, err
	}
	if statement, err = seal.Parse(note); err != nil {
		return nil, err
	}
	lacking := e.lacking(&statement)
	if len(lacking) > 0 {
		e.log.Error().Strs("files", lacking).Msg("sealed without what was on volumes that have left: nobody here holds it")
	}
	return &sealing{name: name, note: note, statement: statement, lacking: lacking, sent: map[string]chan volume.Receipt{}}, nil
}

// lacking returns the files of which no volume of the set holds all that counts.
func (e *Evidence) lacking(s *seal.Statement) (list []string) {
	in, _, _ := e.set.current()
	for _, f := range s.Files {
		whole := f.Size == 0 || slices.ContainsFunc(in, func(m *member) bool {
			info, err := fs.Stat(m.vol.Files(), path.Join(e.cfg.Folder, f.Path))
			part := slices.ContainsFunc(f.Partial, func(p seal.Part) bool { return p.Volume == m.vol.ID() })
			return err == nil && info.Size() >= f.Size && !part
		})
		if !whole {
			list = append(list, f.Path)
		}
	}
	return list
}

// attempts returns the name of the next attempt to seal the session, and the files of those before, as
// the statement has them.
func (e *Evidence) attempts() (name string, torn []seal.File, err error) {
	last := 0
	in, _, _ := e.set.current()
	for _, m := range in {
		a, err := seal.Find(m.vol.Files(), e.cfg.Folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			if err := e.takeOut(m, err); !errors.Is(err, errTakenOut) {
				return "", nil, err
			}
			continue
		}
		if a.Sealed() {
			return "", nil, fmt.Errorf("volume %s: %w", m.vol.ID(), ErrSealed)
		}
		last = max(last, a.Last)
	}
	e.mu.Lock()
	tried := e.tried
	e.mu.Unlock()
	for _, t := range tried {
		n, _ := seal.AttemptNumber(t.name)
		last = max(last, n)
	}
	for n := 1; n <= last; n++ {
		f := seal.File{Path: seal.AttemptName(n), Kind: seal.KindAttempt, SHA256: seal.SHA256(nil)}
		for _, t := range tried {
			if t.name == f.Path && !slices.ContainsFunc(in, func(m *member) bool { return m.vol.ID() == t.tail.Volume }) {
				f.Abandoned = append(f.Abandoned, t.tail)
			}
		}
		torn = append(torn, f)
	}
	return seal.AttemptName(last + 1), torn, nil
}

// tried is a note that was given to a volume which never said whether it has it.
type tried struct {
	name string // of the file
	tail seal.Tail
}

// giveUp drops a seal that no volume took: it is made anew, of what there is then. A volume that went
// away under it may hold it all the same; the next statement names it by its hash.
func (e *Evidence) giveUp() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sealing == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(e.sealing.sent)) {
		note := e.sealing.note
		e.tried = append(e.tried, tried{e.sealing.name, seal.Tail{Volume: id, Size: int64(len(note)), SHA256: seal.SHA256(note)}})
	}
	e.sealing = nil
}

// hasNote reports whether a volume that comes back has the note: it went away under the seal and never
// said so. What it has is synced then.
func (e *Evidence) hasNote(v *volume.Volume, note []byte) (bool, error) {
	a, err := seal.Find(v.Files(), e.cfg.Folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(a.Note, note) {
		return false, nil
	}
	if err == nil {
		err = v.Settle([]string{path.Join(e.cfg.Folder, a.Name)})
	}
	if err != nil {
		return false, fmt.Errorf("volume %s: the seal: %w", v.ID(), err)
	}
	return true, nil
}

// writeNote creates the seal's file on every volume of the set that does not have it yet, and waits.
func (e *Evidence) writeNote(ctx context.Context, s *sealing) error {
	in, _, _ := e.set.current()
	for _, m := range in {
		if s.sent[m.vol.ID()] != nil {
			continue
		}
		done := make(chan volume.Receipt, 1)
		s.sent[m.vol.ID()] = done
		f := m.vol.Create(path.Join(e.cfg.Folder, s.name), volume.Write{Data: s.note, Done: func(r volume.Receipt) { done <- r }})
		f.Close()
	}
	var errs []error
	for _, m := range in {
		id := m.vol.ID()
		if slices.Contains(s.have, id) {
			continue
		}
		select {
		case r := <-s.sent[id]:
			s.sent[id] <- r // for another call
			if r.Err != nil {
				errs = append(errs, r.Err)
				continue
			}
			s.have = append(s.have, id)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if len(s.have) == 0 {
		return errors.Join(append(errs, ErrNoVolume)...)
	}
	return nil
}

// statement states what is acknowledged. sums are the hashes of segments of before a restart, torn are the
// attempts to seal before this one.
func (e *Evidence) statement(facts Facts, at clock.Instant, sums map[string]seal.Hash, torn []seal.File) (seal.Statement, error) {
	s := seal.Statement{
		Session: e.cfg.Session, Opened: facts.Opened, Sealed: at, Zone: e.cfg.Zone.Name(),
		Clock: facts.Clock, Interruptions: slices.Clone(facts.Interruptions),
	}
	if s.Opened == (clock.Instant{}) {
		s.Opened = e.opened
	}
	s.Clock.Uncertainty = max(s.Clock.Uncertainty, s.Opened.Uncertainty, at.Uncertainty, e.uncertainBefore())
	for i := range s.Interruptions {
		n := &s.Interruptions[i]
		for _, t := range []**clock.Instant{&n.MissingFrom, &n.MissingTo, &n.SuspendedFrom, &n.SuspendedTo} {
			if *t != nil {
				*t = &clock.Instant{Wall: (*t).Wall, Uncertainty: max((*t).Uncertainty, e.uncertainAt((*t).Wall))}
			}
		}
	}
	if facts.Session != nil {
		b, err := json.Marshal(facts.Session)
		if err != nil {
			return s, fmt.Errorf("facts: %w", err)
		}
		s.Facts = b
	}
	j := e.scribe.state()
	s.Journal = seal.Journal{File: j.file, Lines: j.head.Seq, SHA256: seal.Hash(j.head.Hash)}
	s.Files = append(s.Files, torn...)
	s.Files = append(s.Files, seal.File{Path: j.file, Kind: seal.KindJournal, Size: j.length, SHA256: j.sum})
	whole := holders{}
	for _, b := range j.before {
		s.Files = append(s.Files, b.File)
		for _, id := range b.on {
			whole.add(b.Path, id)
		}
	}

	e.mu.Lock()
	if e.found != nil {
		for _, g := range e.found.segments {
			if g.count == 0 && !g.lost {
				// Nothing of it was ever acknowledged; what lies there is stated as a tail.
				s.Files = append(s.Files, seal.File{Path: g.path, Kind: seal.KindSegment, SHA256: seal.SHA256(nil)})
			}
		}
	}
	for _, r := range e.runs {
		run, files := r.state(sums)
		if len(files) == 0 && run.Fragments == 0 {
			continue // it ended before a fragment was full; the journal has it
		}
		s.Runs = append(s.Runs, run)
		s.Files = append(s.Files, files...)
		for _, g := range r.segments {
			for id, end := range g.on {
				if end == g.length {
					whole.add(g.path, id)
				}
			}
		}
	}
	for _, c := range e.cameras {
		s.Cameras = addCamera(s.Cameras, c)
	}
	e.mu.Unlock()

	for _, m := range e.set.all() {
		v := seal.Volume{ID: m.vol.ID(), Complete: m.in && m.joined == nil}
		if m.joined != nil {
			joined := e.cfg.Timeline.At(m.joined.Mono)
			v.Joined = &joined
		}
		if m.left != nil {
			left := e.cfg.Timeline.At(m.left.at.Mono)
			v.Left, v.Fault = &left, m.left.err.Error()
		}
		s.Volumes = append(s.Volumes, v)
	}
	return s, e.findTails(&s, whole)
}

// uncertainBefore is the greatest uncertainty that the timelines of before a restart had, by the journal.
func (e *Evidence) uncertainBefore() (most time.Duration) {
	if e.found != nil {
		for i := range e.found.Lines {
			most = max(most, e.found.Lines[i].Uncertainty)
		}
	}
	return most
}

// uncertainAt is how far an instant of the session may be off.
func (e *Evidence) uncertainAt(w clock.Wall) time.Duration {
	anchor := e.cfg.Timeline.Anchor()
	if w < anchor.Wall && e.found != nil {
		return e.uncertainBefore()
	}
	return e.cfg.Timeline.At(anchor.Mono.Add(time.Duration(w - anchor.Wall))).Uncertainty
}

// holders are the volumes that acknowledged all that counts of a file, by path.
type holders map[string]map[string]bool

func (h holders) add(path, volume string) {
	if h[path] == nil {
		h[path] = map[string]bool{}
	}
	h[path][volume] = true
}

func addCamera(list []seal.Camera, c *camera) []seal.Camera {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := seal.Camera{Room: c.cam.Room, Camera: c.cam.ID, Required: c.cam.Required}
	if c.status.Offset.Reports > 0 {
		offset := c.status.Offset
		st.Offset = &offset
	}
	for i := range list {
		if list[i].Room == st.Room && list[i].Camera == st.Camera {
			list[i] = st
			return list
		}
	}
	return append(list, st)
}

// state returns the run and its files as the seal has them; Evidence.mu is held.
func (r *runRecord) state(sums map[string]seal.Hash) (seal.Run, []seal.File) {
	run := seal.Run{
		Room: r.room, Camera: r.camera, Run: r.number, Cause: r.cause, First: r.first, Last: r.last,
		Fragments: r.fragments, LastLeaf: seal.Hash(r.leaf), Root: r.tree.Root(), Gaps: r.gaps,
	}
	if r.holed {
		run.Root = seal.Hash{}
	}
	var files []seal.File
	for _, g := range r.segments {
		f := seal.File{Path: g.path, Kind: seal.KindSegment, Size: g.length}
		if g.sum != nil {
			g.sum.Sum(f.SHA256[:0])
		} else {
			f.SHA256 = sums[g.path]
		}
		files = append(files, f)
		if g.length > 0 {
			run.Segments = append(run.Segments, g.path)
		}
	}
	for _, t := range r.tracks {
		run.Tracks = append(run.Tracks, t.Track)
	}
	return run, files
}

// findTails looks at every file on every volume of the set and states what lies beyond its
// acknowledged length, and which volumes lack something.
func (e *Evidence) findTails(s *seal.Statement, whole holders) error {
	in, _, _ := e.set.current()
	for _, m := range in {
		files := m.vol.Files()
		for i := range s.Files {
			f := &s.Files[i]
			name := path.Join(e.cfg.Folder, f.Path)
			all, err := e.holds(m, f, whole)
			if err != nil {
				return e.takeOut(m, err)
			}
			if f.Path != s.Journal.File && f.Size > 0 && !all {
				lacks(s, m.vol.ID())
				part, err := e.partOf(m, in, f, whole)
				if err != nil {
					return e.takeOut(m, err)
				}
				if part != nil {
					f.Partial = append(f.Partial, *part)
				}
				if part != nil || !exists(files, name) {
					continue
				}
			}
			tail, err := tailOf(files, name, f.Size)
			if err != nil {
				return e.takeOut(m, err)
			}
			if info, err := fs.Stat(files, name); f.Size > 0 && (err != nil || info.Size() < f.Size) {
				lacks(s, m.vol.ID())
			}
			if tail != nil {
				tail.Volume = m.vol.ID()
				f.Abandoned = append(f.Abandoned, *tail)
			}
		}
	}
	// A file of which nothing counts is stated where something lies of it, if only a name without bytes, as a power
	// cut may leave it.
	s.Files = slices.DeleteFunc(s.Files, func(f seal.File) bool {
		return f.Kind == seal.KindSegment && f.Size == 0 && len(f.Abandoned) == 0 && !slices.ContainsFunc(in, func(m *member) bool {
			return exists(m.vol.Files(), path.Join(e.cfg.Folder, f.Path))
		})
	})
	return nil
}

// lacks states that a volume is not complete.
func lacks(s *seal.Statement, volume string) {
	for k := range s.Volumes {
		if s.Volumes[k].ID == volume {
			s.Volumes[k].Complete = false
		}
	}
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}

// tailOf returns what the file holds beyond size, nil if nothing. A file that is not there, as one
// that was begun before the volume joined, has no tail. Of one that cannot be read to its end it says so.
func tailOf(files fs.FS, name string, size int64) (tail *seal.Tail, err error) {
	info, err := fs.Stat(files, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= size {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tail = &seal.Tail{Size: info.Size() - size, SHA256: seal.SHA256(nil), Unread: info.Size() - size}
	f, err := files.Open(name)
	if err != nil {
		return tail, nil //nolint:nilerr // it is there, and none of it can be read: that is what is stated
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, ok := f.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("%s: cannot be read at a place", name)
	}
	sum, n, _ := hashOf(io.NewSectionReader(at, size, tail.Size))
	tail.SHA256, tail.Unread = sum, tail.Size-n
	return tail, nil
}
