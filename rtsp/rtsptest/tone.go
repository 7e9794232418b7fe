package rtsptest

import "roomrec/media"

// Tone is a Source of sound frames that carry only their number: for every codec whose frames need no
// decoder to be told apart.
type Tone struct {
	track  *media.Track
	frame  int64 // ticks
	bytes  int
	n, end int
}

// NewTone returns n frames of a sound track (n = 0: without end) of about 20 ms each; AAC frames last
// 1024 samples.
func NewTone(codec media.Codec, n int) *Tone {
	t := &Tone{end: n}
	switch codec {
	case media.AAC:
		t.track = &media.Track{Codec: codec, ClockRate: 48000, SampleRate: 48000, Channels: 2, Config: []byte{0x11, 0x90}}
		t.frame, t.bytes = 1024, 300
	case media.Opus:
		t.track = &media.Track{Codec: codec, ClockRate: 48000, SampleRate: 48000, Channels: 2}
		t.frame, t.bytes = 960, 120
	case media.LPCM:
		t.track = &media.Track{Codec: codec, ClockRate: 16000, SampleRate: 16000, Channels: 1, BitDepth: 16}
		t.frame, t.bytes = 320, 640
	default:
		t.track = &media.Track{Codec: codec, ClockRate: 8000, SampleRate: 8000, Channels: 1}
		t.frame, t.bytes = 160, 160
	}
	return t
}

// Track describes the sound.
func (t *Tone) Track() *media.Track { return t.track }

// Next returns the next frame: its number in the first four bytes, most significant first.
func (t *Tone) Next() (payload [][]byte, pts, dts int64, ok bool) {
	if t.end > 0 && t.n >= t.end {
		return nil, 0, 0, false
	}
	b := make([]byte, t.bytes)
	for i := range b {
		b[i] = byte(i + t.n)
	}
	b[0], b[1], b[2], b[3] = byte(t.n>>24), byte(t.n>>16), byte(t.n>>8), byte(t.n)
	pts = int64(t.n) * t.frame
	t.n++
	return [][]byte{b}, pts, pts, true
}
