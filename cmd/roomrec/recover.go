package main

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"roomrec/evidence"
	"roomrec/evidence/seal"
	"roomrec/session"
)

// recover goes on with the sessions that were found unsealed: a crash, a power cut or a stop never
// ends one. Then it waits, so that it is a stage as the others.
func (st *station) recover(ctx context.Context) error {
	found, err := st.unsealed()
	if err != nil {
		return err
	}
	for _, at := range found {
		id := path.Base(at)
		if err := st.goOn(ctx, at); err != nil {
			// The others must not suffer; the folder stays as it was found, and verify names it unsealed.
			st.log.Error().Err(err).Str("session", id).Msg("found unsealed and cannot go on")
			continue
		}
		st.log.Warn().Str("session", id).Msg("found unsealed; goes on")
	}
	<-ctx.Done()
	return ctx.Err()
}

// unsealed returns the folders of sessions without a seal on any volume, newest first: a room has
// one session at a time.
func (st *station) unsealed() ([]string, error) {
	open := make(map[string]bool)
	for _, v := range st.disks.all() {
		folders, err := sessionsOn(v.Files())
		if err != nil {
			return nil, fmt.Errorf("volume %s: %w", v.ID(), err)
		}
		for _, at := range folders {
			_, err := fs.Stat(v.Files(), path.Join(at, seal.FileName))
			sealed := err == nil
			if was, seen := open[at]; !seen || was {
				open[at] = !sealed
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
