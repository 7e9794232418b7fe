//go:build torture

package faults

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Fifty times killed with SIGKILL, at random moments from the first folder on.
func TestKilledTorture(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 4))
	for range 50 {
		delay := time.Duration(rng.Int64N(int64(5 * time.Second)))
		t.Run(delay.Round(time.Millisecond).String(), func(t *testing.T) {
			t.Parallel()
			kill(t, []string{inMemory(t, "a"), inMemory(t, "b")}, delay)
		})
	}
}

// Fifty power cuts, of ten recordings, at random moments; the seed is in the name.
func TestPowerCutTorture(t *testing.T) {
	var late []time.Duration
	results := make(chan []time.Duration, 10)
	t.Run("all", func(t *testing.T) {
		for i := range 10 {
			seed := uint64(time.Now().UnixNano())>>20 + uint64(i)
			kind := []string{"ext4", "ext4", "xfs"}[i%3]
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				results <- powerCuts(t, kind, seed, 5)
			})
		}
	})
	close(results)
	for l := range results {
		late = append(late, l...)
	}
	requireCheap(t, late)
}

// Every fault of the plain tests three times more, in other company.
func TestVolumesTorture(t *testing.T) {
	for range 3 {
		t.Run("one", TestOneVolumeFails)
		t.Run("two", TestOneOfTwoVolumesFails)
	}
	requireMedian(t, storageErrs, 12, time.Second)
}

// requireMedian says that the median of the times to Locked is within the design's limit
// (docs/design/faults.md), beside what the machine itself was held up.
func requireMedian(t *testing.T, kind string, least int, limit time.Duration) {
	t.Helper()
	timesMu.Lock()
	defer timesMu.Unlock()
	all := slices.Sorted(slices.Values(times[kind]))
	require.GreaterOrEqual(t, len(all), least, kind)
	median := all[len(all)/2]
	measured(t, "the median of %d of %s: Locked %d ms after the threshold", len(all), kind, median.Milliseconds())
	require.LessOrEqual(t, median, limit, "%s: %v", kind, all)
}

// Every fault of a camera and of its network twice more; a round ends before the next, which has its own
// network under the same names.
func TestCamerasTorture(t *testing.T) {
	for _, round := range []string{"one", "two"} {
		t.Run(round, func(t *testing.T) {
			t.Run("killed", TestCameraProcessKilled)
			t.Run("hangs", TestCameraHangs)
			t.Run("picture stops", TestCameraPictureStops)
			t.Run("refuses", TestCameraRefuses)
			t.Run("loss declared", TestCameraLossThatIsDeclared)
			t.Run("loss locks", TestCameraLossThatLocks)
			t.Run("network drops", TestCameraNetworkDrops)
			t.Run("bottleneck", TestCameraBehindABottleneck)
		})
	}
	requireMedian(t, cameraStalls, 6, 500*time.Millisecond)
}
