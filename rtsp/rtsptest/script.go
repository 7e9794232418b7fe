package rtsptest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"roomrec/media"
)

// Script is a Source of H.264 pictures written as a string: one letter per picture in decoding order
// (I, P, B), and orders between bars, as in "IPPP|loss 3|IPP". The pictures have real parameter sets
// (640×480, or 1280×720 after "size") and real slice headers but no content; each carries its number
// in the script, see [ScriptNumber].
//
//	loss N       the next N packets are lost
//	dup N        each of the next N packets is sent twice
//	reorder N    each of the next N packets changes places with the one after it
//	jump N       the camera's ticks jump by N (90 kHz)
//	sequence N   the sequence numbers jump by N
//	skip N       N pictures are never made (time goes on)
//	size         from the next I on the pictures have another size
//	bye          the camera says goodbye
//	silence      the camera stops, connections stay open
//	freeze       this track stops
//	drop         all viewers' connections are closed
type Script struct {
	track *media.Track
	steps []step
	slots int // time slots used
	made  int
	delay int64
	big   bool
	size  int
}

type step struct {
	picture byte
	shown   int // time slot
	order   string
	n       int64
}

// scriptTicks is how long a picture of a script lasts: 1/25 s.
const scriptTicks = 3600

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // a constant of this file
	}
	return b
}

// Parameter sets that x264 writes for 4:2:0 pictures at 25 per second.
var (
	sps480  = unhex("6764001eacb40501ed80880000030008000003019078b175")
	pps480  = unhex("68ef0fcb")
	sps480B = unhex("6764001eacd30280f6c044000003000400000300c83c58b4e0") // with pictures reordered
	pps480B = unhex("68ef8fcb")
	sps720  = unhex("6764001facb402802dd808800000030080000019078c1950")
	pps720  = unhex("68ef0fcb")
)

// NewScript reads a script. Pictures take size bytes, three times as many if they are I.
func NewScript(text string, size int) (*Script, error) {
	s := &Script{size: max(size, 64)}
	for i, part := range strings.Split(text, "|") {
		if i%2 == 0 {
			for _, c := range strings.TrimSpace(part) {
				if c != 'I' && c != 'P' && c != 'B' {
					return nil, fmt.Errorf("script: picture %q: want I, P or B", c)
				}
				s.steps = append(s.steps, step{picture: byte(c)})
			}
			continue
		}
		words := strings.Fields(part)
		if len(words) == 0 {
			return nil, fmt.Errorf("script: empty order between bars")
		}
		st := step{order: words[0], n: 1}
		if len(words) > 1 {
			var err error
			if st.n, err = strconv.ParseInt(words[1], 10, 64); err != nil {
				return nil, fmt.Errorf("script: order %q: want a whole number after %s", part, words[0])
			}
		}
		if _, ok := orders[st.order]; !ok && st.order != "skip" && st.order != "size" {
			return nil, fmt.Errorf("script: order %q is not known", words[0])
		}
		s.steps = append(s.steps, st)
	}
	s.arrange()
	sps, pps := sps480, pps480
	if s.delay > 0 {
		sps, pps = sps480B, pps480B
	}
	s.track = &media.Track{Codec: media.H264, ClockRate: 90000, SPS: sps, PPS: pps, Width: 640, Height: 480}
	return s, nil
}

// arrange gives each picture its place in the order of showing: an I or P is shown after the Bs that
// follow it.
func (s *Script) arrange() {
	slot := 0
	for i := 0; i < len(s.steps); i++ {
		st := &s.steps[i]
		switch {
		case st.order == "skip":
			slot += int(st.n)
		case st.picture == 'B':
			s.delay = scriptTicks
			st.shown = slot
			slot++
		case st.picture != 0:
			bs := 0
			for j := i + 1; j < len(s.steps) && (s.steps[j].picture == 'B' || s.steps[j].order != "" && s.steps[j].order != "skip"); j++ {
				if s.steps[j].picture == 'B' {
					bs++
				}
			}
			st.shown = slot + bs
			for j := i + 1; bs > 0; j++ {
				if s.steps[j].picture == 'B' {
					s.delay = scriptTicks
					s.steps[j].shown = slot
					slot++
					bs--
				}
				if bs == 0 {
					i = j
				}
			}
			slot++
		}
	}
	s.slots = slot
}

// orders are what a script can tell its stream.
var orders = map[string]func(s *Stream, track int, n int64){
	"loss":     func(s *Stream, t int, n int64) { s.Lose(t, int(n)) },
	"dup":      func(s *Stream, t int, n int64) { s.Duplicate(t, int(n)) },
	"reorder":  func(s *Stream, t int, n int64) { s.Reorder(t, int(n)) },
	"jump":     func(s *Stream, t int, n int64) { s.Jump(t, n) },
	"sequence": func(s *Stream, t int, n int64) { s.SkipSequence(t, uint16(n)) },
	"bye":      func(s *Stream, _ int, _ int64) { s.Bye() },
	"silence":  func(s *Stream, _ int, _ int64) { s.Silence(true) },
	"freeze":   func(s *Stream, t int, _ int64) { s.Freeze(t, true) },
	"drop":     func(s *Stream, _ int, _ int64) { s.Disconnect() },
}

// Track describes the pictures.
func (s *Script) Track() *media.Track { return s.track }

// Orders gives the orders before the next picture.
func (s *Script) Orders(st *Stream, track int) {
	for len(s.steps) > 0 && s.steps[0].order != "" {
		o := s.steps[0]
		s.steps = s.steps[1:]
		if o.order == "size" {
			s.big = true
			continue
		}
		if f := orders[o.order]; f != nil {
			f(st, track, o.n)
		}
	}
}

// Next returns the next picture.
func (s *Script) Next() (payload [][]byte, pts, dts int64, ok bool) {
	for len(s.steps) > 0 && s.steps[0].order != "" {
		s.steps = s.steps[1:] // nobody asked for its orders
	}
	if len(s.steps) == 0 {
		return nil, 0, 0, false
	}
	st := s.steps[0]
	s.steps = s.steps[1:]
	n := s.made
	s.made++
	pts = int64(st.shown)*scriptTicks + s.delay
	dts = min(int64(n)*scriptTicks, pts)
	if s.delay == 0 {
		dts = pts
	}
	return s.picture(st.picture, n), pts, dts, true
}

// picture returns a unit whose slice has a real header and filler after it.
func (s *Script) picture(kind byte, n int) [][]byte {
	var unit [][]byte
	size := s.size
	// first_mb_in_slice 0, slice_type, pic_parameter_set_id 0.
	head := []byte{0x41, 0x9a} // P (5)
	switch kind {
	case 'I':
		size *= 3
		head = []byte{0x65, 0x88, 0x84} // I (7), IDR
		sps, pps := s.track.SPS, s.track.PPS
		if s.big {
			sps, pps = sps720, pps720
		}
		unit = append(unit, sps, pps)
	case 'B':
		head = []byte{0x01, 0x9e} // B (6)
	}
	nal := make([]byte, size)
	for i := range nal {
		nal[i] = byte(i)%251 + 4 // no start code in it
	}
	copy(nal, head)
	// The number in seven bits a byte, so that it makes no start code either.
	for i := range 4 {
		nal[8+i] = 0x80 | byte(n>>(7*i))&0x7f
	}
	return append(unit, nal)
}

// ScriptNumber returns the number in the script, from 0, of a picture made by a Script.
func ScriptNumber(unit [][]byte) (int, bool) {
	if len(unit) == 0 || len(unit[len(unit)-1]) < 12 {
		return 0, false
	}
	b := binary.LittleEndian.Uint32(unit[len(unit)-1][8:])
	if b&0x80808080 != 0x80808080 {
		return 0, false
	}
	n := 0
	for i := range 4 {
		n |= int(b>>(8*i)&0x7f) << (7 * i)
	}
	return n, true
}
