package copies

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

// beeper writes one segment of a camera whose sound (G.711) is silent but for beeps at true instants after began.
// It has no sound before soundFrom, and for a while after 2.7 s.
func beeper(t *testing.T, id string, number int, from, length, soundFrom time.Duration, beeps ...time.Duration) *Segment {
	t.Helper()
	const fps = 5
	lost := func(when time.Duration) bool { return when >= 2700*time.Millisecond && when < 3300*time.Millisecond }
	o := testcard.Options{Width: 256, Height: 192, Zone: shanghai, FPS: fps, Start: began.Add(from)}
	v := testcard.NewVideo(o)
	tracks := []*media.Track{v.Track(), {Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}}
	h := fragment.Header{
		Session: "20261122-140307-7f2k", Room: "room3", Camera: id, Run: 1, Segment: number,
		Origin: clock.Instant{Wall: o.Start}, Zone: shanghai, Tracks: tracks,
	}
	w, data, err := fragment.NewWriter(h)
	require.NoError(t, err)
	n := int(length.Seconds() * fps)
	for first := 0; first < n; first += fps {
		f := fragment.Fragment{Sequence: uint32(first/fps + 1), Source: "arrival", Tracks: make([]fragment.Part, 2)}
		const step = 90000 / fps
		f.Tracks[0].Decode = int64(first) * step
		last := min(first+fps, n)
		for j := first; j < last; j++ {
			payload, _, _, _ := v.Next()
			f.Tracks[0].Units = append(f.Tracks[0].Units, &media.Unit{PTS: int64(j) * step, DTS: int64(j) * step, Payload: payload, Key: len(payload) > 1})
			f.Tracks[0].Durations = append(f.Tracks[0].Durations, step)
		}
		for at := int64(first) * 8000 / fps; at < int64(last)*8000/fps; at += 160 {
			when := from + time.Duration(at)*time.Second/8000
			if when < soundFrom || lost(when) {
				continue
			}
			b := make([]byte, 160)
			for i := range b {
				b[i] = 0xff // silence
				for _, beep := range beeps {
					if d := when + time.Duration(i)*time.Second/8000 - beep; d >= 0 && d < 200*time.Millisecond {
						b[i] = 0x8f // loud
						if i/8%2 == 0 {
							b[i] = 0x0f
						}
					}
				}
			}
			part := &f.Tracks[1]
			if len(part.Units) == 0 {
				part.Decode = at
			}
			part.Units = append(part.Units, &media.Unit{PTS: at, DTS: at, Payload: [][]byte{b}, Key: true})
			part.Durations = append(part.Durations, 160)
		}
		at := func(j int) clock.Instant {
			return clock.Instant{Wall: o.Start.Add(time.Duration(j) * time.Second / fps), Uncertainty: time.Millisecond}
		}
		f.Start, f.End = at(first), at(last)
		b, _, err := w.Append(f)
		require.NoError(t, err)
		data = append(data, b...)
	}
	name := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%d.mp4", id, number))
	require.NoError(t, os.WriteFile(name, data, 0o600))
	seg, err := ReadSegment(name, math.MaxInt64)
	require.NoError(t, err)
	return seg
}

// heard returns when beeps begin in a copy's sound, in seconds.
func heard(t *testing.T, file string) (at []float64) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0:a:0", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "1", "-f", "s16le", "-").Output()
	require.NoError(t, err)
	quiet := 1 << 20
	for i := 0; i+1 < len(out); i += 2 {
		if v := int16(binary.LittleEndian.Uint16(out[i:])); math.Abs(float64(v)) > 2000 {
			if quiet > 4800 {
				at = append(at, float64(i/2)/48000)
			}
			quiet = 0
		} else {
			quiet++
		}
	}
	return at
}

func requireHeard(t *testing.T, file string, want ...float64) {
	t.Helper()
	got := heard(t, file)
	require.Len(t, got, len(want), "heard at %v", got)
	for i := range want {
		require.InDelta(t, want[i], got[i], 0.06, "heard at %v, want %v", got, want)
	}
}

// Sounds stand at their time: one that begins late, one whose segment began long before the pictures or begins within
// them, and what comes after sound that was lost. What was said before the pictures is not in it.
func TestCopySoundsAtItsTime(t *testing.T) {
	main := Camera{ID: "suspect", Segments: []*Segment{beeper(t, "suspect", 1, 0, 6*time.Second, 1500*time.Millisecond, 4*time.Second)}}
	second := Camera{ID: "overview", Segments: []*Segment{
		beeper(t, "overview", 1, -12*time.Second, 15*time.Second, -time.Hour, -8*time.Second, -time.Second, time.Second),
		beeper(t, "overview", 2, 3*time.Second, 3*time.Second, -time.Hour, 5*time.Second),
	}}
	require.InDelta(t, 1500*time.Millisecond, main.Segments[0].heard(0), float64(20*time.Millisecond))
	req := request(t, main, &second)
	c, err := Make(t.Context(), req, clock.NewSystem(), nil)
	require.NoError(t, err)
	requireHeard(t, filepath.Join(req.Dir, c.File), 1, 4, 5)
}

// A sound whose clock runs apart from the pictures' is followed without a break: nothing is filled in, and nothing
// is cut out.
func TestSoundFollowsAClockThatRunsApart(t *testing.T) {
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "quiet", "-f", "lavfi", "-i", "sine=440:r=48000:d=6",
		"-filter_complex", "[0:a:0]asetpts=PTS*1.0005,"+soundFrom(0)+"[s]", "-map", "[s]", "-ac", "1", "-f", "s16le", "-").Output()
	require.NoError(t, err)
	require.InDelta(t, 6.003, float64(len(out))/2/48000, 0.02)
	quiet := 0
	for i := 0; i+1 < len(out); i += 2 {
		if quiet++; out[i+1] != 0 && out[i+1] != 0xff { // louder than 256 of 32,768
			quiet = 0
		}
		if quiet > 200 {
			require.Fail(t, "silence was filled in", "at sample %d", i/2)
		}
	}
}
