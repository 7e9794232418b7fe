package watch

import (
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// listener hears the first sound track. It looks at every unit once, for the meter and for the
// detectors that judge what is heard.
type listener struct {
	desc *media.Description

	meter    meter
	dead     *dead
	span     *loudSpan
	spoken   *outOfRange
	unopened *unopened

	part   measured   // of the block that is being filled
	first  clock.Mono // arrival of its first unit
	judged clock.Mono // when the span was looked at last
}

// judgeEvery is how often the last minute is looked at.
const judgeEvery = time.Second

func newListener(cfg Config, now clock.Stamp) *listener {
	span := &loudSpan{}
	return &listener{
		dead: newDead(cfg), span: span, spoken: newOutOfRange(cfg, span), unopened: newUnopened(cfg, span, now),
	}
}

func (l *listener) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		l.desc = it
	case *media.End:
		l.desc, l.meter, l.part = nil, meter{}, measured{}
	case *media.Unit:
		if l.desc == nil || it.Track != firstSound(l.desc) || len(it.Payload) == 0 {
			return
		}
		m := measure(l.desc.Tracks[it.Track], it.Payload[0])
		l.dead.unit(it, m.constant)
		if m.n == 0 {
			return
		}
		l.meter.hear(block{it.Arrival.Mono, m.sum, m.n})
		l.fill(it.Arrival.Mono, m)
	}
}

// fill puts units together to blocks that are long enough to have a level.
func (l *listener) fill(at clock.Mono, m measured) {
	if l.part.n > 0 && at.Sub(l.first) >= blockLength {
		l.span.add(l.first, l.part)
		l.part = measured{}
	}
	if l.part.n == 0 {
		l.first, l.part.constant = at, true
	}
	l.part.constant = l.part.constant && m.constant
	l.part.sum, l.part.n, l.part.peaks = l.part.sum+m.sum, l.part.n+m.n, l.part.peaks+m.peaks
}

// decoded takes in samples that someone else decoded, as far as they last: channels of one instant
// may lie beside each other.
func (l *listener) decoded(from clock.Mono, samples []int16, length time.Duration) {
	blocks := int(length / blockLength)
	if blocks == 0 || len(samples) < blocks {
		return
	}
	each := len(samples) / blocks
	for i := range blocks {
		l.span.add(from.Add(time.Duration(i)*blockLength), measureDecoded(samples[i*each:(i+1)*each]))
	}
}

func (l *listener) tick(now clock.Stamp) []Finding {
	out := l.dead.tick(now)
	if now.Mono.Sub(l.judged) < judgeEvery {
		return out
	}
	l.judged = now.Mono
	return append(append(out, l.spoken.tick(now)...), l.unopened.tick(now)...)
}

// firstSound returns the index of the first sound track, -1 if there is none.
func firstSound(d *media.Description) int {
	for i, t := range d.Tracks {
		if t.Codec.Audio() {
			return i
		}
	}
	return -1
}

// firstPicture returns the index of the first picture track, -1 if there is none.
func firstPicture(d *media.Description) int {
	for i, t := range d.Tracks {
		if t.Codec.Video() {
			return i
		}
	}
	return -1
}
