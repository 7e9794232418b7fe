package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

// A look that comes late says that this process was held up, not that a camera gave nothing: what it gave
// is taken in before it is judged. A camera that really is gone is found however late the looks are.
func TestStall_heldUp(t *testing.T) {
	begin := clock.Stamp{Mono: clock.Mono(time.Hour)}
	var found []string
	w := New(Config{Sound: true}, clock.NewSystem(), nil, nil)
	w.tell = func(f Finding) { found = append(found, f.Code) }
	w.detectors = []detector{newStall(Config{Sound: true}.withDefaults(), begin)}
	now := begin
	look := func(after time.Duration, items ...media.Item) {
		now = now.Add(after)
		w.look(items, now)
	}
	unit := func(track int) media.Item { return &media.Unit{Track: track, Arrival: now, Payload: [][]byte{{1}}} }
	look(100*time.Millisecond, &media.Description{Epoch: 1, Tracks: []*media.Track{{Codec: media.H264}, {Codec: media.AAC}}})
	for range 3 {
		look(100*time.Millisecond, unit(0), unit(1))
		look(7 * time.Second) // the whole process stood still
		require.Empty(t, found, "accused before anybody looked whether something waits")
	}
	look(100*time.Millisecond, unit(0), unit(1))
	looks := 0
	for len(found) == 0 && looks < 20 {
		look(time.Second) // so starved that no look comes in time
		looks++
	}
	require.Equal(t, []string{CameraLost}, found)
	require.Equal(t, 8, looks, "each look adds a quarter of a second")
}
