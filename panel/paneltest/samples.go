package paneltest

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"roomrec/panel"
	"roomrec/session"
)

// Waiting implements panel.Samples: every sealed session is drawn.
func (b *Backend) Waiting(context.Context) ([]panel.Sample, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []panel.Sample
	for _, r := range b.archive {
		if _, judged := b.judged[r.ID]; r.Seal != nil && !judged {
			out = append(out, panel.Sample{Session: r.ID, Case: r.Form.Case, Room: r.Room, Sealed: r.Seal.At})
		}
	}
	slices.SortFunc(out, func(x, y panel.Sample) int { return cmp.Compare(x.Session, y.Session) })
	return out, nil
}

// Judge implements panel.Samples.
func (b *Backend) Judge(_ context.Context, _ session.Actor, sess string, answer panel.SampleAnswer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, ok := b.archive[sess]; !ok || r.Seal == nil {
		return panel.ErrNotFound
	}
	b.judged[sess] = answer
	b.Acted["sample"]++
	return nil
}

// Accesses implements panel.AccessRecords.
func (b *Backend) Accesses(_ context.Context, q panel.AccessQuery) ([]panel.AccessRecord, int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.archive[q.Session]; q.Session != "" && !ok {
		return nil, 0, panel.ErrNotFound
	}
	var out []panel.AccessRecord
	for i := len(b.accesses) - 1; i >= 0 && len(out) < q.Limit; i-- {
		a := b.accesses[i]
		if (q.Session == "" || a.Session == q.Session) && (q.Person == "" || strings.Contains(a.By.ID+" "+a.By.Name, q.Person)) &&
			(q.After == 0 || a.At >= q.After) && (q.Before == 0 || a.At < q.Before) {
			out = append(out, a)
		}
	}
	return out, len(b.archive), nil
}

// Viewed implements panel.Accesses.
func (b *Backend) Viewed(_ context.Context, sess string, actor session.Actor, what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accesses = append(b.accesses, panel.AccessRecord{Session: sess, Room: b.archive[sess].Room, At: b.clock.Now().Wall, By: actor, What: what})
	return nil
}
