package watch

import (
	"math"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// Level is how loud a camera's sound is.
type Level struct {
	// Known is false where nothing is known: there is no sound, or it is coded so that only a decoder
	// could tell (AAC, Opus), or none came for a second.
	Known bool
	// DBFS is the root mean square of the last half second, in decibels below a full-scale square
	// wave: 0 at most, [Quietest] at least.
	DBFS float64
}

// Quietest is the least level that is told.
const Quietest = -96.0

// Meter returns the level for a meter on a page: 0 at -60 dBFS and below, 1 at 0 dBFS.
func (l Level) Meter() float64 {
	if !l.Known {
		return 0
	}
	return min(1, max(0, 1+l.DBFS/60))
}

const (
	levelWindow = 500 * time.Millisecond
	levelStale  = time.Second
)

// meter measures the first sound track.
type meter struct {
	desc   *media.Description
	blocks []block
}

// block is the energy of one unit.
type block struct {
	at  clock.Mono
	sum float64 // of squares, full scale 1
	n   int     // samples
}

func (m *meter) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		m.desc = it
	case *media.End:
		m.desc, m.blocks = nil, nil
	case *media.Unit:
		if m.desc == nil || it.Track != m.track() {
			return
		}
		t := m.desc.Tracks[it.Track]
		b := block{at: it.Arrival.Mono}
		for _, p := range it.Payload {
			sum, n := energy(t, p)
			b.sum, b.n = b.sum+sum, b.n+n
		}
		if b.n == 0 {
			return
		}
		m.blocks = append(m.blocks, b)
		for len(m.blocks) > 1 && b.at.Sub(m.blocks[0].at) > levelWindow {
			m.blocks = m.blocks[1:]
		}
	}
}

// tick finds nothing: what is too low or too loud is another detector's.
func (m *meter) tick(clock.Stamp) []Finding { return nil }

func (m *meter) track() int {
	for i, t := range m.desc.Tracks {
		if t.Codec.Audio() {
			return i
		}
	}
	return -1
}

func (m *meter) level(now clock.Stamp) Level {
	if len(m.blocks) == 0 || now.Mono.Sub(m.blocks[len(m.blocks)-1].at) > levelStale {
		return Level{}
	}
	var sum float64
	n := 0
	for _, b := range m.blocks {
		sum, n = sum+b.sum, n+b.n
	}
	db := Quietest
	if sum > 0 {
		db = max(Quietest, 10*math.Log10(sum/float64(n)))
	}
	return Level{Known: true, DBFS: min(0, db)}
}

// energy returns the sum of the squares of a payload's samples, full scale 1, and how many there are;
// none where the codec does not show its samples.
func energy(t *media.Track, p []byte) (sum float64, n int) {
	add := func(v float64) { sum, n = sum+v*v, n+1 }
	switch t.Codec {
	case media.PCMA:
		for _, b := range p {
			add(float64(alaw(b)) / 32768)
		}
	case media.PCMU:
		for _, b := range p {
			add(float64(mulaw(b)) / 32768)
		}
	case media.LPCM:
		switch t.BitDepth {
		case 16:
			for ; len(p) >= 2; p = p[2:] {
				add(float64(int16(uint16(p[0])<<8|uint16(p[1]))) / (1 << 15))
			}
		case 24:
			for ; len(p) >= 3; p = p[3:] {
				v := int32(uint32(p[0])<<24|uint32(p[1])<<16|uint32(p[2])<<8) >> 8
				add(float64(v) / (1 << 23))
			}
		}
	}
	return sum, n
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
