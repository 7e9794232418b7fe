package stills

import (
	"encoding/binary"
	"fmt"

	"roomrec/media"
)

// adts puts AAC frames into a stream that says what they are (ISO/IEC 13818-7, 6.2).
func adts(t *media.Track, units []*media.Unit) ([]byte, error) {
	// AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): five bits of object type, four of the rate's
	// index, four of the channels. Of SBR the stream needs to say nothing.
	if len(t.Config) < 2 {
		return nil, fmt.Errorf("%w: AAC without configuration", ErrCodec)
	}
	object, rate, channels := t.Config[0]>>3, t.Config[0]&7<<1|t.Config[1]>>7, t.Config[1]>>3&15
	if object == 5 || object == 29 {
		object = 2 // SBR, PS: on top of AAC-LC
	}
	if object < 1 || object > 4 || rate > 12 || channels < 1 || channels > 7 {
		return nil, fmt.Errorf("%w: AAC of type %d", ErrCodec, object)
	}
	var b []byte
	for _, u := range units {
		if len(u.Payload) == 0 {
			continue
		}
		frame := u.Payload[0]
		n := len(frame) + 7
		if n >= 1<<13 {
			return nil, fmt.Errorf("%w: an AAC frame of %d bytes", ErrCodec, len(frame))
		}
		b = append(b, 0xff, 0xf1, (object-1)<<6|rate<<2|channels>>2, channels<<6|byte(n>>11), byte(n>>3), byte(n<<5)|0x1f, 0xfc)
		b = append(b, frame...)
	}
	return b, nil
}

// ogg puts Opus packets into pages, one each (RFC 3533, RFC 7845).
func ogg(t *media.Track, units []*media.Unit) []byte {
	channels := byte(max(1, min(2, t.Channels)))
	head := append([]byte("OpusHead\x01"), channels, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)
	b := page(nil, 0, 0, 2, head)
	b = page(b, 1, 0, 0, []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00"))
	for i, u := range units {
		if len(u.Payload) == 0 {
			continue
		}
		var flags byte
		if i == len(units)-1 {
			flags = 4
		}
		b = page(b, uint32(2+i), u.PTS-units[0].PTS+t.ClockRate/50, flags, u.Payload[0])
	}
	return b
}

// page appends a page with one packet.
func page(b []byte, sequence uint32, granule int64, flags byte, packet []byte) []byte {
	at := len(b)
	b = append(b, "OggS\x00"...)
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = binary.LittleEndian.AppendUint32(b, 1) // the stream
	b = binary.LittleEndian.AppendUint32(b, sequence)
	b = append(b, 0, 0, 0, 0) // checksum
	packet = packet[:min(len(packet), 254*255)]
	b = append(b, byte(len(packet)/255+1))
	for range len(packet) / 255 {
		b = append(b, 255)
	}
	b = append(b, byte(len(packet)%255))
	b = append(b, packet...)
	var sum uint32
	for _, c := range b[at:] {
		sum = sum<<8 ^ oggTable[byte(sum>>24)^c]
	}
	binary.LittleEndian.PutUint32(b[at+22:], sum)
	return b
}

// oggTable is of the CRC-32 with the polynomial 0x04c11db7, most significant bit first.
var oggTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			top := r >> 31
			r <<= 1
			if top == 1 {
				r ^= 0x04c11db7
			}
		}
		t[i] = r
	}
	return t
}()
