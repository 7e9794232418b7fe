package people

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/clock/clocktest"
)

func TestTokens(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	src := clocktest.New(clock.NewSystem().Now().Wall)
	s, err := Open(ctx, filepath.Join(dir, "people.db"), src)
	require.NoError(t, err)
	const secret = "roomrec-a-secret-that-is-nowhere-else"
	lasting := Token{ID: "wall", Name: "Wall board", Role: "supervisor", Scopes: "self see-rooms all-rooms"}
	short := Token{ID: "board", Name: "Board", Role: "officer", Scopes: "self run", Room: "room3", Until: src.Now().Wall.Add(time.Hour)}
	require.NoError(t, s.AddToken(ctx, "admin", lasting, secret))
	require.NoError(t, s.AddToken(ctx, "admin", short, secret+"2"))
	require.Error(t, s.AddToken(ctx, "admin", lasting, secret+"3"), "the same id")
	require.Error(t, s.AddToken(ctx, "admin", Token{ID: "x"}, secret), "the same secret")

	got, err := s.TokenOf(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, lasting, got)
	got, err = s.TokenOf(ctx, secret+"2")
	require.NoError(t, err)
	require.Equal(t, short, got)
	for _, wrong := range []string{"", secret[1:], secret + "3", string(hashed(secret))} {
		_, err = s.TokenOf(ctx, wrong)
		require.ErrorIs(t, err, ErrNotFound, "%q", wrong)
	}
	src.Advance(time.Hour + time.Second)
	_, err = s.TokenOf(ctx, secret+"2")
	require.ErrorIs(t, err, ErrNotFound, "it is good no longer")
	require.NoError(t, s.ShutToken(ctx, "admin", "wall"))
	_, err = s.TokenOf(ctx, secret)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, s.ShutToken(ctx, "admin", "none"), ErrNotFound)

	all, err := s.Tokens(ctx)
	require.NoError(t, err)
	require.Len(t, all, 2, "what was shut is still named")
	require.True(t, all[1].Shut)
	deeds, err := s.Deeds(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"token.shut", "token.add", "token.add"}, []string{deeds[0].What, deeds[1].What, deeds[2].What})
	require.Equal(t, "board officer: self run in room3", deeds[1].Subject)
	require.NoError(t, s.Close())
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NotContains(t, string(b), secret, f)
	}
}
