package playback_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
	"roomrec/playback"
)

const browserDir = "../testdata/browser"

// browse opens the page at address in Chromium and decodes its result.
func browse(t *testing.T, address string, result any) {
	t.Helper()
	for _, need := range []string{"node", "chromium"} {
		_, err := exec.LookPath(need)
		require.NoError(t, err, "browser tests need %s: make deps", need)
	}
	_, err := os.Stat(filepath.Join(browserDir, "node_modules", "hls.js"))
	require.NoError(t, err, "browser tests need their Node packages: npm ci --prefix testdata/browser")
	cmd := exec.CommandContext(t.Context(), "node", "play.mjs", address, "60")
	cmd.Dir = browserDir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	require.NoError(t, json.Unmarshal(stdout.Bytes(), result), "%s", &stdout)
}

// recording is a run of several segments in memory.
type recording struct {
	files   map[string][]byte
	sources []playback.Source
	indexes map[string]*playback.Index
	frames  int
	tracks  []*media.Track
}

// record cuts the source into two segments at a key picture, the second six seconds long. The last of
// its sound stands in a fragment of its own, as when a recording ends between two pictures.
func record(t *testing.T, s *fragmenttest.Source) *recording {
	t.Helper()
	rec := &recording{files: map[string][]byte{}, indexes: map[string]*playback.Index{}, tracks: s.Tracks}
	all := s.Cut()
	half := len(all) - int(playback.EntryLength/time.Second)
	require.True(t, all[half].Tracks[0].Units[0].Key)
	all = append(all, soundAlone(&all[len(all)-1]))
	var prev fragment.Hash
	for n, fs := range [][]fragment.Fragment{all[:half], all[half:]} {
		h := fragmenttest.Header(s.Tracks, s.InBand)
		h.Segment, h.Prev = n+1, prev
		origin := fs[0].Tracks[0].Decode
		h.Origin.Wall = fragmenttest.Begin.Wall.Add(s.Tracks[0].Ticks(origin).Duration())
		w, data, err := fragment.NewWriter(h)
		require.NoError(t, err)
		for _, f := range fs {
			for i := range f.Tracks {
				if len(f.Tracks[i].Units) > 0 {
					f.Tracks[i].Decode = max(0, f.Tracks[i].Decode-s.Tracks[0].Ticks(origin).In(s.Tracks[i].ClockRate).N)
				}
			}
			rec.frames += len(f.Tracks[0].Units)
			b, _, err := w.Append(f)
			require.NoError(t, err)
			data = append(data, b...)
		}
		prev = w.Last()
		name := fmt.Sprintf("room3/suspect/run-0001/%04d.mp4", n+1)
		whole := len(data)
		data = append(data, "a torn rest"...)
		rec.files[name] = data
		x, err := playback.NewIndex(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		require.Equal(t, int64(whole), x.Whole)
		rec.indexes[name] = x
		rec.sources = append(rec.sources, playback.Source{Path: name, Index: x})
	}
	return rec
}

// soundAlone takes the last sound of a fragment away and returns it as the fragment that follows.
func soundAlone(f *fragment.Fragment) fragment.Fragment {
	a := &f.Tracks[1]
	keep := len(a.Units) - 3
	rest := fragment.Part{Units: a.Units[keep:], Durations: a.Durations[keep:], Decode: a.Decode}
	for _, d := range a.Durations[:keep] {
		rest.Decode += d
	}
	a.Units, a.Durations = a.Units[:keep], a.Durations[:keep]
	last := fragment.Fragment{Sequence: f.Sequence + 1, Source: f.Source, Start: f.End, End: f.End, Tracks: make([]fragment.Part, len(f.Tracks))}
	last.Tracks[1] = rest
	return last
}

// ServeHTTP serves the recording as the panel does: playlist, originals, converted parts.
func (rec *recording) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/files/")
	switch {
	case r.URL.Path == "/list.m3u8":
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		_, _ = w.Write(playback.Playlist(rec.sources, "/files/", true))
		return
	case r.URL.Path == "/hls.js":
		http.ServeFile(w, r, filepath.Join(browserDir, "node_modules/hls.js/dist/hls.min.js"))
		return
	case name == r.URL.Path:
		page, err := os.ReadFile("testdata" + r.URL.Path)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
		return
	}
	w.Header().Set("Content-Type", "video/mp4")
	if segment, p, ok := playback.ParsePart(name); ok && rec.indexes[segment] != nil {
		part, err := rec.indexes[segment].Converted(bytes.NewReader(rec.files[segment]), p)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, part)
		return
	}
	x := rec.indexes[name]
	if x == nil {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, x.Original(bytes.NewReader(rec.files[name])))
}

// A run's segments play as one in Chromium with hls.js, their sound converted where it must be.
func TestBrowserPlaysRun(t *testing.T) {
	for name, audio := range map[string]media.Codec{
		"AAC": media.AAC, "A-law": media.PCMA, "LPCM": media.LPCM, "Opus": media.Opus,
	} {
		t.Run(name, func(t *testing.T) {
			s := fragmenttest.New(t, media.H264, audio, 10, true, "-bf", "2", "-g", "25")
			rec := record(t, s)
			server := httptest.NewServer(rec)
			defer server.Close()
			var got struct {
				Duration   float64      `json:"duration"`
				Frames     int          `json:"frames"`
				AudioBytes int          `json:"audioBytes"`
				Errors     []string     `json:"errors"`
				Dates      []int64      `json:"dates"` // playing date less time of day on the axis, at each sample
				Buffered   [][2]float64 `json:"buffered"`
			}
			browse(t, server.URL+"/hls.html", &got)
			require.Empty(t, got.Errors)
			require.Len(t, got.Buffered, 1, "both segments are one stretch: %v", got.Buffered)
			require.InDelta(t, 10, got.Duration, 0.3)
			require.GreaterOrEqual(t, got.Frames, rec.frames*9/10)
			require.Positive(t, got.AudioBytes, "sound was decoded")
			require.NotEmpty(t, got.Dates)
			begin := fragmenttest.Begin.Wall.Time().UnixMilli()
			for _, d := range got.Dates {
				require.InDelta(t, begin, d, 40, "time of day of what is shown: within a picture")
			}
		})
	}
}
