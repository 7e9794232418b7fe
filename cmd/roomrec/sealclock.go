package main

import (
	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/session"
)

// distrusted is the reason that a seal gives where the program that seals knows of none itself.
const distrusted = "not trusted when the session was opened or taken up again"

// clockOf returns the host's clock as a session's seal states it: the worst since the program started, and
// the worst that the session's own journal tells of programs before it, which ended with what they knew.
func clockOf(facts any, now seal.Clock, opened clock.Instant) seal.Clock {
	now.Uncertainty = max(now.Uncertainty, opened.Uncertainty)
	if f, ok := facts.(session.Facts); ok && !f.Clock.Trusted && now.Trusted {
		now.Trusted = false
		now.Reasons = append(now.Reasons, distrusted)
	}
	return now
}
