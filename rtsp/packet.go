package rtsp

import (
	"encoding/binary"
	"errors"

	"roomrec/clock"
)

// packet is one RTP packet. Its payload is valid only during the call that it is handed to.
type packet struct {
	seq     uint16
	ts      uint32
	ssrc    uint32
	pt      uint8
	marker  bool
	payload []byte
	arrival clock.Stamp
}

var errRTP = errors.New("not an RTP packet")

// parseRTP reads an RTP packet (RFC 3550, 5.1); payload points into b.
func parseRTP(b []byte, arrival clock.Stamp) (packet, error) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return packet{}, errRTP
	}
	p := packet{
		marker:  b[1]&0x80 != 0,
		pt:      b[1] & 0x7f,
		seq:     binary.BigEndian.Uint16(b[2:]),
		ts:      binary.BigEndian.Uint32(b[4:]),
		ssrc:    binary.BigEndian.Uint32(b[8:]),
		arrival: arrival,
	}
	start, end := 12+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 { // extension
		if len(b) < start+4 {
			return packet{}, errRTP
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if b[0]&0x20 != 0 { // padding
		end -= int(b[len(b)-1])
	}
	if start > end {
		return packet{}, errRTP
	}
	p.payload = b[start:end]
	return p, nil
}
