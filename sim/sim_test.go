package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "play this seed alone and print its story")
	seedsFlag = flag.Uint64("seeds", 0, "play so many seeds")
	firstFlag = flag.Uint64("first", 1, "the first of -seeds")
)

// fewSeeds is what a plain go test plays.
const fewSeeds = 16

func TestSimulation(t *testing.T) {
	switch {
	case *seedFlag != 0:
		story, _ := playSeed(t, *seedFlag)
		t.Log("\n" + story)
	case *seedsFlag != 0:
		playSeeds(t, *firstFlag, *seedsFlag)
	default:
		playSeeds(t, 1, fewSeeds)
	}
}

// playSeeds plays count seeds from first on, as many at once as there are processors.
func playSeeds(t *testing.T, first, count uint64) (sessionHours float64) {
	began := time.Now()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a world is small and lives for a second
	hours := make([]time.Duration, count)
	t.Run("seeds", func(t *testing.T) {
		for i := range count {
			t.Run(fmt.Sprint(first+i), func(t *testing.T) {
				t.Parallel()
				_, hours[i] = playSeed(t, first+i)
			})
		}
	})
	var sum time.Duration
	for _, d := range hours {
		sum += d
	}
	t.Logf("%d seeds, %.1f session-hours in %v", count, sum.Hours(), time.Since(began).Round(time.Millisecond))
	return sum.Hours()
}

// playSeed plays one world and checks what it leaves. It returns the story and how long the world
// lasted. However a seed fails, its story is printed.
func playSeed(t *testing.T, seed uint64) (story string, lasted time.Duration) {
	dir := tempDir(t)
	var w *world
	over := false
	defer func() {
		if over && !t.Failed() || w == nil {
			return
		}
		why := "it did not come to its end"
		if w.mu.TryLock() {
			if len(w.failures) > 0 {
				why = w.failures[0]
			}
			w.mu.Unlock()
			story = w.print()
		}
		t.Errorf("seed %d: %s\n\nThe story (go test ./sim -run Simulation -seed %d plays it again):\n%s", seed, why, seed, story)
	}()
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(t, seed, dir)
		w.say("seed %d: %+v", seed, w.plan)
		w.boot()
		w.trouble()
		w.in(time.Minute, w.technician)
		w.play()
		w.over = true
		lasted = w.now()
		if w.station != nil {
			st := w.station
			st.dead.Store(true)
			for _, d := range w.disks {
				d.Release()
			}
			st.abandon()
		}
		w.ended.Wait()
		if len(w.failures) == 0 {
			w.check(dir + "/copies")
		}
		if len(w.failures) > 0 {
			t.Fail()
		}
	})
	over = true
	return w.print(), lasted
}

// tempDir returns a folder in memory, if there is one: thousands of small files are written there.
func tempDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "sim")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // only copies
	return dir
}
