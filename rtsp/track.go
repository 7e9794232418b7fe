package rtsp

import (
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// Counts is what happened to one track since the camera was first asked. All of it only grows.
type Counts struct {
	Packets   uint64 `json:"packets"`   // arrived, whatever became of them
	Lost      uint64 `json:"lost"`      // given up
	Late      uint64 `json:"late"`      // arrived after they had been given up
	Duplicate uint64 `json:"duplicate"` // arrived twice
	Reordered uint64 `json:"reordered"` // arrived out of order, in time
	Foreign   uint64 `json:"foreign"`   // were no packets of this track
	Bytes     uint64 `json:"bytes"`     // of the track's packets
	Units     uint64 `json:"units"`     // published
	Keys      uint64 `json:"keys"`      // key pictures published
	Damaged   uint64 `json:"damaged"`   // published, but may refer to missing ones
	Dropped   uint64 `json:"dropped"`   // begun, but packets were missing
	Gaps      uint64 `json:"gaps"`
	Jumps     uint64 `json:"jumps"`
	Reports   uint64 `json:"reports"` // sender reports
}

func (c *Counts) add(o Counts) {
	c.Packets += o.Packets
	c.Lost += o.Lost
	c.Late += o.Late
	c.Duplicate += o.Duplicate
	c.Reordered += o.Reordered
	c.Foreign += o.Foreign
	c.Bytes += o.Bytes
	c.Units += o.Units
	c.Keys += o.Keys
	c.Damaged += o.Damaged
	c.Dropped += o.Dropped
	c.Gaps += o.Gaps
	c.Jumps += o.Jumps
	c.Reports += o.Reports
}

// track makes units of one track's packets.
type track struct {
	stream  *stream
	n       int
	payload uint8
	media   *media.Track // as it was described last
	began   clock.Stamp

	order    order
	ticks    ticks
	pictures *pictures
	sounds   *sounds

	params  *parameters
	level   sequence
	decode  decodeOrder
	frame   int64 // ticks that a unit lasts, as far as known
	started bool  // a picture's first key picture came
	early   int   // pictures before that
	damaged bool  // pictures may refer to a missing one
	before  bool  // the CRA's leading pictures may

	gap      *media.Gap // grows until the next good unit
	lastGood clock.Stamp
	expect   int64 // where the next unit begins if none is missing
	lastDTS  int64

	lastPacket   clock.Stamp
	vigil        clock.Vigil
	lastUnit     clock.Stamp
	lastReport   senderReport
	lastReportAt clock.Mono
	pending      *senderReport
	pendingAt    clock.Stamp
	offset       time.Duration // camera's clock minus ours at the last sender report
	bye          bool
	counts       Counts
}

func (t *track) deliver(p packet) {
	if t.pictures != nil {
		t.pictures.push(p)
	} else {
		t.sounds.push(p)
	}
}

// lose notes that packets are missing.
func (t *track) lose(n int) {
	if t.pictures != nil {
		t.pictures.lose(n) // passes on a picture that was whole before the loss
	} else {
		t.sounds.lose(n)
	}
	t.missed(media.CauseLoss, n, 0)
}

// restart notes that the camera began anew: what was being put together stays incomplete, and the
// next unit is placed by its arrival.
func (t *track) restart() {
	if t.pictures != nil {
		t.pictures.flush()
	} else {
		t.sounds.flush()
	}
	t.missed(media.CauseLoss, 0, 0)
	t.ticks.restart = true
	t.pending = nil
}

// dropped notes a unit that had begun and cannot be completed.
func (t *track) dropped(clock.Stamp) {
	if t.started {
		t.counts.Dropped++
		t.missed(media.CauseLoss, 0, 1)
	} else {
		t.early++
	}
}

// missed lets the open gap grow.
func (t *track) missed(cause media.Cause, packets, units int) {
	t.damaged, t.before = true, true
	if !t.started {
		return // the gap of the beginning covers it
	}
	if t.gap == nil {
		from := t.lastGood
		if from == (clock.Stamp{}) {
			from = t.began
		}
		t.gap = &media.Gap{Track: t.n, From: from, Cause: cause}
	}
	t.gap.Packets += packets
	t.gap.Units += units
}

// closeGap publishes what is missing before a good unit. missing is how many units the ticks say.
func (t *track) closeGap(at clock.Stamp, missing int) {
	g := t.gap
	if g == nil {
		return
	}
	t.gap = nil
	g.To = at
	if at.Mono < g.From.Mono {
		g.To = g.From // its packets had overtaken those of the unit before
	}
	g.Units = max(g.Units, missing)
	t.counts.Gaps++
	t.stream.emit(g)
}

// flush ends the track.
func (t *track) flush(at clock.Stamp) {
	t.order.flush()
	if t.pictures != nil {
		t.pictures.flush()
	} else {
		t.sounds.flush()
	}
	if !t.started && t.early > 0 {
		t.start(at)
	}
	t.closeGap(at, 0)
}

// start publishes the gap before a picture track's first key picture.
func (t *track) start(at clock.Stamp) {
	t.started = true
	if t.early == 0 {
		return
	}
	t.counts.Gaps++
	t.stream.emit(&media.Gap{Track: t.n, From: t.began, To: at, Cause: media.CauseStart, Units: t.early})
	t.early = 0
}

// use makes m, with parameters q, what units are described by.
func (t *track) use(m *media.Track, q sequence) {
	t.media, t.level = m, q
	t.decode.depth = max(q.reorder, 0)
	if q.rate >= 1 && q.rate <= 240 {
		t.frame = int64(float64(m.ClockRate) / q.rate)
	}
}

// picture takes a whole access unit.
func (t *track) picture(p picture) {
	codec := t.media.Codec
	var first []byte
	typ, key := 0, false
	for _, nal := range p.nals {
		if n := nalType(codec, nal); !isSlice(codec, n) {
			t.params.seen = t.params.take(nal) || t.params.seen
		} else if first == nil {
			first, typ, key = nal, n, isKey(codec, n)
		}
	}
	if key {
		t.adopt(first, p.arrival)
	}
	if !t.started {
		if !key || t.media.SPS == nil {
			t.early++ // decoding cannot start here
			return
		}
		t.start(p.arrival)
		t.damaged = true // leading pictures of a CRA refer to what was before
	}

	leading := codec == media.H265 && (typ == h265RASLN || typ == h265RASLR)
	cra := codec == media.H265 && typ == h265CRA
	pts, jumped := t.place(p.raw, p.arrival, key || t.level.reorder == 0)
	dts := t.decode.next(pts, t.frame)
	missing, gap := 0, t.gap != nil
	if gap && t.level.reorder <= 0 && t.decode.depth == 0 && !jumped {
		missing = t.missing(pts)
	}
	t.closeGap(p.arrival, missing)
	if key {
		t.before = t.damaged && cra || codec == media.H265 && typ <= h265BLALast
		t.damaged = false
	}
	if step := dts - t.lastDTS; !gap && !jumped && step > 0 && step < t.media.ClockRate {
		t.frame = step
	}
	t.lastDTS = dts
	t.unit(&media.Unit{
		Track: t.n, Arrival: p.arrival, PTS: pts, DTS: dts, RTP: p.raw, Payload: p.nals,
		Key: key, Leading: leading, Damaged: t.damaged || leading && t.before,
	})
	t.expect = pts + t.frame
}

// adopt publishes a new description if a key picture uses other parameter sets than described.
func (t *track) adopt(slice []byte, at clock.Stamp) {
	id, ok := slicePPS(t.media.Codec, slice)
	if !ok {
		return
	}
	m, q, ok := t.params.active(t.media, id)
	if !ok || sameSets(m, t.media) {
		return
	}
	t.use(m, q)
	t.stream.describe(at, t.stream.described)
}

// sound takes one frame of sound.
func (t *track) sound(raw uint32, arrival clock.Stamp, f frame) {
	frame := t.frame
	if d := t.samples(len(f.data)); d > 0 {
		frame = d
	}
	// Frames of one packet after its first follow from it.
	pts, missing := t.ticks.pts+f.after, 0
	if f.after == 0 {
		var jumped bool
		if pts, jumped = t.place(raw, arrival, true); t.gap != nil && !jumped {
			t.frame = frame
			missing = t.missing(pts)
		}
	}
	t.closeGap(arrival, missing)
	pts = max(pts, t.lastDTS) // packets of several frames may overlap by rounding
	t.lastDTS = pts
	t.unit(&media.Unit{
		Track: t.n, Arrival: arrival, PTS: pts, DTS: pts, RTP: raw + uint32(f.after),
		Payload: [][]byte{f.data},
	})
	t.frame, t.expect = frame, pts+frame
}

// samples returns how many ticks so many bytes of uncompressed sound last, 0 for other codecs.
func (t *track) samples(size int) int64 {
	switch m := t.media; m.Codec {
	case media.PCMA, media.PCMU:
		return int64(size / m.Channels)
	case media.LPCM:
		return int64(size / m.Channels / (m.BitDepth / 8))
	}
	return 0
}

// missing returns how many units fit between the expected and the actual time of one.
func (t *track) missing(pts int64) int {
	if t.frame <= 0 || pts <= t.expect || t.expect == 0 {
		return 0
	}
	return int((pts - t.expect + t.frame/2) / t.frame)
}

// place puts a unit on the track's continuous ticks and publishes a jump.
func (t *track) place(raw uint32, arrival clock.Stamp, inOrder bool) (int64, bool) {
	from := t.ticks.raw
	pts, jumped := t.ticks.place(raw, arrival.Mono, inOrder)
	if jumped {
		t.counts.Jumps++
		t.stream.emit(&media.Jump{Track: t.n, At: arrival, From: from, To: raw})
	}
	return pts, jumped
}

// unit publishes a unit, and a sender report that waited for it.
func (t *track) unit(u *media.Unit) {
	t.counts.Units++
	if u.Key {
		t.counts.Keys++
	}
	if u.Damaged {
		t.counts.Damaged++
	}
	t.lastUnit = u.Arrival
	if u.Arrival.Mono > t.lastGood.Mono {
		t.lastGood = u.Arrival
	}
	t.stream.emit(u)
	if r := t.pending; r != nil {
		t.pending = nil
		t.relate(*r, t.pendingAt)
	}
}

// report takes a sender report.
func (t *track) report(r senderReport, at clock.Stamp) {
	if r.ntp == 0 || t.order.started && r.ssrc != t.order.ssrc {
		return // a camera that knows no time, or the report of another source
	}
	t.counts.Reports++
	t.lastReport, t.lastReportAt = r, at.Mono
	t.offset = time.Duration(ntpWall(r.ntp, at.Wall) - at.Wall)
	t.relate(r, at)
}

// relate publishes a sender report once its ticks can be placed; until then the latest one waits.
func (t *track) relate(r senderReport, at clock.Stamp) {
	pts, ok := t.ticks.near(r.rtp)
	if !ok {
		t.pending, t.pendingAt = &r, at
		return
	}
	t.stream.emit(&media.Report{Track: t.n, Arrival: at, NTP: ntpWall(r.ntp, at.Wall), RTP: r.rtp, PTS: pts})
}
