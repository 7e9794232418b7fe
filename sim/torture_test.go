//go:build soak

package sim

import "testing"

// TestTortureSessionHours plays at least 1,000 session-hours with random faults. `make soak` runs it,
// and `make sim SEEDS=1000` does the same with a chosen number of seeds.
func TestTortureSessionHours(t *testing.T) {
	if hours := playSeeds(t, 1_000_000, 1250); hours < 1000 {
		t.Errorf("%.1f session-hours, want 1000", hours)
	}
}
