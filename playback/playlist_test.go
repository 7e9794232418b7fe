package playback_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
	"roomrec/playback"
)

// sound returns a segment of seconds of G.711 without any encoder.
func sound(t testing.TB, run, segment, seconds int, origin time.Duration) []byte {
	tr := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	h := fragmenttest.Header([]*media.Track{tr}, false)
	h.Run, h.Segment, h.Origin.Wall = run, segment, fragmenttest.Begin.Wall.Add(origin)
	w, data, err := fragment.NewWriter(h)
	require.NoError(t, err)
	for i := range seconds {
		at := h.Origin.Wall.Add(time.Duration(i) * time.Second)
		f := fragment.Fragment{
			Sequence: uint32(i + 1), Source: "arrival", Start: clock.Instant{Wall: at}, End: clock.Instant{Wall: at.Add(time.Second)},
			Tracks: []fragment.Part{{
				Decode: int64(i) * 8000, Durations: []int64{8000},
				Units: []*media.Unit{{Payload: [][]byte{make([]byte, 8000)}, Key: true}},
			}},
		}
		b, _, err := w.Append(f)
		require.NoError(t, err)
		data = append(data, b...)
	}
	return data
}

func TestPlaylist(t *testing.T) {
	var cache playback.Cache
	source := func(path string, data []byte) playback.Source {
		x, err := cache.Index(path, bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		again, err := cache.Index(path, nil, int64(len(data)))
		require.NoError(t, err)
		require.Same(t, x, again)
		return playback.Source{Path: path, Index: x}
	}
	a, b, c := sound(t, 1, 1, 20, 0), sound(t, 1, 2, 7, 20*time.Second), sound(t, 2, 1, 3, time.Minute)
	sources := []playback.Source{source("r/c/run-0001/0001.mp4", a), source("r/c/run-0001/0002.mp4", b), source("r/c/run-0002/0001.mp4", c)}
	list := string(playback.Playlist(sources, "/x y/", true))
	require.Equal(t, 1, strings.Count(list, "#EXT-X-DISCONTINUITY\n"), "between the runs")
	require.Equal(t, 2, strings.Count(list, "#EXT-X-MAP:"))
	require.Equal(t, 5, strings.Count(list, "#EXTINF:"), "the short rests are joined to the entries before")
	require.Contains(t, list, "#EXTINF:6.000000,\n/x%20y/r/c/run-0001/0001.mp4@")
	require.Contains(t, list, "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T06:03:27.412Z\n#EXTINF:7.000000,\n")
	require.Contains(t, list, "-20000000000.m4s\n")
	require.True(t, strings.HasSuffix(list, "#EXT-X-ENDLIST\n"))
	open := string(playback.Playlist(sources, "/", false))
	require.Equal(t, 7, strings.Count(open, "#EXTINF:"))
	require.NotContains(t, open, "ENDLIST")
	require.Contains(t, open, "PLAYLIST-TYPE:EVENT")

	// What the list names is there, and nothing else.
	for _, line := range strings.Split(list, "\n") {
		if !strings.HasPrefix(line, "/x%20y/r/c/run-0001/0002") {
			continue
		}
		segment, p, ok := playback.ParsePart(strings.TrimPrefix(line, "/x%20y/"))
		require.True(t, ok, line)
		require.Equal(t, sources[1].Path, segment)
		part, err := sources[1].Index.Converted(bytes.NewReader(b), p)
		require.NoError(t, err)
		require.Positive(t, part.Len())
	}
	_, err := sources[0].Index.Converted(bytes.NewReader(a), playback.Part{From: 1, To: 9})
	require.ErrorIs(t, err, playback.ErrNoPart)
	whole, err := io.ReadAll(sources[0].Index.Original(bytes.NewReader(append(a, "torn"...))))
	require.NoError(t, err)
	require.Equal(t, a, whole)
	_, err = playback.NewIndex(bytes.NewReader(a), 100)
	require.ErrorIs(t, err, playback.ErrEmpty)
}

func FuzzParsePart(f *testing.F) {
	f.Add("a/0001.mp4@0-10-0.m4s")
	f.Add("a/0001.mp4@0-10-99999999999999999999.m4s")
	f.Add("@-1-2-3.m4s")
	f.Fuzz(func(t *testing.T, path string) {
		segment, p, ok := playback.ParsePart(path)
		if ok {
			require.Equal(t, path, segment+p.String())
			require.Less(t, p.From, p.To)
		}
	})
}

// FuzzIndex gives the index and the conversion what a disk may hold.
func FuzzIndex(f *testing.F) {
	f.Add(sound(f, 1, 1, 1, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := playback.NewIndex(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		playback.Playlist([]playback.Source{{Path: "a", Index: x}}, "/", true)
		for _, e := range x.Entries {
			_, _ = x.Converted(bytes.NewReader(data), playback.Part{From: e.From, To: e.To, Shift: time.Hour})
		}
		_, _ = x.Converted(bytes.NewReader(data), playback.Part{From: 0, To: x.HeaderSize})
	})
}

// Twelve hours open in a moment: the index reads the fragments' heads only.
func BenchmarkIndex(b *testing.B) {
	data := sound(b, 1, 1, 1800, 0) // one segment; a session of 12 hours has 24
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		_, err := playback.NewIndex(bytes.NewReader(data), int64(len(data)))
		require.NoError(b, err)
	}
}
