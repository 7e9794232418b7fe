package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

func TestSessionsWithoutATranscriptByAge(t *testing.T) {
	const day = 24 * time.Hour
	now := clock.Wall(40 * day)
	ago := func(d time.Duration) clock.Wall { return now.Add(-d) }
	require.Empty(t, aged(nil, now))
	require.Equal(t, map[string]int{"under 1d": 2, "under 3d": 2, "under 7d": 1, "over 7d": 2}, aged([]clock.Wall{
		ago(39 * day), ago(7 * day), // seven days and more
		ago(7*day - 1),
		ago(3*day - 1), ago(day),
		ago(day - 1), now.Add(time.Minute), // sealed before the clock was set back
	}, now))
}
