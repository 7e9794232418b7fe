package testcard

import (
	"bytes"
	"encoding/binary"
	"math"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// decodeSound returns the samples that ffmpeg makes of a stream, without a word of complaint.
func decodeSound(t *testing.T, stream []byte, input ...string) []int16 {
	t.Helper()
	args := append([]string{"-v", "error", "-xerror"}, input...)
	cmd := exec.Command("ffmpeg", append(args, "-i", "pipe:0", "-f", "s16le", "pipe:1")...)
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stream), &out, &complaints
	require.NoError(t, cmd.Run(), complaints.String())
	require.Empty(t, complaints.String())
	samples := make([]int16, out.Len()/2)
	require.NoError(t, binary.Read(&out, binary.LittleEndian, samples))
	return samples
}

// adts puts a raw AAC frame, 48 kHz mono, into its header.
func adts(frame []byte) []byte {
	n := len(frame) + 7
	return append([]byte{0xFF, 0xF1, 0x4C, 0x40 | byte(n>>11), byte(n >> 3), byte(n<<5) | 0x1F, 0xFC}, frame...)
}

// pips returns the seconds at which 1 kHz sets in.
func pips(samples []int16, rate int) []float64 {
	var found []float64
	win := rate / 200 // 5 ms: whole periods
	on := false
	for i := 0; i+win <= len(samples); i += win / 5 {
		var re, im, all float64
		for j, v := range samples[i : i+win] {
			s, c := math.Sincos(2 * math.Pi * 1000 * float64(j) / float64(rate))
			re, im, all = re+float64(v)*c, im+float64(v)*s, all+float64(v)*float64(v)
		}
		amplitude := 2 * math.Hypot(re, im) / float64(win)
		pure := (re*re + im*im) * 2 / float64(win) / (all + 1)
		switch {
		case !on && amplitude > 2500 && pure > 0.5:
			on = true
			found = append(found, float64(i)/float64(rate))
		case amplitude < 1000:
			on = false
		}
	}
	return found
}

func TestSpeech_decodesAndPipsOnTheSecond(t *testing.T) {
	s := NewSpeech(SoundOptions{Start: start(t)}) // 120 ms after a second
	var stream []byte
	for i := range 375*2 + 100 {
		payload, pts, dts, ok := s.Next()
		require.True(t, ok)
		require.Equal(t, int64(i)*1024, pts)
		require.Equal(t, pts, dts)
		require.Len(t, payload, 1)
		stream = append(stream, adts(payload[0])...)
	}
	samples := decodeSound(t, stream, "-f", "aac")
	require.Len(t, samples, 1024*(375*2+100))
	found := pips(samples, 48000)
	require.Len(t, found, 18)
	for i, at := range found {
		require.InDelta(t, 0.880+float64(i), at, 0.016)
	}
	require.Len(t, speechFrames(), 375)
	require.LessOrEqual(t, len(speechADTS)+len(quietADTS), 60<<10)
}

func TestSpeech_faults(t *testing.T) {
	s := NewSpeech(SoundOptions{Start: start(t)})
	for _, c := range []struct {
		fault    SoundFault
		from, to float64 // of the effective value
	}{{Audible, 500, 10000}, {Quiet, 5, 100}, {Dead, 0, 0}} {
		s.Set(c.fault)
		var stream []byte
		seen := make(map[string]bool)
		for range 150 {
			payload, _, _, _ := s.Next()
			seen[string(payload[0])] = true
			stream = append(stream, adts(payload[0])...)
		}
		samples := decodeSound(t, stream, "-f", "aac")
		sum := 0.0
		for _, v := range samples {
			sum += float64(v) * float64(v)
		}
		level := math.Sqrt(sum / float64(len(samples)))
		require.GreaterOrEqual(t, level, c.from)
		require.LessOrEqual(t, level, c.to)
		require.Equal(t, c.fault == Dead, len(seen) == 1)
	}
}

func TestRoomTone(t *testing.T) {
	s := NewRoomTone(SoundOptions{Start: start(t)})
	next := func(n int) (stream []byte) {
		for range n {
			payload, pts, _, ok := s.Next()
			require.True(t, ok)
			require.Equal(t, (s.frame-1)*160, pts)
			require.Len(t, payload[0], 160)
			stream = append(stream, payload[0]...)
		}
		return stream
	}
	in := []string{"-f", "alaw", "-ar", "8000", "-ac", "1"}
	found := pips(decodeSound(t, next(500), in...), 8000)
	require.Len(t, found, 10)
	for i, at := range found {
		require.InDelta(t, 0.880+float64(i), at, 0.006)
	}
	s.Set(Quiet)
	quiet := next(100)
	require.Empty(t, pips(decodeSound(t, quiet, in...), 8000))
	require.NotEqual(t, quiet[:160], quiet[160:320])
	s.Set(Dead)
	require.Equal(t, bytes.Repeat([]byte{0xD5}, 320), next(2))
}

// The tables of G.711 decoded by ffmpeg must give back what was coded, to within the step.
func TestALaw(t *testing.T) {
	var codes []byte
	var want []int
	for v := -32768; v < 32768; v += 7 {
		codes, want = append(codes, aLaw(v)), append(want, v)
	}
	got := decodeSound(t, codes, "-f", "alaw", "-ar", "8000", "-ac", "1")
	require.Len(t, got, len(want))
	for i, v := range want {
		require.InDelta(t, v, got[i], math.Max(8, math.Abs(float64(v))/32), "%d", v)
	}
}

func TestSound_readsItsClockOnce(t *testing.T) {
	c := &countingClock{at: start(t)}
	s := NewRoomTone(SoundOptions{Clock: c})
	require.Zero(t, c.reads)
	for range 10 {
		s.Next()
	}
	require.Equal(t, 1, c.reads)
	v := NewVideo(Options{Clock: c})
	for range 10 {
		v.Next()
	}
	require.Equal(t, 11, c.reads)
	require.Equal(t, millisOfDay(c.at), v.Reading().Millis)
}

type countingClock struct {
	at    clock.Wall
	reads int
}

func (c *countingClock) Now() clock.Stamp {
	c.reads++
	return clock.Stamp{Wall: c.at}
}
