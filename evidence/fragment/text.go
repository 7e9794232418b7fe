package fragment

import (
	"encoding/binary"
	"math/bits"
	"time"

	"roomrec/clock"
)

// TextScale is the number of ticks to the second of the clock track, and of a fragment's place on
// its segment's time axis.
const TextScale = 90_000

// textReach is how far before the end of a fragment its text may begin: what is missing before that
// stays without text.
const textReach = 60 * TextScale

// maxCues bounds the lines of one fragment; the last one then goes on to its end. Only a forged file
// comes near it.
const maxCues = 128

// place says where a fragment lies: on the segment's time axis in ticks of TextScale, and on the
// wall.
type place struct {
	from, to   int64
	start, end clock.Wall
	offset     int32 // of the zone from UTC, in seconds
}

// rate returns how far the wall advances over how many ticks. A fragment that has no extent on
// either axis advances in real time.
func (p place) rate() (wall, ticks int64) {
	if p.to <= p.from || p.end <= p.start {
		return int64(time.Second), TextScale
	}
	return int64(p.end - p.start), p.to - p.from
}

// wallAt returns the wall instant at the tick t, rounded down.
func (p place) wallAt(t int64) clock.Wall {
	wall, ticks := p.rate()
	return p.start + clock.Wall(floorMulDiv(t-p.from, wall, ticks))
}

// tickAt returns the first tick at which the wall shows w or later.
func (p place) tickAt(w clock.Wall) int64 {
	wall, ticks := p.rate()
	return p.from - floorMulDiv(-int64(w-p.start), ticks, wall)
}

// cue is one line of the clock: from its tick to the next one's.
type cue struct {
	at   int64
	text string
}

// cues returns the lines of a fragment whose text goes on from the tick after. The text of a fragment
// that ends before that is empty.
func (p place) cues(after int64) []cue {
	at := max(after, p.to-textReach)
	var cs []cue
	zone := time.FixedZone("", int(p.offset))
	for at < p.to && len(cs) < maxCues {
		second := floorDiv(int64(p.wallAt(at)), int64(time.Second))
		cs = append(cs, cue{at, textOf(second, zone)})
		at = max(at+1, p.tickAt(clock.Wall((second+1)*int64(time.Second))))
	}
	return cs
}

// textOf returns the line of the second that began that many seconds after 1970.
func textOf(second int64, zone *time.Location) string {
	return time.Unix(second, 0).In(zone).Format("2006-01-02 15:04:05 -07:00")
}

// appendCue appends the tx3g sample of one line to b.
func appendCue(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// floorMulDiv returns a*b/c rounded down, for b and c positive, through a 128-bit product. What does
// not fit 64 bits, which only a forged file asks for, is cut to the largest value that does.
func floorMulDiv(a, b, c int64) int64 {
	neg := a < 0
	m := uint64(a)
	if neg {
		m = -m
	}
	hi, lo := bits.Mul64(m, uint64(b))
	const most = 1<<62 - 1
	if hi >= uint64(c) {
		if neg {
			return -most
		}
		return most
	}
	q, rem := bits.Div64(hi, lo, uint64(c))
	q = min(q, most)
	if neg {
		if rem != 0 {
			q++
		}
		return -int64(q)
	}
	return int64(q)
}
