package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
	"roomrec/transcript"
)

// found returns what a session's journal says, open or sealed.
func (t *transcripts) found(id string) (*folder, error) {
	held, err := t.station.disks.joined(id, true)
	if err != nil {
		return nil, err
	}
	f, err := held.read()
	if err != nil {
		t.station.log.Error().Err(err).Str("session", id).Msg("read the session's folder")
		return nil, panel.ErrNotFound
	}
	return &f, nil
}

// Pad returns what was typed on a session's pad.
func (t *transcripts) Pad(_ context.Context, id string) (panel.PadView, error) {
	entries, runs := t.station.manager.Pad(id)
	for _, r := range t.station.manager.Rooms() {
		if v := r.Session; runs && v != nil && v.ID == id {
			return padView(entries, v.Started, v.Ended, r.Zone, v.Seal != nil), nil
		}
	}
	f, err := t.found(id)
	if err != nil {
		return panel.PadView{}, err
	}
	return padView(f.record.Pad, f.record.Table.Started, f.record.Table.Ended, f.record.Zone, true), nil
}

func padView(entries []session.PadEntry, started, ended clock.Wall, zone string, closed bool) panel.PadView {
	if entries == nil {
		entries = []session.PadEntry{}
	}
	return panel.PadView{Entries: entries, Started: started, Ended: ended, Zone: zone, Closed: closed}
}

// padOver is said to whoever types into a session that is sealed or about to be.
var padOver = &session.Refusal{Code: "pad-over", Say: session.Text{En: "The session is being sealed. Nothing can be typed any more.", Zh: "本次录制正在封存或已封存，不能再录入笔录。"}}

// Type writes what was typed on the journal of the session.
func (t *transcripts) Type(ctx context.Context, id string, typed session.Typed, lead time.Duration) (panel.PadView, error) {
	_, err := t.station.manager.Type(ctx, id, typed, lead)
	if errors.Is(err, session.ErrOver) {
		return panel.PadView{}, padOver
	}
	if err != nil {
		return panel.PadView{}, err
	}
	return t.Pad(ctx, id)
}

// PadDocument returns the pad in the standard form as a Word document. Its times, people and
// interruptions are the session's; an end that has not come yet is left to be written.
func (t *transcripts) PadDocument(_ context.Context, id string) ([]byte, error) {
	f, err := t.found(id)
	if err != nil {
		return nil, err
	}
	form, err := t.formOf(f)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = transcript.WriteDocx(&b, form)
	return b.Bytes(), err
}

func (t *transcripts) formOf(f *folder) (*transcript.Form, error) {
	record := &f.record
	zone, err := time.LoadLocation(record.Zone)
	if err != nil {
		return nil, err
	}
	tab := record.Table
	at := func(w clock.Wall) clock.Instant { return clock.Instant{Wall: w} }
	form := &transcript.Form{
		Kind: transcript.KindQuestioning, Session: f.id, Ordinal: record.Form.Ordinal, Zone: zone, Start: at(tab.Started), End: at(tab.Ended),
		Person: record.Form.Person,
	}
	if record.Form.Kind == policy.Suspect {
		form.Kind = transcript.KindInterrogation
	}
	if len(tab.Rooms) > 0 {
		if r := t.station.rooms.get(tab.Rooms[0]); r != nil {
			form.Place = r.setup.Name.Zh
		}
	}
	for _, m := range record.Took {
		switch m.Role {
		case policy.Questioner:
			form.Questioners = append(form.Questioners, m.Name)
		case policy.Clerk:
			form.Clerks = append(form.Clerks, m.Name)
		case policy.Interpreter, policy.SignInterpreter:
			form.Interpreters = append(form.Interpreters, m.Name)
		case policy.LegalRepresentative:
			form.Guardians = append(form.Guardians, m.Name)
		}
	}
	if tab.Ended == 0 {
		tab.Ended = t.station.clock.Now().Wall // interruptions so far
	}
	for _, b := range tab.Breaks {
		if i, ok := suspensionOf(&tab, b, at); ok {
			// What the document says of it is what the journal says.
			i.Unresumed = !b.Resumed && !slices.ContainsFunc(tab.Unrecorded, func(s table.Span) bool { return s.From == i.To.Wall })
			if k := slices.IndexFunc(record.Answers, func(a session.Answered) bool { return b.Resumed && a.At == b.Until }); k >= 0 {
				i.Answer = record.Answers[k].Words().Zh
			}
			form.Interruptions = append(form.Interruptions, i)
		}
	}
	for _, s := range tab.Unrecorded {
		form.Unrecorded = append(form.Unrecorded, transcript.Span{From: at(s.From), To: at(cmp.Or(s.To, tab.Ended))})
	}
	for _, e := range record.Pad {
		role := transcript.RoleQuestion
		if e.Role == session.PadAnswer {
			role = transcript.RoleAnswer
		}
		form.Entries = append(form.Entries, transcript.FormEntry{Role: role, Text: e.Text, At: e.At})
	}
	if slices.ContainsFunc(record.Markers, func(m session.MarkerView) bool { return m.Code == "read-aloud" }) {
		form.Closing = "以上笔录已向我宣读，和我说的相符。"
	}
	return form, nil
}

// maxMark is the longest mark before a question or an answer, in characters, as in "答：" or "A3.".
const maxMark = 4

// typedTimes returns the instants of a document's lines that were typed on the session's pad: the entries
// are the same, in the same order, whatever stands between them.
func typedTimes(doc *transcript.Document, pad []session.PadEntry) map[int]clock.Wall {
	if doc == nil || len(pad) == 0 {
		return nil
	}
	words := func(s string) string { return strings.Join(strings.Fields(s), "") }
	// An entry goes on in the lines below it, where notes and the closing statement may stand: its own line
	// counts, which is what was typed after a mark such as 问: or Q:.
	same := func(e transcript.Entry, text string) bool {
		if e.Line < 1 || e.Line > len(doc.Lines) {
			return false
		}
		mark, ok := strings.CutSuffix(words(doc.Lines[e.Line-1].Text), words(text))
		return words(e.Text) == words(text) || ok && utf8.RuneCountInString(mark) <= maxMark
	}
	out := map[int]clock.Wall{}
	next := 0
	for _, e := range doc.Entries {
		for i := next; i < len(pad); i++ {
			if string(e.Role) == pad[i].Role && same(e, pad[i].Text) {
				out[e.Line], next = pad[i].At, i+1
				break
			}
		}
	}
	return out
}
