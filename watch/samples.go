package watch

import (
	"math"

	"roomrec/media"
)

// measured is what the samples of a payload say.
type measured struct {
	sum      float64 // of their squares, full scale 1
	n        int     // 0: only a decoder could tell
	peaks    int     // at full scale
	constant bool    // all are equal
}

// fullScale is from where on a linear sample counts as one that was cut off.
const fullScale = 0.999

func (m *measured) add(v float64) {
	m.sum += v * v
	m.n++
	if v >= fullScale || v <= -fullScale {
		m.peaks++
	}
}

// measure looks at the samples of one payload, where the codec shows them.
func measure(t *media.Track, p []byte) measured {
	m := measured{constant: true}
	switch t.Codec {
	case media.PCMA:
		m.companded(&alawSquares, alawTop, p)
	case media.PCMU:
		m.companded(&mulawSquares, mulawTop, p)
	case media.LPCM:
		size := t.BitDepth / 8
		if size != 2 && size != 3 {
			break
		}
		for i := 0; i+size <= len(p); i += size {
			v := float64(int16(uint16(p[i])<<8|uint16(p[i+1]))) / (1 << 15)
			if size == 3 {
				v = float64(int32(uint32(p[i])<<24|uint32(p[i+1])<<16|uint32(p[i+2])<<8)>>8) / (1 << 23)
			}
			m.add(v)
			// Each channel by itself: two of them may rest at two values.
			if c := i % (size * max(1, t.Channels)); string(p[i:i+size]) != string(p[c:c+size]) {
				m.constant = false
			}
		}
	}
	m.constant = m.constant && m.n > 0
	return m
}

func (m *measured) companded(squares *[256]float64, top byte, p []byte) {
	if len(p) == 0 {
		return
	}
	first := p[0]
	for _, b := range p {
		m.sum += squares[b]
		if b|0x80 == top {
			m.peaks++
		}
		if b != first {
			m.constant = false
		}
	}
	m.n = len(p)
}

// The code words of the highest level, with the sign's bit set.
const (
	alawTop  = 0xaa
	mulawTop = 0x80
)

// The squares of what the code words mean, full scale 1.
var alawSquares, mulawSquares = squaresOf(alaw), squaresOf(mulaw)

func squaresOf(law func(byte) int16) [256]float64 {
	var out [256]float64
	for b := range out {
		v := float64(law(byte(b))) / 32768
		out[b] = v * v
	}
	return out
}

// measureLinear looks at decoded samples of 16 bits.
func measureLinear(samples []int16) measured {
	var m measured
	for _, v := range samples {
		m.add(float64(v) / math.MaxInt16)
	}
	return m
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
