package table

import (
	"slices"

	"roomrec/clock"
)

// Refusal says why an event is not taken, in a sentence for the officer.
type Refusal struct {
	From   State
	On     EventName
	Say    Text
	Clause string
}

// Error returns the English sentence.
func (r *Refusal) Error() string { return r.Say.En }

// Step returns what becomes of s by e and what the runner has to do about it, in that order; or,
// with s unchanged, why e is refused. It is pure: equal arguments give equal results.
func Step(s Session, e Event) (Session, []Effect, *Refusal) {
	r := find(s, e)
	if r.Refuses() {
		return s, nil, &Refusal{From: s.State, On: e.Name, Say: r.Say, Clause: r.Clause}
	}
	return apply(s, e, r), slices.Clone(r.Effects), nil
}

// find returns the first row that is for s and e. A test holds that there always is one.
func find(s Session, e Event) Row {
	for _, r := range index[cell{s.State, e.Name}] {
		if r.When.holds(s, e) {
			return r
		}
	}
	return Row{From: s.State, On: e.Name, Say: unknownEvent}
}

var unknownEvent = Text{"The controller does not know this action.", "控制器不识别此操作。"}

// apply keeps the books: what the session remembers of e.
func apply(s Session, e Event, r Row) Session {
	if len(r.Effects) == 0 {
		return s // overtaken by something else; nothing happened
	}
	from := s.State
	s.State = r.To
	if from != r.To {
		s.Since = e.At
	}
	s.Breaks, s.Unrecorded = slices.Clone(s.Breaks), slices.Clone(s.Unrecorded)
	switch e.Name {
	case Opened:
		s.Opened, s.Room, s.Rooms, s.Back = e.At, e.Room, []string{e.Room}, Standby
		s.Mandatory, s.Technical = e.Mandatory, e.Technical
	case Start:
		s.Started, s.Back = e.At, Questioning
	case End:
		s.Ended, s.Ending = e.At, e.Ending
		s.closeBreak(e.At, false)
		s.closeSpan(e.At)
	case Classified:
		s.Mandatory = e.Mandatory
		if r.To == Locked {
			s.closeSpan(e.At)
		}
	case MoveRoom:
		s.move(e)
	case Resume:
		s.closeSpan(e.At)
	case Explained:
		s.closeBreak(e.At, true)
	case ApproveUnrecorded:
		s.Unrecorded = append(s.Unrecorded, Span{From: e.At})
	case UnrecordedOverdue:
		s.Overdue = true
	case AllSafe:
		s.Safe = true
		// After End every fault is an interruption of its own: they are over together.
		for i, b := range s.Breaks {
			if b.FirstGood == 0 {
				s.Breaks[i].FirstGood = max(e.FirstGood, b.LastGood)
			}
		}
	case FaultRaised, StartElapsed, Restarted:
		s.fail(e, from, r.To)
	case FaultCleared:
		s.Faults = without(s.Faults, e.Fault)
	case ClosingElapsed:
		s.Stopped = true
	case Marked, RosterChanged, RefuseUnrecorded, Dismissed, AlarmRaised, AlarmCleared, LockedLong, SealDone, SealFailed, Stopping:
		// The journal remembers them; no later decision depends on them.
	}
	return s
}

// fail takes in a fault that locks, or that a restart is.
func (s *Session) fail(e Event, from, to State) {
	if s.Stopped {
		return // a restart between the end of recording and the seal: nothing is missing
	}
	s.Safe = false
	s.Faults = with(s.Faults, e.Fault)
	if e.Name == Restarted {
		// What was open before is found again by its detector, or is over.
		s.Faults = with(e.Faults, e.Fault)
		s.closeSpan(e.At)
	}
	last := e.LastGood
	if last == 0 {
		last = e.At
	}
	open := len(s.Breaks) > 0 && s.Breaks[len(s.Breaks)-1].Until == 0
	switch {
	case open:
		b := &s.Breaks[len(s.Breaks)-1]
		b.FirstGood = 0
		b.LastGood = min(b.LastGood, last) // what is found later may have begun earlier
		if b.Cause != e.Fault && !slices.Contains(b.Also, e.Fault) {
			b.Also = append(slices.Clone(b.Also), e.Fault)
		}
	case to == Locked && from != Locked:
		s.Breaks = append(s.Breaks, Break{Cause: e.Fault, LastGood: last, Locked: e.At})
	case to == Closing:
		// Questioning has ended: nothing is suspended, but recording was interrupted.
		s.Breaks = append(s.Breaks, Break{Cause: e.Fault, LastGood: last, Until: e.At})
	}
}

func (s *Session) move(e Event) {
	s.Room, s.Safe = e.Room, false
	if !slices.Contains(s.Rooms, e.Room) {
		s.Rooms = append(slices.Clone(s.Rooms), e.Room)
	}
	// What is wrong with the room that was left no longer stands against resuming in the new one.
	kept := slices.DeleteFunc(slices.Clone(s.Faults), func(f Fault) bool { return f.Room != "" && f.Room != e.Room })
	s.Faults = with(kept, e.Faults...)
	if n := len(s.Breaks); n > 0 && s.Breaks[n-1].Until == 0 {
		s.Breaks[n-1].FirstGood = 0
	}
}

func (s *Session) closeBreak(at clock.Wall, resumed bool) {
	if n := len(s.Breaks); n > 0 && s.Breaks[n-1].Until == 0 {
		s.Breaks[n-1].Until, s.Breaks[n-1].Resumed = at, resumed
	}
}

func (s *Session) closeSpan(at clock.Wall) {
	if n := len(s.Unrecorded); n > 0 && s.Unrecorded[n-1].To == 0 {
		s.Unrecorded[n-1].To = at
	}
}
