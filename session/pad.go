package session

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"roomrec/clock"
	"roomrec/session/table"
)

// TypeTyped is the type of a line that says what was typed on the room's transcript pad; its data is a
// [Typed]. It changes no state. What is typed is sealed with the session; the transcript that counts is
// the document that is signed.
const TypeTyped = "transcript.typed"

// Typed is the data of a line of type [TypeTyped]. A line with the id of an earlier one replaces its text,
// and an empty text takes it off the pad; the journal keeps both. The instant stays that of the first.
type Typed struct {
	By   Actor      `json:"by"`
	ID   string     `json:"id"`
	Role string     `json:"role"` // question or answer
	Text string     `json:"text"`
	At   clock.Wall `json:"at"` // when its typing began, on the session's timeline
}

// The roles of what is typed.
const (
	PadQuestion = "question"
	PadAnswer   = "answer"
)

// PadEntry is a question or an answer as the pad shows it.
type PadEntry struct {
	ID   string     `json:"id"`
	Role string     `json:"role" doc:"question or answer"`
	Text string     `json:"text"`
	At   clock.Wall `json:"at" doc:"When its typing began"`
	By   string     `json:"by" doc:"Who typed it last"`
}

// Limits of what is typed.
const (
	MaxTyped   = 2000 // characters of an entry
	MaxEntries = 5000 // of a session: twelve hours, one in nine seconds
	maxTypedID = 64
	// maxLead is the longest time before its sending that the typing of an entry can have begun.
	maxLead = 10 * time.Minute
)

// typing asks a runner to write what was typed.
type typing struct {
	typed Typed
	lead  time.Duration
	done  chan error // capacity 1
}

// pad is what was typed in a session. The runner's goroutine decides, the scribe's makes it durable, and
// anybody reads.
type pad struct {
	decided map[string]Typed // by id; of the runner's goroutine

	mu      sync.Mutex
	entries []PadEntry // durable
}

func (p *pad) begin(entries []PadEntry) {
	p.decided = make(map[string]Typed)
	for _, e := range entries {
		p.decided[e.ID] = Typed{ID: e.ID, Role: e.Role, Text: e.Text, At: e.At}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = entries
}

func (p *pad) put(t Typed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = typed(p.entries, t)
}

func (p *pad) list() []PadEntry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.entries)
}

// typed returns the entries after one more line; those given stay as they were.
func typed(entries []PadEntry, t Typed) []PadEntry {
	out := slices.Clone(entries)
	i := slices.IndexFunc(out, func(e PadEntry) bool { return e.ID == t.ID })
	by := t.By.Name
	if by == "" {
		by = t.By.ID
	}
	switch {
	case i >= 0 && t.Text == "":
		return slices.Delete(out, i, i+1)
	case i >= 0:
		out[i].Role, out[i].Text, out[i].By = t.Role, t.Text, by
		return out
	case t.Text == "" || t.ID == "" || len(out) >= MaxEntries:
		return out
	}
	e := PadEntry{ID: t.ID, Role: t.Role, Text: t.Text, At: t.At, By: by}
	// Two may type at once: what began first stands first.
	at := len(out)
	for at > 0 && out[at-1].At > e.At {
		at--
	}
	return slices.Insert(out, at, e)
}

// padLine takes in a line of the journal; one that cannot be read is passed over, as it changes no state.
func (r Record) padLine(data []byte) Record {
	var t Typed
	if json.Unmarshal(data, &t) == nil {
		r.Pad = typed(r.Pad, t)
	}
	return r
}

// Type writes on the journal of an open session what was typed on its pad, and returns the pad when the
// line is on the volumes. lead is how long ago the typing began. The same entry with the same text changes
// nothing. [ErrOver] says that the session is sealed or about to be, [ErrNotFound] that none of that id
// runs; refusals are *[Refusal].
func (m *Manager) Type(ctx context.Context, session string, t Typed, lead time.Duration) ([]PadEntry, error) {
	t.Text = strings.TrimSpace(t.Text)
	if t.ID == "" || len(t.ID) > maxTypedID || t.Role != PadQuestion && t.Role != PadAnswer {
		return nil, refuse("unknown")
	}
	if !utf8.ValidString(t.Text) || utf8.RuneCountInString(t.Text) > MaxTyped {
		return nil, fieldRefusal("typed", FieldRefusal{"text", sentences["typed"]})
	}
	m.mu.Lock()
	h := m.runners[session]
	m.mu.Unlock()
	if h == nil {
		return nil, ErrNotFound
	}
	j := typing{typed: t, lead: lead, done: make(chan error, 1)}
	h.box.put(j)
	select {
	case err := <-j.done:
		return h.pad.list(), err
	case <-h.end:
		return nil, ErrOver
	case <-ctx.Done():
		return nil, refuse("not-written")
	}
}

// Pad returns what is on the pad of a session that runs and is on the volumes, false if none of that id
// does.
func (m *Manager) Pad(session string) ([]PadEntry, bool) {
	m.mu.Lock()
	h := m.runners[session]
	m.mu.Unlock()
	if h == nil {
		return nil, false
	}
	return h.pad.list(), true
}

// types writes what was typed, unless the line that nothing may follow is decided already.
func (r *runner) types(j typing) {
	t := r.decided.Table
	if r.stopping || t.State == table.Sealed || t.Stopped {
		j.done <- ErrOver
		return
	}
	at, mono := r.now()
	old, known := r.pad.decided[j.typed.ID]
	switch {
	case known && old.Text == j.typed.Text && old.Role == j.typed.Role, !known && j.typed.Text == "":
		// The line may still be on its way: what is asked for again is answered after it.
		r.scribe.jobs.put(job{do: func(context.Context) error { return nil }, then: func(err error) { j.done <- err }})
		return
	case known:
		j.typed.At = old.At
	case len(r.pad.decided) >= MaxEntries:
		j.done <- refuse("pad-full")
		return
	default:
		j.typed.At = max(at.Wall.Add(-min(max(j.lead, 0), maxLead)), t.Opened)
	}
	r.pad.decided[j.typed.ID] = j.typed
	r.scribe.jobs.put(job{
		line: &Line{Type: TypeTyped, Actor: actorOf(j.typed.By), At: at, Mono: mono, Data: j.typed},
		then: func(err error) {
			if err == nil {
				r.pad.put(j.typed)
			}
			j.done <- err
		},
	})
}
