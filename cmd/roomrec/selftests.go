package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/evidence/volume"
	"roomrec/panel"
	"roomrec/selftest"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/watch/stills"
)

// Of the tests.
const (
	dailyLength   = time.Minute
	openingLength = 5 * time.Second
	// bootTime is how long the program must run before a daily test that is due is made: cameras and
	// disks come up with it.
	bootTime = 10 * time.Minute
	// testsFolder holds results, in state_dir and on every volume, by room.
	testsFolder = "self-tests"
)

// selfTests tests rooms (Z8): each day for a minute, whenever a session is opened for five seconds, and
// when somebody asks. A room has one test at a time.
type selfTests struct {
	st      *station
	daily   string // hours and minutes, in the station's zone
	metrics *testMetrics
	opened  chan string // rooms whose session was opened; capacity 64, beyond that the test is left out and logged

	mu    sync.Mutex
	busy  map[string]bool
	dates map[string]clock.Wall // when each room's last daily test ended
}

var (
	errTesting     = errors.New("this room is being tested")
	errUnknownRoom = errors.New("there is no such room")
)

func newSelfTests(st *station, daily string) (*selfTests, error) {
	m, err := newTestMetrics(st.metrics)
	if err != nil {
		return nil, err
	}
	t := &selfTests{st: st, daily: daily, metrics: m, opened: make(chan string, 64), busy: make(map[string]bool), dates: make(map[string]clock.Wall)}
	for _, r := range st.rooms.all() {
		t.remember(r.setup.ID)
	}
	return t, nil
}

// remember takes up a room's results of before.
func (t *selfTests) remember(room string) {
	last, day, err := readTests(filepath.Join(t.st.setup.stateDir, testsFolder, room))
	if err != nil {
		t.st.log.Error().Err(err).Str("room", room).Msg("results of self-tests")
	}
	t.mu.Lock()
	t.dates[room] = day.Ended
	t.mu.Unlock()
	if t.daily != "" {
		t.metrics.daily.WithLabelValues(room).Set(float64(day.Ended) / 1e9)
	}
	if last.Room == room {
		t.show(last)
	}
}

// readTests returns the last result in a folder, and the last daily one; zero results without any.
func readTests(dir string) (last, daily selftest.Result, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return last, daily, nil
	}
	if err != nil {
		return last, daily, err
	}
	for _, e := range slices.Backward(entries) {
		if !strings.HasSuffix(e.Name(), ".note") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return last, daily, err
		}
		r, err := selftest.Parse(b)
		if err != nil {
			return last, daily, &fs.PathError{Op: "read", Path: filepath.Join(dir, e.Name()), Err: err}
		}
		if last.Room == "" {
			last = r
		}
		if r.Length >= dailyLength {
			return last, r, nil
		}
	}
	return last, daily, nil
}

// show tells the pages, the numbers and the alarms of a result.
func (t *selfTests) show(r selftest.Result) {
	t.st.manager.SetTested(r.Room, session.TestView{At: r.Ended, Why: string(r.Why), Passed: r.Passed, Detail: r.Summary()})
	t.metrics.result(r)
	t.st.manager.Report(r.Room, session.FaultEvent{
		Code: table.SelfTestFailed, Raised: !r.Passed, Alarm: true, At: t.st.clock.Now(), Detail: r.Summary(),
	})
}

// Run makes the tests that are due until ctx ends.
func (t *selfTests) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	began := t.st.clock.Now()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case room := <-t.opened:
			running.Go(func() {
				if _, err := t.test(ctx, room, selftest.Opening, openingLength); err != nil && ctx.Err() == nil {
					t.st.log.Warn().Err(err).Str("room", room).Msg("self-test")
				}
			})
		case <-tick.C:
			now := t.st.clock.Now()
			if now.Mono.Sub(began.Mono) < bootTime {
				continue
			}
			if room := t.due(now.Wall); room != "" {
				running.Go(func() {
					if _, err := t.test(ctx, room, selftest.Daily, dailyLength); err != nil && ctx.Err() == nil {
						t.st.log.Warn().Err(err).Str("room", room).Msg("self-test")
					}
				})
			}
		}
	}
}

// due returns a room whose daily test is due, one at a time.
func (t *selfTests) due(now clock.Wall) string {
	at := lastAt(now, t.daily, t.st.setup.zone)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.st.rooms.all() {
		if t.busy[r.setup.ID] {
			return ""
		}
	}
	for _, r := range t.st.rooms.all() {
		if v, ok := t.st.manager.Room(r.setup.ID); ok && t.dates[r.setup.ID] < at && (v.Session == nil || v.Session.State == table.Sealed) {
			return r.setup.ID
		}
	}
	return ""
}

// lastAt returns the last instant before now at which the clock on the wall showed at, as in 05:30.
func lastAt(now clock.Wall, at string, zone clock.Zone) clock.Wall {
	hour, err := time.Parse("15:04", at)
	if err != nil {
		return 0 // the settings were checked; never is better than always
	}
	local := now.Time().In(zone.Location())
	for day := 0; ; day-- {
		then := time.Date(local.Year(), local.Month(), local.Day()+day, hour.Hour(), hour.Minute(), 0, 0, zone.Location())
		if !then.After(local) {
			return clock.WallOf(then)
		}
	}
}

// hold keeps tests out of a room that is to be changed, and reports whether it could: not while one is made.
func (t *selfTests) hold(room string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[room] {
		return false
	}
	t.busy[room] = true
	return true
}

// release lets a room be tested again.
func (t *selfTests) release(room string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, room)
}

// forget drops what is shown of a room that is no more. Its results stay.
func (t *selfTests) forget(room string) {
	t.mu.Lock()
	delete(t.dates, room)
	t.mu.Unlock()
	t.metrics.forget(room)
}

// opens asks for the test of a room whose session has just been opened. It never waits.
func (t *selfTests) opens(room string) {
	if t == nil {
		return
	}
	select {
	case t.opened <- room:
	default:
		t.st.log.Error().Str("room", room).Msg("self-test left out: too many sessions are opened at once")
	}
}

// test tests a room, keeps the result and tells of it.
func (t *selfTests) test(ctx context.Context, room string, why selftest.Why, length time.Duration) (selftest.Result, error) {
	if !t.hold(room) {
		return selftest.Result{}, errTesting
	}
	defer t.release(room)
	r := t.st.rooms.get(room)
	if r == nil {
		return selftest.Result{}, errUnknownRoom
	}
	s := t.st.setup
	cfg := selftest.Config{
		Room: room, Why: why, Length: length, Clock: t.st.clock, Zone: s.zone, Program: version,
		Limits: volume.Limits{Slow: s.faults.StorageSlow, Hung: s.faults.StorageHung, Backlog: s.faults.StorageBacklog},
	}
	// A decoder of its own: the pictures of rooms with a session are not to wait for it.
	if d, err := stills.New(); err == nil {
		cfg.Decoder = d
	}
	for _, c := range r.cameras {
		if c.setup.required {
			cfg.Cameras = append(cfg.Cameras, selftest.Camera{ID: c.setup.id, Feed: c.feed, Sound: c.setup.soundRequired})
		}
	}
	for _, v := range t.st.disks.all() {
		cfg.Volumes = append(cfg.Volumes, selftest.Volume{ID: v.ID(), Dir: v.Dir()})
	}
	result := selftest.Run(ctx, cfg)
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	err := t.keep(&result)
	if length >= dailyLength { // whoever asked for it
		t.mu.Lock()
		t.dates[room] = result.Ended
		t.mu.Unlock()
		t.metrics.daily.WithLabelValues(room).Set(float64(result.Ended) / 1e9)
	}
	t.metrics.count(result)
	t.show(result)
	t.st.log.Info().Str("room", room).Str("why", string(why)).Bool("passed", result.Passed).Str("detail", result.Summary()).Msg("self-test")
	return result, err
}

// keep signs a result and writes it to state_dir and every volume in use.
func (t *selfTests) keep(r *selftest.Result) error {
	key, err := t.st.sealKey()
	if err != nil {
		return err
	}
	r.Key = key.Verifier()
	note, err := selftest.Sign(*r, key)
	if err != nil {
		return err
	}
	name := r.Began.Time().UTC().Format("20060102-150405.000") + "-" + string(r.Why) + ".note"
	dir := filepath.Join(t.st.setup.stateDir, testsFolder, r.Room)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := secretFile(filepath.Join(dir, name), note); err != nil {
		return err
	}
	for _, v := range t.st.disks.healthy() {
		// Whether it got there is the volume's affair: what fails is a fault of its own.
		v.Create(path.Join(testsFolder, r.Room, name), volume.Write{Data: note}).Close()
	}
	return nil
}

// testWanted is what is asked of the controller.
type testWanted struct {
	Room   string        `json:"room" doc:"The room's id"`
	Length time.Duration `json:"length_ns,omitempty" doc:"How long to record, at most a minute; 5 s if left out. A minute counts as the daily test"`
}

type testRefused struct {
	Error string `json:"error" doc:"Why not, for a technician"`
}

var testDoc = panel.Doc{
	ID: "self-test", Summary: "Test a room",
	Description: "Records the room's cameras for some seconds to every volume, reads back, decodes and measures; answers with the result when it is done. The recording is not kept. A room in which a session runs can be tested.",
	Body:        testWanted{},
	Answers:     map[int]any{http.StatusOK: selftest.Result{}, http.StatusBadRequest: testRefused{}, http.StatusNotFound: testRefused{}, http.StatusConflict: testRefused{}, http.StatusInternalServerError: testRefused{}},
}

// postTest answers POST /api/v1/self-tests.
func (t *selfTests) postTest(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// Who asked is gone if this fails.
		_ = json.NewEncoder(w).Encode(v)
	}
	var in testWanted
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<10)).Decode(&in); err != nil || in.Room == "" {
		answer(http.StatusBadRequest, testRefused{`want {"room": "room-1"}`})
		return
	}
	length := cmp.Or(in.Length, openingLength)
	if length < time.Second || length > dailyLength {
		answer(http.StatusBadRequest, testRefused{"want a length of 1 s to 1 min"})
		return
	}
	// It goes on if whoever asked has gone: half a test tells nothing.
	result, err := t.test(context.WithoutCancel(r.Context()), in.Room, selftest.Asked, length)
	switch {
	case errors.Is(err, errUnknownRoom):
		answer(http.StatusNotFound, testRefused{err.Error()})
	case errors.Is(err, errTesting):
		answer(http.StatusConflict, testRefused{err.Error()})
	case err != nil:
		answer(http.StatusInternalServerError, testRefused{err.Error()})
	default:
		answer(http.StatusOK, result)
	}
}
