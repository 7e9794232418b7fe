package table

import "roomrec/clock"

// EventName says what happened to a session.
type EventName string

// What people do.
const (
	Opened            EventName = "opened"             // a session begins; so does its recording
	Start             EventName = "start"              // questioning begins
	End               EventName = "end"                // questioning ends; see [Ending]
	Marked            EventName = "marked"             // a person set a marker, or ended one
	RosterChanged     EventName = "roster"             // someone came or went
	Classified        EventName = "classified"         // category or circumstances were judged anew
	Resume            EventName = "resume"             // the repair is done; the interruption will be explained
	Explained         EventName = "explained"          // it was, aloud, and a named officer confirmed it
	ApproveUnrecorded EventName = "approve-unrecorded" // go on unrecorded
	RefuseUnrecorded  EventName = "refuse-unrecorded"  // an approver does not let it go on unrecorded
	MoveRoom          EventName = "move-room"          // go on in another room, or with mobile equipment
	Dismissed         EventName = "dismissed"          // the sealed session's page was closed
)

// What the machinery tells, and what its timers do.
const (
	AllSafe           EventName = "all-safe"           // every required camera has a fragment on disk since the last trouble
	StartElapsed      EventName = "start-elapsed"      // Starting has lasted its time and something is still not safe
	FaultRaised       EventName = "fault-locks"        // a fault that locks
	FaultCleared      EventName = "fault-cleared"      // such a fault is over
	AlarmRaised       EventName = "alarm"              // a fault that does not lock
	AlarmCleared      EventName = "alarm-cleared"      // such a fault is over
	LockedLong        EventName = "locked-long"        // Locked has lasted ten minutes
	UnrecordedOverdue EventName = "unrecorded-overdue" // could record again for a minute and does not
	ClosingElapsed    EventName = "closing-elapsed"    // the closing time is over
	SealDone          EventName = "seal-done"          // seal.note is on the volumes
	SealFailed        EventName = "seal-failed"        // it could not be written
	Stopping          EventName = "stopping"           // the controller is told to go down
	Restarted         EventName = "restarted"          // it is back, and found the session unsealed
)

// Events lists every event: people's first.
func Events() []EventName {
	return []EventName{
		Opened, Start, End, Marked, RosterChanged, Classified, Resume, Explained, ApproveUnrecorded,
		RefuseUnrecorded, MoveRoom, Dismissed, AllSafe, StartElapsed, FaultRaised, FaultCleared, AlarmRaised,
		AlarmCleared, LockedLong, UnrecordedOverdue, ClosingElapsed, SealDone, SealFailed, Stopping,
		Restarted,
	}
}

// Ending says how questioning ended.
type Ending string

// The endings. Only the first two can become complete.
const (
	Signed    Ending = "signed"     // transcript checked, signed and finger-printed
	Refused   Ending = "refused"    // refused to sign, the reason spoken
	BrokenOff Ending = "broken-off" // by a supervisor, with a reason
	Finished  Ending = "finished"   // a technical recording, without people, has its length
)

// Endings lists the endings.
func Endings() []Ending { return []Ending{Signed, Refused, BrokenOff, Finished} }

// Event is what happened, with all that the table needs to know of it. It is written to the journal
// as it is, so that whoever replays the journal reaches the same state.
type Event struct {
	Name EventName  `json:"name"`
	At   clock.Wall `json:"at"` // on the session's timeline

	Room      string     `json:"room,omitempty"`      // Opened, MoveRoom: where
	Mandatory bool       `json:"mandatory,omitempty"` // Opened, Classified: recording is mandatory
	Technical bool       `json:"technical,omitempty"` // Opened: a recording without people
	Ending    Ending     `json:"ending,omitempty"`    // End
	Fault     Fault      `json:"fault,omitzero"`      // the fault and alarm events, StartElapsed, Restarted
	Faults    []Fault    `json:"faults,omitempty"`    // MoveRoom, Restarted: locking faults that are open there now
	LastGood  clock.Wall `json:"last_good,omitzero"`  // FaultRaised, StartElapsed, Restarted: the last good picture or sound
	FirstGood clock.Wall `json:"first_good,omitzero"` // AllSafe: the first good one after the trouble
}

// Effect is something that the runner does because of a row. A row's effects are done in their
// order: what stands after Journal waits until the line is on every volume.
type Effect string

// The effects. There is none that holds, mutes, shortens or removes anything, by design (Z24).
const (
	Journal       Effect = "journal"        // write the event to the journal and sync it
	Show          Effect = "show"           // the state takes effect: every page shows it
	Record        Effect = "record"         // every camera of the session's room that does not record begins to; after a restart of all its rooms
	ArmStarting   Effect = "arm-starting"   // StartElapsed after the starting time
	ArmCall       Effect = "arm-call"       // LockedLong after ten minutes
	ArmOverdue    Effect = "arm-overdue"    // UnrecordedOverdue after a minute
	ArmClosing    Effect = "arm-closing"    // ClosingElapsed after the closing time
	Script        Effect = "script"         // show what must be read aloud
	Call          Effect = "call"           // call a supervisor
	StopRecording Effect = "stop-recording" // after End and the closing time: every camera's run ends
	Seal          Effect = "seal"           // SealDone or SealFailed
	SealAgain     Effect = "seal-again"     // the same after a while
	Close         Effect = "close"          // flush and close the files; the session is not ended
	FreeRoom      Effect = "free-room"      // the room's page goes back to the room
)

// Effects lists every effect.
func Effects() []Effect {
	return []Effect{
		Journal, Show, Record, ArmStarting, ArmCall, ArmOverdue, ArmClosing, Script, Call,
		StopRecording, Seal, SealAgain, Close, FreeRoom,
	}
}
