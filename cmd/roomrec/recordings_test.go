package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
	"roomrec/playback"
)

// twoDisks marks a folder for each content and opens them; name → bytes, of the session with the given id.
func twoDisks(t *testing.T, id string, contents ...map[string][]byte) *disks {
	t.Helper()
	d := newDisks(volume.Options{Clock: clock.NewSystem()}, zerolog.Nop())
	var volumes []config.Volume
	for _, content := range contents {
		dir := t.TempDir()
		_, err := volume.Init(dir, clock.NewSystem())
		require.NoError(t, err)
		volumes = append(volumes, config.Volume{Path: dir})
		for name, b := range content {
			to := filepath.Join(dir, "2026/11/22", id, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
			require.NoError(t, os.WriteFile(to, b, 0o600))
		}
	}
	require.NoError(t, d.open(volumes, false))
	t.Cleanup(func() { require.NoError(t, d.release()) })
	return d
}

// journalOf returns n lines of a journal that follow one another, and where each of them ends.
func journalOf(t *testing.T, n int) (b []byte, ends []int) {
	t.Helper()
	chain := journal.NewChain(journal.Head{})
	for i := range n {
		line, err := chain.Next(journal.Entry{Type: "test.line", Actor: "system", Data: struct{}{}}, clock.Instant{Wall: clock.Wall(1_800_000_000_000_000_000 + i)}, 1)
		require.NoError(t, err)
		b = append(b, line...)
		ends = append(ends, len(b))
	}
	return b, ends
}

// A session is what all disks hold of it together: of every file the one that holds most is read. Disks that were
// away in turn lack other parts each.
func TestPagesReadOfEveryFileTheDiskThatHoldsMost(t *testing.T) {
	const id = "20261122-140507-7f2k"
	const run = "room3/suspect/run-0001/"
	whole := []byte("sealed\n\n— station " + strings.Repeat("A", 92) + "\n")
	lines, ends := journalOf(t, 4)
	torn := append(slices.Clone(lines[:ends[1]]), make([]byte, len(lines))...)
	of := func(disk byte, n int) []byte { return bytes.Repeat([]byte{disk}, n) }
	type files = map[string][]byte
	text := func(f files) map[string]string {
		out := make(map[string]string)
		for name, b := range f {
			out[name] = string(b)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		disks [2]files
		want  files
	}{
		{
			"both alike",
			[2]files{{"journal-0001.jsonl": lines, run + "0001.mp4": of(1, 5)}, {"journal-0001.jsonl": lines, run + "0001.mp4": of(2, 5)}},
			files{"journal-0001.jsonl": lines, run + "0001.mp4": of(1, 5)},
		},
		{
			"away in turn",
			[2]files{
				{"journal-0001.jsonl": lines[:ends[1]], run + "0001.mp4": of(1, 5), run + "0002.mp4": of(1, 1), run + "0003.mp4": of(1, 7)},
				{"journal-0001.jsonl": lines, run + "0001.mp4": of(2, 4), run + "0002.mp4": of(2, 6)},
			},
			files{"journal-0001.jsonl": lines, run + "0001.mp4": of(1, 5), run + "0002.mp4": of(2, 6), run + "0003.mp4": of(1, 7)},
		},
		{
			"other folders each",
			[2]files{{"journal-0001.jsonl": lines, "room3/suspect/run-0001/0001.mp4": of(1, 5)}, {"journal-0001.jsonl": lines, "room4/suspect/run-0001/0001.mp4": of(2, 6)}},
			files{"journal-0001.jsonl": lines, "room3/suspect/run-0001/0001.mp4": of(1, 5), "room4/suspect/run-0001/0001.mp4": of(2, 6)},
		},
		{
			"the first was away at the seal",
			[2]files{{"journal-0001.jsonl": lines[:ends[1]], run + "0001.mp4": of(1, 50)}, {"journal-0001.jsonl": lines, "seal.note": whole}},
			files{"journal-0001.jsonl": lines, run + "0001.mp4": of(1, 50), "seal.note": whole},
		},
		{
			"the first has a torn seal",
			[2]files{{"journal-0001.jsonl": lines, "seal.note": {}}, {"journal-0001.jsonl": lines, "seal.note": whole}},
			files{"journal-0001.jsonl": lines, "seal.note": whole},
		},
		{"the first has a torn journal, which is longer", [2]files{{"journal-0001.jsonl": torn}, {"journal-0001.jsonl": lines}}, files{"journal-0001.jsonl": lines}},
		{"the session is on the second alone", [2]files{nil, {"journal-0001.jsonl": lines}}, files{"journal-0001.jsonl": lines}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := recordings{volumes: twoDisks(t, id, c.disks[0], c.disks[1])}.find(id)
			require.NoError(t, err)
			there := make(files)
			for _, pattern := range []string{"*.jsonl", "seal*.note", "*/*/run-*/*.mp4"} {
				names, err := matches(got, path.Join(got.at, pattern))
				require.NoError(t, err)
				for _, name := range names {
					there[strings.TrimPrefix(name, got.at+"/")], err = fs.ReadFile(got, name)
					require.NoError(t, err)
				}
			}
			require.Equal(t, text(c.want), text(there))
		})
	}
}

// What one disk lacks is played from the other.
func TestDisksThatWereAwayInTurnArePlayedTogether(t *testing.T) {
	const id = "20261122-140507-7f2k"
	data, ends, _ := fragmenttest.New(t, media.H264, media.CodecNone, 4, false).Write(t)
	name := func(run string) string { return "room3/suspect/run-" + run + "/0001.mp4" }
	lines, _ := journalOf(t, 1)
	r := recordings{volumes: twoDisks(t, id,
		map[string][]byte{"journal-0001.jsonl": lines, name("0001"): data, name("0003"): data, name("0004"): data[:ends[1]]},
		map[string][]byte{"journal-0001.jsonl": lines, name("0001"): data, name("0002"): data, name("0004"): data},
	), cache: &playback.Cache{}}
	list, err := r.Playlist(t.Context(), id, "room3", "suspect", "/")
	require.NoError(t, err)
	for _, run := range []string{"0001", "0002", "0003", "0004"} {
		require.Contains(t, string(list), name(run))
		f, err := r.File(t.Context(), id, name(run))
		require.NoError(t, err)
		b, err := io.ReadAll(f)
		require.NoError(t, errors.Join(err, f.Close()))
		require.Equal(t, data, b, run)
	}
	require.Equal(t, 4, strings.Count(string(list), "#EXTINF:4.000000,"), "%s", list)
}

// What cannot be read on one disk is read from the other; where neither makes up for it, that is said.
func TestWhatOneDiskCannotReadAnotherDoes(t *testing.T) {
	const at = "2026/11/22/20261122-140507-7f2k"
	const run = at + "/room3/suspect/run-0001"
	lines, _ := journalOf(t, 1)
	both := func() fstest.MapFS {
		return fstest.MapFS{at + "/journal-0001.jsonl": {Data: lines}, run + "/0001.mp4": {Data: []byte("recorded")}}
	}
	more := both()
	more[run+"/0002.mp4"] = &fstest.MapFile{Data: []byte("meanwhile")}
	segments := func(a, b fs.FS) ([]string, error) {
		h, err := heldTogether([]holder{{files: a, dir: "/a"}, {files: b, dir: "/b"}}, at)
		require.NoError(t, err)
		f, err := h.read()
		require.Len(t, f.lines, 1, "%v", err)
		all, err := f.segments()
		return all[cameraOf{"room3", "suspect"}], errors.Join(err, h.problem)
	}
	const first, second = "room3/suspect/run-0001/0001.mp4", "room3/suspect/run-0001/0002.mp4"
	got, err := segments(both(), more)
	require.NoError(t, err)
	require.Equal(t, []string{first, second}, got)
	got, err = segments(brokenFolder{both(), at}, more)
	require.ErrorIs(t, err, syscall.EIO, "the whole session on one")
	require.Equal(t, []string{first, second}, got)
	got, err = segments(both(), brokenFolder{more, run})
	require.ErrorIs(t, err, syscall.EIO, "one run on one")
	require.Equal(t, []string{first}, got)
	got, err = segments(brokenFolder{both(), run}, brokenFolder{more, run})
	require.ErrorIs(t, err, syscall.EIO, "it on both")
	require.Empty(t, got)
	_, err = heldTogether([]holder{{files: brokenFolder{both(), at}}, {files: brokenFolder{more, at}}}, at)
	require.ErrorIs(t, err, syscall.EIO, "the whole session on both")

	for _, bad := range []fs.FS{brokenFolder{both(), run + "/0001.mp4"}, badBlock{both(), run + "/0001.mp4"}} {
		h, err := heldTogether([]holder{{files: bad, dir: "/a"}, {files: more, dir: "/b"}}, at)
		require.NoError(t, err)
		b, err := fs.ReadFile(h, run+"/0001.mp4")
		require.NoError(t, err)
		require.Equal(t, "recorded", string(b))
		h, err = heldTogether([]holder{{files: bad, dir: "/a"}}, at)
		require.NoError(t, err)
		_, err = fs.ReadFile(h, run+"/0001.mp4")
		require.ErrorIs(t, err, syscall.EIO)
	}
}

// A copy of which less counts stands in for the fuller one that cannot be read only as far as that: what lies beyond was
// given up, and may be anything.
func TestNothingIsReadBeyondWhatCountsOfACopy(t *testing.T) {
	const name = "0001.mp4"
	whole := fstest.MapFS{name: {Data: []byte("recorded")}}
	less := fstest.MapFS{name: {Data: []byte("recoGIVE")}}
	for _, bad := range []fs.FS{brokenFolder{whole, name}, badBlock{whole, name}} {
		f, err := openJoint([]copyOf{{holder{files: bad}, name, 8}, {holder{files: less}, name, 4}})
		require.NoError(t, err)
		b := make([]byte, 4)
		_, err = f.ReadAt(b, 0)
		require.NoError(t, err)
		require.Equal(t, "reco", string(b))
		_, err = f.ReadAt(b, 4)
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF)
		require.NoError(t, f.Close())
	}
}

// badBlock is a volume of which no byte of one file can be read.
type badBlock struct {
	fs.FS
	name string
}

func (b badBlock) Open(name string) (fs.File, error) {
	f, err := b.FS.Open(name)
	if err == nil && name == b.name {
		f = unreadable{f}
	}
	return f, err
}

type unreadable struct{ fs.File }

func (unreadable) Read([]byte) (int, error)          { return 0, syscall.EIO }
func (unreadable) ReadAt([]byte, int64) (int, error) { return 0, syscall.EIO }

// What lies beyond the length that the seal states was given up: no page plays it, and no one is handed it.
func TestWhatWasGivenUpIsNeverPlayed(t *testing.T) {
	const id, name = "20261122-140507-7f2k", "room3/suspect/run-0001/0001.mp4"
	data, ends, fragments := fragmenttest.New(t, media.H264, media.CodecNone, 4, false).Write(t)
	counts := ends[len(ends)-2]
	at := clock.Instant{Wall: fragments[0].Start.Wall}
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec")
	require.NoError(t, err)
	note, err := seal.Sign(seal.Statement{
		Session: id, Opened: at, Sealed: at, Zone: "Asia/Shanghai", Clock: seal.Clock{Source: "local", Trusted: true},
		Journal: seal.Journal{File: "journal-0001.jsonl", Lines: 1},
		Files:   []seal.File{{Path: "journal-0001.jsonl", Kind: seal.KindJournal}, {Path: name, Kind: seal.KindSegment, Size: counts, SHA256: seal.SHA256(data[:counts])}},
		Runs:    []seal.Run{{Room: "room3", Camera: "suspect", Run: 1, First: at, Last: at}}, Cameras: []seal.Camera{{Room: "room3", Camera: "suspect"}},
	}, key)
	require.NoError(t, err)
	dir := t.TempDir()
	_, err = volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	folder := filepath.Join(dir, "2026/11/22", id)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), data, 0o600))
	d := newDisks(volume.Options{Clock: clock.NewSystem()}, zerolog.Nop())
	require.NoError(t, d.open([]config.Volume{{Path: dir}}, false))
	defer func() { require.NoError(t, d.release()) }()
	r := recordings{volumes: d, cache: &playback.Cache{}}
	played := func() (size int64) {
		f, err := r.File(t.Context(), id, name)
		require.NoError(t, err)
		size, err = f.Seek(0, io.SeekEnd)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return size
	}
	require.Equal(t, int64(len(data)), played(), "nothing is sealed yet")
	growing, err := r.Playlist(t.Context(), id, "room3", "suspect", "/")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, seal.FileName), note, 0o600))
	require.Equal(t, counts, played())
	sealed, err := r.Playlist(t.Context(), id, "room3", "suspect", "/")
	require.NoError(t, err)
	require.Contains(t, string(sealed), "#EXTINF:3.000000,", "of four seconds")
	require.Contains(t, string(growing), "#EXTINF:4.000000,")
}
