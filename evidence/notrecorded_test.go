package evidence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/media"
)

// describe publishes a change of the parameter sets, which can be written or not.
func (f *fake) describe(good bool) {
	tracks := f.tracks
	if !good {
		bad := *f.tracks[0]
		bad.PPS = make([]byte, 1<<16) // longer than any file takes
		tracks = []*media.Track{&bad}
	}
	f.feed.Publish(&media.Description{Epoch: f.epoch, Tracks: tracks, At: f.clock.Now()})
}

// Z29-1: pictures that come and cannot be recorded are told when that has lasted for two seconds, and again as long
// as it lasts.
func TestZ29_1_PicturesThatCannotBeRecordedAreTold(t *testing.T) {
	for name, keyEvery := range map[string]int64{"key pictures every second": 25, "every six seconds": 150} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, nil)
				f := newFake(t, r.clock, &noise{track: card(false)[0].Track(), every: keyEvery})
				group := time.Duration(keyEvery) * 40 * time.Millisecond
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(2 * group)
				f.describe(false) // from the key picture on that is due now
				began := f.clock.Now()
				f.play(1900 * time.Millisecond)
				require.Empty(t, of[NotRecorded](r), "a shorter one is a gap")
				f.play(3*time.Second - 1900*time.Millisecond)
				require.NotEmpty(t, of[NotRecorded](r))
				f.play(30 * time.Second)
				told := of[NotRecorded](r)
				require.InDelta(t, 15, len(told), 6)
				require.Equal(t, began, told[0].Since)
				require.ErrorContains(t, told[0].Err, "parameter set")
				require.Equal(t, EndInvalid, of[RunEnded](r)[0].Cause)

				f.describe(true)
				f.play(2 * group)
				synctest.Wait()
				n := len(of[NotRecorded](r))
				f.play(group + 10*time.Second)
				require.Len(t, of[NotRecorded](r), n, "it is recorded again")
				require.Greater(t, of[Safe](r)[len(of[Safe](r))-1].Until.Wall, r.cfg.Timeline.At(r.clock.Now().Mono-2e9).Wall)
				r.end()
			})
		})
	}
}

// What lasts for less than two seconds is a gap, and so is each of several.
func TestPicturesThatCannotBeRecordedForAMomentAreAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		const group = 12 * 40 * time.Millisecond
		f := newFake(t, r.clock, &noise{track: card(false)[0].Track(), every: 12})
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(10 * group)
		for range 5 {
			f.describe(false)
			f.play(3 * group / 2)
			f.describe(true)
			f.play(13 * group / 2)
		}
		require.Len(t, of[RunEnded](r), 5)
		require.Len(t, of[GapDeclared](r), 5)
		require.Empty(t, of[NotRecorded](r))
		r.end()
	})
}
