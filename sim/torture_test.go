//go:build torture

package sim

import "testing"

// TestTortureSimulation plays at least 1,000 session-hours with random faults, crashes and power cuts among
// them, and says how many it were. `make sim SEEDS=1000` plays a chosen number of seeds.
func TestTortureSimulation(t *testing.T) {
	const want, batch = 1000, 100
	hours, seed := 0.0, uint64(1_000_000)
	for ; hours < want && !t.Failed(); seed += batch {
		hours += playSeeds(t, seed, batch)
	}
	t.Logf("%.1f session-hours in %d sessions", hours, seed-1_000_000)
	if !t.Failed() && hours < want {
		t.Errorf("%.1f session-hours, want %d", hours, want)
	}
}
