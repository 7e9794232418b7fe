package panel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// A page's times of day say which day they are of, and how far from UTC, where that is not what stands at the opening.
func TestTimesOfDayNameAnotherDay(t *testing.T) {
	at := func(s string) clock.Wall {
		w, err := clock.ParseWall(s)
		require.NoError(t, err)
		return w
	}
	r := rowOf(Record{Zone: "Europe/Berlin"})
	r.Opened = at("2026-03-28T23:50:00+01:00")
	require.Equal(t, "23:55:00", r.Clock(at("2026-03-28T23:55:00+01:00")))
	require.Equal(t, "2026-03-29 00:05:00", r.Clock(at("2026-03-29T00:05:00+01:00")))
	require.Equal(t, "2026-03-29 03:05:00 +02:00", r.Clock(at("2026-03-29T03:05:00+02:00")))
	require.Equal(t, "2026-03-29 03:05:00 +02:00", r.When(at("2026-03-29T03:05:00+02:00")))
	require.Equal(t, "2026-03-29 01:05:00", r.When(at("2026-03-29T01:05:00+01:00")))
	require.Empty(t, r.Clock(0))
}
