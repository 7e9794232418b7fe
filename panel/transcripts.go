package panel

import (
	"context"
	"time"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/transcript"
)

// Transcripts keeps the transcripts of sealed sessions. Every method that changes something writes a
// signed line after the seal and returns what is known then. Refusals are *[session.Refusal]; a session
// or document that is not there is [ErrNotFound].
type Transcripts interface {
	// Transcript returns what is known of a session's transcript.
	Transcript(ctx context.Context, sess string) (TranscriptView, error)
	// Attach adds a document: the first one, or a correction of the one before. The same document again
	// changes nothing.
	Attach(ctx context.Context, actor session.Actor, sess string, u Upload) (TranscriptView, error)
	// Explain answers a difference in the words of the person who signs them.
	Explain(ctx context.Context, actor session.Actor, sess string, e transcript.Explained) (TranscriptView, error)
	// Key takes the times that a person read on a paper. They count when another enters the same.
	Key(ctx context.Context, actor session.Actor, sess string, k transcript.Keyed) (TranscriptView, error)
	// Time gives a line of a document its instant in the recording.
	Time(ctx context.Context, actor session.Actor, sess string, t transcript.Timed) (TranscriptView, error)
	// Judge takes a reviewer's word on a key fact.
	Judge(ctx context.Context, actor session.Actor, sess string, f transcript.FactJudged) (TranscriptView, error)
	// Document returns the bytes of a document and what ending its name has.
	Document(ctx context.Context, sess, sha256 string) (data []byte, ext string, err error)
	// Month returns the sessions of a month ("2026-11"; empty: the present one) and what is found across
	// them.
	Month(ctx context.Context, month string) (MonthView, error)
	// Pad returns what was typed on a session's pad, while it runs and after it.
	Pad(ctx context.Context, sess string) (PadView, error)
	// Type writes what was typed on the session's journal; lead is how long ago its typing began.
	Type(ctx context.Context, sess string, t session.Typed, lead time.Duration) (PadView, error)
	// PadDocument returns the pad in the standard form, a .docx.
	PadDocument(ctx context.Context, sess string) ([]byte, error)
	// Inbox returns what the watch folder holds.
	Inbox(ctx context.Context) (InboxView, error)
	// File adds a file of the watch folder to the session that a person named.
	File(ctx context.Context, actor session.Actor, sess string, f Filing) (TranscriptView, error)
}

// Upload is a document that someone hands in.
type Upload struct {
	Name string // its file name, at most 255 bytes
	Data []byte
	// Signed says that the person questioned has signed the correction.
	Signed  bool
	Request string
}

// TranscriptView is what a page shows of a session's transcript.
type TranscriptView struct {
	Status   transcript.Status       `json:"status" doc:"none, agrees, differs, explained (differs but explained), unreadable"`
	Complete transcript.Completeness `json:"complete" doc:"complete, complete-explained, or empty"`
	// Versions are the documents in the order in which they were added; the last one counts.
	Versions []VersionView `json:"versions"`
	// ReadOnly says why nothing can be added; nil: it can.
	ReadOnly *session.Text `json:"read_only,omitempty" doc:"Why nothing can be added"`
}

// VersionView is one document and what was said of it.
type VersionView struct {
	SHA256       string             `json:"sha256"`
	Name         string             `json:"name"`
	Size         int                `json:"size"`
	By           string             `json:"by"`
	At           clock.Wall         `json:"at"`
	Corrects     string             `json:"corrects,omitempty"`
	Signed       bool               `json:"signed"`
	Scan         bool               `json:"scan"`
	Current      bool               `json:"current"`
	Verdict      transcript.Verdict `json:"verdict"`
	Source       string             `json:"source" doc:"read, or keyed by two people"`
	Rows         []CompareRow       `json:"rows" doc:"The document's times beside the recording's"`
	Findings     []FindingView      `json:"findings"`
	NotChecked   []string           `json:"not_checked" doc:"Findings for which the session has no facts"`
	Lines        []LineView         `json:"lines"`
	Explanations []ExplanationView  `json:"explanations"`
	// Facts are the six key facts, each with what reviewers said of it (Z27).
	Facts []FactView `json:"facts" doc:"The key facts, in the order of the rule"`
	// Waiting is who keyed times that nobody has confirmed yet; what they entered is not shown, so that
	// the second person reads the paper and not the screen. Confirmed is who keyed those that count.
	Waiting   string   `json:"waiting,omitempty"`
	Confirmed []string `json:"confirmed,omitempty"`
}

// CompareRow is one time of the document beside that of the recording, each RFC 3339 or empty.
type CompareRow struct {
	What      string `json:"what" doc:"start, end, suspended, resumed"`
	Document  string `json:"document"`
	Recording string `json:"recording"`
	Line      int    `json:"line,omitempty"`
	Agrees    bool   `json:"agrees"`
}

// FindingView is one finding, in both languages.
type FindingView struct {
	Code     transcript.FindingCode `json:"code"`
	Severity transcript.Severity    `json:"severity"`
	Line     int                    `json:"line,omitempty"`
	At       string                 `json:"at,omitempty" doc:"The instant in the recording, RFC 3339"`
	Clause   string                 `json:"clause"`
	Say      session.Text           `json:"say"`
	Do       session.Text           `json:"do"`
}

// LineView is one line of the document.
type LineView struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	Role   string `json:"role,omitempty" doc:"question, answer"`
	At     string `json:"at,omitempty" doc:"Its instant in the recording, RFC 3339"`
	Source string `json:"source,omitempty" doc:"typed: when it was typed on the pad; code: from a time code in the document; hand: set while watching; finding: of its finding"`
}

// ExplanationView is who explained what.
type ExplanationView struct {
	By   string     `json:"by"`
	At   clock.Wall `json:"at"`
	Text string     `json:"text"`
}

// MonthView is the report over a month.
type MonthView struct {
	Month    string                    `json:"month"`
	Zone     string                    `json:"zone"`
	Counts   map[transcript.Status]int `json:"counts"`
	Complete int                       `json:"complete"`
	// Explained counts the sessions that are complete with an explained difference, apart from Complete.
	Explained int            `json:"complete_explained"`
	Rows      []MonthRow     `json:"rows"`
	Crossings []CrossingView `json:"crossings"`
}

// MonthRow is one sealed session of a month.
type MonthRow struct {
	Session  string                   `json:"session"`
	Room     string                   `json:"room"`
	Case     string                   `json:"case"`
	Kind     string                   `json:"kind"`
	Start    clock.Wall               `json:"start"`
	End      clock.Wall               `json:"end"`
	Verdict  string                   `json:"verdict" doc:"of the recording"`
	Status   transcript.Status        `json:"status"`
	Complete transcript.Completeness  `json:"complete"`
	Written  [2]string                `json:"written" doc:"start and end as the transcript has them, RFC 3339 or empty"`
	Findings []transcript.FindingCode `json:"findings"`
	By       []string                 `json:"explained_by"`
	// FactsJudged is of how many of the six key facts a reviewer has said whether they agree; FactsDiffer is how many
	// of these do not.
	FactsJudged int `json:"facts_judged"`
	FactsDiffer int `json:"facts_differ"`
}

// CrossingView is a finding about two sessions, in both languages.
type CrossingView struct {
	Code     transcript.FindingCode `json:"code"`
	Sessions [2]string              `json:"sessions"`
	At       string                 `json:"at"`
	Clause   string                 `json:"clause"`
	Say      session.Text           `json:"say"`
	Do       session.Text           `json:"do"`
}

// VersionOf returns what is shown of a version: doc is the document as it was read, nil if it could not
// be; r is what comparing it gave; typed are the instants of its lines that were typed on the pad.
func VersionOf(v transcript.Version, doc *transcript.Document, r transcript.Result, typed map[int]clock.Wall, current bool) VersionView {
	out := VersionView{
		SHA256: v.SHA256, Name: v.Name, Size: v.Size, By: v.By, At: v.At, Corrects: v.Corrects, Signed: v.Signed, Scan: v.Scan,
		Current: current, Verdict: r.Verdict, Source: r.Document.Source, Rows: rowsOf(r), Findings: []FindingView{}, NotChecked: []string{},
		Lines: []LineView{}, Explanations: []ExplanationView{}, Facts: factsOf(&v, r),
	}
	at := map[int]string{}
	for _, f := range r.Findings {
		t, do := f.Texts(), transcript.Rules[f.Code].Do
		view := FindingView{
			Code: f.Code, Severity: f.Severity, At: shown(f.At), Clause: f.Clause,
			Say: session.Text{En: t.EN, Zh: t.ZH}, Do: session.Text{En: do.EN, Zh: do.ZH},
		}
		if f.Line != nil {
			view.Line = *f.Line
			if at[view.Line] == "" {
				at[view.Line] = view.At
			}
		}
		out.Findings = append(out.Findings, view)
	}
	for _, c := range r.NotChecked {
		out.NotChecked = append(out.NotChecked, string(c))
	}
	if doc != nil && doc.Format != transcript.FormatKeyed {
		out.Lines = linesOf(v, doc, r, typed, at)
	}
	for _, e := range v.Explanations {
		out.Explanations = append(out.Explanations, ExplanationView(e))
	}
	if v.Waiting != nil {
		out.Waiting = v.Waiting.By
	}
	if v.Confirmed != nil {
		out.Confirmed = []string{v.Confirmed.By, v.Confirmed.Second}
	}
	return out
}

func shown(s transcript.Stamp) string {
	if t, ok := s.Time(); ok {
		return t.Format(time.RFC3339Nano)
	}
	return ""
}

// linesOf returns the lines with their instants: those set by hand, those at which they were typed, those
// that the document gives, and those of their findings.
func linesOf(v transcript.Version, doc *transcript.Document, r transcript.Result, typed map[int]clock.Wall, findings map[int]string) []LineView {
	start, _ := r.Recording.Start.Time()
	end, _ := r.Recording.End.Time()
	entries := map[int]transcript.Entry{}
	for _, e := range doc.Entries {
		entries[e.Line] = e
	}
	out := make([]LineView, 0, len(doc.Lines))
	for _, l := range doc.Lines {
		line := LineView{Number: l.Number, Text: l.Text}
		e, isEntry := entries[l.Number]
		if isEntry {
			line.Role = string(e.Role)
		}
		if w, ok := v.Times[l.Number]; ok {
			line.At, line.Source = w.In(start.Location()).Format(time.RFC3339Nano), "hand"
		} else if w, ok := typed[l.Number]; ok {
			line.At, line.Source = w.In(start.Location()).Format(time.RFC3339Nano), "typed"
		} else if t, ok := e.At(start, end); isEntry && ok {
			line.At, line.Source = t.Format(time.RFC3339Nano), "code"
		} else if findings[l.Number] != "" {
			line.At, line.Source = findings[l.Number], "finding"
		}
		out = append(out, line)
	}
	return out
}

// rowsOf sets the document's times beside the recording's.
func rowsOf(r transcript.Result) []CompareRow {
	doubt := r.Has(transcript.AmbiguousTime) || r.Has(transcript.DocumentUnreadable)
	row := func(what string, d, rec transcript.Stamp, line *int, agrees bool) CompareRow {
		c := CompareRow{What: what, Document: shown(d), Recording: shown(rec), Agrees: agrees && shown(d) != ""}
		if line != nil {
			c.Line = *line
		}
		return c
	}
	rows := []CompareRow{row("start", r.Document.Start, r.Recording.Start, r.Document.StartLine, !r.Has(transcript.StartDiffers))}
	agree := !r.Has(transcript.InterruptionDiffers) && !r.Has(transcript.InterruptionMissing) && !doubt
	for i := range max(len(r.Document.Interruptions), len(r.Recording.Interruptions)) {
		var d, rec transcript.ShownStretch
		if i < len(r.Document.Interruptions) {
			d = r.Document.Interruptions[i]
		}
		if i < len(r.Recording.Interruptions) {
			rec = r.Recording.Interruptions[i]
		}
		rows = append(rows, row("suspended", d.Start, rec.Start, d.Line, agree), row("resumed", d.End, rec.End, d.Line, agree))
	}
	return append(rows, row("end", r.Document.End, r.Recording.End, r.Document.EndLine, !r.Has(transcript.EndDiffers) && !r.Has(transcript.EndBeforeStart)))
}
