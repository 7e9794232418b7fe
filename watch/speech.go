package watch

import (
	"fmt"
	"slices"
	"time"

	"roomrec/clock"
)

// blockLength is the length of sound that has one level: about a syllable.
const blockLength = 100 * time.Millisecond

// loudSpan is how loud it was lately, in blocks. Nothing else of the sound is kept.
type loudSpan struct{ blocks []loud }

type loud struct {
	at      clock.Mono
	db      float64
	clipped bool
	silence bool // one constant value, as a noise gate or a cut cable makes
}

const (
	// spanLongest is the longest that anyone asks for.
	spanLongest = 5 * time.Minute
	// clippedPeaks is the share of a block's samples at full scale from which on it is distorted.
	clippedPeaks = 0.01
	// voicedOver is how much louder than the floor a block is that someone or something makes.
	voicedOver = 6.0
	// spanSlack is how much of a stretch may be missing at its beginning.
	spanSlack = time.Second
	// fewestBlocks is from how many blocks on they say anything: those of coded sound are samples.
	fewestBlocks = 40
)

func (s *loudSpan) add(at clock.Mono, m measured) {
	if m.n == 0 {
		return
	}
	s.blocks = append(s.blocks, loud{at, decibels(m.sum, m.n), float64(m.peaks) >= clippedPeaks*float64(m.n), m.constant})
	for at.Sub(s.blocks[0].at) > spanLongest {
		s.blocks = s.blocks[1:]
	}
}

// newer reports whether anything was heard since then.
func (s *loudSpan) newer(then clock.Mono) bool {
	return len(s.blocks) > 0 && s.blocks[len(s.blocks)-1].at > then
}

// heard is what a stretch of sound was like.
type heard struct {
	whole   bool    // the stretch is covered
	voiced  float64 // share of blocks that stand out of the floor
	loud    float64 // level that a twentieth of the blocks reaches
	clipped float64 // share of blocks
	steady  bool    // some of every quarter stands out, and some does not
}

// asked says which part of the span is judged, and how.
type asked struct {
	length time.Duration // before now
	from   clock.Mono    // at the earliest
	least  float64       // blocks below never stand out
	noisy  bool          // only what is not silence counts
}

// last judges what was heard lately.
func (s *loudSpan) last(now clock.Mono, q asked) heard {
	begin := now.Add(-q.length)
	if len(s.blocks) == 0 || s.blocks[0].at > begin.Add(spanSlack) || q.from > begin {
		return heard{}
	}
	i := len(s.blocks)
	for i > 0 && s.blocks[i-1].at >= begin {
		i--
	}
	all := s.blocks[i:]
	if q.noisy {
		all = slices.DeleteFunc(slices.Clone(all), func(b loud) bool { return b.silence })
	}
	if len(all) < fewestBlocks {
		return heard{}
	}
	var counts [-Quietest + 1]int
	for _, b := range all {
		counts[int(-b.db)]++
	}
	h := heard{loud: -float64(reaches(&counts, len(all)/20+1, 0, 1))}
	// The floor is what nine tenths are above.
	floor := -float64(reaches(&counts, len(all)/10+1, len(counts)-1, -1))
	limit := max(floor+voicedOver, q.least)
	const parts = 4
	var of, stand [parts]int
	for _, b := range all {
		part := min(parts-1, max(0, int(b.at.Sub(begin)*parts/q.length)))
		of[part]++
		if b.db >= limit {
			stand[part]++
			h.voiced += 1 / float64(len(all))
		}
		if b.clipped {
			h.clipped += 1 / float64(len(all))
		}
	}
	h.whole, h.steady = true, true
	for part, n := range of {
		h.whole = h.whole && n > 0
		// Speech has pauses. What always stands out was only switched on.
		h.steady = h.steady && stand[part]*20 >= n && stand[part]*10 <= 9*n && stand[part] > 0
	}
	return h
}

// reaches returns the index at which n are counted, going from an index by step.
func reaches(counts *[-Quietest + 1]int, n, from, step int) int {
	i := from
	for sum := counts[i]; sum < n && i+step >= 0 && i+step < len(counts); {
		i += step
		sum += counts[i]
	}
	return i
}

// outOfRange finds speech that is too low to be understood, and sound that is distorted because it
// is too loud. A room in which nothing is said is not too low: only where something stands out of the
// floor, as speech does, is its level judged.
type outOfRange struct {
	span         *loudSpan
	low, clipped state
	length       time.Duration
	limit        float64
}

const (
	lowVoiced   = 0.20 // share of a stretch from which on it is speech
	clippedFrom = 0.10 // share of blocks that are distorted
	clippedTo   = 0.03 // below which it is over
)

func newOutOfRange(cfg Config, span *loudSpan) *outOfRange {
	return &outOfRange{span: span, length: cfg.AudioRange, limit: cfg.AudioLow}
}

func (o *outOfRange) tick(now clock.Stamp) []Finding {
	h := o.span.last(now.Mono, asked{length: o.length, least: Quietest, noisy: true})
	if !h.whole {
		return nil
	}
	low := h.loud < o.limit && (o.low.open || h.voiced >= lowVoiced)
	clipped := h.clipped >= clippedFrom || o.clipped.open && h.clipped >= clippedTo
	if !o.low.turns(low) && !o.clipped.turns(clipped) {
		return nil
	}
	return append(
		o.low.turn(low, Finding{Code: AudioLow, Alarm: true, At: now, Detail: fmt.Sprintf("speech at %.0f dBFS", h.loud)}),
		o.clipped.turn(clipped, Finding{Code: AudioClipped, Alarm: true, At: now, Detail: fmt.Sprintf("%.0f %% of the sound at full scale", 100*h.clipped)})...,
	)
}

// unopened finds that someone speaks in the room although no session is open. It knows levels alone.
type unopened struct {
	state
	span   *loudSpan
	length time.Duration
	since  clock.Stamp // no session is open; what was heard before is of one
	busy   bool
}

const (
	unopenedFrom  = 0.25  // share that speech has
	unopenedTo    = 0.10  // below which it is over
	unopenedLeast = -50.0 // dBFS: what is below is not in this room
)

func newUnopened(cfg Config, span *loudSpan, now clock.Stamp) *unopened {
	return &unopened{span: span, length: cfg.RoomUnopened, since: now}
}

func (u *unopened) begin() { u.busy = true }

func (u *unopened) end(now clock.Stamp) {
	if u.busy {
		u.busy, u.since = false, now
	}
}

func (u *unopened) tick(now clock.Stamp) []Finding {
	wrong := false
	if !u.busy {
		h := u.span.last(now.Mono, asked{length: u.length, from: u.since.Mono, least: unopenedLeast})
		switch {
		case h.whole:
			wrong = h.steady && h.voiced >= unopenedFrom || u.open && h.voiced >= unopenedTo
		case u.open && u.span.newer(now.Mono.Add(-lookStale)):
			return nil // too few samples of coded sound to say that it is over
		}
	}
	if !u.turns(wrong) {
		return nil
	}
	return u.turn(wrong, Finding{Code: RoomUnopened, Alarm: true, At: now, Detail: fmt.Sprintf("speech for %s without a session", u.length)})
}
