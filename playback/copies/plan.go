package copies

import (
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

const (
	// cardLength is how long a card stands for an interruption.
	cardLength = 2 * time.Second
	// seam is the least stretch without a picture that gets a card: less is the difference between a
	// camera's clock and ours.
	seam = 250 * time.Millisecond
	// edge is the same at the beginning and at the end of the session's recording, where cameras do not begin and
	// end together: from there on a session locks.
	edge = 2 * time.Second
	// stall is the least stretch without a picture within a segment that gets a card, which stays as long as that lasts:
	// its sound and the other camera go on.
	stall = time.Second
	// reorder is how long after its place in the order of decoding a picture may be shown.
	reorder = 200 * time.Millisecond
)

// part is a piece of a copy: a segment of the main camera with what belongs into it, or a card.
type part struct {
	main   *Segment
	holes  []hole // of main
	insets []inset
	card   *card
	// ripe says that nothing that is still to be recorded can change it.
	ripe bool
}

func (p *part) length() time.Duration {
	if p.card != nil {
		return cardLength
	}
	return p.main.length()
}

// card stands for a stretch without a picture of the main camera.
type card struct {
	from, to clock.Wall
	offset   time.Duration // of shown time from UTC, at its end
	turned   time.Duration // by how much the offset had grown until then, where the clocks were put forward or back
	cause    Words
	// outside says that it lies before the camera's first picture or after its last one: the session may have gone
	// on without it, as in another room.
	outside bool
}

// inset is a segment of the second camera on a segment of the main one: its time axis times rate plus
// shift is the main one's.
type inset struct {
	segment *Segment
	rate    float64
	shift   time.Duration
	seek    time.Duration // where to begin reading, on its own axis
}

// plan lays out a copy: the main camera's segments in their order, with a card wherever there is no
// picture, and with the second camera's pictures of the same time.
func plan(s Session, main Camera, second *Camera) []part {
	var parts []part
	if c := cardBefore(s, main.Segments); c != nil {
		parts = append(parts, part{card: c, ripe: true})
	}
	for i, seg := range main.Segments {
		if i > 0 {
			if c := cardBetween(s, main.Segments[i-1], seg); c != nil {
				parts = append(parts, part{card: c, ripe: true})
			}
		}
		p := part{main: seg, holes: s.holes(seg), ripe: !seg.Growing}
		if second != nil {
			for _, other := range second.Segments {
				if other.from() < seg.to() && other.to() > seg.from() {
					needed, reaches := other.upTo(seg.to())
					p.insets = append(p.insets, place(needed, seg))
					p.ripe = p.ripe && reaches
				}
			}
			// A segment whose first pictures are not whole yet is not there to be seen.
			if n := len(second.Segments); n == 0 || second.Segments[n-1].from() < seg.to() && second.Segments[n-1].to() < seg.to() {
				p.ripe = p.ripe && !second.Growing
			}
		}
		parts = append(parts, p)
	}
	if c := cardAfter(s, main.Segments); c != nil {
		parts = append(parts, part{card: c, ripe: true})
	}
	return parts
}

// cardBefore stands for what the session's recording has before the camera's first picture.
func cardBefore(s Session, segments []*Segment) *card {
	first := segments[0]
	if s.From == 0 || first.from() < s.From.Add(edge) {
		return nil
	}
	offset := time.Duration(first.Fragments[0].UTCOffset) * time.Second
	return &card{from: s.From, to: first.from(), offset: offset, cause: s.causeOf(s.From, first.from()), outside: true}
}

// cardAfter stands for what it has after the camera's last one.
func cardAfter(s Session, segments []*Segment) *card {
	last := segments[len(segments)-1]
	if s.To < last.to().Add(edge) {
		return nil
	}
	return &card{from: last.to(), to: s.To, offset: last.offset(), cause: s.causeOf(last.to(), s.To), outside: true}
}

func cardBetween(s Session, before, after *Segment) *card {
	from, to := before.to(), after.from()
	if (clock.Instant{Wall: to}).Since(clock.Instant{Wall: from}) < seam {
		return nil
	}
	offset := time.Duration(after.Fragments[0].UTCOffset) * time.Second
	return &card{from: from, to: to, offset: offset, turned: offset - before.offset(), cause: s.causeOf(from, to)}
}

// hole is a stretch of a segment's axis without a picture, and the card that stands for it.
type hole struct {
	from, to time.Duration
	card     card
}

// holes returns where a segment has no picture between its pictures, or after the last one, although it goes on.
func (s *Session) holes(seg *Segment) []hole {
	var out []hole
	var before *fragment.Info // the last with pictures
	var end int64             // where they end, on the axis
	add := func(next *fragment.Info, at int64) {
		if ticks(at-end) < stall {
			return
		}
		c := card{from: before.WallAt(end), to: next.WallAt(at), offset: time.Duration(next.UTCOffset) * time.Second}
		c.turned = c.offset - time.Duration(before.UTCOffset)*time.Second
		c.cause = s.causeOf(c.from, c.to)
		out = append(out, hole{from: ticks(end) + reorder, to: ticks(at), card: c})
	}
	k := slices.IndexFunc(seg.Header.Tracks, func(t *media.Track) bool { return t.Codec.Video() })
	if k < 0 {
		return nil
	}
	axis := func(n int64) int64 {
		return clock.TicksOf(seg.Header.Tracks[k].Ticks(n).Duration(), fragment.TextScale).N
	}
	for i := range seg.Fragments {
		f := &seg.Fragments[i]
		pictures := f.Tracks[k]
		if pictures.Samples == 0 {
			continue
		}
		if before != nil {
			add(f, axis(pictures.Decode))
		}
		before, end = f, axis(pictures.Decode+pictures.Duration)
	}
	if before != nil {
		last := &seg.Fragments[len(seg.Fragments)-1]
		add(last, last.To)
	}
	return out
}

// causeOf returns why there is no picture between two instants, as far as the session's interruptions tell: of several
// the one that shares most of the time with it.
func (s *Session) causeOf(from, to clock.Wall) (cause Words) {
	longest := -2 * seam
	for _, b := range s.Breaks {
		end := b.To
		if end == 0 {
			end = max(to, b.From)
		}
		if shared := time.Duration(min(to, end) - max(from, b.From)); shared >= -seam && shared > longest {
			cause, longest = b.Cause, shared
		}
	}
	return cause
}

// offset is that of shown time from UTC in the segment's last fragment.
func (s *Segment) offset() time.Duration {
	return time.Duration(s.Fragments[len(s.Fragments)-1].UTCOffset) * time.Second
}

// onMain returns an instant of the main one's axis by one of its own.
func (in *inset) onMain(at time.Duration) time.Duration {
	return time.Duration(float64(at)*in.rate) + in.shift
}

// place fits a segment onto the main one's time axis by the two ends of what they share.
func place(other, main *Segment) inset {
	from, to := max(other.from(), main.from()), min(other.to(), main.to())
	a, b := other.axisAt(from), other.axisAt(to)
	x, y := main.axisAt(from), main.axisAt(to)
	in := inset{segment: other, rate: 1}
	if b-a > time.Second && y > x {
		in.rate = float64(y-x) / float64(b-a)
	}
	in.shift = x - time.Duration(float64(a)*in.rate)
	if begin := a - 10*time.Second; begin > 0 {
		in.seek = begin // what comes much earlier need not be decoded
	}
	return in
}
