// Package policy holds what the law and the site demand of a session: which cases must be recorded,
// who may take part and who may approve, what an opening must say, and the lines that a transcript
// must carry. It is data with small pure functions over it. A site may tighten it, never loosen it.
// The rows of the law that it follows are in docs/requirements.md.
package policy

import (
	"strconv"
	"strings"
	"time"

	"roomrec/session/table"
)

// Kind says which sort of session it is (Z31).
type Kind string

// The kinds of sessions.
const (
	Suspect        Kind = "interrogation-suspect"      // 讯问犯罪嫌疑人
	Administrative Kind = "questioning-administrative" // 询问违法嫌疑人
	Victim         Kind = "questioning-victim"         // 询问被害人
	Witness        Kind = "questioning-witness"        // 询问证人
	Technical      Kind = "technical"                  // a technician's recording, no people
)

// Kinds lists the kinds that an officer can open.
func Kinds() []Kind { return []Kind{Suspect, Administrative, Victim, Witness} }

// Form is what is asked before a session is opened.
type Form struct {
	Case          string            `json:"case"`
	Person        string            `json:"person"` // name or number of the person questioned
	Kind          Kind              `json:"kind"`
	Category      string            `json:"category"`                      // key of [Categories]; "unknown" counts as mandatory (S1)
	Circumstances map[string]string `json:"circumstances" nullable:"true"` // key of [Circumstances] → yes, no, unknown (S1-6)
	// Ordinal says which interrogation of the person in the case it is, counted from 1; 0: not said. The
	// transcript is compared with it.
	Ordinal     int           `json:"ordinal,omitempty"`
	Planned     time.Duration `json:"planned_ns"` // 0: the site's default
	Roster      []Member      `json:"roster"`
	Lawyer      bool          `json:"lawyer_meeting"`         // true refuses the opening (C39)
	Ground      string        `json:"ground,omitempty"`       // mobile rooms: key of [Grounds], why mobile equipment (Z22)
	ClockReason string        `json:"clock_reason,omitempty"` // a supervisor's reason to open with an untrusted clock
	// ClockSupervisor is whose reason that is, by their own sign-in. The panel sets it, never the request.
	ClockSupervisor string    `json:"clock_supervisor,omitempty"`
	Times           Times     `json:"times,omitzero" required:"false"` // of a suspect: what came before
	WallClock       WallClock `json:"wall_clock"`                      // the officer's look at the clock in the room (Z23)
}

// WallClock is what the officer saw when comparing the clock in the room with the page's. A difference is
// kept and reported; it shifts no time anywhere.
type WallClock struct {
	Says string `json:"says,omitempty"` // agrees or differs
	// Ahead is by how many seconds the clock in the room is ahead of the page's, negative if it is behind;
	// 0 if they agree.
	Ahead int `json:"ahead_s,omitempty"`
	// Reason is a supervisor's, to open although they differ by [WallClockLimit] or more.
	Reason string `json:"reason,omitempty"`
}

// What the officer saw of the clock in the room.
const (
	ClockAgrees  = "agrees"
	ClockDiffers = "differs"
)

// WallClockLimit is the difference in seconds from which on opening needs a supervisor's reason (Z23), and
// maxAhead what can be entered: less than a day.
const (
	WallClockLimit = 60
	maxAhead       = 24*60*60 - 1
)

// Far reports whether the clock in the room is so far off that a supervisor has to give a reason.
func (w WallClock) Far() bool { return w.Ahead >= WallClockLimit || w.Ahead <= -WallClockLimit }

// Told is what lists and reports say of a difference; nothing if there is none.
func (w WallClock) Told() (table.Text, bool) {
	if w.Says != ClockDiffers {
		return table.Text{}, false
	}
	name := "wall-ahead"
	seconds := w.Ahead
	if seconds < 0 {
		name, seconds = "wall-behind", -seconds
	}
	t := sentences[name]
	n := strconv.Itoa(seconds)
	return table.Text{En: strings.ReplaceAll(t.En, "{n}", n), Zh: strings.ReplaceAll(t.Zh, "{n}", n)}, true
}

// Member is someone who takes part.
type Member struct {
	Role string `json:"role"` // one of the roles below
	Name string `json:"name"` // name or service number
}

// The roles of those who take part.
const (
	Questioner          = "questioner"           // 讯问人 / 询问人
	Clerk               = "clerk"                // 记录人
	Interpreter         = "interpreter"          // 翻译人员
	LegalRepresentative = "legal-representative" // 法定代理人
	SignInterpreter     = "sign-interpreter"     // 手语翻译人员
	Defender            = "defender"             // 辩护人
)

// Roles lists the roles of those who take part.
func Roles() []string {
	return []string{Questioner, Clerk, Interpreter, LegalRepresentative, SignInterpreter, Defender}
}

// The answers to a circumstance.
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "unknown"
)
