// Package table is the session's state machine as a table: rows of from, event, to, effects, and the
// clause behind each. It is pure: no clock, no file, no goroutine. The diagram in docs/design/states.md
// is generated from it.
package table

// State is where a session stands. Whether a room is fit to record is the room's affair; a session
// begins when it is opened.
type State string

// The states of a session.
const (
	None        State = ""            // before the opening: there is no session
	Starting    State = "Starting"    // opened; not every required track is safe yet
	Standby     State = "Standby"     // recording; questioning has not begun
	Questioning State = "Questioning" // recording; questions may be asked
	Locked      State = "Locked"      // something fails; questioning must stop; survivors record
	Resuming    State = "Resuming"    // repaired; the interruption is being explained aloud
	Unrecorded  State = "Unrecorded"  // goes on unrecorded by approval; never where mandatory
	Closing     State = "Closing"     // questioning ended; recording goes on for the closing time
	Sealed      State = "Sealed"      // the signed closing record is written
)

// States lists every state in the order of a session's life.
func States() []State {
	return []State{Starting, Standby, Questioning, Locked, Resuming, Unrecorded, Closing, Sealed}
}
