package rtsp

import (
	"time"

	"roomrec/clock"
)

// How long packets that came too early wait for the ones before them. gortsplib's client waits for 64
// more packets whatever the time, which is more than a second of sound; here time decides.
const (
	holdTime    = 100 * time.Millisecond
	holdPackets = 512
	maxDropout  = 3000 // a longer step forward is a restart (RFC 3550, A.1)
	seenWindow  = 1024 // how far back a duplicate is told from a late packet
)

// orderCounts counts what happened to one track's packets.
type orderCounts struct {
	Packets   uint64 // arrived, whatever became of them
	Lost      uint64 // given up
	Late      uint64 // arrived after they had been given up
	Duplicate uint64
	Reordered uint64 // arrived out of order, in time
}

// order puts the packets of one track into the order of their sequence numbers, says how many are
// missing, and takes a change of source or a wild step of the sequence for a restart.
type order struct {
	deliver func(p packet)
	lose    func(n int)
	restart func()

	counts  orderCounts
	started bool
	ssrc    uint32
	next    uint16
	seen    [seenWindow / 64]uint64 // delivered packets by sequence number modulo the window
	held    map[uint16]packet
	since   clock.Mono // arrival of the oldest packet held
	strange *packet    // one wild step: a restart if the next packet follows it
}

func (o *order) mark(seq uint16, v bool) {
	w, b := &o.seen[seq%seenWindow/64], uint64(1)<<(seq%64)
	if v {
		*w |= b
	} else {
		*w &^= b
	}
}

func (o *order) wasSeen(seq uint16) bool {
	return o.seen[seq%seenWindow/64]&(1<<(seq%64)) != 0
}

func (o *order) begin(p packet) {
	o.started, o.ssrc, o.next = true, p.ssrc, p.seq
	o.seen, o.strange = [seenWindow / 64]uint64{}, nil
}

// push takes one packet as it arrives.
func (o *order) push(p packet) {
	o.counts.Packets++
	if !o.started {
		o.begin(p)
	} else if p.ssrc != o.ssrc {
		o.flush()
		o.begin(p)
		o.restart()
	}
	switch step := int(int16(p.seq - o.next)); {
	case step == 0:
		o.strange = nil
		o.pass(p)
		o.drain()
	case step > 0 && step < maxDropout:
		o.strange = nil
		o.hold(p)
	case step < 0 && step > -seenWindow:
		if o.wasSeen(p.seq) {
			o.counts.Duplicate++
		} else {
			o.counts.Late++
		}
	default:
		o.wild(p)
	}
	o.Expire(p.arrival.Mono)
}

// wild handles a packet far away from the expected one: two in a row are a restart, one is a stray.
func (o *order) wild(p packet) {
	if o.strange == nil || p.seq != o.strange.seq+1 {
		if o.strange != nil {
			o.counts.Late++
		}
		o.strange = p.keep()
		return
	}
	first := *o.strange
	o.flush()
	o.begin(first)
	o.restart()
	o.pass(first)
	o.pass(p)
}

func (o *order) hold(p packet) {
	if _, dup := o.held[p.seq]; dup {
		o.counts.Duplicate++
		return
	}
	if o.held == nil {
		o.held = make(map[uint16]packet)
	}
	if len(o.held) == 0 {
		o.since = p.arrival.Mono
	}
	o.held[p.seq] = *p.keep()
}

// keep returns p with a payload of its own.
func (p packet) keep() *packet {
	p.payload = append([]byte(nil), p.payload...)
	return &p
}

func (o *order) pass(p packet) {
	o.mark(p.seq, true)
	o.next = p.seq + 1
	o.deliver(p)
}

// drain delivers what is held and follows without a break.
func (o *order) drain() {
	n := 0
	for len(o.held) > 0 {
		p, ok := o.held[o.next]
		if !ok {
			break
		}
		delete(o.held, p.seq)
		n++
		o.pass(p)
	}
	if n > 0 {
		o.counts.Reordered++ // the one that had been missing
		o.oldest()
	}
}

func (o *order) oldest() {
	first := true
	for _, p := range o.held {
		if first || p.arrival.Mono < o.since {
			o.since, first = p.arrival.Mono, false
		}
	}
}

// Expire gives up what has been waited for too long.
func (o *order) Expire(now clock.Mono) {
	for len(o.held) > 0 && (now.Sub(o.since) >= holdTime || len(o.held) > holdPackets) {
		o.giveUp()
	}
}

// giveUp counts the packets before the first held one as lost and goes on with it.
func (o *order) giveUp() {
	n := 0
	for {
		if _, ok := o.held[o.next]; ok {
			break
		}
		o.mark(o.next, false)
		o.next++
		n++
	}
	o.counts.Lost += uint64(n)
	o.lose(n)
	reordered := o.counts.Reordered
	o.drain()
	o.counts.Reordered = reordered
}

// flush delivers everything that is held, counting the holes as lost.
func (o *order) flush() {
	for len(o.held) > 0 {
		o.giveUp()
	}
}
