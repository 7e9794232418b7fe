package rtsp

import (
	"errors"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"roomrec/clock"
)

// frame is one frame of sound; after is how many ticks after the packet's time it begins.
type frame struct {
	data  []byte
	after int64
}

var (
	errSound = errors.New("sound packet that cannot be read")
	errMore  = errors.New("more packets needed")
)

// sounds takes packets of sound apart into frames.
type sounds struct {
	unpack func(p packet) ([]frame, error)
	done   func(raw uint32, arrival clock.Stamp, f frame)
	drop   func(arrival clock.Stamp)
	reset  func()
	first  clock.Stamp // of the frame that is being put together
	raw    uint32
	inside bool
}

func (s *sounds) lose(int) {
	if s.inside {
		s.drop(s.first)
		s.inside = false
	}
	s.reset()
}

func (s *sounds) flush() { s.lose(0) }

func (s *sounds) push(p packet) {
	if len(p.payload) == 0 {
		return
	}
	if !s.inside {
		s.first, s.raw = p.arrival, p.ts
	}
	frames, err := s.unpack(p)
	if errors.Is(err, errMore) {
		s.inside = true
		return
	}
	s.inside = false
	if err != nil {
		s.drop(s.first)
		return
	}
	for _, f := range frames {
		s.done(s.raw, s.first, f)
	}
}

func clone(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

// onePerPacket is for codecs whose packets are frames: G.711, LPCM, Opus.
func onePerPacket(p packet) ([]frame, error) {
	return []frame{{data: clone(p.payload)}}, nil
}

// aacGeneric is RFC 3640 without interleaving.
type aacGeneric struct {
	size, index, delta int   // bits of the fields of an AU header
	duration           int64 // ticks of a frame
	part               []byte
	want               int
	next               uint16
}

func (a *aacGeneric) reset() { a.part, a.want = nil, 0 }

func (a *aacGeneric) unpack(p packet) ([]frame, error) {
	b := p.payload
	if len(b) < 2 {
		a.reset()
		return nil, errSound
	}
	bits := int(b[0])<<8 | int(b[1])
	headers := (bits + 7) / 8
	if len(b) < 2+headers || bits == 0 {
		a.reset()
		return nil, errSound
	}
	r := &bitReader{b: b[2 : 2+headers]}
	b = b[2+headers:]
	var sizes []int
	for r.pos+a.size <= bits {
		sizes = append(sizes, r.bits(a.size))
		skip := a.delta
		if len(sizes) == 1 {
			skip = a.index
		}
		if r.pos+skip > bits && skip > 0 || r.bits(skip) != 0 || r.bad {
			a.reset()
			return nil, errSound // interleaved, which no camera does
		}
		if a.size+a.delta == 0 {
			break
		}
	}
	if len(sizes) == 1 && (a.part != nil || sizes[0] > len(b)) {
		return a.fragment(p, sizes[0], b)
	}
	a.reset()
	frames := make([]frame, 0, len(sizes))
	for i, n := range sizes {
		if n > len(b) || n == 0 {
			return nil, errSound
		}
		data, ok := withoutADTS(b[:n])
		if !ok {
			return nil, errSound
		}
		frames = append(frames, frame{clone(data), int64(i) * a.duration})
		b = b[n:]
	}
	return frames, nil
}

// fragment joins a frame that came in several packets. The size in the first header is the whole frame's:
// a server that writes the fragment's own there never gets here. In the later headers it is not believed, so
// the marker says where the frame ends; what is not as long as the first header said lacks its beginning.
func (a *aacGeneric) fragment(p packet, size int, b []byte) ([]frame, error) {
	if a.part == nil {
		a.want = size
	} else if p.seq != a.next {
		a.reset()
		return nil, errSound
	}
	if a.part = append(a.part, b...); len(a.part) > 1<<16 {
		a.reset()
		return nil, errSound
	}
	a.next = p.seq + 1
	if !p.marker {
		return nil, errMore
	}
	data, ok := withoutADTS(a.part)
	ok = ok && len(a.part) == a.want
	a.reset()
	if !ok {
		return nil, errSound
	}
	return []frame{{data: clone(data)}}, nil
}

// withoutADTS returns the raw frame of one that a camera wrapped in an ADTS header.
func withoutADTS(b []byte) ([]byte, bool) {
	if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return b, true
	}
	// A raw frame that begins with these bits would be a fill element of 15 bytes or more before
	// anything else; the length field tells the two apart.
	if n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5); n != len(b) {
		return b, true
	}
	head := 7
	if b[1]&1 == 0 {
		head = 9
	}
	if len(b) <= head || b[6]&3 != 0 {
		return nil, false
	}
	return b[head:], true
}

// aacLATM is RFC 6416.
type aacLATM struct {
	element  mpeg4audio.AudioMuxElement
	duration int64
	part     []byte
	next     uint16
}

func (a *aacLATM) reset() { a.part = nil }

func (a *aacLATM) unpack(p packet) ([]frame, error) {
	b := p.payload
	if a.part != nil || !p.marker {
		if a.part != nil && p.seq != a.next || len(a.part)+len(b) > 1<<16 {
			a.reset()
			return nil, errSound
		}
		a.part, a.next = append(a.part, b...), p.seq+1
		if !p.marker {
			return nil, errMore
		}
		b = a.part
		a.reset()
	}
	if a.element.Unmarshal(b) != nil {
		return nil, errSound
	}
	frames := make([]frame, 0, len(a.element.Payloads))
	for i, sub := range a.element.Payloads {
		if len(sub) != 1 || len(sub[0]) != 1 || len(sub[0][0]) == 0 {
			return nil, errSound
		}
		frames = append(frames, frame{clone(sub[0][0]), int64(i) * a.duration})
	}
	return frames, nil
}
