package watch

import (
	"context"
	"errors"
	"image"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

// eyes is a decoder that says what it is told to, after a while.
type eyes struct {
	mu       sync.Mutex
	takes    time.Duration
	err      error
	shows    func(n int) *image.Gray
	pictures int
	sounds   int
	running  int
	most     int
}

func (e *eyes) work(ctx context.Context) error {
	e.mu.Lock()
	e.running++
	e.most = max(e.most, e.running)
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.running--
		e.mu.Unlock()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(e.takes):
		return e.err
	}
}

func (e *eyes) Picture(ctx context.Context, _ *media.Track, _ *media.Unit) (*image.Gray, error) {
	if err := e.work(ctx); err != nil {
		return nil, err
	}
	e.pictures++
	return e.shows(e.pictures), nil
}

func (e *eyes) Sound(ctx context.Context, _ *media.Track, units []*media.Unit) ([]int16, error) {
	if err := e.work(ctx); err != nil {
		return nil, err
	}
	e.sounds++
	// What someone says: louder and quieter in turn.
	out := make([]int16, 1024*len(units))
	for i := range out {
		out[i] = int16((i*7919)%3 - 1)
		if i/9600%2 == 0 {
			out[i] *= 3000
		}
	}
	return out, nil
}

// looking lets one decoder look at n cameras for so long. Each gives a key picture every two seconds,
// and AAC.
func looking(t *testing.T, e *eyes, n int, length time.Duration) (found []string, l *Looker, watchers []*Watcher) {
	synctest.Test(t, func(t *testing.T) {
		clk := clock.NewSystem()
		ctx, stop := context.WithTimeout(t.Context(), length)
		defer stop()
		var running sync.WaitGroup
		var mu sync.Mutex // guards found
		var feeds []*media.Feed
		for range n {
			feed := media.NewFeed()
			w := New(Config{}, clk, feed, func(f Finding) {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, label(f))
			})
			feeds, watchers = append(feeds, feed), append(watchers, w)
			feed.Publish(&media.Description{Epoch: 1, Tracks: []*media.Track{
				{Codec: media.H264, ClockRate: 90000}, {Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 1},
			}})
			running.Go(func() { _ = w.Run(ctx) })
		}
		running.Go(func() {
			tick := time.NewTicker(1024 * time.Second / 48000)
			defer tick.Stop()
			for i := int64(0); ctx.Err() == nil; i++ {
				for _, feed := range feeds {
					if i%90 == 0 {
						feed.Publish(&media.Unit{Key: true, Arrival: clk.Now(), PTS: i * 1920, Payload: [][]byte{{0x65, byte(i), byte(i >> 8)}}})
					}
					feed.Publish(&media.Unit{Track: 1, Arrival: clk.Now(), PTS: i * 1024, Payload: [][]byte{{byte(i), byte(i >> 8)}}})
				}
				<-tick.C
			}
		})
		l = NewLooker(clk, e, 5*time.Second, watchers)
		require.NoError(t, l.Run(ctx))
		running.Wait()
	})
	return found, l, watchers
}

func TestLooker(t *testing.T) {
	healthy, black := scene(testcard.Front, testcard.Healthy, 10), scene(testcard.Front, testcard.Black, 2)[1]
	fine := func(n int) *image.Gray { return healthy[n%len(healthy)] }
	t.Run("every five seconds, one thing at a time", func(t *testing.T) {
		e := &eyes{takes: 80 * time.Millisecond, shows: fine}
		found, l, w := looking(t, e, 3, 50*time.Second)
		require.Empty(t, found)
		require.InDelta(t, 30, e.pictures, 3)
		require.InDelta(t, 30, e.sounds, 3)
		require.Equal(t, 1, e.most)
		require.NoError(t, l.Problem(w[0]))
	})
	t.Run("a quarter of the time at most, however many cameras there are", func(t *testing.T) {
		e := &eyes{takes: 200 * time.Millisecond, shows: fine}
		_, _, _ = looking(t, e, 32, 100*time.Second)
		require.LessOrEqual(t, time.Duration(e.pictures+e.sounds)*e.takes, 26*time.Second)
		require.Greater(t, e.pictures, 50)
	})
	t.Run("a dark picture is looked at again soon", func(t *testing.T) {
		e := &eyes{takes: 80 * time.Millisecond, shows: func(n int) *image.Gray {
			if n > 4 {
				return black
			}
			return fine(n)
		}}
		found, _, _ := looking(t, e, 1, 35*time.Second)
		require.Equal(t, []string{"camera.frozen alarm", "camera.dark raised"}, found)
	})
	t.Run("speech without a session, coded", func(t *testing.T) {
		e := &eyes{takes: 80 * time.Millisecond, shows: fine}
		found, _, _ := looking(t, e, 1, 80*time.Second)
		require.Equal(t, []string{"room.unopened alarm"}, found)
	})
	t.Run("a decoder that fails", func(t *testing.T) {
		e := &eyes{takes: time.Second, err: errors.New("no such codec")}
		found, l, w := looking(t, e, 2, 30*time.Second)
		require.Empty(t, found)
		require.ErrorContains(t, l.Problem(w[1]), "no such codec")
	})
}
