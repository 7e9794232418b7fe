package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/clock/clocktest"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume/volumetest"
)

// start is the civil time at which every world begins.
var start = clock.WallOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))

// plan is what a seed decides before anything happens.
type plan struct {
	length      time.Duration // of the part in which things fail
	disks       int
	sync        []time.Duration // that a sync of each disk takes
	fragment    time.Duration
	segment     time.Duration
	cameraBytes int64
	drift       float64 // of the host's clock, ppm
	trouble     float64 // how much goes wrong: 0 nothing
	calm        bool    // only people act, rightly
}

// world is a site: what is around the controller, and the controller while it is up. Everything in it
// happens in one goroutine, the director's, but what the controller does by itself.
type world struct {
	t     *testing.T
	rand  *rand.Rand
	plan  plan
	began time.Time
	queue queue
	count int // of events, so that equal times keep their order
	over  bool

	host     *clocktest.Clock
	disks    []*volumetest.Disk
	spool    string
	spools   int
	key      seal.Key
	cameras  []*camera
	station  *station // nil while the controller is down
	starts   int
	sealedBy int // the start that said that the session is sealed; 0: none lived to say it
	people   *people
	stopping bool           // the controller was told to stop
	ended    sync.WaitGroup // stations that are being torn down

	mu       sync.Mutex // guards what follows
	story    []string
	failures []string
	acks     []ack
	known    map[string]bool // sessions of which somebody was told
	// Of the session, by the number of the start.
	timelines map[int]clock.Timeline
	facts     facts
}

// facts is what has happened that a verdict depends on.
type facts struct {
	trouble int // anything that went wrong, of any kind
	crashes int
	stops   int
}

func newWorld(t *testing.T, seed uint64, dir string) *world {
	w := &world{t: t, known: map[string]bool{}, timelines: map[int]clock.Timeline{}, rand: rand.New(rand.NewPCG(seed, 1)), began: time.Now()}
	w.plan = w.newPlan()
	w.host = clocktest.New(start)
	w.host.Drift(w.plan.drift)
	w.spool = filepath.Join(dir, "spool-0")
	require.NoError(t, os.Mkdir(w.spool, 0o700))
	key, err := seal.OpenKey(filepath.Join(dir, "seal.key"), "sim")
	require.NoError(t, err)
	w.key = key
	for i := range w.plan.disks {
		w.disks = append(w.disks, volumetest.New(t, fmt.Sprintf("vol-%c", 'a'+i)))
	}
	w.cameras = newCameras(w)
	w.people = newPeople(w)
	return w
}

func (w *world) newPlan() plan {
	r := w.rand
	p := plan{
		length:   time.Duration(28+r.IntN(108)) * time.Minute,
		disks:    1 + r.IntN(3),
		fragment: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}[r.IntN(3)],
		segment:  time.Duration(2+r.IntN(29)) * time.Minute,
		drift:    float64(r.IntN(200) - 100),
		calm:     r.IntN(20) == 0,
	}
	for range p.disks {
		p.sync = append(p.sync, time.Duration(1+r.IntN([]int{5, 50, 400}[r.IntN(3)]))*time.Millisecond)
	}
	if r.IntN(4) == 0 {
		p.cameraBytes = 600 + r.Int64N(3000)
	}
	p.trouble = []float64{0.3, 1, 3}[r.IntN(3)]
	if p.calm {
		p.trouble = 0
	}
	return p
}

// now is the time since the world began.
func (w *world) now() time.Duration { return time.Since(w.began) }

// say adds a line to the story.
func (w *world) say(format string, args ...any) {
	d := w.now()
	line := fmt.Sprintf("%02d:%02d:%02d.%03d  ", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60, d.Milliseconds()%1000) + fmt.Sprintf(format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.story = append(w.story, line)
}

// fail notes that something is not as it must be.
func (w *world) fail(format string, args ...any) {
	w.say("WRONG: "+format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// happened counts something that goes wrong in the world.
func (w *world) happened(format string, args ...any) {
	w.say(format, args...)
	w.facts.trouble++
}

// in lets do happen d from now.
func (w *world) in(d time.Duration, do func()) {
	w.count++
	heap.Push(&w.queue, event{w.now() + max(d, 0), w.count, do})
}

// up returns the number of the start of the controller that is up, 0 if it is down.
func (w *world) up() int {
	if w.station == nil {
		return 0
	}
	return w.station.number
}

// between returns a duration from a to b.
func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rand.Int64N(int64(b-a)+1))
}

// chance reports true with the probability p.
func (w *world) chance(p float64) bool { return w.rand.Float64() < p }

// play lets everything happen until the world is over.
func (w *world) play() {
	for len(w.queue) > 0 && !w.over {
		e := heap.Pop(&w.queue).(event) //nolint:forcetypeassert // the queue holds nothing else
		if wait := e.at - w.now(); wait > 0 {
			<-time.After(wait)
		}
		synctest.Wait()
		e.do()
		if w.now() > w.plan.length+6*time.Hour {
			w.fail("the session did not come to its seal in six hours")
			return
		}
	}
}

// print returns the story, shortened in its middle.
func (w *world) print() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := slices.Clone(w.story)
	if most := 600; len(lines) > most {
		lines = append(append(lines[:most/4], fmt.Sprintf("… %d lines …", len(lines)-most)), lines[len(lines)-most*3/4:]...)
	}
	return strings.Join(lines, "\n")
}

type event struct {
	at time.Duration
	n  int
	do func()
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].n < q[j].n
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) } //nolint:forcetypeassert // heap's interface
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return e
}
