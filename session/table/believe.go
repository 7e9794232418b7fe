package table

import (
	"slices"

	"roomrec/clock"
)

// Believe returns the session in a state that its journal states and that does not follow from what is known,
// because lines are missing. What must be so in that state is taken to be so: nothing that locks is open where
// questions may be asked, something is interrupted where it is locked, and what no line tells of began or
// ended when the state was stated.
func (s Session) Believe(state State, at clock.Wall) Session {
	if s.State != state {
		s.State, s.Since = state, at
	}
	s.Breaks, s.Unrecorded = slices.Clone(s.Breaks), slices.Clone(s.Unrecorded)
	if state != Unrecorded {
		s.closeSpan(at)
	}
	switch state {
	case Standby, Questioning:
		s.Faults, s.Safe, s.Back = nil, true, state
		s.closeBreak(at, true)
		if state == Questioning && s.Started == 0 {
			s.Started = at
		}
	case Locked, Resuming, Unrecorded:
		if n := len(s.Breaks); n == 0 || s.Breaks[n-1].Until != 0 {
			s.Breaks = append(s.Breaks, Break{Cause: Fault{Code: ControllerRestarted, Room: s.Room}, LastGood: at, Locked: at})
		}
		if n := len(s.Unrecorded); state == Unrecorded && (n == 0 || s.Unrecorded[n-1].To != 0) {
			s.Unrecorded = append(s.Unrecorded, Span{From: at})
		}
	case Closing:
		s.closeBreak(at, false)
		if s.Ended == 0 {
			s.Ended = at
		}
	case None, Starting, Sealed, stay:
	}
	return s
}
