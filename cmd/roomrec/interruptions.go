package main

import (
	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/session"
)

// interruptionsOf returns the session's interruptions as the seal states them. Their instants are on
// the session's timeline and at least as uncertain as its opening; the seal adds what came since.
func interruptionsOf(facts any, uncertain clock.Instant) []seal.Interruption {
	f, ok := facts.(session.Facts)
	if !ok {
		return nil
	}
	at := func(w clock.Wall) *clock.Instant {
		if w == 0 {
			return nil
		}
		return &clock.Instant{Wall: w, Uncertainty: uncertain.Uncertainty}
	}
	out := make([]seal.Interruption, 0, len(f.Breaks))
	for _, b := range f.Breaks {
		i := seal.Interruption{
			Cause: string(b.Cause.Code), MissingFrom: at(b.LastGood), MissingTo: at(b.FirstGood), SuspendedFrom: at(b.Locked),
		}
		if b.Locked != 0 { // after End nothing is suspended
			i.SuspendedTo = at(b.Until)
		}
		out = append(out, i)
	}
	return out
}
