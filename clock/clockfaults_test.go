package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/clock/clocktest"
)

// Whatever happens to the host's clock during a session, the time over its pictures never repeats a second,
// leaves none out and never runs back, the pictures are where they were taken, and each step is found once
// and in its size; slewing at the kernel's fastest, 500 ppm, is none.
func TestZ23_ShownTimeUnderClockFaults(t *testing.T) {
	zone := clock.NewZone(time.FixedZone("", 8*3600))
	const start = clock.Wall(1_795_000_000 * int64(time.Second))
	for name, c := range map[string]struct {
		happens func(*clocktest.Clock, int) // at the picture
		steps   []time.Duration
	}{
		"nothing": {func(*clocktest.Clock, int) {}, nil},
		"stepped an hour forward and back": {func(c *clocktest.Clock, i int) {
			switch i {
			case 1000:
				c.Step(time.Hour)
			case 2000:
				c.Step(-time.Hour)
			case 3000:
				c.Step(-time.Hour)
			}
		}, []time.Duration{time.Hour, -time.Hour, -time.Hour}},
		"slewed by 500 ppm": {func(c *clocktest.Clock, i int) {
			switch i {
			case 500:
				c.Drift(500)
			case 15_000:
				c.Drift(-500)
			}
		}, nil},
		"slewed, then stepped by what that made": {func(c *clocktest.Clock, i int) {
			switch i {
			case 0:
				c.Drift(-500)
			case 20_000:
				c.Step(time.Second)
			}
		}, []time.Duration{time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := clocktest.New(start)
				line, steps := clock.NewTimeline(host.Now(), time.Millisecond), clock.NewStepWatcher(host)
				const every = 40 * time.Millisecond
				mapper := clock.NewMapper(90000)
				var found []time.Duration
				last, shown := "", 0
				for i := range 30_000 { // twenty minutes
					c.happens(host, i)
					now := host.Now()
					if step, stepped := steps.Check(now); stepped {
						found = append(found, step)
					}
					mapper.Observe(int64(i)*3600, now.Mono)
					at := line.At(mapper.At(int64(i) * 3600))
					off := at.Wall - start.Add(time.Duration(i)*every)
					require.LessOrEqual(t, max(off, -off), clock.Wall(every), "picture %d", i)
					if text := zone.DateTime(at.Wall); text != last {
						require.Greater(t, text, last, "picture %d: it repeats or runs back", i)
						last, shown = text, shown+1
					}
					host.Advance(every)
				}
				require.InDelta(t, 1200, shown, 1, "every second, once")
				require.Len(t, found, len(c.steps))
				for i := range found {
					require.InDelta(t, c.steps[i].Seconds(), found[i].Seconds(), 0.05)
				}
			})
		})
	}
}
