package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/panel"
)

// Z37: who has seen what is found in every session there is, however old: a search that has enough says from where
// it goes on, and together its parts have each look once.
func TestZ37_EveryLookIsFoundHoweverOldItsSession(t *testing.T) {
	p := newPapers(t)
	var ids []string
	for i, name := range []string{"a1a1", "b2b2", "c3c3", "d4d4", "e5e5"} {
		start := noon.AddDate(0, -i, 0)
		id := start.In(p.setup.zone.Location()).Format("20060102-150405-") + name
		ids = append(ids, id)
		p.seal(shotAt(id, start, time.Hour))
		require.NoError(t, lookedAt(p, id))
		require.NoError(t, lookedAt(p, id))
	}
	// Two of them opened at the same instant are never parted.
	twin := noon.In(p.setup.zone.Location()).Format("20060102-150405-") + "f6f6"
	p.seal(shotAt(twin, noon, time.Hour))
	require.NoError(t, lookedAt(p, twin))
	ids = append(ids, twin)

	s := seen{papers: p.transcripts}
	times, sessions, asked := map[string]int{}, 0, 0
	for q := (panel.AccessQuery{Limit: 2}); ; asked++ {
		page, err := s.Accesses(t.Context(), q)
		require.NoError(t, err)
		sessions += page.Sessions
		for _, r := range page.Records {
			times[r.Session]++
		}
		if page.Older == 0 {
			break
		}
		require.True(t, q.Opened == 0 || page.Older < q.Opened, "it gets on")
		q.Opened = page.Older
	}
	require.Equal(t, len(ids), sessions)
	require.Equal(t, 4, asked, "one for each instant, and the last one knows that it is")
	for _, id := range ids {
		want := 2
		if id == twin {
			want = 1
		}
		require.Equal(t, want, times[id], id)
	}
	page, err := s.Accesses(t.Context(), panel.AccessQuery{Limit: 500, Before: clock.WallOf(noon.AddDate(0, -2, 1)), After: 1})
	require.NoError(t, err)
	require.Zero(t, page.Older)
	require.Equal(t, 3, page.Sessions, "whoever looked before a day looked at sessions from before it")
	page, err = s.Accesses(t.Context(), panel.AccessQuery{Limit: 500, Person: "nobody"})
	require.NoError(t, err)
	require.Empty(t, page.Records)
	require.Equal(t, len(ids), page.Sessions)
}
