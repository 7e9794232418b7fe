package verify

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/session/table"
)

// states writes a session of journal lines alone, each with an event and the state that it says.
func states(t testing.TB, lines ...stated) *session {
	s := newSession(t, "20261122-140307-7f2k")
	s.files, s.chain, s.s.Runs, s.s.Cameras = map[string][]byte{}, journal.NewChain(journal.Head{}), nil, nil
	for i, l := range lines {
		at := instant(time.Duration(i) * time.Second)
		l.Event.At = at.Wall
		s.lineAt(1, journal.Entry{Type: "session." + string(l.Event.Name), Actor: "officer:li", Data: l}, at)
	}
	s.seal()
	return s
}

// The journal's states follow the table, from the opening to the seal.
func TestStatesFollowTheTable(t *testing.T) {
	opened := stated{table.Event{Name: table.Opened, Room: "room3", Technical: true}, table.Starting}
	safe := stated{table.Event{Name: table.AllSafe}, table.Standby}
	end := stated{table.Event{Name: table.End, Ending: table.Finished}, table.Closing}
	closed := stated{table.Event{Name: table.ClosingElapsed}, table.Closing}
	for _, c := range []struct {
		name  string
		lines []stated
		want  Verdict
		what  string
		file  string
		line  int
	}{
		{"as it should be", []stated{opened, safe, end, closed}, Intact, "", "", 0},
		{"another state", []stated{opened, {safe.Event, table.Questioning}, end, closed}, Altered, "leads from Starting to Standby, the line says Questioning", "journal-0001.jsonl", 2},
		{"an event that cannot happen", []stated{opened, {table.Event{Name: table.Explained}, table.Questioning}}, Altered, "cannot happen", "journal-0001.jsonl", 2},
		{"an opening twice", []stated{opened, opened}, Altered, "cannot happen", "journal-0001.jsonl", 2},
		{"sealed before its end", []stated{opened, safe}, Altered, "in which nothing is sealed", seal.FileName, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := states(t, c.lines...)
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
			if c.what != "" {
				require.Contains(t, f.Findings[0].What, c.what)
				require.Equal(t, c.file, f.Findings[0].File)
				require.Equal(t, c.line, f.Findings[0].Line)
			}
		})
	}
	// A copy whose journal was cut off is no altered one for the states that it lacks.
	short := states(t, opened, safe, end, closed)
	b := short.files["journal-0001.jsonl"]
	short.files["journal-0001.jsonl"] = b[:len(b)-20]
	cut := verified(t, short.trusted(), short.write()).Folders[0]
	require.Equal(t, Incomplete, cut.Verdict, cut.Findings)
	// A line whose event is not that of its type.
	s := states(t, opened)
	s.lineAt(1, journal.Entry{Type: "session.start", Actor: "x", Data: safe}, clock.Instant{Wall: began})
	s.seal()
	f := verified(t, s.trusted(), s.write()).Folders[0]
	require.Contains(t, f.Findings[0].What, "does not hold that event")
}

// Without a seal the checkpoints' keys stand for it.
func TestKeysOfCheckpoints(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	other := newSession(t, "20261122-140307-7f2k")
	dir := s.write()
	require.NoError(t, os.Remove(filepath.Join(dir, seal.FileName)))
	r := verified(t, Options{}, dir)
	require.Equal(t, KeyUnknown, r.Folders[0].Key)
	require.Equal(t, 2, r.Folders[0].Checkpoints)
	require.Equal(t, instant(14*time.Second).Wall.String(), r.Folders[0].LastCheckpoint)
	require.Equal(t, KeyTrusted, verified(t, s.trusted(), dir).Folders[0].Key)
	require.Equal(t, KeyOther, verified(t, other.trusted(), dir).Folders[0].Key)
	both := s.trusted()
	both.Keys, both.Key = []Key{other.trusted().Key, both.Key}, nil
	require.Equal(t, KeyTrusted, verified(t, both, dir).Folders[0].Key, "each of several keys is as good")
}

// A journal that ends long before the recording does was cut off, whatever its own chain says.
func TestJournalCutOffWithoutASeal(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	s.run("overview", 2, 80*time.Second, "closing", 3)
	delete(s.files, seal.FileName)
	f := verified(t, s.trusted(), s.write()).Folders[0]
	require.Equal(t, Unsealed, f.Verdict)
	last := f.Findings[len(f.Findings)-1]
	require.Equal(t, Incomplete, last.Verdict)
	require.Equal(t, "room3/overview/run-0002/0001.mp4", last.File)
	require.Contains(t, last.What, "lines are missing")
}
