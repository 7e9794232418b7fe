package session

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// C86, C94, C-2, S120: what is due, by when, and what the late are told. Times that nobody entered ask nothing.
func TestC86_C94_DutiesAndLateness(t *testing.T) {
	began := clock.WallOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	before := func(d time.Duration) string { return began.Add(-d).Time().UTC().Format(time.RFC3339) }
	rest := func(begin, end time.Duration) MarkerView {
		m := MarkerView{Code: "rest", Begin: began.Add(begin), Length: true}
		if end != 0 {
			m.End = began.Add(end)
		}
		return m
	}
	rights := MarkerView{Code: "rights-read", Begin: began.Add(time.Minute)}
	for name, c := range map[string]struct {
		kind    policy.Kind
		times   policy.Times
		ordinal int
		started bool
		markers []MarkerView
		now     time.Duration
		due     map[string]time.Duration // after began
		late    int
	}{
		"before it starts nothing is due":     {kind: policy.Suspect},
		"rights within five minutes":          {kind: policy.Suspect, started: true, due: map[string]time.Duration{"rights-read": 5 * time.Minute, "rest": 4 * time.Hour}},
		"rights were read":                    {kind: policy.Suspect, started: true, markers: []MarkerView{rights}, due: map[string]time.Duration{"rest": 4 * time.Hour}},
		"a witness has no suspect's rights":   {kind: policy.Witness, started: true, due: map[string]time.Duration{"rest": 4 * time.Hour}},
		"rest begins the four hours anew":     {kind: policy.Witness, started: true, markers: []MarkerView{rest(time.Hour, 2*time.Hour)}, due: map[string]time.Duration{"rest": 6 * time.Hour}},
		"while there is rest none is due":     {kind: policy.Witness, started: true, markers: []MarkerView{rest(time.Hour, 0)}},
		"twelve hours from arrival":           {kind: policy.Suspect, times: policy.Times{Arrived: before(2 * time.Hour)}, due: map[string]time.Duration{"summons": 10 * time.Hour}},
		"then twenty-four":                    {kind: policy.Suspect, times: policy.Times{Arrived: before(2 * time.Hour)}, now: 11 * time.Hour, due: map[string]time.Duration{"summons-long": 22 * time.Hour}},
		"the first within a day of detention": {kind: policy.Suspect, times: policy.Times{Detained: before(20 * time.Hour)}, due: map[string]time.Duration{"first-detained": 4 * time.Hour}},
		"and of arrest":                       {kind: policy.Suspect, times: policy.Times{Arrested: before(23 * time.Hour)}, due: map[string]time.Duration{"first-arrested": time.Hour}},
		"late after both":                     {kind: policy.Suspect, started: true, markers: []MarkerView{rights}, times: policy.Times{Detained: before(25 * time.Hour), Arrested: before(24*time.Hour + time.Second)}, due: map[string]time.Duration{"rest": 4 * time.Hour}, late: 2},
		"in time to the second":               {kind: policy.Suspect, started: true, markers: []MarkerView{rights}, times: policy.Times{Detained: before(24 * time.Hour)}, due: map[string]time.Duration{"rest": 4 * time.Hour}},
		"a later interrogation is no first":   {kind: policy.Suspect, started: true, ordinal: 2, markers: []MarkerView{rights}, times: policy.Times{Detained: before(99 * time.Hour)}, due: map[string]time.Duration{"rest": 4 * time.Hour}},
	} {
		r := Record{Form: OpenForm{Kind: c.kind, Times: c.times, Ordinal: c.ordinal}, Markers: c.markers}
		r.Table.State = table.Standby
		if c.started {
			r.Table.State, r.Table.Started = table.Questioning, began
		}
		got := make(map[string]time.Duration)
		for _, d := range r.Duties(began.Add(c.now)) {
			require.NotEmpty(t, d.Title.En, "%s: %s", name, d.Code)
			require.NotEmpty(t, d.Title.Zh, "%s: %s", name, d.Code)
			got[d.Code] = d.Due.Time().Sub(began.Time())
		}
		if c.due == nil {
			c.due = make(map[string]time.Duration)
		}
		require.Equal(t, c.due, got, name)
		require.Len(t, r.Late(), c.late, name)
		r.Table.Ended = began.Add(time.Hour)
		require.Empty(t, r.Duties(began.Add(c.now)), "%s: it is over", name)
	}
}

func TestTimesThatAreNone(t *testing.T) {
	form := goodForm()
	form.Times = policy.Times{Arrived: "yesterday", Detained: "2026-11-22T06:00:00+08:00"}
	wrong := policy.Policy{}.Validate(form, policy.HandlingArea)
	require.Len(t, wrong, 1)
	require.Equal(t, "times.arrived", wrong[0].Name)
}

func TestS120_MarkersThatAreAbsentAreReported(t *testing.T) {
	began := clock.WallOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		kind     policy.Kind
		ending   table.Ending
		going    bool
		markers  []string
		reported string
	}{
		"nothing was marked":           {kind: policy.Suspect, ending: table.Signed, reported: "Not marked in this session: Rights read, Leniency told, Counsel told, Check the transcript."},
		"only counsel was not":         {kind: policy.Suspect, ending: table.Refused, markers: []string{"rights-read", "leniency-told", "transcript-check"}, reported: "Not marked in this session: Counsel told."},
		"reading out is a check":       {kind: policy.Witness, ending: table.Signed, markers: []string{"read-aloud"}},
		"a witness hears no rights":    {kind: policy.Witness, ending: table.Signed, reported: "Not marked in this session: Check the transcript."},
		"broken off, nothing to check": {kind: policy.Witness, ending: table.BrokenOff},
		"it is not over":               {kind: policy.Suspect, going: true},
		"a technical recording":        {kind: policy.Technical, ending: table.BrokenOff},
	} {
		r := Record{Form: OpenForm{Kind: c.kind}}
		r.Table.Started = began
		if !c.going {
			r.Table.Ended, r.Table.Ending = began.Add(time.Hour), c.ending
		}
		for _, m := range c.markers {
			r.Markers = append(r.Markers, MarkerView{Code: m, Begin: began.Add(time.Minute)})
		}
		got := r.Unmarked()
		if c.reported == "" {
			require.Empty(t, got, name)
			continue
		}
		require.Len(t, got, 1, name)
		require.Equal(t, c.reported, got[0].En, name)
		require.Regexp(t, "^本次未作标记：.+。$", got[0].Zh, name)
	}
}
