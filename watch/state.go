package watch

import "roomrec/clock"

// state is what a detector has said last.
type state struct{ open bool }

// turns reports whether wrong is not what was said last. Who words what was found asks first: mostly
// there is nothing to word.
func (s *state) turns(wrong bool) bool { return wrong != s.open }

// turn returns a finding if wrong is not what was said last.
func (s *state) turn(wrong bool, f Finding) []Finding {
	if !s.turns(wrong) {
		return nil
	}
	s.open, f.Raised = wrong, wrong
	if !wrong {
		f.over()
	}
	return []Finding{f}
}

// level is how bad something is.
type level uint8

const (
	good level = iota
	alarms
	locks
)

func levelOf(alarm, lock bool) level {
	switch {
	case lock:
		return locks
	case alarm:
		return alarms
	}
	return good
}

// steps is what a detector with two thresholds has said last.
type steps struct{ level level }

// turns reports whether l is not what was said last. What locks does so until it is over.
func (s *steps) turns(l level) bool {
	return l != s.level && (l != alarms || s.level != locks)
}

// turn returns a finding if l turns.
func (s *steps) turn(l level, f Finding) []Finding {
	if !s.turns(l) {
		return nil
	}
	s.level, f.Raised, f.Alarm = l, l != good, l == alarms
	if l == good {
		f.over()
	}
	return []Finding{f}
}

// over takes away what only a fault that is raised has.
func (f *Finding) over() { f.LastGood, f.Detail, f.Alarm = clock.Stamp{}, "", false }
