package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/clock/clocktest"
	"roomrec/evidence"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/watch"
)

// station is the controller from one start to its end, wired as cmd/roomrec does it.
type station struct {
	w       *world
	number  int
	clock   clock.Source
	disks   []*volumetest.Disk // as they were at its start
	manager *session.Manager
	pool    *evidence.Pool
	spool   string
	dead    atomic.Bool // killed: what it still does happens to nobody

	stopSessions, stopRecorder, stopVolumes, stopWatch, stopStorage context.CancelFunc
	sessions, recorder, writers, watchers, storing                  sync.WaitGroup
	recorderCtx, volumeCtx                                          context.Context

	// What the storage goroutine shares with the director; see disks_test.go.
	mu         sync.Mutex
	volumes    []*volume.Volume // by disk
	returned   []bool           // disks that can be used again
	told       []bool           // disks for which storage.degraded is raised
	recordings []*recording
	lost       bool // storage.lost is raised

	// Of this start; they do not change afterwards.
	feeds   map[*camera]*media.Feed
	watches map[*camera]*watch.Watcher

	found, done atomic.Int32 // sessions that were found unsealed, and how many of these are taken care of
}

type ack struct {
	evidence.Ack
	station int
}

// boot starts the controller.
func (w *world) boot() {
	w.starts++
	w.say("the controller starts")
	st := &station{
		w: w, number: w.starts, clock: w.host, pool: evidence.NewPool(0), spool: w.spool,
		feeds: map[*camera]*media.Feed{}, watches: map[*camera]*watch.Watcher{},
	}
	ctx := context.Background()
	var storeCtx, sesCtx, watchCtx context.Context
	st.volumeCtx, st.stopVolumes = context.WithCancel(ctx)
	storeCtx, st.stopStorage = context.WithCancel(ctx)
	sesCtx, st.stopSessions = context.WithCancel(ctx)
	watchCtx, st.stopWatch = context.WithCancel(ctx)
	st.recorderCtx, st.stopRecorder = context.WithCancel(ctx)
	st.openDisks()
	cfg := session.Config{
		Zone: zone, Clock: st.clock, Recorder: st,
		Accepted: func(f table.Fault) {
			if one := st.watches[w.camera(f.Room, f.Subject)]; one != nil {
				one.Accept()
			}
		},
		Log: func(op, _ string, err error) {
			if !st.dead.Load() {
				w.say("  sessions: %s: %v", op, err)
			}
		},
	}
	for _, r := range rooms {
		rc := session.RoomConfig{ID: r.id, Name: session.Text{En: r.id, Zh: r.id}, Kind: "handling-area"}
		if r.mobile {
			rc.Kind = "mobile"
		}
		for _, id := range r.cameras {
			rc.Cameras = append(rc.Cameras, session.CameraConfig{ID: id, Name: session.Text{En: id, Zh: id}, Required: w.camera(r.id, id).required})
		}
		cfg.Rooms = append(cfg.Rooms, rc)
	}
	m, err := session.NewManager(cfg)
	require.NoError(w.t, err)
	st.manager = m
	m.SetClock(session.ClockView{Trusted: true}, time.Millisecond)
	w.station = st
	for _, c := range w.cameras {
		c.attach(st)
		st.feeds[c] = c.feed
		if c.required {
			c.watcher = watch.New(watch.Config{Sound: c.sound, LossWindow: 12 * time.Second, Tick: 200 * time.Millisecond}, st.clock, c.feed, func(f watch.Finding) { st.finding(c, f) })
			st.watches[c] = c.watcher
		}
	}
	st.sessions.Go(func() { _ = m.Run(sesCtx) }) // returns nil after ctx
	for _, one := range st.watches {
		st.watchers.Go(func() { _ = one.Run(watchCtx) }) // returns nil after ctx
	}
	st.status()
	st.storing.Go(func() { st.storage(storeCtx) })
	st.recover(sesCtx)
}

func (st *station) finding(c *camera, f watch.Finding) {
	if st.dead.Load() {
		return
	}
	what := "over"
	if f.Raised {
		what = "found"
	}
	st.w.say("  watch: %s %s/%s %s", f.Code, c.room, c.id, what)
	st.manager.Report(c.room, session.FaultEvent{
		Code: table.Code(f.Code), Subject: c.id, Raised: f.Raised, Alarm: f.Alarm, At: f.At, LastGood: f.LastGood, Detail: f.Detail,
	})
}

// status tells the session's layer how cameras and volumes are, as the program does once a second.
func (st *station) status() {
	w := st.w
	if w.station != st || w.over {
		return
	}
	w.in(3*time.Second, st.status)
	for _, c := range w.cameras {
		st.manager.SetCamera(c.room, c.id, session.CameraStatus{Connected: c.connected})
		if c.watcher != nil {
			c.watcher.Refused(c.refuses && !c.connected, "password")
		}
	}
	var views []session.VolumeView
	for _, v := range st.all() {
		views = append(views, session.VolumeView{ID: v.ID(), Healthy: v.Fault() == nil})
	}
	st.manager.SetVolumes(views)
}

// recover goes on with sessions that have no seal on any volume.
func (st *station) recover(ctx context.Context) {
	open, seen := map[string]bool{}, map[string]bool{}
	for _, v := range st.all() {
		files := v.Files()
		folders, err := fs.Glob(files, "*/*/*/*")
		require.NoError(st.w.t, err)
		for _, at := range folders {
			seen[at] = true
			a, err := seal.Find(files, at)
			require.NoError(st.w.t, err)
			if was, known := open[at]; !known || was {
				open[at] = !a.Sealed()
			}
		}
	}
	for at, unsealed := range open {
		if !unsealed {
			delete(open, at)
		}
	}
	st.found.Store(int32(len(open)))
	began := st.clock.Now().Mono
	st.sessions.Go(func() {
		for at := range seen {
			if _, err := evidence.CopySeal(ctx, at, st.healthy()); err != nil && !st.dead.Load() {
				st.w.say("  %s: %v", at, err)
			}
		}
		for at := range open {
			for ctx.Err() == nil {
				wait := st.clock.Now().Mono.Sub(began) < time.Minute
				err := errors.New("a disk is away")
				if !wait || len(st.healthy()) == len(st.all()) {
					err = st.goOn(ctx, at)
				}
				if err == nil || st.dead.Load() || ctx.Err() != nil || st.w.neverOpened(path.Base(at)) {
					break
				}
				if errors.Is(err, evidence.ErrForked) || errors.Is(err, evidence.ErrSealed) || errors.Is(err, session.ErrReplay) || errors.Is(err, session.ErrNotFound) {
					st.w.fail("session %s was found unsealed and cannot go on: %v", path.Base(at), err)
					break
				}
				st.w.say("  session %s cannot go on yet: %v", path.Base(at), err)
				select {
				case <-ctx.Done():
				case <-time.After(5 * time.Second):
				}
			}
			st.done.Add(1)
		}
	})
}

func (st *station) goOn(ctx context.Context, at string) error {
	found, err := evidence.Survey(ctx, at, st.healthy())
	if err != nil {
		return err
	}
	if err := found.ReadSpool(st.spool, path.Base(at)); err != nil {
		return err
	}
	lines := make([]session.JournalLine, 0, len(found.Lines)+len(found.Spooled))
	for _, l := range slices.Concat(found.Lines, found.Spooled) {
		lines = append(lines, session.JournalLine{Type: l.Type, Actor: l.Actor, At: l.At(), Data: l.Data})
	}
	v, err := st.manager.Recover(ctx, session.Found{Folder: at, Lines: lines, LastSafe: found.LastSafe.Wall})
	if err == nil {
		st.w.say("session %s goes on: %s", v.ID, v.State)
	}
	return err
}

// kill ends the controller as SIGKILL does. What it wrote so far is in the host's memory.
func (w *world) kill() {
	st := w.bury("the controller is killed")
	for i, d := range w.disks {
		w.disks[i] = d.Again()
		d.Release()
	}
	st.abandon()
}

// cut takes the host's power away: what was not synced is lost, or torn, or there by luck.
func (w *world) cut() {
	st := w.bury("the power fails")
	for i, d := range w.disks {
		w.disks[i] = d.Crash(w.rand)
		d.Release()
	}
	st.abandon()
	// The host's clock after a boot is not what it was.
	w.host = clocktest.New(start.Add(w.now() + w.between(-2*time.Minute, 2*time.Minute)))
	w.host.Drift(w.plan.drift)
}

func (w *world) bury(how string) *station {
	w.happened("%s", how)
	w.facts.crashes++
	st := w.station
	st.dead.Store(true)
	w.station = nil
	for _, c := range w.cameras {
		c.detach()
	}
	w.people.forsaken()
	// The spool as it is now; what the dead controller still writes must not be seen.
	w.spools++
	next := filepath.Join(filepath.Dir(w.spool), fmt.Sprintf("spool-%d", w.spools))
	require.NoError(w.t, os.CopyFS(next, os.DirFS(w.spool)))
	w.spool = next
	return st
}

// abandon lets what is left of a killed controller come to its end unseen.
func (st *station) abandon() {
	st.stopWatch()
	st.stopStorage()
	st.stopRecorder()
	st.stopSessions()
	st.w.ended.Go(func() {
		st.watchers.Wait()
		st.storing.Wait()
		st.sessions.Wait()
		st.recorder.Wait()
		st.stopVolumes()
		st.writers.Wait()
	})
}

// stop ends the controller as SIGTERM does and lets after happen when it is down.
func (w *world) stop(after func()) {
	w.say("the controller is told to stop")
	w.facts.stops++
	st := w.station
	done := make(chan struct{})
	go func() {
		defer close(done)
		st.stopWatch()
		st.watchers.Wait()
		st.stopStorage()
		st.storing.Wait()
		st.stopSessions()
		st.sessions.Wait()
		st.stopRecorder()
		st.recorder.Wait()
		st.stopVolumes()
		st.writers.Wait()
	}()
	var look func()
	look = func() {
		select {
		case <-done:
		default:
			w.in(50*time.Millisecond, look)
			return
		}
		w.say("the controller is down")
		w.station = nil
		for _, c := range w.cameras {
			c.detach()
		}
		w.people.forsaken()
		for i, d := range w.disks {
			w.disks[i] = d.Again()
			d.Release()
		}
		after()
	}
	look()
}

// The recorder that the session's layer drives.

// Create begins a session.
func (st *station) Create(ctx context.Context, o session.Opening) (session.Evidence, error) {
	cfg := st.config(o)
	e, err := evidence.Create(ctx, cfg, entryOf(o.First))
	if err != nil {
		return nil, err
	}
	return st.start(o, e), nil
}

// Resume goes on with one.
func (st *station) Resume(ctx context.Context, o session.Opening) (session.Evidence, error) {
	cfg := st.config(o)
	found, err := evidence.Survey(ctx, o.Folder, cfg.Volumes)
	if err != nil {
		return nil, err
	}
	e, err := evidence.Open(ctx, cfg, found)
	if err != nil {
		return nil, err
	}
	return st.start(o, e), nil
}

func (st *station) config(o session.Opening) evidence.Config {
	p := st.w.plan
	return evidence.Config{
		Session: o.Session, Folder: o.Folder, Volumes: st.healthy(), Clock: st.clock, Timeline: o.Timeline, Zone: o.Zone,
		Limits: evidence.Limits{FragmentLength: p.fragment, SegmentLength: p.segment, CameraBytes: p.cameraBytes},
		Pool:   st.pool, Spool: st.spool, Ack: st.acknowledged, Log: zerolog.Nop(), Key: func() (seal.Key, error) { return st.w.key, nil },
	}
}

func (st *station) acknowledged(a evidence.Ack) {
	if st.dead.Load() {
		return
	}
	w := st.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks = append(w.acks, ack{a, st.number})
}

func (st *station) start(o session.Opening, e *evidence.Evidence) *recording {
	if !st.dead.Load() {
		st.w.mu.Lock()
		st.w.timelines[st.number] = o.Timeline
		st.w.mu.Unlock()
	}
	one := &recording{st: st, o: o, e: e, refused: map[*volume.Volume]bool{}}
	st.mu.Lock()
	st.recordings = append(st.recordings, one)
	st.mu.Unlock()
	st.recorder.Go(func() {
		_ = e.Run(st.recorderCtx) // returns nil
		st.ended(one)
	})
	st.recorder.Go(one.tell)
	for _, c := range st.w.cameras {
		if one := st.watches[c]; one != nil && c.room == o.Room {
			one.Begin()
		}
	}
	return one
}

type recording struct {
	st *station
	o  session.Opening
	e  *evidence.Evidence
	// refused are the volumes that this session cannot have; of the storage goroutine alone.
	refused map[*volume.Volume]bool
}

func entryOf(l session.Line) journal.Entry {
	return journal.Entry{Type: l.Type, Actor: l.Actor, Data: l.Data, At: l.At, Mono: l.Mono}
}

func (r *recording) Append(ctx context.Context, l session.Line) error {
	return r.e.Append(ctx, entryOf(l))
}

func (r *recording) Record(roomID, id string) error {
	c := r.st.w.camera(roomID, id)
	return r.e.Record(evidence.Camera{Room: roomID, ID: id, Feed: r.st.feeds[c], Required: c.required})
}

func (r *recording) StopRecording(ctx context.Context) error { return r.e.StopRecording(ctx) }
func (r *recording) Close(ctx context.Context) error         { return r.e.Close(ctx) }

func (r *recording) Seal(ctx context.Context, facts any) (session.SealResult, error) {
	b, err := json.Marshal(facts)
	if err != nil {
		return session.SealResult{}, err
	}
	f, ok := facts.(session.Facts)
	if !ok {
		return session.SealResult{}, fmt.Errorf("facts are %T", facts)
	}
	res, err := r.e.Seal(ctx, r.st.w.key, evidence.Facts{
		Session: json.RawMessage(b), Clock: seal.Clock{Source: "ntp", Trusted: true}, Opened: r.o.Opened, Interruptions: interruptions(f, r.o.Opened),
	})
	if err != nil {
		return session.SealResult{}, err
	}
	for _, c := range r.st.w.cameras {
		if one := r.st.watches[c]; one != nil && c.room == r.o.Room {
			one.End()
		}
	}
	return session.SealResult{Hash: res.Hash.String(), At: res.At, Key: r.st.w.key.Name()}, nil
}

func interruptions(f session.Facts, opened clock.Instant) []seal.Interruption {
	at := func(w clock.Wall) *clock.Instant {
		if w == 0 {
			return nil
		}
		return &clock.Instant{Wall: w, Uncertainty: opened.Uncertainty}
	}
	var out []seal.Interruption
	for _, b := range f.Breaks {
		i := seal.Interruption{Cause: string(b.Cause.Code), MissingFrom: at(b.LastGood), MissingTo: at(b.FirstGood), SuspendedFrom: at(b.Locked)}
		if b.Locked != 0 {
			i.SuspendedTo = at(b.Until)
		}
		out = append(out, i)
	}
	return out
}

// tell passes the recording's events on.
func (r *recording) tell() {
	st := r.st
	for ev := range r.e.Events() {
		if st.dead.Load() {
			continue
		}
		switch ev := ev.(type) {
		case evidence.Safe:
			st.manager.Progress(r.o.Session, session.Progress{Room: ev.Room, Camera: ev.Camera, From: ev.From, To: ev.Until, Volumes: ev.Volumes, Gaps: ev.Gaps, Behind: ev.Behind})
		case evidence.GapDeclared:
			st.w.say("  gap of %s/%s: %s, %d units", ev.Room, ev.Camera, ev.Cause, ev.Units)
		case evidence.RunBegan:
			st.w.say("  run %d of %s/%s begins at %s", ev.Run, ev.Room, ev.Camera, ev.At.Wall)
		case evidence.RunEnded:
			st.w.say("  run %d of %s/%s ends at %s: %s", ev.Run, ev.Room, ev.Camera, ev.Last.Wall, ev.Cause)
		case evidence.NotRecorded:
			st.w.say("  pictures of %s/%s cannot be recorded: %v", ev.Room, ev.Camera, ev.Err)
			st.manager.NotRecorded(r.o.Session, ev.Room, ev.Camera, ev.Since, "cannot be recorded")
		case evidence.VolumeLeft:
			st.w.say("  volume %s left, %d remain: %v", ev.Volume, ev.Remaining, ev.Err)
			if ev.Remaining > 0 {
				st.degraded(ev)
			}
		case evidence.VolumeJoined:
			st.w.say("  volume %s joined, %d are in", ev.Volume, ev.Members)
		case evidence.StorageLost:
			st.w.say("  no volume is left")
			st.mu.Lock()
			st.lost = true
			st.mu.Unlock()
			st.manager.Report("", session.FaultEvent{Code: "storage.lost", Raised: true, At: ev.At, Detail: ev.Err.Error()})
		}
	}
}

func (w *world) camera(roomID, id string) *camera {
	i := slices.IndexFunc(w.cameras, func(c *camera) bool { return c.room == roomID && c.id == id })
	if i < 0 {
		return nil
	}
	return w.cameras[i]
}

var zone = clock.NewZone(time.FixedZone("CST", 8*3600))

// sealedOn returns the volumes that hold the session's seal, "" if none does.
func (w *world) sealedOn() (volumes string) {
	for i, d := range w.disks {
		files := d.Files()
		found, err := fs.Glob(files, "*/*/*/"+w.people.session)
		require.NoError(w.t, err)
		for _, at := range found {
			a, err := seal.Find(files, at)
			require.NoError(w.t, err)
			if a.Sealed() {
				volumes += fmt.Sprintf(" vol-%c", 'a'+i)
			}
		}
	}
	return volumes
}

// neverOpened reports whether nobody was ever told that the session is open: the controller died
// before its first line was safe.
func (w *world) neverOpened(session string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.known[session]
}

func (w *world) knows(session string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known[session] = true
}
