package evidence

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"time"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// Open goes on with an unsealed session that [Survey] found: it begins the next journal file with a
// line that names what every volume holds of the one before, writes the lengths of what else may be
// torn, and returns when that is synced on every volume that is left in the set. No file that was
// found is opened to write; cameras begin new runs. cfg.Timeline must not begin before found.Last.
// The volumes' Run must be running.
func Open(ctx context.Context, cfg Config, found *Found) (*Evidence, error) {
	fail := func(err error) error { return fmt.Errorf("session %s: go on: %w", cfg.Session, err) }
	if found.Sealed {
		return nil, fail(ErrSealed)
	}
	if at := cfg.Timeline.At(cfg.Timeline.Anchor().Mono); at.Wall < found.Last.Wall {
		return nil, fail(fmt.Errorf("the timeline begins at %s, before %s, which is recorded already", at.Wall, found.Last.Wall))
	}
	e, err := prepare(cfg)
	if err != nil {
		return nil, fail(err)
	}
	e.first, e.opened = found.first, found.Lines[0].At()
	e.runs, e.found = found.runs, found
	e.sums = newFoundSums()
	anchor := cfg.Timeline.Anchor()
	for _, r := range found.runs {
		e.reach(Of{r.room, r.camera}, anchor.Mono.Add(time.Duration(r.last.Wall-anchor.Wall)))
	}
	s := e.scribe
	s.chain, s.number, s.firstLine = journal.NewChain(found.head), found.number+1, found.first
	s.hashes = found.hashes()
	s.restate(found)
	for i, f := range found.journals {
		s.before = append(s.before, journalFile{File: f, end: found.ends[i]})
	}
	e.leaveUnread()
	if err := e.settle(ctx); err != nil {
		e.abandon()
		return nil, fail(err)
	}
	before := journal.FileName(found.number)
	if err := s.begin(ctx, journal.Entry{
		Type: journal.TypeResumed, Actor: journal.ActorController,
		Data: journal.Resumed{Before: before, Volumes: found.last},
	}); err != nil {
		e.abandon()
		return nil, fail(err)
	}
	s.firstLine = found.first
	for _, id := range slices.Sorted(maps.Keys(found.damaged)) {
		e.tellDamaged(id, found.damaged[id])
	}
	if err := e.hashTails(ctx); err != nil {
		e.abandon()
		return nil, fail(err)
	}
	if len(found.Holes) > 0 {
		if err := s.writeOne(ctx, TypeLinesMissing, map[string]any{"holes": found.Holes}); err != nil {
			e.abandon()
			return nil, fail(err)
		}
	}
	for files := found.Files; len(files) > 0; {
		n := min(len(files), filesInLine)
		if err := s.writeOne(ctx, TypeFoundFiles, map[string]any{"files": files[:n]}); err != nil {
			e.abandon()
			return nil, fail(err)
		}
		files = files[n:]
	}
	if err := e.quoteSpool(ctx); err != nil {
		e.abandon()
		return nil, fail(err)
	}
	return e, nil
}

// quoteSpool writes what is in the spool and was not quoted yet into the journal.
func (e *Evidence) quoteSpool(ctx context.Context) error {
	if err := e.found.ReadSpool(e.cfg.Spool, e.cfg.Session); err != nil {
		return err
	}
	for _, l := range e.found.Spooled {
		if err := e.scribe.writeOne(ctx, TypeSpooled, l.Data); err != nil {
			return err
		}
	}
	return nil
}

// filesInLine keeps a journal line far below its limit.
const filesInLine = 200

// hashTails hashes what of the found files does not count.
func (e *Evidence) hashTails(ctx context.Context) error {
	for i := range e.found.Files {
		f := &e.found.Files[i]
		if f.TornSHA256 != (seal.Hash{}) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, m := range e.set.all() {
			if m.vol.ID() != f.Volume {
				continue
			}
			tail, err := tailOf(m.vol.Files(), path.Join(e.cfg.Folder, f.File), f.Whole)
			if err != nil {
				f.Why += "; its end cannot be read: " + err.Error()
				continue
			}
			if tail != nil {
				f.Torn, f.TornSHA256, f.Unread = tail.Size, tail.SHA256, tail.Unread
			}
		}
	}
	return nil
}

// hashOf reads r to its end.
func hashOf(r io.Reader) (sum seal.Hash, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, r)
	h.Sum(sum[:0])
	return sum, n, err
}
