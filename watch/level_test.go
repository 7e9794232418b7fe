package watch

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// ITU-T G.711: the loudest and quietest code words of both laws and their values.
func TestG711(t *testing.T) {
	require.Equal(t, int16(32256), alaw(0xaa))
	require.Equal(t, int16(-32256), alaw(0x2a))
	require.Equal(t, int16(8), alaw(0xd5))
	require.Equal(t, int16(-8), alaw(0x55))
	require.Equal(t, int16(32124), mulaw(0x80))
	require.Equal(t, int16(-32124), mulaw(0x00))
	require.Equal(t, int16(0), mulaw(0xff))
	require.Equal(t, int16(0), mulaw(0x7f))
	// Both laws grow with their code words, so that no segment is expanded wrongly.
	for i := range 127 {
		require.Greater(t, alaw(0x80|byte(i+1)^0x55), alaw(0x80|byte(i)^0x55))
		require.Greater(t, mulaw(^byte(0x80|(i+1)))*-1, mulaw(^byte(0x80|i))*-1)
	}
}

func sound(codec media.Codec, depth int, payload []byte, n int) Level {
	m := newListener(Config{}.withDefaults(), clock.Stamp{})
	m.item(&media.Description{Epoch: 1, Tracks: []*media.Track{
		{Codec: media.H264}, {Codec: codec, SampleRate: 8000, Channels: 1, BitDepth: depth},
	}})
	var now clock.Stamp
	for i := range n {
		now = clock.Stamp{}.Add(time.Duration(i) * 20 * time.Millisecond)
		m.item(&media.Unit{Track: 1, Arrival: now, Payload: [][]byte{payload}})
	}
	return m.meter.level(now)
}

func TestLevel(t *testing.T) {
	sine := func(amplitude float64) []byte {
		var p []byte
		for i := range 160 {
			v := int16(amplitude * 32767 * math.Sin(2*math.Pi*float64(i)/16))
			p = append(p, byte(uint16(v)>>8), byte(v))
		}
		return p
	}
	for _, c := range []struct {
		name    string
		codec   media.Codec
		depth   int
		payload []byte
		want    float64
	}{
		{"a sine at full scale", media.LPCM, 16, sine(1), -3.0},
		{"a tenth of it", media.LPCM, 16, sine(0.1), -23.0},
		{"24 bits", media.LPCM, 24, []byte{0x40, 0, 0, 0xc0, 0, 0}, -6.0},
		{"silence", media.LPCM, 16, make([]byte, 320), Quietest},
		{"A-law silence", media.PCMA, 0, []byte{0xd5, 0xd5}, -72.2},
		{"A-law, loudest", media.PCMA, 0, []byte{0xaa, 0x2a}, -0.1},
		{"µ-law, loudest", media.PCMU, 0, []byte{0x80, 0x00}, -0.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := sound(c.codec, c.depth, c.payload, 50)
			require.True(t, l.Known)
			require.InDelta(t, c.want, l.DBFS, 0.1)
			require.InDelta(t, min(1, max(0, 1+c.want/60)), l.Meter(), 0.01)
		})
	}
	t.Run("what only a decoder could tell is not pretended", func(t *testing.T) {
		require.False(t, sound(media.AAC, 0, []byte{1, 2, 3}, 50).Known)
	})
	t.Run("what came is old", func(t *testing.T) {
		m := newListener(Config{}.withDefaults(), clock.Stamp{})
		m.item(&media.Description{Tracks: []*media.Track{{Codec: media.PCMU}}})
		m.item(&media.Unit{Payload: [][]byte{{0}}})
		require.True(t, m.meter.level(clock.Stamp{}.Add(time.Second)).Known)
		require.False(t, m.meter.level(clock.Stamp{}.Add(1100*time.Millisecond)).Known)
	})
}
