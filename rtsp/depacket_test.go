package rtsp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// assembler runs packets through pictures and writes what comes out as hex, NAL units separated by
// commas.
type assembler struct {
	*pictures
	out []string
	seq uint16
}

func newAssembler(codec media.Codec, donl bool) *assembler {
	a := &assembler{}
	a.pictures = newPictures(codec, donl, func(p picture) {
		var nals []string
		for _, n := range p.nals {
			nals = append(nals, hex.EncodeToString(n))
		}
		a.out = append(a.out, fmt.Sprintf("%d@%d:%s", p.raw, p.arrival.Mono, strings.Join(nals, ",")))
	}, func(clock.Stamp) { a.out = append(a.out, "dropped") })
	a.learning = 0
	return a
}

// send pushes one packet; a "!" before the payload sets the marker.
func (a *assembler) send(ts uint32, payload string) {
	text, marker := strings.CutPrefix(payload, "!")
	a.seq++
	a.push(packet{seq: a.seq, ts: ts, marker: marker, payload: unhex(text), arrival: clock.Stamp{Mono: clock.Mono(a.seq)}})
}

func TestPictures(t *testing.T) {
	for name, tc := range map[string]struct {
		codec media.Codec
		donl  bool
		loose bool
		send  string // ts:payload or "lose"
		want  string
	}{
		"single":                      {send: "1:!6588aa 2:!419abb", want: "1@1:6588aa 2@2:419abb"},
		"stap":                        {send: "1:!78 0002 6742 0003 6588cc", want: "1@1:6742,6588cc"},
		"stap, padded":                {send: "1:!78 0002 6588 0000 00", want: "1@1:6588"},
		"fragments":                   {send: "1:7c8588aa 1:7c05bbcc 1:!7c45dd", want: "1@1:6588aabbccdd"},
		"fragment of one packet":      {send: "1:!7cc588aa", want: "1@1:6588aa"},
		"no markers":                  {send: "1:6588aa 2:419abb 3:419acc 4:419add", want: "1@1:6588aa 2@2:419abb 3@3:419acc"},
		"sets alone":                  {send: "1:!6742 1:!68ce 1:!6588aa", want: "1@1:6742,68ce,6588aa"},
		"sets with another time":      {send: "1:6742 1:68ce 2:!6588aa", want: "2@1:6742,68ce,6588aa"},
		"two slices":                  {send: "1:6588aa 1:!6540bb", want: "1@1:6588aa,6540bb"},
		"begins inside":               {send: "1:7c05bbcc 1:!7c45dd 2:!6588aa", want: "dropped 2@3:6588aa"},
		"begins with a later slice":   {send: "1:!6540bb 2:!6588aa", want: "dropped 2@2:6588aa"},
		"start of fragments lost":     {send: "1:!6588aa lose 2:7c01bb 2:!7c41cc 3:!419add", want: "1@1:6588aa dropped 3@4:419add"},
		"middle lost":                 {send: "1:7c8588aa lose 1:!7c45dd 2:!419add", want: "dropped 2@3:419add"},
		"end lost":                    {send: "1:7c8588aa lose 2:!419add", want: "dropped 2@2:419add"},
		"marker lost":                 {send: "1:6588aa lose 2:!419add", want: "dropped 2@2:419add"},
		"first slice lost":            {send: "1:!6588aa lose 2:!4140bb 3:!419add", want: "1@1:6588aa dropped 3@3:419add"},
		"between pictures":            {send: "1:!6588aa lose 3:!419add", want: "1@1:6588aa 3@2:419add"},
		"every slice marked":          {loose: true, send: "1:!6588aa 1:!6540bb 2:!419add 2:!4140ee 3:!419a", want: "1@1:6588aa,6540bb 2@3:419add,4140ee"},
		"start codes":                 {send: "1:!00000001 6742 000001 68ce 00000001 6588aa", want: "1@1:6742,68ce,6588aa"},
		"start codes after the first": {send: "1:!6742 00000001 68ce 000001 6588aa", want: "1@1:6742,68ce,6588aa"},
		"padding only":                {send: "1: 1:!6588aa", want: "1@2:6588aa"},
		"unknown packets":             {send: "1:!7b00 2:!6588aa", want: "dropped 2@2:6588aa"},
		"unfinished fragment":         {send: "1:7c8588aa 1:!6588aa 2:!6588bb", want: "dropped 2@3:6588bb"},
		"h265 single":                 {codec: media.H265, send: "1:!2601aabb", want: "1@1:2601aabb"},
		"h265 aggregation":            {codec: media.H265, send: "1:!6001 0003 420101 0004 2601aabb", want: "1@1:420101,2601aabb"},
		"h265 fragments":              {codec: media.H265, send: "1:6201 93 aabb 1:6201 13 cc 1:!6201 53 dd", want: "1@1:2601aabbccdd"},
		"h265 second slice segment":   {codec: media.H265, loose: true, send: "1:!2601aabb 1:!26017abb 2:!0201ee 3:!0201ff", want: "1@1:2601aabb,26017abb 2@3:0201ee"},
		"h265 order numbers":          {codec: media.H265, donl: true, send: "1:!2601 0007 aabb 2:!6001 0008 0003 420101 01 0004 2601aabb 3:6201 93 0009 aabb 3:!6201 53 dd", want: "1@1:2601aabb 2@2:420101,2601aabb 3@3:2601aabbdd"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.codec == 0 {
				tc.codec = media.H264
			}
			a := newAssembler(tc.codec, tc.donl)
			a.loose = tc.loose
			var words []string
			for _, w := range strings.Fields(tc.send) {
				if strings.Contains(w, ":") || w == "lose" {
					words = append(words, w)
				} else {
					words[len(words)-1] += w
				}
			}
			for _, w := range words {
				if w == "lose" {
					a.lose(1)
					continue
				}
				ts, payload, _ := strings.Cut(w, ":")
				a.send(uint32(ts[0]-'0'), payload)
			}
			require.Equal(t, tc.want, strings.Join(a.out, " "))
		})
	}
}

// TestLearnMarkers sees from its first pictures that a camera marks every slice, and loses none.
func TestLearnMarkers(t *testing.T) {
	a := newAssembler(media.H264, false)
	a.learning = learnUnits
	for ts := range uint32(20) {
		a.send(ts, "!6588aa")
		a.send(ts, "!6540bb")
	}
	a.flush()
	require.Len(t, a.out, 20)
	for _, s := range a.out {
		require.Contains(t, s, "6588aa,6540bb")
	}
}

// TestH265Encoder puts together what gortsplib's packetiser takes apart.
func TestH265Encoder(t *testing.T) {
	for _, donl := range []bool{false, true} {
		enc := rtph265.Encoder{PayloadType: 96}
		if donl {
			continue // gortsplib sends no order numbers; TestPictures has the packets by hand
		}
		require.NoError(t, enc.Init())
		a := newAssembler(media.H265, donl)
		big := append(unhex("2601af"), bytes.Repeat([]byte{7}, 5000)...)
		packets, err := enc.Encode([][]byte{unhex("420101"), unhex("4401c0"), big})
		require.NoError(t, err)
		for _, p := range packets {
			a.push(packet{seq: p.SequenceNumber, ts: 9, marker: p.Marker, payload: p.Payload})
		}
		require.Equal(t, []string{"9@0:420101,4401c0," + hex.EncodeToString(big)}, a.out)
	}
}

// TestLeading marks the pictures that need what was before a CRA, and publishes them.
func TestLeading(t *testing.T) {
	var items []media.Item
	at := clock.Stamp{Wall: 1e18, Mono: 1e9}
	sets := [][]byte{
		unhex("40010c01ffff0408000003009e0800000300005a959009"),
		unhex("4201010408000003009e0800000300005a9000a0403c2cb2b225261780b7020200040000030004000003006420"),
		unhex("4401c07318301890"),
	}
	s := newStream(1, []announced{{
		payload: 96, sets: sets, track: &media.Track{Codec: media.H265, ClockRate: 90000},
	}}, at, func(it media.Item) { items = append(items, it) })
	tr := s.tracks[0]
	slice := func(typ byte) [][]byte { return [][]byte{{typ << 1, 1, 0xac, 0x74, 0x78}} }
	for i, u := range []struct {
		typ byte
		pts uint32
	}{
		{21, 3},
		{9, 1},
		{8, 2},
		{1, 4}, // joined at a CRA: its leading pictures have nothing to refer to
		{21, 7},
		{9, 5},
		{8, 6},
		{1, 8}, // open GOP: all is there
		{19, 9},
		{1, 10},
		{16, 13},
		{8, 11},
		{1, 14}, // BLA: what was before is cut off
	} {
		tr.picture(picture{nals: slice(u.typ), raw: u.pts * 3600, arrival: at.Add(clock.Ticks{N: int64(i) * 3600, Scale: 90000}.Duration())})
	}
	var got []string
	for _, it := range items {
		if u, ok := it.(*media.Unit); ok {
			m := ""
			for _, f := range []struct {
				on bool
				c  string
			}{{u.Key, "K"}, {u.Leading, "L"}, {u.Damaged, "d"}} {
				if f.on {
					m += f.c
				}
			}
			got = append(got, m)
			require.LessOrEqual(t, u.DTS, u.PTS)
		}
	}
	require.Equal(t, []string{"K", "Ld", "Ld", "", "K", "L", "L", "", "K", "", "K", "Ld", ""}, got)
	require.Equal(t, []int{640, 480}, []int{tr.media.Width, tr.media.Height})
	require.Equal(t, "Range Extensions", tr.level.profile)
}

// TestOrder of descriptions: sets that come late hold sound back, within bounds.
func TestLateSets(t *testing.T) {
	var items []media.Item
	at := clock.Stamp{Mono: 1e9}
	s := newStream(1, []announced{
		{payload: 96, track: &media.Track{Codec: media.H264, ClockRate: 90000}},
		{payload: 8, track: &media.Track{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1}},
	}, at, func(it media.Item) { items = append(items, it) })
	rtp := func(seq uint16, size int) []byte {
		b := make([]byte, 12+size)
		b[0], b[1], b[2], b[3] = 0x80, 8, byte(seq>>8), byte(seq)
		b[6], b[7] = byte(seq), 0 // 256 ticks each
		return b
	}
	for i := range uint16(100) {
		s.rtp(1, rtp(i, 60000), at)
	}
	require.Empty(t, items)
	require.LessOrEqual(t, s.bytes, paramsWaitMax)
	s.tick(at.Add(paramsWait))
	require.IsType(t, &media.Description{}, items[0])
	units, missed := 0, 0
	s.rtp(1, rtp(100, 100), at.Add(paramsWait))
	for _, it := range items {
		switch it := it.(type) {
		case *media.Unit:
			units++
		case *media.Gap:
			missed += it.Units
		}
	}
	require.Equal(t, 101, units+missed)
	require.Positive(t, missed)
}

func TestLATM(t *testing.T) {
	config := &mpeg4audio.StreamMuxConfig{Programs: []*mpeg4audio.StreamMuxConfigProgram{{
		Layers: []*mpeg4audio.StreamMuxConfigLayer{{
			AudioSpecificConfig: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2},
			LatmBufferFullness:  255,
		}},
	}}}
	f := &format.MPEG4AudioLATM{PayloadTyp: 96, ProfileLevelID: 1, StreamMuxConfig: config}
	a := announced{payload: 96}
	require.True(t, a.take(f))
	require.Equal(t, &media.Track{Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 2, Config: []byte{0x11, 0x90}}, a.track)
	var items []media.Item
	s := newStream(1, []announced{a}, clock.Stamp{Mono: 1}, func(it media.Item) { items = append(items, it) })
	frames := [][]byte{bytes.Repeat([]byte{1}, 300), bytes.Repeat([]byte{2}, 255), bytes.Repeat([]byte{3}, 4000)}
	enc, err := f.CreateEncoder()
	require.NoError(t, err)
	for i, frame := range frames {
		element := mpeg4audio.AudioMuxElement{StreamMuxConfig: config, Payloads: [][][][]byte{{{frame}}}}
		b, err := element.Marshal()
		require.NoError(t, err)
		packets, err := enc.Encode(b)
		require.NoError(t, err)
		for _, p := range packets {
			p.Timestamp = uint32(i) * 1024
			raw, err := p.Marshal()
			require.NoError(t, err)
			s.rtp(0, raw, clock.Stamp{Mono: clock.Mono(2 + i)})
		}
	}
	var got [][]byte
	for _, it := range items {
		if u, ok := it.(*media.Unit); ok {
			got = append(got, u.Payload[0])
		}
	}
	require.Equal(t, frames, got)
}

func TestAACGeneric(t *testing.T) {
	a := &aacGeneric{size: 13, index: 3, delta: 3, duration: 1024}
	// Two frames in a packet.
	fs, err := a.unpack(packet{marker: true, payload: unhex("0020 0018 0010 aabbcc ddee")})
	require.NoError(t, err)
	require.Equal(t, []frame{{unhex("aabbcc"), 0}, {unhex("ddee"), 1024}}, fs)
	// One frame in two packets, whole size in both headers.
	_, err = a.unpack(packet{seq: 1, payload: unhex("0010 0028 aabbcc")})
	require.ErrorIs(t, err, errMore)
	fs, err = a.unpack(packet{seq: 2, marker: true, payload: unhex("0010 0028 ddee")})
	require.NoError(t, err)
	require.Equal(t, []frame{{unhex("aabbccddee"), 0}}, fs)
	// A part is missing.
	_, err = a.unpack(packet{seq: 3, payload: unhex("0010 0028 aabbcc")})
	require.ErrorIs(t, err, errMore)
	_, err = a.unpack(packet{seq: 5, marker: true, payload: unhex("0010 0028 ddee")})
	require.ErrorIs(t, err, errSound)
	// The first of three is missing: what came of the frame is none.
	a.reset()
	_, err = a.unpack(packet{seq: 7, payload: unhex("0010 0038 ccdd")})
	require.ErrorIs(t, err, errMore)
	_, err = a.unpack(packet{seq: 8, marker: true, payload: unhex("0010 0038 eeff")})
	require.ErrorIs(t, err, errSound)
	_, err = a.unpack(packet{seq: 9, marker: true, payload: unhex("0010 0038 eeff")})
	require.ErrorIs(t, err, errSound)
	// The next whole one is read, also where a server writes the size of the rest into the second header.
	_, err = a.unpack(packet{seq: 10, payload: unhex("0010 0028 aabbcc")})
	require.ErrorIs(t, err, errMore)
	fs, err = a.unpack(packet{seq: 11, marker: true, payload: unhex("0010 0010 ddee")})
	require.NoError(t, err)
	require.Equal(t, []frame{{unhex("aabbccddee"), 0}}, fs)
	// Wrapped in ADTS.
	fs, err = a.unpack(packet{marker: true, payload: unhex("0010 0048 fff14c80013ffc aabb")})
	require.NoError(t, err)
	require.Equal(t, []frame{{unhex("aabb"), 0}}, fs)
	for _, bad := range []string{"", "00", "0000", "0010", "0010 0018 aa bb cc dd", "ffff 00", "0010 001f aabbcc", "0020 0018 0011 aabbcc ddee"} {
		a.reset()
		_, err := a.unpack(packet{marker: true, payload: unhex(bad)})
		if bad != "0010 0018 aa bb cc dd" {
			require.Error(t, err, bad)
		}
	}
}
