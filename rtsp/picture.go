package rtsp

import (
	"bytes"

	"roomrec/clock"
	"roomrec/media"
)

// maxPicture bounds what one picture may take in memory; more is not a camera's.
const maxPicture = 8 << 20

// picture is a whole access unit of video.
type picture struct {
	nals    [][]byte
	raw     uint32
	arrival clock.Stamp // of its first packet
}

// pictures puts packets of H.264 (RFC 6184, modes 0 and 1) or H.265 (RFC 7798) together to access
// units.
//
// A unit ends with the marker bit or with a new time. Cameras err with both, so: NAL units without a
// slice are carried on to the next slices; and a slice that continues a picture which the marker had
// ended (a camera that marks every slice) is joined to it. To see that before anything is passed
// on, the first few units wait for the packet after them, and so do all if the camera is of that
// kind.
//
// A unit of which a packet is missing is dropped and counted; it is never passed on in part.
type pictures struct {
	codec media.Codec
	donl  bool // H.265: decoding order numbers are present
	done  func(picture)
	drop  func(arrival clock.Stamp) // a picture that had begun cannot be completed

	buf      []byte // NAL units of the one being put together, one after the other
	ends     []int  // where each ends
	open     bool   // the last one is a fragment that goes on
	slices   bool   // it has a slice
	broken   bool   // packets of it are missing
	marked   bool   // it ended with a marker and waits for the next packet
	raw      uint32
	first    clock.Stamp
	begun    bool
	doubt    bool // packets were missing just before: the next picture must show its beginning
	learning int  // how many more units wait for the packet after them
	loose    bool // the camera sets markers inside pictures
	annexB   bool // the camera puts start codes into NAL units
}

const learnUnits = 8

func newPictures(codec media.Codec, donl bool, done func(picture), drop func(clock.Stamp)) *pictures {
	return &pictures{codec: codec, donl: donl, done: done, drop: drop, doubt: true, learning: learnUnits}
}

// lose says that packets are missing before the next one.
func (a *pictures) lose(int) {
	if a.marked {
		a.finish()
	}
	if a.begun && (a.slices || a.open) {
		a.broken = true
	}
	a.doubt = true
}

// flush ends the stream: what is whole is passed on.
func (a *pictures) flush() {
	if a.begun && a.slices && !a.marked {
		a.broken = true // no marker: whether it is whole cannot be known
	}
	a.finish()
	a.reset()
	a.doubt = true
}

func (a *pictures) push(p packet) {
	if len(p.payload) == 0 {
		return // padding only
	}
	if a.marked && !(p.ts == a.raw && a.continues(p.payload)) {
		a.finish()
	} else if a.marked {
		a.marked, a.loose = false, true
	}
	if a.begun && p.ts != a.raw {
		if a.slices || a.open || a.broken {
			a.finish()
		} else {
			a.raw = p.ts // parameter sets sent ahead with another time
		}
	}
	if !a.begun {
		a.begun, a.raw, a.first = true, p.ts, p.arrival
	}
	if !a.unpack(p.payload) || len(a.buf) > maxPicture {
		a.broken = true
	}
	if !p.marker || !(a.slices || a.broken) {
		return
	}
	if a.open {
		a.broken = true // the marker stands on the last packet of a fragment
	}
	if a.loose || a.learning > 0 {
		a.marked = true
		return
	}
	a.finish()
}

// continues reports whether a payload begins inside a picture: with a slice that is not a picture's
// first, or with a fragment that is not a slice's first.
func (a *pictures) continues(b []byte) bool {
	typ := nalType(a.codec, b)
	if a.codec == media.H264 {
		switch {
		case typ == h264FUA && len(b) > 2:
			return b[1]&0x80 == 0 || isSlice(a.codec, int(b[1]&0x1f)) && b[2]&0x80 == 0
		case typ == h264STAPA && len(b) > 4:
			b = b[3:]
		}
	} else {
		n := 2
		if a.donl {
			n = 4
		}
		switch {
		case typ == h265FU && len(b) > n+1:
			return b[2]&0x80 == 0 || isSlice(a.codec, int(b[2]&0x3f)) && b[n+1]&0x80 == 0
		case typ == h265AP && len(b) > n+4:
			b = b[n+2:]
		}
	}
	typ = nalType(a.codec, b)
	return isSlice(a.codec, typ) && !beginsPicture(a.codec, b)
}

// unpack takes the NAL units of one payload; false means that a part of one is missing.
func (a *pictures) unpack(b []byte) bool {
	typ := nalType(a.codec, b)
	if a.codec == media.H264 {
		switch {
		case typ == h264STAPA:
			return a.aggregate(b[1:], 0, 0)
		case typ == h264FUA:
			if len(b) < 3 {
				return false
			}
			return a.fragment([]byte{b[0]&0xe0 | b[1]&0x1f}, b[1], b[2:])
		case typ == 0 && !bytes.HasPrefix(b, []byte{0, 0}) || typ > h264STAPA:
			return false
		}
		return a.whole(b)
	}
	skip := 0
	if a.donl {
		skip = 2
	}
	switch {
	case len(b) < 3:
		return false
	case typ == h265AP:
		return a.aggregate(b[2:], skip, skip/2)
	case typ == h265FU:
		head, rest := b[2], b[3:]
		if head&0x80 != 0 {
			if len(rest) < skip {
				return false
			}
			rest = rest[skip:]
		}
		return a.fragment([]byte{b[0]&0x81 | head&0x3f<<1, b[1]}, head, rest)
	case typ >= h265PACI:
		return false
	case a.donl:
		return len(b) > 4 && a.nal(b[:2], b[4:])
	}
	return a.whole(b)
}

// aggregate takes an aggregation packet: NAL units, each after its length. first and later are the
// sizes of the decoding order fields before the first length and before the others.
func (a *pictures) aggregate(b []byte, first, later int) bool {
	skip := first
	for n := 0; ; n++ {
		if len(b) < skip+2 {
			return n > 0 && len(bytes.Trim(b, "\x00")) == 0 // padding at the end
		}
		b = b[skip:]
		size := int(b[0])<<8 | int(b[1])
		b = b[2:]
		if size == 0 {
			return n > 0 && len(bytes.Trim(b, "\x00")) == 0
		}
		if size > len(b) {
			return false
		}
		if !a.nal(b[:size], nil) {
			return false
		}
		b, skip = b[size:], later
	}
}

// fragment takes a fragment: head is the NAL unit's header, flags has its start and end bits.
func (a *pictures) fragment(head []byte, flags byte, b []byte) bool {
	if flags&0x80 != 0 {
		if a.open { // the end of the one before is missing
			return false
		}
		ok := a.nal(head, b)
		a.open = flags&0x40 == 0
		return ok
	}
	if !a.open {
		return false
	}
	a.buf = append(a.buf, b...)
	a.ends[len(a.ends)-1] = len(a.buf)
	a.open = flags&0x40 == 0
	return true
}

var startCode = []byte{0, 0, 1}

// whole takes a NAL unit that may hold several, separated by start codes: some cameras packetise the
// byte stream without taking it apart.
func (a *pictures) whole(b []byte) bool {
	typ := nalType(a.codec, b)
	if !a.annexB && (bytes.HasPrefix(b, startCode) || bytes.HasPrefix(b, []byte{0, 0, 0, 1}) ||
		!isSlice(a.codec, typ) && bytes.Contains(b, startCode)) {
		a.annexB = true
	}
	if !a.annexB {
		return a.nal(b, nil)
	}
	for len(b) > 0 {
		part := b
		if i := bytes.Index(b, startCode); i >= 0 {
			part, b = b[:i], b[i+3:]
		} else {
			b = nil
		}
		if part = bytes.TrimRight(part, "\x00"); len(part) > 0 && !a.nal(part, nil) {
			return false
		}
	}
	return true
}

// nal adds one NAL unit (or the first fragment of one), given in one or two pieces.
func (a *pictures) nal(head, rest []byte) bool {
	if a.open { // the end of the fragment before is missing
		return false
	}
	typ := nalType(a.codec, head)
	if len(head) == 0 {
		return false
	}
	if len(a.ends) >= 1024 {
		return false
	}
	start := len(a.buf)
	a.buf = append(append(a.buf, head...), rest...)
	a.ends = append(a.ends, len(a.buf))
	if !isSlice(a.codec, typ) {
		return true
	}
	beginning := beginsPicture(a.codec, a.buf[start:])
	whole := a.slices || beginning || !a.doubt
	a.slices, a.doubt = true, false
	return whole
}

// finish passes on the unit that was put together, or drops it.
func (a *pictures) finish() {
	if !a.begun {
		return
	}
	broken := a.broken || a.open
	if !a.slices && !broken {
		if len(a.buf) == 0 {
			a.reset()
		}
		return // carried on
	}
	if a.learning > 0 {
		a.learning--
	}
	if broken {
		a.drop(a.first)
		a.reset()
		return
	}
	// One allocation of the exact size: units live long, the buffer is used again.
	data := append(make([]byte, 0, len(a.buf)), a.buf...)
	nals, at := make([][]byte, len(a.ends)), 0
	for i, end := range a.ends {
		nals[i], at = data[at:end:end], end
	}
	p := picture{nals: nals, raw: a.raw, arrival: a.first}
	a.reset()
	a.done(p)
}

func (a *pictures) reset() {
	a.buf, a.ends = a.buf[:0], a.ends[:0]
	a.open, a.slices, a.broken, a.marked, a.begun = false, false, false, false, false
}
