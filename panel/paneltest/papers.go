package paneltest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"

	"roomrec/panel"
	"roomrec/session"
	"roomrec/transcript"
)

// Papers keeps transcripts in memory: it takes what it is given and finds nothing in it.
type Papers struct {
	backend *Backend

	mu      sync.Mutex
	views   map[string]panel.TranscriptView
	data    map[string][]byte // by session and hash
	Handled int               // documents that were handed in
}

// Papers returns transcripts for the backend's sessions.
func (b *Backend) Papers() *Papers {
	return &Papers{backend: b, views: make(map[string]panel.TranscriptView), data: make(map[string][]byte)}
}

// Transcript implements panel.Transcripts.
func (p *Papers) Transcript(ctx context.Context, sess string) (panel.TranscriptView, error) {
	if _, err := p.backend.Session(ctx, sess); err != nil {
		return panel.TranscriptView{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.views[sess]
	if !ok {
		v.Status = transcript.StatusNone
	}
	v.Versions = append([]panel.VersionView{}, v.Versions...)
	return v, nil
}

// Attach implements panel.Transcripts.
func (p *Papers) Attach(ctx context.Context, actor session.Actor, sess string, u panel.Upload) (panel.TranscriptView, error) {
	if _, err := p.backend.Session(ctx, sess); err != nil {
		return panel.TranscriptView{}, err
	}
	sum := sha256.Sum256(u.Data)
	hash := hex.EncodeToString(sum[:])
	p.mu.Lock()
	v := p.views[sess]
	if _, again := p.data[sess+hash]; !again {
		p.Handled++
		p.data[sess+hash] = u.Data
		v.Status = transcript.StatusUnreadable
		v.Versions = append(slices.Clone(v.Versions), panel.VersionView{
			SHA256: hash, Name: u.Name, Size: len(u.Data), By: actor.Name, At: p.backend.clock.Now().Wall, Signed: u.Signed, Current: true,
			Rows: []panel.CompareRow{}, Findings: []panel.FindingView{}, NotChecked: []string{}, Lines: []panel.LineView{}, Explanations: []panel.ExplanationView{},
		})
		p.views[sess] = v
	}
	p.mu.Unlock()
	return p.Transcript(ctx, sess)
}

// has returns the transcript of a session that has the document.
func (p *Papers) has(ctx context.Context, sess, document string) (panel.TranscriptView, error) {
	v, err := p.Transcript(ctx, sess)
	if err == nil && !slices.ContainsFunc(v.Versions, func(x panel.VersionView) bool { return x.SHA256 == document }) {
		err = panel.ErrNotFound
	}
	return v, err
}

// Explain implements panel.Transcripts.
func (p *Papers) Explain(ctx context.Context, _ session.Actor, sess string, e transcript.Explained) (panel.TranscriptView, error) {
	return p.has(ctx, sess, e.Document)
}

// Key implements panel.Transcripts.
func (p *Papers) Key(ctx context.Context, _ session.Actor, sess string, k transcript.Keyed) (panel.TranscriptView, error) {
	return p.has(ctx, sess, k.Document)
}

// Time implements panel.Transcripts.
func (p *Papers) Time(ctx context.Context, _ session.Actor, sess string, t transcript.Timed) (panel.TranscriptView, error) {
	return p.has(ctx, sess, t.Document)
}

// Document implements panel.Transcripts.
func (p *Papers) Document(_ context.Context, sess, hash string) ([]byte, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.data[sess+hash]
	if !ok {
		return nil, "", panel.ErrNotFound
	}
	return b, ".bin", nil
}

// Month implements panel.Transcripts.
func (p *Papers) Month(_ context.Context, month string) (panel.MonthView, error) {
	return panel.MonthView{Month: month, Zone: "UTC", Counts: map[transcript.Status]int{}, Rows: []panel.MonthRow{}, Crossings: []panel.CrossingView{}}, nil
}

// Inbox implements panel.Transcripts: nothing was dropped.
func (p *Papers) Inbox(context.Context) (panel.InboxView, error) {
	return panel.InboxView{Watched: true, Counts: map[panel.InboxState]int{}, Files: []panel.InboxFile{}}, nil
}

// File implements panel.Transcripts.
func (p *Papers) File(ctx context.Context, _ session.Actor, sess string, f panel.Filing) (panel.TranscriptView, error) {
	return p.has(ctx, sess, f.SHA256)
}
