package testcard

import "math/bits"

// The variable length codes of H.264 that the encoder needs: those of sixteen luma DC levels whose
// neighbours have either no coefficients (nC 0) or the sixteen of I_PCM (nC 8 and more). Codes are
// written as strings of bits, as the standard's tables show them.

// coeffTokens is table 9-5 for 0 <= nC < 2: by number of coefficients, then by trailing ones.
var coeffTokens = [17][]string{
	{"1"},
	{"000101", "01"},
	{"00000111", "000100", "001"},
	{"000000111", "00000110", "0000101", "00011"},
	{"0000000111", "000000110", "00000101", "000011"},
	{"00000000111", "0000000110", "000000101", "0000100"},
	{"0000000001111", "00000000110", "0000000101", "00000100"},
	{"0000000001011", "0000000001110", "00000000101", "000000100"},
	{"0000000001000", "0000000001010", "0000000001101", "0000000100"},
	{"00000000001111", "00000000001110", "0000000001001", "00000000100"},
	{"00000000001011", "00000000001010", "00000000001101", "0000000001100"},
	{"000000000001111", "000000000001110", "00000000001001", "00000000001100"},
	{"000000000001011", "000000000001010", "000000000001101", "00000000001000"},
	{"0000000000001111", "000000000000001", "000000000001001", "000000000001100"},
	{"0000000000001011", "0000000000001110", "0000000000001101", "000000000001000"},
	{"0000000000000111", "0000000000001010", "0000000000001001", "0000000000001100"},
	{"0000000000000100", "0000000000000110", "0000000000000101", "0000000000001000"},
}

// totalZeros is tables 9-7 and 9-8: by number of coefficients (from 1), then by zeros before the last.
var totalZeros = [15][]string{
	{"1", "011", "010", "0011", "0010", "00011", "00010", "000011", "000010", "0000011", "0000010", "00000011", "00000010", "000000011", "000000010", "000000001"},
	{"111", "110", "101", "100", "011", "0101", "0100", "0011", "0010", "00011", "00010", "000011", "000010", "000001", "000000"},
	{"0101", "111", "110", "101", "0100", "0011", "100", "011", "0010", "00011", "00010", "000001", "00001", "000000"},
	{"00011", "111", "0101", "0100", "110", "101", "100", "0011", "011", "0010", "00010", "00001", "00000"},
	{"0101", "0100", "0011", "111", "110", "101", "100", "011", "0010", "00001", "0001", "00000"},
	{"000001", "00001", "111", "110", "101", "100", "011", "010", "0001", "001", "000000"},
	{"000001", "00001", "101", "100", "011", "11", "010", "0001", "001", "000000"},
	{"000001", "0001", "00001", "011", "11", "10", "010", "001", "000000"},
	{"000001", "000000", "0001", "11", "10", "001", "01", "00001"},
	{"00001", "00000", "001", "11", "10", "01", "0001"},
	{"0000", "0001", "001", "010", "1", "011"},
	{"0000", "0001", "01", "1", "001"},
	{"000", "001", "1", "01"},
	{"00", "01", "1"},
	{"0", "1"},
}

// runBefore is table 9-10: by zeros left (from 1; 7 stands for more than 6), then by run.
var runBefore = [7][]string{
	{"1", "0"},
	{"1", "01", "00"},
	{"11", "10", "01", "00"},
	{"11", "10", "01", "001", "000"},
	{"11", "10", "011", "010", "001", "000"},
	{"11", "000", "001", "011", "010", "101", "100"},
	{"111", "110", "101", "100", "011", "010", "001", "0001", "00001", "000001", "0000001", "00000001", "000000001", "0000000001", "00000000001"},
}

func (w *bitWriter) code(s string) {
	for i := range len(s) {
		w.u(1, uint32(s[i]-'0'))
	}
}

// maxLevel is the largest magnitude that a level can have in Baseline, where an escape code has
// twelve bits.
const maxLevel = 2000

// levels writes sixteen coefficients in zig-zag order (H.264, 7.3.5.3.2), whose neighbours make nC
// either 0 or at least 8.
func (w *bitWriter) levels(coeffs *[16]int, nC int) {
	var nonzero [16]int // levels from the highest frequency down
	var pos [16]int
	total := 0
	for i := 15; i >= 0; i-- {
		if coeffs[i] != 0 {
			nonzero[total], pos[total] = coeffs[i], i
			total++
		}
	}
	ones := 0
	for ones < total && ones < 3 && (nonzero[ones] == 1 || nonzero[ones] == -1) {
		ones++
	}
	switch {
	case nC < 8:
		w.code(coeffTokens[total][ones])
	case total == 0:
		w.u(6, 3)
	default:
		w.u(6, uint32((total-1)<<2|ones))
	}
	if total == 0 {
		return
	}
	for _, l := range nonzero[:ones] {
		w.flag(l < 0)
	}
	suffix := 0
	if total > 10 && ones < 3 {
		suffix = 1
	}
	for i, l := range nonzero[ones:total] {
		suffix = w.level(l, suffix, i == 0 && ones < 3)
	}
	zeros := pos[0] + 1 - total
	if total < 16 {
		w.code(totalZeros[total-1][zeros])
	}
	for i := 0; i < total-1 && zeros > 0; i++ {
		run := pos[i] - pos[i+1] - 1
		w.code(runBefore[min(zeros, 7)-1][run])
		zeros -= run
	}
}

// level writes one level (H.264, 9.2.2.1) and returns the suffix length for the next. notOne says
// that its magnitude is known not to be 1.
func (w *bitWriter) level(l, suffix int, notOne bool) int {
	mag := max(l, -l)
	code := 2*mag - 2
	if l < 0 {
		code++
	}
	if notOne {
		code -= 2
	}
	switch {
	case suffix == 0 && code < 14:
		w.u(uint(code)+1, 1)
	case suffix == 0 && code < 30:
		w.u(15, 1)
		w.u(4, uint32(code-14))
	case suffix > 0 && code < 15<<suffix:
		w.u(uint(code>>suffix)+1, 1)
		w.u(uint(suffix), uint32(code))
	default:
		base := 15 << suffix
		if suffix == 0 {
			base = 30
		}
		w.u(16, 1)
		w.u(12, uint32(code-base))
	}
	if suffix == 0 {
		suffix = 1
	}
	if suffix < 6 && mag > 3<<(suffix-1) {
		suffix++
	}
	return suffix
}

// zigzag is the order of a 4x4 block's coefficients as 4*row+column (H.264, figure 6-12 a).
var zigzag = [16]int{0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15}

// hadamard transforms the 4x4 matrix m, in raster order, in place: H m H.
func hadamard(m *[16]int) {
	for i := range 4 {
		a, b, c, d := m[4*i], m[4*i+1], m[4*i+2], m[4*i+3]
		m[4*i], m[4*i+1], m[4*i+2], m[4*i+3] = a+b+c+d, a+b-c-d, a-b-c+d, a-b+c-d
	}
	for i := range 4 {
		a, b, c, d := m[i], m[4+i], m[8+i], m[12+i]
		m[i], m[4+i], m[8+i], m[12+i] = a+b+c+d, a+b-c-d, a-b-c+d, a-b+c-d
	}
}

// dcLevels returns the levels, in zig-zag order, and the quantiser at which the luma DC transform
// adds exactly d[i] to every sample of the i-th 4x4 block of a macroblock. It reports false where a
// level would be too large. With the quantiser 4+6k the transform adds H c H * 2^k / 16, so that c =
// H d H / 2^k is exact for every k that leaves no remainder.
func dcLevels(d *[16]int) (levels [16]int, qp int, ok bool) {
	c := *d
	hadamard(&c)
	all := 0
	for _, v := range c {
		all |= v
	}
	k := 4
	if all != 0 {
		k = min(4, bits.TrailingZeros(uint(all)))
	}
	for i, z := range zigzag {
		levels[i] = c[z] >> k
		if levels[i] > maxLevel || levels[i] < -maxLevel {
			return levels, 0, false
		}
	}
	return levels, 4 + 6*k, true
}
