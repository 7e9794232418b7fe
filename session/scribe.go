package session

import (
	"context"
	"time"
)

// appendAgain is how long the scribe waits before it appends a line again that could not be written.
const appendAgain = time.Second

// job is something that may wait for a disk.
type job struct {
	line *Line                           // appended until it is written
	do   func(ctx context.Context) error // or done once
	then func(error)                     // is told, from the scribe's goroutine
}

// scribe does a session's jobs one after the other, in the order in which they were given, so that
// the runner itself never waits for a disk. It owns the session's Evidence.
type scribe struct {
	ev   Evidence
	jobs *mailbox[job]
	log  func(op string, err error)
}

// run does jobs until ctx ends. What waits then is given up; it is told so.
func (s *scribe) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			for _, j := range s.jobs.take() {
				j.then(ctx.Err())
			}
			return
		case <-s.jobs.signal:
		}
		for _, j := range s.jobs.take() {
			j.then(s.work(ctx, j))
		}
	}
}

func (s *scribe) work(ctx context.Context, j job) error {
	if j.line == nil {
		return j.do(ctx)
	}
	for {
		err := s.ev.Append(ctx, *j.line)
		if err == nil {
			return nil
		}
		s.log("append "+j.line.Type, err)
		// A line is never given up while there is time: what follows it needs it.
		t := time.NewTimer(appendAgain)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}
