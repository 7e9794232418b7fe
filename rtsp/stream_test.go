package rtsp

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// sound is an RTP packet of G.711, payload type 8, with 160 bytes.
func sound(ssrc, ts uint32, seq uint16) []byte {
	b := make([]byte, 12+160)
	b[0], b[1] = 0x80, 8
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// TestSourceRestarts has a camera begin anew inside a session: another identifier, other ticks, other
// sequence numbers. gortsplib's client would drop everything that follows.
func TestSourceRestarts(t *testing.T) {
	var items []media.Item
	at := clock.Stamp{Wall: 1e18, Mono: 1e9}
	s := newStream(3, []announced{{payload: 8, track: &media.Track{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1}}},
		at, func(it media.Item) { items = append(items, it) })
	report := func(ssrc, rtp uint32) []byte {
		b := unhex("80c80006 00000000 ed000000 80000000 00000000 00000001 00000002")
		binary.BigEndian.PutUint32(b[4:], ssrc)
		binary.BigEndian.PutUint32(b[16:], rtp)
		return b
	}
	for i := range 3 {
		s.rtp(0, sound(7, 1000+uint32(i)*160, 100+uint16(i)), at)
		at = at.Add(20 * time.Millisecond)
	}
	s.rtcp(0, report(7, 1320), at)
	at = at.Add(480 * time.Millisecond)
	for i := range 2 {
		s.rtp(0, sound(9, 4000000000+uint32(i)*160, 5+uint16(i)), at)
		at = at.Add(20 * time.Millisecond)
	}
	s.rtcp(0, report(7, 1320), at)       // of the source that is gone
	s.rtcp(0, report(9, 4000000160), at) // of the one that is there
	s.end(at, nil)

	var us []*media.Unit
	var kinds string
	var reports []*media.Report
	for _, it := range items {
		switch it := it.(type) {
		case *media.Description:
			require.Equal(t, 3, it.Epoch)
			kinds += "D"
		case *media.Unit:
			us = append(us, it)
			kinds += "u"
		case *media.Jump:
			require.Equal(t, []uint32{1320, 4000000000}, []uint32{it.From, it.To})
			kinds += "J"
		case *media.Gap:
			require.Positive(t, it.To.Mono.Sub(it.From.Mono))
			kinds += "g"
		case *media.Report:
			reports = append(reports, it)
			kinds += "r"
		case *media.End:
			kinds += "E"
		}
	}
	require.Equal(t, "DuuurJguurE", kinds)
	require.EqualValues(t, 500*8, us[3].PTS-us[2].PTS) // what passed, by arrival
	require.EqualValues(t, 160, us[4].PTS-us[3].PTS)
	require.Equal(t, us[2].PTS, reports[0].PTS)
	require.Equal(t, us[4].PTS, reports[1].PTS)
}

// TestForeign counts what is not a packet of the track and lets it not pass for a sign of life.
func TestForeign(t *testing.T) {
	at := clock.Stamp{Mono: 1e9}
	s := newStream(1, []announced{{payload: 96, track: &media.Track{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1}}},
		at, func(media.Item) {})
	s.rtp(0, []byte("nonsense"), at.Add(time.Second))
	s.rtp(0, sound(1, 2, 3), at.Add(time.Second)) // another payload type
	s.rtcp(0, []byte{1}, at.Add(time.Second))
	require.EqualValues(t, 3, s.state()[0].Foreign)
	require.False(t, s.heard())
}
