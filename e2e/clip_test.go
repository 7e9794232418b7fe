package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// clips is the folder of the files that servers of others serve.
var clips string

// kind is what a clip consists of.
type kind struct{ video, audio string } // h264 or h265; aac or pcma

func (k kind) String() string { return k.video + "-" + k.audio }

var kinds = []kind{{"h264", "aac"}, {"h265", "aac"}, {"h264", "pcma"}}

// clipLength is longer than any test looks at a clip, so that no server comes to its end.
const clipLength = 100 // s

var clipLock sync.Mutex

// clip makes a file of moving pictures and noise, in which no picture and no piece of sound comes
// twice, and returns its path.
func clip(t *testing.T, k kind) string {
	t.Helper()
	clipLock.Lock()
	defer clipLock.Unlock()
	file := filepath.Join(clips, k.String()+".mp4")
	if k.audio == "pcma" {
		file = filepath.Join(clips, k.String()+".mov")
	}
	if _, err := os.Stat(file); err == nil {
		return file
	}
	require.NoError(t, os.MkdirAll(clips, 0o755))
	args := []string{"-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25"}
	rate := "48000"
	if k.audio == "pcma" {
		rate = "8000"
	}
	args = append(args, "-f", "lavfi", "-i", "anoisesrc=amplitude=0.3:seed=7:sample_rate="+rate,
		"-t", strconv.Itoa(clipLength), "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "25")
	if k.video == "h264" {
		// As cameras code: a key picture each second, two slices, no picture that waits for a later one.
		args = append(args, "-c:v", "libx264", "-bf", "0", "-x264-params", "slices=2")
	} else {
		args = append(args, "-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "bframes=0:keyint=25:min-keyint=25:open-gop=0:log-level=none:info=0")
	}
	if k.audio == "aac" {
		args = append(args, "-c:a", "aac", "-ac", "2", "-b:a", "96k")
	} else {
		args = append(args, "-c:a", "pcm_alaw", "-ac", "1")
	}
	ffmpeg(t, append(args, file)...)
	return file
}

// picture is one coded picture: its NAL units without parameter sets and delimiters.
type picture [][]byte

func (p picture) equal(o picture) bool {
	if len(p) != len(o) {
		return false
	}
	for i := range p {
		if !bytes.Equal(p[i], o[i]) {
			return false
		}
	}
	return true
}

// pictures splits a byte stream (annex B) as ffmpeg takes it out of a file. What stands before a
// picture's first slice belongs to it.
func pictures(t *testing.T, b []byte, video string) (all []picture) {
	t.Helper()
	var cur picture
	sliced := false
	for i, part := range bytes.Split(b, []byte{0, 0, 1}) {
		nal := bytes.TrimRight(part, "\x00") // the next start code's, and no NAL unit ends in one
		if i == 0 || len(nal) == 0 {
			continue
		}
		slice, aside, first := nalKind(t, nal, video)
		if sliced && (!slice || first) {
			all, cur, sliced = append(all, cur), nil, false
		}
		if !aside {
			cur = append(cur, nal)
		}
		sliced = sliced || slice
	}
	if sliced {
		all = append(all, cur)
	}
	return all
}

// nalKind tells whether a NAL unit is a slice, whether it is a parameter set or a delimiter, and
// whether a slice is the first of its picture.
func nalKind(t *testing.T, nal []byte, video string) (slice, aside, first bool) {
	t.Helper()
	require.Greater(t, len(nal), 2)
	if video == "h264" {
		n := nal[0] & 0x1f
		return n >= 1 && n <= 5, n >= 7 && n <= 9, nal[1]&0x80 != 0 // first_mb_in_slice is ue(v): 1 says 0
	}
	n := nal[0] >> 1 & 0x3f
	return n <= 31, n >= 32 && n <= 35, nal[2]&0x80 != 0 // first_slice_segment_in_pic_flag
}

// streamOf takes a track out of files with ffmpeg, without coding it anew.
func streamOf(t *testing.T, k kind, track string, files ...string) (out []byte) {
	t.Helper()
	muxer := map[string]string{"h264": "h264", "h265": "hevc", "aac": "adts", "pcma": "alaw"}
	name := k.video
	if track == "a" {
		name = k.audio
	}
	for _, f := range files {
		out = append(out, ffmpeg(t, "-i", f, "-map", "0:"+track+":0", "-c", "copy", "-f", muxer[name], "-")...)
	}
	return out
}

// sounds splits sound into its frames: AAC by its ADTS headers, G.711 into bytes.
func sounds(t *testing.T, b []byte, audio string) (all [][]byte) {
	t.Helper()
	if audio == "pcma" {
		for i := range b {
			all = append(all, b[i:i+1])
		}
		return all
	}
	for len(b) > 0 {
		require.Greater(t, len(b), 7)
		n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5)
		require.GreaterOrEqual(t, len(b), n)
		all = append(all, b[7:n])
		b = b[n:]
	}
	return all
}

// indexOf returns where got lies in want as one unbroken stretch, and fails with the first difference
// if it does not.
func indexOf(t *testing.T, what string, n, m int, equal func(i, j int) bool) int {
	t.Helper()
	require.Positive(t, n, "%s: nothing was recorded", what)
	best, where := -1, ""
	for at := 0; at+n <= m; at++ {
		i := 0
		for i < n && equal(i, at+i) {
			i++
		}
		if i == n {
			return at
		}
		if i > best {
			best, where = i, fmt.Sprintf("%d of %d are those of the source from %d on, then they differ", i, n, at)
		}
	}
	require.FailNow(t, what+" is not a stretch of the source", where)
	return -1
}
