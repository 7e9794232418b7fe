package session

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// What was journalled while no volume was left counts after a restart: the recorder quotes it.
func TestReplayTakesInSpooledLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("fault storage.lost")
		lines := s.rec.lines
		quote := func(l JournalLine) JournalLine {
			b, err := json.Marshal(map[string]any{"file": "s-0001.jsonl", "line": map[string]any{"seq": 9, "type": l.Type, "actor": l.Actor, "data": l.Data}})
			require.NoError(t, err)
			return JournalLine{Type: typeSpooled, Actor: ActorController, At: l.At, Data: b}
		}
		last := len(lines) - 1
		want, err := Replay(lines)
		require.NoError(t, err)
		require.Equal(t, table.Locked, want.Table.State)

		var spooled []JournalLine
		spooled = append(append(spooled, lines[:last]...), quote(lines[last]))
		got, err := Replay(spooled)
		require.NoError(t, err)
		require.Equal(t, want, got)

		// One that does not follow from what is there is passed over: the volume that is back had left
		// before the one after whose last line it stands.
		started := lines[last-1]
		require.Equal(t, TypeStart, started.Type)
		got, err = Replay([]JournalLine{lines[0], quote(started), quote(JournalLine{Type: TypeExplained, Data: started.Data})})
		require.NoError(t, err)
		require.Equal(t, table.Starting, got.Table.State)
		s.finish()
	})
}
