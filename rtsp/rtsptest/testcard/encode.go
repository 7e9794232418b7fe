package testcard

import "bytes"

// The NAL unit headers that the encoder writes: every picture is a reference.
const (
	nalSlice = 0x61
	nalIDR   = 0x65
	nalSPS   = 0x67
	nalPPS   = 0x68
)

// The quantiser that slices begin with and the one that the PPS names.
const (
	sliceQP = 28
	ppsQP   = 26
)

// frameNumBits is the size of frame_num, which counts the pictures since the last key picture.
const frameNumBits = 16

// encoder codes pictures without any loss in Constrained Baseline: unchanged macroblocks are
// skipped, others are predicted from their neighbours with a constant difference per 4x4 block, or,
// where that is not exact, sent as they are (I_PCM). No deblocking, no motion, one reference, POC
// type 2. Chroma is 128 throughout.
type encoder struct {
	cols, rows int // in macroblocks
	slices     int
	prev       []byte // the reference picture, stride 16*cols
	frameNum   uint32
	idr        uint32
	intra      []bool // by macroblock: I_PCM in the current picture
	w          bitWriter
}

func newEncoder(cols, rows, slices int) *encoder {
	return &encoder{
		cols: cols, rows: rows, slices: max(1, min(slices, rows)),
		prev:  make([]byte, 256*cols*rows),
		intra: make([]bool, cols*rows),
	}
}

// encode returns the slices of the picture luma, whose stride is 16*cols. The first picture must be
// key.
func (e *encoder) encode(luma []byte, key bool) [][]byte {
	if key {
		e.frameNum = 0
		e.idr ^= 1
	} else {
		e.frameNum++
	}
	clear(e.intra)
	out := make([][]byte, 0, e.slices)
	for i := range e.slices {
		first, end := i*e.rows/e.slices*e.cols, (i+1)*e.rows/e.slices*e.cols
		out = append(out, e.slice(luma, key, first, end))
	}
	copy(e.prev, luma)
	return out
}

// slice codes the macroblocks from first up to end.
func (e *encoder) slice(luma []byte, key bool, first, end int) []byte {
	w := &e.w
	w.buf, w.n = w.buf[:0], 0
	w.ue(uint32(first))
	if key {
		w.ue(7) // I, and so are all others of the picture
	} else {
		w.ue(5) // P, likewise
	}
	w.ue(0) // PPS
	w.u(frameNumBits, e.frameNum)
	if key {
		w.ue(1 + e.idr) // 1 and 2 have the same length: frozen pictures stay byte-equal
		w.u(2, 0)       // no earlier picture dropped, no long-term reference
	} else {
		w.u(3, 0) // as many references as the PPS says, in order, sliding window
	}
	w.se(sliceQP - ppsQP)
	w.ue(1) // no deblocking

	m := mbCoder{e: e, w: w, luma: luma, first: first, qp: sliceQP}
	skipped := uint32(0)
	for mb := first; mb < end; mb++ {
		if !key {
			if e.same(luma, mb) {
				skipped++
				continue
			}
			w.ue(skipped)
			skipped = 0
			m.typeOffset = 5
		}
		m.code(mb)
	}
	if skipped > 0 {
		w.ue(skipped)
	}
	w.trailing()
	if key {
		return nal(nalIDR, w.buf)
	}
	return nal(nalSlice, w.buf)
}

// same reports whether the macroblock equals that of the reference picture.
func (e *encoder) same(luma []byte, mb int) bool {
	stride := 16 * e.cols
	at := mb/e.cols*16*stride + mb%e.cols*16
	for range 16 {
		if !bytes.Equal(luma[at:at+16], e.prev[at:at+16]) {
			return false
		}
		at += stride
	}
	return true
}

// mbCoder codes the macroblocks of one slice.
type mbCoder struct {
	e          *encoder
	w          *bitWriter
	luma       []byte
	first      int // macroblock of the slice: nothing before it may be referred to
	qp         int // of the macroblock before
	typeOffset uint32
}

// The Intra_16x16 prediction modes (H.264, table 8-4).
const (
	predVertical = iota
	predHorizontal
	predDC
)

// code writes macroblock mb, exactly.
func (m *mbCoder) code(mb int) {
	e, w := m.e, m.w
	stride := 16 * e.cols
	at := mb/e.cols*16*stride + mb%e.cols*16
	left := mb%e.cols > 0 && mb-1 >= m.first
	top := mb-e.cols >= m.first

	best, mode := choice{bits: 1 << 30}, -1
	try := func(p int) {
		if c, ok := m.predict(at, stride, p, top, left); ok && c.bits < best.bits {
			best, mode = c, p
		}
	}
	try(predDC)
	if top && best.bits > 0 {
		try(predVertical)
	}
	if left && best.bits > 0 {
		try(predHorizontal)
	}
	if mode < 0 {
		e.intra[mb] = true
		w.ue(25 + m.typeOffset)
		w.align()
		for range 16 {
			w.buf = append(w.buf, m.luma[at:at+16]...)
			at += stride
		}
		w.buf = append(w.buf, grey[:]...)
		return
	}
	w.ue(uint32(1+mode) + m.typeOffset) // no AC, no chroma
	w.ue(0)                             // chroma by DC
	w.se(best.qp - m.qp)
	m.qp = best.qp
	w.levels(&best.levels, m.context(mb, top, left))
}

// grey is the chroma of an I_PCM macroblock.
var grey = [128]byte(bytes.Repeat([]byte{128}, 128))

// context returns nC of the macroblock's DC block (H.264, 9.2.1): its neighbours have sixteen
// coefficients if they are I_PCM and none otherwise.
func (m *mbCoder) context(mb int, top, left bool) int {
	n, sum := 0, 0
	if left {
		n++
		if m.e.intra[mb-1] {
			sum += 16
		}
	}
	if top {
		n++
		if m.e.intra[mb-m.e.cols] {
			sum += 16
		}
	}
	if n == 2 {
		return (sum + 1) >> 1
	}
	return sum
}

// choice is a prediction's remaining difference.
type choice struct {
	levels [16]int
	qp     int
	bits   int // about what the levels cost; 0 if there are none
}

// predict returns what the given prediction leaves to be coded, and false if it cannot be exact.
func (m *mbCoder) predict(at, stride, mode int, top, left bool) (choice, bool) {
	var p [16]int // of the column or row
	dc := 128
	switch mode {
	case predVertical:
		for i := range p {
			p[i] = int(m.luma[at-stride+i])
		}
	case predHorizontal:
		for i := range p {
			p[i] = int(m.luma[at+i*stride-1])
		}
	default:
		sum, n := 0, 0
		if top {
			for _, v := range m.luma[at-stride : at-stride+16] {
				sum += int(v)
			}
			n += 16
		}
		if left {
			for i := range 16 {
				sum += int(m.luma[at+i*stride-1])
			}
			n += 16
		}
		if n > 0 {
			dc = (sum + n/2) / n
		}
	}
	pred := func(x, y int) int {
		switch mode {
		case predVertical:
			return p[x]
		case predHorizontal:
			return p[y]
		default:
			return dc
		}
	}
	var d [16]int
	for by := range 4 {
		for bx := range 4 {
			row := at + 4*by*stride + 4*bx
			want := int(m.luma[row]) - pred(4*bx, 4*by)
			for y := range 4 {
				for x, v := range m.luma[row : row+4] {
					if int(v)-pred(4*bx+x, 4*by+y) != want {
						return choice{}, false
					}
				}
				row += stride
			}
			d[4*by+bx] = want
		}
	}
	c := choice{}
	var ok bool
	if c.levels, c.qp, ok = dcLevels(&d); !ok {
		return choice{}, false
	}
	for _, l := range c.levels {
		if l != 0 {
			c.bits += 4
			for v := max(l, -l); v > 0; v >>= 1 {
				c.bits += 2
			}
		}
	}
	if c.bits == 0 {
		c.qp = m.qp
	}
	return c, true
}
