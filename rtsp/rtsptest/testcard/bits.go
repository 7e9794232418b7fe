package testcard

import "math/bits"

// bitWriter writes the raw bytes of a NAL unit's payload, most significant bit first.
type bitWriter struct {
	buf []byte
	acc uint64 // the lowest n bits are pending
	n   uint
}

// u writes the lowest n bits of v; n is at most 32.
func (w *bitWriter) u(n uint, v uint32) {
	w.acc = w.acc<<n | uint64(v)&(1<<n-1)
	w.n += n
	for w.n >= 8 {
		w.n -= 8
		w.buf = append(w.buf, byte(w.acc>>w.n))
	}
}

func (w *bitWriter) flag(v bool) {
	if v {
		w.u(1, 1)
	} else {
		w.u(1, 0)
	}
}

// ue writes an unsigned Exp-Golomb code (H.264, 9.1).
func (w *bitWriter) ue(v uint32) {
	n := uint(bits.Len32(v + 1))
	w.u(n-1, 0)
	w.u(n, v+1)
}

// se writes a signed Exp-Golomb code (H.264, 9.1.1).
func (w *bitWriter) se(v int) {
	if v > 0 {
		w.ue(uint32(2*v - 1))
	} else {
		w.ue(uint32(-2 * v))
	}
}

// align fills the current byte with zeros.
func (w *bitWriter) align() {
	if w.n > 0 {
		w.u(8-w.n, 0)
	}
}

// trailing ends the payload (H.264, 7.3.2.11).
func (w *bitWriter) trailing() {
	w.u(1, 1)
	w.align()
}

// nal returns a NAL unit with the given header byte around payload, with emulation prevention bytes
// (H.264, 7.3.1).
func nal(header byte, payload []byte) []byte {
	out := make([]byte, 1, 1+len(payload)+len(payload)/64+8)
	out[0] = header
	zeros := 0
	for _, b := range payload {
		if zeros == 2 && b <= 3 {
			out = append(out, 3)
			zeros = 0
		}
		out = append(out, b)
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}
