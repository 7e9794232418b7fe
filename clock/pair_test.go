package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// camera simulates two tracks with reports. Its own clock is camera(c) at the true time c.
type camera struct {
	picture, sound stream
	every          time.Duration // between reports; 0: none
	camera         func(c time.Duration) Wall
	lie            time.Duration // by which the sound's reports are wrong
}

// run asks for the sound's place and compares it with the picture's place of the same truth.
func (c camera) run(check func(captured, off time.Duration, byReports bool)) {
	v, a := NewMapper(c.picture.scale), NewMapper(c.sound.scale)
	p := NewPair(v, a)
	pictures, sounds := c.picture.units(), c.sound.units()
	next := time.Duration(0)
	for _, u := range sounds {
		for len(pictures) > 0 && pictures[0].arrival <= u.arrival {
			v.Observe(pictures[0].ticks, pictures[0].arrival)
			pictures = pictures[1:]
		}
		a.Observe(u.ticks, u.arrival)
		if c.every > 0 && u.captured >= next {
			next += c.every
			p.Report(Picture, c.picture.ticks(u.captured), c.camera(u.captured))
			later := u.captured + c.every/3
			p.Report(Sound, c.sound.ticks(later), c.camera(later).Add(c.lie))
		}
		if v.seen {
			truth := v.line(c.picture.ticks(u.captured))
			at := p.SoundAt(u.ticks)
			check(u.captured, at.Sub(truth), p.Reports())
		}
	}
}

func twoTracks(length time.Duration) camera {
	return camera{
		picture: stream{
			scale: 90000, every: frame, ticks: ticksAt(90000, 1+80e-6), least: constant(120 * time.Millisecond),
			jitter: 15 * time.Millisecond, inTurn: true, length: length, seed: 1,
		},
		sound: stream{
			scale: 16000, every: 64 * time.Millisecond, ticks: ticksAt(16000, 1-60e-6), least: constant(120 * time.Millisecond),
			jitter: 15 * time.Millisecond, inTurn: true, length: length, seed: 2,
		},
		every: 5 * time.Second,
		camera: func(c time.Duration) Wall { // an hour wrong, and 30 ppm fast
			return Wall(1_700_000_000e9).Add(c + c/33333)
		},
	}
}

func long() time.Duration {
	if testing.Short() {
		return time.Hour
	}
	return 12 * time.Hour
}

func TestPair_staysInStep(t *testing.T) {
	within := func(t *testing.T, from time.Duration, reports bool) func(time.Duration, time.Duration, bool) {
		return func(c, off time.Duration, by bool) {
			if c < from {
				return
			}
			if off > frame || off < -frame || by != reports {
				require.Failf(t, "out of step", "at %v: %v, reports %v", c, off, by)
			}
		}
	}
	t.Run("by reports, 12 hours, sound held back by 300 ms", func(t *testing.T) {
		c := twoTracks(long())
		c.sound.least = constant(420 * time.Millisecond)
		c.run(within(t, time.Second, true))
	})
	t.Run("by arrival, 12 hours", func(t *testing.T) {
		c := twoTracks(long())
		c.every = 0
		c.run(within(t, 0, false))
	})
	t.Run("picture ticks as if 25 for 21", func(t *testing.T) {
		c := twoTracks(10 * time.Minute)
		c.picture.every = time.Second / 21
		c.picture.ticks = ticksAt(90000, 21.0/25)
		c.run(within(t, 10*time.Second, true))
	})
	t.Run("reports that cannot be right", func(t *testing.T) {
		c := twoTracks(10 * time.Minute)
		c.lie = 3 * time.Second
		c.run(within(t, 0, false))
	})
	t.Run("reports end", func(t *testing.T) {
		c := twoTracks(2 * time.Minute)
		c.every = time.Hour // one pair, a third of an hour apart in ticks
		c.run(within(t, 0, false))
	})
}

// The camera's clock is set in the middle: reports of before and after do not mix.
func TestPair_cameraClockSet(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, 300 * time.Millisecond, 90 * time.Second} {
		c := twoTracks(10 * time.Minute)
		steady := c.camera
		c.camera = func(at time.Duration) Wall {
			if at > 5*time.Minute {
				return steady(at).Add(step)
			}
			return steady(at)
		}
		c.run(func(at, off time.Duration, by bool) {
			require.InDelta(t, 0, float64(off), float64(frame), "at %v, step %v", at, step)
			if at > 5*time.Minute+10*time.Second {
				require.True(t, by)
			}
		})
	}
}

// Going over from arrivals to reports moves sound, but never back.
func TestPair_neverRunsBack(t *testing.T) {
	v, a := NewMapper(90000), NewMapper(8000)
	p := NewPair(v, a)
	require.Zero(t, p.SoundAt(0))
	last := Mono(0)
	for i := range int64(3000) {
		arrival := Mono(1e9).Add(time.Duration(i) * 20 * time.Millisecond)
		v.Observe(i*1800, arrival)
		a.Observe(i*160, arrival.Add(400*time.Millisecond))
		switch i {
		case 500, 2000:
			p.Report(Picture, i*1800, Wall(i*20e6))
			p.Report(Sound, i*160, Wall(i*20e6))
		case 1000:
			p.Reset()
		}
		at := p.SoundAt(i * 160)
		require.Greater(t, at, last)
		last = at
		if i > 560 && i < 1000 {
			require.True(t, p.Reports())
			require.InDelta(t, float64(arrival), float64(at), 1e6)
		}
		if i > 1000 && i < 2000 {
			require.False(t, p.Reports())
			require.InDelta(t, float64(arrival.Add(400*time.Millisecond)), float64(at), 1e6)
		}
	}
}
