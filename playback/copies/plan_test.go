package copies

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// The camera had no picture when the session began, and none any more when it ended: cards say so, or the copy would
// look whole.
func TestCardsAtTheEnds(t *testing.T) {
	main := Camera{ID: "suspect", Segments: []*Segment{beeper(t, "suspect", 1, 0, 2*time.Second, time.Hour)}}
	s := Session{From: began.Add(-10 * time.Minute), To: began.Add(30 * time.Minute), Breaks: []Break{
		{From: began.Add(2 * time.Second), Cause: Words{En: "Front: no picture"}},
	}}
	parts := plan(s, main, nil)
	require.Len(t, parts, 3)
	require.Equal(t, s.From, parts[0].card.from)
	require.Equal(t, Words{}, parts[0].card.cause, "an interruption that began later is not its cause")
	require.Equal(t, s.To, parts[2].card.to)
	require.Equal(t, "Front: no picture", parts[2].card.cause.En)
	// Cameras do not begin and end at the same instant.
	require.Len(t, plan(Session{From: began.Add(-time.Second), To: began.Add(3 * time.Second)}, main, nil), 1)
	require.Len(t, plan(Session{}, main, nil), 1)
}

// A card over midnight or over a change of summer time tells either end as the pictures beside it do.
func TestCardOverMidnightAndSummerTime(t *testing.T) {
	says := func(c card) string {
		text := newText(1280, 720)
		text.card(&c, 0, forever)
		return text.b.String()
	}
	at := func(s string) clock.Wall {
		w, err := clock.ParseWall(s)
		require.NoError(t, err)
		return w
	}
	night := says(card{from: at("2026-11-22T23:50:00+08:00"), to: at("2026-11-23T00:10:00+08:00"), offset: 8 * time.Hour})
	require.Contains(t, night, "Interrupted 23:50:00 to 2026-11-23 00:10:00")
	summer := says(card{from: at("2026-03-29T01:59:00+01:00"), to: at("2026-03-29T03:05:00+02:00"), offset: 2 * time.Hour, turned: time.Hour})
	require.Contains(t, summer, "Interrupted 01:59:00 +01:00 to 03:05:00 +02:00")
}

// Of interruptions that follow one another closely the card names the one in whose time it lies.
func TestCardNamesItsOwnCause(t *testing.T) {
	at := func(seconds int) clock.Wall { return began.Add(time.Duration(seconds) * time.Second) }
	s := Session{Breaks: []Break{
		{From: at(0), To: at(10), Cause: Words{En: "a"}},
		{From: at(10), To: at(30), Cause: Words{En: "b"}},
		{From: at(60), Cause: Words{En: "c"}},
	}}
	for _, c := range []struct {
		from, to int
		want     string
	}{{0, 10, "a"}, {10, 30, "b"}, {9, 12, "b"}, {31, 40, ""}, {50, 59, ""}, {50, 61, "c"}, {70, 80, "c"}} {
		require.Equal(t, c.want, s.causeOf(at(c.from), at(c.to)).En, "%v", c)
	}
}
