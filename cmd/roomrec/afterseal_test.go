package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
)

// What came after the seal is told from the copies that can be read, whichever disk they are on.
func TestWhatCameAfterTheSealIsReadWhereItCanBe(t *testing.T) {
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), keyName)
	require.NoError(t, err)
	o := &opened{keys: []string{key.Verifier()}, dirs: []string{t.TempDir(), t.TempDir()}}
	o.note = []byte("a seal")
	require.NoError(t, o.load())
	_, err = after.Append(o.dirs, o.copies, after.Entry{Type: "said", Actor: "officer:li", Data: map[string]string{"text": "x"}, At: clock.Instant{Wall: 1_795_400_000_000_000_000}}, "controller", key)
	require.NoError(t, err)

	bad := filepath.Join(o.dirs[0], filepath.FromSlash(after.JournalName))
	require.NoError(t, os.Remove(bad))
	require.NoError(t, os.Symlink(bad, bad)) // which leads to itself
	for range 2 {
		require.Error(t, o.load(), "it may hold what no other does")
		require.Len(t, o.copies, 2)
		require.Len(t, o.copies[o.longest].Lines, 1)
		o.dirs[0], o.dirs[1] = o.dirs[1], o.dirs[0]
	}
	o.dirs = nil
	require.Error(t, o.load())
	require.Empty(t, o.copies[o.longest].Lines)
}
