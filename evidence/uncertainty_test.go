package evidence

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// The seal states the greatest uncertainty that the timeline had: it grows, and a restart with a clock that was set
// back adds to it.
func TestSealStatesTheTimelinesUncertainty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		time.Sleep(12 * time.Hour)
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{Clock: seal.Clock{Source: "ntp", Trusted: true, Uncertainty: time.Millisecond}})
		require.NoError(t, err)
		require.GreaterOrEqual(t, sealed.Statement.Clock.Uncertainty, sealed.Statement.Sealed.Uncertainty)
		r.halt()
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		r.kill()
		// The host comes back with its clock an hour behind.
		n := &rig{t: t, clock: r.clock, disks: r.disks, done: make(chan struct{}), ran: make(chan error, 1)}
		n.mount()
		found, err := Survey(context.Background(), testFolder, n.volumes)
		require.NoError(t, err)
		n.config(nil)
		now := r.clock.Now()
		now.Wall = now.Wall.Add(-time.Hour)
		n.cfg.Timeline = clock.ResumeTimeline(now, time.Millisecond, found.Last.Wall, now.Mono)
		e, err := Open(context.Background(), n.cfg, found)
		require.NoError(t, err)
		n.begin(e)
		lost := n.cfg.Timeline.At(n.clock.Now().Mono)
		require.Greater(t, lost.Uncertainty, 59*time.Minute)
		require.NoError(t, e.StopRecording(context.Background()))
		opened := found.Lines[0].At()
		sealed, err := e.Seal(context.Background(), testKey(t), Facts{
			Opened: opened, Clock: seal.Clock{Source: "ntp", Trusted: true, Uncertainty: time.Millisecond},
			Interruptions: []seal.Interruption{{Cause: "controller.restarted", MissingFrom: &clock.Instant{Wall: found.LastSafe.Wall, Uncertainty: opened.Uncertainty}, MissingTo: &clock.Instant{Wall: lost.Wall, Uncertainty: opened.Uncertainty}}},
		})
		require.NoError(t, err)
		require.Greater(t, sealed.Statement.Clock.Uncertainty, 59*time.Minute)
		i := sealed.Statement.Interruptions[0]
		require.Greater(t, i.MissingTo.Uncertainty, 59*time.Minute, "it may be an hour later")
		n.halt()
	})
}
