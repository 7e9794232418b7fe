package clock

import "time"

// Side is one of the two tracks of a [Pair].
type Side int

// The sides.
const (
	Picture Side = iota
	Sound
)

// The limits within which a [Pair] believes sender reports.
const (
	// PairApart is how far sound may lie from where its own arrivals place it: the cameras seen hold
	// sound or picture back by less.
	PairApart = time.Second
	// PairAge is how old a report may be, in ticks of its track: six times the usual interval (RFC
	// 3550, 6.2, has 5 s).
	PairAge = 30 * time.Second
	// pairStep is how far a report may lie from what the one before lets expect: beyond it the
	// camera's clock was set, and reports of before and after do not go together.
	pairStep = 50 * time.Millisecond
)

// Pair relates the sound of a camera to its picture. Each track's sender reports say which of its
// ticks belong to which time of the camera's clock; whatever that clock says, it is the same for both.
// So sound is placed where picture of the same camera time is placed by arrival. Reports are not
// believed where they are missing, old, contradict one another because the camera's clock was set, or
// would move sound by more than [PairApart] from its own arrivals; then the arrivals of the sound
// place it, which assumes that both tracks have the same least delay.
//
// The error is that of the picture's [Mapper] and of the reports. A Pair belongs to one goroutine,
// which also feeds the mappers.
type Pair struct {
	side    [2]pairSide
	steady  steady
	reports bool
}

type pairSide struct {
	mapper *Mapper
	known  bool
	ticks  int64 // of the last report
	ntp    Wall
}

// NewPair relates the tracks that the two mappers observe.
func NewPair(picture, sound *Mapper) *Pair {
	p := &Pair{}
	p.side[Picture].mapper, p.side[Sound].mapper = picture, sound
	p.steady.floor = -1 << 63
	return p
}

// Report says that a sender report of one side names the camera time ntp for the given ticks.
func (p *Pair) Report(side Side, ticks int64, ntp Wall) {
	s := &p.side[side]
	if s.known {
		off := time.Duration(ntp - s.at(ticks))
		// What the rate of the ticks may be wrong by.
		slack := pairStep + Ticks{max(ticks-s.ticks, s.ticks-ticks), s.mapper.scale}.Duration()/1000
		if off > slack || off < -slack {
			p.side[Picture].known, p.side[Sound].known = false, false
		}
	}
	s.known, s.ticks, s.ntp = true, ticks, ntp
}

// at returns the camera time of ticks, by the last report and the ticks' rate.
func (s *pairSide) at(ticks int64) Wall {
	d := Ticks{ticks - s.ticks, s.mapper.scale}.Duration()
	return s.ntp.Add(time.Duration(float64(d) * s.mapper.rate))
}

// ticksAt is the inverse of at.
func (s *pairSide) ticksAt(ntp Wall) int64 {
	d := time.Duration(float64(ntp-s.ntp) / s.mapper.rate)
	return s.ticks + TicksOf(d, s.mapper.scale).N
}

// SoundAt returns when the sound with the given ticks was captured, as [Mapper.At] does, in step with
// the picture. It never runs back for increasing ticks.
func (p *Pair) SoundAt(ticks int64) Mono {
	picture, sound := &p.side[Picture], &p.side[Sound]
	if !sound.mapper.seen {
		return 0
	}
	at := sound.mapper.line(ticks)
	p.reports = false
	if picture.known && sound.known && picture.mapper.seen && sound.age(ticks) <= PairAge {
		if t := picture.ticksAt(sound.at(ticks)); picture.age(t) <= PairAge {
			by := picture.mapper.line(t)
			if off := by.Sub(at); off <= PairApart && off >= -PairApart {
				at, p.reports = by, true
			}
		}
	}
	return p.steady.place(ticks, Ticks{ticks - p.steady.ticks, sound.mapper.scale}.Duration(), at)
}

func (s *pairSide) age(ticks int64) time.Duration {
	return Ticks{max(ticks-s.ticks, s.ticks-ticks), s.mapper.scale}.Duration()
}

// Reports tells whether reports placed the sound that was asked for last; otherwise its arrivals did.
func (p *Pair) Reports() bool { return p.reports }

// Reset forgets the reports of both sides, because ticks of one of them jumped. The mapper of that
// side is reset beside it.
func (p *Pair) Reset() {
	p.side[Picture].known, p.side[Sound].known = false, false
	p.steady = p.steady.reset()
}
