package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// diskDemo runs the demo's controller with its two disks until the test ends.
func diskDemo(t *testing.T) (st *station, paths []string) {
	return diskDemoAfter(t, func([]string) {})
}

// diskDemoAfter lets something happen to the disks before the controller starts.
func diskDemoAfter(t *testing.T, before func(paths []string)) (st *station, paths []string) {
	return diskDemoOf(t, func(*setup) {}, before)
}

func diskDemoOf(t *testing.T, change func(*setup), before func(paths []string)) (st *station, paths []string) {
	cameras, _, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	for _, v := range s.volumes {
		paths = append(paths, v.Path)
	}
	before(paths)
	change(&s)
	s.degraded = true
	st, err = newStation(s, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runStages(ctx, st.stages()) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		require.NoError(t, st.release())
		cameras.Close()
	})
	return st, paths
}

// until waits until the demo's room is as ok says.
func until(t *testing.T, st *station, what string, ok func(session.RoomView) bool) session.RoomView {
	t.Helper()
	changed, stop := st.manager.Watch(demoRoom)
	defer stop()
	late := time.After(90 * time.Second)
	for {
		room, _ := st.manager.Room(demoRoom)
		if ok(room) {
			return room
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("the room is not %s: %+v, session %+v", what, room.Faults, room.Session)
		}
	}
}

// away takes disks off, as a lazy unmount does, and returns what puts them back.
func away(t *testing.T, paths ...string) (back func()) {
	t.Helper()
	for _, p := range paths {
		require.NoError(t, os.Rename(p, p+"-away"))
	}
	return func() {
		for _, p := range paths {
			require.NoError(t, os.Rename(p+"-away", p))
		}
	}
}

func openFaults(v session.RoomView) (out []string) {
	for _, f := range v.Faults {
		out = append(out, f.Code)
	}
	return out
}

// A disk that is put back is used again by the session that runs, and what that mends is cleared: first
// one of two, then both, so that Locked can be left.
func TestZ29_1_DiskThatReturns(t *testing.T) {
	st, paths := diskDemo(t)
	until(t, st, "fit", func(v session.RoomView) bool { return v.Fit })
	view, err := st.manager.Open(t.Context(), technician, demoRoom, session.OpenForm{Kind: session.KindTechnical}, "open")
	require.NoError(t, err)
	state := func(want table.State) func(session.RoomView) bool {
		return func(v session.RoomView) bool { return v.Session != nil && v.Session.State == want }
	}
	// On a busy machine the first pictures come late, which locks; this is about disks.
	until(t, st, "recording", func(v session.RoomView) bool { return state(table.Standby)(v) || state(table.Locked)(v) })

	back := away(t, paths[1])
	until(t, st, "degraded", func(v session.RoomView) bool { return slices.Contains(openFaults(v), "storage.degraded") })
	back()
	until(t, st, "whole", func(v session.RoomView) bool { return !slices.Contains(openFaults(v), "storage.degraded") })

	back = away(t, paths...)
	until(t, st, "locked", func(v session.RoomView) bool {
		return state(table.Locked)(v) && slices.Contains(openFaults(v), "storage.lost")
	})
	back()
	until(t, st, "whole", func(v session.RoomView) bool {
		return !slices.Contains(openFaults(v), "storage.lost") && !slices.Contains(openFaults(v), "storage.degraded")
	})
	until(t, st, "safe again", func(v session.RoomView) bool {
		return slices.ContainsFunc(v.Actions, func(a session.ActionView) bool { return a.Name == session.ActResume && a.Allowed })
	})
	_, err = st.manager.Do(t.Context(), technician, view.ID, session.Command{Name: session.ActResume}, "resume")
	require.NoError(t, err)
	for _, one := range st.recorder.open() {
		require.Len(t, one.members(), 2)
	}
}

// A session that no disk can join, because they hold what it does not know, keeps its own room
// locked. The other rooms go on when their disks are back.
func TestZ29_1_DisksThatReturnToAllSessionsButOne(t *testing.T) {
	const van = "van-1"
	st, paths := diskDemoOf(t, func(s *setup) {
		mobile := roomSetup{RoomConfig: session.RoomConfig{ID: van, Name: session.Text{En: "Mobile equipment 1", Zh: "移动设备 1"}, Kind: policy.Mobile}}
		mobile.add(s.rooms[0].cameras[1])
		s.rooms = append(s.rooms, mobile)
	}, func([]string) {})
	ids := make(map[string]string)
	show := func(room string) session.RoomView {
		v, ok := st.manager.Room(room)
		require.True(t, ok)
		return v
	}
	is := func(what, room string, ok func(session.RoomView) bool) {
		t.Helper()
		require.Eventually(t, func() bool { return ok(show(room)) }, 90*time.Second, 10*time.Millisecond, "%s: %s", room, what)
	}
	lost := func(v session.RoomView) bool { return slices.Contains(openFaults(v), "storage.lost") }
	can := func(v session.RoomView) bool {
		return slices.ContainsFunc(v.Actions, func(a session.ActionView) bool { return a.Name == session.ActResume && a.Allowed })
	}
	for _, room := range []string{demoRoom, van} {
		is("fit", room, func(v session.RoomView) bool { return v.Fit })
		v, err := st.manager.Open(t.Context(), technician, room, session.OpenForm{Kind: session.KindTechnical}, "open "+room)
		require.NoError(t, err)
		ids[room] = v.ID
		is("recording", room, func(v session.RoomView) bool {
			return v.Session != nil && (v.Session.State == table.Standby || v.Session.State == table.Locked)
		})
	}
	back := away(t, paths...)
	for room := range ids {
		is("without a disk", room, lost)
	}
	at, ok := folderOf(ids[demoRoom])
	require.True(t, ok)
	for _, p := range paths {
		room := filepath.Join(p+"-away", filepath.FromSlash(at), demoRoom)
		require.NoError(t, os.CopyFS(filepath.Join(room, "front", "run-0099"), os.DirFS(filepath.Join(room, "front", "run-0001"))))
	}
	back()
	is("whole", van, func(v session.RoomView) bool { return can(v) && !lost(v) })
	_, err := st.manager.Do(t.Context(), technician, ids[van], session.Command{Name: session.ActResume}, "")
	require.NoError(t, err)
	v := show(demoRoom)
	require.True(t, lost(v), "%+v", v.Faults)
	require.False(t, can(v))
	require.Equal(t, table.Locked, v.Session.State)
}

// A folder that is added while the program runs is used by the session that runs.
func TestZ29_1_DiskThatIsAdded(t *testing.T) {
	st, paths := diskDemo(t)
	until(t, st, "fit", func(v session.RoomView) bool { return v.Fit })
	_, err := st.manager.Open(t.Context(), technician, demoRoom, session.OpenForm{Kind: session.KindTechnical}, "open")
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "disk-c")
	require.NoError(t, os.Mkdir(dir, 0o700))
	_, err = st.addVolume(dir)
	require.ErrorIs(t, err, volume.ErrUnmarked)
	id, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	got, err := st.addVolume(dir)
	require.NoError(t, err)
	require.Equal(t, id, got)
	_, err = st.addVolume(dir)
	require.ErrorIs(t, err, errInUse)
	_, err = st.addVolume(paths[0])
	require.ErrorIs(t, err, errInUse)
	_, err = st.addVolume("relative")
	require.Error(t, err)
	until(t, st, "on three disks", func(session.RoomView) bool {
		open := st.recorder.open()
		return len(open) == 1 && len(open[0].members()) == 3
	})
}

// A disk whose place another took is not used where the configuration names its id.
func TestDiskOfAnotherIDIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	d := newDisks(volume.Options{Clock: clock.NewSystem()}, zerolog.Nop())
	require.ErrorContains(t, d.open([]config.Volume{{Path: dir, ID: "other"}}, false), "the right disk")
	require.NoError(t, d.open([]config.Volume{{Path: dir}}, false))
	// The lock that is held already is renewed by a write and a sync, another is not taken.
	v, lock, err := d.probe(d.list[0])
	require.NoError(t, err)
	require.Nil(t, lock)
	require.NotNil(t, v)
	_, err = volume.Acquire(dir, clock.NewSystem())
	require.True(t, errors.Is(err, volume.ErrInUse))
	require.NoError(t, d.release())
}

// A controller whose second disk is not there when it starts records on the first, says so, and takes the
// second in when it is back.
func TestStartWithoutOneOfTwoDisks(t *testing.T) {
	var marker, away string
	st, _ := diskDemoAfter(t, func(paths []string) {
		marker, away = filepath.Join(paths[1], volume.MarkerName), filepath.Join(t.TempDir(), "marker")
		require.NoError(t, os.Rename(marker, away))
	})
	until(t, st, "fit and degraded", func(v session.RoomView) bool { return v.Fit && degraded(v) })
	_, err := st.manager.Open(t.Context(), technician, demoRoom, session.OpenForm{Kind: session.KindTechnical}, "open")
	require.NoError(t, err)
	on := func(n int) func(session.RoomView) bool {
		return func(v session.RoomView) bool {
			open := st.recorder.open()
			return len(open) == 1 && len(open[0].members()) == n && degraded(v) == (n == 1)
		}
	}
	until(t, st, "on one disk", on(1))
	_, err = st.addVolume(filepath.Dir(marker))
	require.ErrorIs(t, err, errInUse)
	require.NoError(t, os.Rename(away, marker))
	until(t, st, "on two disks", on(2))
}

func degraded(v session.RoomView) bool {
	return slices.ContainsFunc(v.Faults, func(f session.FaultView) bool { return f.Code == string(table.StorageDegraded) })
}

// A disk that does not answer holds up the start no longer than the controller's patience lasts.
func TestStartWithADiskThatHangs(t *testing.T) {
	good, hung := t.TempDir(), t.TempDir()
	_, err := volume.Init(good, clock.NewSystem())
	require.NoError(t, err)
	marker := filepath.Join(hung, volume.MarkerName)
	require.NoError(t, syscall.Mkfifo(marker, 0o600)) // who opens it waits for one who writes
	list := []config.Volume{{Path: hung}, {Path: good}}
	for _, all := range []bool{true, false} {
		d := newDisks(volume.Options{Clock: clock.NewSystem()}, zerolog.Nop())
		d.patience = 200 * time.Millisecond
		err := d.open(list, all)
		answer := func() {
			w, err := os.OpenFile(marker, os.O_WRONLY, 0)
			require.NoError(t, err)
			require.NoError(t, w.Close())
		}
		if all {
			require.ErrorIs(t, err, volume.ErrHung)
			answer()
			continue
		}
		require.NoError(t, err)
		require.Len(t, d.healthy(), 1)
		require.ErrorIs(t, d.list[0].fault(), volume.ErrHung)
		require.True(t, d.uses(hung))
		answer()
		require.Eventually(t, func() bool {
			d.mu.Lock()
			defer d.mu.Unlock()
			return !d.list[0].trying
		}, time.Minute, 10*time.Millisecond)
		require.NoError(t, d.release())
	}
}
