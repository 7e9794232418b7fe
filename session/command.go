package session

import (
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// The names of commands, as in [Command.Name] and [ActionView.Name]. "open" is [Manager.Open].
const (
	ActOpen       = "open"
	ActStart      = "start"             // questioning begins
	ActEnd        = "end"               // Ending
	ActBreakOff   = "break-off"         // the ending broken-off: Reason and Supervisor
	ActMarker     = "marker"            // Marker; Phase begin, end, or empty for one instant; Text
	ActRoster     = "roster"            // Member; Phase in or out
	ActClassify   = "classify"          // Category and Circumstances anew; loosening: a supervisor, with Reason
	ActResume     = "resume"            // the repair is done
	ActExplain    = "explain"           // the script was read aloud; Answer
	ActUnrecorded = "unrecorded"        // Reason (key of policy.UnrecordedReasons), Text, Approver
	ActRefuse     = "refuse-unrecorded" // Text: why; Approver: who decides so
	ActMoveRoom   = "move-room"         // Room; Ground if it is mobile equipment
	ActAccept     = "accept"            // Subject: the camera is the right one (camera.changed, camera.exchanged)
	ActDismiss    = "dismiss"           // the sealed session's page is closed
)

// Commands lists the commands of a session in the order in which the pages offer them.
func Commands() []string {
	return []string{
		ActStart, ActEnd, ActBreakOff, ActMarker, ActRoster, ActClassify, ActResume, ActExplain, ActUnrecorded,
		ActRefuse, ActMoveRoom, ActAccept, ActDismiss,
	}
}

// Command is what a person wants of a session. Fields that its name does not use are ignored.
type Command struct {
	Name          string            `json:"name"`
	Ending        table.Ending      `json:"ending,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Text          string            `json:"text,omitempty"`
	Supervisor    string            `json:"supervisor,omitempty"` // who ordered the breaking off
	Marker        string            `json:"marker,omitempty"`     // key of [Markers]
	Phase         string            `json:"phase,omitempty"`      // begin, end; in, out
	Member        *Member           `json:"member,omitempty"`
	Category      string            `json:"category,omitempty"`
	Circumstances map[string]string `json:"circumstances,omitempty"`
	Answer        string            `json:"answer,omitempty"` // no, yes, none: "were you questioned meanwhile?"
	Room          string            `json:"room,omitempty"`
	Ground        string            `json:"ground,omitempty"`
	Subject       string            `json:"subject,omitempty"`
	// Approver is the second person, by their own sign-in. The panel sets it, never the request's
	// body.
	Approver *Actor `json:"-"`
}

// The answers to "were you questioned meanwhile?".
const (
	AnswerNo   = "no"
	AnswerYes  = "yes"
	AnswerNone = "none"
)

// Refusal is why a person's wish is not done: an answer, not a failure. Pages show Say, and Fields
// beside their fields.
type Refusal struct {
	Code   string // as in "table", "form", "policy", "unfit"
	Say    Text
	Fields []FieldRefusal
	Clause string
}

// FieldRefusal is what is wrong with one field of a form or command.
type FieldRefusal struct {
	Name string // as in "roster" or "circumstances.minor"
	Say  Text
}

// Error returns the English sentence.
func (r *Refusal) Error() string { return r.Say.En }

// ScriptView is what must be read aloud before questioning goes on (Z30), with the line that the
// transcript must carry. What the person answers stands in neither: nobody has asked yet.
type ScriptView struct {
	Say        Text       `json:"say"`
	Transcript Text       `json:"transcript"`
	From       clock.Wall `json:"from"` // what is missing begins
	To         clock.Wall `json:"to"`   // and ends
	Suspended  clock.Wall `json:"suspended"`
	// Measured says that the room's sound level is known; then Heard counts the seconds in which
	// someone spoke since the script is shown, and confirming waits for [SpeechNeeded] of them.
	Measured bool `json:"measured"`
	Heard    int  `json:"heard_s"`
}

// Confirming the explanation waits for speech where the level of the sound is measured: for
// SpeechNeeded seconds at SpeechLevel or above (0 to 1, as a meter shows it), but never longer than
// SpeechWait after Resume, which reading the script takes anyway: a microphone that is set too low
// must not keep a session locked. What was heard is journalled either way.
const (
	SpeechNeeded = 3
	SpeechLevel  = 0.35
	SpeechWait   = 20 * time.Second
)
