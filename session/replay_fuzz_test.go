package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
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

// stated returns what the last line of the session's own says, or nothing.
func stated(lines []JournalLine) (state table.State) {
	for _, l := range lines {
		var d Data
		if _, ours := eventOf(l.Type); ours && json.Unmarshal(l.Data, &d) == nil {
			state = d.State
		}
	}
	return state
}

// Any lines but the opening may be on a disk that is gone for good: the session is what the last line says, Locked if
// none comes after them, and can be gone on with and ended from there.
func requireHolesReplay(t *testing.T, lines []JournalLine) {
	for from := 1; from < len(lines); from++ {
		for to := from + 1; to < len(lines); to++ {
			left := slices.Concat(lines[:from], lines[to:])
			left[from].Missing = uint64(to - from)
			rec, err := Replay(left)
			require.NoError(t, err, "without lines %d to %d", from+1, to)
			require.Contains(t, []table.State{stated(left), table.Locked}, rec.Table.State)
			if len(left) > from+1 && stated(left[from+1:]) != "" {
				require.Equal(t, stated(left), rec.Table.State, "without lines %d to %d", from+1, to)
			}
			at := lines[len(lines)-1].At.Wall
			for _, e := range []table.Event{{Name: table.Restarted, At: at}, {Name: table.End, At: at}, {Name: table.ClosingElapsed, At: at}} {
				if next, _, refusal := table.Step(rec.Table, e); refusal == nil {
					rec.Table = next
				}
			}
			_, _, refusal := table.Step(rec.Table, table.Event{Name: table.SealDone, At: at})
			require.Nil(t, refusal, "without lines %d to %d", from+1, to)
			for _, b := range rec.Table.Breaks {
				require.NotZero(t, b.Until, "without lines %d to %d", from+1, to)
			}
		}
	}
	_, err := Replay(slices.Delete(slices.Clone(lines), 1, 2))
	require.ErrorIs(t, err, ErrReplay, "nobody says that a line is missing")
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
		requireHolesReplay(t, s.rec.lines)
		for n := range s.rec.lines {
			_, err := Replay(s.rec.lines[:n])
			require.NoError(t, err)
		}
	})
}
