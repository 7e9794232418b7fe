package paneltest

import (
	"cmp"
	"context"
	"maps"
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
func (b *Backend) Accesses(_ context.Context, q panel.AccessQuery) (panel.AccessPage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.archive[q.Session]; q.Session != "" && !ok {
		return panel.AccessPage{}, panel.ErrNotFound
	}
	sessions := slices.DeleteFunc(slices.Collect(maps.Values(b.archive)), func(r panel.Record) bool {
		return q.Session != "" && r.ID != q.Session || q.Opened != 0 && r.Opened >= q.Opened
	})
	slices.SortFunc(sessions, func(x, y panel.Record) int { return cmp.Compare(y.Opened, x.Opened) })
	page := panel.AccessPage{Sessions: len(sessions)}
	if len(sessions) > searched {
		page.Sessions, page.Older = searched, sessions[searched-1].Opened
	}
	for i := len(b.accesses) - 1; i >= 0; i-- {
		a := b.accesses[i]
		if slices.ContainsFunc(sessions[:page.Sessions], func(r panel.Record) bool { return r.ID == a.Session }) && (q.Person == "" || strings.Contains(a.By.ID+" "+a.By.Name, q.Person)) &&
			(q.After == 0 || a.At >= q.After) && (q.Before == 0 || a.At < q.Before) {
			page.Records = append(page.Records, a)
		}
	}
	return page, nil
}

// searched is how many sessions one request searches for looks.
const searched = 200

// Viewed implements panel.Accesses.
func (b *Backend) Viewed(_ context.Context, sess string, actor session.Actor, what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accesses = append(b.accesses, panel.AccessRecord{Session: sess, Room: b.archive[sess].Room, At: b.clock.Now().Wall, By: actor, What: what})
	return nil
}
