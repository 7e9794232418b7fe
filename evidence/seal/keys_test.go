package seal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

// A key that is gone is said to be, and no other is made in its place.
func TestMissingKeyIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seal.key")
	_, err := seal.OpenKey(file, "k")
	require.NoError(t, err)
	require.NoError(t, os.Remove(file))
	_, err = seal.OpenKey(file, "k")
	require.ErrorIs(t, err, seal.ErrMissing)
	require.ErrorContains(t, err, "restore it from its backup")
	require.NoFileExists(t, file)
	_, err = seal.ReadKey(file, nil)
	require.ErrorIs(t, err, seal.ErrMissing)
}

// A key that somebody else keeps is read where it is; nothing is written there.
func TestKeyOfSomebodyElseIsOnlyRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "credential")
	made, err := seal.OpenKey(filepath.Join(t.TempDir(), "k"), "roomrec-here")
	require.NoError(t, err)
	secret, err := os.ReadFile(keyFileOf(t, made))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, secret, 0o400))
	key, err := seal.ReadKey(file, nil)
	require.NoError(t, err)
	require.Equal(t, "roomrec-here", key.Name())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, os.Chmod(file, 0o444))
	_, err = seal.ReadKey(file, nil)
	require.ErrorIs(t, err, seal.ErrExposed)
}

// keyFileOf makes a key's file anew and returns where: the key given says only what kind it is.
func keyFileOf(t *testing.T, k seal.Key) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seal.key")
	_, err := seal.OpenKey(file, k.Name())
	require.NoError(t, err)
	return file
}

// A change of keys keeps the public halves of before.
func TestChangedKeysAreRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	none, err := seal.Remembered(dir)
	require.NoError(t, err)
	require.Empty(t, none)
	one, two := newKey(t), newKey(t)
	for _, k := range []seal.Key{one, two, one} {
		require.NoError(t, seal.Remember(dir, k))
	}
	all, err := seal.Remembered(dir)
	require.NoError(t, err)
	require.ElementsMatch(t, []uint32{one.KeyHash(), two.KeyHash()}, []uint32{all[0].KeyHash(), all[1].KeyHash()})
	b, err := seal.Sign(statement(), one)
	require.NoError(t, err)
	_, err = seal.Verify(b, all...)
	require.NoError(t, err, "what the key of before signed is still right")
}

func FuzzParseCheckpoint(f *testing.F) {
	key := newKey(f)
	b, err := seal.SignCheckpoint(seal.Checkpoint{
		Session: "20261122-140507-7f2k", At: 1_795_327_387_000_000_000, Lines: 41,
		Runs: []seal.Progress{{Path: "room3/suspect/run-0001", Fragments: 120}},
	}, key)
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte("roomrec-checkpoint/1\nsession x\n\n— k AAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := seal.ParseCheckpoint(b)
		if err != nil {
			return
		}
		again, err := seal.SignCheckpoint(c, key)
		require.NoError(t, err)
		back, err := seal.ParseCheckpoint(again)
		require.NoError(t, err)
		c.Key, back.Key = "", ""
		require.Equal(t, c, back)
	})
}
