//go:build torture

package sim

import "testing"

// TestTortureSessionHours plays at least 1,000 session-hours with random faults.
func TestTortureSessionHours(t *testing.T) {
	if hours := playSeeds(t, 1_000_000, 1250); hours < 1000 {
		t.Errorf("%.1f session-hours, want 1000", hours)
	}
}
