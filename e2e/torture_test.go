//go:build torture

package e2e

import (
	"testing"
	"time"
)

// The demo's frame counter over two minutes.
func TestTortureDemoForTwoMinutes(t *testing.T) {
	checkDemo(t, demoSession(t, 2*time.Minute), 2*time.Minute)
}

func TestTortureRecordsServersOfOthers(t *testing.T) {
	recordsServersOfOthers(t, 20*time.Second)
}
