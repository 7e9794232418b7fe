package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

func TestTranscriptsOfSessions(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	all := fill(t, c, 5) // the newest is not sealed
	require.NoError(t, c.SetTranscript(ctx, all[1].Session, "differs", 2))
	require.NoError(t, c.SetTranscript(ctx, all[2].Session, "agrees", 0))
	require.ErrorIs(t, c.SetTranscript(ctx, "no such", "agrees", 0), ErrNotFound)
	// What the session's layer writes later does not name it, and it stays.
	require.NoError(t, c.Put(ctx, all[1]))
	got, err := c.Session(ctx, all[1].Session)
	require.NoError(t, err)
	require.Equal(t, "differs", got.Transcript)
	require.Equal(t, 2, got.Ordinal)
	counts, err := c.Transcripts(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"": 2, "differs": 1, "agrees": 1}, counts)
	sealed, err := c.Untranscribed(ctx)
	require.NoError(t, err)
	require.Equal(t, []clock.Wall{4, 4}, sealed, "neither what has one nor what is not sealed")
	// A rebuilt index has what the folders say.
	told := all[1]
	told.Transcript, told.Ordinal = "explained", 2
	_, err = c.Reindex(ctx, func(yield func(Session, error) bool) { yield(told, nil) })
	require.NoError(t, err)
	got, err = c.Session(ctx, told.Session)
	require.NoError(t, err)
	require.Equal(t, told, got)
}
