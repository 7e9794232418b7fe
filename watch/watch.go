// Package watch looks on while a camera delivers, and says when a recording of it is not what it
// should be: a track that stalls, pictures that are lost, frozen or dark, a camera that was turned away, a
// stream that is not the one with which the session began, sound that is dead, too low, distorted or
// out of step, a clock of its own that is off, an access that is refused, speech without a session. It measures how loud the sound is
// where it can. What only a decoder could tell a [Looker] asks one now and then.
//
// It promises that all its times are monotonic, that nothing it does can delay a recording, and that
// a fault that it raised is cleared when it is over, so that what is open is always what is wrong
// now. It decides nothing: whether a finding locks a session is the session's table's to say. The
// design page is docs/design/faults.md.
package watch

import (
	"context"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// The codes of what is found, as in docs/design/faults.md.
const (
	CameraLost    = "camera.lost"
	CameraRefused = "camera.refused"
	CameraLoss    = "camera.loss"
	CameraChanged = "camera.changed"
	CameraFrozen  = "camera.frozen"
	CameraDark    = "camera.dark"
	CameraMoved   = "camera.moved"
	CameraSync    = "camera.sync"
	CameraClock   = "camera.clock"
	AudioLost     = "audio.lost"
	AudioDead     = "audio.dead"
	AudioLow      = "audio.low"
	AudioClipped  = "audio.clipped"
	RoomUnopened  = "room.unopened"
)

// Codes lists what is found, in the order of the catalogue.
func Codes() []string {
	return []string{
		CameraLost, CameraRefused, CameraLoss, CameraChanged, CameraFrozen, CameraDark, CameraMoved, CameraSync,
		CameraClock, AudioLost, AudioDead, AudioLow, AudioClipped, RoomUnopened,
	}
}

// Finding says that something is wrong with a camera, or no longer is.
type Finding struct {
	Code   string
	Raised bool
	// Alarm says that it is the first threshold of several, which does not lock.
	Alarm bool
	At    clock.Stamp
	// LastGood is the last good picture or sound before a fault that is raised; zero if there was
	// none.
	LastGood clock.Stamp
	Detail   string // for a technician; no secret, no person
}

// Config says when findings are made. A zero field has the default that is named.
type Config struct {
	// Sound says that the camera's sound is required: without it audio.lost is never found, and
	// audio.dead and camera.sync are alarms at most.
	Sound bool
	// CameraLost and AudioLost are for how long a track may give nothing: 2 s.
	CameraLost, AudioLost time.Duration
	// Loss is the share of pictures that did not arrive whole over which camera.loss is found: 0.20. It is
	// over when the share is half of that.
	Loss float64
	// LossWindow is over how much of the past the share is taken: 10 s.
	LossWindow time.Duration
	// CameraFrozenAlarm and CameraFrozen are for how long the same picture may come: 10 s, 30 s.
	CameraFrozenAlarm, CameraFrozen time.Duration
	// CameraDark is for how long the picture may be black or covered: 10 s.
	CameraDark time.Duration
	// CameraMoved is for how long the view may differ from the reference: 30 s.
	CameraMoved time.Duration
	// CameraSyncAlarm and CameraSync are how far sound and picture may be apart: 200 ms, 1 s.
	// CameraSyncFor is for how long that has to last: 5 s.
	CameraSyncAlarm, CameraSync, CameraSyncFor time.Duration
	// CameraClock is how far the camera's own clock may be off from the controller's: 2 s.
	CameraClock time.Duration
	// AudioDeadAlarm and AudioDead are for how long the same sound may come: 10 s, 120 s.
	AudioDeadAlarm, AudioDead time.Duration
	// AudioLow is the level in dBFS under which speech is too low: -50.
	AudioLow float64
	// AudioRange is for how long sound may be too low or distorted: a minute; 5 minutes at most.
	AudioRange time.Duration
	// RoomUnopened is for how long there may be speech without a session: a minute; 5 minutes at most.
	RoomUnopened time.Duration
	// Tick is how often the present is looked at: detection takes that much longer than its threshold, at
	// most. 100 ms.
	Tick time.Duration
	// Metrics, if not nil, counts findings under the labels Room and Camera.
	Metrics      *Metrics
	Room, Camera string
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		of  *time.Duration
		std time.Duration
	}{
		{&c.CameraLost, 2 * time.Second},
		{&c.AudioLost, 2 * time.Second},
		{&c.LossWindow, 10 * time.Second},
		{&c.CameraFrozenAlarm, 10 * time.Second},
		{&c.CameraFrozen, 30 * time.Second},
		{&c.CameraDark, 10 * time.Second},
		{&c.CameraMoved, 30 * time.Second},
		{&c.CameraSyncAlarm, 200 * time.Millisecond},
		{&c.CameraSync, time.Second},
		{&c.CameraSyncFor, 5 * time.Second},
		{&c.CameraClock, 2 * time.Second},
		{&c.AudioDeadAlarm, 10 * time.Second},
		{&c.AudioDead, 120 * time.Second},
		{&c.AudioRange, time.Minute},
		{&c.RoomUnopened, time.Minute},
		{&c.Tick, 100 * time.Millisecond},
	} {
		if *d.of == 0 {
			*d.of = d.std
		}
	}
	if c.Loss == 0 {
		c.Loss = 0.20
	}
	if c.AudioLow == 0 {
		c.AudioLow = -50
	}
	return c
}

// detector looks at one camera for one kind of fault. It is given every item in order, and the
// present after those that have come by then.
type detector interface {
	item(media.Item)
	// tick returns what is found at the instant now.
	tick(now clock.Stamp) []Finding
}

// late returns how late a look may be before this process is known to be held up itself. Packets may then
// lie where nobody has taken them from yet, so the time beyond is not held against a camera.
func (c Config) late() time.Duration { return c.Tick * 5 / 2 }

// tapCapacity is how many items may wait for a watcher: some seconds of picture and sound. When it is
// full the tap's gap stands for them, which is known to be our own doing.
const tapCapacity = 1024

// Watcher watches one camera. Its methods are safe for concurrent use.
type Watcher struct {
	clk  clock.Source
	feed *media.Feed
	tell func(Finding)
	tick time.Duration

	mu        sync.Mutex // guards the detectors; held while tell is called
	detectors []detector
	refused   *refused
	changed   *changed
	sound     *listener
	frozen    *frozen
	view      *view
	latest    *latest

	cameraClock *cameraClock
}

// New returns a watcher of what feed publishes. tell gets every finding, in order, from the goroutine
// of Run or of whoever called one of the methods; it must not wait, nor call the watcher.
func New(cfg Config, clk clock.Source, feed *media.Feed, tell func(Finding)) *Watcher {
	cfg = cfg.withDefaults()
	now := clk.Now()
	cfg.Metrics.born(cfg)
	w := &Watcher{
		tell: func(f Finding) {
			cfg.Metrics.found(cfg, f)
			tell(f)
		},
		clk: clk, feed: feed, tick: cfg.Tick, refused: &refused{}, changed: &changed{},
		sound: newListener(cfg, now), frozen: newFrozen(cfg), view: newView(cfg), latest: &latest{}, cameraClock: newCameraClock(cfg),
	}
	w.detectors = []detector{
		newStall(cfg, now), newLoss(cfg), w.changed, w.refused, w.sound, w.frozen, newApart(cfg), w.view, w.latest, w.cameraClock,
	}
	return w
}

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	tap := w.feed.Attach(tapCapacity, false)
	defer tap.Detach()
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	var buf []media.Item
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		// Ten looks a second cost far less than one for every unit. What has come is taken before the
		// present is judged: a watcher that was held up itself must not call a camera lost.
		now := w.clk.Now()
		buf = tap.Take(buf)
		w.look(buf, now)
	}
}

func (w *Watcher) look(items []media.Item, now clock.Stamp) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.detectors {
		for _, it := range items {
			d.item(it)
		}
		for _, f := range d.tick(now) {
			w.tell(f)
		}
	}
}

// Begin takes the stream as it is now for what the session began with: from now on another codec or
// resolution is found.
func (w *Watcher) Begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.begin(w.feed.Description())
	w.sound.unopened.begin()
}

// Resume is Begin for a session that goes on after a restart of the program: it began with tracks, or that is what a
// named officer has accepted last. What changed meanwhile is found, too.
func (w *Watcher) Resume(tracks []*media.Track) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.resume(tracks, w.feed.Description())
	w.sound.unopened.begin()
}

// Accept says that a named officer has accepted the stream as it is now.
func (w *Watcher) Accept() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.begin(w.feed.Description())
	for _, f := range w.changed.tick(w.clk.Now()) {
		w.tell(f)
	}
}

// End says that the session is over: the stream may become another, and speech from now on is without
// a session.
func (w *Watcher) End() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.end()
	w.sound.unopened.end(w.clk.Now())
	for _, f := range w.changed.tick(w.clk.Now()) {
		w.tell(f)
	}
}

// Refused tells that the camera refuses the access, or no longer does. Detail says what was refused.
func (w *Watcher) Refused(now bool, detail string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused.set(now, detail)
	for _, f := range w.refused.tick(w.clk.Now()) {
		w.tell(f)
	}
}

// Sound returns how loud the camera is, see [Level].
func (w *Watcher) Sound() Level {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sound.meter.level(w.clk.Now())
}
