package stationlog

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// What a witness signed on a volume, where it was carried back to, is told of the sessions that it covers, without
// reading all of the log; what is not proven is not told.
func TestSeeTellsWhoSawASession(t *testing.T) {
	s := newStation(t, 2)
	key, memory := newKey(t, "prosecutor"), t.TempDir()
	w, err := WitnessOf(key)
	require.NoError(t, err)
	stranger, err := WitnessOf(newKey(t, "stranger"))
	require.NoError(t, err)
	at := clock.Wall(1_795_400_000_000_000_000)
	see := func(kind Kind, n int, witnesses ...*Witness) (Sight, error) {
		return New(s.config()).See(kind, session(n), witnesses)
	}

	grow := func(entries ...Entry) {
		t.Helper()
		cfg := s.config()
		cfg.Witnesses = []*Witness{w}
		l := New(cfg)
		for _, e := range entries {
			l.Add(e)
		}
		require.NoError(t, l.step())
	}

	none, err := see(Sealed, 1, w)
	require.NoError(t, err)
	require.Equal(t, Sight{}, none, "there is no log yet")
	grow(entries(0, 140)...) // more than a tile
	got, err := see(Sealed, 1, w)
	require.NoError(t, err)
	require.Equal(t, entry(Sealed, 1).Hash, got.Entry.Hash)
	require.Equal(t, int64(3), got.Index)
	require.Empty(t, got.By)

	carried := filepath.Join(s.volumes[1], "log")
	_, err = Cosign(carried, memory, key, s.keys(), at)
	require.NoError(t, err)
	grow(entries(140, 141)...)
	_, err = Cosign(carried, memory, key, s.keys(), at.Add(time.Hour))
	require.NoError(t, err)
	grow(entry(Opened, 141))
	for _, c := range []struct {
		kind  Kind
		n     int
		index int64
		by    []SeenBy
	}{
		{Sealed, 1, 3, []SeenBy{{"prosecutor", at, at.Add(time.Hour)}}},
		{Sealed, 139, 279, []SeenBy{{"prosecutor", at, at.Add(time.Hour)}}},
		{Sealed, 140, 281, []SeenBy{{"prosecutor", at.Add(time.Hour), at.Add(time.Hour)}}},
		{Opened, 141, 282, nil},
	} {
		got, err := see(c.kind, c.n, stranger, w)
		require.NoError(t, err)
		require.Equal(t, c.by, got.By, c.n)
		require.Equal(t, c.index, got.Index)
		require.Zero(t, got.Unknown)
		// What the whole reading of the log says of it is the same.
		in, err := s.read(s.volumes[1], w).Lookup(c.kind, session(c.n))
		require.NoError(t, err)
		require.Equal(t, c.index, in.Index)
		require.Len(t, in.Witnessed, len(c.by))
		if len(c.by) > 0 {
			require.Equal(t, c.by[0].First, in.Witnessed[0].At)
		}
	}
	got, err = see(Sealed, 141, w)
	require.NoError(t, err)
	require.Nil(t, got.Entry, "it was not sealed")
	got, err = see(Sealed, 1, stranger)
	require.NoError(t, err)
	require.Empty(t, got.By)
	require.Equal(t, 1, got.Unknown, "somebody signed whose key is not known here")

	// A volume that cannot be read takes nothing away from what others say.
	loop := filepath.Join(s.volumes[0], "log", cosignedFolder)
	aside := filepath.Join(t.TempDir(), "aside")
	require.NoError(t, os.Rename(loop, aside))
	require.NoError(t, os.Symlink(cosignedFolder, loop)) // which leads to itself
	got, err = see(Sealed, 1, w)
	require.NoError(t, err)
	require.Len(t, got.By, 1)
	require.NoError(t, os.Remove(loop))
	require.NoError(t, os.Rename(aside, loop))

	// A word that was changed says nothing.
	first := filepath.Join(carried, cosignedFolder)
	grow()
	for _, dir := range append(s.volumes, s.dir) { // it was brought to every volume, and to the log that counts
		copied, err := os.ReadDir(filepath.Join(dir, Folder, cosignedFolder))
		require.NoError(t, err)
		require.Len(t, copied, 2, dir)
		if dir != s.volumes[1] {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, Folder, cosignedFolder)))
		}
	}
	names, err := os.ReadDir(first)
	require.NoError(t, err)
	require.Len(t, names, 2)
	file := filepath.Join(first, names[0].Name())
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := append([]byte{}, b...)
	changed[len(changed)-8] ^= 1
	require.NoError(t, os.WriteFile(file, changed, 0o600))
	got, err = see(Sealed, 1, w)
	require.NoError(t, err)
	require.Equal(t, []SeenBy{{"prosecutor", at.Add(time.Hour), at.Add(time.Hour)}}, got.By)

	// It is brought nowhere, and so is no other's than that of a witness who is known; what is right is.
	grow()
	copied, err := os.ReadDir(filepath.Join(s.dir, Folder, cosignedFolder))
	require.NoError(t, err)
	require.Len(t, copied, 1)
	require.Equal(t, names[1].Name(), copied[0].Name())

	// A log that was made anew under the same key, with other entries, contradicts the witness.
	require.NoError(t, os.WriteFile(file, b, 0o600))
	h := s.read(s.dir)
	require.NoError(t, os.RemoveAll(filepath.Join(s.dir, Folder)))
	forked, err := openStore(s.dir, true, "")
	require.NoError(t, err)
	head := Head{Origin: h.Head.Origin}
	var raws [][]byte
	for _, e := range append(entries(2, 150), entries(0, 2)...) {
		raws = append(raws, must(e.encode()))
	}
	for _, some := range [][][]byte{raws[:1<<tileHeight], raws[1<<tileHeight:]} {
		head, err = appendSome(forked, head, some, s.key)
		require.NoError(t, err)
	}
	require.NoError(t, forked.Close())
	_, err = see(Sealed, 2, w)
	require.ErrorIs(t, err, ErrFork)
	unsigned := append([]byte{}, head.Note...)
	unsigned[len(unsigned)-8] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, Folder, headPath(head.Tree.N)), unsigned, 0o600))
	_, err = see(Sealed, 2, w)
	require.ErrorIs(t, err, ErrFormat, "a head that the station did not sign proves nothing")
}
