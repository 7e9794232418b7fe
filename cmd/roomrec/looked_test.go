package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/table"
)

// startLogged is start with the catalogue and the station's log.
func (l *lateSite) startLogged() (*recovery, *index) {
	t := l.t
	reg := prometheus.NewRegistry()
	require.NoError(t, os.MkdirAll(l.setup.stateDir, 0o700))
	x, err := openIndex(t.Context(), l.setup.stateDir, reg)
	require.NoError(t, err)
	st, err := newStation(l.setup, doors{log: zerolog.Nop(), index: x, metrics: reg})
	require.NoError(t, err)
	l.runs(st, stage{"station log", st.keepLog}, stage{"recorder", st.recorder.Run})
	stop := l.stop
	l.stop = func() {
		stop()
		require.NoError(t, x.Close())
		l.stop = func() {}
	}
	return newRecovery(st), x
}

// logged waits until the log holds the opening of a session, and a volume the log.
func (l *lateSite) logged(id, volume string) {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		names, _ := filepath.Glob(filepath.Join(volume, "log", "checkpoints", "*"))
		return len(names) > 0 && l.st.sessions.Has(stationlog.Opened, id)
	}, time.Minute, 5*time.Millisecond)
}

// A disk of another station, on which a session is open, is put in here: that session is the other one's to go on
// with, though both have a room of that name. What this station records there is its own.
func TestZ29_1_SessionOfAnotherStationDoesNotGoOnHere(t *testing.T) {
	other := newLateSite(t)
	other.startLogged()
	theirs, err := other.open()
	require.NoError(t, err)
	disk := other.setup.volumes[0].Path
	other.logged(theirs.ID, disk)
	other.stop()

	l := newLateSite(t)
	r, _ := l.startLogged()
	const before = "20260101-000000-aaaa"
	l.st.sessions.Add(stationlog.Entry{Kind: stationlog.Opened, Session: before, At: l.st.clock.Now().Wall})
	l.logged(before, l.setup.volumes[0].Path)
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	_, err = l.st.addVolume(disk)
	require.NoError(t, err)
	r.look(t.Context())
	require.Nil(t, l.room().Session, "a session of another station")
	require.True(t, l.room().Fit, "%v", l.room().Unfit)
	mine, err := l.open()
	require.NoError(t, err)
	l.logged(mine.ID, disk)
	l.stop()

	// At the start it is there already, and it alone holds what was recorded here.
	l.setup.volumes = append(l.setup.volumes, config.Volume{Path: disk})
	own := l.setup.volumes
	l.setup.volumes = own[len(own)-1:]
	r, _ = l.startLogged()
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	l.shows(mine.ID, table.Locked)
	require.False(t, l.st.sessions.Has(stationlog.Opened, theirs.ID), "it is in the log of the other station")
	require.Empty(t, r.waiting())
	_, err = l.st.manager.Do(t.Context(), technician, mine.ID, session.Command{Name: session.ActEnd, Ending: table.BrokenOff, Reason: "the test is over"}, "")
	require.NoError(t, err)
	l.shows(mine.ID, table.Sealed)
	l.stop()

	// The station itself goes on with its own.
	other.setup.volumes = other.setup.volumes[:1]
	r, _ = other.startLogged()
	r.began -= clock.Mono(recoverAll)
	r.look(t.Context())
	other.shows(theirs.ID, table.Locked)
}

// Until the disks have been looked through nobody knows which rooms are free.
func TestZ29_1_NoRoomIsFreeBeforeTheDisksAreLookedThrough(t *testing.T) {
	l := newLateSite(t)
	l.start()
	first, err := l.open()
	require.NoError(t, err)
	l.stop()

	r := l.start()
	l.st.manager.Search()
	require.False(t, l.room().Fit)
	require.Contains(t, l.room().Unfit[0].En, "being looked through")
	require.Contains(t, l.room().Unfit[0].Zh, "正在检查磁盘")
	_, err = l.open()
	var no *session.Refusal
	require.ErrorAs(t, err, &no)
	require.False(t, l.st.manager.Hold(demoRoom), "its settings stay, too")
	r.look(t.Context())
	l.shows(first.ID, table.Locked)
	for _, why := range l.room().Unfit {
		require.NotContains(t, why.En, "being looked through")
	}
}

// The power fails when the seal is on the disks and the catalogue does not list it yet.
func TestSealBeforeAPowerCutIsListed(t *testing.T) {
	l := newLateSite(t)
	_, before := l.startLogged()
	one, err := l.open()
	require.NoError(t, err)
	l.shows(one.ID, table.Starting)
	_, err = l.st.manager.Do(t.Context(), technician, one.ID, session.Command{Name: session.ActEnd, Ending: table.Finished}, "")
	require.NoError(t, err)
	l.shows(one.ID, table.Sealed)
	require.Eventually(t, func() bool {
		row, err := before.c.Session(t.Context(), one.ID)
		return err == nil && row.State == table.Sealed
	}, 30*time.Second, 10*time.Millisecond, "it is listed a moment after")
	l.stop()

	r, x := l.startLogged()
	row, err := x.c.Session(t.Context(), one.ID)
	require.NoError(t, err)
	require.Equal(t, table.Sealed, row.State)
	want := row
	row.State, row.SealHash, row.Sealed = table.Closing, "", 0 // as it was a moment before
	require.NoError(t, x.c.Put(t.Context(), row))
	var told []string
	x.sealed = func(id string) { told = append(told, id) }
	r.look(t.Context())
	row, err = x.c.Session(t.Context(), one.ID)
	require.NoError(t, err)
	require.Equal(t, want, row)
	r.look(t.Context())
	require.Equal(t, []string{one.ID}, told, "it is verified, once")
}

// Stages begin side by side: a session can be opened, or found, before the recorder's own stage has begun.
func TestSessionBeforeTheRecorderHasBegun(t *testing.T) {
	l := newLateSite(t)
	st, err := newStation(l.setup, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	opened := make(chan struct{})
	l.runs(st, stage{"recorder", func(ctx context.Context) error {
		<-opened
		return st.recorder.Run(ctx)
	}})
	one, err := l.open()
	close(opened)
	require.NoError(t, err)
	l.shows(one.ID, table.Starting)
}

// A copy of a volume, made with all its files, has the same id: no session can have both, and the one that was not
// in use first must not stop every opening.
func TestCopyOfAVolumeIsRefused(t *testing.T) {
	l := newLateSite(t)
	l.setup.volumes = l.setup.volumes[:1]
	l.start()
	a, c := l.setup.volumes[0].Path, filepath.Join(t.TempDir(), "disk-c")
	mark, err := os.ReadFile(filepath.Join(a, volume.MarkerName))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(c, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(c, volume.MarkerName), mark, 0o600))
	_, err = l.st.addVolume(c)
	require.ErrorContains(t, err, "it is a copy of that one")
	require.Len(t, l.st.disks.healthy(), 1)
	l.stop()

	// Both are in the settings: the first is used, the other is tried again and stays out even while that one is away.
	l.setup.volumes = append(l.setup.volumes, config.Volume{Path: c})
	l.start()
	require.Len(t, l.st.disks.healthy(), 1)
	require.Equal(t, a, l.st.disks.healthy()[0].Dir())
	one, err := l.open()
	require.NoError(t, err)
	l.shows(one.ID, table.Starting)
	require.Len(t, l.st.recorder.open()[0].members(), 1)
	_, err = l.st.manager.Do(t.Context(), technician, one.ID, session.Command{Name: session.ActEnd, Ending: table.Finished}, "")
	require.NoError(t, err)
	l.shows(one.ID, table.Sealed)
	again := func() {
		for _, d := range l.st.disks.list {
			if d.path == c {
				l.st.disks.again(d)
			}
		}
	}
	again()
	require.Len(t, l.st.disks.healthy(), 1)
	away(t, a)
	_, err = l.open()
	require.Error(t, err)
	again()
	require.Empty(t, l.st.disks.healthy(), "it does not stand in for the other by itself")
	l.stop()
	l.start()
	require.Equal(t, c, l.st.disks.healthy()[0].Dir(), "alone it is the volume")
	l.stop()

	l.setup.degraded = false
	require.NoError(t, os.Rename(a+"-away", a))
	_, err = newStation(l.setup, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.ErrorContains(t, err, "it is a copy of that one")
	require.False(t, errors.Is(err, volume.ErrInUse))
}
