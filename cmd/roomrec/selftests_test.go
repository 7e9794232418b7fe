package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/rtsp"
	"roomrec/selftest"
	"roomrec/session"
	"roomrec/session/table"
)

// dailyStation is a station of two rooms and one disk, whose rooms are tested daily. Their cameras give nothing.
func dailyStation(t *testing.T, dir, daily string) *station {
	t.Helper()
	defaults := config.Default()
	s := setup{
		zone: clock.NewZone(defaults.Location()), stateDir: filepath.Join(dir, "state"), volumes: []config.Volume{{Path: filepath.Join(dir, "disk")}},
		closing: time.Second, faults: defaults.Faults, untrusted: true, clockSource: "local", clockLimit: defaults.Clock.Limit,
	}
	for _, id := range []string{"room-1", "room-2"} {
		room := roomSetup{RoomConfig: session.RoomConfig{ID: id, Name: session.Text{En: id, Zh: id}, Kind: "handling-area"}}
		source, err := rtsp.ParseSource("rtsp://192.0.2.1/" + id) // nobody asks it: its stage does not run
		require.NoError(t, err)
		room.add(cameraSetup{id: "front", name: room.Name, source: source, required: true})
		s.rooms = append(s.rooms, room)
	}
	st, err := newStation(s, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	st.tests, err = newSelfTests(st, daily)
	require.NoError(t, err)
	for _, r := range s.rooms {
		st.manager.SetCamera(r.ID, "front", session.CameraStatus{Connected: true}) // a session can be opened
	}
	return st
}

// running runs what tests need of a station; end ends it.
func (st *station) running(t *testing.T) (end func()) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- runStages(ctx, []stage{
			{"volumes", st.disks.run}, {"recorder", st.recorder.Run}, {"sessions", st.manager.Run}, {"self-tests", st.tests.Run},
		})
	}()
	return func() {
		stop()
		require.NoError(t, <-done)
		require.NoError(t, st.release())
	}
}

// kept returns the results of a room's tests, oldest first.
func (st *station) kept(t *testing.T, room string) (out []selftest.Result) {
	files, err := filepath.Glob(filepath.Join(st.setup.stateDir, testsFolder, room, "*.note"))
	require.NoError(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := selftest.Parse(b)
		require.NoError(t, err)
		require.Equal(t, room, r.Room)
		require.Equal(t, selftest.Daily, r.Why)
		require.Equal(t, time.Minute, r.Length)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b selftest.Result) int { return int(a.Began - b.Began) })
	return out
}

// A day and a half: each room is tested once a day at its hour, one room at a time, not while a session runs,
// which is made up when it is sealed; one that was missed is made up once the program is up, and a restart
// tests nothing twice.
func TestZ8_DailySelfTests(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, makeVolume(filepath.Join(dir, "disk")))
	synctest.Test(t, func(t *testing.T) {
		st := (*station)(nil)
		zone := config.Default().Location()
		until := func(day, hour, minute int) {
			time.Sleep(time.Until(time.Date(2026, 11, day, hour, minute, 0, 0, zone)))
			synctest.Wait()
		}
		requireTests := func(first, second int, when string) {
			t.Helper()
			require.Equal(t, []int{first, second}, []int{len(st.kept(t, "room-1")), len(st.kept(t, "room-2"))}, when)
		}
		until(27, 4, 0)
		st = dailyStation(t, dir, "05:30")
		end := st.running(t)
		until(27, 4, 9)
		requireTests(0, 0, "cameras and disks come up first")
		until(27, 4, 20)
		requireTests(1, 1, "rooms that were never tested do not wait for the hour")

		until(27, 5, 20)
		requireTests(1, 1, "not yet the hour")
		view, err := st.manager.Open(t.Context(), technician, "room-1", session.OpenForm{Kind: session.KindTechnical}, "open")
		require.NoError(t, err)
		until(27, 5, 29)
		requireTests(1, 1, "not yet the hour")
		until(27, 5, 40)
		requireTests(1, 2, "a session runs in the first room")
		until(27, 8, 0)
		requireTests(1, 2, "and goes on")
		room, _ := st.manager.Room("room-1")
		ending := table.Finished
		if room.Session.State == table.Locked {
			ending = table.BrokenOff
		}
		_, err = st.manager.Do(t.Context(), technician, view.ID, session.Command{Name: session.ActEnd, Ending: ending}, "end")
		require.NoError(t, err)
		until(27, 8, 5)
		room, _ = st.manager.Room("room-1")
		require.Equal(t, table.Sealed, room.Session.State)
		requireTests(2, 2, "made up after the session")
		until(27, 12, 0)
		requireTests(2, 2, "once is enough")
		end()

		st = dailyStation(t, dir, "05:30")
		end = st.running(t)
		defer func() { end() }()
		until(28, 5, 29)
		requireTests(2, 2, "a restart tests nothing twice")
		until(28, 5, 40)
		requireTests(3, 3, "the next day")
		until(28, 16, 0)
		requireTests(3, 3, "that day's is done")

		all := slices.Concat(st.kept(t, "room-1"), st.kept(t, "room-2"))
		slices.SortFunc(all, func(a, b selftest.Result) int { return int(a.Began - b.Began) })
		for i := range all[1:] {
			require.LessOrEqual(t, all[i].Ended, all[i+1].Began, "one room at a time")
		}
		for _, room := range []string{"room-1", "room-2"} {
			last := st.kept(t, room)[2].Began.In(zone)
			require.Equal(t, []int{28, 5}, []int{last.Day(), last.Hour()})
			copies, err := filepath.Glob(filepath.Join(dir, "disk", testsFolder, room, "*.note"))
			require.NoError(t, err)
			require.Len(t, copies, 3, "each is on the disk too")
		}
	})
}
