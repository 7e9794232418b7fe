package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
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
