package evidence

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/media"
)

// Bounds of the sound that is kept while a run waits for its key picture.
const (
	prerollUnits  = 512
	prerollLength = 2 * time.Second
)

// camera is the goroutine that owns the order of one camera's units.
type camera struct {
	e     *Evidence
	cam   Camera
	of    Of
	tap   *media.Tap
	inbox *inbox
	ended chan struct{} // closed when the goroutine has ended
	err   error         // what was not acknowledged then; valid after ended

	mu        sync.Mutex
	stopCause string       // why to stop, "" while recording
	leave     bool         // end even if something is not acknowledged
	asked     []chan error // those who wait for the end, capacity 1 each; see windUp
	status    CameraStatus

	// Of the goroutine alone.
	number   int // of the last run
	desc     *media.Description
	axes     []axis
	run      *run
	preroll  []*media.Unit // sound that came before the key picture
	pending  []*sent       // handed to the volumes or kept for one, oldest first
	held     int64         // payload bytes in pending and in the fragment that is being filled
	overflow *media.Gap    // grows while there is no room in memory
	ofRun    *runRecord    // that the overflow ended
	gaps     gapList       // not yet in the journal
	offset   seal.Offset
	noted    time.Duration // the offset that the journal has, and of when
	notedAt  clock.Mono
	readAt   clock.Mono  // when a fragment was last read back
	lastSeen clock.Stamp // arrival of the last unit
	idle     idle
}

func newCamera(e *Evidence, cam Camera, past bool) *camera {
	of := Of{cam.Room, cam.ID}
	return &camera{
		e: e, cam: cam, of: of,
		tap: cam.Feed.Attach(e.limits.TapItems, past), inbox: newInbox(), ended: make(chan struct{}),
		status: CameraStatus{Of: of, Required: cam.Required},
	}
}

// stop asks the goroutine to end the run and itself once everything is acknowledged.
func (c *camera) stop(cause string) {
	c.mu.Lock()
	first := c.stopCause == ""
	if first {
		c.stopCause = cause
	}
	c.mu.Unlock()
	if first {
		c.tap.Detach()
	}
	c.inbox.rouse()
}

// ask is stop for one who waits: the reply says why the goroutine cannot end yet. With leave it ends
// also without a volume.
func (c *camera) ask(cause string, leave bool) <-chan error {
	reply := make(chan error, 1)
	c.mu.Lock()
	c.leave = c.leave || leave
	c.asked = append(c.asked, reply)
	c.mu.Unlock()
	c.stop(cause)
	return reply
}

// answer tells those who wait for the end.
func (c *camera) answer(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, reply := range c.asked {
		reply <- err
	}
	c.asked = nil
}

func (c *camera) stopping() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopCause
}

func (c *camera) stopped() bool {
	select {
	case <-c.ended:
		return true
	default:
		return c.stopping() != ""
	}
}

// loop runs until the camera was stopped and everything is acknowledged, or ctx ends.
func (c *camera) loop(ctx context.Context) {
	defer close(c.ended)
	defer func() { c.free(c.held) }() // what is left then is lost; err says so
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var items []media.Item
	for {
		select {
		case <-ctx.Done():
			c.tap.Detach()
			c.err = c.unacknowledged(ctx.Err())
			return
		case <-c.tap.Ready():
		case <-c.inbox.ready:
		case <-timer.C:
		}
		cause := c.stopping()
		items = c.tap.Take(items)
		for _, it := range items {
			c.item(it)
		}
		clear(items)
		c.receipts()
		now := c.e.cfg.Clock.Now()
		if c.run != nil {
			c.run.expire(now.Mono)
		}
		if cause != "" {
			if c.windUp(cause, now) {
				return
			}
		}
		c.report()
		timer.Reset(c.wait(now.Mono))
	}
}

// windUp ends the run and reports whether nothing is left to wait for.
func (c *camera) windUp(cause string, now clock.Stamp) bool {
	c.endRun(cause, nil)
	c.endOverflow(now)
	c.flushGaps()
	c.report()
	if len(c.pending) == 0 {
		return true
	}
	if c.e.set.mask() != 0 {
		return false
	}
	// What is in memory is kept for a volume that joins, unless the program ends.
	err := c.unacknowledged(ErrNoVolume)
	c.mu.Lock()
	leave := c.leave
	c.mu.Unlock()
	if leave {
		c.err = err
		return true
	}
	c.answer(err)
	return false
}

// wait returns for how long nothing has to be done without a cause from outside.
func (c *camera) wait(now clock.Mono) time.Duration {
	if c.run == nil {
		return time.Hour
	}
	if at, ok := c.run.deadline(); ok {
		return max(at.Sub(now), 0)
	}
	return time.Hour
}

// unacknowledged returns an error that says what is not safe, nil if everything is.
func (c *camera) unacknowledged(why error) error {
	if len(c.pending) == 0 && (c.run == nil || c.run.cur.empty()) {
		return nil
	}
	return fmt.Errorf("%d fragments are not acknowledged: %w", len(c.pending), why)
}

// item takes in one thing that the camera gave.
func (c *camera) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		c.describe(it)
	case *media.Unit:
		c.unit(it)
	case *media.Gap:
		c.gap(it)
	case *media.Jump:
		if it.Track >= 0 && it.Track < len(c.axes) {
			c.axes[it.Track].jumped()
		}
		if c.run != nil {
			c.e.note(TypeCameraJump, jumpData{c.of.Room, c.of.Camera, c.number, it.Track, c.e.cfg.Timeline.At(it.At.Mono), it.From, it.To})
		}
	case *media.Report:
		c.compare(it)
	case *media.End:
		c.endRun(EndDisconnect, it.Err)
		c.desc, c.axes, c.preroll = nil, nil, nil
	}
}

type jumpData struct {
	Room   string        `json:"room"`
	Camera string        `json:"camera"`
	Run    int           `json:"run"`
	Track  int           `json:"track"`
	At     clock.Instant `json:"at"`
	From   uint32        `json:"raw_from"`
	To     uint32        `json:"raw_to"`
}

func (c *camera) describe(d *media.Description) {
	if c.desc != nil && c.desc.Epoch == d.Epoch && sameShape(c.desc.Tracks, d.Tracks) {
		c.desc = d
		for i := range c.axes {
			c.axes[i].track = d.Tracks[i]
		}
		if c.run != nil {
			c.run.parameters(d.Tracks)
		}
		return
	}
	if c.desc != nil {
		cause := EndEpoch
		if c.desc.Epoch == d.Epoch {
			cause = EndInvalid // within an epoch only parameter sets may change
		}
		c.endRun(cause, nil)
	}
	c.desc, c.axes, c.preroll = d, newAxes(d.Tracks), nil
}

// sameShape reports whether two descriptions differ in parameter sets at most.
func sameShape(a, b []*media.Track) bool {
	return slices.EqualFunc(a, b, func(x, y *media.Track) bool { return x.Codec == y.Codec && x.ClockRate == y.ClockRate })
}

func (c *camera) unit(u *media.Unit) {
	if c.desc == nil || u.Track < 0 || u.Track >= len(c.axes) || u.Size() == 0 {
		return // no source that keeps media's promises gives such a unit
	}
	c.axes[u.Track].observe(u)
	c.lastSeen = u.Arrival
	if c.run == nil && !c.begin(u) {
		// A full memory is the disks' affair, and that no pictures come the detectors'.
		if c.overflow == nil && u.Track == leadOf(c.desc.Tracks) {
			c.lacks(u.Arrival, u.Arrival, nil)
		}
		return
	}
	c.stalled(u)
	if size := int64(u.Size()); c.admit(size, u) {
		c.run.add(u)
	}
}

// begin begins a run if it can begin with u.
func (c *camera) begin(u *media.Unit) bool {
	lead := leadOf(c.desc.Tracks)
	switch t := c.desc.Tracks[lead]; {
	case !t.Codec.Video():
	case u.Track != lead:
		c.remember(u)
		return false
	case !u.Key || len(t.SPS) == 0 || len(t.PPS) == 0 || t.Codec == media.H265 && len(t.VPS) == 0:
		return false
	}
	if c.overflow != nil && !c.room(int64(u.Size())) {
		return false
	}
	c.endOverflow(u.Arrival)
	if c.idle.since != (clock.Stamp{}) {
		c.lacks(u.Arrival, u.Arrival, c.idle.err) // what comes from here on may be recorded
	}
	c.number = c.e.nextRun(c.of)
	c.run = newRun(c, c.number, lead)
	// Sound that is still heard when the picture begins belongs to the run; which that is shows when
	// the first fragment is closed.
	preroll := c.preroll
	c.preroll = nil
	for _, s := range preroll {
		if !c.admit(int64(s.Size()), s) {
			return false
		}
		c.run.add(s)
	}
	return c.run != nil
}

func (c *camera) remember(u *media.Unit) {
	c.preroll = append(c.preroll, u)
	for len(c.preroll) > prerollUnits || u.Arrival.Mono.Sub(c.preroll[0].Arrival.Mono) > prerollLength {
		c.preroll[0] = nil
		c.preroll = c.preroll[1:]
	}
}

// leadOf returns the track that leads: the first with pictures, or the first.
func leadOf(tracks []*media.Track) int {
	return max(slices.IndexFunc(tracks, func(t *media.Track) bool { return t.Codec.Video() }), 0)
}

// room reports whether n more bytes may be kept.
func (c *camera) room(n int64) bool {
	if c.held+n > c.e.limits.CameraBytes || !c.e.pool.take(n) {
		return false
	}
	c.e.pool.give(n)
	return true
}

// admit counts the payload of u as kept. Without room for it the run ends and a gap begins that lasts
// until there is room and a key picture.
func (c *camera) admit(n int64, u *media.Unit) bool {
	if c.held+n <= c.e.limits.CameraBytes && c.e.pool.take(n) {
		c.held += n
		return true
	}
	c.ofRun = c.run.rec
	c.endRun(EndStorage, nil)
	c.overflow = &media.Gap{Track: media.AllTracks, From: u.Arrival, Cause: media.CauseStorage}
	return false
}

func (c *camera) free(n int64) {
	c.held -= n
	c.e.pool.give(n)
}

func (c *camera) endOverflow(to clock.Stamp) {
	if c.overflow == nil {
		return
	}
	g := *c.overflow
	g.To = to
	c.overflow = nil
	c.declare(c.ofRun, &g)
	c.flushGaps()
}

// endRun closes the run's last fragment and its files.
func (c *camera) endRun(cause string, err error) {
	r := c.run
	if r == nil {
		return
	}
	r.finish()
	if c.run != r {
		return // the last fragment could not be made, which has ended the run
	}
	c.stillStalled(r)
	c.over(r, cause, err)
}

// over records the end of a run.
func (c *camera) over(r *run, cause string, err error) {
	c.run = nil
	c.flushGaps()
	r.retire()
	last := r.rec.end(c.e, cause)
	detail := ""
	if err != nil {
		detail = err.Error()
	}
	c.e.events.put(RunEnded{c.of, r.rec.number, cause, last, err})
	c.e.note(TypeRunEnded, runEndedData{c.of.Room, c.of.Camera, r.rec.number, cause, last, r.seq, detail})
}

// The journal's series of a camera's own clock has a line every clockEvery, and one more when it has changed
// by clockChange.
const (
	clockEvery  = 10 * time.Minute
	clockChange = 500 * time.Millisecond
)

// compare measures how far the camera's own clock is from the timeline.
func (c *camera) compare(r *media.Report) {
	if r.Track < 0 || r.Track >= len(c.axes) {
		return
	}
	at := r.Arrival.Mono
	a := &c.axes[r.Track]
	if a.seen {
		at = a.at(r.PTS)
	}
	a.report(r)
	d := time.Duration(r.NTP - c.e.cfg.Timeline.At(at).Wall)
	o := &c.offset
	if o.Reports == 0 {
		*o = seal.Offset{First: d, Least: d, Most: d}
	}
	if far := d - c.noted; o.Reports == 0 || at.Sub(c.notedAt) >= clockEvery || far > clockChange || far < -clockChange {
		c.noted, c.notedAt = d, at
		c.e.note(TypeCameraClock, cameraClockData{c.of.Room, c.of.Camera, c.e.cfg.Timeline.At(at), d})
	}
	o.Reports++
	o.Last, o.Least, o.Most = d, min(o.Least, d), max(o.Most, d)
	c.mu.Lock()
	c.status.Offset = c.offset
	c.mu.Unlock()
}

// report makes the goroutine's numbers visible.
func (c *camera) report() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Recording = c.run != nil
	c.status.Held = c.held
	if c.run != nil {
		c.status.Run = c.run.rec.number
	}
}

// fail ends the run because its stream cannot be written; what was in the fragment is a gap.
func (c *camera) fail(r *run, err error, filled *filling) {
	c.e.log.Error().Err(err).Str("room", c.of.Room).Str("camera", c.of.Camera).Int("run", r.rec.number).Msg("stream cannot be recorded")
	units := 0
	for _, p := range filled.parts {
		units += len(p)
	}
	// Whatever is not handed to the volumes is given up: this fragment and the unit that closed it.
	kept := int64(0)
	for _, s := range c.pending {
		kept += s.payload
	}
	c.free(c.held - kept)
	c.declare(r.rec, &media.Gap{Track: media.AllTracks, From: filled.first, To: filled.last, Cause: media.CauseDamaged, Units: units})
	c.over(r, EndInvalid, err)
	c.lacks(filled.first, c.lastSeen, err)
}

// idle is for how long a camera has given what was not recorded.
type idle struct {
	since clock.Stamp // arrival of the first unit; zero while units are recorded
	told  clock.Mono  // 0: not yet
	err   error       // the last one
}

// lacks notes that units from one to the other are not recorded, and tells when that has lasted too long.
func (c *camera) lacks(from, to clock.Stamp, err error) {
	i := &c.idle
	if i.since == (clock.Stamp{}) {
		i.since = from
	}
	if err != nil {
		i.err = err
	}
	if limit := c.e.limits.NotRecorded; to.Mono.Sub(i.since.Mono) < limit || i.told != 0 && to.Mono.Sub(i.told) < limit {
		return
	}
	i.told = to.Mono
	c.e.events.put(NotRecorded{c.of, i.since, i.err})
}
