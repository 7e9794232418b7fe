package main

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/media"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// The watchers of a room that a session moves to know of the session as those where it was opened do, until it
// is sealed; and the disks owe it what the cameras of both rooms give.
func TestZ29_1_WatchersOfTheRoomMovedTo(t *testing.T) {
	const van = "van-1"
	l := newLateSite(t)
	mobile := roomSetup{RoomConfig: session.RoomConfig{ID: van, Name: session.Text{En: "Mobile equipment 1", Zh: "移动设备 1"}, Kind: policy.Mobile}}
	mobile.add(l.setup.rooms[0].cameras[0])
	l.setup.rooms = append(l.setup.rooms, mobile)
	l.start()
	room := l.st.rooms.get(van)
	cam := room.cameras[0]
	watching := l.st.watchRoom(room)
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- watching[0].run(ctx) }()
	defer func() {
		stop()
		require.NoError(t, <-watched)
	}()
	changes := func() bool {
		v, _ := l.st.manager.Room(van)
		return slices.ContainsFunc(v.Faults, func(f session.FaultView) bool { return f.Code == string(table.CameraChanged) })
	}
	stream := func(epoch int, codec media.Codec) {
		cam.feed.Publish(&media.Description{Epoch: epoch, At: l.st.clock.Now(), Tracks: []*media.Track{{Codec: codec, ClockRate: 90000, Width: 320, Height: 192}}})
	}
	stream(1, media.H264)

	first, err := l.open()
	require.NoError(t, err)
	one := l.st.recorder.open()[0]
	require.Equal(t, []string{demoRoom}, one.rooms())
	l.st.recorder.rates = map[string]float64{demoRoom: 1000, van: 300}
	require.InDelta(t, 1000, l.st.recorder.promised()[0].rate, 0)
	l.st.manager.Report(demoRoom, session.FaultEvent{Code: table.CameraLost, Subject: "front", Raised: true, At: l.st.clock.Now()})
	l.shows(first.ID, table.Locked)
	_, err = l.st.manager.Do(t.Context(), technician, first.ID, session.Command{Name: session.ActMoveRoom, Room: van, Ground: "special"}, "")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return slices.Equal(one.rooms(), []string{demoRoom, van}) }, time.Minute, 5*time.Millisecond)
	require.InDelta(t, 1300, l.st.recorder.promised()[0].rate, 0, "both rooms' cameras record")
	one.begin(van)
	require.Len(t, one.rooms(), 2, "once for each room")

	stream(2, media.H265)
	require.Eventually(t, changes, time.Minute, 5*time.Millisecond)
	one.over()
	require.Eventually(t, func() bool { return !changes() }, time.Minute, 5*time.Millisecond)
}

// A seal states what a session's own journal knows of the clock, beside what the program knows that seals.
func TestZ23_ClockOfTheSealAfterARestart(t *testing.T) {
	good := seal.Clock{Source: "ntp", Trusted: true, Uncertainty: time.Millisecond}
	bad := seal.Clock{Source: "ntp", Reasons: []string{"no time server answers"}, Uncertainty: time.Second}
	trusted, not := session.Facts{Clock: session.ClockFact{Trusted: true}}, session.Facts{}
	opened := clock.Instant{Uncertainty: 20 * time.Millisecond}
	require.Equal(t, seal.Clock{Source: "ntp", Trusted: true, Uncertainty: 20 * time.Millisecond}, clockOf(trusted, good, opened))
	require.Equal(t, seal.Clock{Source: "ntp", Reasons: []string{distrusted}, Uncertainty: 20 * time.Millisecond}, clockOf(not, good, opened))
	require.Equal(t, bad, clockOf(trusted, bad, opened), "the worst counts")
	require.Equal(t, bad, clockOf(not, bad, opened), "it says itself why not")
}
