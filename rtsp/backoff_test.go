package rtsp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp"
)

// writerFunc is called for every line of a log.
type writerFunc func()

func (f writerFunc) Write(b []byte) (int, error) { f(); return len(b), nil }

// TestBackoff tries again after ever longer waits up to the longest, give or take a quarter, and stops
// at once when told.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var at []time.Time
		// A setting that cannot work fails without a packet sent, so that time here is only waiting.
		source := rtsp.Source{URL: "rtsp://192.0.2.1/a", Transport: "pigeon"}
		c := rtsp.New(source, clock.NewSystem(), media.NewFeed(), rtsp.Options{
			Log: zerolog.New(writerFunc(func() { at = append(at, time.Now()) })),
		})
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.ErrorIs(t, c.State().Error, rtsp.ErrConfig)
		require.EqualValues(t, len(at), c.State().Reconnects)
		want := 250 * time.Millisecond
		for i := 1; i < len(at); i++ {
			require.InDelta(t, want.Seconds(), at[i].Sub(at[i-1]).Seconds(), want.Seconds()/4+0.001, "wait %d", i)
			want = min(2*want, 10*time.Second)
		}
		require.Greater(t, len(at), 10)
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
}
