package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestLoudnessOfSound(t *testing.T) {
	sound := func(amplitudes ...float64) []byte {
		var b []byte
		for _, a := range amplitudes {
			for i := range loudRate {
				b = binary.LittleEndian.AppendUint16(b, uint16(int16(a*32767*math.Sin(float64(i)/7))))
			}
		}
		return b
	}
	levels, err := loudOf(bytes.NewReader(sound(1, 0.1, 0.01, 0)))
	require.NoError(t, err)
	require.Len(t, levels, 4)
	require.InDelta(t, 1-3.0/60, levels[0], 0.02, "a sine of full scale is 3 dB below it")
	require.InDelta(t, 1-23.0/60, levels[1], 0.02)
	require.InDelta(t, 1-43.0/60, levels[2], 0.02)
	require.Zero(t, levels[3])
	levels, err = loudOf(bytes.NewReader(sound(1)[:loudRate]))
	require.NoError(t, err)
	require.Len(t, levels, 1, "the last step may be short")
	levels, err = loudOf(bytes.NewReader(nil))
	require.NoError(t, err)
	require.Empty(t, levels)
	_, err = loudOf(iotest.ErrReader(errors.New("pipe")))
	require.ErrorContains(t, err, "pipe")
}

// What was measured outlives the program, beside the catalogue; a torn line costs itself alone.
func TestLoudnessIsKept(t *testing.T) {
	dir, id := t.TempDir(), "20261122-140330-7f2k"
	l := newLoudness(recordings{}, dir, zerolog.Nop())
	require.Empty(t, l.of(id))
	one, two := loudKey{"room3/front/run-0001/0001.mp4", 800, 9000}, loudKey{"room3/front/run-0001/0001.mp4", 9000, 12000}
	require.NoError(t, l.keep(id, loudLine{one, []float64{0.5, 0.25}}))
	f, err := os.OpenFile(filepath.Join(dir, "loudness", id+".jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"name":"room3/fro`)
	require.NoError(t, errors.Join(err, f.Close()))
	require.NoError(t, l.keep(id, loudLine{two, nil}))
	known := newLoudness(recordings{}, dir, zerolog.Nop()).of(id)
	require.Equal(t, map[loudKey][]float64{one: {0.5, 0.25}, two: nil}, known)
	require.Empty(t, newLoudness(recordings{}, "", zerolog.Nop()).of(id), "without a folder nothing is kept")
}

// A long segment is measured chunk by chunk, each by itself: what comes late in it is as loud as it is.
func TestLoudnessOfAChunk(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "apt install ffmpeg")
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-f", "lavfi", "-i", `aevalsrc=if(lt(t\,6)\,0.01\,1)*sin(2000*t):s=48000:d=12`,
		"-c:a", "aac", "-frag_duration", "1000000", "-movflags", "empty_moov+default_base_moof", filepath.Join(dir, "a.mp4")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	raw, err := os.ReadFile(filepath.Join(dir, "a.mp4"))
	require.NoError(t, err)
	var parts []int64 // where fragments begin
	for at := 0; at+8 <= len(raw); at += int(binary.BigEndian.Uint32(raw[at:])) {
		if string(raw[at+4:at+8]) == "moof" {
			parts = append(parts, int64(at))
		}
	}
	require.Greater(t, len(parts), 10)
	l := newLoudness(recordings{}, "", zerolog.Nop())
	late := parts[7]
	levels, err := l.chunk(t.Context(), ffmpeg, os.DirFS(dir), "a.mp4", parts[0], loudKey{"a.mp4", late, int64(len(raw))})
	require.NoError(t, err)
	require.Greater(t, len(levels), 3)
	require.Less(t, len(levels), 7)
	require.InDelta(t, 1-3.0/60, levels[1], 0.03)
	levels, err = l.chunk(t.Context(), ffmpeg, os.DirFS(dir), "a.mp4", parts[0], loudKey{"a.mp4", parts[0], late})
	require.NoError(t, err)
	require.InDelta(t, 1-43.0/60, levels[1], 0.03)
	levels, err = l.chunk(t.Context(), ffmpeg, os.DirFS(dir), "a.mp4", parts[0], loudKey{"a.mp4", parts[0], parts[0]})
	require.NoError(t, err)
	require.Empty(t, levels, "nothing to hear is no failure")
}

// Sound that begins after the pictures is shown at its time.
func TestLoudnessOfLateSound(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "apt install ffmpeg")
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-f", "lavfi", "-i", "color=black:s=64x64:r=5:d=12", "-itsoffset", "6", "-f", "lavfi", "-i", "sine=440:r=8000:d=6",
		"-c:v", "mpeg4", "-c:a", "aac", "-frag_duration", "1000000", "-movflags", "empty_moov+default_base_moof", filepath.Join(dir, "a.mp4")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	raw, err := os.ReadFile(filepath.Join(dir, "a.mp4"))
	require.NoError(t, err)
	l := newLoudness(recordings{}, "", zerolog.Nop())
	size := int64(len(raw))
	levels, err := l.chunk(t.Context(), ffmpeg, os.DirFS(dir), "a.mp4", size, loudKey{"a.mp4", size, size})
	require.NoError(t, err)
	require.Greater(t, len(levels), 9)
	require.Zero(t, levels[4])
	require.Greater(t, levels[8], 0.5)
}
