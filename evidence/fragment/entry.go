package fragment

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/Eyevinn/mp4ff/mp4"

	"roomrec/evidence/fragment/box"
	"roomrec/media"
)

// ErrNoParameterSets says that a track of pictures has not shown its parameter sets yet: without
// them no player can decode it. The caller waits for the description that has them.
var ErrNoParameterSets = errors.New("the stream has not shown its parameter sets")

// CarriesSets reports whether the picture u of the codec c carries a sequence parameter set in band.
func CarriesSets(c media.Codec, u *media.Unit) bool {
	for _, n := range u.Payload {
		if len(n) == 0 {
			continue
		}
		switch {
		case c == media.H264 && n[0]&0x1F == 7, c == media.H265 && n[0]>>1&0x3F == 33:
			return true
		}
	}
	return false
}

// StreamOf returns the track t as a stream with the given track id. inBand says that the pictures
// carry their parameter sets: the sample entry is then avc3 or hev1, otherwise avc1 or hvc1; it holds
// the sets in both cases.
func StreamOf(t *media.Track, id uint32, inBand bool) (Stream, error) {
	if t.ClockRate <= 0 || t.ClockRate > 1<<31 {
		return Stream{}, fmt.Errorf("track %d (%s): impossible clock rate %d", id, t.Codec, t.ClockRate)
	}
	s := Stream{ID: id, Handler: Sound, Scale: uint32(t.ClockRate)}
	var err error
	switch t.Codec {
	case media.H264, media.H265:
		s.Handler, s.Width, s.Height = Picture, t.Width, t.Height
		s.Entry, err = pictureEntry(t, inBand)
	case media.AAC, media.Opus, media.PCMA, media.PCMU, media.LPCM:
		s.Entry, err = soundEntry(t)
	default:
		err = errors.New("no such codec can be recorded")
	}
	if err != nil {
		return Stream{}, fmt.Errorf("track %d (%s): %w", id, t.Codec, err)
	}
	return s, nil
}

func pictureEntry(t *media.Track, inBand bool) ([]byte, error) {
	if len(t.SPS) == 0 || len(t.PPS) == 0 || t.Codec == media.H265 && len(t.VPS) == 0 {
		return nil, ErrNoParameterSets
	}
	if max(len(t.VPS), len(t.SPS), len(t.PPS)) > math.MaxUint16 {
		return nil, errors.New("a parameter set has more than 65,535 bytes")
	}
	config, err := decoderConfig(t, inBand)
	if err != nil {
		return nil, fmt.Errorf("parameter sets: %w", err)
	}
	kind := "avc1"
	switch {
	case t.Codec == media.H264 && inBand:
		kind = "avc3"
	case t.Codec == media.H265 && inBand:
		kind = "hev1"
	case t.Codec == media.H265:
		kind = "hvc1"
	}
	var w box.Builder
	at := w.Begin(kind)
	w.Zero(6)
	w.U16(1) // data reference
	w.Zero(16)
	w.U16(uint16(t.Width))
	w.U16(uint16(t.Height))
	w.U32(0x480000) // 72 dpi
	w.U32(0x480000)
	w.U32(0)
	w.U16(1) // frames per sample
	w.Zero(32)
	w.U16(0x18)   // depth
	w.U16(0xFFFF) // pre-defined
	w.Bytes(config...)
	w.End(at)
	return w.B, nil
}

// decoderConfig returns the avcC or hvcC box.
func decoderConfig(t *media.Track, inBand bool) (p []byte, err error) {
	// The library that reads the sets was not written for hostile ones; a panic of it is an error
	// about the camera, not the end of the recorder.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read: %v", r)
		}
	}()
	var b mp4.Box
	one := func(p []byte) [][]byte { return [][]byte{p} }
	if t.Codec == media.H264 {
		b, err = mp4.CreateAvcC(one(t.SPS), one(t.PPS), true)
	} else {
		complete := !inBand
		b, err = mp4.CreateHvcC(one(t.VPS), one(t.SPS), one(t.PPS), complete, complete, complete, true)
	}
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := b.Encode(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// soundKind is the sample entry of a sound track and its size of a sample in bits.
//
// LPCM is ISO/IEC 23003-5's ipcm, which Debian's ffmpeg 5.1 and VLC 3.0.24 read.
func soundKind(t *media.Track) (string, uint16) {
	switch t.Codec {
	case media.Opus:
		return "Opus", 16
	case media.PCMA:
		return "alaw", 16
	case media.PCMU:
		return "ulaw", 16
	case media.LPCM:
		return "ipcm", uint16(t.BitDepth)
	default:
		return "mp4a", 16
	}
}

func soundEntry(t *media.Track) ([]byte, error) {
	if t.Channels < 1 || t.Channels > 255 {
		return nil, fmt.Errorf("impossible number of channels: %d", t.Channels)
	}
	if t.Codec == media.LPCM && t.BitDepth != 16 && t.BitDepth != 24 {
		return nil, fmt.Errorf("impossible sample size: %d bits", t.BitDepth)
	}
	kind, bits := soundKind(t)
	return SoundEntry(kind, t.Channels, bits, t.SampleRate, func(w *box.Builder) {
		switch t.Codec {
		case media.AAC:
			appendESDS(w, t.Config)
		case media.LPCM:
			pcmc := w.BeginFull("pcmC", 0, 0)
			w.U8(0) // big-endian
			w.U8(uint8(t.BitDepth))
			w.End(pcmc)
		case media.Opus:
			dops := w.Begin("dOps")
			w.U8(0)
			w.U8(uint8(t.Channels))
			w.U16(0) // pre-skip: a stream that is joined has none
			w.U32(48000)
			w.U16(0) // gain
			w.U8(0)  // mapping family: mono or stereo
			w.End(dops)
		}
	}), nil
}

// SoundEntry returns an AudioSampleEntry of the four-character type kind; inner appends the boxes in
// it.
func SoundEntry(kind string, channels int, bits uint16, rate int, inner func(*box.Builder)) []byte {
	var w box.Builder
	at := w.Begin(kind)
	w.Zero(6)
	w.U16(1) // data reference
	w.Zero(8)
	w.U16(uint16(channels))
	w.U16(bits)
	w.Zero(4)
	if rate > 0xFFFF {
		rate = 0 // does not fit 16.16; the codec's own configuration says it
	}
	w.U32(uint32(rate) << 16)
	inner(&w)
	w.End(at)
	return w.B
}

// appendESDS appends the descriptor of MPEG-4 audio around the AudioSpecificConfig config (ISO/IEC
// 14496-1, 7.2.6). Sizes are written in the four-byte form that every reader knows.
func appendESDS(w *box.Builder, config []byte) {
	esds := w.BeginFull("esds", 0, 0)
	descriptor := func(tag byte, size int) {
		w.Bytes(tag, 0x80|byte(size>>21), 0x80|byte(size>>14), 0x80|byte(size>>7), byte(size)&0x7F)
	}
	const head = 5
	specific := head + len(config)
	decoder := 13 + specific
	descriptor(0x03, 3+head+decoder+head+1) // ES
	w.U16(0)
	w.U8(0)
	descriptor(0x04, decoder)
	w.U8(0x40)        // MPEG-4 audio
	w.U8(0x05<<2 | 1) // audio stream
	w.Zero(3 + 4 + 4) // buffer size, greatest and mean bit rate: not known
	descriptor(0x05, len(config))
	w.Bytes(config...)
	descriptor(0x06, 1)
	w.U8(2)
	w.End(esds)
}

// textEntry returns the tx3g sample entry (3GPP TS 26.245, 5.16) of the clock.
func textEntry(width, height int) []byte {
	var w box.Builder
	at := w.Begin("tx3g")
	w.Zero(6)
	w.U16(1)
	w.U32(0xC0000000) // shown although nobody asks for it: all samples are forced
	w.U8(1)           // centred
	w.U8(0xFF)        // at the bottom
	w.Bytes(0, 0, 0, 0x80)
	w.U16(0)
	w.U16(0)
	w.U16(uint16(height))
	w.U16(uint16(width))
	w.U16(0) // style: first and last character, font, face, size, colour
	w.U16(0)
	w.U16(1)
	w.U8(0)
	w.U8(18)
	w.U32(0xFFFFFFFF)
	ftab := w.Begin("ftab")
	w.U16(1)
	w.U16(1)
	w.U8(9)
	w.Text("Monospace")
	w.End(ftab)
	w.End(at)
	return w.B
}
