package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVigil(t *testing.T) {
	const ms = Mono(time.Millisecond)
	type look struct{ now, since, want Mono }
	for name, looks := range map[string][]look{
		"looks in time count in full":              {{100, 0, 100}, {200, 0, 200}, {450, 0, 450}, {2000, 1900, 100}},
		"a late look counts as one step":           {{100, 0, 100}, {5100, 0, 350}, {5200, 0, 450}},
		"so does a late first look":                {{5000, 0, 250}, {5100, 0, 350}},
		"what comes begins anew":                   {{100, 0, 100}, {5100, 0, 350}, {5200, 5150, 50}, {5300, 5150, 150}},
		"what came late in a long time":            {{100, 0, 100}, {5100, 5000, 100}, {5200, 5000, 200}},
		"what came early in a long time":           {{100, 0, 100}, {5100, 200, 250}, {5200, 200, 350}},
		"what stays away is found, look by look":   {{1000, 0, 250}, {2000, 0, 500}, {3000, 0, 750}, {4000, 0, 1000}},
		"nothing is counted for what comes by now": {{100, 0, 100}, {200, 200, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			v := Vigil{Step: 250 * time.Millisecond}
			for _, l := range looks {
				require.Equal(t, time.Duration(l.want*ms), v.Look(l.now*ms, l.since*ms), "at %d", l.now)
			}
		})
	}
}
