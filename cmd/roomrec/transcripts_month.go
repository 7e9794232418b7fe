package main

import (
	"context"
	"fmt"
	"time"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/transcript"
)

// maxMonth is how many sessions a month's report lists: twelve rooms, day and night.
const maxMonth = 20000

// Month returns the sealed sessions that were opened in a month, and what is found across sessions
// around it.
func (t *transcripts) Month(ctx context.Context, month string) (panel.MonthView, error) {
	zone := t.station.setup.zone.Location()
	if month == "" {
		month = t.station.clock.Now().Wall.In(zone).Format("2006-01")
	}
	first, err := time.ParseInLocation("2006-01", month, zone)
	if err != nil {
		return panel.MonthView{}, fmt.Errorf("%w: month %q", panel.ErrNotFound, month)
	}
	out := panel.MonthView{
		Month: month, Zone: zone.String(), Counts: map[transcript.Status]int{}, Rows: []panel.MonthRow{}, Crossings: []panel.CrossingView{},
	}
	from, to := clock.WallOf(first), clock.WallOf(first.AddDate(0, 1, 0))
	list, err := t.index.c.Sessions(ctx, catalog.Query{After: from, Before: to, Limit: maxMonth})
	if err != nil {
		return out, err
	}
	give, err := t.take(ctx)
	if err != nil {
		return out, err
	}
	defer give()
	inMonth := map[string]bool{}
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		if s.Sealed == 0 || s.Kind == string(policy.Technical) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		inMonth[s.Session] = true
		row := t.monthRow(s)
		out.Counts[row.Status]++
		switch row.Complete {
		case transcript.Complete:
			out.Complete++
		case transcript.CompleteExplained:
			out.Explained++
		case transcript.NotComplete:
		}
		out.Rows = append(out.Rows, row)
	}
	out.Crossings, err = t.crossings(ctx, from, to, inMonth)
	return out, err
}

// monthRow is one session of the report. What its folder does not tell now is left empty.
func (t *transcripts) monthRow(s catalog.Session) panel.MonthRow {
	row := panel.MonthRow{
		Session: s.Session, Room: s.Room, Case: s.Case, Kind: s.Kind, Start: s.Started, End: s.Ended, Verdict: s.Verdict,
		Status: statusOf(s), Findings: []transcript.FindingCode{}, By: []string{},
	}
	row.Complete = transcript.CompleteWith(whole(s), row.Status)
	if row.Status == transcript.StatusNone {
		return row
	}
	o, err := t.open(s.Session)
	if err != nil || o.history.Current() == nil {
		return row
	}
	v := o.history.Current()
	j := v.Judged()
	for i, stamp := range []transcript.Stamp{j.Start, j.End} {
		if at, ok := stamp.Time(); ok {
			row.Written[i] = at.Format(time.RFC3339)
		}
	}
	row.Findings = append(row.Findings, j.Findings...)
	for _, e := range v.Explanations {
		row.By = append(row.By, e.By)
	}
	row.FactsJudged, row.FactsDiffer = v.FactsAgreed()
	return row
}

func statusOf(s catalog.Session) transcript.Status {
	if s.Transcript == "" {
		return transcript.StatusNone
	}
	return transcript.Status(s.Transcript)
}

// crossings looks at all sessions that could meet those of the month: of numbers, every session of the
// last years.
func (t *transcripts) crossings(ctx context.Context, from, to clock.Wall, inMonth map[string]bool) ([]panel.CrossingView, error) {
	list, err := t.index.c.Sessions(ctx, catalog.Query{After: from.Add(-3 * 366 * 24 * time.Hour), Before: to.Add(24 * time.Hour), Limit: 10 * maxMonth})
	if err != nil {
		return nil, err
	}
	var all []transcript.Summary
	now := t.station.clock.Now().Wall
	for _, s := range list {
		if s.Started == 0 || s.Kind == string(policy.Technical) {
			continue
		}
		sum := transcript.Summary{
			Session: s.Session, Case: s.Case, Kind: transcript.KindQuestioning, Ordinal: s.Ordinal, Person: s.Person,
			Start: clock.Instant{Wall: s.Started}, End: clock.Instant{Wall: s.Ended},
		}
		if s.Kind == string(policy.Suspect) {
			sum.Kind = transcript.KindInterrogation
		}
		if s.Ended == 0 {
			sum.End.Wall = now // it goes on
		}
		for _, m := range s.Members {
			if m.Role == policy.Questioner || m.Role == policy.Clerk {
				sum.Officers = append(sum.Officers, m.Name)
			}
		}
		all = append(all, sum)
	}
	out := []panel.CrossingView{}
	zh := transcript.Across(all, t.station.setup.zone.Location(), "zh-CN")
	for i, c := range transcript.Across(all, t.station.setup.zone.Location(), "en") {
		if !inMonth[c.Sessions[0]] && !inMonth[c.Sessions[1]] {
			continue
		}
		v := panel.CrossingView{
			Code: c.Code, Sessions: c.Sessions, Clause: c.Clause,
			Say: session.Text{En: c.Message, Zh: zh[i].Message}, Do: session.Text{En: c.Do, Zh: zh[i].Do},
		}
		if at, ok := c.At.Time(); ok {
			v.At = at.Format(time.RFC3339)
		}
		out = append(out, v)
	}
	return out, nil
}
