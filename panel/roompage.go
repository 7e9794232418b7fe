package panel

import (
	"slices"
	"strconv"
	"time"

	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// Asked is what the opening form asks of a case and of a person (S1, S1-6, Z22).
type Asked struct {
	Categories    []Choice `json:"categories" doc:"What the case might be at most"`
	Circumstances []Choice `json:"circumstances" doc:"Each is answered yes, no or unknown"`
	Grounds       []Choice `json:"grounds" doc:"Mobile rooms: why mobile equipment"`
	Unrecorded    []Choice `json:"unrecorded" doc:"While locked, where the case allows it: why questioning goes on unrecorded"`
}

// Choice is one answer that can be chosen, with its words.
type Choice struct {
	Key       string       `json:"key"`
	Title     session.Text `json:"title"`
	Detail    session.Text `json:"detail"`
	Mandatory bool         `json:"mandatory" doc:"Must be recorded if chosen or answered with yes"`
}

func choices(from []policy.Choice) []Choice {
	out := make([]Choice, len(from))
	for i, c := range from {
		out[i] = Choice(c)
	}
	return out
}

func (s *Server) asked() Asked {
	return Asked{
		Categories:    choices(s.policy.Categories()),
		Circumstances: choices(s.policy.Circumstances()),
		Grounds:       choices(s.policy.Grounds()),
		Unrecorded:    choices(s.policy.UnrecordedReasons()),
	}
}

// roomPage is what the page of a room is made from. What changes comes as events.
type roomPage struct {
	Room   session.RoomView
	Policy Asked
	Pad    bool // the site keeps transcripts: one can be typed here
	Bound  bool // whoever looks has the rights of one room, and cannot go to another
}

// Mobile reports whether the form asks why mobile equipment is used (Z22).
func (p roomPage) Mobile() bool { return p.Room.Kind == policy.Mobile }

// Steps lists the steps of the opening form.
func (roomPage) Steps() []string {
	return []string{"case", "category", "circumstances", "times", "people"}
}

// Number returns the number that a page shows for the i-th of something.
func (roomPage) Number(i int) string { return strconv.Itoa(i + 1) }

// Kinds lists the kinds of sessions that a person opens on a page. A technician's recording is made
// from the command line.
func (roomPage) Kinds() []session.Kind { return policy.Kinds() }

// Roles lists the roles of the roster in the order in which the form asks them.
func (roomPage) Roles() []string { return policy.Roles() }

// WallClock lists what the officer may have seen of the clock in the room.
func (roomPage) WallClock() []string { return []string{policy.ClockAgrees, policy.ClockDiffers} }

// Times lists what may be entered of what came before.
func (roomPage) Times() []string { return []string{"arrived", "detained", "arrested"} }

// Answers lists the answers to a circumstance.
func (roomPage) Answers() []string { return []string{policy.Yes, policy.No, policy.Unknown} }

// Lengths lists the planned lengths that the form offers.
func (roomPage) Lengths() []time.Duration {
	return []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour}
}

// Markers lists the markers that the page offers. A spontaneous statement is marked where questioning
// is suspended, and that the transcript was read out where the ending is chosen, on the pages that say so.
func (roomPage) Markers() []session.Marker {
	return slices.DeleteFunc(session.Markers(), func(m session.Marker) bool { return m.Code == "spontaneous" || m.Code == "read-aloud" })
}

// Endings lists the ways in which people end a session.
func (roomPage) Endings() []table.Ending {
	return []table.Ending{table.Signed, table.Refused, table.BrokenOff}
}

// Replies lists the answers to "were you questioned meanwhile?", each with the words that the transcript then carries.
func (roomPage) Replies() []session.Answered {
	return []session.Answered{{Answer: session.AnswerNo}, {Answer: session.AnswerYes}, {Answer: session.AnswerNone}}
}
