package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"roomrec/session"
)

// accesses keeps who has seen what on the session's own journal: while it is open in the journal of its
// recording, after that in the one that comes after its seal.
type accesses struct {
	open *session.Manager
	log  zerolog.Logger
	// sealed writes a line after the seal; nil: it stands in the program's log alone.
	sealed func(ctx context.Context, sess, kind string, actor session.Actor, data any) error
}

// lookTime is how long the disks may take to take a line before nothing is shown.
const lookTime = 10 * time.Second

// Viewed writes a line and returns when it is on the volumes.
func (a accesses) Viewed(ctx context.Context, sess string, actor session.Actor, what string) error {
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	err := a.open.Viewed(ctx, sess, actor, what)
	if !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrOver) {
		return err
	}
	if a.sealed == nil {
		a.log.Info().Str("session", sess).Str("by", actor.ID).Str("what", what).Msg("looked at a sealed session")
		return nil
	}
	return a.sealed(ctx, sess, session.TypeViewed, actor, session.Look{By: actor, What: what})
}
