package clock

import "time"

// Vigil measures for how long something has been awaited in vain by one who looks now and then. On a
// machine that is starved, or was stopped, the one who looks may itself be held up, and what it awaits
// lies ready and was only not yet taken in: such a time says nothing about others. So however late a
// look comes, it adds no more than Step.
//
// What really stays away is found nonetheless: after as many looks as Step goes into the limit.
type Vigil struct {
	// Step is how far apart looks may be, at most, for all of the time between them to count. It is
	// some times the period of the looks.
	Step time.Duration

	since, looked Mono
	held          time.Duration
}

// Look returns for how long there has been nothing since the given instant, now. Looks are in order; an
// instant that is not the one of the look before begins anew.
func (v *Vigil) Look(now, since Mono) time.Duration {
	if since != v.since {
		v.since, v.held = since, 0
	}
	if late := now.Sub(max(since, v.looked)) - v.Step; late > 0 {
		v.held += late
	}
	v.looked = now
	return now.Sub(since) - v.held
}
