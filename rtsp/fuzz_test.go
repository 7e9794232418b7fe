package rtsp

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// FuzzSDP reads session descriptions. Whatever is accepted can be made a stream of.
func FuzzSDP(f *testing.F) {
	for _, s := range []string{
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z2QAHqy0BQHtgIgAAAMACAAAAwGQeLF1,aO8Pyw==\r\na=control:stream=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\na=fmtp:97 streamtype=5;profile-level-id=2;mode=AAC-hbr;config=1190;sizelength=13;indexlength=3;indexdeltalength=3\r\n",
		"v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-max-don-diff=2; sprop-vps=QAEMAf//BAgAAAMAnggAAAMAAFqQkAk=; sprop-pps=RAHAcxgwGJA=\r\nm=audio 0 RTP/AVP 8 0\r\n",
		"v=0\r\ns=x\r\nm=audio 0 RTP/AVP 98\r\na=rtpmap:98 MP4A-LATM/48000/2\r\na=fmtp:98 cpresent=0; config=400023203fc0\r\n",
		"v=0\r\ns=x\r\nm=audio 0 RTP/AVP 99\r\na=rtpmap:99 L24/48000/2\r\nm=audio 0 RTP/AVP 100\r\na=rtpmap:100 opus/48000/2\r\na=sendonly\r\nm=application 0 RTP/AVP 107\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, as, err := parseSDP(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(as), maxMedias)
		for _, a := range as {
			require.Positive(t, a.track.ClockRate)
			require.True(t, a.track.Codec.Video() || a.track.Codec.Audio() && a.track.Channels > 0 && a.track.SampleRate > 0)
		}
		newStream(1, as, clock.Stamp{Mono: 1}, func(media.Item) {}).end(clock.Stamp{Mono: 2}, nil)
	})
}

// FuzzRTCP reads compound RTCP packets.
func FuzzRTCP(f *testing.F) {
	f.Add(unhex("80c80006 11223344 e8a1b2c3 80000000 00015f90 00000001 00000002"))
	f.Add(unhex("80c80006 11223344 e8a1b2c3 ffffffff 00015f90 00000001 00000002 81ca0003 11223344 01026162 00000000 81cb0001 11223344"))
	f.Add(unhex("81c90007 11223344 55667788 00000000 00000000 00000000 00000000 00000000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var reports []*media.Report
		s := newStream(1, []announced{{payload: 8, track: &media.Track{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1}}},
			clock.Stamp{Wall: 1e18, Mono: 1}, func(it media.Item) {
				if r, ok := it.(*media.Report); ok {
					reports = append(reports, r)
				}
			})
		s.rtp(0, unhex("8008000100000100 11223344 d5d5"), clock.Stamp{Wall: 1e18, Mono: 2})
		s.rtcp(0, b, clock.Stamp{Wall: 1e18, Mono: 3})
		for _, r := range reports {
			require.NotZero(t, r.NTP)
			require.LessOrEqual(t, abs(r.PTS-80000), int64(60*8000))
		}
		s.end(clock.Stamp{Mono: 4}, nil)
	})
}

func abs(v int64) int64 { return max(v, -v) }

// FuzzParameterSets reads what a camera sends as parameter sets and slices.
func FuzzParameterSets(f *testing.F) {
	f.Add(true, unhex("6764001eacb40501ed80880000030008000003019078b175"), unhex("68ef0fcb"), unhex("658884"))
	f.Add(true, unhex("6764001eacd30280f6c044000003000400000300c83c58b4e0"), unhex("68ef8fcb"), unhex("419a24"))
	f.Add(false, unhex("4201010408000003009e0800000300005a9000a0403c2cb2b225261780b7020200040000030004000003006420"), unhex("4401c07318301890"), unhex("2801ac7478"))
	f.Add(false, unhex("40010c01ffff0408000003009e0800000300005a959009"), unhex("4401c07318301890"), unhex("0201d0195e"))
	f.Fuzz(func(t *testing.T, avc bool, a, b, slice []byte) {
		codec := media.H265
		if avc {
			codec = media.H264
		}
		p := newParameters(codec)
		p.take(unhex("40010c01ffff0408000003009e0800000300005a959009"))
		p.take(a)
		p.take(b)
		for _, nal := range [][]byte{a, b, slice} {
			beginsPicture(codec, nal)
			ppsIDs(codec, nal)
		}
		id := -1
		if n, ok := slicePPS(codec, slice); ok {
			id = n
		}
		track, q, ok := p.active(&media.Track{Codec: codec, ClockRate: 90000}, id)
		if !ok {
			return
		}
		require.NotEmpty(t, track.SPS)
		require.NotEmpty(t, track.PPS)
		require.Equal(t, codec == media.H265, track.VPS != nil)
		require.Positive(t, track.Width)
		require.Positive(t, track.Height)
		require.LessOrEqual(t, q.reorder, maxReorder)
	})
}

// FuzzPackets puts packets together. The input holds packets after their lengths (two bytes); what
// comes out keeps the promises of media.Unit and media.Gap.
func FuzzPackets(f *testing.F) {
	join := func(packets ...string) (out []byte) {
		for i, p := range packets {
			b := append(unhex("8060"), byte(i>>8), byte(i))
			b = append(b, unhex("00000e10 00000001")...)
			b[6] = byte(i)
			b = append(b, unhex(p)...)
			out = append(binary.BigEndian.AppendUint16(out, uint16(len(b))), b...)
		}
		return out
	}
	f.Add(byte(0), join("78 0018 6764001eacb40501ed80880000030008000003019078b175 0004 68ef0fcb 0003 658884", "7c8588aa", "7c45dd", "419a24"))
	f.Add(byte(1), join("6001 0017 40010c01ffff0408000003009e0800000300005a959009 002e 4201010408000003009e0800000300005a9000a0403c2cb2b225261780b7020200040000030004000003006420 0008 4401c07318301890", "6201 93 aabb", "6201 53 dd"))
	f.Add(byte(2), join("0020 0018 0010 aabbcc ddee", "0010 0028 aabbcc"))
	f.Add(byte(3), join("03aabbcc", "ff00"))
	f.Add(byte(4), join("d5d5d5d5"))
	f.Add(byte(5), join("6201 93 0009 aabb", "6001 0008 0003 420101 01 0004 2601aabb"))
	latm := []byte("v=0\r\ns=x\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 MP4A-LATM/48000/2\r\na=fmtp:96 cpresent=0; config=400023203fc0\r\n")
	generic := []byte("v=0\r\ns=x\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 mpeg4-generic/48000/2\r\na=fmtp:96 config=1190;sizelength=13;indexlength=3;indexdeltalength=3\r\n")
	kinds := []func() []announced{
		func() []announced {
			return []announced{{payload: 96, track: &media.Track{Codec: media.H264, ClockRate: 90000}}}
		},
		func() []announced {
			return []announced{{payload: 96, track: &media.Track{Codec: media.H265, ClockRate: 90000}}}
		},
		func() []announced { _, as, _ := parseSDP(generic); return as },
		func() []announced { _, as, _ := parseSDP(latm); return as },
		func() []announced {
			return []announced{{payload: 96, track: &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}}}
		},
		func() []announced {
			return []announced{{payload: 96, donl: true, track: &media.Track{Codec: media.H265, ClockRate: 90000}}}
		},
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		as := kinds[int(kind)%len(kinds)]()
		require.Len(t, as, 1)
		at := clock.Stamp{Wall: 1e18, Mono: 1e9}
		var last *media.Unit
		ended := false
		s := newStream(1, as, at, func(it media.Item) {
			require.False(t, ended)
			switch it := it.(type) {
			case *media.Unit:
				require.NotEmpty(t, it.Payload)
				require.Positive(t, it.Size())
				if last != nil {
					require.GreaterOrEqual(t, it.DTS, last.DTS)
				}
				last = it
			case *media.Gap:
				require.GreaterOrEqual(t, it.To.Mono, it.From.Mono)
				require.GreaterOrEqual(t, it.Units, 0)
				require.GreaterOrEqual(t, it.Packets, 0)
			case *media.End:
				ended = true
			}
		})
		for len(b) >= 2 {
			n := int(binary.BigEndian.Uint16(b))
			b = b[2:]
			n = min(n, len(b))
			at = at.Add(time.Duration(n%100) * time.Millisecond)
			s.rtp(0, b[:n], at)
			b = b[n:]
		}
		s.tick(at.Add(time.Minute))
		s.end(at.Add(time.Minute), nil)
	})
}
