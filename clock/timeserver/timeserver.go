// Package timeserver asks the site's time servers (NTP, RFC 5905) how far the host's clock is off. It
// sets no clock: that is for the host's NTP client. What the answers mean for the trust in the clock
// is [clock.Judge]'s to say.
package timeserver

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/beevik/ntp"

	"roomrec/clock"
)

const (
	// Poll is the interval between two questions to a server, if nothing else is said: that of NTP
	// clients that have just started.
	Poll = 64 * time.Second
	// again is the interval after a question that was not answered, and before there is an answer.
	again = 8 * time.Second
	// patience is how long an answer may take.
	patience = 3 * time.Second
)

// Watch keeps asking a list of servers. Its methods are safe for concurrent use.
type Watch struct {
	source clock.Source
	poll   time.Duration
	ask    func(ctx context.Context, server string) (clock.Measurement, error)

	mu      sync.Mutex
	servers []*clock.ServerRecord
	errs    []error // the last one of each server; nil after an answer
}

// New returns a watch over servers, each a host with or without a port (123), asked every poll; 0 means
// [Poll]. Nothing is asked until Run runs or Once is called.
func New(source clock.Source, servers []string, poll time.Duration) *Watch {
	if poll == 0 {
		poll = Poll
	}
	w := &Watch{source: source, poll: poll, errs: make([]error, len(servers))}
	w.ask = func(_ context.Context, server string) (clock.Measurement, error) { return Ask(source, server) }
	for _, s := range servers {
		w.servers = append(w.servers, &clock.ServerRecord{Name: s})
	}
	return w
}

// Ask asks one server once. It takes at most some seconds. The error names the server and says what is
// wrong with the answer, if one came: a server that is itself not synchronised is not believed.
func Ask(source clock.Source, server string) (clock.Measurement, error) {
	r, err := ntp.QueryWithOptions(server, ntp.QueryOptions{Timeout: patience})
	at := source.Now()
	if err == nil {
		err = r.Validate()
	}
	if err != nil {
		return clock.Measurement{}, fmt.Errorf("time server %s: %w", server, err)
	}
	return clock.Measurement{At: at, Offset: r.ClockOffset, Error: r.RootDistance, Delay: r.RTT / 2}, nil
}

// Run asks until ctx ends, and then returns nil. Each server is asked by a goroutine of its own, so that
// a silent one delays no other.
func (w *Watch) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range w.servers {
		wg.Go(func() {
			for ctx.Err() == nil {
				wait := again
				if w.once(ctx, i) {
					wait = w.poll
				}
				select {
				case <-ctx.Done():
				case <-time.After(min(wait, w.poll)):
				}
			}
		})
	}
	wg.Wait()
	<-ctx.Done() // also where there is no server to ask
	return nil
}

// Once asks every server once, at the same time, and returns when all have answered or not.
func (w *Watch) Once(ctx context.Context) {
	var wg sync.WaitGroup
	for i := range w.servers {
		wg.Go(func() { w.once(ctx, i) })
	}
	wg.Wait()
}

func (w *Watch) once(ctx context.Context, i int) bool {
	m, err := w.ask(ctx, w.servers[i].Name) // the name never changes
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs[i] = err
	if err != nil {
		w.servers[i].Fail()
		return false
	}
	w.servers[i].Answer(m)
	return true
}

// Reference returns what the servers together say now.
func (w *Watch) Reference() clock.Reference {
	now := w.source.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	return clock.Refer(w.servers, now)
}

// State is one server as it is shown.
type State struct {
	Name   string        `json:"server"`
	Known  bool          `json:"known"`
	Offset time.Duration `json:"offset_ns"` // what has to be added to the host's clock, at the last answer
	Error  time.Duration `json:"error_ns"`
	Silent bool          `json:"silent"`
	Err    string        `json:"problem,omitempty"` // of the last question
}

// States returns the servers in the order of the settings.
func (w *Watch) States() []State {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]State, 0, len(w.servers))
	for i, s := range w.servers {
		one := State{Name: s.Name, Silent: s.Silent()}
		if m, ok := s.Last(); ok {
			one.Known, one.Offset, one.Error = true, m.Offset, m.Error
		}
		if w.errs[i] != nil {
			one.Err = w.errs[i].Error()
		}
		out = append(out, one)
	}
	return slices.Clip(out)
}
