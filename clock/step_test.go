package clock

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStepWatcher_Check(t *testing.T) {
	w := NewStepWatcher(nil)
	s := Stamp{Wall: 1_795_262_400e9, Mono: 5e9}
	check := func(want time.Duration) {
		t.Helper()
		got, stepped := w.Check(s)
		require.Equal(t, want, got)
		require.Equal(t, want != 0, stepped)
	}
	check(0)
	s = s.Add(time.Second)
	check(0)
	s.Wall = s.Wall.Add(time.Hour)
	check(time.Hour)
	check(0)
	s = s.Add(time.Second)
	s.Wall = s.Wall.Add(-2 * time.Hour)
	check(-2 * time.Hour)

	// Small ones add up.
	for range 2 {
		s.Wall = s.Wall.Add(20 * time.Millisecond)
		check(0)
	}
	s.Wall = s.Wall.Add(20 * time.Millisecond)
	check(60 * time.Millisecond)

	// A reading that was interrupted between the clocks is no step, and leaves nothing behind.
	late := s
	late.Mono = late.Mono.Add(30 * time.Millisecond)
	_, stepped := w.Check(late)
	require.False(t, stepped)
	s = s.Add(time.Second)
	check(0)
}

// Slewing is no step, a step beside it is, at any time.
func TestStepWatcher_slewing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := NewStepWatcher(nil)
		ppm := rapid.Float64Range(-499, 499).Draw(t, "ppm")
		step := time.Duration(rapid.Int64Range(int64(StepThreshold)+2e6, 1e13).Draw(t, "step"))
		if rapid.Bool().Draw(t, "back") {
			step = -step
		}
		at := rapid.IntRange(1, 250).Draw(t, "at")
		s := Stamp{Wall: 1_795_262_400e9, Mono: 5e9}
		for i := range 300 {
			d := time.Duration(rapid.Int64Range(1e8, 2e9).Draw(t, "between"))
			s.Mono = s.Mono.Add(d)
			s.Wall = s.Wall.Add(d + time.Duration(float64(d)*ppm/1e6))
			if i == at {
				s.Wall = s.Wall.Add(step)
			}
			by, stepped := w.Check(s)
			require.Equal(t, i == at, stepped, "%d", i)
			if stepped {
				require.InDelta(t, float64(step), float64(by), 2e6)
			}
		}
	})
}

// interrupted is a source whose readings are apart at times.
type interrupted struct {
	apart []time.Duration
	n     int
}

func (s *interrupted) Now() Stamp {
	by := time.Duration(0)
	if s.n < len(s.apart) {
		by = s.apart[s.n]
	}
	s.n++
	return Stamp{Wall: Wall(0).Add(by), Mono: 0}
}

func TestStepWatcher_looksAgain(t *testing.T) {
	src := &interrupted{apart: []time.Duration{0, time.Minute, 0, time.Hour, time.Hour, time.Hour, time.Hour}}
	w := NewStepWatcher(src)
	_, stepped := w.look()
	require.False(t, stepped)
	_, stepped = w.look()
	require.False(t, stepped, "seen once only")
	require.Equal(t, 3, src.n)
	s, stepped := w.look()
	require.True(t, stepped)
	require.Equal(t, time.Hour, s.By)
}

// The host's own clock is watched with the kernel's help, and Run leaves nothing behind.
func TestStepWatcher_hostClock(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- NewStepWatcher(NewSystem()).Run(ctx, func(s Step) { t.Errorf("the host's clock stepped by %v", s.By) })
	}()
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("Run goes on")
	}

	a, err := listen()
	require.NoError(t, err)
	require.NoError(t, a.arm(), "it can be armed anew")
	select {
	case <-a.set:
		t.Fatal("nobody set the clock")
	default:
	}
	a.stop()
	require.Error(t, a.arm())
}
