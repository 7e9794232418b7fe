package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
	"roomrec/playback"
)

// Pages and players read the disk that holds most of a session. A disk that was away lacks for good what was
// recorded meanwhile, or has no seal.
func TestPagesReadTheDiskThatHoldsMost(t *testing.T) {
	const id = "20261122-140507-7f2k"
	const run = "room3/suspect/run-0001/"
	whole := "sealed\n\n— station " + strings.Repeat("A", 92) + "\n"
	type files = map[string]int // sizes in bytes
	for _, c := range []struct {
		name   string
		disks  [2]files
		sealed [2]bool
		want   int
	}{
		{"both alike", [2]files{{"journal-0001.jsonl": 9, run + "0001.mp4": 5}, {"journal-0001.jsonl": 9, run + "0001.mp4": 5}}, [2]bool{}, 0},
		{"the first was away at the end", [2]files{{"journal-0001.jsonl": 5}, {"journal-0001.jsonl": 9}}, [2]bool{}, 1},
		{"the first lacks a segment", [2]files{{"journal-0001.jsonl": 9, run + "0001.mp4": 5}, {"journal-0001.jsonl": 9, run + "0001.mp4": 5, run + "0002.mp4": 5}}, [2]bool{true, true}, 1},
		{"the second lacks the end of one", [2]files{{"journal-0001.jsonl": 9, run + "0001.mp4": 5}, {"journal-0001.jsonl": 9, run + "0001.mp4": 4}}, [2]bool{true, true}, 0},
		{"the first was away at the seal", [2]files{{"journal-0001.jsonl": 9, run + "0001.mp4": 50}, {"journal-0001.jsonl": 9}}, [2]bool{false, true}, 1},
		{"the session is on the second alone", [2]files{nil, {"journal-0001.jsonl": 9}}, [2]bool{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDisks(volume.Options{Clock: clock.NewSystem()}, zerolog.Nop())
			var volumes []config.Volume
			for i, content := range c.disks {
				dir := t.TempDir()
				_, err := volume.Init(dir, clock.NewSystem())
				require.NoError(t, err)
				volumes = append(volumes, config.Volume{Path: dir})
				for name, size := range content {
					to := filepath.Join(dir, "2026/11/22", id, name)
					require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
					require.NoError(t, os.WriteFile(to, make([]byte, size), 0o600))
				}
				if c.sealed[i] {
					require.NoError(t, os.WriteFile(filepath.Join(dir, "2026/11/22", id, "seal.note"), []byte(whole), 0o600))
				}
			}
			require.NoError(t, d.open(volumes, false))
			defer func() { require.NoError(t, d.release()) }()
			got, _, err := recordings{volumes: d}.find(id)
			require.NoError(t, err)
			require.Equal(t, d.all()[c.want].Files(), got)
		})
	}
}

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
