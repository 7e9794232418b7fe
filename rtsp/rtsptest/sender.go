package rtsptest

import (
	"context"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"roomrec/clock"
	"roomrec/media"
)

// Scripted is a Source that also gives orders to the stream that sends it.
type Scripted interface {
	Source
	// Orders is called before each Next; it may call the stream's methods for the track.
	Orders(s *Stream, track int)
}

// sender sends one track. Its fields below the line are guarded by the stream's mutex.
type sender struct {
	stream *Stream
	n      int
	source Source
	media  *description.Media
	pack   packer

	frozen, goodbye          bool
	lose, duplicate, reorder int
	shift                    int64
	skip                     uint16
	held                     *rtp.Packet
}

// packer turns units into packets without times.
type packer interface {
	pack(unit [][]byte) ([]*rtp.Packet, error)
}

// run sends units when they are due.
func (t *sender) run(ctx context.Context, start clock.Mono) {
	track := t.source.Track()
	s := t.stream
	every := s.ReportEvery
	if every <= 0 {
		every = 2 * time.Second
	}
	report := start
	var last, step int64
	for first := true; ; first = false {
		if scripted, ok := t.source.(Scripted); ok {
			scripted.Orders(s, t.n)
		}
		unit, pts, dts, ok := t.source.Next()
		if !ok || !t.until(ctx, start.Add(track.Ticks(dts).Duration())) {
			return
		}
		if !t.send(unit, pts) {
			return
		}
		if now := s.sys.Now(); !s.NoReports && now.Mono >= report {
			report = now.Mono.Add(every)
			t.report(now, start)
		}
		if !first {
			step = dts - last
		}
		last = dts
		// The next unit is made when it is due, so that live pictures show the time they are sent.
		if !t.until(ctx, start.Add(track.Ticks(last+step).Duration())) {
			return
		}
	}
}

// until waits for an instant; false means that ctx ended.
func (t *sender) until(ctx context.Context, at clock.Mono) bool {
	wait := at.Sub(t.stream.sys.Now().Mono)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send sends a unit; false means that the track has ended.
func (t *sender) send(unit [][]byte, pts int64) bool {
	s := t.stream
	if s.Sets == SetsSDP {
		unit = withoutSets(t.source.Track().Codec, unit)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.goodbye {
		return false
	}
	if len(unit) == 0 || t.frozen || s.silent != nil {
		return true
	}
	packets, err := t.pack.pack(unit)
	if err != nil {
		return false // a unit that cannot be sent is a mistake in the test; its viewer sees the end
	}
	for _, p := range packets {
		p.Timestamp = s.TickStart + uint32(pts+t.shift)
		p.SequenceNumber += t.skip
		t.packet(p)
	}
	return true
}

// packet sends one packet, or what faults make of it.
func (t *sender) packet(p *rtp.Packet) {
	switch s := t.stream; {
	case t.lose > 0:
		t.lose--
		return
	case s.LossRate > 0 && s.rng.Float64() < s.LossRate:
		return
	case t.held != nil:
		held := t.held
		t.held = nil
		t.write(p)
		t.write(held)
		return
	case t.reorder > 0:
		t.reorder--
		t.held = p
		return
	case t.duplicate > 0:
		t.duplicate--
		again := *p
		t.write(&again)
	}
	t.write(p)
}

func (t *sender) write(p *rtp.Packet) {
	_ = t.stream.server.WritePacketRTP(t.media, p) // viewers may be gone
}

func (t *sender) report(now clock.Stamp, start clock.Mono) {
	s := t.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.goodbye || t.frozen || s.silent != nil {
		return
	}
	elapsed := clock.TicksOf(now.Mono.Sub(start), t.source.Track().ClockRate).N
	_ = s.server.WritePacketRTCP(t.media, &rtcp.SenderReport{ // viewers may be gone
		SSRC:    t.ssrc(),
		NTPTime: ntpTime(now.Wall.Add(s.ReportOffset)),
		RTPTime: s.TickStart + uint32(elapsed+t.shift),
	})
}

// ssrc returns the identifier that gortsplib gave the track.
func (t *sender) ssrc() uint32 {
	return t.stream.server.Stats().Medias[t.media].Formats[t.media.Formats[0]].LocalSSRC
}

// ntpTime returns the 64-bit NTP time of w (RFC 3550, 4).
func ntpTime(w clock.Wall) uint64 {
	const from1900 = 2208988800
	sec, ns := uint64(w)/1e9, uint64(w)%1e9
	return (sec+from1900)<<32 | ns<<32/1e9
}

// withoutSets takes the parameter sets out of a unit.
func withoutSets(codec media.Codec, unit [][]byte) [][]byte {
	if !codec.Video() {
		return unit
	}
	out := make([][]byte, 0, len(unit))
	for _, nal := range unit {
		set := false
		if codec == media.H264 {
			t := nal[0] & 0x1f
			set = t == 7 || t == 8
		} else {
			t := nal[0] >> 1 & 0x3f
			set = t >= 32 && t <= 34
		}
		if !set {
			out = append(out, nal)
		}
	}
	return out
}
