package main

import (
	"context"

	"roomrec/evidence/volume"
)

// runVolume returns v.Run without the error of a volume that left while it was in use: the recordings
// heard of that, it became a fault, and the program that went on with the others did not fail. What
// happens to a volume at the end, when nobody hears of it any more, is an error.
func runVolume(v *volume.Volume) func(context.Context) error {
	return func(ctx context.Context) error {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- v.Run(own) }()
		<-ctx.Done()
		known := v.Fault() != nil
		stop()
		if err := <-ended; !known {
			return err
		}
		return nil
	}
}
