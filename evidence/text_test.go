package evidence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

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
