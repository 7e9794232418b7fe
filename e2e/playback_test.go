package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/playback"
)

// TestRunPlaysAsOne records GStreamer's streams on two volumes, of which one is taken away meanwhile,
// so that a run has two segments; Chromium plays them as one, with hls.js and the generated playlist.
// H.265, for which stock Chromium has no decoder, is played by ffmpeg from the same playlist.
func TestRunPlaysAsOne(t *testing.T) {
	t.Parallel()
	all := gstreamer(t)
	one, two := t.TempDir(), filepath.Join(t.TempDir(), "two")
	args := []string{"record", "--for", "9s", "--to", one, "--to", two}
	for _, a := range all {
		args = append(args, "--camera", a.String()+"="+a.url)
	}
	done := took(t, "recording")
	p := start(t, args)
	p.state("Questioning", patience)
	require.Eventually(t, func() bool { // until all cameras have some seconds on the volume that goes
		found, err := filepath.Glob(filepath.Join(two, "*/*/*/*/record/*/run-0001/0001.mp4"))
		return err == nil && len(found) == len(all) && !slices.ContainsFunc(found, func(f string) bool {
			info, err := os.Stat(f)
			return err != nil || info.Size() < 100_000
		})
	}, patience, 50*time.Millisecond)
	require.NoError(t, os.Rename(two, two+"-gone"))
	last := p.sealed(0) // a volume that leaves is an alarm, not a lock
	done()
	require.Len(t, last.Folders, 1)
	requireWhole(t, last.Folders...)

	for _, a := range all {
		t.Run(a.String(), func(t *testing.T) {
			files := segments(t, last.Folders[0], "record", a.String())
			require.Len(t, files, 2, "segments of one run")
			rec := servedFrom(t, last.Folders[0], files)
			server := httptest.NewServer(rec)
			defer server.Close()
			// Pictures and sound go on over the border without a break.
			source := clip(t, a.kind)
			want, got := pictures(t, streamOf(t, a.kind, "v", source), a.video), pictures(t, streamOf(t, a.kind, "v", files...), a.video)
			indexOf(t, "picture data", len(got), len(want), func(i, j int) bool { return got[i].equal(want[j]) })
			length := float64(len(got)) / 25

			if a.video == "h265" {
				// Without persistent connections: with them ffmpeg 5.1 may wait for ever.
				n := strings.Fields(ffprobe(t, "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0",
					"-http_persistent", "0", "-f", "hls", server.URL+"/list.m3u8"))
				require.NotEmpty(t, n)
				require.Equal(t, fmt.Sprint(len(got)), n[0])
				return
			}
			defer took(t, "playing")()
			var played struct {
				Duration   float64  `json:"duration"`
				Frames     int      `json:"frames"`
				AudioBytes int      `json:"audioBytes"`
				Errors     []string `json:"errors"`
				Dates      []int64  `json:"dates"` // playing date less time of day on the axis
			}
			require.NoError(t, json.Unmarshal(browse(t, "play.mjs", server.URL+"/hls.html", "60"), &played))
			require.Empty(t, played.Errors)
			require.InDelta(t, length, played.Duration, 0.3)
			require.GreaterOrEqual(t, played.Frames, len(got)*9/10)
			require.Positive(t, played.AudioBytes, "sound was decoded")
			require.NotEmpty(t, played.Dates)
			require.InDelta(t, slices.Min(played.Dates), slices.Max(played.Dates), 80, "the time of day goes on evenly over the border")
		})
	}
}

// served is a recording as a browser gets it, over HTTP.
type served struct {
	folder  string
	sources []playback.Source
	open    map[string]*os.File
}

func servedFrom(t *testing.T, folder string, files []string) *served {
	t.Helper()
	s := &served{folder: folder, open: make(map[string]*os.File)}
	for _, name := range files {
		f, err := os.Open(name)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, f.Close()) })
		info, err := f.Stat()
		require.NoError(t, err)
		x, err := playback.NewIndex(f, info.Size())
		require.NoError(t, err)
		rel, err := filepath.Rel(folder, name)
		require.NoError(t, err)
		rel = filepath.ToSlash(rel)
		s.open[rel] = f
		s.sources = append(s.sources, playback.Source{Path: rel, Index: x})
	}
	return s
}

func (s *served) index(path string) *playback.Index {
	i := slices.IndexFunc(s.sources, func(o playback.Source) bool { return o.Path == path })
	if i < 0 {
		return nil
	}
	return s.sources[i].Index
}

// ServeHTTP serves playlist, originals, converted parts, and the page of package playback's tests.
func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/files/")
	switch r.URL.Path {
	case "/list.m3u8":
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		_, _ = w.Write(playback.Playlist(s.sources, "/files/", true)) // a page that has gone needs nothing
		return
	case "/hls.js":
		http.ServeFile(w, r, filepath.Join(browserDir, "node_modules/hls.js/dist/hls.min.js"))
		return
	case "/hls.html":
		http.ServeFile(w, r, "../playback/testdata/hls.html")
		return
	}
	w.Header().Set("Content-Type", "video/mp4")
	if segment, part, ok := playback.ParsePart(name); ok && s.index(segment) != nil {
		b, err := s.index(segment).Converted(s.open[segment], part)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, b)
		return
	}
	if x := s.index(name); x != nil {
		http.ServeContent(w, r, "", time.Time{}, x.Original(s.open[name]))
		return
	}
	http.NotFound(w, r)
}
