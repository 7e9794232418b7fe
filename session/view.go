// Package session runs sessions: it takes people's commands and the machinery's faults, lets the
// table decide, journals, syncs, acts, and tells everybody who watches what a room looks like now.
//
// It promises that a transition is on every volume before it takes effect, Locked excepted, which
// takes effect first; that a command repeated with the same request id gets the same answer; and
// that nothing but a person's End stops a camera that works. The design pages are
// docs/design/states.md and docs/design/faults.md.
package session

import (
	"time"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// Text is a sentence for people in every language that the pages speak.
type Text = table.Text

// RoomView is everything that a page shows of a room, taken at one instant. A page gets a whole one
// on every change; it never adds up differences.
type RoomView struct {
	ID   string `json:"id"`
	Name Text   `json:"name"`
	Kind string `json:"kind"` // handling-area or mobile
	// Seq grows with every change of anything in the view.
	Seq  uint64     `json:"seq"`
	Now  clock.Wall `json:"now"`
	Zone string     `json:"zone"`
	// Fit says whether a session could be opened now; Unfit gives the reasons if not.
	Fit     bool         `json:"fit"`
	Unfit   []Text       `json:"unfit,omitempty"`
	Cameras []CameraView `json:"cameras"`
	Volumes []VolumeView `json:"volumes"`
	Clock   ClockView    `json:"clock"`
	Faults  []FaultView  `json:"faults"`           // open ones, the locking first
	Tested  *TestView    `json:"tested,omitempty"` // the room's last self-test; absent before the first
	// WallCheck is the last comparison of the clock in the room with the controller's time; absent before the
	// first. Whether it is of today is for the page to say, by the day in Zone.
	WallCheck *WallCheckView `json:"wall_check,omitempty"`
	Sensor    *Reading       `json:"sensor,omitempty"`  // what its sensor measures; absent where it has none, empty where it is silent
	Session   *SessionView   `json:"session,omitempty"` // the room's running session, or the one that was sealed last until dismissed
	Actions   []ActionView   `json:"actions"`           // every action of the room's page, also those that are refused now
	Message   *MessageView   `json:"message,omitempty"` // the last message to the room; nil: none yet
}

// CameraView is one camera of a room.
type CameraView struct {
	ID        string     `json:"id"`
	Name      Text       `json:"name"`
	Required  bool       `json:"required"`
	Connected bool       `json:"connected"`
	Problem   *Text      `json:"problem,omitempty"`  // why it is not connected
	Video     string     `json:"video"`              // as in "H264 1920x1080 25.0 fps"; empty if unknown
	Audio     string     `json:"audio"`              // as in "AAC 48000 Hz"; empty if there is none
	SafeUntil clock.Wall `json:"safe_until"`         // acknowledged on every volume of the set; 0 if none
	SafeOn    int        `json:"safe_on"`            // the number of those volumes
	Gaps      int        `json:"gaps"`               // declared in this session
	Live      string     `json:"live"`               // codec string of the live view, empty if it cannot be shown
	Sound     *float64   `json:"sound,omitempty"`    // how loud it is, 0 to 1; absent where nothing is known
	Unjudged  *Text      `json:"unjudged,omitempty"` // what of it cannot be judged here, and why
}

// TestView is the result of a room's self-test (Z8).
type TestView struct {
	At     clock.Wall `json:"at"`  // when it ended
	Why    string     `json:"why"` // daily, opening or asked
	Passed bool       `json:"passed"`
	// Detail is one line for a technician, in English as the log has it.
	Detail string `json:"detail"`
}

// VolumeView is one volume.
type VolumeView struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"` // what people call it: the last part of its path; empty if unknown
	Healthy   bool    `json:"healthy"`
	Problem   *Text   `json:"problem,omitempty"`
	FreeBytes uint64  `json:"free_bytes"`
	HoursLeft float64 `json:"hours_left"` // at the measured rate; negative if unknown
}

// ClockView is the state of the controller's clock.
type ClockView struct {
	Trusted  bool          `json:"trusted"`
	MaxError time.Duration `json:"max_error_ns"`
	Reason   *Text         `json:"reason,omitempty"`
}

// FaultView is an open fault with what it asks of the officer.
type FaultView struct {
	Code    string     `json:"code"`    // as in "camera.lost"
	Subject string     `json:"subject"` // the camera, volume … it concerns
	Locks   bool       `json:"locks"`
	Since   clock.Wall `json:"since"`
	Title   Text       `json:"title"`
	What    Text       `json:"what"` // what happened
	Do      Text       `json:"do"`   // what the officer does now, first action first
	Clause  string     `json:"clause"`
}

// SessionView is a session as its room's page shows it.
type SessionView struct {
	ID       string       `json:"id"`
	State    table.State  `json:"state"`
	Since    clock.Wall   `json:"since"` // of the state
	Form     OpenForm     `json:"form"`
	Opened   clock.Wall   `json:"opened"`
	OpenedBy string       `json:"opened_by,omitempty"` // id of who opened it
	Started  clock.Wall   `json:"started"`             // Start of questioning; 0 if not yet
	Ended    clock.Wall   `json:"ended"`               // End of questioning; 0 if not yet
	CloseAt  clock.Wall   `json:"close_at"`            // Closing: when recording stops
	ClosingS float64      `json:"closing_s"`           // how long recording goes on after End, in seconds
	SafeAt   clock.Wall   `json:"safe_until"`          // the least of the required cameras'
	SafeOn   int          `json:"safe_on"`
	Markers  []MarkerView `json:"markers"`
	Comings  []ComingView `json:"comings,omitempty"` // who came in and went out after the opening
	Breaks   []BreakView  `json:"interruptions"`
	Seal     *SealView    `json:"seal,omitempty"`
	Script   *ScriptView  `json:"script,omitempty"` // Resuming: what must be read aloud
	Room     string       `json:"room"`             // where it is now
	// Mandatory says that recording is: there is no Unrecorded.
	Mandatory  bool         `json:"mandatory"`
	Ending     table.Ending `json:"ending,omitempty"`
	Unrecorded []SpanView   `json:"unrecorded,omitempty"` // questioning by approval without a complete recording
	// Refused are the approvers' decisions that questioning does not go on unrecorded, in their order. While
	// the session stays Locked the last of them that is no older than Since holds.
	Refused  []RefusedView `json:"unrecorded_refused,omitempty"`
	Lines    []Text        `json:"transcript_lines,omitempty"` // that the transcript must carry
	Called   bool          `json:"called,omitempty"`           // Locked for so long that a supervisor is called
	Duties   []DutyView    `json:"duties,omitempty"`           // what is to be done, and by when
	Notices  []Text        `json:"notices,omitempty"`          // what the officer should know, as in a duty that is due
	Refusals []Text        `json:"refusals,omitempty"`         // e.g. why Unrecorded is not there
}

// RefusedView is an approver's decision that questioning does not go on unrecorded (Z29-2).
type RefusedView struct {
	At     clock.Wall `json:"at"`
	By     Actor      `json:"by"`     // as their own sign-in knew them
	Reason string     `json:"reason"` // in their words
}

// Standing returns the refusal to go on unrecorded that holds now: the last one since the session is Locked.
func (v SessionView) Standing() (RefusedView, bool) {
	n := len(v.Refused)
	if v.State != table.Locked || n == 0 || v.Refused[n-1].At < v.Since {
		return RefusedView{}, false
	}
	return v.Refused[n-1], true
}

// SpanView is a stretch of a session's timeline.
type SpanView struct {
	From clock.Wall `json:"from"`
	To   clock.Wall `json:"to"` // 0 while it lasts
}

// MarkerView is a timed event that a person set.
type MarkerView struct {
	Code   string     `json:"code"` // as in "rights-read"
	Begin  clock.Wall `json:"begin"`
	End    clock.Wall `json:"end"` // 0 while it runs or if it has no length
	Text   string     `json:"text,omitempty"`
	Actor  string     `json:"actor"`
	Length bool       `json:"length"` // it has begin and end
}

// ComingView is somebody coming in, or going out (Z25-2).
type ComingView struct {
	Member Member     `json:"member"`
	Out    bool       `json:"out"` // went out
	At     clock.Wall `json:"at"`
}

// BreakView is an interruption: what is missing, and how long questioning was suspended.
type BreakView struct {
	Cause     string     `json:"cause"` // fault code
	Subject   string     `json:"subject"`
	LastGood  clock.Wall `json:"last_good"`
	FirstGood clock.Wall `json:"first_good"` // 0 while it lasts
	Locked    clock.Wall `json:"locked"`
	Resumed   clock.Wall `json:"resumed"` // 0 while it lasts
}

// SealView is what the page shows of a sealed session for signing.
type SealView struct {
	Hash   string     `json:"hash"` // SHA-256 of seal.note, hex
	At     clock.Wall `json:"at"`
	Key    string     `json:"key"` // the key's name and id
	Folder string     `json:"folder"`
	Facts  []Text     `json:"facts,omitempty"` // beside the verdict, as in "Clock not trusted"
	// Uncertainty is how far the host's clock may have been off, at most, to either side, as the seal states it;
	// 0: unknown.
	Uncertainty time.Duration `json:"uncertainty_ns,omitempty"`
}

// ActionView is an action of the room's page: open, start, end, … A refused one is shown dashed with
// its reason, never hidden.
type ActionView struct {
	Name    string `json:"name"`
	Allowed bool   `json:"allowed"`
	Why     *Text  `json:"why,omitempty"`
}

// Kind says which sort of session it is (Z31).
type Kind = policy.Kind

// The kinds of sessions.
const (
	KindSuspect        = policy.Suspect        // 讯问犯罪嫌疑人
	KindAdministrative = policy.Administrative // 询问违法嫌疑人
	KindVictim         = policy.Victim         // 询问被害人
	KindWitness        = policy.Witness        // 询问证人
	KindTechnical      = policy.Technical      // a technician's recording, no people
)

// OpenForm is what is asked before a session is opened.
type OpenForm = policy.Form

// Member is someone who takes part.
type Member = policy.Member

// Actor is who does something, as the sign-in knows them.
type Actor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"` // officer, supervisor, reviewer, approver, administrator, auditor
}
