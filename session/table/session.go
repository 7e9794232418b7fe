package table

import (
	"slices"

	"roomrec/clock"
)

// Session is what the table knows of a session. It is a value: Step returns a new one and never
// writes into the slices of the old.
type Session struct {
	State State      `json:"state"`
	Since clock.Wall `json:"since"`
	Room  string     `json:"room"`
	// Rooms are all that the session has been in. Their cameras record until its End, for nothing
	// else stops a camera that works.
	Rooms []string `json:"rooms"`
	// Back is where Resuming leads to: Standby or Questioning.
	Back      State `json:"back"`
	Mandatory bool  `json:"mandatory"` // Unrecorded does not exist
	Technical bool  `json:"technical"` // a recording without people
	// Safe says that every required camera has a fragment on disk since the last trouble (Z30: record
	// first).
	Safe    bool    `json:"safe"`
	Stopped bool    `json:"stopped"` // recording was stopped after the closing time
	Overdue bool    `json:"overdue"` // went on unrecorded although recording was possible: a finding
	Faults  []Fault `json:"faults"`  // open ones that lock, sorted

	Opened  clock.Wall `json:"opened"`
	Started clock.Wall `json:"started"` // 0: questioning has not begun
	Ended   clock.Wall `json:"ended"`   // 0: nor ended
	Ending  Ending     `json:"ending"`

	Breaks     []Break `json:"breaks"`
	Unrecorded []Span  `json:"unrecorded"` // approved questioning without a complete recording
}

// Break is an interruption: what is missing of the recording (LastGood to FirstGood) and, apart from
// it, how long questioning was suspended (Locked to Until).
type Break struct {
	Cause     Fault      `json:"cause"`
	Also      []Fault    `json:"also,omitempty"` // what failed besides while it lasted
	LastGood  clock.Wall `json:"last_good"`
	FirstGood clock.Wall `json:"first_good"` // 0: not yet, or never
	Locked    clock.Wall `json:"locked"`     // 0: questioning had ended before
	Until     clock.Wall `json:"until"`      // resumed, or the session's End; 0 while it lasts
	Resumed   bool       `json:"resumed"`
}

// Span is a stretch of the session's timeline; To is 0 while it lasts.
type Span struct {
	From clock.Wall `json:"from"`
	To   clock.Wall `json:"to"`
}

// Open reports whether the fault f is open and locks.
func (s Session) Open(f Fault) bool { return slices.Contains(s.Faults, f) }

// Clear reports whether nothing stands against resuming: no locking fault is open, and recording is
// safe again.
func (s Session) Clear() bool { return len(s.Faults) == 0 && s.Safe }

// with returns the set faults with f in it.
func with(faults []Fault, f ...Fault) []Fault {
	out := slices.Clone(faults)
	for _, f := range f {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, Fault.Compare)
	return out
}

// without returns the set faults without f.
func without(faults []Fault, f Fault) []Fault {
	return slices.DeleteFunc(slices.Clone(faults), func(o Fault) bool { return o == f })
}
