package paneltest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/transcript"
)

// Papers keeps transcripts in memory, read and compared by the program's own code, with a watch folder
// on command.
type Papers struct {
	b *Backend

	mu       sync.Mutex
	notes    map[string][]transcript.Note // by session
	data     map[string][]byte            // by session and hash
	typed    map[string][]session.PadEntry
	inbox    []panel.InboxFile
	readOnly map[string]bool

	Handled int // documents that were handed in
}

// Papers returns the backend's transcripts.
func (b *Backend) Papers() *Papers { return b.papers }

func newPapers(b *Backend) *Papers {
	return &Papers{b: b, notes: map[string][]transcript.Note{}, data: map[string][]byte{}, typed: map[string][]session.PadEntry{}, readOnly: map[string]bool{}}
}

var (
	notSigned = &session.Refusal{Code: "not-signed", Say: session.Text{En: "Confirm that the correction was signed.", Zh: "请确认更正后的笔录已签字。"}}
	readOnly  = session.Text{En: "What was added after the seal is damaged or differs between the disks. It is shown as far as it can be read, and nothing can be added; run roomrec verify and call IT.", Zh: "封存后添加的材料已损坏或各磁盘不一致。现显示可以读取的部分，不能再添加。请运行 roomrec verify 并联系信息技术人员。"}
)

func (p *Papers) facts(id string) (*transcript.Facts, error) {
	rec, err := p.b.Session(context.Background(), id)
	if err != nil {
		return nil, err
	}
	at := func(w clock.Wall) clock.Instant { return clock.Instant{Wall: w} }
	f := &transcript.Facts{
		Session: id, Zone: p.b.Zone, Start: at(rec.Started), End: at(rec.Ended), Kind: transcript.KindInterrogation,
		Places: []string{rec.RoomName.En, rec.RoomName.Zh}, Interruptions: []transcript.Interruption{},
	}
	for _, b := range rec.Breaks {
		f.Interruptions = append(f.Interruptions, transcript.Interruption{Span: transcript.Span{From: at(b.Locked), To: at(b.Resumed)}})
	}
	return f, nil
}

func (p *Papers) add(id, kind string, actor session.Actor, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	p.notes[id] = append(p.notes[id], transcript.Note{Type: kind, Actor: actor.ID + " " + actor.Name, At: p.b.clock.Now().Wall, Data: raw})
	return nil
}

// Transcript implements panel.Transcripts.
func (p *Papers) Transcript(_ context.Context, id string) (panel.TranscriptView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view(id)
}

func (p *Papers) view(id string) (panel.TranscriptView, error) {
	facts, err := p.facts(id)
	if err != nil {
		return panel.TranscriptView{}, err
	}
	h, err := transcript.HistoryOf(p.notes[id])
	if err != nil {
		return panel.TranscriptView{}, err
	}
	out := panel.TranscriptView{Status: h.Status(), Complete: transcript.CompleteWith(true, h.Status()), Versions: []panel.VersionView{}}
	if p.readOnly[id] {
		out.ReadOnly, out.Complete = &readOnly, transcript.NotComplete
	}
	for i, v := range h.Versions {
		doc, r, err := judge(v.Name, p.data[id+v.SHA256], facts)
		if err != nil {
			return out, err
		}
		out.Versions = append(out.Versions, panel.VersionOf(v, doc, r, nil, i == len(h.Versions)-1))
	}
	return out, nil
}

func judge(name string, data []byte, facts *transcript.Facts) (*transcript.Document, transcript.Result, error) {
	doc, err := transcript.Read(name, data, transcript.DefaultLimits)
	var no *transcript.Refusal
	if errors.As(err, &no) {
		return nil, transcript.Refused(name, no, *facts, ""), nil
	}
	if err != nil {
		return nil, transcript.Result{}, err
	}
	return doc, transcript.Compare(doc, *facts, transcript.Options{}), nil
}

// Attach implements panel.Transcripts.
func (p *Papers) Attach(_ context.Context, actor session.Actor, id string, u panel.Upload) (panel.TranscriptView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	facts, err := p.facts(id)
	if err != nil {
		return panel.TranscriptView{}, err
	}
	sum := sha256.Sum256(u.Data)
	d := transcript.Attached{SHA256: hex.EncodeToString(sum[:]), Name: u.Name, Size: len(u.Data), Signed: u.Signed, Request: u.Request}
	h, err := transcript.HistoryOf(p.notes[id])
	if err != nil {
		return panel.TranscriptView{}, err
	}
	if h.Version(d.SHA256) != nil {
		return p.view(id)
	}
	if cur := h.Current(); cur != nil {
		if d.Corrects = cur.SHA256; !u.Signed {
			return panel.TranscriptView{}, notSigned
		}
	}
	doc, r, err := judge(u.Name, u.Data, facts)
	if err != nil {
		return panel.TranscriptView{}, err
	}
	d.Scan, d.Judged = doc == nil, transcript.JudgedOf(r)
	p.data[id+d.SHA256] = u.Data
	p.Handled++
	if err := p.add(id, transcript.TypeAttached, actor, d); err != nil {
		return panel.TranscriptView{}, err
	}
	return p.view(id)
}

// Explain implements panel.Transcripts.
func (p *Papers) Explain(_ context.Context, actor session.Actor, id string, e transcript.Explained) (panel.TranscriptView, error) {
	return p.noted(id, e.Document, transcript.TypeExplained, actor, e)
}

// Key implements panel.Transcripts. What the second person enters is not compared here.
func (p *Papers) Key(_ context.Context, actor session.Actor, id string, k transcript.Keyed) (panel.TranscriptView, error) {
	return p.noted(id, k.Document, transcript.TypeKeyed, actor, k)
}

// Time implements panel.Transcripts.
func (p *Papers) Time(_ context.Context, actor session.Actor, id string, t transcript.Timed) (panel.TranscriptView, error) {
	return p.noted(id, t.Document, transcript.TypeTimed, actor, t)
}

// Judge implements panel.Transcripts.
func (p *Papers) Judge(_ context.Context, actor session.Actor, id string, f transcript.FactJudged) (panel.TranscriptView, error) {
	return p.noted(id, f.Document, transcript.TypeJudged, actor, f)
}

func (p *Papers) noted(id, document, kind string, actor session.Actor, data any) (panel.TranscriptView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, err := transcript.HistoryOf(p.notes[id])
	if err != nil || h.Version(document) == nil {
		return panel.TranscriptView{}, cmp.Or(err, panel.ErrNotFound)
	}
	if err := p.add(id, kind, actor, data); err != nil {
		return panel.TranscriptView{}, err
	}
	return p.view(id)
}

// Document implements panel.Transcripts.
func (p *Papers) Document(_ context.Context, id, hash string) ([]byte, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	data, ok := p.data[id+hash]
	if !ok {
		return nil, "", panel.ErrNotFound
	}
	return data, ".bin", nil
}

// Month implements panel.Transcripts: every sealed session, whatever the month.
func (p *Papers) Month(ctx context.Context, month string) (panel.MonthView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list, err := p.b.Sessions(ctx, panel.Query{})
	if err != nil {
		return panel.MonthView{}, err
	}
	if month == "" {
		month = p.b.clock.Now().Wall.In(p.b.Zone).Format("2006-01")
	}
	out := panel.MonthView{Month: month, Zone: p.b.Zone.String(), Counts: map[transcript.Status]int{}, Rows: []panel.MonthRow{}, Crossings: []panel.CrossingView{}}
	for _, r := range list {
		if r.Seal == nil {
			continue
		}
		v, err := p.view(r.ID)
		if err != nil {
			return out, err
		}
		row := panel.MonthRow{
			Session: r.ID, Room: r.Room, Case: r.Form.Case, Kind: string(r.Form.Kind), Start: r.Started, End: r.Ended, Status: v.Status, Complete: v.Complete,
			Findings: []transcript.FindingCode{}, By: []string{},
		}
		if n := len(v.Versions); n > 0 {
			for _, f := range v.Versions[n-1].Findings {
				row.Findings = append(row.Findings, f.Code)
			}
		}
		out.Counts[v.Status]++
		switch v.Complete {
		case transcript.Complete:
			out.Complete++
		case transcript.CompleteExplained:
			out.Explained++
		case transcript.NotComplete:
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Rows) > 0 {
		id, other := out.Rows[0].Session, out.Rows[len(out.Rows)-1].Session
		rule := transcript.Rules[transcript.OfficerOverlap]
		out.Crossings = append(out.Crossings, panel.CrossingView{
			Code: transcript.OfficerOverlap, Sessions: [2]string{id, other}, Clause: rule.Clause,
			Say: session.Text{En: "Officer 0417 is in two rooms at once", Zh: "Officer 0417 同时出现在两个房间"}, Do: session.Text{En: rule.Do.EN, Zh: rule.Do.ZH},
		})
	}
	return out, nil
}

// Pad implements panel.Transcripts.
func (p *Papers) Pad(ctx context.Context, id string) (panel.PadView, error) {
	rec, err := p.b.Session(ctx, id)
	if err != nil {
		return panel.PadView{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return panel.PadView{Entries: append([]session.PadEntry{}, p.typed[id]...), Started: rec.Started, Ended: rec.Ended, Zone: p.b.Zone.String(), Closed: rec.Seal != nil}, nil
}

// Type implements panel.Transcripts.
func (p *Papers) Type(ctx context.Context, id string, t session.Typed, lead time.Duration) (panel.PadView, error) {
	if _, err := p.b.Session(ctx, id); err != nil {
		return panel.PadView{}, err
	}
	p.mu.Lock()
	list := p.typed[id]
	i := slices.IndexFunc(list, func(e session.PadEntry) bool { return e.ID == t.ID })
	switch {
	case i >= 0 && t.Text == "":
		p.typed[id] = slices.Delete(list, i, i+1)
	case i >= 0:
		list[i].Role, list[i].Text = t.Role, t.Text
	case t.Text != "":
		p.typed[id] = append(list, session.PadEntry{ID: t.ID, Role: t.Role, Text: t.Text, At: p.b.clock.Now().Wall.Add(-lead), By: t.By.Name})
	}
	p.mu.Unlock()
	return p.Pad(ctx, id)
}

// PadDocument implements panel.Transcripts.
func (p *Papers) PadDocument(ctx context.Context, id string) ([]byte, error) {
	v, err := p.Pad(ctx, id)
	if err != nil {
		return nil, err
	}
	rec, err := p.b.Session(ctx, id)
	if err != nil {
		return nil, err
	}
	f := p.form(rec, v.Started, v.Ended)
	for _, e := range v.Entries {
		f.Entries = append(f.Entries, transcript.FormEntry{Role: transcript.Role(e.Role), Text: e.Text, At: e.At})
	}
	var out bytes.Buffer
	err = transcript.WriteDocx(&out, f)
	return out.Bytes(), err
}

// form is what the program knows of a session, for a transcript: the people are those of its roster.
func (p *Papers) form(rec panel.Record, start, end clock.Wall) *transcript.Form {
	f := &transcript.Form{
		Kind: transcript.KindInterrogation, Authority: "某市公安局", Session: rec.ID, Ordinal: 2, Zone: p.b.Zone, Start: clock.Instant{Wall: start}, End: clock.Instant{Wall: end},
		Place: rec.RoomName.Zh, Person: rec.Form.Person,
	}
	for _, m := range rec.Form.Roster {
		switch m.Role {
		case policy.Questioner:
			f.Questioners = append(f.Questioners, m.Name)
		case policy.Clerk:
			f.Clerks = append(f.Clerks, m.Name)
		}
	}
	return f
}

// Inbox implements panel.Transcripts.
func (p *Papers) Inbox(context.Context) (panel.InboxView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := panel.InboxView{Watched: true, Counts: map[panel.InboxState]int{panel.InboxFiled: 12}, Files: append([]panel.InboxFile{}, p.inbox...)}
	for _, f := range p.inbox {
		v.Counts[f.State]++
	}
	return v, nil
}

// File implements panel.Transcripts.
func (p *Papers) File(ctx context.Context, _ session.Actor, id string, f panel.Filing) (panel.TranscriptView, error) {
	p.mu.Lock()
	i := slices.IndexFunc(p.inbox, func(x panel.InboxFile) bool { return x.SHA256 == f.SHA256 })
	if i >= 0 {
		p.inbox = slices.Delete(p.inbox, i, i+1)
	}
	_, filed := p.data[id+f.SHA256]
	p.mu.Unlock()
	if i < 0 && !filed {
		return panel.TranscriptView{}, panel.ErrNotFound
	}
	return p.Transcript(ctx, id)
}
