package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session"
	"roomrec/session/policy"
)

// Comparisons of the clock in a room are kept signed on the host and on every disk, those of openings too; a
// restart shows the last that can be read, and an altered one is not believed.
func TestZ23_ComparisonsOfTheClockInARoomAreKept(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, makeVolume(filepath.Join(dir, "disk")))
	st := dailyStation(t, dir, "")
	st.walls = newWallChecks(st)
	end := st.running(t)
	at := st.clock.Now().Wall
	check := func(after time.Duration, w policy.WallClock, opened string) session.WallCheck {
		return session.WallCheck{Room: "room-1", At: at.Add(after), Uncertainty: time.Second, By: session.Actor{ID: "0417", Role: policy.Officer}, WallClock: w, Session: opened}
	}
	behind := policy.WallClock{Says: policy.ClockDiffers, Ahead: -75}
	require.NoError(t, st.walls.Keep(t.Context(), check(0, behind, "")))
	st.walls.Later(check(time.Minute, policy.WallClock{Says: policy.ClockAgrees}, "20261128-140307-abcd"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- st.walls.Run(ctx) }()
	files := func(root string) []string {
		all, err := filepath.Glob(filepath.Join(root, wallFolder, "room-1", "*.note"))
		require.NoError(t, err)
		return all
	}
	same := func() bool {
		host, disk := files(st.setup.stateDir), files(filepath.Join(dir, "disk"))
		for i := range host {
			if len(host) != 2 || len(disk) != 2 {
				return false
			}
			a, errA := os.ReadFile(host[i])
			b, errB := os.ReadFile(disk[i])
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				return false
			}
		}
		return len(host) == 2
	}
	require.Eventually(t, same, time.Minute, 5*time.Millisecond)
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
	end()

	kept := files(st.setup.stateDir)
	key, err := st.sealKey()
	require.NoError(t, err)
	var notes []wallNote
	for _, file := range kept {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		n, err := parseWall(b)
		require.NoError(t, err)
		notes = append(notes, n)
	}
	zone := st.setup.zone.Name()
	require.Equal(t, []wallNote{
		{Room: "room-1", At: at, Uncertainty: time.Second, Zone: zone, By: "0417", Role: policy.Officer, Says: policy.ClockDiffers, Ahead: -75, Program: version, Key: key.Verifier()},
		{Room: "room-1", At: at.Add(time.Minute), Uncertainty: time.Second, Zone: zone, By: "0417", Role: policy.Officer, Says: policy.ClockAgrees, Session: "20261128-140307-abcd", Program: version, Key: key.Verifier()},
	}, notes)

	// The next start.
	shown := func() *session.WallCheckView {
		again := dailyStation(t, dir, "")
		defer func() { require.NoError(t, again.release()) }()
		newWallChecks(again).remember("room-1")
		newWallChecks(again).remember("room-2")
		none, _ := again.manager.Room("room-2")
		require.Nil(t, none.WallCheck)
		v, _ := again.manager.Room("room-1")
		return v.WallCheck
	}
	require.Equal(t, policy.ClockAgrees, shown().Says)
	b, err := os.ReadFile(kept[1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(kept[1], bytes.Replace(b, []byte(`"0417"`), []byte(`"0522"`), 1), 0o600))
	last := shown()
	require.Equal(t, -75, last.Ahead, "what was altered is not believed")
	require.Equal(t, "0417", last.By)
	require.NotNil(t, last.Told)
}
