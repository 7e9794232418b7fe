package session

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

var officer = Actor{ID: "0417", Name: "Officer 0417", Role: policy.Officer}

// recording returns a stage with a session that is being recorded, and the session's id.
func recording(t *testing.T) *stage {
	s := newStage(t)
	s.line("open request=open")
	s.line("run 2s")
	require.Equal(t, table.Standby, s.state)
	return s
}

func types(lines []JournalLine) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Type)
	}
	return out
}

// A second tap never acts twice, however many come at once.
func TestRepeatedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		var wg sync.WaitGroup
		views := make([]SessionView, 50)
		for i := range views {
			wg.Go(func() {
				v, err := s.m.Do(context.Background(), officer, s.session, Command{Name: ActStart}, "tap")
				require.NoError(t, err)
				views[i] = v
			})
		}
		wg.Wait()
		for _, v := range views {
			require.Equal(t, views[0], v)
			require.Equal(t, table.Questioning, v.State)
		}
		n := 0
		for _, typ := range types(s.rec.lines) {
			if typ == TypeStart {
				n++
			}
		}
		require.Equal(t, 1, n)
		// The refusal of a request is its answer too.
		_, err := s.m.Do(context.Background(), officer, s.session, Command{Name: ActStart}, "another")
		var no *Refusal
		require.ErrorAs(t, err, &no)
		_, again := s.m.Do(context.Background(), officer, s.session, Command{Name: ActStart}, "another")
		require.Equal(t, err, again)
		s.finish()
	})
}

func TestRepeatedOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		var wg sync.WaitGroup
		ids := make([]string, 20)
		for i := range ids {
			wg.Go(func() {
				v, err := s.m.Open(context.Background(), officer, "room3", goodForm(), "tap")
				require.NoError(t, err)
				ids[i] = v.ID
			})
		}
		wg.Wait()
		require.Len(t, slices.Compact(ids), 1)
		require.Equal(t, []string{TypeOpened}, types(s.rec.lines))
		// Also after a restart.
		s.session = ids[0]
		s.line("crash")
		s.line("recover")
		v, err := s.m.Open(context.Background(), officer, "room3", goodForm(), "tap")
		require.NoError(t, err)
		require.Equal(t, ids[0], v.ID)
		s.finish()
	})
}

// Whatever a disk does, a fault is shown within the design's limits and nobody who reports waits.
func TestLockedIsShownWhileTheDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.journal("hangs")
		go func() {
			_, err := s.m.Do(context.Background(), officer, s.session, Command{Name: ActMarker, Marker: "rights-read"}, "m")
			require.NoError(t, err)
		}()
		synctest.Wait()
		before := s.clock.Now()
		s.m.Report("", FaultEvent{Code: table.StorageLost, Raised: true, At: before})
		synctest.Wait()
		v, _ := s.m.Room("room3")
		require.Equal(t, table.Locked, v.Session.State)
		require.Equal(t, before, s.clock.Now(), "no time has passed")
		require.Empty(t, v.Session.Markers, "a marker that is not on the volumes is not shown")
		s.journal("works")
		synctest.Wait()
		v, _ = s.m.Room("room3")
		require.Len(t, v.Session.Markers, 1)
		require.Equal(t, []string{TypeMarked, TypeFaultLocks}, types(s.rec.lines)[len(s.rec.lines)-2:])
		s.finish()
	})
}

// SIGTERM never ends a session and never hangs on a disk for ever.
func TestStopWhileTheDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.journal("hangs")
		before := s.clock.Now()
		errs := make(chan error, 1)
		go func() {
			_, err := s.m.Do(context.Background(), officer, s.session, Command{Name: ActStart}, "")
			errs <- err
		}()
		synctest.Wait()
		s.stop()
		<-s.done
		var no *Refusal
		require.ErrorAs(t, <-errs, &no)
		require.Equal(t, stopTime, s.clock.Now().Mono.Sub(before.Mono))
		_, err := s.m.Do(context.Background(), officer, s.session, Command{Name: ActStart}, "late")
		require.ErrorAs(t, err, &no)
		_, err = s.m.Open(context.Background(), officer, "van", OpenForm{Kind: KindTechnical}, "late")
		require.ErrorAs(t, err, &no)
	})
}

// A line that cannot be written is tried until it can, and those after it wait.
func TestLinesAreNeverGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("journal fails")
		s.line("fault camera.lost front")
		s.line("clear camera.lost front")
		s.line("fault audio.lost front")
		s.line("wait 30s")
		require.Equal(t, []string{TypeOpened, TypeAllSafe}, types(s.rec.lines))
		s.line("journal works")
		s.line("wait 2s")
		require.Equal(t, []string{TypeFaultLocks, TypeFaultCleared, TypeFaultLocks}, types(s.rec.lines)[2:5])
		s.finish()
	})
}

func TestZ23_ClockThatIsNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.m.SetClock(ClockView{}, time.Second)
		var no *Refusal
		_, err := s.m.Open(context.Background(), officer, "room3", goodForm(), "")
		require.ErrorAs(t, err, &no)
		require.Equal(t, "clock_reason", no.Fields[0].Name)
		form := goodForm()
		form.ClockReason = "time server is being replaced"
		_, err = s.m.Open(context.Background(), officer, "room3", form, "")
		require.ErrorAs(t, err, &no, "a reason alone is not a supervisor's")
		_, err = s.m.Open(context.Background(), Actor{ID: "0101", Role: policy.Supervisor}, "room3", form, "")
		require.NoError(t, err)
		var d Data
		require.NoError(t, json.Unmarshal(s.rec.lines[0].Data, &d))
		require.Equal(t, &ClockFact{Reason: form.ClockReason}, d.Clock)
		s.finish()
	})
}

// Z23: that a session was opened with a clock that nobody could trust, and why, stays in its seal whatever the clock
// is when the controller comes back; and one that is trusted no more makes it untrusted.
func TestZ23_AnUntrustedClockStaysOnRecordAfterARestart(t *testing.T) {
	for name, c := range map[string]struct{ opened, back, want bool }{
		"trusted all along":       {true, true, true},
		"trusted only when back":  {false, true, false},
		"trusted only when begun": {true, false, false},
		"never trusted":           {false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.m.SetClock(ClockView{Trusted: c.opened}, time.Minute)
				form := goodForm()
				form.ClockReason = "server is broken"
				v, err := s.m.Open(context.Background(), Actor{ID: "1", Role: policy.Supervisor}, "room3", form, "")
				require.NoError(t, err)
				s.session = v.ID
				s.line("run 2s")
				s.line("crash")
				s.start()
				s.m.SetClock(ClockView{Trusted: c.back}, time.Minute)
				_, err = s.m.Recover(context.Background(), Found{Folder: "2000/01/01/" + s.session, Lines: s.rec.lines, LastSafe: lastLine(s.rec.lines)})
				require.NoError(t, err)
				s.line("run 2s")
				want := ClockFact{Trusted: c.want, Reason: "server is broken"}
				require.Equal(t, want, factsOf(s.m.runners[s.session].decided).Clock)
				rec, err := Replay(s.rec.lines)
				require.NoError(t, err)
				require.Equal(t, want, rec.Clock)
				s.finish()
			})
		})
	}
}

// A supervisor's own sign-in beside the officer's counts, as the panel vouches for it.
func TestZ23_ASupervisorVouchesBesideTheOfficer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.m.SetClock(ClockView{}, time.Second)
		form := goodForm()
		form.ClockSupervisor = "Lead (0101)"
		var no *Refusal
		_, err := s.m.Open(context.Background(), officer, "room3", form, "")
		require.ErrorAs(t, err, &no, "without a reason it does not open")
		form.ClockReason = "time server is being replaced"
		_, err = s.m.Open(context.Background(), officer, "room3", form, "")
		require.NoError(t, err)
		var d Data
		require.NoError(t, json.Unmarshal(s.rec.lines[0].Data, &d))
		require.Equal(t, "Lead (0101)", d.Form.ClockSupervisor)
		s.finish()
	})
}

// Who looks at an open session stands in its journal, and changes nothing of it.
func TestZ37_ALookIsOnTheSessionsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		lead := Actor{ID: "0101", Name: "Lead", Role: policy.Supervisor}
		before, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.NoError(t, s.m.Viewed(context.Background(), s.session, lead, "watch-room"))
		last := s.rec.lines[len(s.rec.lines)-1]
		require.Equal(t, TypeViewed, last.Type)
		require.Equal(t, "supervisor:0101", last.Actor)
		require.JSONEq(t, `{"by":{"id":"0101","name":"Lead","role":"supervisor"},"what":"watch-room"}`, string(last.Data))
		after, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.ErrorIs(t, s.m.Viewed(context.Background(), "none", lead, "watch-room"), ErrNotFound)
		s.finish()
		require.ErrorIs(t, s.m.Viewed(context.Background(), s.session, lead, "view-session"), ErrOver)
	})
}

// What the room's sensor measures is shown, and stands in the journal when it changes, without changing
// anything else.
func TestSensorIsOnTheSessionsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		before, err := Replay(s.rec.lines)
		require.NoError(t, err)
		n := len(s.rec.lines)
		tell := func(c, h float64) {
			s.m.SetSensor("room3", Reading{Temperature: &c, Humidity: &h})
			synctest.Wait()
		}
		tell(23.4, 45)
		tell(23.6, 45.5) // no news
		tell(24, 45)
		s.m.SetSensor("room3", Reading{})
		synctest.Wait()
		s.m.SetSensor("room3", Reading{})
		synctest.Wait()
		room, _ := s.m.Room("room3")
		require.Equal(t, &Reading{}, room.Sensor)
		var said []string
		for _, l := range s.rec.lines[n:] {
			require.Equal(t, TypeSensor, l.Type)
			said = append(said, string(l.Data))
		}
		require.Equal(t, []string{`{"temperature_c":23.4,"humidity_percent":45}`, `{"temperature_c":24,"humidity_percent":45}`, `{}`}, said)
		after, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.Equal(t, before, after)
		s.finish()
	})
}

// The officer compares the clock in the room with the page. A difference is kept in the opening's line and
// in the seal, and told; it shifts no time; a minute or more needs a supervisor's reason.
func TestZ23_WallClockCheck(t *testing.T) {
	for name, c := range map[string]struct {
		wall  policy.WallClock
		role  string
		field string // that refuses
	}{
		"agrees":                           {policy.WallClock{Says: policy.ClockAgrees}, policy.Officer, ""},
		"not looked at":                    {policy.WallClock{}, policy.Officer, "wall_clock"},
		"agrees and does not":              {policy.WallClock{Says: policy.ClockAgrees, Ahead: 5}, policy.Officer, "wall_clock"},
		"by how much":                      {policy.WallClock{Says: policy.ClockDiffers}, policy.Supervisor, "wall_clock.ahead_s"},
		"by more than a day":               {policy.WallClock{Says: policy.ClockDiffers, Ahead: 86400, Reason: "x"}, policy.Supervisor, "wall_clock.ahead_s"},
		"under a minute":                   {policy.WallClock{Says: policy.ClockDiffers, Ahead: -59}, policy.Officer, ""},
		"a minute":                         {policy.WallClock{Says: policy.ClockDiffers, Ahead: 60}, policy.Officer, "wall_clock.reason"},
		"a minute behind":                  {policy.WallClock{Says: policy.ClockDiffers, Ahead: -60}, policy.Supervisor, "wall_clock.reason"},
		"a minute, an officer's reason":    {policy.WallClock{Says: policy.ClockDiffers, Ahead: 60, Reason: "battery"}, policy.Officer, "wall_clock.reason"},
		"a minute, a supervisor's reason":  {policy.WallClock{Says: policy.ClockDiffers, Ahead: 60, Reason: "battery"}, policy.Supervisor, ""},
		"an hour, a supervisor's reason":   {policy.WallClock{Says: policy.ClockDiffers, Ahead: -3600, Reason: "not set for summer"}, policy.Supervisor, ""},
		"a minute, a reason of white only": {policy.WallClock{Says: policy.ClockDiffers, Ahead: 60, Reason: " "}, policy.Supervisor, "wall_clock.reason"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				form := goodForm()
				form.WallClock = c.wall
				before := s.m.cfg.Clock.Now().Wall
				v, err := s.m.Open(context.Background(), Actor{ID: "0101", Role: c.role}, "room3", form, "")
				if c.field != "" {
					var no *Refusal
					require.ErrorAs(t, err, &no)
					require.Equal(t, c.field, no.Fields[0].Name)
					require.Empty(t, s.rec.lines, "nothing was opened")
					s.finish()
					return
				}
				require.NoError(t, err)
				require.Equal(t, before, v.Opened, "no time is shifted")
				var d Data
				require.NoError(t, json.Unmarshal(s.rec.lines[0].Data, &d))
				require.Equal(t, c.wall, d.Form.WallClock)
				rec, err := Replay(s.rec.lines)
				require.NoError(t, err)
				require.Equal(t, c.wall, factsOf(rec).Form.WallClock)
				told, differs := c.wall.Told()
				require.Equal(t, c.wall.Ahead != 0, differs)
				synctest.Wait() // until the room shows it
				room, _ := s.m.Room("room3")
				require.Equal(t, differs, slices.Contains(room.Session.Notices, told))
				s.finish()
			})
		})
	}
}

func TestZ5_RequiredCameraMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.m.SetCamera("room3", "side", CameraStatus{})
		v, _ := s.m.Room("room3")
		require.True(t, v.Fit, "it is not required")
		s.m.SetCamera("room3", "front", CameraStatus{Problem: &Text{En: "password refused", Zh: "口令被拒绝"}})
		v, _ = s.m.Room("room3")
		require.Equal(t, []Text{{En: "Front camera: password refused", Zh: "正面摄像机：口令被拒绝"}}, v.Unfit)
		_, err := s.m.Open(context.Background(), officer, "room3", goodForm(), "")
		var no *Refusal
		require.ErrorAs(t, err, &no)
		s.m.SetCamera("room3", "front", CameraStatus{Connected: true})
		s.m.SetVolumes([]VolumeView{{ID: "a"}, {ID: "b"}})
		v, _ = s.m.Room("room3")
		require.False(t, v.Fit)
		s.finish()
	})
}

func TestWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		ch, cancel := s.m.Watch("room3")
		other, _ := s.m.Watch("nowhere")
		v, _ := s.m.Room("room3")
		for range 10 { // nobody waits for a slow watcher
			s.m.SetCamera("room3", "front", CameraStatus{Connected: true})
		}
		<-ch
		w, _ := s.m.Room("room3")
		require.Greater(t, w.Seq, v.Seq)
		select {
		case <-ch:
			require.Fail(t, "signalled twice")
		case <-other:
			require.Fail(t, "no such room")
		default:
		}
		cancel()
		s.m.SetCamera("room3", "front", CameraStatus{})
		require.Empty(t, ch)
		_, ok := s.m.Room("nowhere")
		require.False(t, ok)
		_, err := s.m.Do(context.Background(), officer, "no such session", Command{Name: ActStart}, "")
		require.ErrorIs(t, err, ErrNotFound)
		s.finish()
	})
}

type fakeIndex struct {
	mu   sync.Mutex
	last map[string]Entry
	err  error
}

func (f *fakeIndex) Put(_ context.Context, e Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last[e.Session] = e
	return f.err
}

// The index holds what a folder tells, and its failing disturbs nobody.
func TestIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		index := &fakeIndex{last: map[string]Entry{}, err: errors.New("disk full")}
		s.m.cfg.Index = index
		var logged []string
		s.m.cfg.Log = func(op, _ string, _ error) { logged = append(logged, op) }
		for _, line := range []string{
			"open", "run 2s", "do start", "do roster member=T-08 phase=in", "do roster member=T-08 phase=out",
			"fault camera.lost front", "clear camera.lost front", "run 2s", "do resume", "do explain answer=no", "do end ending=refused", "run 61s",
		} {
			s.line(line)
		}
		require.Equal(t, table.Sealed, s.state)
		require.Contains(t, logged, "index")
		got := index.last[s.session]
		require.Equal(t, table.Sealed, got.State)
		require.Equal(t, 1, got.Interruptions)
		require.Len(t, got.Members, 3, "who has left took part")
		v, _ := s.m.Room("room3")
		seal := &SealResult{Hash: v.Session.Seal.Hash, At: clock.Instant{Wall: v.Session.Seal.At}}
		want, err := EntryOf(got.Folder, s.rec.lines, seal)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, "2000/01/01/"+s.session, got.Folder)
		s.finish()
	})
}

// Who comes in and goes out is on record with the time, also for whoever reads the folder later; whoever
// is there already does not come in again.
func TestZ25_2_ComingsAndGoingsHaveTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		for _, line := range []string{"do start", "do roster member=T-08 phase=in", "run 2s", "do roster member=T-08 phase=in", "run 2s", "do roster member=T-08 phase=out"} {
			s.line(line)
		}
		v, _ := s.m.Room("room3")
		s.finish()
		r, err := Replay(s.rec.lines)
		require.NoError(t, err)
		for _, got := range [][]ComingView{v.Session.Comings, r.View(s.session).Comings} {
			require.Len(t, got, 2)
			require.Equal(t, "T-08", got[0].Member.Name)
			require.Equal(t, got[0].Member, got[1].Member)
			require.False(t, got[0].Out)
			require.True(t, got[1].Out)
			require.Equal(t, got[0].At.Add(4*time.Second), got[1].At)
		}
	})
}

func TestReplayRefusesWhatDoesNotFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.finish()
		lines := s.rec.lines
		change := func(f func([]JournalLine) []JournalLine) error {
			_, err := Replay(f(slices.Clone(lines)))
			return err
		}
		require.NoError(t, change(func(l []JournalLine) []JournalLine { return l }))
		require.NoError(t, change(func(l []JournalLine) []JournalLine {
			return slices.Insert(l, 1, JournalLine{Type: "recorder.run_began", Data: []byte(`{"run":1}`)})
		}), "other layers' lines are passed over")
		for name, f := range map[string]func([]JournalLine) []JournalLine{
			"a line is missing":  func(l []JournalLine) []JournalLine { return slices.Delete(l, 1, 2) },
			"a line is repeated": func(l []JournalLine) []JournalLine { return append(l, l[2]) },
			"swapped":            func(l []JournalLine) []JournalLine { l[1], l[2] = l[2], l[1]; return l },
			"another type":       func(l []JournalLine) []JournalLine { l[2].Type = TypeEnd; return l },
			"a type of nobody's": func(l []JournalLine) []JournalLine { l[2].Type = TypePrefix + "pause"; return l },
			"another state": func(l []JournalLine) []JournalLine {
				l[2].Data = []byte(strings.Replace(string(l[2].Data), "Questioning", "Standby", 1))
				return l
			},
			"no data": func(l []JournalLine) []JournalLine { l[0].Data = nil; return l },
		} {
			require.ErrorIs(t, change(f), ErrReplay, name)
		}
		// Such a session is not gone on with, and one without an opening is none.
		s.start()
		_, err := s.m.Recover(context.Background(), Found{Folder: "2000/01/01/x", Lines: lines[1:]})
		require.ErrorIs(t, err, ErrReplay)
		_, err = s.m.Recover(context.Background(), Found{Folder: "2000/01/01/x"})
		require.ErrorIs(t, err, ErrReplay)
		s.stop()
		<-s.done
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		metrics, err := NewMetrics(reg)
		require.NoError(t, err)
		_, err = NewMetrics(reg)
		require.Error(t, err, "registered twice")
		s := newStage(t)
		s.m.metrics = metrics
		s.line("open category=theft")
		s.line("run 2s")
		s.line("do start")
		require.Equal(t, 1.0, testutil.ToFloat64(metrics.state.WithLabelValues("room3", "Questioning")))
		s.line("fault camera.lost front")
		require.Equal(t, 1.0, testutil.ToFloat64(metrics.state.WithLabelValues("room3", "Locked")))
		require.Equal(t, 0.0, testutil.ToFloat64(metrics.state.WithLabelValues("room3", "Questioning")))
		require.Equal(t, 1.0, testutil.ToFloat64(metrics.locks.WithLabelValues("room3", "camera.lost")))
		s.line("wait 601s")
		require.Equal(t, 1.0, testutil.ToFloat64(metrics.calls))
		s.line("do unrecorded reason=urgent")
		require.Zero(t, testutil.CollectAndCount(metrics.approvals), "nobody has approved it")
		s.line("do refuse-unrecorded approver=0101")
		require.Zero(t, testutil.ToFloat64(metrics.refusals.WithLabelValues("room3")), "refused without a reason")
		s.line("do refuse-unrecorded approver=0101 text=room_5_is_free")
		require.Equal(t, 1.0, testutil.ToFloat64(metrics.refusals.WithLabelValues("room3")))
		s.line("do unrecorded as=approver id=0700 reason=urgent approver=0700")
		require.Equal(t, 1.0, testutil.ToFloat64(metrics.approvals.WithLabelValues("room3", "urgent")))
		problems, err := testutil.GatherAndLint(reg)
		require.NoError(t, err)
		require.Empty(t, problems)
		s.finish()
	})
}

func TestManagerRefusesNonsense(t *testing.T) {
	_, err := NewManager(Config{})
	require.Error(t, err)
	rec := &fakeRecorder{}
	_, err = NewManager(Config{Clock: clock.NewSystem(), Recorder: rec, Policy: policy.Policy{Also: []string{"no such"}}})
	require.ErrorContains(t, err, "no such")
	_, err = NewManager(Config{Clock: clock.NewSystem(), Recorder: rec, Rooms: []RoomConfig{{ID: "room3"}}})
	require.ErrorContains(t, err, "room3")
}

// C50: the seal's facts tell of the session all that its journal does, without a null in a list.
func TestFactsHaveNoNullLists(t *testing.T) {
	b, err := json.Marshal(factsOf(Record{}))
	require.NoError(t, err)
	for _, list := range []string{"interruptions", "unrecorded", "markers", "transcript_lines"} {
		require.Contains(t, string(b), `"`+list+`":[]`)
	}
}

func TestIDsAreLocalTimeAndUnguessed(t *testing.T) {
	m, err := NewManager(Config{Clock: clock.NewSystem(), Recorder: &fakeRecorder{}, Zone: clock.NewZone(time.FixedZone("CST", 8*3600))})
	require.NoError(t, err)
	at, err := clock.ParseWall("2026-11-22T06:05:07Z")
	require.NoError(t, err)
	require.Regexp(t, `^20261122-140507-[a-z2-7]{4}$`, m.newID(at))
	require.NotEqual(t, m.newID(at), m.newID(at))
}

// A changed camera that a named officer accepts is told to its detector, or it would find it again.
func TestAcceptedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		var told []string
		s.m.cfg.Accepted = func(f table.Fault) { told = append(told, string(f.Code)+" "+f.Room+"/"+f.Subject) }
		s.line("fault camera.changed front")
		s.line("do accept subject=front")
		require.Equal(t, []string{"camera.changed room3/front"}, told)
		s.line("do accept subject=front")
		require.Len(t, told, 1)
		s.line("fault camera.changed front")
		s.line("fault camera.exchanged front")
		s.line("do accept subject=front")
		s.line("do accept subject=front")
		require.Equal(t, []string{"camera.changed room3/front", "camera.changed room3/front", "camera.exchanged room3/front"}, told, "each is accepted by itself")
		s.finish()
	})
}

// A locked session cannot take a room from another, and none takes its own.
func TestZ29_1_MoveToARoomThatIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		form := goodForm()
		form.Ground = "special"
		other, err := s.m.Open(context.Background(), officer, "van", form, "other")
		require.NoError(t, err)
		require.NotEmpty(t, other.ID)
		s.line("fault camera.lost front")
		_, err = s.m.Do(context.Background(), officer, s.session, Command{Name: ActMoveRoom, Room: "van"}, "")
		var no *Refusal
		require.ErrorAs(t, err, &no)
		require.Equal(t, "room-busy", no.Code)
		_, err = s.m.Do(context.Background(), officer, s.session, Command{Name: ActMoveRoom, Room: "nowhere"}, "")
		require.ErrorAs(t, err, &no)
		require.Equal(t, "no-room", no.Code)
		s.session = "" // two sessions wrote into one fake journal: there is nothing to replay
		s.finish()
	})
}

// Z24: somebody who goes away while a session is being opened leaves no half of one.
func TestOpeningOutlivesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := s.m.Open(ctx, officer, "room3", goodForm(), "gone")
		require.Error(t, err)
		synctest.Wait()
		v, _ := s.m.Room("room3")
		if v.Session != nil {
			require.Equal(t, table.Starting, v.Session.State)
			require.Equal(t, []string{TypeOpened}, types(s.rec.lines))
			s.session = v.Session.ID
		} else {
			require.Empty(t, s.rec.lines)
		}
		s.finish()
	})
}

// What a supervisor tells the room stands in the session's journal before it is shown there, and so does
// that it was seen; neither changes anything of the session.
func TestZ37_AMessageToTheRoomIsOnItsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		lead := Actor{ID: "0101", Name: "Lead", Role: policy.Supervisor}
		before, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.NoError(t, s.m.Tell(context.Background(), "room3", lead, "Technician comes"))
		last := s.rec.lines[len(s.rec.lines)-1]
		require.Equal(t, TypeMessage, last.Type)
		require.Equal(t, "supervisor:0101", last.Actor)
		require.JSONEq(t, `{"by":{"id":"0101","name":"Lead","role":"supervisor"},"text":"Technician comes"}`, string(last.Data))
		v, _ := s.m.Room("room3")
		require.Equal(t, "Technician comes", v.Message.Text)
		require.Zero(t, v.Message.Seen)
		lines := len(s.rec.lines)
		require.NoError(t, s.m.Told(context.Background(), "room3", officer, v.Message.At))
		require.NoError(t, s.m.Told(context.Background(), "room3", officer, v.Message.At), "once is enough")
		require.Len(t, s.rec.lines, lines+1)
		v, _ = s.m.Room("room3")
		require.NotZero(t, v.Message.Seen)
		after, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.ErrorIs(t, s.m.Tell(context.Background(), "none", lead, "x"), ErrNotFound)
		require.ErrorIs(t, s.m.Told(context.Background(), "none", lead, v.Message.At), ErrNotFound)
		s.finish()
		require.NoError(t, s.m.Tell(context.Background(), "room3", lead, "The room is free"), "without a session it is the room's alone")
		v, _ = s.m.Room("room3")
		require.Equal(t, "The room is free", v.Message.Text)
	})
}

// What a camera answers when it is asked for its clock stands in the journal from the opening on, when it changes
// and every ten minutes, without changing anything else (Z23).
func TestZ23_CameraTimeIsOnTheSessionsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		before, err := Replay(s.rec.lines)
		require.NoError(t, err)
		n := len(s.rec.lines)
		tell := func(offset, uncertainty time.Duration) {
			s.m.SetCameraTime(CameraTime{Room: "room3", Camera: "suspect", Offset: offset, Uncertainty: uncertainty})
			synctest.Wait()
		}
		s.m.SetCameraTime(CameraTime{Room: "none", Camera: "suspect"})
		tell(time.Second, 600*time.Millisecond)
		tell(1900*time.Millisecond, 600*time.Millisecond) // no more than both may be off
		tell(time.Hour, 600*time.Millisecond)
		s.line("run " + cameraTimeEvery.String())
		tell(time.Hour, 600*time.Millisecond)
		var said []time.Duration
		for _, l := range s.rec.lines[n:] {
			if l.Type != TypeCameraTime {
				continue
			}
			var c CameraTime
			require.NoError(t, json.Unmarshal(l.Data, &c))
			require.Zero(t, c.Age)
			said = append(said, c.Offset)
		}
		require.Equal(t, []time.Duration{time.Second, time.Hour, time.Hour}, said)
		after, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.Equal(t, before.Form, after.Form)
		require.Equal(t, before.Table, after.Table)
		s.finish()
	})
}

// A camera that was asked before the opening is in the session's journal all the same.
func TestZ23_CameraTimeOfBeforeTheOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.m.SetCameraTime(CameraTime{Room: "room3", Camera: "suspect", Offset: 7 * time.Second})
		s.line("run 3s")
		s.line("open request=open")
		s.line("run 2s")
		require.Equal(t, table.Standby, s.state)
		n := slices.IndexFunc(s.rec.lines, func(l JournalLine) bool { return l.Type == TypeCameraTime })
		require.Positive(t, n, "after the opening's line")
		var c CameraTime
		require.NoError(t, json.Unmarshal(s.rec.lines[n].Data, &c))
		require.Equal(t, 7*time.Second, c.Offset)
		require.GreaterOrEqual(t, c.Age, 3*time.Second)
		s.finish()
	})
}
