package verify

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
)

// A session is sealed, and the log witnessed. Then it is sealed otherwise, with the station's key, and the log is cut
// back to before the seal: the witness saw no seal, and its word must not stand for the new one.
func TestLogCutBackToBeforeTheSeal(t *testing.T) {
	witness := newKey(t)
	w, err := stationlog.WitnessOf(witness)
	require.NoError(t, err)
	s := newSession(t, "20261122-140307-7f2k")
	volume, dir := s.onVolume(s.logEntries()[0])
	_, err = stationlog.Cosign(filepath.Join(volume, "log"), t.TempDir(), witness, []Key{s.trusted().Key}, began.Add(time.Hour))
	require.NoError(t, err)
	s.s.Runs[0].Cause = "closing"
	s.seal()
	put(t, dir, seal.FileName, s.files[seal.FileName])
	o := s.trusted()
	o.Witnesses = []*Witness{w}
	r := verified(t, o, dir)
	l := r.Folders[0].Log
	require.NotNil(t, l.Opened)
	require.Nil(t, l.Sealed)
	require.Empty(t, l.Witnessed)
	require.Contains(t, strings.Join(l.Findings, "\n"), "no seal of it")
	require.Equal(t, 1, r.ExitCode())
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "has not caught up")
	require.NotContains(t, text.String(), "witnessed by")

	// Before it is sealed the log has but the opening, and that is right.
	require.NoError(t, os.Remove(filepath.Join(dir, seal.FileName)))
	r = verified(t, o, dir)
	require.Empty(t, r.Folders[0].Log.Findings)
	require.Len(t, r.Folders[0].Log.Witnessed, 1)
}

// What a hand can lay into the folder of the log, or take out of it, ends no verification, and none waits for it.
func TestWhatAHandCanLayIntoTheLog(t *testing.T) {
	const head = "checkpoints/000000000/000000000007"
	s := newSession(t, "20261122-140307-7f2k")
	entries := s.logEntries()
	for i := range 300 { // more than one bundle
		entries = append(entries, stationlog.Entry{Kind: stationlog.Opened, Session: fmt.Sprintf("20261123-150307-%04d", i), At: began})
	}
	origin, _ := s.onVolume(entries...)
	for name, c := range map[string]struct {
		do    func(t *testing.T, log string)
		wrong bool
	}{
		"as it is": {func(*testing.T, string) {}, false},
		"its second bundle gone": {func(t *testing.T, log string) {
			require.NoError(t, os.RemoveAll(filepath.Join(log, "tile/entries/001.p")))
		}, true},
		"a folder among the witnesses'": {func(t *testing.T, log string) {
			require.NoError(t, os.MkdirAll(filepath.Join(log, "cosigned/x"), 0o755))
		}, true},
		"a pipe among the witnesses'": {func(t *testing.T, log string) {
			require.NoError(t, os.MkdirAll(filepath.Join(log, "cosigned"), 0o755))
			require.NoError(t, syscall.Mkfifo(filepath.Join(log, "cosigned/x"), 0o600))
		}, true},
		"a file where a folder of heads is": {func(t *testing.T, log string) {
			put(t, log, "checkpoints/000000001", []byte("x"))
		}, false},
		"a head that is a folder": {func(t *testing.T, log string) {
			require.NoError(t, os.MkdirAll(filepath.Join(log, head), 0o755))
		}, true},
		"a head that is a pipe": {func(t *testing.T, log string) {
			require.NoError(t, syscall.Mkfifo(filepath.Join(log, head), 0o600))
		}, true},
		"a head that is a link": {func(t *testing.T, log string) {
			require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(log, head)))
		}, true},
		"a head larger than any": {func(t *testing.T, log string) {
			put(t, log, head, nil)
			require.NoError(t, os.Truncate(filepath.Join(log, head), 20<<20))
		}, true},
		"a head that was not finished": {func(t *testing.T, log string) {
			put(t, log, head+".part0", []byte("x"))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			volume := t.TempDir()
			require.NoError(t, os.CopyFS(filepath.Join(volume, "log"), os.DirFS(filepath.Join(origin, "log"))))
			c.do(t, filepath.Join(volume, "log"))
			o := s.trusted()
			o.Log = volume
			r := verified(t, o, s.write())
			require.Equal(t, c.wrong, r.ExitCode() == 1, "%v", r.Folders[0].Log)
			require.Equal(t, Gaps, r.Folders[0].Verdict, "the session is what it was: %v", r.Folders[0].Findings)
		})
	}
}

// A session is sealed once: a log with a second seal of it would have one to choose. The program logs none; who has the
// station's key can write such a log.
func TestLogWithTwoSealsOfASession(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	volume, dir := s.onVolume(s.logEntries()...)
	require.Empty(t, verified(t, s.trusted(), dir).Folders[0].Log.Findings)
	log := filepath.Join(volume, "log")
	bundle, err := os.ReadFile(filepath.Join(log, "tile/entries/000.p/2"))
	require.NoError(t, err)
	first := 2 + int(bundle[0])<<8 + int(bundle[1])
	bundle = append(bundle, bundle[first:]...)
	var tile []byte
	var hashes []tlog.Hash
	for at, n := 0, int64(0); at < len(bundle); n++ {
		size := int(bundle[at])<<8 + int(bundle[at+1])
		leaf := tlog.RecordHash(bundle[at+2 : at+2+size])
		more, err := tlog.StoredHashesForRecordHash(n, leaf, tlog.HashReaderFunc(func(i []int64) (out []tlog.Hash, err error) {
			for _, k := range i {
				out = append(out, hashes[k])
			}
			return out, nil
		}))
		require.NoError(t, err)
		hashes, tile, at = append(hashes, more...), append(tile, leaf[:]...), at+2+size
	}
	root, err := tlog.TreeHash(3, tlog.HashReaderFunc(func(i []int64) (out []tlog.Hash, err error) {
		for _, k := range i {
			out = append(out, hashes[k])
		}
		return out, nil
	}))
	require.NoError(t, err)
	put(t, log, "tile/entries/000.p/3", bundle)
	put(t, log, "tile/0/000.p/3", tile)
	head, err := os.ReadFile(filepath.Join(log, "checkpoints/000000000/000000000002"))
	require.NoError(t, err)
	origin, _, _ := strings.Cut(string(head), "\n")
	put(t, log, "checkpoints/000000000/000000000003", signAnything(t, s.key, fmt.Appendf(nil, "%s\n3\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:]))))
	r := verified(t, s.trusted(), dir)
	require.Equal(t, []string{"it has 2 seals of this session: only one is made"}, r.Folders[0].Log.Findings)
	require.Equal(t, 1, r.ExitCode())
}
