package watch

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// film is a camera with picture and sound for the detector of sound and picture that are apart.
type film struct {
	a          *apart
	now, begin clock.Mono
	side       [2]reel
	said       bool          // reports come, every five seconds
	clock      time.Duration // of the camera, against ours
	jitter     time.Duration
	chance     *rand.Rand
	epoch      int
	found      []string
	lastReport clock.Mono
}

// reel is one track.
type reel struct {
	step  int64   // ticks from unit to unit
	scale int64   // ticks per second, as the camera says
	pace  float64 // of the camera's ticks: 1 is right
	ticks float64 // that the camera has counted
	sent  int64   // units since the epoch began
	delay time.Duration
}

func newFilm(reports bool) *film {
	f := &film{
		a: newApart(Config{Sound: true}.withDefaults()), now: clock.Mono(time.Hour), begin: clock.Mono(time.Hour), said: reports,
		jitter: 30 * time.Millisecond, chance: rand.New(rand.NewPCG(5, 6)),
	}
	f.side[clock.Picture] = reel{step: 3600, scale: 90000, pace: 1, delay: 150 * time.Millisecond}
	f.side[clock.Sound] = reel{step: 160, scale: 8000, pace: 1, delay: 40 * time.Millisecond}
	f.connect()
	return f
}

func (f *film) connect() {
	f.epoch++
	f.a.item(&media.Description{Epoch: f.epoch, Tracks: []*media.Track{
		{Codec: media.H264, ClockRate: 90000}, {Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1},
	}})
}

// play lets time pass and returns what was found up to now.
func (f *film) play(d time.Duration) []string {
	const slice = 5 * time.Millisecond
	for end := f.now.Add(d); f.now < end; f.now = f.now.Add(slice) {
		for i := range f.side {
			r := &f.side[i]
			r.ticks += slice.Seconds() * float64(r.scale) * r.pace
			for float64((r.sent+1)*r.step) <= r.ticks {
				late := r.delay + time.Duration(f.chance.Int64N(int64(f.jitter)))
				f.a.item(&media.Unit{Track: i, PTS: r.sent * r.step, DTS: r.sent * r.step, Arrival: clock.Stamp{Mono: f.now.Add(late)}})
				r.sent++
			}
		}
		if f.said && f.now.Sub(f.lastReport) >= 5*time.Second {
			f.lastReport = f.now
			for i := range f.side {
				f.a.item(&media.Report{
					Track: i, PTS: int64(f.side[i].ticks), NTP: clock.Wall(1e18 + int64(f.now)).Add(f.clock),
					Arrival: clock.Stamp{Mono: f.now},
				})
			}
		}
		if f.now.Sub(f.begin)%(100*time.Millisecond) == 0 {
			for _, x := range f.a.tick(clock.Stamp{Mono: f.now.Add(300 * time.Millisecond)}) {
				f.found = append(f.found, fmt.Sprintf("%.0f %s", f.now.Sub(f.begin).Seconds(), label(x)))
			}
		}
	}
	return f.found
}

func TestZ26_SoundAndPictureApart(t *testing.T) {
	for name, reports := range map[string]bool{"by arrivals": false, "by reports": true} {
		t.Run(name, func(t *testing.T) {
			t.Run("a camera that holds its picture back is in step", func(t *testing.T) {
				f := newFilm(reports)
				f.side[clock.Picture].delay = 600 * time.Millisecond
				require.Empty(t, f.play(4*time.Minute))
			})
			t.Run("a network with jitter", func(t *testing.T) {
				f := newFilm(reports)
				f.jitter = 200 * time.Millisecond
				require.Empty(t, f.play(4*time.Minute))
			})
			t.Run("both slow down together", func(t *testing.T) {
				f := newFilm(reports)
				f.play(time.Minute)
				f.side[0].delay += 700 * time.Millisecond
				f.side[1].delay += 700 * time.Millisecond
				require.Empty(t, f.play(2*time.Minute))
			})
			t.Run("crystals 100 ppm apart, for three hours", func(t *testing.T) {
				f := newFilm(reports)
				f.side[clock.Sound].pace = 1.0001
				require.Empty(t, f.play(3*time.Hour))
			})
			t.Run("sound that counts 2 % too slowly", func(t *testing.T) {
				f := newFilm(reports)
				f.play(30 * time.Second)
				f.side[clock.Sound].pace = 0.98
				found := f.play(2 * time.Minute)
				require.Len(t, found, 2, "%v", found)
				require.Contains(t, found[0], "camera.sync alarm")
				require.Contains(t, found[1], "camera.sync raised")
			})
			t.Run("sound that slipped by 400 ms", func(t *testing.T) {
				f := newFilm(reports)
				f.play(time.Minute)
				f.side[clock.Sound].ticks -= 0.4 * 8000 // as many samples are missing, and no tick says so
				found := f.play(time.Minute)
				require.Len(t, found, 1, "%v", found)
				require.Contains(t, found[0], "camera.sync alarm")
				f.side[clock.Sound].ticks += 0.4 * 8000
				found = f.play(time.Minute)
				require.Len(t, found, 2, "%v", found)
				require.Contains(t, found[1], "camera.sync over")
			})
			t.Run("a reconnect of 300 ms", func(t *testing.T) {
				f := newFilm(reports)
				f.play(time.Minute)
				for range 5 {
					f.a.item(&media.End{})
					f.now = f.now.Add(300 * time.Millisecond)
					f.side[0].sent, f.side[0].ticks, f.side[1].sent, f.side[1].ticks = 0, 0, 0, 0
					f.connect()
					require.Empty(t, f.play(30*time.Second))
				}
			})
		})
	}
	t.Run("the camera's clock is set", func(t *testing.T) {
		f := newFilm(true)
		f.play(time.Minute)
		f.clock = time.Hour
		require.Empty(t, f.play(2*time.Minute))
	})
	t.Run("reports that contradict one another", func(t *testing.T) {
		f := newFilm(true)
		for range 60 {
			f.clock = time.Duration(f.chance.Int64N(int64(3 * time.Second)))
			require.Empty(t, f.play(5*time.Second))
		}
	})
	t.Run("sound that is not required is an alarm at most", func(t *testing.T) {
		f := newFilm(false)
		f.a = newApart(Config{}.withDefaults())
		f.connect()
		f.play(time.Minute)
		f.side[clock.Sound].ticks -= 2 * 8000
		found := f.play(time.Minute)
		require.Len(t, found, 1, "%v", found)
		require.Contains(t, found[0], "camera.sync alarm")
	})
}
