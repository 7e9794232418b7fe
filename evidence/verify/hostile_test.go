package verify

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// keyed is a public key of the tests, which the other verifier is told too.
func keyed(t testing.TB, key seal.Key) Key {
	k, err := seal.ParseVerifier(key.Verifier())
	require.NoError(t, err)
	keyTexts.Store(fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()), key.Verifier())
	return k
}

// What somebody who has no key can lay into a folder, or take for a part of it, ends neither verifier, and none
// waits for it: whatever else it is, both say alike that it does not belong there.
func TestWhatAHandCanLayIntoAFolder(t *testing.T) {
	link := func(t *testing.T, to, dir, path string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
		require.NoError(t, os.Symlink(to, filepath.Join(dir, path)))
	}
	away := func(t *testing.T, dir, path string) { // a file elsewhere, and a link to it in its place
		x := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.Rename(filepath.Join(dir, path), x))
		link(t, x, dir, path)
	}
	folder := func(t *testing.T, dir, path string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, path), 0o755))
	}
	pipe := func(t *testing.T, dir, path string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, path), 0o600))
	}
	nested := strings.Repeat("[", 100_000) + "\n"
	for name, c := range map[string]struct {
		do    func(t *testing.T, s *session, dir string)
		want  Verdict
		after Verdict // none if empty
	}{
		"a journal file whose number has a zero too many": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "journal-00001.jsonl", []byte("a confession\n"))
		}, Altered, ""},
		"a journal file with Arabic digits": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "journal-٠٠٠١.jsonl", []byte("a confession\n"))
		}, Altered, ""},
		"a journal file of the greatest number": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "journal-9223372036854775807.jsonl", nil)
		}, Altered, ""},
		"a journal file of a great number": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "journal-99999999.jsonl", nil)
		}, Altered, ""},
		"the next journal file, empty": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "journal-0003.jsonl", nil)
		}, Altered, ""},
		"a link to a folder":       {func(t *testing.T, _ *session, dir string) { link(t, t.TempDir(), dir, "room3/more") }, Altered, ""},
		"a segment that is a link": {func(t *testing.T, _ *session, dir string) { away(t, dir, seg1) }, Altered, ""},
		"a seal that is a link":    {func(t *testing.T, _ *session, dir string) { away(t, dir, seal.FileName) }, Altered, ""},
		"a seal that is a folder": {func(t *testing.T, _ *session, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, seal.FileName)))
			folder(t, dir, seal.FileName)
		}, Unsealed, ""},
		"a pipe":                    {func(t *testing.T, _ *session, dir string) { pipe(t, dir, "pipe") }, Altered, ""},
		"a pipe as a second seal":   {func(t *testing.T, _ *session, dir string) { pipe(t, dir, "seal-2.note") }, Altered, ""},
		"after/ that is a link":     {func(t *testing.T, _ *session, dir string) { link(t, t.TempDir(), dir, "after") }, Altered, Altered},
		"after/ that is a file":     {func(t *testing.T, _ *session, dir string) { put(t, dir, "after", []byte("x")) }, Altered, Altered},
		"a link in after/":          {func(t *testing.T, _ *session, dir string) { link(t, t.TempDir(), dir, "after/more") }, Gaps, Altered},
		"the journal after, a pipe": {func(t *testing.T, _ *session, dir string) { pipe(t, dir, "after/journal.jsonl") }, Gaps, Altered},
		"the journal after, a folder": {func(t *testing.T, _ *session, dir string) {
			folder(t, dir, "after/journal.jsonl")
		}, Gaps, Altered},
		"the journal after, larger than any": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "after/journal.jsonl", nil)
			require.NoError(t, os.Truncate(filepath.Join(dir, "after/journal.jsonl"), 65<<20))
		}, Gaps, Altered},
		"the seal again under the second name": {func(t *testing.T, s *session, dir string) {
			put(t, dir, "seal-2.note", s.files[seal.FileName])
		}, Altered, ""},
		"a seal that is a list": {func(t *testing.T, s *session, dir string) {
			put(t, dir, seal.FileName, signAnything(t, s.key, []byte("roomrec-seal/1\n[]\n")))
		}, Altered, ""},
		"a seal nested without end": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, seal.FileName, signAnything(t, newKey(t), []byte("roomrec-seal/1\n"+nested)))
		}, Altered, ""},
		"a seal that lacks members": {func(t *testing.T, _ *session, dir string) {
			k := newKey(t)
			body := fmt.Sprintf("{\n \"algorithm\": \"Ed25519\",\n \"hash_suite\": \"SHA-256\",\n \"key\": %q,\n \"session\": \"x\",\n \"version\": \"roomrec-seal/1\"\n}", k.Verifier())
			put(t, dir, seal.FileName, signAnything(t, k, []byte("roomrec-seal/1\n"+body+"\n")))
		}, Altered, ""},
		"a line that is a number": {func(t *testing.T, s *session, dir string) {
			put(t, dir, "journal-0001.jsonl", append([]byte("5\n"), s.files["journal-0001.jsonl"][2:]...))
		}, Altered, ""},
		"a line after the seal nested without end": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "after/journal.jsonl", []byte(`{"seq":1,"data":`+nested))
		}, Gaps, Incomplete},
		"a line after the seal that is a number": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "after/journal.jsonl", []byte("5\n"))
		}, Gaps, Incomplete},
		"a line after the seal of lists": {func(t *testing.T, _ *session, dir string) {
			put(t, dir, "after/journal.jsonl", []byte(`{"seq":[],"wall":1,"uncertainty_ns":1,"type":"x","actor":"y","data":{},"prev":1,"key":1,"signature":1}`+"\n"))
		}, Gaps, Incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, "20261122-140307-7f2k")
			dir := s.write()
			c.do(t, s, dir)
			r := verified(t, s.trusted(), dir)
			require.Equal(t, 1, r.ExitCode())
			f := r.Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
			if c.after == "" {
				require.Nil(t, f.After)
				return
			}
			require.Equal(t, c.after, f.After.Verdict, f.After.Findings)
		})
	}
}

// A hole that the seal does not declare is in every copy: that there are several makes it no smaller.
func TestUndeclaredHoleInEveryCopy(t *testing.T) {
	s := plain(t, "20261122-140307-7f2k")
	s.s.Runs = s.s.Runs[:2]
	delete(s.files, run2)
	s.files[over] = s.gappy()
	s.s.Runs[0].Cause = "closing"
	s.seal()
	r := verified(t, s.trusted(), s.write(), s.write())
	require.Equal(t, Incomplete, r.Together[0].Verdict, r.Together[0].Findings)
	require.Equal(t, 1, r.ExitCode())
}

// Gaps that are declared may lie over one another; together they have to cover the hole.
func TestGapsCoverAHoleTogether(t *testing.T) {
	at := func(ms int) clock.Instant { return instant(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		gaps [][2]int // milliseconds; the hole is from 3000 to 5000
		want Verdict
	}{
		{[][2]int{{3000, 4200}, {4600, 5000}}, Gaps},
		{[][2]int{{2900, 4300}, {3000, 3100}, {4200, 4800}}, Gaps},
		{[][2]int{{3000, 4000}, {4600, 5000}}, Incomplete},
		{[][2]int{{2500, 3000}, {5000, 6000}}, Incomplete},
	} {
		s := plain(t, "20261122-140307-7f2k")
		s.s.Runs = s.s.Runs[:2]
		delete(s.files, run2)
		s.files[over] = s.gappy()
		s.s.Runs[0].Cause = "closing"
		for _, g := range c.gaps {
			s.s.Runs[1].Gaps = append(s.s.Runs[1].Gaps, seal.Gap{Track: -1, Cause: "stall", From: at(g[0]), To: at(g[1])})
		}
		s.seal()
		f := verified(t, s.trusted(), s.write()).Folders[0]
		require.Equal(t, c.want, f.Verdict, "%v: %v", c.gaps, f.Findings)
	}
}

// A run without a segment that the seal says has fragments lacks them.
func TestRunWithoutSegmentsThatStatesFragments(t *testing.T) {
	for fragments, want := range map[uint32]Verdict{0: Gaps, 5: Altered} {
		s := newSession(t, "20261122-140307-7f2k")
		s.s.Runs = append(s.s.Runs, seal.Run{
			Room: "room3", Camera: "third", Run: 1, Cause: "closing", First: instant(0), Last: instant(20 * time.Second), Fragments: fragments,
		})
		s.s.Cameras = append(s.s.Cameras, seal.Camera{Room: "room3", Camera: "third", Required: true})
		s.seal()
		f := verified(t, s.trusted(), s.write()).Folders[0]
		require.Equal(t, want, f.Verdict, f.Findings)
	}
}

// alike has the name and the hash of another's key, as one that somebody searched for.
type alike struct{ Key }

func (alike) Verify(_, _ []byte) bool { return false }

// The hash of a key in a signature's line has four bytes: many keys have it. Checkpoints are by a known key only where
// that one says so.
func TestKeyOfTheSameHashIsNotTheKey(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	delete(s.files, seal.FileName)
	dir := s.write()
	require.Equal(t, KeyTrusted, verified(t, s.trusted(), dir).Folders[0].Key)
	r, err := Folders(context.Background(), []string{dir}, Options{Key: alike{s.trusted().Key}})
	require.NoError(t, err)
	require.Equal(t, KeyOther, r.Folders[0].Key)
}

// Of attempts to seal that are not whole nobody keeps more in mind than one seal may take: such files cost nothing.
func TestManyTornSealsTakeLittleMemory(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	dir := s.write()
	require.NoError(t, os.Remove(filepath.Join(dir, seal.FileName)))
	c := &check{tornSeals: map[string]tornSeal{}}
	big := bytes.Repeat([]byte{0}, seal.MaxNote/4+1)
	kept := 0
	for i := range 8 {
		torn := c.newTorn(big)
		c.tornSeals[seal.AttemptName(i+1)] = torn
		kept += len(torn.bytes)
		require.Equal(t, int64(len(big)), torn.size)
	}
	require.LessOrEqual(t, kept, seal.MaxNote)
}

// A session cannot be sealed before it was opened.
func TestSealedBeforeItWasOpened(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	s.s.Sealed = instant(-2 * time.Hour)
	s.seal()
	f := verified(t, s.trusted(), s.write()).Folders[0]
	require.Equal(t, Altered, f.Verdict, f.Findings)
}
