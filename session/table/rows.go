package table

import "slices"

// Row is one line of the table: what an event does to a session in a state, or, if To is empty, the
// sentence with which it is refused. Of several rows for one state and event the first whose
// condition holds counts; the last has none.
type Row struct {
	From    State // None: before the opening
	On      EventName
	When    When
	To      State
	Effects []Effect // none: nothing happens, the event was overtaken
	Clause  string   // row of docs/requirements.md
	Say     Text     // the refusal
}

// Refuses reports whether the row is a refusal.
func (r Row) Refuses() bool { return !r.Say.Zero() }

// When is a condition of a row beside state and event.
type When string

// The conditions.
const (
	Always         When = ""
	Begun          When = "questioning had begun"
	Mandatory      When = "recording is mandatory"
	NowMandatory   When = "recording is mandatory from now on"
	FaultsOpen     When = "a locking fault is open"
	NotSafe        When = "recording is not yet safe"
	Known          When = "the fault is open already"
	NotKnown       When = "the fault is not open"
	AsBrokenOff    When = "broken off"
	Unfinished     When = "finished, but people take part"
	AsFinished     When = "finished"
	NoEnding       When = "no ending is named"
	HasStopped     When = "recording was stopped"
	SafeAlready    When = "it was safe already"
	NoRoom         When = "no other room is named"
	Recovered      When = "nothing stands against resuming"
	OverdueAlready When = "overdue already"
)

// holds reports whether the condition is met.
func (w When) holds(s Session, e Event) bool {
	switch w {
	case Always:
		return true
	case Begun:
		return s.Back == Questioning
	case Mandatory:
		return s.Mandatory
	case NowMandatory:
		return e.Mandatory
	case FaultsOpen:
		return len(s.Faults) > 0
	case NotSafe:
		return !s.Safe
	case Known:
		return s.Open(e.Fault)
	case NotKnown:
		return !s.Open(e.Fault)
	case AsBrokenOff:
		return e.Ending == BrokenOff
	case Unfinished:
		return e.Ending == Finished && !s.Technical
	case AsFinished:
		return e.Ending == Finished
	case NoEnding:
		return !slices.Contains(Endings(), e.Ending)
	case HasStopped:
		return s.Stopped
	case SafeAlready:
		return s.Safe
	case NoRoom:
		return e.Room == "" || e.Room == s.Room
	case Recovered:
		return s.Clear()
	case OverdueAlready:
		return s.Overdue
	}
	return false
}

type cell struct {
	from State
	on   EventName
}

var (
	rows  = slices.Concat(opening, questioning, trouble, wayBack, asides, closing, machine)
	index = func() map[cell][]Row {
		m := make(map[cell][]Row)
		for _, r := range rows {
			c := cell{r.From, r.On}
			m[c] = append(m[c], r)
		}
		return m
	}()
)

// Rows returns the whole table.
func Rows() []Row { return slices.Clone(rows) }

// Cell returns the rows for one state and event, in the order in which they are tried.
func Cell(from State, on EventName) []Row { return slices.Clone(index[cell{from, on}]) }

// The table is written as rules for several states at once; stay means that the state remains.

const stay State = "stay"

// rule makes rows out of one for several states.
func rule(on EventName, from []State, when When, to State, clause string, effects ...Effect) []Row {
	out := make([]Row, 0, len(from))
	for _, s := range from {
		r := Row{From: s, On: on, When: when, To: to, Effects: effects, Clause: clause}
		if to == stay {
			r.To = s
		}
		out = append(out, r)
	}
	return out
}

// overtaken makes rows for something that the machinery may still tell when it no longer matters.
func overtaken(on EventName, from []State, when When) []Row { return rule(on, from, when, stay, "") }

// refuse makes refusals.
func refuse(on EventName, from []State, when When, clause, en, zh string) []Row {
	out := make([]Row, 0, len(from))
	for _, s := range from {
		out = append(out, Row{From: s, On: on, When: when, Clause: clause, Say: Text{en, zh}})
	}
	return out
}

func in(s ...State) []State { return s }

// but returns None and every state but those named.
func but(not ...State) []State {
	return slices.DeleteFunc(append([]State{None}, States()...), func(s State) bool { return slices.Contains(not, s) })
}
