package session

import (
	"roomrec/clock"
	"roomrec/session/table"
)

// Facts is what this layer states in the seal, beside what the recorder states of files and runs. Its
// instants are on the session's timeline; one that did not come is left out.
type Facts struct {
	Kind       Kind          `json:"kind"`
	Form       OpenForm      `json:"form"`
	Mandatory  bool          `json:"mandatory"`
	Rooms      []string      `json:"rooms"`
	Opened     clock.Wall    `json:"opened"`
	Started    clock.Wall    `json:"started,omitzero"`
	Ended      clock.Wall    `json:"ended,omitzero"`
	Ending     table.Ending  `json:"ending"`
	Breaks     []table.Break `json:"interruptions"`
	Unrecorded []table.Span  `json:"unrecorded"`
	Overdue    bool          `json:"overdue"` // went on unrecorded although recording was possible
	Markers    []MarkerView  `json:"markers"`
	Lines      []Text        `json:"transcript_lines"` // that the transcript must carry
	Clock      ClockFact     `json:"clock"`
	Zone       string        `json:"zone"`
}

func factsOf(r Record) Facts {
	t := r.Table
	f := Facts{
		Kind: r.Form.Kind, Form: r.Form, Mandatory: t.Mandatory, Rooms: t.Rooms, Opened: t.Opened,
		Started: t.Started, Ended: t.Ended, Ending: t.Ending, Breaks: t.Breaks, Unrecorded: t.Unrecorded,
		Overdue: t.Overdue, Markers: r.Markers, Lines: r.Lines, Clock: r.Clock, Zone: r.Zone,
	}
	// Lists without elements are empty lists, never null: a verifier in another language reads them.
	if f.Breaks == nil {
		f.Breaks = []table.Break{}
	}
	if f.Unrecorded == nil {
		f.Unrecorded = []table.Span{}
	}
	if f.Markers == nil {
		f.Markers = []MarkerView{}
	}
	if f.Lines == nil {
		f.Lines = []Text{}
	}
	return f
}
