package evidence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
)

// The file itself counts what is missing: what the journal did not come to say is declared after a
// restart all the same.
func TestWhatFragmentsCountAsLostIsDeclaredAfterARestart(t *testing.T) {
	at := func(s float64) clock.Instant { return clock.Instant{Wall: clock.Wall(s * 1e9)} }
	info := func(from, to float64, gaps, units uint32) fragment.Info {
		return fragment.Info{Start: at(from), End: at(to), Tracks: []fragment.TrackInfo{{Samples: 1, Lost: fragment.Lost{Gaps: gaps, Units: units}}}}
	}
	infos := []fragment.Info{info(0, 1, 0, 0), info(1, 2, 1, 3), info(3.5, 4.5, 1, 3), info(4.5, 5.5, 1, 3), info(7, 8, 1, 3)}
	type gap struct {
		cause    string
		from, to float64
		units    uint64
	}
	for name, c := range map[string]struct {
		known []seal.Gap
		want  []gap
	}{
		"none known":  {nil, []gap{{"loss", 1, 3.5, 3}, {"stall", 5.5, 7, 0}}},
		"first known": {[]seal.Gap{{Cause: "loss", From: at(1.9), To: at(3.5), Units: 3}}, []gap{{"loss", 1.9, 3.5, 3}, {"stall", 5.5, 7, 0}}},
		"all known": {
			[]seal.Gap{{Cause: "loss", From: at(1.9), To: at(3.5), Units: 3}, {Cause: "stall", From: at(5.4), To: at(7)}},
			[]gap{{"loss", 1.9, 3.5, 3}, {"stall", 5.4, 7, 0}},
		},
		"one known that only meets another": {
			[]seal.Gap{{Cause: "loss", From: at(1.9), To: at(3.5), Units: 3}, {Cause: "loss", From: at(5.4), To: at(5.6)}},
			[]gap{{"loss", 1.9, 3.5, 3}, {"loss", 5.4, 5.6, 0}, {"stall", 5.5, 7, 0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &runRecord{gaps: c.known}
			r.addLost(infos)
			var got []gap
			for _, g := range r.gaps {
				got = append(got, gap{g.Cause, g.From.Since(clock.Instant{}).Seconds(), g.To.Since(clock.Instant{}).Seconds(), g.Units})
			}
			require.Equal(t, c.want, got)
			require.LessOrEqual(t, stallMost, 500*time.Millisecond, "what a reader takes for a gap")
		})
	}
}

// However long a bad session was, of a run no more gaps are listed than without a restart, and all that is
// missing is counted.
func TestGapsAreMergedAfterARestartAsBefore(t *testing.T) {
	const losses = maxSealGaps + 44
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		for range losses {
			f.play(time.Second)
			now := r.clock.Now()
			f.feed.Publish(&media.Gap{Track: 0, From: now.Add(-40 * time.Millisecond), To: now, Cause: media.CauseLoss, Units: 1, Packets: 2})
		}
		f.play(2500 * time.Millisecond)
		r.kill()
		require.Len(t, r.e.runs[0].gaps, maxSealGaps)
		<-time.After(time.Second)
		n, _ := r.again([]*volumetest.Disk{r.disks[0].Again()})
		sealed := n.seal()
		gaps := sealed.Statement.Runs[0].Gaps
		require.Len(t, gaps, maxSealGaps)
		var units, count uint64
		for i, g := range gaps {
			units, count = units+g.Units, count+g.Count
			require.True(t, i == 0 || gaps[i-1].From.Wall <= g.From.Wall, "in their order")
		}
		require.EqualValues(t, losses, units)
		require.EqualValues(t, losses, count)
		v := n.verdict(t, n.disks[0])
		require.Equal(t, verify.Gaps, v.Verdict, v.Findings)
	})
}

// Gaps of several tracks and causes in turn are merged too, each with the nearest of its kind.
func TestGapsOfSeveralKindsAreMerged(t *testing.T) {
	var gaps []seal.Gap
	const all = 3 * maxSealGaps
	for i := range int64(all) {
		from := clock.Instant{Wall: clock.Wall(i * 1e9)}
		gaps = listGap(gaps, seal.Gap{Track: int(i % 3), Cause: "loss", From: from, To: clock.Instant{Wall: from.Wall + 5e8}, Units: 1, Count: 1})
	}
	require.Len(t, gaps, maxSealGaps)
	var count uint64
	for _, g := range gaps {
		count += g.Count
		require.Less(t, g.From.Wall, g.To.Wall)
	}
	require.EqualValues(t, all, count)
}
