package clock

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// stream simulates a track whose true capture times are known.
type stream struct {
	scale  int64
	every  time.Duration                       // between captures, in truth
	ticks  func(c time.Duration) int64         // of the unit captured at c
	least  func(c time.Duration) time.Duration // delay that no unit comes under
	jitter time.Duration                       // what evenly comes on top
	inTurn bool                                // as over TCP: a late unit holds up those behind it
	stalls []stall
	pace   time.Duration // least between two arrivals, as where the line is hardly fast enough
	length time.Duration
	seed   uint64
}

// stall holds up everything captured in it until its end.
type stall struct{ from, to time.Duration }

// ticksAt counts ticks that go wrong by rate (1 is right).
func ticksAt(scale int64, rate float64) func(time.Duration) int64 {
	return func(c time.Duration) int64 { return 1_000_000 + int64(math.Round(c.Seconds()*rate*float64(scale))) }
}

func constant(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

const simStart = Mono(3600e9) // of the simulated capture time 0

type simUnit struct {
	captured time.Duration // truth
	ticks    int64
	arrival  Mono
}

// units returns the stream's units in the order of arrival at the program.
func (s stream) units() []simUnit {
	rng := rand.New(rand.NewPCG(s.seed, 7))
	var out []simUnit
	var latest Mono
	for c := time.Duration(0); c < s.length; c += s.every {
		late := s.least(c)
		if s.jitter > 0 {
			late += time.Duration(rng.Int64N(int64(s.jitter)))
		}
		at := c + late
		for _, st := range s.stalls {
			if at >= st.from && at < st.to {
				at = st.to
			}
		}
		arrival := simStart.Add(at)
		if s.inTurn {
			arrival = max(arrival, latest.Add(s.pace))
		}
		latest = arrival
		out = append(out, simUnit{c, s.ticks(c), arrival})
	}
	return out
}

// run feeds the units to m and asks for the place of each about a second later, as a recorder does
// when a fragment closes: at the latest when a unit arrives 1 s after the first that waits. It calls
// check with the difference from truth, the least delay included.
func (s stream) run(m *Mapper, check func(u simUnit, off time.Duration)) {
	var waiting []simUnit
	var last Mono
	ask := func() {
		for _, u := range waiting {
			at := m.At(u.ticks)
			if at <= last {
				panic("runs back")
			}
			last = at
			check(u, at.Sub(simStart.Add(u.captured)))
		}
		waiting = waiting[:0]
	}
	for _, u := range s.units() {
		if len(waiting) > 0 && (u.arrival.Sub(waiting[0].arrival) >= time.Second ||
			Ticks{u.ticks - waiting[0].ticks, s.scale}.Duration() >= time.Second) {
			ask()
		}
		m.Observe(u.ticks, u.arrival)
		waiting = append(waiting, u)
	}
	ask()
}

const frame = 40 * time.Millisecond

func TestMapper_staysWithinOneFrame(t *testing.T) {
	honest := stream{
		scale: 90000, every: frame, ticks: ticksAt(90000, 1), least: constant(60 * time.Millisecond),
		length: 10 * time.Minute, seed: 1,
	}
	twentyOne := honest
	twentyOne.every = time.Second / 21
	with := func(s stream, f func(*stream)) stream { f(&s); return s }
	for _, c := range []struct {
		name    string
		s       stream
		settled time.Duration // from when on it must hold
		most    time.Duration // off the truth
	}{
		{"clean", honest, 0, time.Millisecond},
		{"drift of 100 ppm over 12 hours", with(honest, func(s *stream) {
			s.ticks, s.length, s.jitter = ticksAt(90000, 1+100e-6), 12*time.Hour, 10*time.Millisecond
		}), 0, 15 * time.Millisecond},
		{"drift of -100 ppm over 12 hours with jitter of 200 ms", with(honest, func(s *stream) {
			s.ticks, s.length, s.jitter, s.inTurn = ticksAt(90000, 1-100e-6), 12*time.Hour, 200*time.Millisecond, true
		}), 10 * time.Second, frame},
		{"jitter of 200 ms, datagrams", with(honest, func(s *stream) { s.jitter = 200 * time.Millisecond }), 2 * time.Second, frame},
		{"jitter of 200 ms, in turn", with(honest, func(s *stream) { s.jitter, s.inTurn = 200*time.Millisecond, true }), 10 * time.Second, frame},
		{"bursts after stalls", with(honest, func(s *stream) {
			s.jitter, s.inTurn = 20*time.Millisecond, true
			s.stalls = []stall{{2e9, 5e9}, {60e9, 61e9}, {90e9, 110e9}, {111e9, 112e9}, {300e9, 400e9}}
		}), 0, frame},
		{"backlogs that drain at twice the speed of the stream", with(honest, func(s *stream) {
			s.inTurn, s.pace = true, frame/2
			s.stalls = []stall{{20e9, 25e9}, {60e9, 70e9}, {300e9, 310e9}}
		}), 0, frame},
		{"a stall at the start", with(honest, func(s *stream) { s.stalls = []stall{{0.3e9, 4e9}} }), 0, frame},
		{"a burst at the start", with(honest, func(s *stream) { s.stalls = []stall{{0, 3e9}} }), 6 * time.Second, frame},
		{"21 pictures a second, ticks as they are", with(twentyOne, func(s *stream) { s.jitter = 10 * time.Millisecond }), 0, frame},
		{"21 pictures a second, ticks as if 25", with(twentyOne, func(s *stream) {
			s.ticks, s.jitter = ticksAt(90000, 21.0/25), 10*time.Millisecond
		}), 0, frame},
		{"ticks as if 25 and jitter of 200 ms", with(twentyOne, func(s *stream) {
			s.ticks, s.jitter, s.inTurn, s.length = ticksAt(90000, 21.0/25), 200*time.Millisecond, true, time.Hour
		}), 15 * time.Second, frame},
		{"ticks as if 25 and stalls", with(twentyOne, func(s *stream) {
			s.ticks, s.jitter, s.inTurn = ticksAt(90000, 21.0/25), 10*time.Millisecond, true
			s.stalls = []stall{{20e9, 23e9}, {60e9, 61e9}, {90e9, 100e9}}
		}), 0, frame},
		{"25 pictures a second, ticks as if 21", with(honest, func(s *stream) {
			s.ticks, s.jitter = ticksAt(90000, 25.0/21), 10*time.Millisecond
		}), 0, frame},
		{"29.97 as if 30", with(honest, func(s *stream) {
			s.ticks, s.jitter = ticksAt(90000, 1.001), 10*time.Millisecond
		}), 0, frame},
		{"one picture a second", with(honest, func(s *stream) {
			s.every, s.jitter, s.length = time.Second, 30*time.Millisecond, time.Hour
		}), 0, frame},
		{"sound", with(honest, func(s *stream) {
			s.scale, s.ticks, s.every, s.jitter = 8000, ticksAt(8000, 1-50e-6), 20*time.Millisecond, 50*time.Millisecond
		}), time.Second, frame},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.s.length > time.Hour && testing.Short() {
				c.s.length = time.Hour
			}
			least := c.s.least(0)
			worst := time.Duration(0)
			c.s.run(NewMapper(c.s.scale), func(u simUnit, off time.Duration) {
				off -= least
				if u.captured >= c.settled && (off > c.most || off < -c.most) && (off > worst || off < -worst) {
					worst = max(off, -off)
					t.Errorf("captured at %v: %v off", u.captured, off)
				}
			})
		})
	}
}

// The network's least delay grows by 150 ms, later falls again, later grows for good: results stay
// between the two.
func TestMapper_latencyStep(t *testing.T) {
	low, high := 50*time.Millisecond, 200*time.Millisecond
	s := stream{
		scale: 90000, every: frame, ticks: ticksAt(90000, 1+20e-6), jitter: 20 * time.Millisecond, inTurn: true,
		length: 20 * time.Minute, seed: 3,
		least: func(c time.Duration) time.Duration {
			if c > 3*time.Minute && c < 6*time.Minute || c > 10*time.Minute {
				return high
			}
			return low
		},
	}
	s.run(NewMapper(s.scale), func(u simUnit, off time.Duration) {
		require.Greater(t, off, low-frame, "%v", u.captured)
		require.Less(t, off, high+frame, "%v", u.captured)
		switch c := u.captured; {
		case c < 3*time.Minute, c > 6*time.Minute+time.Second && c < 10*time.Minute:
			require.Less(t, off, low+frame, "%v", c)
		case c > 4*time.Minute && c < 6*time.Minute-2*time.Second, c > 11*time.Minute:
			require.Greater(t, off, high-frame, "%v", c)
		}
	})
}

func TestMapper_tickJump(t *testing.T) {
	m := NewMapper(90000)
	s := stream{
		scale: 90000, every: frame, ticks: ticksAt(90000, 1), least: constant(60 * time.Millisecond),
		jitter: 10 * time.Millisecond, inTurn: true, length: time.Minute, seed: 4,
	}
	var last Mono
	for _, told := range []bool{true, false} {
		s.run(m, func(u simUnit, off time.Duration) {
			require.InDelta(t, 60e6, float64(off), float64(frame))
			last = simStart.Add(u.captured + off)
		})
		if told {
			m.Reset()
		}
		// An hour later the camera begins to count anew, far below.
		for i := range 100 {
			arrival := simStart.Add(time.Hour + time.Duration(i)*frame)
			ticks := int64(500 + 3600*i)
			m.Observe(ticks, arrival)
			at := m.At(ticks)
			require.Equal(t, arrival, at)
			require.Greater(t, at, last)
			last = at
		}
		m.Reset()
		*m = *NewMapper(90000)
	}
}

func TestMapper_beforeAnything(t *testing.T) {
	m := NewMapper(90000)
	require.Zero(t, m.At(77))
	m.Observe(77, 5e9)
	require.Equal(t, Mono(5e9), m.At(77))
	require.Equal(t, Mono(6e9), m.At(90077))
	require.Equal(t, 1.0, m.Rate())
}

// Pictures that are shown in another order than they are sent.
func TestMapper_reordered(t *testing.T) {
	m := NewMapper(90000)
	const delay = 30 * time.Millisecond
	order := []int{0, 3, 1, 2} // of each four captures, then repeating
	sent := time.Duration(0)
	for i := range 1000 {
		n := i/4*4 + order[i%4]
		captured := time.Duration(n) * frame
		sent = max(sent, captured+delay)
		m.Observe(ticksAt(90000, 1)(captured), simStart.Add(sent))
		if i > 8 {
			require.Equal(t, simStart.Add(captured+delay), m.At(ticksAt(90000, 1)(captured)), "%d", i)
		}
	}
}

// Whatever arrives, results increase with ticks, memory stays bounded, and nothing is placed after
// the latest arrival but for what the ticks run ahead.
func TestMapper_anyInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMapper(rapid.SampledFrom([]int64{1000, 8000, 90000}).Draw(t, "scale"))
		ticks, arrival := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "ticks"), Mono(1e9)
		var asked []int64
		for range rapid.IntRange(1, 600).Draw(t, "n") {
			ticks += rapid.Int64Range(-m.scale/10, m.scale).Draw(t, "forward")
			arrival += Mono(rapid.Int64Range(-1e8, 2e9).Draw(t, "later"))
			m.Observe(ticks, arrival)
			asked = append(asked, ticks)
			require.LessOrEqual(t, len(m.blocks), mapperBlocks)
			require.False(t, math.IsNaN(m.rate) || math.IsInf(m.height, 0))
		}
		slices.Sort(asked)
		asked = slices.Compact(asked)
		for i := 1; i < len(asked); i++ {
			// At rounds to nanoseconds and a tick is at least 11 µs.
			require.Greater(t, m.At(asked[i]), m.At(asked[i-1]))
		}
	})
}

func BenchmarkMapper_Observe(b *testing.B) {
	for _, c := range []struct {
		name   string
		jitter time.Duration
	}{{"clean", 0}, {"jitter", 200 * time.Millisecond}} {
		b.Run(c.name, func(b *testing.B) {
			units := stream{
				scale: 90000, every: frame, ticks: ticksAt(90000, 1+1e-4), least: constant(0),
				jitter: c.jitter, inTurn: true, length: time.Hour, seed: 9,
			}.units()
			b.ReportAllocs()
			m := NewMapper(90000)
			i := 0
			for b.Loop() {
				if i == len(units) {
					m, i = NewMapper(90000), 0
				}
				m.Observe(units[i].ticks, units[i].arrival)
				i++
			}
		})
	}
}
