package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// Record is all that is known of a session: the sum of its journal's lines. It is a value; taking in
// a line makes a new one and leaves the old as it was.
type Record struct {
	Table   table.Session
	Form    OpenForm
	Clock   ClockFact
	Zone    string
	Markers []MarkerView
	Lines   []Text   // that the transcript must carry
	Took    []Member // everybody who took part at any time
	Comings []ComingView
	Script  *ScriptView
	Refused []RefusedView // going on unrecorded, by whom and why
	Answers []Answered
	// Requests that people made of it, so that one that is repeated is not done twice, also after a
	// restart.
	Requests []string
	Pad      []PadEntry
	Opener   string // id of who opened it
	Called   bool   // a supervisor was called since it locked
}

// Answered is what the person said, asked whether anybody questioned them during an interruption.
type Answered struct {
	At     clock.Wall // questioning went on
	Answer string     // AnswerNo, AnswerYes or AnswerNone
}

// Words returns the answer as the line for the transcript has it; empty for one that is not known.
func (a Answered) Words() Text { return policy.AnswerWords(a.Answer) }

// take returns the record after a line that the table accepted: next is the table's result.
func (r Record) take(next table.Session, d Data, actor string) Record {
	r.Table = next
	if d.Request != "" {
		r.Requests = append(slices.Clone(r.Requests), d.Request)
	}
	if d.Form != nil {
		r.Form = *d.Form
	}
	if d.Clock != nil && d.Event.Name == table.Restarted {
		r.Clock.Trusted = r.Clock.Trusted && d.Clock.Trusted // the worst counts, and the reason stays
	} else if d.Clock != nil {
		r.Clock = *d.Clock
	}
	if d.Zone != "" {
		r.Zone = d.Zone
	}
	if d.Line != nil {
		r.Lines = append(slices.Clone(r.Lines), *d.Line)
	}
	switch d.Event.Name {
	case table.Opened:
		if d.By != nil {
			r.Opener = d.By.ID
		}
	case table.Marked:
		r.Markers = mark(r.Markers, d, actor)
	case table.RosterChanged:
		before := len(r.Form.Roster)
		if r.Form.Roster = roster(r.Form.Roster, d); len(r.Form.Roster) != before {
			r.Comings = append(slices.Clone(r.Comings), ComingView{Member: *d.Member, Out: d.Phase == PhaseOut, At: d.Event.At})
		}
	case table.Resume:
		r.Script = d.Script
	case table.Explained:
		r.Answers = append(slices.Clone(r.Answers), Answered{d.Event.At, d.Answer})
	case table.RefuseUnrecorded:
		if d.Approver != nil {
			r.Refused = append(slices.Clone(r.Refused), RefusedView{At: d.Event.At, By: *d.Approver, Reason: d.Text})
		}
	case table.LockedLong:
		r.Called = true
	}
	for _, m := range r.Form.Roster {
		if !slices.Contains(r.Took, m) {
			r.Took = append(slices.Clone(r.Took), m)
		}
	}
	if next.State != table.Resuming {
		r.Script = nil
	}
	if next.State != table.Locked {
		r.Called = false
	}
	return r
}

func mark(markers []MarkerView, d Data, actor string) []MarkerView {
	out := slices.Clone(markers)
	if d.Phase == PhaseEnd {
		if i := running(out, d.Marker); i >= 0 {
			out[i].End = d.Event.At
		}
		return out
	}
	return append(out, MarkerView{Code: d.Marker, Begin: d.Event.At, Text: d.Text, Actor: actor, Length: d.Phase == PhaseBegin})
}

// running returns the place of the marker with the code that has begun and not ended, -1 if none.
func running(markers []MarkerView, code string) int {
	for i := len(markers) - 1; i >= 0; i-- {
		if markers[i].Code == code && markers[i].Length && markers[i].End == 0 {
			return i
		}
	}
	return -1
}

func roster(members []Member, d Data) []Member {
	if d.Member == nil {
		return members
	}
	if d.Phase == PhaseOut {
		return slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return m == *d.Member })
	}
	if slices.Contains(members, *d.Member) {
		return members
	}
	return append(slices.Clone(members), *d.Member)
}

// ErrReplay says that a journal's lines do not follow the table.
var ErrReplay = errors.New("journal does not follow the table")

// Replay returns the record that a journal's lines add up to. Lines of other layers are passed over.
// An error that is [ErrReplay] names the line, counted from 1; the record is then as far as it went.
//
// Where lines are missing nobody knows what happened between: the controller counts as having been away since the line
// before. A line after that which does not follow is believed: the state is the one that it states.
func Replay(lines []JournalLine) (Record, error) {
	var r Record
	missing := false
	for i, l := range lines {
		if l.Missing > 0 && i > 0 {
			missing = true
			r = r.away(lines[i-1].At.Wall, l.At.Wall)
		}
		if l.Type == typeSpooled {
			r = r.spooled(l)
			continue
		}
		if l.Type == TypeTyped {
			r = r.padLine(l.Data)
			continue
		}
		name, ours := eventOf(l.Type)
		if !ours {
			continue
		}
		var d Data
		if err := json.Unmarshal(l.Data, &d); err != nil {
			return r, fmt.Errorf("line %d: %s: %w: %w", i+1, l.Type, ErrReplay, err)
		}
		if d.Event.Name != name {
			return r, fmt.Errorf("line %d: %s tells of %q: %w", i+1, l.Type, d.Event.Name, ErrReplay)
		}
		next, _, refusal := table.Step(r.Table, d.Event)
		if missing && r.Table.State != table.None && slices.Contains(table.States(), d.State) && d.State != table.Sealed && (refusal != nil || next.State != d.State) {
			r = r.take(r.Table.Believe(d.State, l.At.Wall), d, l.Actor)
			continue
		}
		if refusal != nil {
			return r, fmt.Errorf("line %d: %s in %q: %w", i+1, l.Type, r.Table.State, ErrReplay)
		}
		if next.State != d.State {
			return r, fmt.Errorf("line %d: %s leads to %s, not %s: %w", i+1, l.Type, next.State, d.State, ErrReplay)
		}
		r = r.take(next, d, l.Actor)
	}
	return r, nil
}

// away takes in that nothing is known of the time from the one instant to the other: what came of it is as if the
// controller had been down.
func (r Record) away(from, to clock.Wall) Record {
	f := table.Fault{Code: table.ControllerRestarted, Room: r.Table.Room}
	next, _, refusal := table.Step(r.Table, table.Event{Name: table.Restarted, At: to, Fault: f, LastGood: from})
	if refusal == nil {
		r.Table = next
	}
	return r
}

// typeSpooled is the type of lines with which the recorder quotes what was written while no volume was
// left.
const typeSpooled = "recorder.spooled"

// spooled takes in a quoted line. It counts as one that stands there by itself, if it follows from what
// came before it; if not, as where the volume that has come back had left before others did, it is
// passed over.
func (r Record) spooled(l JournalLine) Record {
	var quote struct {
		Line struct {
			Type  string          `json:"type"`
			Actor string          `json:"actor"`
			Data  json.RawMessage `json:"data"`
		} `json:"line"`
	}
	if json.Unmarshal(l.Data, &quote) != nil {
		return r
	}
	if quote.Line.Type == TypeTyped {
		return r.padLine(quote.Line.Data)
	}
	name, ours := eventOf(quote.Line.Type)
	var d Data
	if !ours || json.Unmarshal(quote.Line.Data, &d) != nil || d.Event.Name != name {
		return r
	}
	next, effects, refusal := table.Step(r.Table, d.Event)
	if refusal != nil || len(effects) == 0 || next.State != d.State {
		return r
	}
	return r.take(next, d, quote.Line.Actor)
}

// lastLine returns the latest instant that the lines name, 0 if there are none.
func lastLine(lines []JournalLine) clock.Wall {
	var last clock.Wall
	for _, l := range lines {
		last = max(last, l.At.Wall)
	}
	return last
}

// entryOf is what an index keeps of a session.
func entryOf(id, folder string, r Record, seal *SealResult) Entry {
	t := r.Table
	e := Entry{
		Session: id, Room: t.Room, Case: r.Form.Case, Person: r.Form.Person, Kind: r.Form.Kind, State: t.State,
		Mandatory: t.Mandatory, Ending: t.Ending, Opened: t.Opened, Started: t.Started, Ended: t.Ended,
		Folder: folder, Ordinal: r.Form.Ordinal, Interruptions: len(t.Breaks), Members: r.Took, Opener: r.Opener,
	}
	if seal != nil {
		e.State, e.SealHash, e.Sealed = table.Sealed, seal.Hash, seal.At.Wall
	}
	return e
}

// EntryOf returns what an index keeps of a session that was read from its folder: its journal, and
// its seal, nil if there is none. A journal that does not follow the table gives as much as it does
// follow, with the error; one without an opening gives nothing.
func EntryOf(folder string, lines []JournalLine, seal *SealResult) (Entry, error) {
	r, err := Replay(lines)
	if r.Table.State == table.None {
		return Entry{}, errors.Join(err, fmt.Errorf("session %s: no opening in its journal: %w", path.Base(folder), ErrReplay))
	}
	return entryOf(path.Base(folder), folder, r, seal), err
}

// View returns what a page shows of the session with the given id, as far as its journal tells: how
// far it is safe, and its seal, are others' to add.
func (r Record) View(id string) SessionView {
	t := r.Table
	v := SessionView{
		ID: id, State: t.State, Since: t.Since, Form: r.Form, Opened: t.Opened, OpenedBy: r.Opener, Started: t.Started,
		Ended: t.Ended, Markers: r.Markers, Script: r.Script, Room: t.Room, Mandatory: t.Mandatory,
		Ending: t.Ending, Breaks: []BreakView{}, Lines: r.Lines, Comings: r.Comings, Refused: r.Refused,
	}
	if v.Markers == nil {
		v.Markers = []MarkerView{}
	}
	for _, b := range t.Breaks {
		v.Breaks = append(v.Breaks, BreakView{
			Cause: string(b.Cause.Code), Subject: b.Cause.Subject, LastGood: b.LastGood,
			FirstGood: b.FirstGood, Locked: b.Locked, Resumed: b.Until,
		})
	}
	for _, s := range t.Unrecorded {
		v.Unrecorded = append(v.Unrecorded, SpanView(s))
	}
	return v
}
