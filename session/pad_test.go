package session

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/table"
)

// What is typed on the pad has the time at which its typing began, is on the volumes before anybody is
// told, and is there again after a restart; it changes nothing of the session.
func TestZ27_WhatIsTypedHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		ask := func(id, role, text string, lead time.Duration) []PadEntry {
			t.Helper()
			entries, err := s.m.Type(context.Background(), s.session, Typed{By: officer, ID: id, Role: role, Text: text}, lead)
			require.NoError(t, err)
			return entries
		}
		before, err := Replay(s.rec.lines)
		require.NoError(t, err)
		s.line("run 20s")
		ask("1", PadQuestion, "  姓名?  ", 3*time.Second)
		s.line("run 5s")
		entries := ask("2", PadAnswer, "李某某", 0)
		require.Len(t, entries, 2)
		require.Equal(t, "姓名?", entries[0].Text)
		require.Equal(t, 8*time.Second, entries[1].At.Time().Sub(entries[0].At.Time()), "of its beginning, not of its end")
		last := s.rec.lines[len(s.rec.lines)-1]
		require.Equal(t, TypeTyped, last.Type)

		// The same again writes nothing; a change keeps the time; nobody takes anything out of the journal.
		lines := len(s.rec.lines)
		ask("2", PadAnswer, "李某某", 0)
		require.Len(t, s.rec.lines, lines)
		s.line("run 10s")
		changed := ask("2", PadAnswer, "李某", 0)
		require.Equal(t, entries[1].At, changed[1].At)
		require.Len(t, ask("1", PadQuestion, "", 0), 1, "an empty text takes it off the pad")
		require.Len(t, s.rec.lines, lines+2)
		ask("1", PadQuestion, "你的姓名?", 0)

		for _, wrong := range []Typed{{ID: "", Role: PadAnswer, Text: "x"}, {ID: "3", Role: "note", Text: "x"}, {ID: "3", Role: PadAnswer, Text: strings.Repeat("长", MaxTyped+1)}, {ID: "3", Role: PadAnswer, Text: "\xff"}} {
			_, err := s.m.Type(context.Background(), s.session, wrong, 0)
			var no *Refusal
			require.ErrorAs(t, err, &no)
		}
		_, err = s.m.Type(context.Background(), "none", Typed{ID: "1", Role: PadAnswer, Text: "x"}, 0)
		require.ErrorIs(t, err, ErrNotFound)

		want, ok := s.m.Pad(s.session)
		require.True(t, ok)
		after, err := Replay(s.rec.lines)
		require.NoError(t, err)
		require.Equal(t, want, after.Pad)
		after.Pad = nil
		require.Equal(t, before, after)

		s.line("stop")
		s.line("recover")
		got, ok := s.m.Pad(s.session)
		require.True(t, ok)
		require.Equal(t, want, got)
		s.line("run 2s")
		more, err := s.m.Type(context.Background(), s.session, Typed{By: officer, ID: "2", Role: PadAnswer, Text: "李某某"}, 0)
		require.NoError(t, err, "what the transcript says can be written while the session is locked")
		require.Equal(t, want[0].At, more[0].At)
		s.finish()
	})
}

// Nothing is typed into a session that is sealed or about to be.
func TestNothingIsTypedAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		for _, line := range []string{"do start", "run 2s", "do end ending=signed"} {
			s.line(line)
		}
		_, err := s.m.Type(context.Background(), s.session, Typed{By: officer, ID: "1", Role: PadAnswer, Text: "在结束之后更正"}, 0)
		require.NoError(t, err, "recording goes on")
		s.line("run 61s")
		require.Equal(t, table.Sealed, s.state)
		_, err = s.m.Type(context.Background(), s.session, Typed{By: officer, ID: "2", Role: PadAnswer, Text: "x"}, 0)
		require.ErrorIs(t, err, ErrOver)
		s.finish()
	})
}

// Any order of lines gives a pad in the order of time, with every id once, that no line makes too large.
func TestThePadIsBounded(t *testing.T) {
	var r Record
	for i := range MaxEntries + 20 {
		data, err := json.Marshal(Typed{ID: fmt.Sprint(i), Role: PadAnswer, Text: "x", At: clock.Wall((i * 7919) % 5003)})
		require.NoError(t, err)
		r.Pad = r.padLine(data).Pad
	}
	require.Len(t, r.Pad, MaxEntries)
	for i := range r.Pad[1:] {
		require.LessOrEqual(t, r.Pad[i].At, r.Pad[i+1].At)
	}
	require.Equal(t, r, r.padLine([]byte("{")))
}
