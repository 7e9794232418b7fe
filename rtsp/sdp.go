package rtsp

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"roomrec/media"
)

// announced is one media of a session description that can be recorded.
type announced struct {
	media   *description.Media
	payload uint8 // RTP payload type
	track   *media.Track
	donl    bool // H.265 with decoding order numbers
	aac     *format.MPEG4Audio
	latm    *format.MPEG4AudioLATM
	samples int64    // AAC: ticks of a frame
	sets    [][]byte // video: parameter sets as announced
}

// unsupported says which codec a camera offers in vain.
type unsupported struct{ kind, codec string }

func (e unsupported) Error() string {
	if e.kind == "audio" {
		return fmt.Sprintf("the camera's sound is %s, which cannot be recorded as it comes; set the camera's audio codec to AAC, G.711, Opus or LPCM, or switch its sound off", e.codec)
	}
	return fmt.Sprintf("the camera's picture is %s, which cannot be recorded as it comes; set the camera's video codec to H.264 or H.265", e.codec)
}

// maxMedias bounds what one description may ask for.
const maxMedias = 16

// parseSDP reads a session description and returns the pictures and sounds in it, in its order. Other
// media (metadata, back channels to the camera's loudspeaker) are left out. A codec that cannot be
// recorded is an [unsupported] error.
func parseSDP(body []byte) (*sdp.SessionDescription, []announced, error) {
	var raw sdp.SessionDescription
	if err := raw.Unmarshal(body); err != nil {
		return nil, nil, fmt.Errorf("session description: %w", err)
	}
	var out []announced
	for _, md := range raw.MediaDescriptions {
		kind := md.MediaName.Media
		if kind != "video" && kind != "audio" {
			continue
		}
		m := &description.Media{}
		if err := m.Unmarshal(md); err != nil {
			return nil, nil, fmt.Errorf("session description: %w", err)
		}
		if m.IsBackChannel {
			continue
		}
		if len(out) == maxMedias {
			return nil, nil, fmt.Errorf("session description: want at most %d media", maxMedias)
		}
		a, err := recordable(m)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, a)
	}
	return &raw, out, nil
}

func recordable(m *description.Media) (announced, error) {
	for _, f := range m.Formats {
		a := announced{media: m, payload: f.PayloadType()}
		if a.take(f) {
			return a, nil
		}
	}
	name := m.Formats[0].Codec()
	if g, ok := m.Formats[0].(*format.Generic); ok {
		name = "of an unknown codec"
		if g.RTPMa != "" {
			name = g.RTPMa
		}
	}
	return announced{}, unsupported{string(m.Type), name}
}

// take fills a from f, if f can be recorded.
func (a *announced) take(f format.Format) bool {
	switch f := f.(type) {
	case *format.H264:
		if f.PacketizationMode > 1 {
			return false
		}
		a.track = &media.Track{Codec: media.H264, ClockRate: 90000}
		a.sets = [][]byte{f.SPS, f.PPS}
	case *format.H265:
		a.track = &media.Track{Codec: media.H265, ClockRate: 90000}
		a.sets = [][]byte{f.VPS, f.SPS, f.PPS}
		a.donl = f.MaxDONDiff > 0
	case *format.MPEG4Audio:
		if f.Config == nil || f.SizeLength < 1 || f.SizeLength > 16 || f.IndexLength > 16 || f.IndexDeltaLength > 16 {
			return false
		}
		a.aac = f
		return a.takeAAC(f.Config, f.ClockRate())
	case *format.MPEG4AudioLATM:
		c := f.StreamMuxConfig
		if c == nil || len(c.Programs) != 1 || len(c.Programs[0].Layers) != 1 {
			return false
		}
		a.latm = f
		return a.takeAAC(c.Programs[0].Layers[0].AudioSpecificConfig, f.ClockRate())
	case *format.Opus:
		a.track = &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: f.ChannelCount}
	case *format.G711:
		codec := media.PCMA
		if f.MULaw {
			codec = media.PCMU
		}
		a.track = &media.Track{Codec: codec, ClockRate: int64(f.SampleRate), SampleRate: f.SampleRate, Channels: f.ChannelCount}
	case *format.LPCM:
		if f.BitDepth != 16 && f.BitDepth != 24 {
			return false
		}
		a.track = &media.Track{Codec: media.LPCM, ClockRate: int64(f.SampleRate), SampleRate: f.SampleRate, Channels: f.ChannelCount, BitDepth: f.BitDepth}
	default:
		return false
	}
	t := a.track
	return t.Codec.Video() || t.SampleRate > 0 && t.SampleRate <= 768000 && t.Channels > 0 && t.Channels <= 16
}

func (a *announced) takeAAC(c *mpeg4audio.AudioSpecificConfig, rate int) bool {
	if c == nil || c.SampleRate <= 0 || rate <= 0 {
		return false
	}
	config, err := c.Marshal()
	if err != nil {
		return false
	}
	frame := int64(1024)
	if c.FrameLengthFlag {
		frame = 960
	}
	// A frame has so many samples at the core's rate; with SBR the clock may run at twice that.
	a.samples = frame * int64(rate) / int64(c.SampleRate)
	sample := c.SampleRate
	if c.ExtensionSampleRate > 0 {
		sample = c.ExtensionSampleRate
	}
	a.track = &media.Track{
		Codec: media.AAC, ClockRate: int64(rate), SampleRate: sample,
		Channels: channels(c.ChannelConfig), Config: config,
	}
	return a.track.Channels > 0
}

// channels returns how many channels a channelConfiguration means (ISO/IEC 14496-3, table 1.19), 0 if
// that stands in the sound itself.
func channels(config uint8) int {
	switch {
	case config == 7:
		return 8
	case config < 7:
		return int(config)
	}
	return 0
}
