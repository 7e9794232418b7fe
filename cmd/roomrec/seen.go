package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/evidence/after"
	"roomrec/panel"
	"roomrec/session"
)

// searchTime is for how long one request searches, and searchBatch how many sessions are asked of the index at
// once. What is not come to is searched by the next request.
const (
	searchTime  = 8 * time.Second
	searchBatch = 200
)

// seen reads who has seen what: while a session is open from the journal of its recording, after that from
// the one that comes after its seal.
type seen struct{ papers *transcripts }

// Accesses returns looks, newest first, of the sessions that it came to.
func (s seen) Accesses(ctx context.Context, q panel.AccessQuery) (panel.AccessPage, error) {
	var page panel.AccessPage
	if q.Session != "" {
		found, err := s.of(ctx, q, q.Session)
		if err != nil {
			return page, err
		}
		page.Records, page.Sessions = found, 1
		return newestFirst(page), nil
	}
	before := q.Opened
	if q.Before != 0 && (before == 0 || q.Before < before) {
		before = q.Before // who looks at a session looks after it was opened
	}
	enough, stop := context.WithTimeout(ctx, searchTime)
	defer stop()
	came := map[string]bool{}
	for {
		list, err := s.papers.index.c.Sessions(ctx, catalog.Query{Before: before, Limit: searchBatch})
		if err != nil {
			return page, err
		}
		fresh := false
		for _, one := range list {
			if came[one.Session] {
				continue
			}
			// Sessions that were opened at one instant are never parted: what goes on from there passes none over.
			if page.Sessions > 0 && one.Opened+1 < before && (len(page.Records) >= q.Limit || enough.Err() != nil) {
				if ctx.Err() != nil {
					return page, ctx.Err()
				}
				page.Older = before - 1
				return newestFirst(page), nil
			}
			found, err := s.of(ctx, q, one.Session)
			if ctx.Err() != nil {
				return page, ctx.Err()
			}
			if err != nil {
				// One damaged folder hides no look at another; the verifier says what is wrong with it.
				s.papers.station.log.Error().Err(err).Str("session", one.Session).Msg("read who has seen it")
			}
			page.Records = append(page.Records, found...)
			page.Sessions++
			fresh, came[one.Session], before = true, true, one.Opened+1
		}
		if !fresh {
			return newestFirst(page), nil
		}
	}
}

func newestFirst(p panel.AccessPage) panel.AccessPage {
	slices.SortStableFunc(p.Records, func(x, y panel.AccessRecord) int { return cmp.Compare(y.At, x.At) })
	return p
}

// of returns the looks at one session.
func (s seen) of(ctx context.Context, q panel.AccessQuery, id string) ([]panel.AccessRecord, error) {
	var out []panel.AccessRecord
	var f folder
	add := func(when clock.Wall, data json.RawMessage) {
		var l session.Look
		if json.Unmarshal(data, &l) != nil || q.After != 0 && when < q.After || q.Before != 0 && when >= q.Before {
			return
		}
		if p := strings.ToLower(q.Person); p != "" && !strings.Contains(strings.ToLower(l.By.ID), p) && !strings.Contains(strings.ToLower(l.By.Name), p) {
			return
		}
		out = append(out, panel.AccessRecord{Session: id, Room: f.record.View(id).Room, At: when, By: l.By, What: l.What})
	}
	t, err := recordings{volumes: s.papers.station.disks}.find(id)
	if err == nil {
		f, err = t.read()
	}
	// What no disk took stands beside the session, whatever became of its folder.
	beside, besideErr := s.papers.besideLines(id)
	for _, l := range beside {
		if l.Type == session.TypeViewed {
			add(l.Wall, l.Data)
		}
	}
	if err = errors.Join(err, besideErr); len(f.lines) == 0 && len(out) == 0 || besideErr != nil {
		return out, err
	}
	for _, l := range f.lines {
		if l.Type == session.TypeViewed {
			add(l.At.Wall, l.Data)
		}
	}
	if f.sealed == nil {
		return out, nil
	}
	lines, err := s.papers.after(ctx, id)
	for _, l := range lines {
		if l.Type == session.TypeViewed {
			add(l.Wall, l.Data)
		}
	}
	return out, err
}

// after returns the lines that stand after a session's seal.
func (t *transcripts) after(ctx context.Context, id string) ([]after.Line, error) {
	give, err := t.take(ctx)
	if err != nil {
		return nil, err
	}
	type answer struct {
		lines []after.Line
		err   error
	}
	done := make(chan answer, 1)
	go func() { // a disk that hangs holds the turn, but not who asked
		defer give()
		o, err := t.open(id)
		if err != nil {
			done <- answer{err: err}
			return
		}
		if len(o.copies) == 0 {
			done <- answer{}
			return
		}
		done <- answer{lines: o.copies[o.longest].Lines}
	}()
	select {
	case a := <-done:
		return a.lines, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
