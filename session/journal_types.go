package session

import (
	"strings"

	"roomrec/session/table"
)

// The types of the journal's lines that this layer writes are "session." and the name of the table's
// event, so that whoever reads a journal can replay it with table.Step: each such line's data is a
// [Data], whose event is the table's. Lines of other types are the recorder's and change no state.
//
// After a line of type [TypeClosingElapsed] only [TypeRestarted] can follow, and after seal.note
// nothing.
const (
	TypePrefix = "session."

	TypeOpened            = TypePrefix + string(table.Opened)            // form, mandatory, ground, clock
	TypeStart             = TypePrefix + string(table.Start)             // questioning began
	TypeEnd               = TypePrefix + string(table.End)               // ending; reason, supervisor
	TypeMarked            = TypePrefix + string(table.Marked)            // marker, phase, text
	TypeRoster            = TypePrefix + string(table.RosterChanged)     // member, phase
	TypeClassified        = TypePrefix + string(table.Classified)        // form, reason
	TypeResume            = TypePrefix + string(table.Resume)            // script
	TypeExplained         = TypePrefix + string(table.Explained)         // answer, script, the transcript's line
	TypeApproveUnrecorded = TypePrefix + string(table.ApproveUnrecorded) // reason, text, approver, the transcript's line
	TypeRefuseUnrecorded  = TypePrefix + string(table.RefuseUnrecorded)  // text: why; approver: who refused it
	TypeMoveRoom          = TypePrefix + string(table.MoveRoom)          // room, faults open there, ground
	TypeAllSafe           = TypePrefix + string(table.AllSafe)           // first_good
	TypeStartElapsed      = TypePrefix + string(table.StartElapsed)      // fault
	TypeFaultLocks        = TypePrefix + string(table.FaultRaised)       // fault, last_good, detail
	TypeFaultCleared      = TypePrefix + string(table.FaultCleared)      // fault; reason if a person cleared it
	TypeAlarm             = TypePrefix + string(table.AlarmRaised)       // fault, detail
	TypeAlarmCleared      = TypePrefix + string(table.AlarmCleared)      // fault
	TypeLockedLong        = TypePrefix + string(table.LockedLong)        // a supervisor is called
	TypeUnrecordedOverdue = TypePrefix + string(table.UnrecordedOverdue) // a finding
	TypeClosingElapsed    = TypePrefix + string(table.ClosingElapsed)    // recording stops
	TypeStopping          = TypePrefix + string(table.Stopping)          // the controller was told to go down
	TypeRestarted         = TypePrefix + string(table.Restarted)         // and is back: last_good
)

// ActorController is the actor of what the program did by itself.
const ActorController = "controller"

// Types lists the types of lines that this layer writes.
func Types() []string {
	var out []string
	for _, e := range table.Events() {
		if e == table.SealDone || e == table.SealFailed || e == table.Dismissed {
			continue // these come after the last line
		}
		out = append(out, typeOf(e))
	}
	return out
}

func typeOf(e table.EventName) string { return TypePrefix + string(e) }

// eventOf returns the event that lines of a type tell of, and whether it is such a type.
func eventOf(lineType string) (table.EventName, bool) {
	name, ok := strings.CutPrefix(lineType, TypePrefix)
	return table.EventName(name), ok
}

// Data is the data of a line of this layer.
type Data struct {
	Event table.Event `json:"event"`
	State table.State `json:"state"` // after the event

	Request    string      `json:"request,omitempty"`    // the request id of the person's command
	By         *Actor      `json:"by,omitempty"`         // who did it, as the sign-in knew them then
	Form       *OpenForm   `json:"form,omitempty"`       // as it is from now on
	Zone       string      `json:"zone,omitempty"`       // opened: in which times are shown
	Clock      *ClockFact  `json:"clock,omitempty"`      // opened, restarted
	Marker     string      `json:"marker,omitempty"`     // key of Markers
	Phase      string      `json:"phase,omitempty"`      // begin, end; in, out
	Text       string      `json:"text,omitempty"`       // free words
	Reason     string      `json:"reason,omitempty"`     // why
	Supervisor string      `json:"supervisor,omitempty"` // who ordered it
	Approver   *Actor      `json:"approver,omitempty"`   // who approved or refused it, by their own sign-in
	Member     *Member     `json:"member,omitempty"`     // who came or went
	Answer     string      `json:"answer,omitempty"`     // to "were you questioned meanwhile?"
	Script     *ScriptView `json:"script,omitempty"`     // what was to be read aloud
	Line       *Text       `json:"line,omitempty"`       // what the transcript must carry
	Ground     string      `json:"ground,omitempty"`     // for mobile equipment
	Detail     string      `json:"detail,omitempty"`     // of a fault, for a technician
}

// ClockFact says how far the host's clock could be trusted when the timeline was anchored.
type ClockFact struct {
	Trusted bool   `json:"trusted"`
	Reason  string `json:"reason,omitempty"`
}
