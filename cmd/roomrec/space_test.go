package main

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session"
)

func TestWhatIsOwed(t *testing.T) {
	require.Zero(t, owed(nil))
	// Four hours of 4 Mbit/s, and half an hour for one that has outlasted its plan.
	one, late := promise{4 * time.Hour, 500_000}, promise{rest(time.Hour, 3*time.Hour), 500_000}
	require.EqualValues(t, 4*3600*500_000*1.2, owed([]promise{one}))
	require.EqualValues(t, 4.5*3600*500_000*1.2, owed([]promise{one, late}))
	require.Equal(t, 3*time.Hour, rest(4*time.Hour, time.Hour))
}

// A second session is not opened on the room that the first one was promised, however both are opened
// at once; and the room says so beforehand.
func TestZ8_OpeningNeedsRoomForThePlannedLength(t *testing.T) {
	cameras, _, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	defer cameras.Close()
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	s.ledger = true
	for i := range s.rooms {
		s.rooms[i].Planned = time.Hour
	}
	st, err := newStation(s, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.release()) }()
	free, known := int64(0), true
	st.recorder.free = func() (int64, bool) { return free, known }
	rates := map[string]float64{demoRoom: 1000}
	hour := owed([]promise{{time.Hour, 1000}})
	low := func() bool {
		st.space(rates)
		room, ok := st.manager.Room(demoRoom)
		require.True(t, ok)
		for _, f := range room.Faults {
			if f.Code == "storage.low" {
				require.False(t, f.Locks)
				return true
			}
		}
		return false
	}
	free = hour - 1
	require.True(t, low())
	free = hour
	require.True(t, low(), "it does not come and go")
	free = 2 * hour
	require.False(t, low())
	st.short["a room that is gone"] = true
	require.False(t, low())
	require.Empty(t, st.short[demoRoom])
	require.NotContains(t, st.short, "a room that is gone", "it is raised again when there is one of that name")
	known = false
	free = 0
	require.False(t, low(), "nobody can tell")

	known, free = true, hour+hour/2
	now := st.clock.Now()
	o := session.Opening{Room: demoRoom, Planned: time.Hour, Timeline: clock.NewTimeline(now, 0)}
	release, err := st.recorder.reserve(o)
	require.NoError(t, err)
	_, err = st.recorder.reserve(o)
	require.ErrorIs(t, err, errNoSpace)
	_, err = st.recorder.Create(context.Background(), o)
	require.ErrorIs(t, err, errNoSpace)
	release()
	release, err = st.recorder.reserve(o)
	require.NoError(t, err)
	release()
}
