package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
)

// Join takes a volume into the set of a session that is being recorded: one that left and was opened
// again, or a new one. Its Run must be running. When Join returns without an error, a new journal file
// is on every volume of the set and says what the volume held of the one before, and what waited in
// the spool is quoted in it; what cameras keep in memory is being written. All cameras begin a new
// segment.
//
// No file that the volume holds is written to. A folder of the session that is not a beginning of what
// this one recorded is refused with [ErrForked], one with a seal with [ErrSealed], one that cannot be read with
// [ErrUnread]; [ErrInSet],
// [ErrTooManyVolumes], [ErrSealing], [ErrClosed] say what they say. If the volume fails meanwhile it
// leaves again, as any other.
func (e *Evidence) Join(ctx context.Context, v *volume.Volume) error {
	if err := e.join(ctx, v); err != nil {
		return fmt.Errorf("session %s: volume %s: join: %w", e.cfg.Session, v.ID(), err)
	}
	return nil
}

// joinRequest asks the scribe to take in a volume.
type joinRequest struct {
	vol   *volume.Volume
	held  []journal.Found
	reply chan error // capacity 1
}

type volumeJoinedData struct {
	Volume  string `json:"volume"`
	Members int    `json:"members"` // of the set, with it
}

func (e *Evidence) join(ctx context.Context, v *volume.Volume) error {
	select {
	case e.turn <- struct{}{}:
	default:
		return ErrSealing
	}
	defer func() { <-e.turn }()
	e.mu.Lock()
	closed, sealing := e.closed, e.sealing
	e.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case sealing != nil && len(sealing.have) > 0:
		return ErrSealed
	}
	if err := v.Fault(); err != nil {
		return err
	}
	held, sealed, err := e.surveyJoining(ctx, v, sealing)
	switch {
	case err != nil:
		return err
	case sealed:
		e.mu.Lock()
		sealing.have = append(sealing.have, v.ID()) // the next call of Seal returns it
		e.mu.Unlock()
		return ErrSealed
	}
	e.giveUp()
	req := joinRequest{v, held, make(chan error, 1)}
	select {
	case e.scribe.joins <- req:
	case <-e.scribe.gone:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err = <-req.reply:
	case <-ctx.Done():
		return ctx.Err()
	}
	e.rouseCameras()
	return err
}

// surveyJoining reads what the volume holds of the session, or finds that it has the note of a seal that
// was begun. A disk that hangs holds up its goroutine, not the caller.
func (e *Evidence) surveyJoining(ctx context.Context, v *volume.Volume, begun *sealing) (held []journal.Found, sealed bool, err error) {
	type result struct {
		held   []journal.Found
		sealed bool
		err    error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		if begun != nil {
			r.sealed, r.err = e.hasNote(v, begun.note)
		}
		if !r.sealed && r.err == nil {
			r.held, r.err = e.heldBy(v)
		}
		done <- r
	}()
	select {
	case r := <-done:
		return r.held, r.sealed, r.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// heldBy returns what the volume holds of its last journal file of the session, nothing if the session
// is not there. Whatever is there must be a beginning of what this session recorded.
func (e *Evidence) heldBy(v *volume.Volume) ([]journal.Found, error) {
	s, err := surveyVolume(v, e.cfg.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnread, err)
	}
	if s.seals.Sealed() {
		return nil, ErrSealed
	}
	known := e.paths()
	for _, p := range s.segments {
		if !known[p] {
			return nil, fmt.Errorf("%w: it holds %s", ErrForked, p)
		}
	}
	was := e.scribe.state()
	if s.journals > was.number {
		return nil, fmt.Errorf("%w: it holds %s", ErrForked, journal.FileName(s.journals))
	}
	var held []journal.Found
	var start journal.Head
	for n := 1; n <= s.journals; n++ {
		end := was.head
		if n <= len(was.before) {
			end = was.before[n-1].end
		}
		f, err := e.heldFile(s, journal.FileName(n), start, end, was.hashes)
		switch {
		case err == nil:
			held = []journal.Found{f}
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		start = end
	}
	for _, a := range s.seals.Torn {
		held = append(held, journal.Found{Volume: v.ID(), File: a.Name, WholeSHA256: journal.Hash(seal.SHA256(nil)), Torn: a.Size, TornSHA256: journal.Hash(a.SHA256)})
	}
	return held, nil
}

// heldFile reads a journal file as the volume has it: the lines after start, until end at most, must be
// those that hashes has.
func (e *Evidence) heldFile(s *survey, name string, start, end journal.Head, hashes []journal.Hash) (journal.Found, error) {
	held, err := readAsFar(s.files, name)
	if err == nil {
		err = held.err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return journal.Found{}, err
	case err != nil:
		return journal.Found{}, fmt.Errorf("%w: %w", ErrUnread, err)
	}
	c, err := journal.ReadTo(bytes.NewReader(held.b), start, end.Seq, func(*journal.Line, []byte) error { return nil })
	if err != nil {
		return journal.Found{}, err
	}
	fork := errors.Is(c.Fault, journal.ErrChain) ||
		c.Head.Seq > 0 && c.Head.Hash != hashes[c.Head.Seq-1] && hashes[c.Head.Seq-1] != (journal.Hash{}) ||
		// What it holds beyond that may have been acknowledged there, by a program that is gone.
		errors.Is(c.Fault, journal.ErrAbandoned) && !e.set.knows(s.vol.ID())
	if fork {
		return journal.Found{}, fmt.Errorf("%s: %w", name, ErrForked)
	}
	return c.Found(s.vol.ID(), name), nil
}

// paths returns the segments that the session knows.
func (e *Evidence) paths() map[string]bool {
	out := map[string]bool{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.runs {
		for _, g := range r.segments {
			out[g.path] = true
		}
	}
	if e.found != nil {
		for _, g := range e.found.segments {
			out[g.path] = true
		}
	}
	return out
}

// watch listens to a volume that joins, until Run ends.
func (e *Evidence) watch(v *volume.Volume) {
	cancel := v.Notify(e.volumeEvent)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unwatch = append(e.unwatch, cancel)
}

// join takes the volume into the set and begins a journal file on all of it. The chain goes on from the
// last line that a volume of the set acknowledged; what was written after that is quoted.
func (s *scribe) join(ctx context.Context, j joinRequest) error {
	was := s.state()
	at := s.e.cfg.Clock.Now()
	resumed := journal.Resumed{Before: was.file, Volumes: []journal.Found{}}
	var whole []string
	for bit, end := range s.ends {
		if end >= was.length {
			whole = append(whole, s.e.set.id(bit))
		}
	}
	slices.Sort(whole)
	if err := s.e.set.join(j.vol, at); err != nil {
		return err
	}
	s.e.watch(j.vol)
	in, _, _ := s.e.set.current()
	for _, m := range in {
		if slices.Contains(whole, m.vol.ID()) && m.vol != j.vol {
			resumed.Volumes = append(resumed.Volumes, journal.Found{Volume: m.vol.ID(), File: was.file, Whole: was.length, WholeSHA256: was.sum})
		}
	}
	resumed.Volumes = append(resumed.Volumes, j.held...)
	s.goOn(was, whole)

	line, err := s.line(journal.Entry{Type: journal.TypeResumed, Actor: journal.ActorController, Data: resumed})
	if err != nil {
		return err
	}
	joined, err := s.line(journal.Entry{
		Type: TypeVolumeJoin, Actor: journal.ActorController, Data: volumeJoinedData{j.vol.ID(), len(in)},
		At: s.e.cfg.Timeline.At(at.Mono), Mono: at.Mono,
	})
	if err != nil {
		return err
	}
	line = append(line, joined...)
	name := path.Join(s.e.cfg.Folder, journal.FileName(s.number))
	for _, m := range in {
		s.files[m.bit] = m.vol.Create(name, volume.Write{Data: line, Done: s.receiver(m.bit)})
	}
	if err := s.settle(ctx, line); err != nil {
		return err
	}
	if err := s.quote(ctx); err != nil {
		return err
	}
	if err := j.vol.Fault(); err != nil {
		return err
	}
	s.e.cfg.Metrics.volumeJoined()
	s.e.events.put(VolumeJoined{j.vol.ID(), at, len(in)})
	return nil
}

// goOn ends the journal file was, of which whole are the volumes that hold all, and begins another.
func (s *scribe) goOn(was journalState, whole []string) {
	for _, f := range s.files {
		f.Close()
	}
	s.before = append(slices.Clip(was.before), journalFile{
		File: seal.File{Path: was.file, Kind: seal.KindJournal, Size: was.length, SHA256: was.sum}, end: was.head, on: whole,
	})
	s.chain, s.hashes = journal.NewChain(was.head), was.hashes
	s.number++
	s.files, s.ends, s.length = map[uint64]*volume.File{}, map[uint64]int64{}, 0
	s.sum.Reset()
	s.mu.Lock()
	s.ended = false // a sealing that came to nothing is begun anew
	s.mu.Unlock()
	s.publish()
}

// quotesAtOnce bounds how many bytes of quotes are one write.
const quotesAtOnce = 1 << 20

// quote writes into the journal what was kept of it while no volume was left.
func (s *scribe) quote(ctx context.Context) error {
	quotes, err := s.spool.quotes()
	if err != nil {
		return err
	}
	var lines []byte
	for i, q := range quotes {
		line, err := s.line(journal.Entry{Type: TypeSpooled, Actor: journal.ActorController, Data: q})
		if err != nil {
			return err
		}
		lines = append(lines, line...)
		if i+1 < len(quotes) && len(lines) < quotesAtOnce {
			continue
		}
		if err := s.put(ctx, lines); err != nil {
			return err
		}
		lines = nil
	}
	for _, q := range quotes {
		var l journal.Line
		var d volumeLeftData
		if json.Unmarshal(q.Line, &l) == nil && l.Type == TypeVolumeLeft && json.Unmarshal(l.Data, &d) == nil {
			s.e.set.said(d.Volume)
		}
	}
	return s.spool.quoted()
}

// Holds reports whether the volume is in the set.
func (e *Evidence) Holds(v *volume.Volume) bool {
	return slices.ContainsFunc(e.set.all(), func(m member) bool { return m.in && m.vol == v })
}
