package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

// A recording that was sealed with a key that was never the station's does not pass for its own: what is verified
// after the seal says so, and no copy is made of it, with the name of the key. One of before a change of keys is its own.
func TestSealedWithAnotherKey(t *testing.T) {
	p := newPapers(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	p.seal(s)
	require.NoError(t, lookedAt(p, s.id))
	said := func() string {
		newVerifier(p.station, p.index).verify(t.Context(), s.id)
		listed, err := p.index.c.Session(t.Context(), s.id)
		require.NoError(t, err)
		return listed.Verdict
	}
	dirs := p.dirs(s.id)
	copied := func() error {
		c := copyCmd{Session: dirs[0], Also: dirs[1:], Camera: "front", By: "a", Reason: "b", Approval: "c", State: p.setup.stateDir, configFile: configFile{defaultConfig}}
		return c.Run(&env{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard})
	}
	require.Equal(t, "intact with declared gaps", said())
	require.ErrorContains(t, copied(), "names 0 cameras", "which is asked of what may be copied")

	p.stop()
	for _, suffix := range []string{"", seal.PublicSuffix} {
		require.NoError(t, os.Rename(filepath.Join(p.setup.stateDir, "seal.key"+suffix), filepath.Join(t.TempDir(), "old"+suffix)))
	}
	p.start()
	require.NoError(t, lookedAt(p, s.id))
	require.Equal(t, "intact with declared gaps", said())
	require.ErrorContains(t, copied(), "names 0 cameras")

	// Where the keys of before cannot be read nobody is said to have sealed with another.
	spoilt := filepath.Join(p.setup.stateDir, keysFolder, "0"+seal.PublicSuffix)
	require.NoError(t, os.WriteFile(spoilt, []byte("no key\n"), 0o600))
	require.Equal(t, "intact with declared gaps", said())
	require.ErrorContains(t, copied(), "0"+seal.PublicSuffix)
	require.NoError(t, os.Remove(spoilt))

	root, f, err := sessionIn(dirs)
	require.NoError(t, err)
	require.Equal(t, p.setup.volumes[0].Path, root)
	b, err := openBook(p.setup.stateDir, nil, "a", f, dirs)
	require.NoError(t, err)
	require.NoError(t, b.add(typeCopyAsked, copyLine{By: "a"}), "after lines of the key of before")

	p.stop()
	p.setup.stateDir = filepath.Join(t.TempDir(), "another")
	p.start()
	p.list(s.id)
	_, err = p.station.sealKey()
	require.NoError(t, err)
	require.Equal(t, "another key", said())
	require.Equal(t, "another-key", verdictOf(said()).Word)
	var no *exitError
	err = copied()
	require.ErrorContains(t, err, "sealed with "+f.sealed.Key)
	require.True(t, errors.As(err, &no))
	require.Equal(t, exitNo, no.code)
}
