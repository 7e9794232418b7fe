package clock

import (
	"math"
	"time"
)

// The reach of a [Mapper], in seconds of a stream that flows; see there.
const (
	mapperSlope  = 64 // over which the rate of the ticks is measured
	mapperOffset = 16 // over which the least delay is taken
	mapperBlock  = 1  // of which only the least delayed unit is kept in the long run
	mapperBlocks = 128
	mapperBack   = 2 // more than any reordering of pictures
)

// Mapper places the ticks of one track on the monotonic clock: when was the unit with these ticks
// captured, had it come by the fastest way? It knows only when units arrived. All of them arrive
// late, by a delay that is never less than some least one; so the truth runs along the lower envelope
// of arrivals over ticks, and units that were held up lie above it.
//
// The envelope is a line below all of the last points. Its height is that of the least delayed unit
// of the last 16 s. Its slope is one second per second of ticks (crystals keep that within 0.01 %)
// unless the arrivals of the last 64 s say clearly that the ticks are counted wrongly, as by a camera
// that claims 25 pictures a second and sends 21: of all lines below the points the one is taken that
// lies closest to them on average (an edge of their lower convex hull), and it is believed as far as
// it fits distinctly better than the slope of one. A single change of the network's delay can never
// look like that: see [Mapper.fit].
//
// Time is counted as the lesser of what ticks and arrivals advance, so that a stall and the burst
// after it pass in no time and what was known before them stays known.
//
// Its limits. The constant least delay of camera and network cannot be seen and is contained in every
// result. The first unit is placed at its arrival, and results settle as less delayed ones come;
// where the delay varies by 200 ms, that takes some 10 s, during which results may be 80 ms off, for
// ticks that are right; 250 ms off for ticks that are grossly wrong; and a minute, up to 230 ms off,
// for ticks that are wrong by about a hundredth, which takes so long to tell from chance. When the network's least delay grows, results follow after 16 s; when it
// falls, at once. A camera that changes the rate of its ticks is followed within some 40 s.
//
// A Mapper keeps at most 128 points; an observation costs O(1) on average. It belongs to one
// goroutine.
type Mapper struct {
	scale int64
	base  struct {
		ticks int64
		at    Mono
	}
	seen     bool
	x, y     float64 // of the last observation, in seconds since the base: ticks and arrival
	progress float64
	width    float64 // of a block, in progress
	blocks   []block

	rate   float64 // slope of the line
	height float64 // of the line at pivot
	pivot  float64
	steady steady
}

// block is the least delayed of the units that arrived while progress went from begin on.
type block struct{ begin, x, y float64 }

// NewMapper returns a mapper of ticks of 1/scale second. Scale must be positive.
func NewMapper(scale int64) *Mapper {
	return &Mapper{scale: scale, rate: 1, steady: steady{floor: math.MinInt64}}
}

// Observe says that the unit with the given ticks of presentation arrived at arrival. Units come in the
// order in which they were received. A picture that is shown before one that came earlier waited for
// it in the camera: it is late by nature and says nothing. Ticks that run back by more than
// mapperBack without a [Mapper.Reset] are taken for a jump.
func (m *Mapper) Observe(ticks int64, arrival Mono) {
	if m.seen && m.seconds(ticks) < m.x-mapperBack {
		m.Reset()
	}
	if !m.seen {
		m.seen = true
		m.base.ticks, m.base.at = ticks, arrival
	}
	x, y := m.seconds(ticks), float64(arrival.Sub(m.base.at))/1e9
	if len(m.blocks) > 0 && x <= m.x {
		return
	}
	if len(m.blocks) > 0 {
		m.progress += max(0, min(x-m.x, y-m.y))
	}
	m.x, m.y = x, y

	if n := len(m.blocks); n > 0 && m.progress-m.blocks[n-1].begin < m.width {
		b := &m.blocks[n-1]
		if y-m.rate*x < b.y-m.rate*b.x {
			b.x, b.y = x, y
			m.height = min(m.height, y-m.rate*(x-m.pivot))
		}
		return
	}
	m.blocks = append(m.blocks, block{m.progress, x, y})
	m.forget()
	m.fit()
}

// forget keeps the blocks within their number and reach: while they are narrow, two become one; when
// they are as wide as they may be, the oldest go.
func (m *Mapper) forget() {
	if len(m.blocks) > mapperBlocks {
		kept := m.blocks[:0]
		for i := 0; i+1 < len(m.blocks); i += 2 {
			a, b := m.blocks[i], m.blocks[i+1]
			if b.y-m.rate*b.x < a.y-m.rate*a.x {
				a.x, a.y = b.x, b.y
			}
			kept = append(kept, a)
		}
		if len(m.blocks)%2 == 1 {
			kept = append(kept, m.blocks[len(m.blocks)-1])
		}
		m.blocks = kept
		m.width = min(mapperBlock, max(2*m.width, (m.progress-m.blocks[0].begin)/mapperBlocks*2))
	}
	old := 0
	for old+2 < len(m.blocks) && m.progress-m.blocks[old+1].begin >= mapperSlope {
		old++
	}
	// When progress stands still the blocks may be many and none of them old.
	m.blocks = append(m.blocks[:0], m.blocks[old:]...)
}

// fit lays the line below the points. Of all lines below them the one with the least mean distance
// runs along the edge of their lower hull that spans their mean; call what is left of the mean
// distance r, and what that is less than with the slope of one g. With ticks that are right, or with
// one step of the delay up or down at any time, g <= r. With ticks that are wrong by the share e over
// T seconds, and delays that vary evenly over J, g/r = eT/J. So the line's slope begins to count
// where g = 1.2 r and is taken as it is from 2.5 r on.
func (m *Mapper) fit() {
	n := len(m.blocks)
	last := m.blocks[n-1]
	m.pivot = last.x
	m.rate = 1
	if slope, ok := m.edge(); ok {
		const settled = 0.003 // s: delays never vary by less
		plain, bent := m.distance(1), m.distance(slope)
		r := max(bent, settled)
		share := min(1, max(0, ((plain-bent)/r-1.2)/1.3))
		m.rate = 1 + share*(slope-1)
	}
	m.height = math.Inf(1)
	for i := n - 1; i >= 0; i-- {
		b := m.blocks[i]
		m.height = min(m.height, b.y-m.rate*(b.x-m.pivot))
		if m.progress-b.begin >= mapperOffset {
			break
		}
	}
}

// distance returns the mean distance of the points from the line of the given slope that lies just
// below them.
func (m *Mapper) distance(slope float64) float64 {
	sum, least := 0.0, math.Inf(1)
	for _, b := range m.blocks {
		d := b.y - slope*(b.x-m.pivot)
		sum += d
		least = min(least, d)
	}
	return sum/float64(len(m.blocks)) - least
}

// edge returns the slope of the lower hull's edge that spans the points' mean, and false if there are
// too few points for a sensible one.
func (m *Mapper) edge() (float64, bool) {
	const (
		fewest   = 10
		shortest = 0.2 // s
		wrongest = 2   // times, either way
	)
	n := len(m.blocks)
	if n < fewest || m.blocks[n-1].x-m.blocks[0].x < shortest {
		return 0, false
	}
	var hull [mapperBlocks + 1]block
	k := 0
	mean := 0.0
	for _, b := range m.blocks {
		mean += b.x / float64(n)
		for k >= 2 && (hull[k-1].x-hull[k-2].x)*(b.y-hull[k-2].y) <= (b.x-hull[k-2].x)*(hull[k-1].y-hull[k-2].y) {
			k--
		}
		hull[k] = b
		k++
	}
	for i := 1; i < k; i++ {
		if a, b := hull[i-1], hull[i]; b.x >= mean && b.x > a.x {
			return min(wrongest, max(1.0/wrongest, (b.y-a.y)/(b.x-a.x))), true
		}
	}
	return 0, false
}

func (m *Mapper) seconds(ticks int64) float64 {
	return float64(Ticks{ticks - m.base.ticks, m.scale}.Duration()) / 1e9
}

// At returns when the unit with the given ticks was captured, plus the least delay. It is meant for
// units that were observed lately, as a recorder asks when a fragment closes, and never runs back:
// asked for increasing ticks it gives increasing instants, at least half as far apart as the ticks.
// After [Mapper.Reset] that holds for what is asked from then on, which is never placed before what
// was placed already. Before the first observation it returns zero.
func (m *Mapper) At(ticks int64) Mono {
	if !m.seen {
		return 0
	}
	return m.steady.place(ticks, Ticks{ticks - m.steady.ticks, m.scale}.Duration(), m.line(ticks))
}

// line returns where the envelope is at ticks. Something must have been observed.
func (m *Mapper) line(ticks int64) Mono {
	v := m.height + m.rate*(m.seconds(ticks)-m.pivot)
	return m.base.at.Add(time.Duration(math.Round(v * 1e9)))
}

// Rate returns how many seconds pass per second of ticks: 1, or nearly so, unless the camera counts
// wrongly.
func (m *Mapper) Rate() float64 { return m.rate }

// Reset forgets the envelope, because the ticks jumped. Results still never run back.
func (m *Mapper) Reset() {
	*m = Mapper{scale: m.scale, rate: 1, blocks: m.blocks[:0], steady: m.steady.reset()}
}

// steady keeps results from running back while what they are derived from is corrected.
type steady struct {
	asked bool // for ticks
	ticks int64
	at    Mono
	floor Mono // below which nothing is placed any more
}

// place returns at, or what it must be so that results increase with the ticks. away is the time from
// the last ticks to these.
func (s *steady) place(ticks int64, away time.Duration, at Mono) Mono {
	at = max(at, s.floor)
	if !s.asked || ticks >= s.ticks {
		if s.asked {
			at = max(at, s.at.Add(away/2))
		}
		s.asked, s.ticks, s.at = true, ticks, at
		return at
	}
	return max(s.floor, min(at, s.at.Add(away/2)))
}

// reset allows ticks to begin anew.
func (s steady) reset() steady {
	if s.asked {
		return steady{floor: s.at}
	}
	return steady{floor: s.floor}
}
