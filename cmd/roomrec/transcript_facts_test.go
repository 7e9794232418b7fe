package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
	"roomrec/transcript"
)

// Z26-2: what a transcript is compared with is the questioning as the session names it, and what was
// recorded of it.
func TestZ26_2_FactsOfASealedSession(t *testing.T) {
	m := func(minutes float64) clock.Wall {
		return clock.Wall(1_795_327_387_000_000_000).Add(time.Duration(minutes * float64(time.Minute)))
	}
	at := func(minutes float64) clock.Instant { return clock.Instant{Wall: m(minutes)} }
	f := folder{
		sealed: &seal.Statement{
			Session: "20261122-140307-7f2k", Zone: "Asia/Shanghai", Opened: clock.Instant{Wall: m(0), Uncertainty: time.Hour},
			Cameras: []seal.Camera{{Room: "room3", Camera: "a", Required: true}, {Room: "room3", Camera: "b", Required: true}, {Room: "room3", Camera: "c"}},
			Runs: []seal.Run{
				{Room: "room3", Camera: "a", First: at(0), Last: at(20)},
				{Room: "room3", Camera: "a", First: at(25), Last: at(60)},
				{Room: "room3", Camera: "b", First: at(1), Last: at(60), Gaps: []seal.Gap{{From: at(40), To: at(41), Count: 1}, {From: at(45), To: at(55), Count: 9}}},
			},
		},
		record: session.Record{
			Form: session.OpenForm{Kind: policy.Suspect, Person: "2231", Circumstances: map[string]string{"minor": policy.Yes}},
			Took: []session.Member{{Role: policy.Questioner, Name: "王强"}, {Role: policy.Clerk, Name: "赵敏"}, {Role: policy.LegalRepresentative, Name: "周某"}},
			Table: table.Session{
				Started: m(2), Ended: m(58),
				Unrecorded: []table.Span{{From: m(31), To: m(33)}},
				Breaks: []table.Break{
					{LastGood: m(0.5), Locked: m(1), Until: m(1.5)},                    // before questioning
					{LastGood: m(20), FirstGood: m(25), Locked: m(20.1), Until: m(26)}, // an interruption
					{LastGood: m(30), FirstGood: m(32), Locked: m(30.1), Until: m(34)}, // until questioning went on unrecorded
					{LastGood: m(59), Locked: 0, Until: m(59)},                         // after its end
				},
			},
		},
	}
	facts, err := factsOf(&f, []string{"3 号讯问室"})
	require.NoError(t, err)
	require.Equal(t, transcript.KindInterrogation, facts.Kind)
	require.Equal(t, m(2), facts.Start.Wall)
	require.Equal(t, m(58), facts.End.Wall)
	require.Equal(t, greatestUncertainty, facts.Start.Uncertainty, "a clock that nobody trusts excuses no hour")
	span := func(s transcript.Span) [2]clock.Wall { return [2]clock.Wall{s.From.Wall, s.To.Wall} }
	require.Len(t, facts.Interruptions, 2)
	require.Equal(t, [2]clock.Wall{m(20.1), m(26)}, span(facts.Interruptions[0].Span))
	require.Equal(t, [2]clock.Wall{m(20), m(25)}, span(facts.Interruptions[0].Missing))
	require.Equal(t, [2]clock.Wall{m(30.1), m(31)}, span(facts.Interruptions[1].Span))
	var recorded [][2]clock.Wall
	for _, s := range facts.Recorded {
		recorded = append(recorded, span(s))
	}
	require.Equal(t, [][2]clock.Wall{{m(1), m(20)}, {m(25), m(40)}, {m(41), m(60)}}, recorded)
	require.Empty(t, facts.Roster.Person, "a number is no name")
	require.False(t, facts.Roster.Numbers)
	require.True(t, facts.Roster.GuardianNeeded)
	require.Equal(t, []string{"王强", "赵敏"}, facts.Roster.Officers)

	f.record.Table.Ended = 0
	_, err = factsOf(&f, nil)
	require.ErrorIs(t, err, errNoQuestioning)
}
