package playback

import (
	"encoding/binary"
	"errors"
	"fmt"

	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/box"
	"roomrec/media"
)

// needsFLAC reports whether browsers have no decoder for the codec in MP4.
func needsFLAC(c media.Codec) bool { return c == media.PCMA || c == media.PCMU || c == media.LPCM }

// flacDepth is the size of a decoded sample in bits.
func flacDepth(t *media.Track) int {
	if t.Codec == media.LPCM {
		return t.BitDepth
	}
	return 16
}

// flacStream returns the track's sound as a FLAC stream ("Encapsulation of FLAC in ISO Base Media
// File Format", version 0.0.4).
func flacStream(t *media.Track, id uint32) (fragment.Stream, error) {
	depth := flacDepth(t)
	if t.Channels < 1 || t.Channels > 8 || depth != 16 && depth != 24 || t.SampleRate < 1 || t.SampleRate > 0xFFFF {
		return fragment.Stream{}, fmt.Errorf("%d channels, %d bits, %d Hz: FLAC cannot carry them", t.Channels, depth, t.SampleRate)
	}
	entry := fragment.SoundEntry("fLaC", t.Channels, uint16(depth), t.SampleRate, func(w *box.Builder) {
		dfla := w.BeginFull("dfLa", 0, 0)
		w.U32(0x80<<24 | 34) // the last metadata block: stream information
		w.U16(16)            // smallest and largest block
		w.U16(0xFFFF)
		w.Zero(6) // frame sizes: not known
		w.U64(uint64(t.SampleRate)<<44 | uint64(t.Channels-1)<<41 | uint64(depth-1)<<36)
		w.Zero(16) // MD5: not known
		w.End(dfla)
	})
	return fragment.Stream{ID: id, Handler: fragment.Sound, Scale: uint32(t.ClockRate), Entry: entry}, nil
}

// flacFrame appends one FLAC frame (RFC 9639, 9) with the sound of data, a frame of the track t, to
// b. first is the number of its first sample in the stream. Samples are stored as they are.
func flacFrame(b []byte, t *media.Track, data []byte, first int64) ([]byte, error) {
	width := 1
	if t.Codec == media.LPCM {
		width = t.BitDepth / 8
	}
	step := width * t.Channels
	n := len(data) / step
	if n < 1 || n > 0xFFFF || len(data)%step != 0 {
		return nil, fmt.Errorf("a frame of %d bytes of sound cannot be converted", len(data))
	}
	start := len(b)
	depthCode := byte(4) // 16 bits
	if flacDepth(t) == 24 {
		depthCode = 6
	}
	b = append(b, 0xFF, 0xF9) // sync, blocks of varying size
	b = append(b, 7<<4|13)    // 16 bits of block size and of sample rate follow
	b = append(b, byte(t.Channels-1)<<4|depthCode<<1)
	b = appendCoded(b, uint64(first)&(1<<36-1))
	b = binary.BigEndian.AppendUint16(b, uint16(n-1))
	b = binary.BigEndian.AppendUint16(b, uint16(t.SampleRate))
	b = append(b, crc8(b[start:]))
	for c := range t.Channels {
		b = append(b, 1<<1) // verbatim, no wasted bits
		for i := range n {
			p := data[i*step+c*width:]
			switch t.Codec {
			case media.PCMA:
				b = binary.BigEndian.AppendUint16(b, uint16(alaw[p[0]]))
			case media.PCMU:
				b = binary.BigEndian.AppendUint16(b, uint16(ulaw[p[0]]))
			case media.LPCM:
				b = append(b, p[:width]...)
			default:
				return nil, errors.New("only G.711 and LPCM are converted")
			}
		}
	}
	return binary.BigEndian.AppendUint16(b, crc16(b[start:])), nil
}

// appendCoded appends v, of at most 36 bits, in FLAC's extension of UTF-8.
func appendCoded(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	n := 1 // continuation bytes
	for n < 6 && v >= 1<<(6*n+6-n) {
		n++
	}
	b = append(b, byte(uint(0xFF00)>>(n+1))|byte(v>>(6*n)))
	for n--; n >= 0; n-- {
		b = append(b, 0x80|byte(v>>(6*n))&0x3F)
	}
	return b
}

var (
	crc8Table  [256]byte
	crc16Table [256]uint16
	alaw, ulaw [256]int16
)

func init() {
	for i := range 256 {
		c8, c16 := byte(i), uint16(i)<<8
		for range 8 {
			high8, high16 := c8&0x80 != 0, c16&0x8000 != 0
			c8, c16 = c8<<1, c16<<1
			if high8 {
				c8 ^= 0x07
			}
			if high16 {
				c16 ^= 0x8005
			}
		}
		crc8Table[i], crc16Table[i] = c8, c16
		alaw[i], ulaw[i] = decodeALaw(byte(i)), decodeULaw(byte(i))
	}
}

func crc8(p []byte) (c byte) {
	for _, v := range p {
		c = crc8Table[c^v]
	}
	return c
}

func crc16(p []byte) (c uint16) {
	for _, v := range p {
		c = c<<8 ^ crc16Table[byte(c>>8)^v]
	}
	return c
}

// decodeALaw returns the 16-bit value of a G.711 A-law byte.
func decodeALaw(v byte) int16 {
	v ^= 0x55
	s := int16(v&0x0F)<<4 + 8
	if e := v >> 4 & 7; e > 0 {
		s = (s + 0x100) << (e - 1)
	}
	if v&0x80 == 0 {
		return -s
	}
	return s
}

// decodeULaw returns the 16-bit value of a G.711 µ-law byte.
func decodeULaw(v byte) int16 {
	v = ^v
	s := (int16(v&0x0F)<<3+0x84)<<(v>>4&7) - 0x84
	if v&0x80 != 0 {
		return -s
	}
	return s
}
