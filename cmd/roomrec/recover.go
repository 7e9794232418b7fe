package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
	"roomrec/session"
)

// How often a session that was found unsealed and could not go on is tried again, and for how long it
// waits for all disks: one that failed a moment after the start may hold more of it than the others.
const (
	recoverEvery = 5 * time.Second
	recoverAll   = time.Minute
	// recoverLines is for how long a disk is waited for that holds lines of the journal that no other has. After
	// that the session goes on without them: a disk that is dead must not keep its rooms for good.
	recoverLines = 10 * time.Minute
	// scanAtMost is how long, at most, a disk of which a folder could not be read is let alone.
	scanAtMost = 5 * time.Minute
	// scanFirst is how many of a disk's latest sessions are looked at before any older one, and before a session may
	// be opened.
	scanFirst = 200
)

// recovery goes on with sessions that were found unsealed. Its fields are of its stage alone.
type recovery struct {
	st    *station
	began clock.Mono
	scans map[*volume.Volume]*scan // a disk that returns is another volume
	found map[string]*foundSession // by folder
	seals map[string]bool          // folders whose copies may lack their seal
	// unlisted says that a disk was looked through that may hold a seal which the catalogue does not know.
	unlisted bool
}

// scan is how far a volume was looked through.
type scan struct {
	done bool
	next clock.Mono
	wait time.Duration
	said string
}

// foundSession is a session that was found unsealed.
type foundSession struct {
	began clock.Mono // when it was found first
	over  bool       // it goes on, is sealed, or a person must look
	other bool       // over, but another copy may tell more
	rooms []string   // as its journal says; empty: it cannot be read
	said  string     // what was logged last
}

// recover goes on with the sessions that were found unsealed: a crash, a power cut or a stop never
// ends one. What the disks cannot do now is tried again, until they can: a session that was found stays
// open, and its rooms are kept for it. A disk that comes later is looked through when it comes: it alone
// may hold a session. It is a stage as the others and ends with ctx only.
func (st *station) recover(ctx context.Context) error {
	r := newRecovery(st)
	// A disk that does not answer must not keep every room for good.
	limit := time.AfterFunc(recoverAll, st.manager.Searched)
	defer limit.Stop()
	for {
		r.look(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(recoverEvery):
		}
	}
}

func newRecovery(st *station) *recovery {
	return &recovery{
		st: st, began: st.clock.Now().Mono, scans: make(map[*volume.Volume]*scan),
		found: make(map[string]*foundSession), seals: make(map[string]bool),
	}
}

// look looks through the volumes that are new and tries what waits.
func (r *recovery) look(ctx context.Context) {
	if r.st.sessions != nil {
		select {
		case <-r.st.logRead: // it says which sessions are this station's
		case <-ctx.Done():
			return
		}
	}
	healthy := r.st.disks.healthy()
	maps.DeleteFunc(r.scans, func(v *volume.Volume, _ *scan) bool { return !slices.Contains(healthy, v) })
	rest := make(map[*volume.Volume][]string)
	for _, v := range healthy {
		folders, looked := r.scan(v)
		r.unlisted = r.unlisted || looked
		first := min(len(folders), scanFirst)
		r.find(v, folders[:first])
		rest[v] = folders[first:]
	}
	r.waiting() // keeps their rooms
	r.st.manager.Searched()
	for _, v := range healthy {
		r.find(v, rest[v])
	}
	if r.unlisted {
		err := r.list(ctx, healthy)
		if r.unlisted = err != nil; err != nil && ctx.Err() == nil {
			r.st.log.Error().Err(err).Msg("the catalogue may lack seals")
		}
	}
	for _, at := range r.waiting() {
		r.goOnOrSay(ctx, at)
	}
	began := r.st.clock.Now().Mono
	for at := range r.seals {
		if ctx.Err() != nil || r.st.clock.Now().Mono.Sub(began) > recoverEvery {
			break // the rest later: a session that waits must not wait for this
		}
		// One that is recorded may be about to be sealed.
		if !r.st.recorder.records(path.Base(at)) {
			r.st.copySeal(ctx, at)
			delete(r.seals, at)
		}
	}
}

// scan lists once the sessions on a volume, newest first, and reports whether it did; what cannot be read is tried
// again.
func (r *recovery) scan(v *volume.Volume) (folders []string, looked bool) {
	s := r.scans[v]
	if s == nil {
		s = &scan{wait: recoverEvery}
		r.scans[v] = s
	}
	now := r.st.clock.Now().Mono
	if s.done || now < s.next || v.Stats().Calling > tryEvery {
		return nil, false // who asks a disk that does not answer waits with it
	}
	folders, err := sessionsOn(v.Files())
	if s.done = err == nil; err != nil {
		if text := err.Error(); text != s.said {
			s.said = text
			r.st.log.Error().Err(err).Str("volume", v.ID()).Msg("cannot be looked through for unsealed sessions; what can be read of it is taken")
		}
		s.next, s.wait = now.Add(s.wait), min(2*s.wait, scanAtMost)
	}
	if log := r.st.sessions; log != nil {
		// What another station has open is that one's to go on with, though it has rooms of the same names.
		if origin, foreign := log.Foreign(v.Dir()); foreign {
			folders = slices.DeleteFunc(folders, func(at string) bool { return !log.Has(stationlog.Opened, path.Base(at)) })
			r.st.log.Warn().Str("volume", v.ID()).Str("origin", origin).Msg("the disk is another station's: only sessions of this one are gone on with there")
		}
	}
	slices.Reverse(folders)
	return folders, true
}

// find notes which of the sessions on a volume are not over.
func (r *recovery) find(v *volume.Volume, folders []string) {
	for _, at := range folders {
		r.seals[at] = true
		if a, err := seal.Find(v.Files(), at); err == nil && a.Sealed() || r.st.recorder.records(path.Base(at)) {
			continue
		}
		if sealed, err := r.st.sealed(at); err == nil && sealed {
			continue
		}
		one := r.found[at]
		if one == nil {
			one = &foundSession{began: r.st.clock.Now().Mono}
			r.found[at] = one
		}
		if one.other {
			one.over, one.other = false, false
		}
		// Whichever copy can be read says where it was; the longest knows most.
		if f, _ := readFolder(v.Files(), at); len(f.record.Table.Rooms) > len(one.rooms) {
			one.rooms = f.record.Table.Rooms
		}
	}
}

// list brings into the catalogue the seals that the disks hold and it does not know: the program went down between
// the two.
func (r *recovery) list(ctx context.Context, volumes []*volume.Volume) error {
	if r.st.index == nil {
		return nil
	}
	ids, err := r.st.index.unsealed(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		at, ok := folderOf(id)
		if !ok || r.st.recorder.records(id) {
			continue
		}
		for _, v := range volumes {
			f, err := readFolder(v.Files(), at)
			if err != nil || f.sealed == nil {
				continue
			}
			entry, err := session.EntryOf(at, f.lines, sealOf(f))
			if err != nil {
				continue // the verifier says what is wrong with it
			}
			if err := r.st.index.Put(ctx, entry); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// waiting returns the folders of the sessions that cannot go on yet, newest first: a room has one session at a
// time. Their rooms are kept for them.
func (r *recovery) waiting() []string {
	var out []string
	for at, s := range r.found {
		if !s.over {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	for _, at := range out {
		r.st.manager.Expect(path.Base(at), r.found[at].rooms)
	}
	return out
}

// goOnOrSay goes on with a session if it can. The others must not suffer from one that cannot go on; its
// folder stays as it was found, and verify names it unsealed.
func (r *recovery) goOnOrSay(ctx context.Context, at string) {
	st, s, id := r.st, r.found[at], path.Base(at)
	wait := st.clock.Now().Mono.Sub(r.began) < recoverAll
	sealed, err := st.sealed(at)
	switch {
	case sealed, st.recorder.records(id): // its folder was found while it was opened
		s.over = true
	case wait && err != nil: // later the others go on without it, as without one that is away
	case wait && st.disks.away():
		err = errDiskAway
	case !st.holds(at):
		err, s.other = errNowhere, true // it is found again when a disk that has it comes back
	default:
		if err = st.goOn(ctx, at, wait, st.clock.Now().Mono.Sub(s.began)); err == nil {
			st.log.Warn().Str("session", id).Msg("found unsealed; goes on")
			s.over = true
		}
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		if text := err.Error(); text != s.said {
			s.said = text
			st.log.Error().Err(err).Str("session", id).Msg("found unsealed and cannot go on")
		}
		is := func(finals ...error) bool {
			return slices.ContainsFunc(finals, func(final error) bool { return errors.Is(err, final) })
		}
		// A person must look.
		s.other = s.other || is(session.ErrReplay, session.ErrNotFound)
		s.over = s.over || s.other || is(evidence.ErrForked, evidence.ErrSealed, evidence.ErrSealCut)
	}
	if s.over {
		st.manager.Unexpect(id)
	}
}

var (
	errDiskAway  = errors.New("a disk that may hold more of it does not work; it is waited for")
	errLinesAway = errors.New("the disk that holds these lines of its journal does not work; it is waited for")
	errNowhere   = errors.New("the disk that holds it is away")
)

// missingLines names the lines of a journal that are on no disk.
func missingLines(holes []evidence.LineHole) string {
	var list []string
	for _, h := range holes {
		list = append(list, fmt.Sprintf("%s lines %d to %d", h.File, h.From, h.To))
	}
	return strings.Join(list, ", ")
}

// holds reports whether a volume in use has, or may have, a folder of the session.
func (st *station) holds(at string) bool {
	return slices.ContainsFunc(st.disks.healthy(), func(v *volume.Volume) bool {
		_, err := fs.Stat(v.Files(), at)
		return !errors.Is(err, fs.ErrNotExist)
	})
}

// copySeal gives copies the seal that they lack because the program or a disk failed while it was written.
func (st *station) copySeal(ctx context.Context, at string) {
	given, err := evidence.CopySeal(ctx, at, st.disks.healthy())
	if err != nil {
		st.log.Error().Err(err).Str("session", path.Base(at)).Msg("a copy lacks its seal")
	}
	for _, id := range given {
		st.log.Warn().Str("session", path.Base(at)).Str("volume", id).Msg("the copy got its seal")
	}
}

// sealed reports whether a volume has a whole seal of the session. Those that have left are asked too, as far
// as they answer: a disk that is full can be read. What cannot be read of one in use is an error: it may be a
// seal.
func (st *station) sealed(at string) (bool, error) {
	var errs []error
	for _, v := range st.disks.all() {
		left := v.Fault() != nil
		if left && v.Stats().Calling > 0 {
			continue
		}
		a, err := seal.Find(v.Files(), at)
		switch {
		case err == nil && a.Sealed():
			return true, nil
		case err != nil && !left && !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("volume %s: cannot tell whether it is sealed: %w", v.ID(), err))
		}
	}
	return false, errors.Join(errs...)
}

// goOn goes on with a session. If wait is set, it does not where a disk cannot be read: that may pass. Lines of its
// journal that are on no disk are waited for longer, from when it was found.
func (st *station) goOn(ctx context.Context, at string, wait bool, waited time.Duration) error {
	if st.sessions != nil {
		select {
		case <-st.logRead:
		case <-ctx.Done():
			return ctx.Err()
		}
		// The log has the entry when a disk has the seal: whoever took that away must not have another made.
		if st.sessions.Has(stationlog.Sealed, path.Base(at)) {
			return fmt.Errorf("%s: the station's log holds its seal: %w", at, evidence.ErrSealCut)
		}
	}
	found, err := evidence.Survey(ctx, at, st.disks.healthy())
	if err != nil {
		return err
	}
	if err := found.Unread(); wait && err != nil {
		return fmt.Errorf("%w: %w", errDiskAway, err)
	}
	if len(found.Holes) > 0 {
		missing := missingLines(found.Holes)
		if left := recoverLines - waited; left > 0 {
			return fmt.Errorf("%s: %w; in %s it goes on without them", missing, errLinesAway, left.Truncate(time.Minute)+time.Minute)
		}
		st.log.Error().Str("session", path.Base(at)).Str("missing", missing).
			Msg("goes on without lines of its journal that are on no disk in use; keep the disk that held them, verify will say incomplete")
	}
	if err := found.ReadSpool(st.recorder.spool, path.Base(at)); err != nil {
		return err
	}
	lines := make([]session.JournalLine, 0, len(found.Lines)+len(found.Spooled))
	last := uint64(0)
	for _, l := range slices.Concat(found.Lines, found.Spooled) {
		line := session.JournalLine{Type: l.Type, Actor: l.Actor, At: l.At(), Data: l.Data}
		if l.Seq > last+1 && len(lines) < len(found.Lines) {
			line.Missing = l.Seq - last - 1
		}
		last = l.Seq
		lines = append(lines, line)
	}
	// What the clock is worth now is journalled with the return; nobody may have looked yet since the start.
	trust := st.trust.look()
	st.manager.SetClock(st.trust.view(trust), trust.MaxError)
	_, err = st.manager.Recover(ctx, session.Found{Folder: at, Lines: lines, LastSafe: found.LastSafe.Wall})
	return err
}
