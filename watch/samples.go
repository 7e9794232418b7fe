package watch

import (
	"bytes"

	"roomrec/media"
)

// measured is what the samples of a payload say.
type measured struct {
	sum      float64 // of their squares, full scale 1
	n        int     // 0: only a decoder could tell
	peaks    int     // at full scale
	constant bool    // all of a channel are equal
}

// measure looks at the samples of one payload, where the codec shows them. It runs for every sample of
// every camera: whole numbers and one pass keep it cheap.
func measure(t *media.Track, p []byte) measured {
	var m measured
	frame := max(1, t.Channels)
	switch {
	case t.Codec == media.PCMA:
		m = companded(&alawSquares, alawTop, p)
	case t.Codec == media.PCMU:
		m = companded(&mulawSquares, mulawTop, p)
	case t.Codec == media.LPCM && t.BitDepth == 16:
		m = linear16(p)
		frame *= 2
	case t.Codec == media.LPCM && t.BitDepth == 24:
		m = linear24(p)
		frame *= 3
	}
	// Each channel by itself: two of them may rest at two values.
	m.constant = m.n > 0 && len(p) >= frame && bytes.Equal(p[frame:], p[:len(p)-frame])
	return m
}

func companded(squares *[256]uint32, top byte, p []byte) measured {
	var sum uint64
	peaks := 0
	for _, b := range p {
		sum += uint64(squares[b])
		if b|0x80 == top {
			peaks++
		}
	}
	return measured{sum: float64(sum) / (1 << 30), n: len(p), peaks: peaks}
}

// full16 is from where on a linear sample counts as one that was cut off.
const full16 = 32735

func linear16(p []byte) measured {
	var sum uint64
	peaks, n := 0, len(p)/2
	for ; len(p) >= 2; p = p[2:] {
		v := int64(int16(uint16(p[0])<<8 | uint16(p[1])))
		sum += uint64(v * v)
		if v >= full16 || v <= -full16 {
			peaks++
		}
	}
	return measured{sum: float64(sum) / (1 << 30), n: n, peaks: peaks}
}

func linear24(p []byte) measured {
	var sum float64
	peaks, n := 0, len(p)/3
	for ; len(p) >= 3; p = p[3:] {
		v := int64(int32(uint32(p[0])<<24|uint32(p[1])<<16|uint32(p[2])<<8) >> 8)
		sum += float64(v * v)
		if v >= full16<<8 || v <= -full16<<8 {
			peaks++
		}
	}
	return measured{sum: sum / (1 << 46), n: n, peaks: peaks}
}

// measureDecoded looks at decoded samples.
func measureDecoded(samples []int16) measured {
	var sum uint64
	peaks, same := 0, len(samples) > 0
	for _, v := range samples {
		w := int64(v)
		same = same && v == samples[0]
		sum += uint64(w * w)
		if w >= full16 || w <= -full16 {
			peaks++
		}
	}
	return measured{sum: float64(sum) / (1 << 30), n: len(samples), peaks: peaks, constant: same}
}

// The code words of the highest level, with the sign's bit set.
const (
	alawTop  = 0xaa
	mulawTop = 0x80
)

// The squares of what the code words mean.
var alawSquares, mulawSquares = squaresOf(alaw), squaresOf(mulaw)

func squaresOf(law func(byte) int16) [256]uint32 {
	var out [256]uint32
	for b := range out {
		v := int32(law(byte(b)))
		out[b] = uint32(v * v)
	}
	return out
}

// alaw expands a G.711 A-law sample to 16 bits (ITU-T G.711, table 1a).
func alaw(b byte) int16 {
	b ^= 0x55
	exponent, mantissa := int(b>>4&7), int(b&0x0f)
	v := mantissa<<4 + 8
	if exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

// mulaw expands a G.711 µ-law sample to 16 bits (ITU-T G.711, table 2a).
func mulaw(b byte) int16 {
	b = ^b
	exponent, mantissa := int(b>>4&7), int(b&0x0f)
	v := (mantissa<<3+0x84)<<exponent - 0x84
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}
