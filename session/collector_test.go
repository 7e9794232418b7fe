package session

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/table"
)

// numbers are what a scrape gives, by name and labels: `roomrec_room_fit{room="room3"}`.
func numbers(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	out := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName() + "{"
			for i, l := range m.GetLabel() {
				if i > 0 {
					name += ","
				}
				name += l.GetName() + "=" + l.GetValue()
			}
			out[name+"}"] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}

func TestCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		reg := prometheus.NewPedanticRegistry()
		require.NoError(t, reg.Register(NewCollector(s.m)))
		n := numbers(t, reg)
		require.Equal(t, 1.0, n["roomrec_room_fit{room=room3}"])
		require.Equal(t, 0.0, n["roomrec_room_fault_open{fault=camera.lost,room=room3,subject=}"])
		require.NotContains(t, n, "roomrec_session_state_since_timestamp_seconds{room=room3}")
		require.NotContains(t, n, "roomrec_session_last_rest_timestamp_seconds{room=room3}", "nobody is questioned")

		s.line("open")
		s.line("run 2s")
		s.line("do start")
		s.line("run 2s")
		n = numbers(t, reg)
		require.Equal(t, 1.0, n["roomrec_room_fit{room=room3}"], "a session there does not make it unfit")
		since := n["roomrec_session_state_since_timestamp_seconds{room=room3}"]
		require.Greater(t, n["roomrec_session_safe_until_timestamp_seconds{room=room3}"], since)
		require.Equal(t, since, n["roomrec_session_last_rest_timestamp_seconds{room=room3}"], "no rest since the start")

		s.line("do marker marker=rest phase=begin")
		s.line("run 60s")
		s.line("do marker marker=rest phase=end")
		s.line("run 1s")
		require.InDelta(t, since+62, numbers(t, reg)["roomrec_session_last_rest_timestamp_seconds{room=room3}"], 1.5, "Z28: rest was had")

		s.line("fault camera.lost front")
		s.line("wait 30s")
		n = numbers(t, reg)
		require.Equal(t, 0.0, n["roomrec_room_fit{room=room3}"])
		require.Equal(t, 1.0, n["roomrec_room_fault_open{fault=camera.lost,room=room3,subject=front}"])
		require.NotContains(t, n, "roomrec_room_fault_open{fault=camera.lost,room=room3,subject=}")
		require.InDelta(t, 30, n["roomrec_session_locked_seconds_total{room=room3}"], 1)
		require.Equal(t, 0.0, n["roomrec_session_locked_seconds_total{room=room4}"])

		s.m.SetCameraTime(CameraTime{Room: "room3", Camera: "front", Offset: -1500 * time.Millisecond})
		s.line("wait 20m")
		n = numbers(t, reg)
		require.Equal(t, -1.5, n["roomrec_camera_management_clock_offset_seconds{camera=room3/front}"])
		require.NotContains(t, n, "roomrec_camera_management_clock_offset_seconds{camera=room3/overview}")
		s.line("wait 6m")
		require.NotContains(t, numbers(t, reg), "roomrec_camera_management_clock_offset_seconds{camera=room3/front}", "it answers no more")

		s.m.SetClock(ClockView{Trusted: true, MaxError: 20_000_000}, 0)
		s.m.SetVolumes([]VolumeView{{ID: "a", Name: "disk-a", Healthy: true, FreeBytes: 7, HoursLeft: 3}, {ID: "b", HoursLeft: -1}})
		n = numbers(t, reg)
		require.Equal(t, 1.0, n["roomrec_clock_trusted{}"])
		require.Equal(t, 0.02, n["roomrec_clock_max_error_seconds{}"])
		require.Equal(t, 7.0, n["roomrec_volume_free_bytes{volume=a}"])
		require.Equal(t, 3*3600.0, n["roomrec_volume_left_seconds{volume=a}"])
		require.Equal(t, 1.0, n["roomrec_volume_info{name=disk-a,volume=a}"])
		require.Equal(t, 1.0, n["roomrec_volume_info{name=b,volume=b}"])
		require.NotContains(t, n, "roomrec_volume_free_bytes{volume=b}", "a disk that cannot be asked")
		problems, err := testutil.GatherAndLint(reg)
		require.NoError(t, err)
		require.Empty(t, problems)
		s.finish()
	})
}

func TestZ28_RestIsTheLatestOfTheQuestioning(t *testing.T) {
	rest := func(begin, end clock.Wall) MarkerView {
		return MarkerView{Code: restMarker, Begin: begin, End: end, Length: true}
	}
	for _, c := range []struct {
		name string
		s    SessionView
		want clock.Wall
	}{
		{"before Start", SessionView{}, 0},
		{"none", SessionView{Started: 10}, 10},
		{"one", SessionView{Started: 10, Markers: []MarkerView{{Code: "rights-read", End: 90}, rest(20, 30)}}, 30},
		{"one that runs", SessionView{Started: 10, Markers: []MarkerView{rest(20, 0)}}, 99},
		{"marked as an instant", SessionView{Started: 10, Markers: []MarkerView{{Code: restMarker, Begin: 20}}}, 10},
		{"a meal", SessionView{Started: 10, Markers: []MarkerView{{Code: mealMarker, Begin: 20, End: 40, Length: true}, rest(22, 30)}}, 40},
		{"after End", SessionView{Started: 10, Ended: 50, Markers: []MarkerView{rest(20, 30)}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, rested(&c.s, 99)) })
	}
	for _, code := range []string{restMarker, mealMarker} {
		m, known := markerOf(code)
		require.True(t, known, "the marker %s exists", code)
		require.True(t, m.Length, code)
	}
}

// Of a room's own fault and the same of the whole site there is one, for whoever scrapes and on the page.
func TestAFaultOfTheSiteAndOfTheRoomIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		reg := prometheus.NewPedanticRegistry()
		require.NoError(t, reg.Register(NewCollector(s.m)))
		lost := FaultEvent{Code: table.StorageLost, Raised: true, At: s.clock.Now()}
		s.m.Report("", lost)
		s.m.Report("room3", lost)
		require.Equal(t, 1.0, numbers(t, reg)["roomrec_room_fault_open{fault=storage.lost,room=room3,subject=}"])
		require.Equal(t, []string{string(table.StorageLost)}, faultCodes(showing(s, "room3")))
		s.m.Report("", FaultEvent{Code: table.StorageLost, At: s.clock.Now()})
		require.Equal(t, 1.0, numbers(t, reg)["roomrec_room_fault_open{fault=storage.lost,room=room3,subject=}"])
		require.Equal(t, 0.0, numbers(t, reg)["roomrec_room_fault_open{fault=storage.lost,room=van,subject=}"])
		s.finish()
	})
}
