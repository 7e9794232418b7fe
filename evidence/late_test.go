package evidence

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/media"
)

// Sound that comes late, as from a camera or a network that was busy, lands in a later fragment than
// the pictures of its time. That fragment then begins before the one before it ended: nothing was
// altered, and the verifier must not say so.
func TestSoundThatComesLateIsNoAlteration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		f.delay = func(u *media.Unit) time.Duration {
			at := f.tracks[u.Track].Ticks(u.DTS).Duration()
			if u.Track == 1 && at > 2*time.Second && at < 3200*time.Millisecond {
				return 3200*time.Millisecond - at
			}
			return 0
		}
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(6 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		v := r.verdict(t, r.disks[0])
		require.Equal(t, verify.Intact, v.Verdict, "%v", v.Findings)
		overlaps := 0
		for _, b := range r.files(r.disks[0]) {
			if string(b[4:8]) != "ftyp" {
				continue
			}
			for i, all := 1, scan(t, b).Fragments; i < len(all); i++ {
				if all[i].Start.Since(all[i-1].End) < -500*time.Millisecond {
					overlaps++
				}
			}
		}
		require.Positive(t, overlaps, "the sound was late by more than half a second")
		same(t, f, recorded(t, r.files(r.disks[0]), "r", "c", 1), 1, 0)
	})
}

// Sound that comes when a segment has begun after it has no place there: a gap says so, also after a restart.
func TestSoundThatComesAfterItsSegmentIsDeclared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.SegmentLength = 2 * time.Second })
		f := newFake(t, r.clock, card(true)...)
		const from, to = 3200 * time.Millisecond, 5500 * time.Millisecond
		f.delay = func(u *media.Unit) time.Duration {
			at := f.tracks[u.Track].Ticks(u.DTS).Duration()
			if u.Track == 1 && at > from && at < to {
				return to - at
			}
			return 0
		}
		began := r.clock.Now().Wall
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(8 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		missing := len(sentOf(f, 1)) - len(recorded(t, r.files(r.disks[0]), "r", "c", 1))
		require.Positive(t, missing)
		gaps := sealed.Statement.Runs[0].Gaps
		require.Len(t, gaps, 1)
		require.Equal(t, 1, gaps[0].Track)
		require.EqualValues(t, missing, gaps[0].Units)
		require.InDelta(t, from.Seconds(), gaps[0].From.Wall.Time().Sub(began.Time()).Seconds(), 0.1)
		require.InDelta(t, 4, gaps[0].To.Wall.Time().Sub(began.Time()).Seconds(), 0.1)
		v := r.verdict(t, r.disks[0])
		require.Equal(t, verify.Gaps, v.Verdict, "%v", v.Findings)
		require.EqualValues(t, missing, sealed.Statement.Runs[0].Tracks[1].Lost)
	})
}
