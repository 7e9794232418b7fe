package main

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/session"
	"roomrec/watch"
	"roomrec/watch/stills"
)

// watchedDemo runs the demo's controller over its cameras until the test ends, with the thresholds of
// frozen and dark pictures shortened.
func watchedDemo(t *testing.T) (*station, *switchboard) {
	cameras, board, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	s.faults.CameraFrozenAlarm, s.faults.CameraFrozen, s.faults.CameraDark, s.faults.Stills = 3*time.Second, 7*time.Second, 3*time.Second, time.Second
	st, err := newStation(s, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runStages(ctx, append(st.stages(), st.lookAtCameras()...)) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		require.NoError(t, st.release())
		cameras.Close()
	})
	return st, board
}

// faultIs waits until a fault of the demo's room is open and locks, is open, or is not there: what is wanted, or
// the one of both that a busy machine sees.
func faultIs(t *testing.T, st *station, code, subject string, want ...string) {
	t.Helper()
	changed, stop := st.manager.Watch(demoRoom)
	defer stop()
	late := time.After(2 * time.Minute)
	for {
		room, _ := st.manager.Room(demoRoom)
		is := "over"
		if i := slices.IndexFunc(room.Faults, func(f session.FaultView) bool { return f.Code == code && f.Subject == subject }); i >= 0 {
			is = map[bool]string{true: "locks", false: "alarm"}[room.Faults[i].Locks]
		}
		if slices.Contains(want, is) {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%s of %s is %s, not %v", code, subject, is, want)
		}
	}
}

// What the demo's switches break is raised, at both thresholds, and is over when they are put back.
func TestDemoCamerasAreWatched(t *testing.T) {
	st, board := watchedDemo(t)
	connected := func() bool {
		room, _ := st.manager.Room(demoRoom)
		return !slices.ContainsFunc(room.Cameras, func(c session.CameraView) bool { return c.Video == "" || c.Unjudged != nil })
	}
	require.Eventually(t, connected, time.Minute, 50*time.Millisecond)
	ref := filepath.Join(st.setup.stateDir, "references", demoRoom+"_front.png")
	require.Eventually(t, func() bool { _, err := os.Stat(ref); return err == nil }, 2*time.Minute, 50*time.Millisecond)

	require.True(t, board.turn("front", "picture", "covered"))
	require.True(t, board.turn("room", "picture", "frozen"))
	faultIs(t, st, watch.CameraFrozen, "room", "alarm", "locks")
	faultIs(t, st, watch.CameraDark, "front", "locks")
	faultIs(t, st, watch.CameraFrozen, "room", "locks")
	require.True(t, board.turn("front", "picture", "good"))
	require.True(t, board.turn("room", "picture", "good"))
	faultIs(t, st, watch.CameraDark, "front", "over")
	faultIs(t, st, watch.CameraFrozen, "room", "over")
}

func TestWithoutFFmpegTheRoomSaysSo(t *testing.T) {
	require.Nil(t, unjudgedText(nil))
	for _, err := range []error{stills.ErrAbsent, errors.New("other")} {
		text := unjudgedText(err)
		require.Contains(t, text.En, "cannot be told")
		require.Contains(t, text.Zh, "无法判断")
	}
	t.Setenv("PATH", t.TempDir())
	c := &camera{room: "r", setup: cameraSetup{id: "c"}, feed: media.NewFeed()}
	c.watcher = watch.New(watch.Config{}, clock.NewSystem(), c.feed, func(watch.Finding) {})
	st := &station{log: zerolog.Nop(), rooms: &rooms{list: []*room{{cameras: []*camera{c}}}}, looking: newCrew()}
	require.Empty(t, st.lookAtCameras())
	require.ErrorIs(t, c.unjudged(), stills.ErrAbsent)
}

// A reference is written once and read after a restart.
func TestReferenceOutlivesARestart(t *testing.T) {
	still := func(width int) *image.Gray {
		img := image.NewGray(image.Rect(0, 0, 320, 180))
		for y := range 180 {
			for x := range 320 {
				if x/width%2 == 0 {
					img.SetGray(x, y, color.Gray{Y: 200})
				}
			}
		}
		return img
	}
	w := func() *watch.Watcher {
		return watch.New(watch.Config{}, clock.NewSystem(), media.NewFeed(), func(watch.Finding) {})
	}
	first := reference{file: filepath.Join(t.TempDir(), "references", "r_c.png"), watcher: w()}
	require.NoError(t, first.load(), "there is none yet")
	first.watcher.See(clock.NewSystem().Now(), still(30))
	require.NoError(t, first.keep(t.Context()))

	second := reference{file: first.file, watcher: w()}
	require.NoError(t, second.load())
	require.Equal(t, first.watcher.Reference(), second.watcher.Reference())
	second.watcher.Refer(still(14))
	require.NoError(t, second.keep(t.Context()))
	third := reference{file: first.file, watcher: w()}
	require.NoError(t, third.load())
	require.Equal(t, first.watcher.Reference(), third.watcher.Reference(), "what is there is never replaced")

	damaged := reference{file: filepath.Join(t.TempDir(), "x.png"), watcher: w()}
	require.NoError(t, os.WriteFile(damaged.file, []byte("none"), 0o600))
	require.Error(t, damaged.load())
}

// Speech without a session is one fault of the room, whoever hears it.
func TestUnopenedIsTheRoomsFault(t *testing.T) {
	m, err := session.NewManager(session.Config{
		Clock: clock.NewSystem(), Recorder: &recorder{}, Rooms: []session.RoomConfig{{ID: "r", Cameras: []session.CameraConfig{{ID: "a", Required: true}, {ID: "b"}}}},
	})
	require.NoError(t, err)
	var v voices
	open := func() int {
		room, _ := m.Room("r")
		return len(room.Faults)
	}
	for _, step := range []struct {
		camera string
		raised bool
		want   int
	}{{"a", true, 1}, {"b", true, 1}, {"a", false, 1}, {"b", false, 0}, {"b", false, 0}, {"b", true, 1}} {
		v.report(m, "r", session.FaultEvent{Code: watch.RoomUnopened, Subject: step.camera, Raised: step.raised, Alarm: true})
		require.Equal(t, step.want, open())
	}
}
