package main

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStagesEndInReverseOrder(t *testing.T) {
	var mu sync.Mutex
	var order []string
	say := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	up := make(chan struct{}, 3)
	part := func(name string) stage {
		return stage{name, func(ctx context.Context) error {
			up <- struct{}{}
			<-ctx.Done()
			say(name)
			return ctx.Err()
		}}
	}
	go func() {
		for range 3 {
			<-up
		}
		cancel()
	}()
	require.NoError(t, runStages(ctx, []stage{part("disks"), part("cameras"), part("pages")}))
	require.Equal(t, []string{"pages", "cameras", "disks"}, order)
}

func TestStageThatFailsEndsTheOthers(t *testing.T) {
	broken := errors.New("address in use")
	err := runStages(t.Context(), []stage{
		{"disks", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		{"pages", func(context.Context) error { return broken }},
	})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "pages: ")
}
