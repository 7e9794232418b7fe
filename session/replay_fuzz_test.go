package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// FuzzReplay gives Replay journals as a disk may return them: it never panics, and what it accepts is
// a session in a state of the table.
func FuzzReplay(f *testing.F) {
	opened := `{"event":{"name":"opened","at":"2026-11-22T06:05:07.000000000Z","room":"room3"},"state":"Starting","form":{"case":"1"}}`
	for _, seed := range []string{
		opened,
		opened + "\n" + `{"event":{"name":"all-safe","at":"2026-11-22T06:05:08.000000000Z"},"state":"Standby"}`,
		opened + "\n" + `{"event":{"name":"fault-locks","at":"2026-11-22T06:05:08.000000000Z","fault":{"code":"camera.lost"}},"state":"Locked"}`,
		opened + "\n" + `{"event":{"name":"marked","at":"2026-11-22T06:05:08.000000000Z"},"state":"Starting","marker":"rest","phase":"end"}`,
		`{"event":{"name":"roster"},"state":"Standby","phase":"out","member":{"role":"","name":""}}`,
		`null`, `{}`, "", "\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, journal []byte) {
		var lines []JournalLine
		for _, data := range bytes.Split(journal, []byte("\n")) {
			var d struct{ Event struct{ Name string } }
			// Whatever is no line of ours gets a type that is: the data must be looked at anyway.
			if err := json.Unmarshal(data, &d); err != nil {
				d.Event.Name = string(table.Opened)
			}
			lines = append(lines, JournalLine{Type: TypePrefix + d.Event.Name, Actor: "officer:1", Data: data})
		}
		rec, err := Replay(lines)
		if err != nil {
			require.ErrorIs(t, err, ErrReplay)
		}
		require.Contains(t, append(table.States(), table.None), rec.Table.State)
		if _, err := EntryOf("2026/11/22/x", lines, nil); err != nil && !errors.Is(err, ErrReplay) {
			require.NoError(t, err)
		}
		rec.View("x")
		factsOf(rec)
	})
}

// A whole session's journal is taken line by line: every prefix of it is a session too.
func TestEveryPrefixReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		for _, line := range []string{"do start", "fault camera.lost front", "clear camera.lost front", "run 2s", "do resume", "stop", "recover", "run 2s", "do resume", "do explain answer=yes", "do end ending=signed", "run 61s"} {
			s.line(line)
		}
		require.Equal(t, table.Sealed, s.state)
		s.finish()
		for n := range s.rec.lines {
			_, err := Replay(s.rec.lines[:n])
			require.NoError(t, err)
		}
	})
}
