package rtsp

import (
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"roomrec/clock"
	"roomrec/media"
)

// How long, and how much, waits for parameter sets that come only with the picture.
const (
	paramsWait    = 10 * time.Second
	paramsWaitMax = 4 << 20
)

// byeGrace is how long the other tracks may be silent after one said goodbye.
const byeGrace = time.Second

// stream makes items of the packets of one connection. Its methods may be called from several
// goroutines; items are published one at a time, in order.
type stream struct {
	mu      sync.Mutex
	publish func(media.Item)
	epoch   int
	tracks  []*track

	described bool // the description was published
	began     clock.Stamp
	waiting   []media.Item // what came before that
	bytes     int
	ended     bool

	lastPacket clock.Mono // of any track
	vigil      clock.Vigil
	byes       int
}

// newStream makes a stream of what was announced; at is when it began.
func newStream(epoch int, as []announced, at clock.Stamp, publish func(media.Item)) *stream {
	s := &stream{epoch: epoch, publish: publish, began: at, lastPacket: at.Mono, vigil: clock.Vigil{Step: tickLate}}
	for i, a := range as {
		s.tracks = append(s.tracks, newTrack(s, i, a, at))
	}
	s.describe(at, false)
	return s
}

// rtp takes one RTP packet of a track.
func (s *stream) rtp(track int, b []byte, at clock.Stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	t := s.tracks[track]
	p, err := parseRTP(b, at)
	if err != nil || p.pt != t.payload {
		t.counts.Foreign++
		return
	}
	s.lastPacket, t.lastPacket = at.Mono, at
	t.counts.Bytes += uint64(len(b))
	t.order.push(p)
}

// rtcp takes one RTCP packet of a track.
func (s *stream) rtcp(track int, b []byte, at clock.Stamp) {
	c, err := parseRTCP(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tracks[track]
	if err != nil {
		t.counts.Foreign++
	}
	if s.ended {
		return
	}
	for _, r := range c.reports {
		t.report(r, at)
	}
	if c.bye && !t.bye {
		t.bye = true
		s.byes++
	}
}

// tick does what is due at now without a packet.
func (s *stream) tick(now clock.Stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	for _, t := range s.tracks {
		t.order.Expire(now.Mono)
	}
	if !s.described && now.Mono.Sub(s.began.Mono) >= paramsWait {
		s.describe(now, true)
	}
}

// end passes on what is whole, closes the gaps, and publishes the end if a description or anything
// that waited for one was published before it. Nothing follows it.
func (s *stream) end(at clock.Stamp, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	for _, t := range s.tracks {
		t.flush(at)
	}
	s.ended = true
	if !s.described {
		if len(s.waiting) == 0 {
			return // it gave nothing that could be told apart from not being there
		}
		s.describe(at, true)
	}
	s.publish(&media.End{At: at, Err: err})
}

// said reports whether the camera said goodbye: to every track, or to one while the others are
// silent. A track that goes on after another's end is still received.
func (s *stream) said(now clock.Mono) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byes == len(s.tracks) || s.byes > 0 && now.Sub(s.lastPacket) >= byeGrace
}

// silence returns how long nothing has come, and how long each picture track that had begun has been
// without a packet at most.
func (s *stream) silence(now clock.Mono) (any, picture time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracks {
		if t.media.Codec.Video() && t.started {
			picture = max(picture, t.vigil.Look(now, t.lastPacket.Mono))
		}
	}
	return s.vigil.Look(now, s.lastPacket), picture
}

// describe publishes the description once every picture's parameter sets are known, or if forced.
func (s *stream) describe(at clock.Stamp, force bool) {
	if s.described && !force {
		return
	}
	d := &media.Description{Epoch: s.epoch, At: at}
	for _, t := range s.tracks {
		if t.media.Codec.Video() && t.media.SPS == nil && !force {
			return
		}
		d.Tracks = append(d.Tracks, t.media)
	}
	first := !s.described
	s.described = true
	s.publish(d)
	if first {
		for _, it := range s.waiting {
			s.publish(it)
		}
		s.waiting, s.bytes = nil, 0
	}
}

// emit publishes an item, or keeps it until the description is known. What does not fit becomes a
// gap, the oldest first.
func (s *stream) emit(it media.Item) {
	if s.described {
		s.publish(it)
		return
	}
	s.waiting = append(s.waiting, it)
	if u, ok := it.(*media.Unit); ok {
		s.bytes += u.Size()
	}
	for s.bytes > paramsWaitMax {
		u, ok := s.waiting[0].(*media.Unit)
		s.waiting = s.waiting[1:]
		if ok {
			s.bytes -= u.Size()
			s.tracks[u.Track].missed(media.CauseStart, 0, 1)
		}
	}
}

// newTrack prepares one track.
func newTrack(s *stream, n int, a announced, at clock.Stamp) *track {
	t := &track{
		stream: s, n: n, payload: a.payload, media: a.track, began: at, lastPacket: at,
		ticks: ticks{rate: a.track.ClockRate}, vigil: clock.Vigil{Step: tickLate},
	}
	t.order.deliver, t.order.lose, t.order.restart = t.deliver, t.lose, t.restart
	if a.track.Codec.Video() {
		t.frame = a.track.ClockRate / 25
		t.params = newParameters(a.track.Codec)
		for _, set := range a.sets {
			t.params.take(set)
		}
		if m, q, ok := t.params.active(t.media, -1); ok {
			t.use(m, q)
		}
		t.pictures = newPictures(a.track.Codec, a.donl, t.picture, t.dropped)
		return t
	}
	t.started = true
	t.sounds = &sounds{done: t.sound, drop: t.dropped, reset: func() {}, unpack: onePerPacket}
	switch {
	case a.aac != nil:
		g := &aacGeneric{size: a.aac.SizeLength, index: a.aac.IndexLength, delta: a.aac.IndexDeltaLength, duration: a.samples}
		t.sounds.unpack, t.sounds.reset, t.frame = g.unpack, g.reset, a.samples
	case a.latm != nil:
		l := newLATM(a.latm, a.samples)
		t.sounds.unpack, t.sounds.reset, t.frame = l.unpack, l.reset, a.samples
	}
	return t
}

func newLATM(f *format.MPEG4AudioLATM, samples int64) *aacLATM {
	return &aacLATM{
		duration: samples,
		element:  mpeg4audio.AudioMuxElement{MuxConfigPresent: f.CPresent, StreamMuxConfig: f.StreamMuxConfig},
	}
}
