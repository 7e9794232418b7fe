package main

import (
	"context"
	"errors"
	"time"

	"roomrec/session"
)

// accesses keeps who has seen what on the session's own journal: while it is open in the journal of its
// recording, after that in the one that comes after its seal.
type accesses struct {
	open *session.Manager
	// sealed writes a line after the seal; nil: nothing can be written there.
	sealed func(ctx context.Context, sess, kind string, actor session.Actor, data any) error
}

// lookTime is how long the disks may take to take a line before nothing is shown.
const lookTime = 10 * time.Second

// Viewed writes a line and returns when it is on the volumes.
func (a accesses) Viewed(ctx context.Context, sess string, actor session.Actor, what string) error {
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	err := a.open.Viewed(ctx, sess, actor, what)
	if a.sealed == nil || !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrOver) {
		return err
	}
	return a.sealed(ctx, sess, session.TypeViewed, actor, session.Look{By: actor, What: what})
}
