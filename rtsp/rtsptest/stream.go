package rtsptest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"

	"roomrec/clock"
)

// Sets says where a stream's parameter sets are to be found.
type Sets int

// The places of parameter sets.
const (
	SetsBoth   Sets = iota // announced, and in band as the source has them
	SetsSDP                // announced only: taken out of the units, as when ffmpeg publishes into MediaMTX
	SetsInBand             // in band only
)

// Stream is one path of a server. Set the fields before Serve; the methods may be called at any time
// from any goroutine.
type Stream struct {
	Sources []Source
	// Live begins with Serve and goes on whether anyone looks or not, as a camera does. Otherwise the
	// sources begin when the first viewer plays.
	Live bool

	User, Password string // none: everyone may look
	Sets           Sets
	TickStart      uint32        // raw ticks of the first units; near 2³² they wrap soon
	NoReports      bool          // no RTCP sender reports
	ReportEvery    time.Duration // default 2 s
	ReportOffset   time.Duration // the camera's clock minus the host's
	LossRate       float64       // share of packets lost at random, 0 to 1
	Seed           uint64        // of what is random
	Extra          string        // an additional video track of this rtpmap, as in "VP8/90000"
	MarkSlices     bool          // sets the marker bit on every packet that ends a slice, as some cameras do

	mu       sync.Mutex
	password string
	viewers  map[*gortsplib.ServerSession]bool
	tracks   []*sender
	silent   chan struct{} // open while the stream does not answer
	server   *gortsplib.ServerStream
	desc     *description.Session
	begin    chan struct{}
	begun    bool
	starting []*gortsplib.ServerConn // whose PLAY is being answered
	rng      *rand.Rand
	sys      *clock.System
}

// SetPassword changes the password that viewers need from now on.
func (s *Stream) SetPassword(p string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.password = p
}

// SetLoss changes the share of packets that are lost at random from now on.
func (s *Stream) SetLoss(rate float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.LossRate = rate
}

// Disconnect closes the connections of all viewers without a goodbye.
func (s *Stream) Disconnect() {
	s.mu.Lock()
	var all []*gortsplib.ServerSession
	for v := range s.viewers {
		all = append(all, v)
	}
	s.mu.Unlock()
	for _, v := range all {
		v.Close()
	}
}

// Viewers returns how many play the stream.
func (s *Stream) Viewers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.viewers)
}

// Silence stops everything, answers to new requests included, until it is called with false. The
// connections stay open.
func (s *Stream) Silence(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case on && s.silent == nil:
		s.silent = make(chan struct{})
	case !on && s.silent != nil:
		close(s.silent)
		s.silent = nil
	}
}

// Freeze keeps a track's units back (they are lost) until it is called with false.
func (s *Stream) Freeze(track int, on bool) {
	s.with(track, func(t *sender) { t.frozen = on })
}

// Lose drops the next n packets of a track.
func (s *Stream) Lose(track, n int) { s.with(track, func(t *sender) { t.lose += n }) }

// Duplicate sends each of the next n packets of a track twice.
func (s *Stream) Duplicate(track, n int) { s.with(track, func(t *sender) { t.duplicate += n }) }

// Reorder exchanges each of the next n packets of a track with the one after it.
func (s *Stream) Reorder(track, n int) { s.with(track, func(t *sender) { t.reorder += n }) }

// Jump moves a track's ticks by n.
func (s *Stream) Jump(track int, n int64) { s.with(track, func(t *sender) { t.shift += n }) }

// SkipSequence moves a track's sequence numbers by n, as a restarted encoder does.
func (s *Stream) SkipSequence(track int, n uint16) { s.with(track, func(t *sender) { t.skip += n }) }

// Bye sends an RTCP goodbye for every track and stops sending.
func (s *Stream) Bye() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracks {
		if !t.goodbye {
			t.goodbye = true
			_ = s.server.WritePacketRTCP(t.media, &rtcp.Goodbye{Sources: []uint32{t.ssrc()}}) // viewers may be gone
		}
	}
}

func (s *Stream) with(track int, f func(*sender)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if track < len(s.tracks) {
		f(s.tracks[track])
	}
}

// answer waits while the stream is silent.
func (s *Stream) answer(ctx context.Context) {
	s.mu.Lock()
	wait := s.silent
	s.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// run sends all tracks at their pace until ctx ends.
func (s *Stream) run(ctx context.Context) {
	if !s.Live {
		select {
		case <-s.begin:
		case <-ctx.Done():
			return
		}
	}
	start := s.sys.Now().Mono
	var wg sync.WaitGroup
	for _, t := range s.tracks {
		wg.Go(func() { t.run(ctx, start) })
	}
	wg.Wait()
}
