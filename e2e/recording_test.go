package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
)

// segments returns the files of one camera's runs, in order.
func segments(t *testing.T, folder, room, camera string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(folder, room, camera, "run-*", "*.mp4"))
	require.NoError(t, err)
	require.NotEmpty(t, all, "nothing of camera %s in %s", camera, folder)
	slices.Sort(all)
	return all
}

// scan reads a segment with the reader of the format.
func scan(t *testing.T, file string) *fragment.Segment {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	info, err := f.Stat()
	require.NoError(t, err)
	s, err := fragment.Scan(f, info.Size())
	require.NoError(t, err)
	require.Nil(t, s.Torn, file)
	require.Empty(t, s.Breaks, file)
	return s
}

// seconds reads a time of ffprobe.
func seconds(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return v
}

// times returns the presentation times of a track's packets in a file, in seconds.
func times(t *testing.T, file, track string) (all []float64) {
	t.Helper()
	var probed struct {
		Packets []struct {
			Time string `json:"pts_time"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(ffprobe(t, "-select_streams", track+":0", "-show_entries", "packet=pts_time", "-of", "json", file)), &probed))
	for _, p := range probed.Packets {
		all = append(all, seconds(t, p.Time))
	}
	return all
}

// cue is a line of the time text.
type cue struct {
	from, to float64 // on the segment's axis, in seconds
	text     string
	at       time.Time // what the text says
}

// cues reads the time text: the lines by ffmpeg, how long each is shown by the reader of the format,
// because ffmpeg does not know that in fragmented files.
func cues(t *testing.T, file string) (all []cue) {
	t.Helper()
	s := scan(t, file)
	r, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for i := range s.Fragments {
		c, err := s.Samples(r, i)
		require.NoError(t, err)
		at := c.Text.Decode
		for n, sample := range c.Text.Samples {
			text := string(c.Text.Data[n][2:])
			shown, err := time.Parse("2006-01-02 15:04:05 -07:00", text)
			require.NoError(t, err)
			all = append(all, cue{float64(at) / fragment.TextScale, float64(at+int64(sample.Duration)) / fragment.TextScale, text, shown})
			at += int64(sample.Duration)
		}
	}
	// The same lines at the same times for those who do not know the format.
	var lines []string
	for line := range strings.Lines(string(ffmpeg(t, "-i", file, "-map", "0:s:0", "-f", "webvtt", "-"))) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "20") {
			lines = append(lines, line)
		}
	}
	begins := times(t, file, "s")
	require.Len(t, begins, len(all))
	require.Len(t, lines, len(all))
	for i, c := range all {
		require.Equal(t, c.text, lines[i])
		require.InDelta(t, c.from, begins[i], 1e-4)
	}
	return all
}

// checkTimeText holds the time text of a segment to its pictures: one line for each, which goes on
// second by second, and says the picture's own time, cut to the second.
func checkTimeText(t *testing.T, file string) {
	t.Helper()
	all := cues(t, file)
	s := scan(t, file)
	for i, c := range all {
		require.LessOrEqual(t, c.from, c.to)
		if i == 0 {
			continue
		}
		before := all[i-1]
		require.InDelta(t, before.to, c.from, 1e-4, "a hole in the time text, or two lines at once")
		require.False(t, c.at.Before(before.at), "the time text runs back at %.3f s of %s: %s, then %s", c.from, file, before.text, c.text)
		require.LessOrEqual(t, c.at.Sub(before.at), time.Second, "the time text leaves out a second at %.3f s of %s", c.from, file)
	}
	frames := times(t, file, "v")
	slices.Sort(frames)
	for _, at := range frames {
		i := slices.IndexFunc(all, func(c cue) bool { return at >= c.from-1e-4 && at < c.to-1e-4 })
		require.GreaterOrEqual(t, i, 0, "no time text over the picture at %.3f s of %s", at, file)
		is := timeAt(t, s, at)
		// 2 ms: what ticks and rounding of both may be apart at the change of the second.
		require.False(t, is.Before(all[i].at.Add(-2*time.Millisecond)), "picture at %.3f s is of %v, the text says %s", at, is, all[i].text)
		require.True(t, is.Before(all[i].at.Add(time.Second+2*time.Millisecond)), "picture at %.3f s is of %v, the text says %s", at, is, all[i].text)
	}
}

// timeAt returns the time of a place on a segment's axis, by the times that its fragments carry.
func timeAt(t *testing.T, s *fragment.Segment, at float64) time.Time {
	t.Helper()
	ticks := int64(at*fragment.TextScale + 0.5)
	i := slices.IndexFunc(s.Fragments, func(f fragment.Info) bool { return ticks < f.To })
	require.GreaterOrEqual(t, i, 0)
	f := s.Fragments[i]
	length := f.End.Since(f.Start)
	return f.Start.Wall.Time().Add(time.Duration(float64(length) * float64(ticks-f.From) / float64(f.To-f.From)))
}

// checkDecodes decodes everything in a file; ffmpeg must not complain. It returns the number of
// pictures that came out.
func checkDecodes(t *testing.T, file string) int {
	t.Helper()
	ffmpeg(t, "-i", file, "-map", "0:v", "-map", "0:a", "-f", "null", "-")
	n, err := strconv.Atoi(strings.Trim(ffprobe(t, "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file), ", \n"))
	require.NoError(t, err)
	return n
}
