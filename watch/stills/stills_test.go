package stills

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func decoder(t *testing.T) *Decoder {
	d, err := New()
	require.NoError(t, err, "`make deps` installs ffmpeg")
	return d
}

// key returns the next key picture and what it shows.
func key(v *testcard.Video) *media.Unit {
	v.Key()
	payload, pts, _, _ := v.Next()
	return &media.Unit{Payload: payload, PTS: pts, DTS: pts, Key: true}
}

func TestPicture(t *testing.T) {
	d := decoder(t)
	for _, o := range []testcard.Options{{}, {Scene: testcard.Room, Width: 1280, Height: 720}, {OutOfBand: true}} {
		v := testcard.NewVideo(o)
		img, err := d.Picture(t.Context(), v.Track(), key(v))
		require.NoError(t, err)
		drawn := v.Picture()
		require.Equal(t, drawn.Rect, img.Rect)
		for i, p := range drawn.Pix {
			require.InDelta(t, (float64(p)-16)*255/219, float64(img.Pix[i]), 2, "pixel %d", i)
		}
	}
}

func TestPicture_ofBytesThatAreNone(t *testing.T) {
	d := decoder(t)
	track := testcard.NewVideo(testcard.Options{}).Track()
	_, err := d.Picture(t.Context(), track, &media.Unit{Payload: [][]byte{{0x65, 1, 2, 3}}})
	require.Error(t, err)
	_, err = d.Picture(t.Context(), &media.Track{Codec: media.H264}, &media.Unit{})
	require.Error(t, err)
	_, err = d.Picture(t.Context(), &media.Track{Codec: media.AAC}, &media.Unit{})
	require.ErrorIs(t, err, ErrCodec)
}

func TestSound(t *testing.T) {
	d := decoder(t)
	for name, c := range map[string]struct {
		fault testcard.SoundFault
		low   float64
		high  float64
	}{
		"speech": {testcard.Audible, -35, -5},
		"quiet":  {testcard.Quiet, -80, -40},
		"dead":   {testcard.Dead, -96, -90},
	} {
		t.Run(name, func(t *testing.T) {
			s := testcard.NewSpeech(testcard.SoundOptions{Start: clock.Wall(1e18)})
			s.Set(c.fault)
			var units []*media.Unit
			for range 94 {
				p, pts, _, _ := s.Next()
				units = append(units, &media.Unit{Payload: p, PTS: pts})
			}
			samples, err := d.Sound(t.Context(), s.Track(), units)
			require.NoError(t, err)
			require.Len(t, samples, 94*1024)
			sum := 0.0
			for _, v := range samples[9600:] {
				sum += float64(v) * float64(v) / (1 << 30)
			}
			level := max(-96, 10*math.Log10(sum/float64(len(samples)-9600)))
			require.GreaterOrEqual(t, level, c.low)
			require.LessOrEqual(t, level, c.high)
		})
	}
}

// Opus packets that ffmpeg itself made come back as the tone that they are.
func TestSound_Opus(t *testing.T) {
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1",
		"-c:a", "libopus", "-f", "ogg", "pipe:1").Output()
	require.NoError(t, err)
	track := &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 1}
	var units []*media.Unit
	for i, p := range packets(out)[2:] {
		units = append(units, &media.Unit{Payload: [][]byte{p}, PTS: int64(i) * 960})
	}
	require.Greater(t, len(units), 45)
	samples, err := decoder(t).Sound(t.Context(), track, units)
	require.NoError(t, err)
	require.InDelta(t, 48000, len(samples), 2000)
	crossings := 0
	for i := 4801; i < 43200; i++ {
		if samples[i-1] < 0 && samples[i] >= 0 {
			crossings++
		}
	}
	require.InDelta(t, 440*0.8, crossings, 3)
}

// packets cuts a file of ffmpeg's own into its packets.
func packets(b []byte) [][]byte {
	var out [][]byte
	var part []byte
	for len(b) >= 27 {
		n := int(b[26])
		lacing, body := b[27:27+n], b[27+n:]
		for _, l := range lacing {
			part = append(part, body[:l]...)
			body = body[l:]
			if l < 255 {
				out = append(out, part)
				part = nil
			}
		}
		b = body
	}
	return out
}

func TestSound_thatCannotBeHandedOn(t *testing.T) {
	d := decoder(t)
	units := []*media.Unit{{Payload: [][]byte{{1}}}}
	for _, track := range []*media.Track{
		{Codec: media.AAC}, {Codec: media.AAC, Config: []byte{0xff, 0xff}}, {Codec: media.PCMA}, {Codec: media.H264},
	} {
		_, err := d.Sound(t.Context(), track, units)
		require.ErrorIs(t, err, ErrCodec)
	}
}

// stub is a program in ffmpeg's place.
func stub(t *testing.T, script string) *Decoder {
	path := filepath.Join(t.TempDir(), "ffmpeg")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	return &Decoder{command: []string{path}}
}

func TestNothingOutlivesItsCall(t *testing.T) {
	v := testcard.NewVideo(testcard.Options{})
	t.Run("a decoder that hangs", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := clock.NewSystem()
		from := began.Now()
		_, err := stub(t, "exec /bin/sleep 60").Picture(ctx, v.Track(), key(v))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, began.Now().Mono.Sub(from.Mono), 30*time.Second)
	})
	t.Run("a decoder that does not stop writing", func(t *testing.T) {
		_, err := stub(t, "exec /usr/bin/yes").Picture(t.Context(), v.Track(), key(v))
		require.ErrorContains(t, err, "more than")
	})
	t.Run("a decoder that fails", func(t *testing.T) {
		_, err := stub(t, "echo no such thing >&2; exit 3").Picture(t.Context(), v.Track(), key(v))
		require.ErrorContains(t, err, "no such thing")
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit))
	})
}

func TestAbsent(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := New()
	require.ErrorIs(t, err, ErrAbsent)
}
