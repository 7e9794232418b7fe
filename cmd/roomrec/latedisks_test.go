package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/session"
	"roomrec/session/table"
)

// lateSite is a controller over two disks that can be taken away, without the cameras' streams.
type lateSite struct {
	t     *testing.T
	setup setup
	st    *station
	stop  func()
}

func newLateSite(t *testing.T) *lateSite {
	cameras, _, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	cameras.Close()
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	s.degraded, s.closing = true, time.Millisecond
	return &lateSite{t: t, setup: s}
}

// start starts the controller; what finds unsealed sessions is for the test to call.
func (l *lateSite) start() *recovery {
	t := l.t
	st, err := newStation(l.setup, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	l.runs(st, stage{"recorder", st.recorder.Run})
	return newRecovery(st)
}

// runs runs a controller with the stages that a test chooses, until it is stopped.
func (l *lateSite) runs(st *station, some ...stage) {
	t := l.t
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- runStages(ctx, slices.Concat([]stage{{"volumes", st.disks.run}}, some, []stage{{"sessions", st.manager.Run}}))
	}()
	l.st, l.stop = st, func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, st.release())
		l.stop = func() {}
	}
	t.Cleanup(func() { l.stop() })
	for _, r := range st.rooms.all() {
		for _, c := range r.cameras {
			st.manager.SetCamera(r.setup.ID, c.setup.id, session.CameraStatus{Connected: true})
		}
	}
}

func (l *lateSite) open() (session.SessionView, error) {
	return l.st.manager.Open(l.t.Context(), technician, demoRoom, session.OpenForm{Kind: session.KindTechnical}, "")
}

func (l *lateSite) room() session.RoomView {
	v, ok := l.st.manager.Room(demoRoom)
	require.True(l.t, ok)
	return v
}

// shows waits until the room shows a session in a state, and returns what it shows then.
func (l *lateSite) shows(id string, state table.State) (v session.RoomView) {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		v = l.room()
		return v.Session != nil && v.Session.ID == id && v.Session.State == state
	}, time.Minute, 5*time.Millisecond)
	return v
}

// returned waits until the disks that were away are in use again.
func (l *lateSite) returned() {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		l.st.disks.mu.Lock()
		for _, one := range l.st.disks.list {
			one.next = 1 // at once
		}
		l.st.disks.mu.Unlock()
		l.st.disks.look()
		return !l.st.disks.away()
	}, time.Minute, 5*time.Millisecond)
}

// A disk that could not be opened at the start may hold more of a session than the others: it is waited for,
// and the room is kept for its session meanwhile.
func TestZ29_1_SessionWaitsForADiskThatIsLate(t *testing.T) {
	l := newLateSite(t)
	l.start()
	first, err := l.open()
	require.NoError(t, err)
	l.stop()

	back := away(t, l.setup.volumes[1].Path)
	r := l.start()
	require.Len(t, l.st.disks.healthy(), len(l.st.disks.all()), "what could be opened is well")
	r.look(t.Context())
	v := l.room()
	require.Nil(t, v.Session, "for a minute all disks are waited for")
	require.False(t, v.Fit)
	require.Contains(t, v.Unfit[0].En, "last session is not over")
	require.Contains(t, v.Unfit[0].Zh, "尚未结束")
	_, err = l.open()
	var no *session.Refusal
	require.ErrorAs(t, err, &no)
	require.False(t, l.st.manager.Hold(demoRoom), "its settings stay, too")

	back()
	l.returned()
	r.look(t.Context())
	v = l.shows(first.ID, table.Locked)
	require.Len(t, l.st.recorder.open()[0].members(), 2, "both copies go on")
	for _, why := range v.Unfit {
		require.NotContains(t, why.En, "last session is not over", "it goes on")
	}
	l.stop()

	// One that stays away is waited for no longer than a minute.
	away(t, l.setup.volumes[1].Path)
	r = l.start()
	r.look(t.Context())
	require.Nil(t, l.room().Session)
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	l.shows(first.ID, table.Locked)
	require.Len(t, l.st.recorder.open()[0].members(), 1)
	l.stop()

	// Where it alone has lines of the journal, as when the other one left and came back, it is waited for longer,
	// but not for ever: the session can go on and be ended, its room is free afterwards.
	at, ok := folderOf(first.ID)
	require.True(t, ok)
	require.NoError(t, os.Remove(filepath.Join(l.setup.volumes[0].Path, filepath.FromSlash(at), "journal-0002.jsonl")))
	r = l.start()
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	require.Nil(t, l.room().Session)
	require.ErrorIs(t, l.st.goOn(t.Context(), at, false, recoverAll), errLinesAway)
	_, err = l.open()
	require.ErrorAs(t, err, &no)
	r.found[at].began -= clock.Mono(recoverLines)
	r.look(t.Context())
	v = l.shows(first.ID, table.Locked)
	require.NotEmpty(t, v.Session.Breaks)
	f, err := readFolder(l.st.disks.healthy()[0].Files(), at)
	require.NoError(t, err)
	require.Equal(t, table.Locked, f.record.Table.State, "the pages read the journal beyond what is missing")
	_, err = l.st.manager.Do(t.Context(), technician, first.ID, session.Command{Name: session.ActEnd, Ending: table.BrokenOff, Reason: "the test is over"}, "")
	require.NoError(t, err)
	l.shows(first.ID, table.Sealed)
	f, err = readFolder(l.st.disks.healthy()[0].Files(), at)
	require.NoError(t, err)
	require.NotNil(t, f.sealed)
}

// A session that lies on a late disk alone goes on when that disk comes, and a copy there gets its seal.
func TestZ29_1_SessionOnALateDiskAloneGoesOn(t *testing.T) {
	l := newLateSite(t)
	a, b := l.setup.volumes[0].Path, l.setup.volumes[1].Path
	back := away(t, b)
	l.start()
	first, err := l.open()
	require.NoError(t, err)
	l.stop()
	back()

	back = away(t, a)
	r := l.start()
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	require.Nil(t, l.room().Session)
	require.True(t, l.room().Fit, "nobody knows of it: %v", l.room().Unfit)
	back()
	l.returned()
	r.look(t.Context())
	l.shows(first.ID, table.Locked)

	// It is sealed, a power cut takes the seal of one copy, and its disk is late.
	l.st.recorder.reconcile(t.Context(), l.st.disks.healthy())
	_, err = l.st.manager.Do(t.Context(), technician, first.ID, session.Command{Name: session.ActEnd, Ending: table.BrokenOff, Reason: "the test is over"}, "")
	require.NoError(t, err)
	l.shows(first.ID, table.Sealed)
	l.stop()
	at, _ := folderOf(first.ID)
	seal := filepath.Join(b, at, "seal.note")
	require.NoError(t, os.Remove(seal))
	back = away(t, b)
	r = l.start()
	r.look(t.Context())
	require.NoFileExists(t, seal)
	back()
	l.returned()
	r.look(t.Context())
	require.FileExists(t, seal)
	require.Nil(t, l.room().Session, "a sealed session does not go on")
	require.True(t, l.room().Fit, "%v", l.room().Unfit)
}

// A disk on which the session's folder cannot be read is waited for as one that is late; then the session comes
// back without it, that is an alarm, and it is taken in when it can be read again.
func TestZ29_1_SessionComesBackWithoutADiskThatCannotBeRead(t *testing.T) {
	l := newLateSite(t)
	l.start()
	first, err := l.open()
	require.NoError(t, err)
	l.stop()
	at, _ := folderOf(first.ID)
	folder, aside := filepath.Join(l.setup.volumes[1].Path, at), filepath.Join(t.TempDir(), "aside")
	require.NoError(t, os.Rename(folder, aside))
	require.NoError(t, os.Symlink(folder, folder)) // which leads to itself

	r := l.start()
	var mu sync.Mutex
	var alarms []session.FaultEvent
	report := l.st.disks.report
	l.st.disks.report = func(f session.FaultEvent) {
		mu.Lock()
		alarms = append(alarms, f)
		mu.Unlock()
		report(f)
	}
	raised := func() (is bool) {
		mu.Lock()
		defer mu.Unlock()
		for _, f := range alarms {
			is = f.Raised && f.Subject == l.st.disks.all()[1].ID() && f.Code == table.StorageDegraded
		}
		return is
	}
	r.look(t.Context())
	require.Nil(t, l.room().Session, "it may pass")
	require.False(t, l.room().Fit)
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	l.shows(first.ID, table.Locked)
	require.Eventually(t, raised, time.Minute, 5*time.Millisecond)
	look := func() []string {
		l.st.recorder.reconcile(t.Context(), l.st.disks.healthy())
		l.st.disks.settled(l.st.recorder.everywhere)
		return l.st.recorder.open()[0].members()
	}
	require.Len(t, look(), 1)
	require.True(t, raised(), "until it is taken in")

	require.NoError(t, os.Remove(folder))
	require.NoError(t, os.Rename(aside, folder))
	clear(l.st.recorder.open()[0].unread) // that time has gone by
	require.Len(t, look(), 2)
	require.False(t, raised())

	// One on which a piece cannot be read stays in use, and so does its alarm.
	l.st.disks.damaged(evidence.VolumeDamaged{Volume: l.st.disks.all()[1].ID(), Err: syscall.EIO, Members: 2})
	require.Len(t, look(), 2)
	require.True(t, raised())
}

// brokenFolder is a volume of which one folder cannot be read.
type brokenFolder struct {
	fs.FS
	name string
}

func (b brokenFolder) Open(name string) (fs.File, error) {
	if name == b.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EIO}
	}
	return b.FS.Open(name)
}

// A folder that cannot be read is not an empty one; what others hold is found all the same.
func TestFolderThatCannotBeReadIsNotEmpty(t *testing.T) {
	files := fstest.MapFS{
		"2026/11/22/20261122-140507-7f2k/journal-0001.jsonl": {},
		"2026/11/23/20261123-140507-7f2k/journal-0001.jsonl": {},
		"2026/11/23/20261122-140507-0000/journal-0001.jsonl": {}, // not where it belongs
		"2026/11/24":                        {}, // a file
		"copies/11/23/20261123-140507-7f2k": {},
	}
	const other = "2026/11/23/20261123-140507-7f2k"
	all, err := sessionsOn(files)
	require.NoError(t, err)
	require.Equal(t, []string{"2026/11/22/20261122-140507-7f2k", other}, all)
	some, err := sessionsOn(brokenFolder{files, "2026/11/22"})
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, []string{other}, some)
	none, err := sessionsOn(brokenFolder{files, "."})
	require.ErrorIs(t, err, syscall.EIO)
	require.Empty(t, none)
	none, err = sessionsOn(fstest.MapFS{})
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = readFolder(brokenFolder{files, other}, other)
	require.ErrorIs(t, err, syscall.EIO)
	require.False(t, errors.Is(err, fs.ErrNotExist), "it is there")
}
