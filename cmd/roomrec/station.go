package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/clock/timeserver"
	"roomrec/evidence"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
	"roomrec/rtsp"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
	"roomrec/watch"
)

// station is a controller: the stages between cameras and disks, and the sessions over them. serve,
// demo and record are the same station with different doors.
type station struct {
	setup   setup
	clock   *clock.System
	log     zerolog.Logger
	metrics *prometheus.Registry

	findings   *watch.Metrics
	supervised supervision  // of the status stage alone
	beaten     atomic.Int64 // when the status stage last went round, a clock.Mono; 0: not yet
	disks      *disks
	short      map[string]bool // rooms that the disks have too little for; of the status stage alone
	rooms      *rooms
	feeding    *crew // cameras, by room
	looking    *crew // whoever looks on at them
	streams    *rtsp.Metrics
	looker     *watch.Looker // nil: nobody looks at pictures
	blind      error         // why not
	recorder   *recorder
	manager    *session.Manager
	trust      *trust
	servers    *timeserver.Watch
	// clockOpen are the alarms about the host's clock that are raised; of the status stage alone.
	clockOpen map[clock.ReasonCode]bool
	keyFile   string
	sessions  *stationlog.Log // nil without the service
	index     *index          // nil without the service
	papers    *transcripts    // nil without the service's pages
	copier    *copier         // nil without pages
	stamper   *stamper        // nil without pages
	stills    *stillKeeper    // nil without pages
	logRead   chan struct{}   // closed once it was read, or could not be
	tests     *selfTests      // nil without the service
	walls     *wallChecks     // nil without the service

	keyMu sync.Mutex
	key   seal.Key
}

// doors are what differs between those who build a station.
type doors struct {
	log     zerolog.Logger
	ack     func(evidence.Ack)
	index   session.Index
	metrics *prometheus.Registry
}

// newStation builds the stages and starts nothing.
func newStation(s setup, d doors) (_ *station, err error) {
	st := &station{
		setup: s, clock: clock.NewSystem(), log: d.log, metrics: d.metrics, rooms: &rooms{}, feeding: newCrew(), looking: newCrew(),
		keyFile: filepath.Join(s.stateDir, "seal.key"),
	}
	st.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := os.MkdirAll(s.stateDir, 0o700); err != nil {
		return nil, fmt.Errorf("state_dir: %w", err)
	}
	if err := st.openVolumes(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.release())
		}
	}()
	if err := st.makeRooms(); err != nil {
		return nil, err
	}
	st.servers = timeserver.New(st.clock, s.clockServers, s.clockPoll)
	st.trust, st.clockOpen = newTrust(s, st.servers), make(map[clock.ReasonCode]bool)
	evidenceMetrics, err := evidence.NewMetrics(st.metrics)
	if err != nil {
		return nil, err
	}
	spool := filepath.Join(s.stateDir, "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, fmt.Errorf("state_dir: %w", err)
	}
	st.recorder = &recorder{
		begun: make(chan struct{}),
		clock: st.clock, volumes: st.disks, rooms: st.rooms, pool: evidence.NewPool(0), spool: spool,
		key: st.sealKey, facts: st.trust.fact, ack: d.ack, metrics: evidenceMetrics, log: d.log,
		barren: s.faults.CameraLost,
	}
	if st.findings, err = watch.NewMetrics(st.metrics); err != nil {
		return nil, err
	}
	sessionMetrics, err := session.NewMetrics(st.metrics)
	if err != nil {
		return nil, err
	}
	cfg := session.Config{
		Metrics: sessionMetrics,
		Zone:    s.zone, Clock: st.clock, Recorder: st.recorder, Index: d.index, Policy: policy.Policy{Also: s.policy.Mandatory},
		OpenUntrusted: s.untrusted, Closing: s.closing,
		Accepted: func(f table.Fault) {
			c, ok := st.rooms.get(f.Room).camera(f.Subject)
			switch {
			case !ok:
			case f.Code == table.CameraExchanged && c.management != nil:
				c.management.accept()
			case f.Code == table.CameraChanged && c.watcher != nil:
				c.watcher.Accept()
			}
		},
		Log: func(op, id string, err error) { d.log.Error().Err(err).Str("session", id).Msg(op) },
	}
	cfg.Rooms = st.rooms.configs()
	if d.index != nil {
		st.walls = newWallChecks(st)
		cfg.WallChecks = st.walls
	}
	if st.manager, err = session.NewManager(cfg); err != nil {
		return nil, err
	}
	st.recorder.manager = st.manager
	st.index, _ = d.index.(*index)
	if d.index != nil {
		if err := st.makeLog(); err != nil {
			return nil, err
		}
	}
	if d.index != nil {
		if st.tests, err = newSelfTests(st, s.tests); err != nil {
			return nil, err
		}
		for _, r := range st.rooms.all() {
			st.walls.remember(r.setup.ID)
		}
		st.recorder.opened = func(room string) {
			st.rooms.get(room).identify()
			if s.tests != "" {
				st.tests.opens(room)
			}
		}
	}
	st.short = make(map[string]bool)
	if s.ledger {
		st.recorder.free = st.roomiest
	}
	st.disks.report = func(f session.FaultEvent) { st.manager.Report("", f) }
	return st, nil
}

// release gives the volumes back when everything over them has ended.
func (st *station) release() error {
	return st.disks.release()
}

func (st *station) openVolumes() error {
	m, err := volume.NewMetrics(st.metrics)
	if err != nil {
		return err
	}
	limits := volume.Limits{Slow: st.setup.faults.StorageSlow, Hung: st.setup.faults.StorageHung, Backlog: st.setup.faults.StorageBacklog}
	st.disks = newDisks(volume.Options{Clock: st.clock, Limits: limits, Metrics: m}, st.log)
	return st.disks.open(st.setup.volumes, !st.setup.degraded)
}

func (st *station) makeRooms() error {
	var err error
	if st.streams, err = rtsp.NewMetrics(st.metrics); err != nil {
		return err
	}
	var list []*room
	for _, rs := range st.setup.rooms {
		r, err := st.makeRoom(rs)
		if err != nil {
			return err
		}
		list = append(list, r)
	}
	st.rooms.set(list)
	return nil
}

// makeRoom makes a room's machinery, of which nothing runs yet.
func (st *station) makeRoom(rs roomSetup) (*room, error) {
	r := &room{setup: rs}
	for _, cs := range rs.cameras {
		c, err := newCamera(rs.ID, cs, st.clock, st.log, st.streams)
		if err != nil {
			return nil, err
		}
		c.voices = &r.voices
		r.cameras = append(r.cameras, c)
	}
	return r, nil
}

// sealKey returns the station's key, which is made at the first start. A key that cannot be used
// never stops a recording: it is asked for again whenever something is to be sealed.
func (st *station) sealKey() (seal.Key, error) {
	st.keyMu.Lock()
	defer st.keyMu.Unlock()
	if st.key == nil {
		key, err := readKey(st.keyFile, st.setup.seal, st.clock.Now().Wall)
		if err != nil {
			return nil, err
		}
		if err := seal.Remember(filepath.Join(st.setup.stateDir, keysFolder), key); err != nil {
			return nil, err
		}
		st.key = key
	}
	return st.key, nil
}

// keysFolder holds, in state_dir, the public half of every key that ever signed here.
const keysFolder = "keys"

func exists(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

// stages returns what has to run, in the order of starting: disks, then cameras, then sessions over
// them, then whoever looks on. They end in the reverse order, so that a session is flushed while its
// cameras still give and its disks still write.
func (st *station) stages() []stage {
	var all []stage
	all = append(all, stage{"volumes", st.disks.run})
	if st.sessions != nil {
		all = append(all, stage{"station log", st.keepLog})
	}
	for _, r := range st.rooms.all() {
		st.feeding.add(r, r.feeds())
	}
	all = append(all, stage{"cameras", st.feeding.Run})
	all = append(all, stage{"recorder", st.recorder.Run}, stage{"sessions", st.manager.Run}, stage{"storage", st.storage})
	for _, r := range st.rooms.all() {
		st.looking.add(r, st.watchRoom(r))
	}
	all = append(all, stage{"detectors", st.looking.Run})
	steps := clock.NewStepWatcher(st.clock)
	return append(all, stage{"clock", func(ctx context.Context) error { return steps.Run(ctx, st.stepped) }},
		stage{"time servers", st.servers.Run}, stage{"status", st.status})
}

// status tells the session's layer once a second what is known apart from events.
func (st *station) status(ctx context.Context) error {
	meters := make(map[*camera]*meter)
	var received meterOf
	byRoom := make(map[string]*meterOf)
	return every(ctx, statusEvery, func() {
		now := st.clock.Now()
		var bytes uint64
		rates := make(map[string]float64)
		for _, r := range st.rooms.all() {
			before := bytes
			for _, c := range r.cameras {
				if meters[c] == nil {
					meters[c] = &meter{}
				}
				st.manager.SetCamera(r.setup.ID, c.setup.id, c.status(meters[c].measure(c, now.Mono)))
				for _, t := range c.main.State().Tracks {
					bytes += t.Bytes
				}
			}
			if byRoom[r.setup.ID] == nil {
				byRoom[r.setup.ID] = &meterOf{}
			}
			// Before something was measured, and while a camera is away, room is kept as if all gave.
			usual := usualRate * float64(len(r.cameras))
			if rates[r.setup.ID] = byRoom[r.setup.ID].rate(bytes-before, now.Mono); !r.allGive() || rates[r.setup.ID] == 0 {
				rates[r.setup.ID] = max(rates[r.setup.ID], usual)
			}
		}
		st.space(rates)
		st.manager.SetVolumes(st.volumeViews(received.rate(bytes, now.Mono)))
		trust := st.trust.look()
		st.manager.SetClock(st.trust.view(trust), trust.MaxError)
		st.beat()
		st.clockAlarms(trust)
	})
}

// meterOf measures the rate of something that is counted, in units per second over the last minute.
type meterOf struct {
	values [60]uint64
	times  [60]clock.Mono
	n      int
}

func (m *meterOf) rate(v uint64, at clock.Mono) float64 {
	i := m.n % len(m.values)
	oldest := 0
	if m.n >= len(m.values) {
		oldest = i
	}
	first, began := m.values[oldest], m.times[oldest]
	m.values[i], m.times[i] = v, at
	m.n++
	since := at.Sub(began)
	if m.n < 2 || since <= 0 || v < first {
		return 0
	}
	return float64(v-first) / since.Seconds()
}

// volumeViews says how the volumes are; rate is what all cameras give, in bytes per second.
func (st *station) volumeViews(rate float64) []session.VolumeView {
	volumes := st.disks.all()
	out := make([]session.VolumeView, 0, len(volumes))
	for _, v := range volumes {
		view := session.VolumeView{ID: v.ID(), Name: filepath.Base(v.Dir()), Healthy: true, HoursLeft: -1}
		if err := v.Fault(); err != nil {
			view.Healthy, view.Problem = false, volumeProblem(err)
		} else if s := v.Stats(); s.Calling > 2*time.Second {
			// Asking a disk that does not answer would hang this goroutine too.
			view.Problem = &session.Text{En: "The disk is slow to answer.", Zh: "磁盘响应缓慢。"}
		} else if space, err := v.Space(); err == nil {
			view.FreeBytes = uint64(max(0, space.Free))
			if rate > 0 {
				view.HoursLeft = float64(view.FreeBytes) / rate / 3600
			}
		}
		out = append(out, view)
	}
	return out
}

func volumeProblem(err error) *session.Text {
	switch {
	case errors.Is(err, volume.ErrMoved):
		return &session.Text{En: "The disk is no longer there. Call IT.", Zh: "磁盘已不在原位。请联系信息技术人员。"}
	case errors.Is(err, volume.ErrReadOnly):
		return &session.Text{En: "The disk has become read-only. Call IT.", Zh: "磁盘变为只读。请联系信息技术人员。"}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &session.Text{En: "The disk is full. Call IT.", Zh: "磁盘已满。请联系信息技术人员。"}
	case errors.Is(err, volume.ErrShortWrite): // mostly the last that had room
		return &session.Text{En: "The disk is full or fails. Call IT.", Zh: "磁盘已满或者发生故障。请联系信息技术人员。"}
	case errors.Is(err, volume.ErrHung), errors.Is(err, volume.ErrBacklog):
		return &session.Text{En: "The disk does not keep up. Call IT.", Zh: "磁盘写入跟不上。请联系信息技术人员。"}
	}
	return &session.Text{En: "The disk fails. Call IT.", Zh: "磁盘故障。请联系信息技术人员。"}
}
