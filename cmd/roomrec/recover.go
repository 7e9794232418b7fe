package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"roomrec/evidence"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/session"
)

// How often a session that was found unsealed and could not go on is tried again, and for how long it
// waits for all disks: one that failed a moment after the start may hold more of it than the others.
const (
	recoverEvery = 5 * time.Second
	recoverAll   = time.Minute
)

// recover goes on with the sessions that were found unsealed: a crash, a power cut or a stop never
// ends one. What the disks cannot do now is tried again, until they can: a session that was found stays
// open. Then it waits, so that it is a stage as the others.
func (st *station) recover(ctx context.Context) error {
	began := st.clock.Now().Mono
	st.copySeals(ctx)
	found, err := st.unsealed()
	if err != nil {
		return err
	}
	said := make(map[string]string) // what was logged last of each
	for {
		again := found[:0]
		for _, at := range found {
			if st.goOnOrSay(ctx, at, st.clock.Now().Mono.Sub(began) < recoverAll, said) {
				again = append(again, at)
			}
		}
		if found = again; len(found) == 0 {
			<-ctx.Done()
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(recoverEvery):
		}
	}
}

// goOnOrSay reports whether the session is to be tried again. The others must not suffer from one that
// cannot go on; its folder stays as it was found, and verify names it unsealed.
func (st *station) goOnOrSay(ctx context.Context, at string, wait bool, said map[string]string) (again bool) {
	id := path.Base(at)
	err := errDiskAway
	if all := st.disks.all(); !wait || len(st.disks.healthy()) == len(all) {
		err = st.goOn(ctx, at)
	}
	if err == nil {
		st.log.Warn().Str("session", id).Msg("found unsealed; goes on")
		return false
	}
	if text := err.Error(); text != said[at] && ctx.Err() == nil {
		said[at] = text
		st.log.Error().Err(err).Str("session", id).Msg("found unsealed and cannot go on")
	}
	for _, final := range []error{evidence.ErrForked, evidence.ErrSealed, evidence.ErrSealCut, session.ErrReplay, session.ErrNotFound} {
		if errors.Is(err, final) {
			return false // a person must look
		}
	}
	return true
}

var errDiskAway = errors.New("a disk that may hold more of it does not work; it is waited for")

// copySeals gives copies the seal that they lack because the program or a disk failed while it was
// written.
func (st *station) copySeals(ctx context.Context) {
	seen := make(map[string]bool)
	for _, v := range st.disks.healthy() {
		folders, err := sessionsOn(v.Files())
		if err != nil {
			continue // [station.unsealed] says so
		}
		for _, at := range folders {
			if seen[at] {
				continue
			}
			seen[at] = true
			given, err := evidence.CopySeal(ctx, at, st.disks.healthy())
			if err != nil {
				st.log.Error().Err(err).Str("session", path.Base(at)).Msg("a copy lacks its seal")
			}
			for _, id := range given {
				st.log.Warn().Str("session", path.Base(at)).Str("volume", id).Msg("the copy got its seal")
			}
		}
	}
}

// unsealed returns the folders of sessions without a whole seal on any volume, newest first: a room has
// one session at a time.
func (st *station) unsealed() ([]string, error) {
	open := make(map[string]bool)
	for _, v := range st.disks.all() {
		folders, err := sessionsOn(v.Files())
		if err != nil {
			return nil, fmt.Errorf("volume %s: %w", v.ID(), err)
		}
		for _, at := range folders {
			a, err := seal.Find(v.Files(), at)
			if err != nil {
				// What cannot be read may be a seal: a person must look.
				st.log.Error().Err(err).Str("session", path.Base(at)).Str("volume", v.ID()).Msg("cannot tell whether it is sealed")
			}
			if was, seen := open[at]; !seen || was {
				open[at] = err == nil && !a.Sealed()
			}
		}
	}
	var out []string
	for at, is := range open {
		if is {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out, nil
}

func (st *station) goOn(ctx context.Context, at string) error {
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
	if err := found.ReadSpool(st.recorder.spool, path.Base(at)); err != nil {
		return err
	}
	lines := make([]session.JournalLine, 0, len(found.Lines)+len(found.Spooled))
	for _, l := range slices.Concat(found.Lines, found.Spooled) {
		lines = append(lines, session.JournalLine{Type: l.Type, Actor: l.Actor, At: l.At(), Data: l.Data})
	}
	_, err = st.manager.Recover(ctx, session.Found{Folder: at, Lines: lines, LastSafe: found.LastSafe.Wall})
	return err
}
