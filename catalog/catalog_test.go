package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/session/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, name string) *Catalog {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	c, err := Open(t.Context(), name, metrics)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func newCatalog(t *testing.T) *Catalog {
	return open(t, filepath.Join(t.TempDir(), "a catalogue%?#.db"))
}

// session returns the n-th of a row of different sessions.
func session(n int) Session {
	s := Session{
		Session: fmt.Sprintf("20261122-1405%02d-7f2k", n), Room: fmt.Sprintf("room%d", n%3), Case: fmt.Sprintf("2026-%d", n/2),
		Person: fmt.Sprintf("嫌疑人 %d", n), Kind: "interrogation-suspect", State: table.Sealed, Mandatory: n%2 == 0, Ending: table.Signed,
		Opened: clock.Wall(1_000_000_000 * int64(n+1)), Started: 2, Ended: 3, Sealed: 4, Folder: fmt.Sprintf("2026/11/22/%d", n),
		SealHash: fmt.Sprintf("%064d", n), Interruptions: n % 4,
		Members: []Member{{"clerk", fmt.Sprintf("Officer %d", n)}, {"questioner", "Officer 100%"}},
	}
	if n%5 == 4 {
		s.State, s.Sealed, s.SealHash, s.Ending = table.Locked, 0, "", ""
	}
	return s
}

func fill(t *testing.T, c *Catalog, n int) []Session {
	var all []Session
	for i := range n {
		s := session(i)
		require.NoError(t, c.Put(t.Context(), s))
		all = append(all, s)
	}
	slices.Reverse(all) // as lists are: newest first
	return all
}

func TestPutAndList(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	all := fill(t, c, 20)
	got, err := c.Sessions(ctx, Query{})
	require.NoError(t, err)
	require.Equal(t, all, got)

	one, err := c.Session(ctx, all[3].Session)
	require.NoError(t, err)
	require.Equal(t, all[3], one)
	_, err = c.Session(ctx, "no such")
	require.ErrorIs(t, err, ErrNotFound)

	for name, q := range map[string]struct {
		query Query
		keep  func(Session) bool
	}{
		"room":   {Query{Room: "room1"}, func(s Session) bool { return s.Room == "room1" }},
		"case":   {Query{Case: "2026-3"}, func(s Session) bool { return s.Case == "2026-3" }},
		"person": {Query{Person: "嫌疑人 7"}, func(s Session) bool { return s.Person == "嫌疑人 7" }},
		"member": {Query{Member: "Officer 9"}, func(s Session) bool { return s.Members[0].Name == "Officer 9" }},
		"state":  {Query{State: table.Locked, Room: "room0"}, func(s Session) bool { return s.State == table.Locked && s.Room == "room0" }},
		"time": {Query{After: 5_000_000_000, Before: 9_000_000_000}, func(s Session) bool {
			return s.Opened >= 5_000_000_000 && s.Opened < 9_000_000_000
		}},
		"text":            {Query{Text: "疑人 12"}, func(s Session) bool { return s.Person == "嫌疑人 12" }},
		"text of members": {Query{Text: "ficer 13"}, func(s Session) bool { return s.Members[0].Name == "Officer 13" }},
		"part of a case":  {Query{CasePart: "-12"}, func(s Session) bool { return strings.Contains(s.Case, "-12") }},
		"of a person":     {Query{PersonPart: "疑人 12"}, func(s Session) bool { return s.Person == "嫌疑人 12" }},
		"of a member":     {Query{MemberPart: "ficer 13"}, func(s Session) bool { return s.Members[0].Name == "Officer 13" }},
		"no part is sql":  {Query{CasePart: "%"}, func(Session) bool { return false }},
		"text is literal": {Query{Text: "100%"}, func(Session) bool { return true }},
		"text is not sql": {Query{Text: "' OR 1=1 --"}, func(Session) bool { return false }},
		"an underscore":   {Query{Text: "_"}, func(Session) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			var want []Session
			for _, s := range all {
				if q.keep(s) {
					want = append(want, s)
				}
			}
			got, err := c.Sessions(ctx, q.query)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	page, err := c.Sessions(ctx, Query{Limit: 3, Offset: 5})
	require.NoError(t, err)
	require.Equal(t, all[5:8], page)
}

func TestPutAgain(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	s := session(4)
	require.NoError(t, c.Put(ctx, s))
	require.NoError(t, c.SetVerdict(ctx, s.Session, "intact"))
	require.ErrorIs(t, c.SetVerdict(ctx, "no such", "intact"), ErrNotFound)
	s.State, s.Sealed, s.SealHash, s.Interruptions = table.Sealed, 99, "ab", 7
	s.Members = append(s.Members, Member{"sign-interpreter", "T-08"})
	require.NoError(t, c.Put(ctx, s))
	got, err := c.Session(ctx, s.Session)
	require.NoError(t, err)
	s.Verdict = "intact" // is not forgotten by one who does not know it
	require.Equal(t, s, got)
}

// A rebuilt index is what was there, whatever was wrong with the old one.
func TestReindexEqualsWhatWasThere(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	all := fill(t, c, 20)
	require.NoError(t, c.SetVerdict(ctx, all[0].Session, "intact"))
	require.NoError(t, c.SetVerdict(ctx, all[1].Session, "intact"))
	before, err := c.Sessions(ctx, Query{})
	require.NoError(t, err)

	// The old index is wrong in every way: rows missing, changed, too many.
	_, err = c.db.ExecContext(ctx, `DELETE FROM sessions WHERE session = ?`, all[5].Session)
	require.NoError(t, err)
	_, err = c.db.ExecContext(ctx, `UPDATE sessions SET person = 'someone else', state = 'Standby'`)
	require.NoError(t, err)
	_, err = c.db.ExecContext(ctx, `UPDATE sessions SET seal_hash = 'another seal' WHERE session = ?`, all[1].Session)
	require.NoError(t, err)
	ghost := session(77)
	require.NoError(t, c.Put(ctx, ghost))

	folders := func(yield func(Session, error) bool) {
		for _, s := range slices.Concat(all, all[:3]) { // some are on two volumes
			if !yield(s, nil) {
				return
			}
		}
	}
	n, err := c.Reindex(ctx, folders)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	after, err := c.Sessions(ctx, Query{})
	require.NoError(t, err)
	before[1].Verdict = "" // of another seal: it must be said anew
	require.Equal(t, before, after)
}

// Of two copies the one that went further counts, in whatever order the volumes are read.
func TestReindexOfAVolumeThatLostItsTail(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	whole, torn := session(1), session(1)
	torn.State, torn.Ended, torn.Sealed, torn.SealHash, torn.Ending = table.Questioning, 0, 0, "", ""
	for _, copies := range [][]Session{{whole, torn}, {torn, whole}, {torn, whole, torn}} {
		n, err := c.Reindex(ctx, func(yield func(Session, error) bool) {
			for _, s := range copies {
				if !yield(s, nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		require.Equal(t, 1, n)
		got, err := c.Session(ctx, whole.Session)
		require.NoError(t, err)
		require.Equal(t, whole, got)
	}
}

func TestReindexIsAsAWhole(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	all := fill(t, c, 5)
	unreadable := errors.New("volume b: read journal: input/output error")
	_, err := c.Reindex(ctx, func(yield func(Session, error) bool) {
		if yield(session(9), nil) {
			yield(Session{}, unreadable)
		}
	})
	require.ErrorIs(t, err, unreadable)
	got, err := c.Sessions(ctx, Query{})
	require.NoError(t, err)
	require.Equal(t, all, got)
	// And again, rightly: nothing of the attempt is left in the way.
	n, err := c.Reindex(ctx, func(yield func(Session, error) bool) { yield(session(9), nil) })
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestReindexKeepsPeople(t *testing.T) {
	c, ctx := newCatalog(t), t.Context()
	_, err := c.db.ExecContext(ctx, `INSERT INTO people VALUES ('0417', 'Officer', '', 1, 0)`)
	require.NoError(t, err)
	_, err = c.Reindex(ctx, iter.Seq2[Session, error](func(func(Session, error) bool) {}))
	require.NoError(t, err)
	var n int
	require.NoError(t, c.db.QueryRowContext(ctx, `SELECT count(*) FROM people`).Scan(&n))
	require.Equal(t, 1, n)
}

func TestWhatIsWrittenSurvives(t *testing.T) {
	name := filepath.Join(t.TempDir(), "catalog.db")
	c, err := Open(t.Context(), name, nil)
	require.NoError(t, err)
	require.NoError(t, c.Put(t.Context(), session(1)))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		require.NoError(t, c.db.QueryRow("PRAGMA "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
	require.NoError(t, c.Close())
	c = open(t, name)
	got, err := c.Session(t.Context(), session(1).Session)
	require.NoError(t, err)
	require.Equal(t, session(1), got)
}

// A schema is changed only after the file was copied as it was; the copy opens with the old program.
func TestACopyIsKeptBeforeTheSchemaChanges(t *testing.T) {
	name := filepath.Join(t.TempDir(), "catalog.db")
	old := fstest.MapFS{}
	for _, file := range []string{"migrations/00001_sessions.sql"} {
		b, err := migrations.ReadFile(file)
		require.NoError(t, err)
		old[file] = &fstest.MapFile{Data: b}
	}
	db, err := sql.Open("sqlite", name)
	require.NoError(t, err)
	require.NoError(t, Migrate(t.Context(), db, old))
	_, err = db.Exec(`INSERT INTO sessions (session, room, case_number, person, kind, state, mandatory, ending, opened, started, ended, sealed, folder, seal_hash, verdict, interruptions)
		VALUES ('20261122-140507-7f2k', 'room3', '', '', '', 'Sealed', 1, '', 1, 0, 0, 0, 'x', '', '', 0)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	c := open(t, name)
	_, err = c.Session(t.Context(), "20261122-140507-7f2k")
	require.NoError(t, err)
	require.NoError(t, Check(t.Context(), name+".schema-1"))
	info, err := os.Stat(name + ".schema-1")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	kept, err := sql.Open("sqlite", name+".schema-1")
	require.NoError(t, err)
	defer func() { require.NoError(t, kept.Close()) }()
	require.NoError(t, Migrate(t.Context(), kept, old), "the old program opens it")
	var n int
	require.NoError(t, kept.QueryRow(`SELECT count(*) FROM sessions`).Scan(&n))
	require.Equal(t, 1, n)
	require.NoFileExists(t, name+".schema-2")
}

func TestNewerSchemaIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "catalog.db")
	c, err := Open(t.Context(), name, nil)
	require.NoError(t, err)
	_, err = c.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, err = Open(t.Context(), name, nil)
	require.ErrorIs(t, err, ErrNewer)
	// It was left as it was.
	db, err := sql.Open("sqlite", name)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var version int
	require.NoError(t, db.QueryRow(`SELECT max(version_id) FROM goose_db_version`).Scan(&version))
	require.Equal(t, 9999, version)
}

func TestNotACatalogue(t *testing.T) {
	name := filepath.Join(t.TempDir(), "catalog.db")
	require.NoError(t, os.WriteFile(name, []byte("this is a text, not a database, and long enough to be seen as such; "), 0o600))
	_, err := Open(t.Context(), name, nil)
	require.Error(t, err)
	_, err = Open(context.Background(), filepath.Join(t.TempDir(), "no", "such", "folder", "c.db"), nil)
	require.Error(t, err)
}
