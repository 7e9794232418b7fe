package stationlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mark = "roomrec-volume.json"

// station is a log with volumes.
type station struct {
	t       *testing.T
	dir     string
	volumes []string
	key     seal.Key
	mu      sync.Mutex
	errs    []error
}

func newStation(t *testing.T, volumes int) *station {
	s := &station{t: t, dir: t.TempDir(), key: newKey(t, "roomrec")}
	for range volumes {
		v := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(v, mark), []byte("{}"), 0o600))
		s.volumes = append(s.volumes, v)
	}
	return s
}

func newKey(t testing.TB, name string) seal.Key {
	k, err := seal.OpenKey(filepath.Join(t.TempDir(), "key"), name)
	require.NoError(t, err)
	return k
}

func (s *station) keys() []note.Verifier {
	v, err := seal.ParseVerifier(s.key.Verifier())
	require.NoError(s.t, err)
	return []note.Verifier{v}
}

func (s *station) config() Config {
	return Config{
		Dir: s.dir, Volumes: func() []string { return s.volumes }, Mark: mark, Clock: clock.NewSystem(),
		Key:   func() (seal.Key, error) { return s.key, nil },
		Known: s.keys(), // the key in use is remembered like those of before
		Report: func(err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.errs = append(s.errs, err)
		},
	}
}

// log writes entries, in one life of the program, and returns what went wrong.
func (s *station) log(entries ...Entry) error {
	l := New(s.config())
	for _, e := range entries {
		l.Add(e)
	}
	return l.step()
}

func session(n int) string { return fmt.Sprintf("20261122-140507-%04d", n) }

func entry(kind Kind, n int) Entry {
	return Entry{Kind: kind, Session: session(n), At: clock.Wall(1_795_327_387_000_000_000).Add(time.Duration(n) * time.Hour), Hash: seal.SHA256([]byte(string(kind) + session(n)))}
}

func entries(from, to int) (out []Entry) {
	for n := from; n < to; n++ {
		out = append(out, entry(Opened, n), entry(Sealed, n))
	}
	return out
}

func (s *station) read(dir string, witnesses ...*Witness) *History {
	s.t.Helper()
	at, err := Find(dir)
	require.NoError(s.t, err)
	h, err := Read(at, s.keys(), witnesses)
	require.NoError(s.t, err)
	return h
}

// A volume is another station's if its log began elsewhere and no key of this one signed it.
func TestForeign(t *testing.T) {
	s, o := newStation(t, 2), newStation(t, 1)
	require.NoError(t, o.log(entries(0, 2)...))
	_, foreign := New(s.config()).Foreign(o.volumes[0])
	require.False(t, foreign, "this station has no log yet")
	s.volumes = s.volumes[:1]
	require.NoError(t, s.log(entries(2, 3)...))
	l := New(s.config())
	origin, foreign := l.Foreign(o.volumes[0])
	require.True(t, foreign)
	require.Equal(t, o.read(o.dir).Head.Origin, origin)
	for _, dir := range []string{s.volumes[0], t.TempDir(), filepath.Join(t.TempDir(), "away")} {
		_, foreign = l.Foreign(dir)
		require.False(t, foreign)
	}
	// A log that was begun anew on this station, while its disks were away, is its own, whatever its origin.
	again := newStation(t, 1)
	again.key = s.key
	require.NoError(t, again.log(entries(3, 4)...))
	_, foreign = l.Foreign(again.volumes[0])
	require.False(t, foreign)
	// Without the key nothing is said.
	cfg := s.config()
	cfg.Key = func() (seal.Key, error) { return nil, errors.New("no key") }
	_, foreign = New(cfg).Foreign(o.volumes[0])
	require.False(t, foreign)
}

// The log grows over restarts, on the system disk and on every volume, and each copy is whole.
func TestLogGrows(t *testing.T) {
	s := newStation(t, 2)
	all := s.volumes
	require.NoError(t, s.log(entries(0, 3)...))
	require.NoError(t, s.log(entries(0, 5)...), "what is there already is passed over")
	s.volumes = all[:1]
	require.NoError(t, s.log(entries(5, 129)...))
	s.volumes = all
	require.NoError(t, s.log(), "the volume that was away catches up")
	for _, dir := range append([]string{s.dir}, all...) {
		h := s.read(dir)
		require.Empty(t, h.Findings)
		require.True(t, h.Trusted)
		require.Len(t, h.Entries, 258)
		require.Equal(t, 4, h.Heads, "one for each time, and one for each full tile")
		for n := range 129 {
			for i, kind := range []Kind{Opened, Sealed} {
				in, err := h.Lookup(kind, session(n))
				require.NoError(t, err)
				require.Equal(t, int64(2*n+i), in.Index)
				require.Equal(t, entry(kind, n).Hash, in.Entry.Hash)
			}
		}
		in, err := h.Lookup(Opened, "another")
		require.NoError(t, err)
		require.Nil(t, in)
	}
	// Full tiles are those of the form, which any client of it reads.
	raw, err := os.ReadFile(filepath.Join(s.dir, "log/tile/0/000"))
	require.NoError(t, err)
	require.Len(t, raw, 256*32)
	leaf := tlog.RecordHash(must(entryBytes(s.read(s.dir).Entries[0])))
	require.Equal(t, leaf[:], raw[:32])
	require.FileExists(t, filepath.Join(s.dir, "log/tile/entries/001.p/2"))
	require.FileExists(t, filepath.Join(s.dir, "log/tile/1/000.p/1"))
}

func entryBytes(e Entry) ([]byte, error) { return e.encode() }

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// A new system disk takes the log from the longest copy; a copy of another station is refused.
func TestLogIsRestoredFromAVolume(t *testing.T) {
	s := newStation(t, 2)
	require.NoError(t, s.log(entries(0, 4)...))
	s.volumes = s.volumes[:1]
	require.NoError(t, s.log(entries(4, 6)...))
	s.dir = t.TempDir()
	require.NoError(t, s.log(entries(6, 7)...))
	require.Len(t, s.read(s.dir).Entries, 14)
	require.Empty(t, s.read(s.volumes[0]).Findings)

	other := newStation(t, 0)
	require.NoError(t, other.log(entries(0, 2)...))
	other.volumes = s.volumes
	require.ErrorIs(t, other.log(entries(2, 3)...), ErrSignature, "another station's key")
	other.key = s.key
	other.dir = t.TempDir()
	other.volumes = nil
	require.NoError(t, other.log(entries(0, 1)...))
	other.volumes = s.volumes
	require.ErrorIs(t, other.log(entries(2, 3)...), ErrFork, "another log by the same key")
	require.Len(t, other.read(other.dir).Entries, 4, "what counts was written all the same")
	require.Len(t, s.read(s.volumes[0]).Entries, 14)
}

// What a crash leaves between an entry and the head over it is taken up by the next start.
func TestLogGoesOnAfterACrash(t *testing.T) {
	s := newStation(t, 1)
	require.NoError(t, s.log(entries(0, 3)...))
	require.NoError(t, s.log(entry(Opened, 3), entry(Sealed, 3)))
	// The head of the last entry did not get its name, a part of it stayed.
	head := filepath.Join(s.dir, "log", headPath(8))
	require.NoError(t, os.Rename(head, head+".part0"))
	require.NoError(t, os.Remove(filepath.Join(s.volumes[0], "log", headPath(8))))
	require.NoError(t, s.log(entry(Opened, 4)))
	for _, dir := range []string{s.dir, s.volumes[0]} {
		h := s.read(dir)
		require.Empty(t, h.Findings)
		require.Len(t, h.Entries, 9)
		require.Equal(t, session(3), h.Entries[6].Session)
	}
}

// penless is a key that cannot sign while it is told so.
type penless struct {
	seal.Key
	fails *bool
}

func (p penless) Sign(b []byte) ([]byte, error) {
	if *p.fails {
		return nil, errors.New("no space left on the disk")
	}
	return p.Key.Sign(b)
}

// Where the head over an entry cannot be written the entry is there already. However often that happens, and
// whatever is to be logged meanwhile, every entry stands in the log once.
func TestLogGoesOnAfterHeadsThatFailed(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s := newStation(t, 1)
		require.NoError(t, s.log(entry(Opened, 0)))
		fails := true
		c := s.config()
		c.Key = func() (seal.Key, error) { return penless{s.key, &fails}, nil }
		l := New(c)
		l.Add(entry(Opened, 1))
		require.ErrorContains(t, l.step(), "no space left")
		require.ErrorContains(t, l.step(), "no space left")
		l.Add(entry(Opened, 2))
		require.ErrorContains(t, l.step(), "no space left")
		require.ErrorContains(t, l.step(), "no space left")
		fails = false
		if restart { // what opened is found on the disks then, and logged again
			require.NoError(t, s.log(entry(Opened, 1), entry(Opened, 2)))
		} else {
			require.NoError(t, l.step())
			require.NoError(t, l.step())
		}
		for _, dir := range []string{s.dir, s.volumes[0]} {
			h := s.read(dir)
			require.Empty(t, h.Findings)
			require.Len(t, h.Entries, 3)
		}
	}
}

// Every kind of change of a log shows, and where.
func TestZ38_LogTampering(t *testing.T) {
	edit := func(name string, change func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), change(b), 0o600))
		}
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	gone := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) }
	}
	for _, c := range []struct {
		name string
		do   func(t *testing.T, dir string)
		want string
	}{
		{"an entry changed", edit("tile/entries/000.p/12", func(b []byte) []byte {
			return []byte(strings.Replace(string(b), session(2), session(9), 1))
		}), "entry 4 is not what was logged"},
		{"an entry removed", edit("tile/entries/000.p/12", func(b []byte) []byte {
			parts, err := unbundle(b, 12)
			require.NoError(t, err)
			return bundle(append(parts[:4:4], parts[5:]...))
		}), "11 entries instead of 12"},
		{"entries exchanged", edit("tile/entries/000.p/12", func(b []byte) []byte {
			parts, err := unbundle(b, 12)
			require.NoError(t, err)
			parts[3], parts[4] = parts[4], parts[3]
			return bundle(parts)
		}), "entry 3 is not what was logged"},
		{"the tile of entries removed", gone("tile/entries/000.p/12"), "entries from 0 on are missing"},
		{"a hash changed", edit("tile/0/000.p/12", flip(4*32)), "tile/0/000.p/12: it is not of the entries that are here"},
		{"a tile of hashes removed", gone("tile/0/000.p/12"), "tile/0/000.p/12 is missing"},
		{"a head forged", edit(headPath(11), func(b []byte) []byte {
			return append([]byte("roomrec/00000000"), b[len("roomrec/00000000"):]...)
		}), "invalid signature for key roomrec"},
		{"a head put in another's place", func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, headPath(6)))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, headPath(11)), b, 0o600))
		}, headPath(11) + ": it states 6 entries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, 0)
			for _, n := range []int{0, 3} {
				require.NoError(t, s.log(append(entries(n, n+2), entry(Opened, n+2))...))
				require.NoError(t, s.log(entry(Sealed, n+2)))
			}
			require.Empty(t, s.read(s.dir).Findings)
			c.do(t, filepath.Join(s.dir, "log"))
			h := s.read(s.dir)
			require.Contains(t, strings.Join(h.Findings, "\n"), c.want)
		})
	}
}

// A station that signs a second history, from which a session was left out, is found out by whoever
// kept a head of the first.
func TestZ38_ForkIsFoundOut(t *testing.T) {
	s := newStation(t, 0)
	require.NoError(t, s.log(entries(0, 6)...))
	first := s.read(s.dir)
	kept := first.Head

	forked := &station{t: t, dir: t.TempDir(), key: s.key}
	require.NoError(t, forked.log(append(entries(0, 2), entry(Opened, 3))...))
	require.NoError(t, forked.log(entries(4, 8)...))
	// Even under the first one's name.
	h := forked.read(forked.dir)
	require.Empty(t, h.Findings, "by itself it is whole")
	require.ErrorIs(t, h.Contains(kept), ErrFork)
	kept.Origin = h.Head.Origin
	require.ErrorIs(t, h.Contains(kept), ErrFork)
	require.NoError(t, first.Contains(first.Head))

	require.NoError(t, s.log(entries(6, 9)...))
	require.NoError(t, s.read(s.dir).Contains(first.Head), "an honest one grows")
	require.ErrorIs(t, first.Contains(s.read(s.dir).Head), ErrFork, "and does not shrink")

	// Two heads of one size in one log: the log itself contradicts it.
	b := must(os.ReadFile(filepath.Join(forked.dir, "log", headPath(5))))
	text, _, _ := strings.Cut(string(b), "\n\n")
	head, err := parseHeadText(strings.Replace(text, h.Head.Origin, first.Head.Origin, 1) + "\n")
	require.NoError(t, err)
	signed, err := note.Sign(&note.Note{Text: headText(head.Origin, head.Tree)}, s.key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "log", headPath(5)), signed, 0o600))
	require.Contains(t, s.read(s.dir).Findings[0], headPath(5)+": it is of other entries than the first 5 that are here")
}

// A witness signs only what goes on from what it signed before, and its word stays in the log.
func TestWitness(t *testing.T) {
	s := newStation(t, 0)
	key, memory := newKey(t, "prosecutor"), t.TempDir()
	w, err := WitnessOf(key)
	require.NoError(t, err)
	same, err := ParseWitness(w.String() + "\n")
	require.NoError(t, err)
	require.Equal(t, w, same)
	at := clock.Wall(1_795_400_000_000_000_000)

	require.NoError(t, s.log(entries(0, 3)...))
	log := filepath.Join(s.dir, "log")
	_, err = Cosign(log, memory, key, s.keys(), at)
	require.NoError(t, err)
	require.NoError(t, s.log(entries(3, 5)...))
	require.NoError(t, s.log(entry(Opened, 5)))
	_, err = Cosign(log, memory, key, s.keys(), at.Add(time.Hour))
	require.NoError(t, err)
	_, err = Cosign(log, memory, key, s.keys(), at.Add(2*time.Hour))
	require.NoError(t, err, "nothing new is nothing wrong")
	require.NoError(t, s.log(entry(Opened, 6)))

	h := s.read(s.dir, w)
	require.Empty(t, h.Findings)
	require.Equal(t, []Witnessed{{"prosecutor", 6, at}, {"prosecutor", 11, at.Add(time.Hour)}}, h.Witnessed)
	in, err := h.Lookup(Sealed, session(2))
	require.NoError(t, err)
	require.Equal(t, at, in.Witnessed[0].At)
	in, err = h.Lookup(Opened, session(4))
	require.NoError(t, err)
	require.Equal(t, at.Add(time.Hour), in.Witnessed[0].At)
	in, err = h.Lookup(Opened, session(6))
	require.NoError(t, err)
	require.Empty(t, in.Witnessed, "not yet")
	require.Empty(t, s.read(s.dir).Witnessed, "a witness that is not known says nothing")

	// Another history under the same name and key.
	forked := &station{t: t, dir: t.TempDir(), key: s.key}
	require.NoError(t, os.CopyFS(forked.dir, os.DirFS(s.dir)))
	require.NoError(t, os.RemoveAll(filepath.Join(forked.dir, "log/tile")))
	require.NoError(t, os.RemoveAll(filepath.Join(forked.dir, "log/checkpoints")))
	require.NoError(t, os.RemoveAll(filepath.Join(forked.dir, "log/cosigned")))
	s2, err := openStore(forked.dir, false, "")
	require.NoError(t, err)
	head := Head{Origin: h.Head.Origin}
	for _, e := range entries(4, 12) {
		head, err = appendSome(s2, head, [][]byte{must(e.encode())}, s.key)
		require.NoError(t, err)
	}
	require.NoError(t, s2.Close())
	_, err = Cosign(filepath.Join(forked.dir, "log"), memory, key, s.keys(), at)
	require.ErrorIs(t, err, ErrFork)
	_, err = Cosign(log, memory, key, nil, at)
	require.ErrorIs(t, err, ErrSignature)
}

// Run writes what is asked for while it runs and what was asked for just before its end; a key that is
// not there delays the log and nothing else.
func TestRun(t *testing.T) {
	s := newStation(t, 1)
	cfg := s.config()
	var mu sync.Mutex
	missing := true
	cfg.Retry = time.Millisecond
	cfg.Key = func() (seal.Key, error) {
		mu.Lock()
		defer mu.Unlock()
		if missing {
			return nil, errors.New("no key")
		}
		return s.key, nil
	}
	l := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	l.Add(entry(Opened, 1))
	require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.errs) > 0 }, time.Minute, time.Millisecond)
	require.Zero(t, l.Size())
	mu.Lock()
	missing = false
	mu.Unlock()
	require.Eventually(t, func() bool { return l.Size() == 1 }, time.Minute, time.Millisecond)
	cancel()
	l.Add(entry(Sealed, 1))
	require.ErrorIs(t, <-done, context.Canceled)
	_ = l.step() // whether Run still saw it depends on the moment
	require.Len(t, s.read(s.volumes[0]).Entries, 2)
}

// Nothing is written under a mount point without its disk.
func TestLogNeedsTheVolumesMark(t *testing.T) {
	s := newStation(t, 1)
	require.NoError(t, os.Remove(filepath.Join(s.volumes[0], mark)))
	require.ErrorIs(t, s.log(entries(0, 1)...), os.ErrNotExist)
	require.NoDirExists(t, filepath.Join(s.volumes[0], "log"))
	require.Len(t, s.read(s.dir).Entries, 2)
}
