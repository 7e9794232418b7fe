package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// A camera's clock that is off by more than two seconds is an alarm that locks nothing, once; it is over
// when the clock was set, and neither a report that was delayed nor one at the limit makes it flicker.
func TestZ23_CameraClock(t *testing.T) {
	c := newCameraClock(Config{}.withDefaults())
	now := clock.Stamp{Wall: 1_795_262_400e9, Mono: 5e12}
	says := func(offsets ...time.Duration) (found []Finding) {
		for _, o := range offsets {
			now = now.Add(5 * time.Second)
			c.item(&media.Report{Arrival: now, NTP: now.Wall.Add(o)})
			found = append(found, c.tick(now)...)
		}
		return found
	}
	require.Empty(t, says(0, 2*time.Second, -2*time.Second, time.Millisecond))
	require.Empty(t, says(3*time.Second, 0, -5*time.Second, 0), "one report alone")
	found := says(-3*time.Second, -3*time.Second, -3*time.Second)
	require.Equal(t, []Finding{{
		Code: CameraClock, Raised: true, Alarm: true, At: now.Add(-5 * time.Second), Detail: "the camera's clock is -3.000 s from the controller's",
	}}, found)
	require.Empty(t, says(-2100*time.Millisecond, -1900*time.Millisecond, -2100*time.Millisecond, -1900*time.Millisecond), "at the limit")
	found = says(100*time.Millisecond, 100*time.Millisecond)
	require.Len(t, found, 1)
	require.False(t, found[0].Raised)
	found = says(time.Hour, time.Hour)
	require.Len(t, found, 1, "and again")

	// After a reconnection it is looked at anew.
	c.item(&media.Description{Epoch: 2})
	require.Empty(t, says(0))
	require.Len(t, says(0), 1)
}

// What another way than the stream says counts as a report does.
func TestWatcher_CameraClock(t *testing.T) {
	var found []Finding
	w := New(Config{}, clock.NewSystem(), media.NewFeed(), func(f Finding) { found = append(found, f) })
	w.CameraClock(8 * time.Hour)
	require.Empty(t, found)
	w.CameraClock(8 * time.Hour)
	require.Len(t, found, 1)
	require.Equal(t, CameraClock, found[0].Code)
	require.True(t, found[0].Raised && found[0].Alarm)
}

// The stream and the management are judged apart: either makes the alarm, and it is over when both are right.
func TestZ23_TwoClocksOfACamera(t *testing.T) {
	c := newCameraClock(Config{}.withDefaults())
	now := clock.Stamp{Wall: 1_795_262_400e9, Mono: 5e12}
	report := func(offset time.Duration) []Finding {
		now = now.Add(5 * time.Second)
		c.item(&media.Report{Arrival: now, NTP: now.Wall.Add(offset)})
		return c.tick(now)
	}
	answer := func(offset time.Duration) []Finding {
		now = now.Add(5 * time.Second)
		c.asked.told(offset, c.limit)
		return c.tick(now)
	}
	require.Empty(t, report(0))
	require.Empty(t, answer(time.Hour))
	require.Empty(t, report(0), "a report in between does not count for the other")
	found := answer(time.Hour)
	require.Len(t, found, 1)
	require.Contains(t, found[0].Detail, "+3600.000 s")
	for range 5 {
		require.Empty(t, report(0), "reports do not end what the management says")
	}
	require.Empty(t, report(-3*time.Second))
	require.Empty(t, report(-3*time.Second), "one alarm")
	require.Empty(t, answer(0))
	require.Empty(t, answer(0), "the stream is still off")
	require.Empty(t, report(0))
	found = report(0)
	require.Len(t, found, 1)
	require.False(t, found[0].Raised)
}
