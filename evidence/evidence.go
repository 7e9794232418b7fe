// Package evidence records one session: it turns the units of its cameras into segments on a set of
// volumes, keeps the journal, and seals.
//
// # Promise
//
// A fragment is acknowledged ([Safe]) when it, everything before it in its run, and the names that
// lead to it are synced on every volume of the set. Acknowledged bytes are never touched again:
// files are created exclusively and only grow. What is missing is a declared gap with its limits and
// its cause; nothing is dropped otherwise. There is no pause.
//
// # Order
//
//  1. A unit comes from a camera's tap, in the order of arrival.
//  2. The camera's goroutine closes a fragment: before a key picture, at 1 s, at 4 MiB, or 1 s after
//     its first unit.
//  3. The fragment becomes bytes and a leaf of the chain, once, for all volumes.
//  4. Every volume of the set appends and syncs them in its own goroutine and returns a receipt.
//  5. When the receipts of all volumes that are still in the set are there, in the order of the
//     chain, the fragment is acknowledged.
//  6. Only then is anyone told, and the memory given back.
//
// # Bounds
//
// A camera's tap holds [Limits.TapItems]; a full one makes a declared gap. What is not acknowledged
// is kept in memory, up to [Limits.CameraBytes] of payload for each camera and [Pool] for all; beyond
// that the run ends with a declared gap of the cause [media.CauseStorage] until room is there again.
//
// The design page is docs/design/evidence.md, the format docs/format.md.
package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/evidence/journal"
)

// Errors that callers tell apart.
var (
	// ErrNoVolume: no volume is left in the set. Questioning must stop; what is in memory is kept
	// while there is room.
	ErrNoVolume = errors.New("no volume is left to record on")
	// ErrClosed: the session's evidence was closed or sealed.
	ErrClosed = errors.New("the session's recording is closed")
	// ErrInSet: the volume is in the session's set already.
	ErrInSet = errors.New("the volume is in the set already")
	// ErrTooManyVolumes: volumes joined so often that there is no place for another. After a restart
	// of the program there is.
	ErrTooManyVolumes = errors.New("too many volumes have joined this session")
	// ErrSealing: the session is being sealed; ask again.
	ErrSealing = errors.New("the session is being sealed")
	// ErrNotStopped: a camera is still being recorded; only [Evidence.StopRecording] ends that.
	ErrNotStopped = errors.New("cameras are still being recorded")
)

// Evidence is one session's recording. All methods may be called from any goroutine.
type Evidence struct {
	cfg    Config
	limits Limits
	pool   *Pool
	log    zerolog.Logger

	set     *set
	scribe  *scribe
	events  *eventQueue
	unwatch []func()

	opened clock.Instant
	first  journal.Hash // of the session's first journal line

	ackMu sync.Mutex    // held while Config.Ack is called
	turn  chan struct{} // capacity 1: full while one of Seal and Join is at work

	mu      sync.Mutex
	cameras []*camera
	waiting []*camera         // not started yet
	started chan struct{}     // capacity 1: wakes Run for waiting cameras
	runs    []*runRecord      // of all cameras, those before a restart included
	numbers map[Of]int        // of every camera's last run
	reached map[Of]clock.Mono // when what is recorded of a camera ends, as it is shown
	found   *Found            // what was there before a restart, nil without one
	sums    *foundSums        // of the segments that were there; nil without a restart
	closed  bool
	sealing *sealing      // a seal that was begun
	tried   []tried       // seals that were given up, and may be on a volume that is away
	abort   chan struct{} // closed when a Close did not wait for the end
}

// Create makes the session's folder and its first journal file on every volume and writes opening as
// the first line. It returns when that is synced on every volume that is left in the set. The
// volumes' Run must be running.
func Create(ctx context.Context, cfg Config, opening journal.Entry) (*Evidence, error) {
	e, err := prepare(cfg)
	if err != nil {
		return nil, fmt.Errorf("session %s: %w", cfg.Session, err)
	}
	if err := e.scribe.begin(ctx, opening); err != nil {
		e.abandon()
		return nil, fmt.Errorf("session %s: open journal: %w", cfg.Session, err)
	}
	e.first = e.scribe.firstLine
	return e, nil
}

// First returns the hash of the session's first journal line, newline included: by it everything that
// is recorded is of this session and no other.
func (e *Evidence) First() journal.Hash { return e.first }

// prepare returns an Evidence whose journal is not begun.
func prepare(cfg Config) (*Evidence, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	e := &Evidence{
		cfg: cfg, limits: cfg.Limits.withDefaults(), pool: cfg.Pool,
		log:     cfg.Log.With().Str("session", cfg.Session).Logger(),
		set:     newSet(cfg.Volumes),
		events:  newEventQueue(),
		started: make(chan struct{}, 1),
		abort:   make(chan struct{}),
		numbers: make(map[Of]int),
		reached: make(map[Of]clock.Mono),
		turn:    make(chan struct{}, 1),
	}
	if e.pool == nil {
		e.pool = NewPool(0)
	}
	e.opened = cfg.Timeline.At(cfg.Timeline.Anchor().Mono)
	e.scribe = newScribe(e)
	for _, v := range cfg.Volumes {
		e.unwatch = append(e.unwatch, v.Notify(e.volumeEvent))
	}
	return e, nil
}

// abandon ends the watching of the volumes.
func (e *Evidence) abandon() {
	for _, cancel := range e.unwatch {
		cancel()
	}
	e.unwatch = nil
}

// Run owns the goroutines of the session: the journal's, one per camera, the events'. It returns nil
// after Close or Seal, or when ctx ends. An end of ctx without Close leaves what is not acknowledged
// unwritten.
func (e *Evidence) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer e.abandon()
	var all sync.WaitGroup
	all.Go(func() { e.scribe.run(ctx) })
	all.Go(func() { e.events.run(ctx) })
	if e.found != nil {
		all.Go(func() { e.hashFound(ctx) })
	}
	for {
		e.mu.Lock()
		waiting := e.waiting
		e.waiting = nil
		over := e.closed && !e.busy()
		e.mu.Unlock()
		for _, c := range waiting {
			all.Go(func() {
				c.loop(ctx)
				e.rouse()
			})
		}
		if over && len(waiting) == 0 {
			if e.found != nil {
				e.sums.stop()
			}
			e.scribe.finish()
			e.events.finish()
			all.Wait()
			return nil
		}
		select {
		case <-ctx.Done():
			all.Wait()
			return nil
		case <-e.abort:
			cancel()
		case <-e.started:
		}
	}
}

// busy reports whether a camera's goroutine still has to end; e.mu is held.
func (e *Evidence) busy() bool {
	for _, c := range e.cameras {
		select {
		case <-c.ended:
		default:
			return true
		}
	}
	return false
}

func (e *Evidence) rouse() {
	select {
	case e.started <- struct{}{}:
	default:
	}
}

// Events returns what happens, in order. It is closed when Run ends. A reader that is slow delays
// nobody: of a camera's Safe only the newest waits; beyond [eventsBeforeMerge] waiting events, gaps
// of one camera and cause are merged; nothing else is ever dropped.
func (e *Evidence) Events() <-chan Event { return e.events.out }

// maxData bounds a line's data so that another line can quote it.
const maxData = journal.MaxLine / 2

// Append writes a line to the journal and returns when it is synced on every volume of the set, or,
// with no volume left, in the spool. Lines are written in the order of the calls. If ctx ends while
// it waits, the line may be written all the same. Run must be running.
func (e *Evidence) Append(ctx context.Context, entry journal.Entry) error {
	if b, err := json.Marshal(entry.Data); err == nil && len(b) > maxData {
		return fmt.Errorf("session %s: journal %q: data of %d bytes, the limit is %d", e.cfg.Session, entry.Type, len(b), maxData)
	}
	if err := e.scribe.append(ctx, entry); err != nil {
		return fmt.Errorf("session %s: journal %q: %w", e.cfg.Session, entry.Type, err)
	}
	return nil
}

// Record begins to record a camera, from the key picture at or before now; its later runs begin by
// themselves whenever the camera returns. A camera that is recorded already stays so.
func (e *Evidence) Record(cam Camera) error {
	for _, id := range []string{cam.Room, cam.ID} {
		if !idPattern.MatchString(id) {
			return fmt.Errorf("session %s: id %q: want 1 to 32 of a-z, 0-9 and -", e.cfg.Session, id)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("session %s: record %s/%s: %w", e.cfg.Session, cam.Room, cam.ID, ErrClosed)
	}
	past := true
	for _, c := range e.cameras {
		if c.of != (Of{cam.Room, cam.ID}) {
			continue
		}
		if !c.stopped() {
			return nil
		}
		past = false // it is recorded already; nothing may be there twice
	}
	c := newCamera(e, cam, past)
	e.cameras = append(e.cameras, c)
	e.waiting = append(e.waiting, c)
	e.rouse()
	return nil
}

// nextRun returns the number of the camera's next run. No number is given twice, so that no two runs
// want the same file.
func (e *Evidence) nextRun(of Of) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	last, ok := e.numbers[of]
	if !ok {
		last = e.found.lastRun(of.Room, of.Camera)
	}
	e.numbers[of] = last + 1
	return last + 1
}

// reach moves the end of what is recorded of a camera to at and returns where it is: no run is shown
// to begin before the one before it ended, whatever is found out about the delay of the network.
func (e *Evidence) reach(of Of, at clock.Mono) clock.Mono {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last, ok := e.reached[of]; !ok || at > last {
		e.reached[of] = at
	}
	return e.reached[of]
}

// StopRecording ends every camera's run and returns when its last fragment is acknowledged. A
// person's End led here. The journal goes on. Called again it waits again.
//
// With no volume in the set it returns [ErrNoVolume]: what is in memory is kept until one joins, then
// written; [Evidence.Seal] needs that.
func (e *Evidence) StopRecording(ctx context.Context) error {
	return e.stop(ctx, EndClosing, false)
}

// Close flushes and closes the files of a session that goes on after a restart, without sealing it,
// and lets Run return. It does so also when ctx ends first, and then says what was not flushed.
func (e *Evidence) Close(ctx context.Context) error {
	err := e.stop(ctx, EndShutdown, true)
	e.mu.Lock()
	if first := !e.closed; first && ctx.Err() != nil {
		close(e.abort)
	}
	e.closed = true
	e.mu.Unlock()
	e.rouse()
	return err
}

func (e *Evidence) stop(ctx context.Context, cause string, leave bool) error {
	e.mu.Lock()
	cameras := e.cameras
	e.mu.Unlock()
	replies := make([]<-chan error, len(cameras))
	for i, c := range cameras {
		replies[i] = c.ask(cause, leave)
	}
	var errs []error
	for i, c := range cameras {
		select {
		case <-c.ended:
			if c.err != nil {
				errs = append(errs, fmt.Errorf("session %s: camera %s/%s: %w", e.cfg.Session, c.cam.Room, c.cam.ID, c.err))
			}
		case err := <-replies[i]:
			errs = append(errs, fmt.Errorf("session %s: camera %s/%s: %w", e.cfg.Session, c.cam.Room, c.cam.ID, err))
		case <-ctx.Done():
			return fmt.Errorf("session %s: camera %s/%s: stop: %w", e.cfg.Session, c.cam.Room, c.cam.ID, ctx.Err())
		}
	}
	return errors.Join(errs...)
}

// now returns the present on the session's timeline.
func (e *Evidence) now() (clock.Instant, clock.Mono) {
	m := e.cfg.Clock.Now().Mono
	return e.cfg.Timeline.At(m), m
}

// note lets the journal know of something that the recorder did by itself, without waiting.
func (e *Evidence) note(typ string, data any) {
	at, mono := e.now()
	e.scribe.post(journal.Entry{Type: typ, Actor: journal.ActorController, Data: data, At: at, Mono: mono})
}
