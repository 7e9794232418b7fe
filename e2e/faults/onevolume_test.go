package faults

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// toLocked bounds how long after the moment when the design wants it a line of Locked may come on a
// busy machine. What it took is printed; the design's limit is 1 s after the error, to which
// TestVolumesTorture holds the median.
const toLocked = 10 * time.Second

// The only volume fails: the session locks, what was acknowledged is there, the program ends.
func TestOneVolumeFails(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := faults[name](t)
			r := record(t, options{to: []string{d.to}, free: d.free})
			r.await("questioning", func(l line) bool { return l.State == "Questioning" })
			r.safe(2)
			id := volumeID(t, d.to)

			stop := lagging(t)
			before := time.Now()
			d.fail()
			locked := r.locked("storage.lost")
			heldUp := stop()
			took := locked.Read.Sub(before)
			require.Less(t, took, d.patience+toLocked)
			after := ""
			if d.errored != nil {
				late := locked.Read.Sub(d.errored())
				require.Less(t, late, toLocked)
				wasLate(t, storageErrs, late, heldUp)
				after = " after the error " + late.Round(time.Millisecond).String()
			}
			measured(t, "%6d ms%s", took.Milliseconds(), after)

			acked := len(r.acks())
			if d.patience > 0 {
				// Nothing may pile up without bound while the disk hangs.
				was := resident(t, r)
				<-time.After(3 * time.Second)
				now := resident(t, r)
				measured(t, "%d MiB, 3 s later %d MiB", was, now)
				require.Less(t, now, was+64)
			}
			require.Len(t, r.acks(), acked, "nothing is acknowledged without a volume")

			r.interrupt()
			if !within(patience/2, func() bool { return stopped(r) }) {
				r.interrupt()
				require.True(t, within(patience/2, func() bool { return stopped(r) }), "the second SIGINT ends it at once")
				t.Errorf("one SIGINT did not end a program that had lost its last volume")
			}
			if d.free != nil {
				d.free()
			}
			require.Equal(t, 3, r.exit())
			if d.check != nil {
				d.check()
			}
			kept := d.kept()
			n := requireAcked(t, r.acks(), id, kept)
			files := requirePlayable(t, kept)
			requireUnsealed(t, sessionIn(t, kept))
			t.Logf("%d acknowledged fragments are there, ffprobe reads %d files", n, files)
		})
	}
}

// within waits for a condition and reports whether it came in time.
func within(limit time.Duration, is func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	over := time.After(limit)
	for !is() {
		select {
		case <-tick.C:
		case <-over:
			return is()
		}
	}
	return true
}
