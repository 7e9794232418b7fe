package session

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/table"
)

// showing returns what a room's page shows now.
func showing(s *stage, room string) RoomView {
	s.t.Helper()
	synctest.Wait()
	v, ok := s.m.Room(room)
	require.True(s.t, ok)
	return v
}

// Z29-1, Z30: pictures and sound that go on while a fault lasts (a dead microphone, a covered lens) are on disk, but
// not good. What is declared missing ends when the fault is over.
func TestZ30_MissingIsUntilTheFaultIsOver(t *testing.T) {
	for _, code := range []table.Code{
		table.CameraLost, table.AudioLost, table.CameraDark, table.CameraFrozen, table.CameraLoss, table.CameraExchanged,
	} {
		t.Run(string(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := recording(t)
				s.line("do start")
				s.line("run 10s")
				s.line("fault " + string(code) + " front")
				s.line("run 300s")
				over := s.clock.Now().Wall
				s.line("clear " + string(code) + " front")
				s.line("do resume")
				require.Equal(t, table.Locked, s.state, "nothing of after the fault is on disk yet")
				s.line("run 3s")
				got := showing(s, "room3").Session.Breaks
				require.Len(t, got, 1)
				require.GreaterOrEqual(t, got[0].FirstGood, over)
				require.LessOrEqual(t, got[0].FirstGood, over.Add(time.Second))
				s.line("do resume")
				require.Equal(t, table.Resuming, s.state)
				s.finish()
			})
		})
	}
}

// Of two faults the one that is over last counts, whichever began first.
func TestZ30_MissingIsUntilTheLastFaultIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("fault audio.lost front")
		s.line("run 10s")
		s.line("fault camera.dark overview")
		s.line("run 10s")
		s.line("clear camera.dark overview")
		s.line("run 10s")
		over := s.clock.Now().Wall
		s.line("clear audio.lost front")
		s.line("run 3s")
		got := showing(s, "room3").Session.Breaks
		require.Len(t, got, 1)
		require.GreaterOrEqual(t, got[0].FirstGood, over)
		s.finish()
	})
}

// Where a named officer says that it is the right camera, what it has recorded meanwhile is good.
func TestAcceptedPicturesAreGoodFromTheirBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		locked := s.clock.Now().Wall
		s.line("fault camera.exchanged front")
		s.line("run 60s")
		s.line("do accept subject=front")
		got := showing(s, "room3").Session.Breaks
		require.Len(t, got, 1)
		require.LessOrEqual(t, got[0].FirstGood, locked.Add(2*time.Second))
		require.NotZero(t, got[0].FirstGood)
		s.finish()
	})
}

// A camera of which nothing came in time is over with what comes of it: that is good from its begin.
func TestALateCameraIsGoodFromItsBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.line("open")
		s.line("wait 12s")
		require.Equal(t, table.Locked, s.state)
		s.line("run 1s")
		began := s.clock.Now().Wall.Add(-1200 * time.Millisecond) // of what was acknowledged
		got := showing(s, "room3").Session.Breaks
		require.Len(t, got, 1)
		require.Equal(t, began, got[0].FirstGood)
		s.finish()
	})
}

// After End each fault is an interruption by itself. They end together, when everything is safe again; none of
// them is declared missing up to the end of the recording.
func TestZ30_TwoFaultsWhileClosingBothEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("do end ending=signed")
		s.line("fault camera.lost front")
		s.line("run 2s")
		s.line("fault audio.lost overview")
		s.line("run 2s")
		over := s.clock.Now().Wall
		s.line("clear camera.lost front")
		s.line("clear audio.lost overview")
		s.line("run 5s")
		got := showing(s, "room3").Session.Breaks
		require.Len(t, got, 2)
		for _, b := range got {
			require.GreaterOrEqual(t, b.FirstGood, over, b.Cause)
			require.Less(t, b.FirstGood, over.Add(5*time.Second), b.Cause)
		}
		s.finish()
	})
}

// What is good again is never before what was good last.
func TestFirstGoodOfEveryBreak(t *testing.T) {
	s := table.Session{State: table.Closing, Breaks: []table.Break{
		{LastGood: 5, FirstGood: 7, Until: 8}, {LastGood: 20, Until: 30}, {LastGood: 40, Until: 41},
	}}
	next, _, no := table.Step(s, table.Event{Name: table.AllSafe, At: 50, FirstGood: 35})
	require.Nil(t, no)
	require.Equal(t, []clock.Wall{7, 35, 40}, []clock.Wall{next.Breaks[0].FirstGood, next.Breaks[1].FirstGood, next.Breaks[2].FirstGood})
	require.Zero(t, s.Breaks[1].FirstGood, "the old one is as it was")
}

// A camera is lost; ten seconds later a microphone is found dead whose last good sound was two minutes ago. What is
// missing began with that.
func TestZ30_MissingIsFromTheFaultThatReachesFurthestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("run 300s")
		s.line("fault camera.lost overview")
		s.line("run 10s")
		now := s.clock.Now()
		good := now.Add(-2 * time.Minute)
		s.m.Report("room3", FaultEvent{Code: table.AudioDead, Subject: "front", Raised: true, At: now, LastGood: good})
		s.line("run 5s")
		// One that reaches less far back changes nothing.
		s.m.Report("room3", FaultEvent{Code: table.CameraDark, Subject: "overview", Raised: true, At: s.clock.Now(), LastGood: s.clock.Now()})
		s.line("run 5s")
		got := showing(s, "room3").Session.Breaks
		require.Len(t, got, 1)
		require.Equal(t, good.Wall, got[0].LastGood)
		s.finish()
	})
}

// With no disk for half an hour memory was full after three minutes. What it held is written when a disk comes; what
// is missing ends with what was recorded after that.
func TestZ30_MissingIsUntilAfterMemoryWasFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("run 10s")
		s.m.Report("", FaultEvent{Code: table.StorageLost, Raised: true, At: s.clock.Now()})
		lost := s.clock.Now().Wall
		s.line("wait 1800s")
		for _, c := range []string{"front", "overview"} {
			s.m.Progress(s.session, Progress{
				Room: "room3", Camera: c, Volumes: 1, Behind: true,
				From: clock.Instant{Wall: lost.Add(179 * time.Second)}, To: clock.Instant{Wall: lost.Add(180 * time.Second)},
			})
		}
		s.m.Report("", FaultEvent{Code: table.StorageLost, At: s.clock.Now()})
		over := s.clock.Now().Wall
		synctest.Wait()
		s.line("do resume")
		require.Equal(t, table.Locked, s.state, "what comes after is on no disk yet")
		s.line("run 3s")
		got := showing(s, "room3").Session.Breaks
		require.Len(t, got, 1)
		require.GreaterOrEqual(t, got[0].FirstGood, over.Add(-time.Second))
		s.line("do resume")
		require.Equal(t, table.Resuming, s.state)
		s.finish()
	})
}

// Z29-1: nothing of a camera came in time; then a detector misses it too, and what it gave at the opening is written
// late. The camera is away all the same.
func TestZ29_1_WhatIsWrittenLateBringsNoCameraBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.line("open")
		opened := s.clock.Now().Wall
		s.silent["room3/front"] = true
		s.line("run 12s")
		s.line("fault camera.lost front")
		s.m.Progress(s.session, Progress{Room: "room3", Camera: "front", Volumes: 2, From: clock.Instant{Wall: opened}, To: clock.Instant{Wall: opened.Add(time.Second)}})
		s.line("run 3s")
		require.Contains(t, faultCodes(showing(s, "room3")), string(table.CameraLost))
		s.line("do resume")
		require.Equal(t, table.Locked, s.state, "a camera that is away")
		s.line("clear camera.lost front")
		require.NotContains(t, faultCodes(showing(s, "room3")), string(table.CameraLost))
		s.line("do resume")
		require.Equal(t, table.Locked, s.state, "nothing of after that is on disk yet")
		s.line("run 3s")
		s.line("do resume")
		require.Equal(t, table.Resuming, s.state)
		s.finish()
	})
}
