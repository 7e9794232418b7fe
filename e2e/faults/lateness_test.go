package faults

import (
	"sync"
	"testing"
	"time"
)

// What is kept of every time to Locked beside the printed table: by what it was late after the moment when the
// design's threshold was reached, less what the machine itself was held up meanwhile. A single one says little
// on a busy machine; TestCamerasTorture and TestVolumesTorture hold their median to the design's limits.
var (
	timesMu sync.Mutex
	times   = make(map[string][]time.Duration)
)

// Kinds of what is late: docs/design/faults.md has their limits.
const (
	cameraStalls = "a camera that gives nothing"
	storageErrs  = "the last disk's error"
)

func wasLate(t *testing.T, kind string, by, heldUp time.Duration) {
	t.Helper()
	timesMu.Lock()
	defer timesMu.Unlock()
	times[kind] = append(times[kind], by-heldUp)
	t.Logf("late by %v, the machine itself by %v", by.Round(time.Millisecond), heldUp.Round(time.Millisecond))
}

// lagging measures by how much this machine runs late: what it adds to many short waits. The sum of what is
// more than an idle machine's is returned when it is stopped.
func lagging(t *testing.T) (stop func() time.Duration) {
	const wait, usual = 10 * time.Millisecond, 5 * time.Millisecond
	end, sum := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		var held time.Duration
		defer func() { sum <- held }()
		for {
			before := time.Now()
			select {
			case <-end:
				return
			case <-t.Context().Done():
				return
			case <-time.After(wait):
			}
			held += max(0, time.Since(before)-wait-usual)
		}
	}()
	return func() time.Duration { close(end); return <-sum }
}
