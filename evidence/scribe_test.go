package evidence

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume/volumetest"
)

// What was posted before the journal's last line was asked for stands before it: while the scribe signs a
// checkpoint, runs end and the seal is asked for.
func TestNothingPostedIsLostBeforeTheLastLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		armed, reached, release := false, make(chan struct{}), make(chan struct{})
		r := newRig(t, 1, func(c *Config) {
			c.Limits.Checkpoint = 50 * time.Millisecond
			key := c.Key
			c.Key = func() (seal.Key, error) {
				mu.Lock()
				now := armed
				armed = false
				mu.Unlock()
				if now {
					close(reached)
					<-release
				}
				return key()
			}
		})
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(2500 * time.Millisecond)
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Delay: 60 * time.Millisecond})
		var others sync.WaitGroup
		for range 3 { // they keep the scribe busy while checkpoints fall due
			others.Go(func() {
				for r.e.Append(t.Context(), journal.Entry{Type: "said", Actor: "a"}) == nil {
				}
			})
		}
		others.Go(func() { f.play(3 * time.Second) })
		<-time.After(500 * time.Millisecond)
		mu.Lock()
		armed = true
		mu.Unlock()
		<-reached
		require.NoError(t, r.e.StopRecording(context.Background()))
		done := make(chan error, 1)
		go func() {
			_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
			done <- err
		}()
		<-time.After(time.Second)
		close(release)
		require.NoError(t, <-done)
		r.halt()
		others.Wait()
		require.Contains(t, types(r.lines(r.files(r.disks[0]))), TypeRunEnded)
	})
}
