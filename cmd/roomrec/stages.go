package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// stage is a part of the program that runs for as long as its context.
type stage struct {
	name string
	run  func(context.Context) error
}

// runStages starts the stages in their order and, when ctx ends or one of them does, ends them in the
// reverse order, each when all later ones have returned. It returns the errors of those that failed.
func runStages(ctx context.Context, stages []stage) error {
	type running struct {
		stop context.CancelFunc
		done chan struct{}
	}
	var (
		mu    sync.Mutex
		errs  []error
		ended = make(chan struct{}, len(stages)) // one place for each: nobody waits
		all   []running
	)
	for _, s := range stages {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		r := running{stop, make(chan struct{})}
		all = append(all, r)
		go func() {
			defer close(r.done)
			if err := s.run(own); err != nil && !errors.Is(err, context.Canceled) {
				mu.Lock()
				errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
				mu.Unlock()
			}
			ended <- struct{}{}
		}()
	}
	select {
	case <-ctx.Done():
	case <-ended:
	}
	for i := len(all) - 1; i >= 0; i-- {
		all[i].stop()
		<-all[i].done
	}
	return errors.Join(errs...)
}
