package seal_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

// tornable returns a note of more than one disk block.
func tornable(t testing.TB) []byte {
	t.Helper()
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec")
	require.NoError(t, err)
	s := statement()
	b, err := seal.Sign(s, key)
	require.NoError(t, err)
	require.Greater(t, len(b), 2*512)
	return b
}

func TestWhatAPowerCutLeavesOfANoteIsTorn(t *testing.T) {
	note := tornable(t)
	require.False(t, seal.Torn(note))
	for n := range note {
		require.True(t, seal.Torn(note[:n]), "the first %d bytes", n)
		require.True(t, seal.TornOf(note[:n], note), "the first %d bytes", n)
		zeros := bytes.Clone(note)
		clear(zeros[n:])
		require.True(t, seal.Torn(zeros), "zeros from byte %d on", n)
		require.True(t, seal.TornOf(zeros, note))
	}
	hole := bytes.Clone(note)
	clear(hole[512 : 2*512])
	require.True(t, seal.Torn(hole))
	require.True(t, seal.TornOf(hole, note))
	require.False(t, seal.TornOf(note, note), "a whole one is no part")
	other := bytes.Replace(note[:300], []byte("algorithm"), []byte("logarithm"), 1)
	require.True(t, seal.Torn(other))
	require.False(t, seal.TornOf(other, note))
	require.False(t, seal.TornOf(append(bytes.Clone(note), 0), note), "longer than the note")
}

// A changed bit makes no torn seal of a whole one: it is a seal that is not right.
func TestChangedBitsAreNotTakenForTornNotes(t *testing.T) {
	note := tornable(t)
	for at := range note {
		for bit := range 8 {
			bad := bytes.Clone(note)
			bad[at] ^= 1 << bit
			if bad[at] == 0 && at == len(note)-1 {
				continue
			}
			require.False(t, seal.Torn(bad), "byte %d %q became %q", at, note[at], bad[at])
		}
	}
	require.False(t, seal.Torn([]byte("hello")))
	require.False(t, seal.Torn(append(bytes.Clone(note), note...)))
}

func TestFindTakesTheFirstWholeAttempt(t *testing.T) {
	note := tornable(t)
	for _, c := range []struct {
		name  string
		files map[string][]byte
		seal  string
		torn  []string
		last  int
	}{
		{"none", map[string][]byte{"x": nil}, "", nil, 0},
		{"one", map[string][]byte{"seal.note": note}, "seal.note", nil, 1},
		{"torn", map[string][]byte{"seal.note": note[:9]}, "", []string{"seal.note"}, 1},
		{"torn, then whole", map[string][]byte{"seal.note": {}, "seal-2.note": note[:80], "seal-10.note": note}, "seal-10.note", []string{"seal.note", "seal-2.note"}, 10},
		{"nothing after a whole one counts", map[string][]byte{"seal.note": note, "seal-2.note": note}, "seal.note", nil, 2},
		{"wrong, yet whole", map[string][]byte{"seal.note": []byte("hello"), "seal-2.note": note}, "seal.note", nil, 2},
		{"other names", map[string][]byte{"seal-1.note": note, "seal-02.note": note, "seal-x.note": note, "seal-99999.note": note, "seal-2.notes": note}, "", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, b := range c.files {
				files["s/"+name] = &fstest.MapFile{Data: b}
			}
			a, err := seal.Find(files, "s")
			require.NoError(t, err)
			require.Equal(t, c.seal, a.Name)
			require.Equal(t, c.seal != "", a.Sealed())
			var torn []string
			for _, x := range a.Torn {
				torn = append(torn, x.Name)
				require.Equal(t, seal.SHA256(c.files[x.Name]), x.SHA256)
				require.EqualValues(t, len(c.files[x.Name]), x.Size)
			}
			require.Equal(t, c.torn, torn)
			require.Equal(t, c.last, a.Last)
		})
	}
	_, err := seal.Find(fstest.MapFS{}, "nowhere")
	require.Error(t, err)
}

func TestOnlyTornAttemptsAreListed(t *testing.T) {
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec")
	require.NoError(t, err)
	for _, f := range []seal.File{
		{Path: "seal.note", Kind: seal.KindSegment},
		{Path: "seal-2.note", Kind: seal.KindAttempt, Size: 1},
		{Path: "r/c/run-0001/0001.mp4", Kind: seal.KindAttempt},
	} {
		s := statement()
		s.Files = append(s.Files, f)
		_, err = seal.Sign(s, key)
		require.Error(t, err, "%+v", f)
	}
	s := statement()
	s.Files = append(s.Files, seal.File{Path: "seal.note", Kind: seal.KindAttempt, SHA256: seal.SHA256(nil), Abandoned: []seal.Tail{{"vol-a", 12, seal.SHA256([]byte("x")), 0}}})
	_, err = seal.Sign(s, key)
	require.NoError(t, err)
}

func FuzzTorn(f *testing.F) {
	note := tornable(f)
	f.Add(note)
	f.Add(note[:700])
	f.Add([]byte("roomrec-seal/1\n{\n\n— a "))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := seal.Parse(b); err == nil && seal.Torn(b) {
			t.Fatal("a note in its form is torn")
		}
		if seal.TornOf(b, note) && !seal.Torn(b) {
			t.Fatal("a part that is not torn")
		}
	})
}
