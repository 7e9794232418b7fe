package clocktest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/clock/clocktest"
)

const noon = clock.Wall(1_795_262_400e9)

func TestClock_obeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clocktest.New(noon)
		first := c.Now()
		require.Equal(t, noon, first.Wall)

		<-time.After(90 * time.Second)
		require.Equal(t, first.Add(90*time.Second), c.Now())

		c.Advance(10 * time.Second)
		require.Equal(t, first.Add(100*time.Second), c.Now())

		c.Step(-time.Hour)
		s := c.Now()
		require.Equal(t, noon.Add(100*time.Second-time.Hour), s.Wall)
		require.Equal(t, 100*time.Second, s.Mono.Sub(first.Mono))

		c.Drift(100)
		<-time.After(10_000 * time.Second)
		d := c.Now()
		require.Equal(t, 10_000*time.Second, d.Mono.Sub(s.Mono))
		require.Equal(t, s.Wall.Add(10_001*time.Second), d.Wall)
	})
}

func TestClock_trust(t *testing.T) {
	c := clocktest.New(noon)
	j := clock.Judge{Read: c.Discipline}
	require.Equal(t, clock.Trust{State: clock.Trusted, MaxError: time.Millisecond}, j.Trust())
	c.LoseTrust()
	require.False(t, j.Trust().OK())
	c.FailDiscipline(errors.New("refused"))
	require.Equal(t, clock.ReasonUnreadable, j.Trust().Reasons[0].Code)
	c.SetDiscipline(clock.Discipline{Synchronised: true})
	require.True(t, j.Trust().OK())
}

// A clock that steps is found out by the watcher within a second, once for each step.
func TestClock_watched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clocktest.New(noon)
		var seen []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- clock.NewStepWatcher(c).Run(ctx, func(s clock.Step) { seen = append(seen, s.By) })
		}()
		c.Drift(500)
		<-time.After(10*time.Minute + 500*time.Millisecond)
		require.Empty(t, seen)
		c.Step(time.Hour)
		<-time.After(clock.StepPoll)
		c.Step(-time.Hour)
		<-time.After(clock.StepPoll)
		c.Step(-70 * time.Millisecond)
		<-time.After(10 * clock.StepPoll)
		cancel()
		require.NoError(t, <-done)
		require.Len(t, seen, 3)
		for i, want := range []time.Duration{time.Hour, -time.Hour, -70 * time.Millisecond} {
			require.InDelta(t, float64(want), float64(seen[i]), 1e6)
		}
	})
}
