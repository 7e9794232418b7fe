package transcript

import (
	"encoding/json"
	"time"

	"roomrec/clock"
)

// Verdict is the answer to whether a transcript agrees with the recording.
type Verdict string

// The verdicts.
const (
	Agrees     Verdict = "agrees"
	Differs    Verdict = "differs"
	Unreadable Verdict = "unreadable"
)

// ExitCode returns what a command that answers with the verdict exits with.
func (v Verdict) ExitCode() int {
	switch v {
	case Agrees:
		return 0
	case Differs:
		return 1
	case Unreadable:
	}
	return 2
}

// Stamp is an instant in a result, shown as RFC 3339 with the zone's offset; the zero Stamp is null.
type Stamp struct{ t time.Time }

// StampOf returns t as a Stamp.
func StampOf(t time.Time) Stamp { return Stamp{t} }

func stampAt(i clock.Instant, loc *time.Location) Stamp { return Stamp{i.Wall.In(loc)} }

// Time returns the instant; false means that there is none.
func (s Stamp) Time() (time.Time, bool) { return s.t, !s.t.IsZero() }

// MarshalJSON writes RFC 3339 or null.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(s.t.Format(time.RFC3339Nano))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Stamp) UnmarshalJSON(b []byte) error {
	var t *time.Time
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	*s = Stamp{}
	if t != nil {
		s.t = *t
	}
	return nil
}

// Finding is one thing that was found.
type Finding struct {
	Code     FindingCode `json:"code"`
	Severity Severity    `json:"severity"`
	Message  string      `json:"message"`
	// Line is the line of the document; nil where the finding has none.
	Line *int `json:"line"`
	// At is the instant in the recording.
	At     Stamp  `json:"at"`
	Clause string `json:"clause"`
	Do     string `json:"do"`

	text Text
}

// Texts returns the message in both languages.
func (f Finding) Texts() Text { return f.text }

// DocumentTimes is what the document says, in a result.
type DocumentTimes struct {
	Name          string         `json:"name,omitempty"`
	Start         Stamp          `json:"start"`
	End           Stamp          `json:"end"`
	Precision     *Precision     `json:"precision"`
	StartLine     *int           `json:"start_line"`
	EndLine       *int           `json:"end_line"`
	Interruptions []ShownStretch `json:"interruptions"`
	Kind          string         `json:"kind,omitempty"`
	Ordinal       int            `json:"ordinal,omitempty"`
	Session       string         `json:"session,omitempty"`
	Person        string         `json:"person,omitempty"`
	Place         string         `json:"place,omitempty"`
	Questioners   []string       `json:"questioners,omitempty"`
	Clerks        []string       `json:"clerks,omitempty"`
	Interpreters  []string       `json:"interpreters,omitempty"`
	Guardians     []string       `json:"guardians,omitempty"`
	// Source is "read", or "keyed" for times that people entered.
	Source string `json:"source"`
}

// RecordingTimes is what the session says, in a result.
type RecordingTimes struct {
	Start         Stamp          `json:"start"`
	End           Stamp          `json:"end"`
	Interruptions []ShownStretch `json:"interruptions"`
}

// ShownStretch is an interruption in a result.
type ShownStretch struct {
	Start Stamp  `json:"start"`
	End   Stamp  `json:"end"`
	Cause string `json:"cause,omitempty"`
	Line  *int   `json:"line,omitempty"`
}

// Result is what comparing a document with a session gave.
type Result struct {
	Verdict   Verdict        `json:"verdict"`
	Document  DocumentTimes  `json:"document"`
	Recording RecordingTimes `json:"recording"`
	Findings  []Finding      `json:"findings"`
	// NotChecked lists the codes whose facts were not given, in order.
	NotChecked []FindingCode `json:"not_checked"`
}

// Has reports whether the result holds a finding of the code.
func (r *Result) Has(code FindingCode) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// In returns the result with its messages in the language, "zh-CN" or "en".
func (r Result) In(language string) Result {
	out := r
	out.Findings = make([]Finding, len(r.Findings))
	for i, f := range r.Findings {
		f.Message = f.text.In(language)
		f.Do = Rules[f.Code].Do.In(language)
		out.Findings[i] = f
	}
	return out
}

func (r *Result) add(code FindingCode, line int, at Stamp, text Text) {
	rule := Rules[code]
	f := Finding{Code: code, Severity: rule.Severity, Message: text.EN, At: at, Clause: rule.Clause, Do: rule.Do.EN, text: text}
	if line > 0 {
		f.Line = &line
	}
	r.Findings = append(r.Findings, f)
}
