package rtsptest

import (
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"roomrec/media"
)

// announce returns how a track is described and packed. n is its number.
func announce(t *media.Track, n int, sets Sets, markSlices bool) (*description.Media, packer, error) {
	m := &description.Media{Type: description.MediaTypeAudio}
	if t.Codec.Video() {
		m.Type = description.MediaTypeVideo
	}
	vps, sps, pps := t.VPS, t.SPS, t.PPS
	if sets == SetsInBand {
		vps, sps, pps = nil, nil, nil
	}
	pt := uint8(96 + n)
	var f format.Format
	var p packer
	switch t.Codec {
	case media.H264:
		h := &format.H264{PayloadTyp: pt, SPS: sps, PPS: pps, PacketizationMode: 1}
		enc, err := h.CreateEncoder()
		if err != nil {
			return nil, nil, err
		}
		f, p = h, encode(enc.Encode)
		if markSlices {
			p = sliceBySlice(enc.Encode)
		}
	case media.H265:
		h := &format.H265{PayloadTyp: pt, VPS: vps, SPS: sps, PPS: pps}
		enc, err := h.CreateEncoder()
		if err != nil {
			return nil, nil, err
		}
		f, p = h, encode(enc.Encode)
	case media.AAC:
		var c mpeg4audio.AudioSpecificConfig
		if err := c.Unmarshal(t.Config); err != nil {
			return nil, nil, err
		}
		a := &format.MPEG4Audio{PayloadTyp: pt, ProfileLevelID: 1, Config: &c, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3}
		enc, err := a.CreateEncoder()
		if err != nil {
			return nil, nil, err
		}
		f, p = a, encode(enc.Encode)
	case media.PCMA, media.PCMU:
		if t.SampleRate == 8000 && t.Channels == 1 {
			pt = 8
			if t.Codec == media.PCMU {
				pt = 0
			}
		}
		f = &format.G711{PayloadTyp: pt, MULaw: t.Codec == media.PCMU, SampleRate: t.SampleRate, ChannelCount: t.Channels}
	case media.LPCM:
		f = &format.LPCM{PayloadTyp: pt, BitDepth: t.BitDepth, SampleRate: t.SampleRate, ChannelCount: t.Channels}
	case media.Opus:
		f = &format.Opus{PayloadTyp: pt, ChannelCount: t.Channels}
	default:
		return nil, nil, fmt.Errorf("track %d: codec %v cannot be served", n, t.Codec)
	}
	if p == nil {
		p = &onePacket{pt: pt}
	}
	m.Formats = []format.Format{f}
	return m, p, nil
}

// encode is a packer made of gortsplib's encoders.
type encode func([][]byte) ([]*rtp.Packet, error)

func (e encode) pack(unit [][]byte) ([]*rtp.Packet, error) { return e(unit) }

// sliceBySlice sends each NAL unit by itself and marks its last packet.
type sliceBySlice func([][]byte) ([]*rtp.Packet, error)

func (e sliceBySlice) pack(unit [][]byte) ([]*rtp.Packet, error) {
	var all []*rtp.Packet
	for _, nal := range unit {
		ps, err := e([][]byte{nal})
		if err != nil {
			return nil, err
		}
		all = append(all, ps...)
	}
	return all, nil
}

// onePacket sends each frame in one packet.
type onePacket struct {
	pt  uint8
	seq uint16
}

func (o *onePacket) pack(unit [][]byte) ([]*rtp.Packet, error) {
	var all []*rtp.Packet
	for _, b := range unit {
		o.seq++
		all = append(all, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: o.pt, SequenceNumber: o.seq}, Payload: b})
	}
	return all, nil
}

// extra describes a track of a codec that is only announced.
func extra(rtpmap string) (*description.Media, error) {
	g := &format.Generic{PayloadTyp: 120, RTPMa: rtpmap}
	if !strings.Contains(rtpmap, "/") {
		return nil, fmt.Errorf("extra track %q: want an rtpmap, as in VP8/90000", rtpmap)
	}
	if err := g.Init(); err != nil {
		return nil, err
	}
	return &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{g}}, nil
}
