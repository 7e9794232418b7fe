package transcript

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
)

// The types of lines in which a sealed session's journal of later additions tells of its transcripts.
// The data of each is the type of the same name here.
const (
	TypeAttached  = "transcript.attached"  // a document was added; the first one, or a correction
	TypeExplained = "transcript.explained" // a named person explains a difference
	TypeKeyed     = "transcript.keyed"     // a person entered the times of a paper
	TypeTimed     = "transcript.timed"     // a person gave a line its instant
)

// Attached is the data of a document that was added.
type Attached struct {
	File   string `json:"file"` // path under the session's folder
	SHA256 string `json:"sha256"`
	Name   string `json:"name"`
	Size   int    `json:"size"`
	// Corrects is the hash of the version that this one corrects, empty for the first; Signed says that
	// the person signed the correction.
	Corrects string `json:"corrects,omitempty"`
	Signed   bool   `json:"signed,omitempty"`
	// Scan says that it is a picture whose times are keyed.
	Scan bool `json:"scan,omitempty"`
	Judged
	Request string `json:"request,omitempty"`
}

// Judged is what a comparison gave when it was made.
type Judged struct {
	Verdict  Verdict       `json:"verdict"`
	Findings []FindingCode `json:"findings"`
	Start    Stamp         `json:"start"` // as the document says
	End      Stamp         `json:"end"`
	Ordinal  int           `json:"ordinal,omitempty"`
}

// JudgedOf returns what is kept of a result.
func JudgedOf(r Result) Judged {
	j := Judged{Verdict: r.Verdict, Findings: []FindingCode{}, Start: r.Document.Start, End: r.Document.End, Ordinal: r.Document.Ordinal}
	for _, f := range r.Findings {
		j.Findings = append(j.Findings, f.Code)
	}
	return j
}

// Explained is the data of an explanation.
type Explained struct {
	Document string `json:"document"` // hash of the version that it explains
	Text     string `json:"text"`
	Request  string `json:"request,omitempty"`
}

// Keyed is the data of times that a person entered. They count when another person has entered the
// same: Confirms is then set, and what the comparison gave.
type Keyed struct {
	Document string     `json:"document"`
	Times    KeyedTimes `json:"times"`
	Confirms bool       `json:"confirms,omitempty"`
	Judged   *Judged    `json:"judged,omitempty"`
	Request  string     `json:"request,omitempty"`
}

// KeyedTimes are the times that stand on a paper, civil times as in "2026-11-22 09:05".
type KeyedTimes struct {
	Start  string      `json:"start"`
	End    string      `json:"end"`
	Breaks [][2]string `json:"breaks,omitempty"` // suspended, resumed
}

// Timed is the data of a line's instant.
type Timed struct {
	Document string     `json:"document"`
	Line     int        `json:"line"`
	At       clock.Wall `json:"at"`
	Request  string     `json:"request,omitempty"`
}

// Note is a line of the journal as this package needs it.
type Note struct {
	Type  string
	Actor string // who, as they are named
	At    clock.Wall
	Data  []byte // JSON
}

// Version is one version of the transcript and what was said of it.
type Version struct {
	Attached
	By           string
	At           clock.Wall
	Explanations []Explanation
	// Waiting is what one person entered and nobody has confirmed yet; Confirmed is what counts.
	Waiting   *KeyedBy
	Confirmed *KeyedBy
	Times     map[int]clock.Wall // of lines, set by hand
	// Judgements are what reviewers said of the key facts, oldest first.
	Judgements []Judgement
}

// Explanation is who explained what.
type Explanation struct {
	By   string
	At   clock.Wall
	Text string
}

// KeyedBy is who entered which times; Second is who entered the same.
type KeyedBy struct {
	Keyed
	By, Second string
	At         clock.Wall
}

// History is what became of a session's transcript.
type History struct {
	Versions []Version // in the order in which they were added; the last one counts
	requests map[string]bool
}

// HistoryOf reads the lines of a session's journal of later additions. Lines of other types are passed
// over. An error names the line, from 1; the history is then as far as it went.
func HistoryOf(notes []Note) (History, error) {
	h := History{requests: map[string]bool{}}
	for i, n := range notes {
		if err := h.take(n); err != nil {
			return h, fmt.Errorf("line %d: %s: %w", i+1, n.Type, err)
		}
	}
	return h, nil
}

// SamePerson reports whether two names of lines are of one person. A line names a person by number and name, and the
// number alone says who it is: names change.
func SamePerson(a, b string) bool {
	first, _, _ := strings.Cut(a, " ")
	second, _, _ := strings.Cut(b, " ")
	return first == second
}

func (h *History) take(n Note) error {
	switch n.Type {
	case TypeAttached:
		var d Attached
		if err := json.Unmarshal(n.Data, &d); err != nil {
			return err
		}
		h.requests[d.Request] = true
		h.Versions = append(h.Versions, Version{Attached: d, By: n.Actor, At: n.At, Times: map[int]clock.Wall{}})
	case TypeExplained:
		var d Explained
		v, err := h.version(n, &d, &d.Document, &d.Request)
		if err != nil {
			return err
		}
		v.Explanations = append(v.Explanations, Explanation{By: n.Actor, At: n.At, Text: d.Text})
	case TypeKeyed:
		var d Keyed
		v, err := h.version(n, &d, &d.Document, &d.Request)
		if err != nil {
			return err
		}
		k := KeyedBy{Keyed: d, By: n.Actor, At: n.At}
		if !d.Confirms {
			v.Waiting = &k
			break
		}
		if v.Waiting == nil || v.Waiting.By == n.Actor || d.Judged == nil {
			return fmt.Errorf("confirms what nobody else entered")
		}
		if SamePerson(v.Waiting.By, n.Actor) { // as it was possible once for who had got another name
			break
		}
		k.By, k.Second = v.Waiting.By, n.Actor
		v.Confirmed, v.Waiting = &k, nil
	case TypeTimed:
		var d Timed
		v, err := h.version(n, &d, &d.Document, &d.Request)
		if err != nil {
			return err
		}
		v.Times[d.Line] = d.At
	case TypeJudged:
		var d FactJudged
		v, err := h.version(n, &d, &d.Document, &d.Request)
		if err != nil {
			return err
		}
		if !d.Known() {
			return fmt.Errorf("no word on a key fact: %q of %q", d.Word, d.Fact)
		}
		v.Judgements = append(v.Judgements, Judgement{FactJudged: d, By: n.Actor, On: n.At, explained: len(v.Explanations)})
	}
	return nil
}

// version reads a line's data and returns the version that it speaks of.
func (h *History) version(n Note, data any, document, request *string) (*Version, error) {
	if err := json.Unmarshal(n.Data, data); err != nil {
		return nil, err
	}
	h.requests[*request] = true
	v := h.Version(*document)
	if v == nil {
		return nil, fmt.Errorf("no document %s", *document)
	}
	return v, nil
}

// Version returns the version with the hash, nil if there is none.
func (h *History) Version(sha256 string) *Version {
	for i := range h.Versions {
		if h.Versions[i].SHA256 == sha256 {
			return &h.Versions[i]
		}
	}
	return nil
}

// Did reports whether a request was carried out already.
func (h *History) Did(request string) bool { return request != "" && h.requests[request] }

// Current returns the version that counts, nil if there is none.
func (h *History) Current() *Version {
	if len(h.Versions) == 0 {
		return nil
	}
	return &h.Versions[len(h.Versions)-1]
}

// Judged returns what counts of a version: what two people read on a paper, before what was read by
// the program.
func (v *Version) Judged() Judged {
	if v.Confirmed != nil {
		return *v.Confirmed.Judged
	}
	return v.Attached.Judged
}

// Status is what is known of a sealed session's transcript: a fact beside its state.
type Status string

// The statuses. A difference that is explained stays one.
const (
	StatusNone       Status = "none"
	StatusAgrees     Status = "agrees"
	StatusDiffers    Status = "differs"
	StatusExplained  Status = "explained" // differs but explained
	StatusUnreadable Status = "unreadable"
)

// Statuses lists them.
func Statuses() []Status {
	return []Status{StatusNone, StatusAgrees, StatusDiffers, StatusExplained, StatusUnreadable}
}

// Status returns the session's. A key fact of which a reviewer says that it differs is a difference of the
// transcript (Z27), and needs an explanation of its own.
func (h *History) Status() Status {
	v := h.Current()
	if v == nil {
		return StatusNone
	}
	fact, explained := v.factDiffers()
	switch verdict := v.Judged().Verdict; {
	case verdict == Agrees && !fact:
		return StatusAgrees
	case verdict == Agrees || verdict == Differs:
		if len(v.Explanations) > 0 && explained {
			return StatusExplained
		}
		return StatusDiffers
	}
	return StatusUnreadable
}

// Completeness says whether a session has all that it needs.
type Completeness string

// What a session can be. One with an explained difference is counted apart.
const (
	NotComplete       Completeness = ""
	Complete          Completeness = "complete"
	CompleteExplained Completeness = "complete-explained"
)

// CompleteWith returns what a session is that is sealed and ended as it should (whole), with this
// status of its transcript.
func CompleteWith(whole bool, s Status) Completeness {
	switch {
	case whole && s == StatusAgrees:
		return Complete
	case whole && s == StatusExplained:
		return CompleteExplained
	}
	return NotComplete
}

const keyedLayout = "2006-01-02 15:04"

// Check returns what is wrong with keyed times, in words, nil if nothing is.
func (k KeyedTimes) Check() *Text {
	all := []string{k.Start, k.End}
	for _, b := range k.Breaks {
		all = append(all, b[0], b[1])
	}
	for _, s := range all {
		if _, err := time.Parse(keyedLayout, s); err != nil {
			return &Text{
				EN: fmt.Sprintf("%q is no time; write date and 24-hour time as in 2026-11-22 09:05", s),
				ZH: fmt.Sprintf("“%s”不是有效时间，请按 2026-11-22 09:05 的格式填写日期和 24 小时制时间", s),
			}
		}
	}
	return nil
}

// Same reports whether two people entered the same.
func (k KeyedTimes) Same(o KeyedTimes) bool {
	return k.Start == o.Start && k.End == o.End && slices.Equal(k.Breaks, o.Breaks)
}

// Document returns the keyed times as a document, to be compared like one. They must pass Check.
func (k KeyedTimes) Document(name string) (*Document, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "开始时间:%s\n结束时间:%s\n", k.Start, k.End)
	for _, x := range k.Breaks {
		fmt.Fprintf(&b, "(讯问于%s中止,于%s恢复。)\n", x[0], x[1])
	}
	d, err := Read("keyed.txt", []byte(b.String()), DefaultLimits)
	if err != nil {
		return nil, err
	}
	d.Name, d.Format = name, FormatKeyed
	return d, nil
}

// FormatKeyed is the format of a document whose times people entered.
const FormatKeyed = "keyed"
