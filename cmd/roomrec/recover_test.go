package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
)

// A session of which the station's log holds the seal, and no disk has it whole, does not go on: another
// seal would hide that somebody cut the first one off.
func TestSessionThatTheLogHoldsAsSealedDoesNotGoOn(t *testing.T) {
	dir := t.TempDir()
	key, err := seal.OpenKey(filepath.Join(dir, "seal.key"), keyName)
	require.NoError(t, err)
	const id = "20261122-140507-7f2k"
	at, ok := folderOf(id)
	require.True(t, ok)
	st := &station{logRead: make(chan struct{}), clock: clock.NewSystem()}
	st.sessions = stationlog.New(stationlog.Config{
		Dir: dir, Clock: st.clock, Key: func() (seal.Key, error) { return key, nil }, Volumes: func() []string { return nil },
	})
	// Nothing is decided before the log was read.
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, st.goOn(over, at, false, 0), context.Canceled)

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- st.sessions.Run(ctx) }()
	st.sessions.Add(stationlog.Entry{Kind: stationlog.Sealed, Session: id, Hash: seal.SHA256([]byte("the seal"))})
	require.Eventually(t, func() bool { return st.sessions.Has(stationlog.Sealed, id) }, 30*time.Second, 5*time.Millisecond)
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
	close(st.logRead)
	require.ErrorIs(t, st.goOn(t.Context(), at, false, 0), evidence.ErrSealCut)
}
