package verify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/media"
)

const began = clock.Wall(1_795_327_387_000_000_000)

func instant(d time.Duration) clock.Instant { return clock.Instant{Wall: began.Add(d)} }

// session is a session's folder in the making: two cameras, one of them with two runs, of which the
// first has two segments, and a restart.
type session struct {
	t       testing.TB
	id      string
	files   map[string][]byte
	s       seal.Statement
	key     seal.Key
	chain   *journal.Chain
	first   seal.Hash
	payload int    // bytes of a unit, 200 if 0
	room    string // of the runs that are written next; room3 if empty
	// fragments holds the places of the fragments in their files.
	fragments map[string][]int
	trees     map[string]seal.Tree // by the run's folder
	stated    map[string]uint64    // what the last checkpoint says of it
}

func newSession(t testing.TB, id string) *session { return makeSession(t, id, newKey(t), true) }

func newKey(t testing.TB) seal.Key {
	t.Helper()
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec-test")
	require.NoError(t, err)
	return key
}

// plain is a session without checkpoints, as one that lasted less than ten seconds.
func plain(t testing.TB, id string) *session { return makeSession(t, id, newKey(t), false) }

func makeSession(t testing.TB, id string, key seal.Key, checkpoints bool) *session {
	t.Helper()
	s := &session{t: t, id: id, files: map[string][]byte{}, key: key, chain: journal.NewChain(journal.Head{}), stated: map[string]uint64{}, fragments: map[string][]int{}}
	s.s = seal.Statement{
		Session: id, Opened: instant(0), Sealed: instant(20 * time.Second), Zone: "Asia/Shanghai",
		Clock: seal.Clock{Source: "ntp", Trusted: true},
		Cameras: []seal.Camera{
			{Room: "room3", Camera: "suspect", Required: true}, {Room: "room3", Camera: "overview"},
		},
		Volumes: []seal.Volume{{ID: "vol-a", Complete: true}},
	}
	s.line(1, journal.Entry{Type: "session.opened", Actor: "officer:li"})
	s.first = sha256.Sum256(s.files[journal.FileName(1)])
	s.line(1, journal.Entry{Type: "session.started", Actor: "officer:li"})
	s.run("suspect", 1, 0, "restart", 3, 4)
	s.run("overview", 1, 0, "closing", 6)
	if checkpoints {
		s.checkpoint(1, 6*time.Second, s.key)
	}
	s.line(2, journal.Entry{Type: journal.TypeResumed, Actor: journal.ActorController, Data: journal.Resumed{Before: journal.FileName(1)}})
	s.run("suspect", 2, 9*time.Second, "closing", 5)
	if checkpoints {
		s.checkpoint(2, 14*time.Second, s.key)
	}
	s.line(2, journal.Entry{Type: "session.sealing", Actor: journal.ActorController})
	s.seal()
	return s
}

func (s *session) line(file int, e journal.Entry) {
	s.lineAt(file, e, instant(time.Second))
}

func (s *session) lineAt(file int, e journal.Entry, at clock.Instant) {
	b, err := s.chain.Next(e, at, 1)
	require.NoError(s.t, err)
	s.files[journal.FileName(file)] = append(s.files[journal.FileName(file)], b...)
}

// checkpoint writes a signed line that states all trees that grew, as they are.
func (s *session) checkpoint(file int, at time.Duration, key seal.Key) {
	h := s.chain.Head()
	c := seal.Checkpoint{Session: s.id, At: instant(at).Wall, Lines: h.Seq, Head: seal.Hash(h.Hash)}
	for _, path := range slices.Sorted(maps.Keys(s.trees)) {
		tree := s.trees[path]
		if tree.Size() > s.stated[path] {
			c.Runs = append(c.Runs, seal.Progress{Path: path, Fragments: tree.Size(), Root: tree.Root()})
			s.stated[path] = tree.Size()
		}
	}
	note, err := seal.SignCheckpoint(c, key)
	require.NoError(s.t, err)
	s.lineAt(file, journal.Entry{Type: seal.TypeCheckpoint, Actor: journal.ActorController, Data: map[string]string{"note": string(note)}}, instant(at))
}

// run writes a run of segments with the given numbers of fragments of one second.
func (s *session) run(camera string, number int, at time.Duration, cause string, segments ...int) {
	room := cmp.Or(s.room, "room3")
	track := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	r := seal.Run{Room: room, Camera: camera, Run: number, Cause: cause, First: instant(at)}
	prev := fragment.Hash(s.first)
	var tree seal.Tree
	for n, count := range segments {
		w, data, err := fragment.NewWriter(fragment.Header{
			Session: s.id, Room: room, Camera: camera, Run: number, Segment: n + 1,
			Origin: instant(at), Zone: clock.NewZone(time.FixedZone("x", 8*3600)), Prev: prev, Tracks: []*media.Track{track},
		})
		require.NoError(s.t, err)
		path := fmt.Sprintf("%s/%s/run-%04d/%04d.mp4", room, camera, number, n+1)
		for i := range count {
			r.Fragments++
			f := fragment.Fragment{Sequence: r.Fragments, Source: "arrival", Start: instant(at), End: instant(at + time.Second)}
			part := fragment.Part{Decode: int64(i) * 8000}
			for k := range 5 {
				u := &media.Unit{Payload: [][]byte{bytes.Repeat([]byte{byte(k + i), byte(number)}, max(s.payload, 200))}, Key: true, Arrival: clock.Stamp{Wall: began}}
				part.Units, part.Durations = append(part.Units, u), append(part.Durations, 1600)
			}
			f.Tracks = []fragment.Part{part}
			b, leaf, err := w.Append(f)
			require.NoError(s.t, err)
			s.fragments[path] = append(s.fragments[path], len(data))
			data = append(data, b...)
			prev, r.LastLeaf = leaf, seal.Hash(leaf)
			tree.Add(seal.Hash(leaf))
			at += time.Second
		}
		s.fragments[path] = append(s.fragments[path], len(data))
		s.files[path] = data
		r.Segments = append(r.Segments, path)
	}
	r.Last, r.Root = instant(at), tree.Root()
	if s.trees == nil {
		s.trees = map[string]seal.Tree{}
	}
	s.trees[fmt.Sprintf("%s/%s/run-%04d", room, camera, number)] = tree
	s.s.Runs = append(s.s.Runs, r)
}

// seal states and signs what the files are now.
func (s *session) seal() {
	delete(s.files, seal.FileName)
	tails := map[string][]seal.Tail{}
	for _, f := range s.s.Files {
		tails[f.Path] = f.Abandoned
	}
	s.s.Files = nil
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		kind := seal.KindSegment
		if _, ok := journal.FileNumber(path); ok {
			kind = seal.KindJournal
			h := s.chain.Head()
			s.s.Journal = seal.Journal{File: path, Lines: h.Seq, SHA256: seal.Hash(h.Hash)}
		}
		s.s.Files = append(s.s.Files, seal.File{
			Path: path, Kind: kind, Size: int64(len(s.files[path])), SHA256: sha256.Sum256(s.files[path]), Abandoned: tails[path],
		})
	}
	note, err := seal.Sign(s.s, s.key)
	require.NoError(s.t, err)
	s.files[seal.FileName] = note
}

// write puts the files into a new folder.
func (s *session) write() string {
	dir := filepath.Join(s.t.TempDir(), s.id)
	for path, data := range s.files {
		put(s.t, dir, path, data)
	}
	return dir
}

func put(t testing.TB, dir, path string, data []byte) {
	file := filepath.Join(dir, filepath.FromSlash(path))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, data, 0o600))
}

// verified has both verifiers judge folders, who must agree.
func verified(t testing.TB, o Options, dirs ...string) Report {
	t.Helper()
	r, err := Folders(context.Background(), dirs, o)
	require.NoError(t, err)
	agrees(t, &r, o, dirs...)
	return r
}

func (s *session) trusted() Options {
	k, err := seal.ParseVerifier(s.key.Verifier())
	require.NoError(s.t, err)
	keyTexts.Store(fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()), s.key.Verifier())
	return Options{Key: k}
}

func paths(t testing.TB, dir string) (all []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// skip writes one more fragment after those of other, d after the beginning.
func (s *session) skip(other *session, sequence uint32, d time.Duration) {
	r := other.s.Runs[0]
	track := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	w, head, err := fragment.NewWriter(fragment.Header{
		Session: s.id, Room: "room3", Camera: "overview", Run: 1, Segment: 1,
		Origin: instant(0), Zone: clock.NewZone(time.FixedZone("x", 8*3600)), Prev: fragment.Hash(s.first), Tracks: []*media.Track{track},
	})
	require.NoError(s.t, err)
	require.True(s.t, bytes.HasPrefix(other.files["room3/overview/run-0001/0001.mp4"], head))
	var data []byte
	for i := range sequence + 1 {
		at := time.Duration(i) * time.Second
		if i == sequence {
			at = d
		}
		part := fragment.Part{Decode: int64(at/time.Second) * 8000}
		for k := range 5 {
			u := &media.Unit{Payload: [][]byte{bytes.Repeat([]byte{byte(k + int(i)), 1}, 200)}, Key: true, Arrival: clock.Stamp{Wall: began}}
			part.Units, part.Durations = append(part.Units, u), append(part.Durations, 1600)
		}
		b, leaf, err := w.Append(fragment.Fragment{
			Sequence: i + 1, Source: "arrival", Start: instant(at), End: instant(at + time.Second), Tracks: []fragment.Part{part},
		})
		require.NoError(s.t, err)
		data, r.LastLeaf, r.Last = b, seal.Hash(leaf), instant(at+time.Second)
	}
	s.s.Runs = []seal.Run{r}
	s.files["room3/overview/run-0001/0001.mp4"] = data
}

// signAnything signs a text as it is.
func signAnything(t testing.TB, key seal.Key, text []byte) []byte {
	b, err := note.Sign(&note.Note{Text: string(text)}, key)
	require.NoError(t, err)
	return b
}

// reopen takes the last line of the journal away, as if the session had not been sealed yet.
func (s *session) reopen() {
	name := journal.FileName(2)
	b := s.files[name]
	cut := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
	line, err := journal.Parse(b[cut:])
	require.NoError(s.t, err)
	s.files[name] = b[:cut:cut]
	s.chain = journal.NewChain(journal.Head{Seq: line.Seq - 1, Hash: line.Prev})
}

// last returns the last line of a journal file.
func (s *session) last(file int) *journal.Line {
	b := s.files[journal.FileName(file)]
	line, err := journal.Parse(b[bytes.LastIndexByte(b[:len(b)-1], '\n')+1:])
	require.NoError(s.t, err)
	return line
}
