// Package clocktest owns a clock that does as it is told: it steps, drifts, and loses trust on
// command. It promises what a [clock.Source] promises and that its monotonic clock never runs back.
package clocktest

import (
	"sync"
	"time"

	"roomrec/clock"
)

// Clock is a clock for tests. It runs with the program's time, so that inside a bubble of
// testing/synctest it runs with the bubble's, and can be advanced beside that. It starts disciplined,
// with a maximum error of a millisecond. It is safe for concurrent use.
type Clock struct {
	mu         sync.Mutex
	host       time.Time // carries a monotonic reading
	at         clock.Stamp
	ppm        float64
	discipline clock.Discipline
	err        error
}

var _ clock.Source = (*Clock)(nil)

// New returns a clock whose wall shows start now. Its monotonic clock begins at one hour, so that
// confusing the two, or either with zero, shows.
func New(start clock.Wall) *Clock {
	return &Clock{
		host:       time.Now(),
		at:         clock.Stamp{Wall: start, Mono: clock.Mono(time.Hour)},
		discipline: clock.Discipline{Synchronised: true, MaxError: time.Millisecond, EstError: 100 * time.Microsecond},
	}
}

// Now returns what the clock shows.
func (c *Clock) Now() clock.Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run()
	return c.at
}

// run brings the stamp up to the program's time.
func (c *Clock) run() {
	now := time.Now()
	c.pass(now.Sub(c.host))
	c.host = now
}

func (c *Clock) pass(d time.Duration) {
	c.at.Mono = c.at.Mono.Add(d)
	c.at.Wall = c.at.Wall.Add(d + time.Duration(float64(d)*c.ppm/1e6))
}

// Advance lets d, which must not be negative, pass on both clocks, beside the program's time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run()
	c.pass(max(d, 0))
}

// Step sets the wall clock d forward, or back if d is negative.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run()
	c.at.Wall = c.at.Wall.Add(d)
}

// Drift lets the wall clock run fast by ppm parts per million of the monotonic clock from now on; slow
// if ppm is negative.
func (c *Clock) Drift(ppm float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run()
	c.ppm = ppm
}

// Discipline returns what [Clock.SetDiscipline] or [Clock.FailDiscipline] said last. It is meant for
// [clock.Judge].
func (c *Clock) Discipline() (clock.Discipline, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.discipline, c.err
}

// SetDiscipline says what the kernel is to say of the clock from now on.
func (c *Clock) SetDiscipline(d clock.Discipline) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.discipline, c.err = d, nil
}

// FailDiscipline makes reading the discipline fail from now on.
func (c *Clock) FailDiscipline(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.discipline, c.err = clock.Discipline{}, err
}

// LoseTrust makes the clock unsynchronised, with the error that the kernel gives then.
func (c *Clock) LoseTrust() {
	c.SetDiscipline(clock.Discipline{MaxError: 16 * time.Second})
}
