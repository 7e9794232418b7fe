package clock

import (
	"math"
	"math/bits"
	"time"
)

// Ticks is a count of a stream's own time units: N of them, Scale to the second.
type Ticks struct {
	N     int64
	Scale int64
}

// Duration returns the length of t, to the nearest nanosecond towards zero; what is longer than 292
// years is that long. Scale must be positive.
func (t Ticks) Duration() time.Duration {
	return time.Duration(mulDiv(t.N, int64(time.Second), t.Scale))
}

// In returns t counted in units of 1/scale second, rounded towards zero. Both scales must be
// positive.
func (t Ticks) In(scale int64) Ticks {
	if t.Scale == scale {
		return t
	}
	return Ticks{mulDiv(t.N, scale, t.Scale), scale}
}

// TicksOf returns d as a count of 1/scale second, rounded towards zero.
func TicksOf(d time.Duration, scale int64) Ticks {
	return Ticks{mulDiv(int64(d), scale, int64(time.Second)), scale}
}

// mulDiv returns a*b/c through a 128-bit product, so that twelve hours at 90 kHz do not overflow. What
// does not fit the result is the largest or smallest value that does.
func mulDiv(a, b, c int64) int64 {
	neg := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	q := uint64(math.MaxInt64)
	if hi < uint64(c) {
		q, _ = bits.Div64(hi, lo, uint64(c))
		q = min(q, math.MaxInt64)
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-v)
	}
	return uint64(v)
}
