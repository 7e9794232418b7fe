package watch

import (
	"math"
	"time"

	"roomrec/clock"
)

// Level is how loud a camera's sound is.
type Level struct {
	// Known is false where nothing is known: there is no sound, or it is coded so that only a decoder
	// could tell (AAC, Opus), or none came for a second.
	Known bool
	// DBFS is the root mean square of the last half second, in decibels below a full-scale square
	// wave: 0 at most, [Quietest] at least.
	DBFS float64
}

// Quietest is the least level that is told.
const Quietest = -96.0

// Meter returns the level for a meter on a page: 0 at -60 dBFS and below, 1 at 0 dBFS.
func (l Level) Meter() float64 {
	if !l.Known {
		return 0
	}
	return min(1, max(0, 1+l.DBFS/60))
}

const (
	levelWindow = 500 * time.Millisecond
	levelStale  = time.Second
)

// meter measures the level for a page.
type meter struct{ blocks []block }

// block is the energy of one unit.
type block struct {
	at  clock.Mono
	sum float64 // of squares, full scale 1
	n   int     // samples
}

func (m *meter) hear(b block) {
	m.blocks = append(m.blocks, b)
	for len(m.blocks) > 1 && b.at.Sub(m.blocks[0].at) > levelWindow {
		m.blocks = m.blocks[1:]
	}
}

func (m *meter) level(now clock.Stamp) Level {
	if len(m.blocks) == 0 || now.Mono.Sub(m.blocks[len(m.blocks)-1].at) > levelStale {
		return Level{}
	}
	var sum float64
	n := 0
	for _, b := range m.blocks {
		sum, n = sum+b.sum, n+b.n
	}
	return Level{Known: true, DBFS: decibels(sum, n)}
}

// decibels returns the root mean square of n samples whose squares add up to sum, in dBFS.
func decibels(sum float64, n int) float64 {
	if n == 0 || sum <= 0 {
		return Quietest
	}
	return min(0, max(Quietest, 10*math.Log10(sum/float64(n))))
}
