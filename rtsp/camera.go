package rtsp

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/media"
)

// Options are what a camera may be told beside its source. The zero value means the defaults.
type Options struct {
	Name    string         // the camera's id, for logs and metrics
	Log     zerolog.Logger // nothing is logged by default
	Metrics *Metrics       // nil: none

	// Reconnecting waits BackoffMin, then twice as long each time up to BackoffMax, give or take a
	// quarter. After a stream that worked it begins at once. A camera that refuses user or password
	// is asked no sooner than every RefusedMin, because cameras lock accounts.
	BackoffMin, BackoffMax, RefusedMin time.Duration

	// Silence is how long no packet of any track may come before the connection is given up,
	// FirstPacket how long the first may take, PictureSilence how long a picture track alone may be
	// silent while others go on.
	Silence, FirstPacket, PictureSilence time.Duration
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.BackoffMin, 250*time.Millisecond)
	def(&o.BackoffMax, 10*time.Second)
	def(&o.RefusedMin, 5*time.Second)
	def(&o.Silence, 4*time.Second)
	def(&o.FirstPacket, 10*time.Second)
	def(&o.PictureSilence, 30*time.Second)
	return o
}

// Periods of what a connection does by itself.
const (
	tickPeriod   = 250 * time.Millisecond // how soon a stream that stops is noticed; packets expire others themselves
	tickLate     = 750 * time.Millisecond // a later tick says that we were held up ourselves; packets may lie unread
	reportPeriod = 5 * time.Second        // receiver reports: some cameras demand a sign of life as often
	settled      = 5 * time.Second        // a stream that lasted so long worked
)

// Camera keeps one stream of one camera coming. Create it with [New]; all methods are safe for
// concurrent use.
type Camera struct {
	source Source
	clk    clock.Source
	feed   *media.Feed
	opt    Options

	mu         sync.Mutex
	connected  bool
	err        error
	epoch      int
	reconnects uint64
	stream     *stream
	tracks     []TrackState // of the last stream, when it has ended
	before     []Counts     // of the streams before the running one
}

// State is what a camera is doing.
type State struct {
	Connected  bool         `json:"connected"`
	Error      error        `json:"-"` // why not, or why it was interrupted last; an [*Error]
	Epoch      int          `json:"epoch"`
	Reconnects uint64       `json:"reconnects"` // connections after the first, and attempts that failed
	Tracks     []TrackState `json:"tracks"`
}

// TrackState is what one track is doing.
type TrackState struct {
	Counts
	Codec      media.Codec   `json:"-"`
	LastPacket clock.Stamp   `json:"last_packet"` // zero if none came
	LastUnit   clock.Stamp   `json:"last_unit"`   // zero if none came
	Reported   bool          `json:"reported"`    // sender reports came on this connection
	Offset     time.Duration `json:"offset_ns"`   // the camera's clock minus ours at the last of them
}

// New returns a camera that publishes to feed. Nothing happens before Run.
func New(source Source, clk clock.Source, feed *media.Feed, opt Options) *Camera {
	c := &Camera{source: source, clk: clk, feed: feed, opt: opt.withDefaults()}
	c.opt.Log = c.opt.Log.With().Str("camera", opt.Name).Stringer("address", source).Logger()
	return c
}

// State returns what the camera is doing now.
func (c *Camera) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := State{Connected: c.connected, Error: c.err, Epoch: c.epoch, Reconnects: c.reconnects}
	s.Tracks = append(s.Tracks, c.tracks...)
	if c.stream != nil {
		s.Tracks = c.stream.state()
	}
	for i := range s.Tracks {
		if i < len(c.before) {
			s.Tracks[i].add(c.before[i])
		}
	}
	return s
}

// state returns what the stream's tracks are doing.
func (s *stream) state() []TrackState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]TrackState, len(s.tracks))
	for i, t := range s.tracks {
		n := t.counts
		n.Packets, n.Lost, n.Late = t.order.counts.Packets, t.order.counts.Lost, t.order.counts.Late
		n.Duplicate, n.Reordered = t.order.counts.Duplicate, t.order.counts.Reordered
		out[i] = TrackState{
			Counts: n, Codec: t.media.Codec, LastUnit: t.lastUnit,
			Reported: n.Reports > 0, Offset: t.offset,
		}
		if n.Packets > 0 {
			out[i].LastPacket = t.lastPacket
		}
	}
	return out
}

// Run connects, publishes, and connects again until ctx ends, whose error it returns. It is called
// once.
func (c *Camera) Run(ctx context.Context) error {
	c.opt.Metrics.add(c)
	defer c.opt.Metrics.remove(c)
	wait := c.opt.BackoffMin
	for {
		lasted, err := c.once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.note(err)
		switch {
		case lasted >= settled:
			wait = 0
		case Refused(err):
			wait = max(wait, c.opt.RefusedMin)
		}
		c.opt.Log.Warn().Err(err).Dur("retry", wait).Msg("camera away")
		if err := sleep(ctx, jitter(wait)); err != nil {
			return err
		}
		wait = min(max(2*wait, c.opt.BackoffMin), max(c.opt.BackoffMax, c.opt.RefusedMin))
	}
}

func (c *Camera) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	c.reconnects++
}

// jitter spreads d over d ± a quarter, so that cameras behind one switch do not all return at once.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return time.Duration(rand.Int64N(int64(100 * time.Millisecond)))
	}
	return d - d/4 + time.Duration(rand.Int64N(int64(d/2)+1))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// once makes one connection and returns how long it gave packets and why it ended.
func (c *Camera) once(ctx context.Context) (time.Duration, error) {
	conn, err := connect(ctx, c.source, c.clk)
	if err != nil {
		return 0, err
	}
	st := newStream(c.epoch+1, conn.announced, c.clk.Now(), c.feed.Publish)
	c.mu.Lock()
	c.stream, c.epoch = st, c.epoch+1
	c.mu.Unlock()
	err = conn.run(ctx, c.clk, st, c.opt, func() {
		c.mu.Lock()
		c.connected, c.err = true, nil
		c.mu.Unlock()
		c.opt.Log.Info().Int("epoch", st.epoch).Msg("camera connected")
	})
	now := c.clk.Now()
	st.end(now, err)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected, c.stream = false, nil
	last := st.state()
	for i := range last {
		if i >= len(c.before) {
			c.before = append(c.before, Counts{})
		}
		c.before[i].add(last[i].Counts)
		last[i].Counts = Counts{}
	}
	c.tracks = last
	var lasted time.Duration
	for _, t := range st.tracks {
		lasted = max(lasted, t.lastPacket.Mono.Sub(st.began.Mono))
	}
	return lasted, err
}

// run plays until the stream ends and closes the connection. It returns why, after which nothing
// more reaches st.
func (c *connection) run(ctx context.Context, clk clock.Source, st *stream, opt Options, connected func()) error {
	defer c.close()
	if err := c.play(ctx, clk, st); err != nil {
		return err
	}
	connected()
	done := make(chan error, 1) // the reader leaves its reason and goes
	go func() { done <- c.d.read() }()
	err, ended := c.watch(ctx, clk, st, opt, done)
	if !ended {
		c.d.teardown()
		c.d.close()
		_ = <-done // the reader's error is that it was closed here
	}
	return err
}

// watch does what is due by time until the stream ends; ended says that the reader has.
func (c *connection) watch(ctx context.Context, clk clock.Source, st *stream, opt Options, done <-chan error) (err error, ended bool) {
	s := c.d.source
	tick := time.NewTicker(tickPeriod)
	defer tick.Stop()
	c.d.mu.Lock()
	period := c.d.keepAlive
	c.d.mu.Unlock()
	ping := time.NewTicker(period)
	defer ping.Stop()
	report := time.NewTicker(reportPeriod)
	defer report.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err(), false
		case err := <-done:
			if st.said(clk.Now().Mono) {
				return s.fail(ErrEnded, "the camera ended the stream"), true
			}
			return s.classify(err, ErrProtocol), true
		case <-ping.C:
			if err := c.d.ping(); err != nil {
				return s.classify(err, ErrClosed), false
			}
		case <-report.C:
			if err := c.say(st.receiverReports(clk.Now(), c.legs)); err != nil {
				return s.classify(err, ErrClosed), false
			}
		case <-tick.C:
			now := clk.Now()
			st.tick(now)
			if err := c.silent(st, now.Mono, opt); err != nil {
				return err, false
			}
		}
	}
}

// silent returns an error if the stream has ended without the connection saying so.
func (c *connection) silent(st *stream, now clock.Mono, opt Options) error {
	s := c.d.source
	if st.said(now) {
		return s.fail(ErrEnded, "the camera ended the stream")
	}
	any, picture := st.silence(now)
	limit := opt.Silence
	if !st.heard() {
		limit = opt.FirstPacket
	}
	if any >= limit {
		hint := ""
		if c.transport != TCP {
			hint = ", or take tcp if a firewall is between"
		}
		return s.fail(ErrSilent, "no packet for %v; check the camera and the network%s", limit.Round(time.Second), hint)
	}
	if picture >= opt.PictureSilence {
		return s.fail(ErrSilent, "sound goes on but no picture for %v; restart the camera if this goes on", opt.PictureSilence)
	}
	return nil
}

// heard reports whether any packet came.
func (s *stream) heard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastPacket != s.began.Mono
}

// Disconnected reports whether err is what the End of a stream says when the recorder itself stopped
// it.
func Disconnected(err error) bool { return errors.Is(err, context.Canceled) }
