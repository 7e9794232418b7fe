package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
	"roomrec/media"
	"roomrec/session"
	"roomrec/session/table"
)

// recorder makes the evidence of sessions for the session's layer, and tells that layer what the
// recording goes through.
type recorder struct {
	clock   clock.Source
	volumes *disks
	rooms   *rooms
	pool    *evidence.Pool
	spool   string
	key     func() (seal.Key, error)
	facts   func() seal.Clock      // of the host's clock
	logged  func(stationlog.Entry) // nil without a station log
	opened  func(room string)      // nil where nobody tests; must not wait
	ack     func(evidence.Ack)
	metrics *evidence.Metrics
	barren  time.Duration // for how long pictures may come that cannot be recorded; 0: as evidence has it
	log     zerolog.Logger
	manager *session.Manager

	begun chan struct{} // closed when Run has begun

	mu  sync.Mutex
	ctx context.Context // of Run; nil before
	// Those that run, and whether a session has been told that the last volume left.
	recordings map[*recording]struct{}
	lost       bool
	mismatched []session.FaultEvent // those that locked, because no good copy was left
	bare       []*recording         // those that no volume has joined; of the storage stage alone
	// Sessions that are being opened, what the rooms' cameras give in bytes per second, and how much the
	// roomiest disk has; free is nil where no room is kept.
	opening map[*session.Opening]struct{}
	rates   map[string]float64
	free    func() (bytes int64, known bool)
	running sync.WaitGroup
}

// Run keeps the recordings going until ctx ends; those that are still open then lose what is not yet
// acknowledged, so the session's layer ends first and closes them.
func (r *recorder) Run(ctx context.Context) error {
	r.mu.Lock()
	r.ctx = ctx
	r.mu.Unlock()
	close(r.begun)
	<-ctx.Done()
	r.running.Wait()
	return ctx.Err()
}

// Create begins a session's folder on every volume that is healthy.
func (r *recorder) Create(ctx context.Context, o session.Opening) (session.Evidence, error) {
	cfg, err := r.config(o)
	if err != nil {
		return nil, err
	}
	release, err := r.reserve(o)
	if err != nil {
		return nil, err
	}
	defer release()
	e, err := evidence.Create(ctx, cfg, entryOf(o.First))
	if err != nil {
		return nil, err
	}
	if r.logged != nil {
		r.logged(openedEntry(o.Session, o.Opened.Wall, e.First(), false))
	}
	if r.opened != nil {
		r.opened(o.Room)
	}
	return r.start(o, e, nil), nil
}

// Resume goes on with a session that was found unsealed.
func (r *recorder) Resume(ctx context.Context, o session.Opening) (session.Evidence, error) {
	cfg, err := r.config(o)
	if err != nil {
		return nil, err
	}
	found, err := evidence.Survey(ctx, o.Folder, cfg.Volumes)
	if err != nil {
		return nil, err
	}
	began := make(map[evidence.Of][]*media.Track)
	for _, room := range r.rooms.all() {
		for _, c := range room.cameras {
			of := evidence.Of{Room: c.room, Camera: c.setup.id}
			began[of] = found.Described(of.Room, of.Camera, acceptedAt(found.Lines, of))
		}
	}
	e, err := evidence.Open(ctx, cfg, found)
	if err != nil {
		return nil, err
	}
	if r.logged != nil {
		r.logged(openedEntry(o.Session, o.Opened.Wall, e.First(), true))
	}
	return r.start(o, e, began), nil
}

// acceptedAt returns when a named officer has last accepted that a camera's stream is not as it was, 0 if nobody has.
func acceptedAt(lines []journal.Line, of evidence.Of) (at clock.Wall) {
	changed := table.Fault{Code: table.CameraChanged, Room: of.Room, Subject: of.Camera}
	for _, l := range lines {
		if l.Type != session.TypeFaultCleared && l.Type != session.TypeAlarmCleared || l.Actor == session.ActorController {
			continue
		}
		var d session.Data
		if json.Unmarshal(l.Data, &d) == nil && d.Event.Fault == changed {
			at = l.At().Wall
		}
	}
	return at
}

func (r *recorder) config(o session.Opening) (evidence.Config, error) {
	cfg := evidence.Config{
		Session: o.Session, Folder: o.Folder, Clock: r.clock, Timeline: o.Timeline, Zone: o.Zone,
		Limits: evidence.Limits{NotRecorded: r.barren}, Pool: r.pool, Spool: r.spool, Key: r.key, Ack: r.ack, Log: r.log, Metrics: r.metrics,
	}
	cfg.Volumes = r.volumes.healthy()
	if len(cfg.Volumes) == 0 {
		return cfg, evidence.ErrNoVolume
	}
	return cfg, nil
}

// start lets the recording run and its events reach the session's layer. began is what the cameras of a session gave
// that goes on; nil for a new one.
func (r *recorder) start(o session.Opening, e *evidence.Evidence, began map[evidence.Of][]*media.Track) *recording {
	one := &recording{r: r, o: o, e: e, began: began, refused: make(map[*volume.Volume]bool), unread: make(map[*volume.Volume]clock.Mono)}
	r.mu.Lock()
	if r.recordings == nil {
		r.recordings = make(map[*recording]struct{})
	}
	r.recordings[one] = struct{}{}
	r.mu.Unlock()
	r.running.Go(func() {
		<-r.begun // stages begin side by side: a session may be quicker
		r.mu.Lock()
		ctx := r.ctx
		r.mu.Unlock()
		if err := e.Run(ctx); err != nil {
			r.log.Error().Err(err).Str("session", o.Session).Msg("recording ended")
		}
		r.mu.Lock()
		delete(r.recordings, one)
		r.mu.Unlock()
	})
	r.running.Go(one.tell)
	one.begin(o.Room)
	return one
}

// recording is one session's evidence as the session's layer drives it.
type recording struct {
	r *recorder
	o session.Opening
	e *evidence.Evidence
	// began are the streams with which the session began before a restart, or that were accepted since.
	began map[evidence.Of][]*media.Track
	// refused are the volumes that this session cannot have; of the storage stage alone.
	refused map[*volume.Volume]bool
	// unread says when to ask those again that could not be read; of the storage stage alone.
	unread map[*volume.Volume]clock.Mono
	// begun are the rooms that the session came to, whose watchers know of it; r.mu guards it.
	begun []string
}

// begin tells the watchers of a room that a session is there, once for each room that it comes to.
func (e *recording) begin(room string) {
	e.r.mu.Lock()
	again := slices.Contains(e.begun, room)
	if !again {
		e.begun = append(e.begun, room)
	}
	e.r.mu.Unlock()
	if again {
		return
	}
	for _, c := range e.r.rooms.cameras(room) {
		if c.watcher == nil {
			continue
		}
		if tracks := e.began[evidence.Of{Room: room, Camera: c.setup.id}]; tracks != nil {
			c.watcher.Resume(tracks)
		} else {
			c.watcher.Begin()
		}
	}
}

// rooms returns the rooms whose cameras the session records, the one that it was opened in first.
func (e *recording) rooms() []string {
	e.r.mu.Lock()
	defer e.r.mu.Unlock()
	return slices.Clone(e.begun)
}

// over tells the watchers of every room of the session that it is sealed.
func (e *recording) over() {
	for _, room := range e.rooms() {
		for _, c := range e.r.rooms.cameras(room) {
			if c.watcher != nil {
				c.watcher.End()
			}
			if c.management != nil {
				c.management.forget()
			}
		}
	}
}

// Append writes a journal line.
func (e *recording) Append(ctx context.Context, l session.Line) error {
	return e.e.Append(ctx, entryOf(l))
}

func entryOf(l session.Line) journal.Entry {
	return journal.Entry{Type: l.Type, Actor: l.Actor, Data: l.Data, At: l.At, Mono: l.Mono}
}

// Record begins to record a camera.
func (e *recording) Record(roomID, cameraID string) error {
	cam, ok := e.r.rooms.get(roomID).camera(cameraID)
	if !ok {
		return fmt.Errorf("session %s: no camera %s in room %s", e.o.Session, cameraID, roomID)
	}
	e.begin(roomID)
	return e.e.Record(evidence.Camera{Room: roomID, ID: cameraID, Feed: cam.feed, Required: cam.setup.required})
}

// StopRecording ends every run.
func (e *recording) StopRecording(ctx context.Context) error { return e.e.StopRecording(ctx) }

// Close flushes and closes.
func (e *recording) Close(ctx context.Context) error { return e.e.Close(ctx) }

// Seal signs and writes the closing record.
func (e *recording) Seal(ctx context.Context, facts any) (session.SealResult, error) {
	key, err := e.r.key()
	if err != nil {
		return session.SealResult{}, err
	}
	b, err := json.Marshal(facts)
	if err != nil {
		return session.SealResult{}, err
	}
	hostClock := clockOf(facts, e.r.facts(), e.o.Opened)
	res, err := e.e.Seal(ctx, key, evidence.Facts{
		Session: json.RawMessage(b), Clock: hostClock, Opened: e.o.Opened, Interruptions: interruptionsOf(facts, e.o.Opened),
	})
	if err != nil {
		return session.SealResult{}, err
	}
	if e.r.logged != nil {
		e.r.logged(stationlog.Entry{Kind: stationlog.Sealed, Session: e.o.Session, At: res.At.Wall, Hash: res.Hash})
	}
	e.over()
	out := session.SealResult{Hash: res.Hash.String(), At: res.At, Key: key.Name(), Uncertainty: res.Statement.Clock.Uncertainty}
	if !hostClock.Trusted {
		out.Facts = append(out.Facts, clockNotTrusted)
	}
	if len(res.Lacking) > 0 {
		out.Facts = append(out.Facts, onFailedDisk)
	}
	return out, nil
}

var (
	clockNotTrusted = session.Text{En: "Clock not trusted", Zh: "时钟不可信"}
	onFailedDisk    = session.Text{
		En: "Part of the recording is only on a disk that has failed: keep that disk",
		Zh: "部分录制内容仅存于已失效的磁盘，请保留该磁盘",
	}
)

// tell passes the recording's events on until it ends.
func (e *recording) tell() {
	for ev := range e.e.Events() {
		log := e.r.log.With().Str("session", e.o.Session).Logger()
		switch ev := ev.(type) {
		case evidence.Safe:
			e.r.manager.Progress(e.o.Session, session.Progress{
				Room: ev.Room, Camera: ev.Camera, From: ev.From, To: ev.Until, Volumes: ev.Volumes, Gaps: ev.Gaps, Behind: ev.Behind,
			})
		case evidence.GapDeclared:
			log.Warn().Str("room", ev.Room).Str("camera", ev.Camera).Str("cause", string(ev.Cause)).
				Stringer("from", ev.From.Wall).Stringer("to", ev.To.Wall).Msg("gap")
		case evidence.NotRecorded:
			log.Error().Err(ev.Err).Str("room", ev.Room).Str("camera", ev.Camera).Msg("pictures come and cannot be recorded")
			e.r.manager.NotRecorded(e.o.Session, ev.Room, ev.Camera, ev.Since, "pictures come and cannot be recorded")
		case evidence.VolumeLeft:
			log.Error().Str("volume", ev.Volume).Err(ev.Err).Int("remaining", ev.Remaining).Msg("volume left the set")
			if errors.Is(ev.Err, volume.ErrMismatch) {
				f := session.FaultEvent{
					Code: "storage.mismatch", Subject: ev.Volume, Raised: true, Alarm: ev.Remaining > 0, At: ev.At, Detail: detail(ev.Err),
				}
				if !f.Alarm {
					e.r.mu.Lock()
					e.r.mismatched = append(e.r.mismatched, f)
					e.r.mu.Unlock()
				}
				e.r.manager.Report("", f)
			}
			if ev.Remaining > 0 {
				e.r.volumes.degraded(ev)
			}
		case evidence.VolumeDamaged:
			if ev.Members > 1 {
				e.r.volumes.damaged(ev)
				continue
			}
			// No other disk has it. What is lost of it is on record; that the disk loses things is for a technician, now.
			e.r.manager.Report("", session.FaultEvent{
				Code: "storage.mismatch", Subject: ev.Volume, Raised: true, Alarm: true, At: ev.At, Detail: detail(ev.Err),
			})
		case evidence.StorageLost:
			log.Error().Err(ev.Err).Msg("no volume is left")
			e.r.mu.Lock()
			e.r.lost = true
			e.r.mu.Unlock()
			e.r.manager.Report("", session.FaultEvent{Code: "storage.lost", Raised: true, At: ev.At, Detail: detail(ev.Err)})
		case evidence.RunBegan:
			log.Info().Str("room", ev.Room).Str("camera", ev.Camera).Int("run", ev.Run).Msg("run began")
		case evidence.RunEnded:
			log.Info().Str("room", ev.Room).Str("camera", ev.Camera).Int("run", ev.Run).Str("cause", ev.Cause).Msg("run ended")
		}
	}
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
