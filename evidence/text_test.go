package evidence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// Reports that come late move the sound's capture times, but not where its samples lie in the file: the
// shown time belongs to the places in the file and goes on evenly.
func TestTimeTextGoesOnWhenReportsMoveTheSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		// Sound arrives 160 ms after the picture that belongs to it.
		f.delay = func(u *media.Unit) time.Duration { return time.Duration(u.Track) * 160 * time.Millisecond }
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		now := f.clock.Now()
		for i, tr := range f.tracks {
			f.feed.Publish(&media.Report{Track: i, Arrival: now, NTP: now.Wall, PTS: 2 * tr.ClockRate})
		}
		f.play(6 * time.Second)
		r.end()
		s := scan(t, r.files(r.disks[0])["r/c/run-0001/0001.mp4"])
		require.Len(t, s.Fragments, 8)
		first := s.Fragments[0]
		for _, fr := range s.Fragments {
			onAxis := time.Duration(fr.From-first.From) * time.Second / 90_000
			require.InDelta(t, float64(onAxis), float64(fr.Start.Since(first.Start)), float64(2*time.Millisecond), "fragment %d", fr.Sequence)
		}
	})
}

// Pictures that come late at first and ever less so show only then that they were taken earlier than it seemed. What
// is shown already stays: the time goes on slowly, and never back, until it is right.
func TestTimeTextNeverRunsBackWhileLatePicturesCatchUp(t *testing.T) {
	for _, late := range []time.Duration{600 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond, 6 * time.Second} {
		for _, sound := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, nil)
				f := newFake(t, r.clock, card(sound)...)
				f.delay = func(u *media.Unit) time.Duration {
					return max(0, late-f.tracks[u.Track].Ticks(u.PTS).Duration())
				}
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(16 * time.Second)
				r.end()
				all := scan(t, r.files(r.disks[0])["r/c/run-0001/0001.mp4"]).Fragments
				to, at := all[0].From, all[0].Start.Wall // where the text is
				for i := range all {
					f := &all[i]
					if f.To > to { // else it adds none
						require.GreaterOrEqual(t, f.WallAt(to), at-clock.Wall(time.Millisecond), "%v, fragment %d: text runs back", late, i)
						to, at = f.To, f.End.Wall
					}
					require.True(t, i == 0 || f.Start.Wall >= all[i-1].Start.Wall && f.End.Wall >= all[i-1].End.Wall, "%v, fragment %d", late, i)
				}
				first, last := all[0], all[len(all)-1]
				onAxis := time.Duration(last.To-first.From) * time.Second / 90_000
				require.InDelta(t, float64(f.began.Wall.Time().Add(onAxis).UnixNano()), float64(last.End.Wall), float64(100*time.Millisecond), "%v: right in the end", late)
			})
		}
	}
}
