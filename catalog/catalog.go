// Package catalog owns the SQLite file that lists sessions, people, roles and approvals. Of sessions
// it is only an index: their folders are the truth, and [Catalog.Reindex] rebuilds the index from
// them. It holds nothing that a recording needs; when it fails, lists fail and nothing else.
//
// It promises that what a method has written is on the disk when the method returns, that a file with
// a newer schema is refused and left as it was, and that a rebuilt index takes the place of the old
// one as a whole or not at all. The design page is docs/design/files.md.
package catalog

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"roomrec/clock"
	"roomrec/session/table"
)

// ErrNewer says that the file was written by a newer program. It is left as it was: use that program,
// or give another state_dir and reindex.
var ErrNewer = errors.New("catalogue has a newer schema than this program knows")

// ErrNotFound says that there is no such session.
var ErrNotFound = errors.New("no such session")

//go:embed migrations/*.sql
var migrations embed.FS

// Catalog is an open catalogue. Its methods are safe for concurrent use.
type Catalog struct {
	db      *sql.DB
	metrics *Metrics
}

// Open opens the catalogue in the file name, makes it if there is none, and brings it to this
// program's schema. metrics may be nil.
func Open(ctx context.Context, name string, metrics *Metrics) (*Catalog, error) {
	// One writer at a time is SQLite's own rule; one connection makes waiting for it ours, in order.
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(5000)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: name}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("catalogue %s: %w", name, err)
	}
	db.SetMaxOpenConns(1)
	c := &Catalog{db: db, metrics: metrics}
	if c.metrics == nil {
		c.metrics, err = NewMetrics(nil)
	}
	if err == nil {
		err = Migrate(ctx, db, migrations)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("catalogue %s: %w", name, err), db.Close())
	}
	return c, nil
}

// Migrate brings a file to the schema of the migrations in the folder of that name; one with a newer
// schema is [ErrNewer] and stays as it was. Before a schema is changed a copy is kept beside the file, as
// in catalog.db.schema-3.
func Migrate(ctx context.Context, db *sql.DB, from fs.FS) error {
	files, err := fs.Sub(from, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	known := int64(0)
	for _, s := range p.ListSources() {
		known = max(known, s.Version)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if have > known {
		return fmt.Errorf("%w: it has %d, this program knows %d", ErrNewer, have, known)
	}
	if have > 0 && have < known {
		if err := before(ctx, db, have); err != nil {
			return fmt.Errorf("copy it before its schema is changed: %w", err)
		}
	}
	_, err = p.Up(ctx)
	return err
}

// Close closes the file.
func (c *Catalog) Close() error { return c.db.Close() }

// Session is what is listed of a session.
type Session struct {
	Session       string
	Room          string
	Case, Person  string
	Kind          string
	State         table.State
	Mandatory     bool
	Ending        table.Ending
	Opened        clock.Wall
	Started       clock.Wall // 0: not begun
	Ended         clock.Wall // 0: not ended
	Sealed        clock.Wall // 0: not sealed
	Folder        string     // slash-separated path under every volume
	SealHash      string     // SHA-256 of seal.note, hex; empty if not sealed
	Verdict       string     // of the verifier; empty if not verified
	Interruptions int
	Transcript    string   // what is known of its transcript; empty if nobody has looked
	Ordinal       int      // number of the interrogation, as the transcript or else the opening gives it; 0: none
	Members       []Member // sorted by role and name
}

// Member is someone who takes part in a session.
type Member struct{ Role, Name string }

// Query narrows a list of sessions. Zero fields do not narrow.
type Query struct {
	Session, Room, Case, Person, Member string
	Own                                 []string // who took part under one of these names, in whatever case of letters
	Kind                                string
	State                               table.State
	After, Before                       clock.Wall // opened at or after, opened before
	// CasePart, PersonPart and MemberPart are found anywhere in the case number, the person and the name of
	// someone who took part.
	CasePart, PersonPart, MemberPart string
	// Text is found anywhere in id, case number, person or a member's name.
	Text   string
	Limit  int // 0: 100
	Offset int
}

// defaultLimit is how many sessions a list holds if nobody says.
const defaultLimit = 100

const columns = `session, room, case_number, person, kind, state, mandatory, ending, opened, started, ended, sealed,
	folder, seal_hash, verdict, interruptions, transcript, ordinal`

// Put writes a session, or what is now of it. A verdict, and what is known of the transcript, stay as they
// were if s does not name them.
func (c *Catalog) Put(ctx context.Context, s Session) error {
	err := c.transact(ctx, func(tx *sql.Tx) error { return put(ctx, tx, s) })
	if err != nil {
		return fmt.Errorf("catalogue: session %s: %w", s.Session, err)
	}
	return nil
}

func put(ctx context.Context, tx *sql.Tx, s Session) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sessions (`+columns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (session) DO UPDATE SET
			room = excluded.room, case_number = excluded.case_number, person = excluded.person,
			kind = excluded.kind, state = excluded.state, mandatory = excluded.mandatory,
			ending = excluded.ending, opened = excluded.opened, started = excluded.started,
			ended = excluded.ended, sealed = excluded.sealed, folder = excluded.folder,
			seal_hash = excluded.seal_hash, interruptions = excluded.interruptions,
			verdict = CASE excluded.verdict WHEN '' THEN verdict ELSE excluded.verdict END,
			ordinal = CASE excluded.transcript WHEN '' THEN ordinal ELSE excluded.ordinal END,
			transcript = CASE excluded.transcript WHEN '' THEN transcript ELSE excluded.transcript END`,
		s.Session, s.Room, s.Case, s.Person, s.Kind, s.State, s.Mandatory, s.Ending, s.Opened, s.Started,
		s.Ended, s.Sealed, s.Folder, s.SealHash, s.Verdict, s.Interruptions, s.Transcript, s.Ordinal)
	if err != nil {
		return err
	}
	for _, m := range s.Members {
		// Who has left took part too: members are only added.
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO members (session, role, name) VALUES (?, ?, ?)`,
			s.Session, m.Role, m.Name); err != nil {
			return err
		}
	}
	return nil
}

// SetVerdict writes what the verifier said of a session.
func (c *Catalog) SetVerdict(ctx context.Context, session, verdict string) error {
	res, err := c.db.ExecContext(ctx, `UPDATE sessions SET verdict = ? WHERE session = ?`, verdict, session)
	if err != nil {
		return fmt.Errorf("catalogue: session %s: verdict: %w", session, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("catalogue: session %s: verdict: %w", session, ErrNotFound), err)
	}
	return nil
}

// Session returns one session, or [ErrNotFound].
func (c *Catalog) Session(ctx context.Context, id string) (Session, error) {
	list, err := c.list(ctx, `WHERE session = ?`, id)
	if err != nil {
		return Session{}, fmt.Errorf("catalogue: session %s: %w", id, err)
	}
	if len(list) == 0 {
		return Session{}, fmt.Errorf("catalogue: session %s: %w", id, ErrNotFound)
	}
	return list[0], nil
}

// Sessions returns the sessions that q asks for, newest first.
func (c *Catalog) Sessions(ctx context.Context, q Query) ([]Session, error) {
	var where []string
	var args []any
	add := func(clause string, v ...any) { where, args = append(where, clause), append(args, v...) }
	for clause, v := range map[string]string{
		"session = ?": q.Session, "room = ?": q.Room, "case_number = ?": q.Case, "person = ?": q.Person, "kind = ?": q.Kind, "state = ?": string(q.State),
		"session IN (SELECT session FROM members WHERE name = ?)": q.Member,
	} {
		if v != "" {
			add(clause, v)
		}
	}
	if len(q.Own) > 0 {
		names := make([]any, len(q.Own))
		for i, n := range q.Own {
			names[i] = n
		}
		add("session IN (SELECT session FROM members WHERE name <> '' AND name COLLATE NOCASE IN (?"+strings.Repeat(", ?", len(names)-1)+"))", names...)
	}
	if q.After != 0 {
		add("opened >= ?", q.After)
	}
	if q.Before != 0 {
		add("opened < ?", q.Before)
	}
	for clause, v := range map[string]string{
		`case_number LIKE ? ESCAPE '\'`: q.CasePart, `person LIKE ? ESCAPE '\'`: q.PersonPart,
		`session IN (SELECT session FROM members WHERE name LIKE ? ESCAPE '\')`: q.MemberPart,
	} {
		if v != "" {
			add(clause, anywhere(v))
		}
	}
	if q.Text != "" {
		like := anywhere(q.Text)
		add(`(session LIKE ? ESCAPE '\' OR case_number LIKE ? ESCAPE '\' OR person LIKE ? ESCAPE '\'
			OR session IN (SELECT session FROM members WHERE name LIKE ? ESCAPE '\'))`, like, like, like, like)
	}
	tail := ""
	if len(where) > 0 {
		tail = "WHERE " + strings.Join(where, " AND ")
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	list, err := c.list(ctx, tail+" ORDER BY opened DESC, session DESC LIMIT ? OFFSET ?", append(args, q.Limit, max(0, q.Offset))...)
	if err != nil {
		return nil, fmt.Errorf("catalogue: list: %w", err)
	}
	return list, nil
}

// anywhere is a pattern for what has part anywhere in it.
func anywhere(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(part) + "%"
}

// list reads sessions and who took part in them, at one instant.
func (c *Catalog) list(ctx context.Context, tail string, args ...any) ([]Session, error) {
	var out []Session
	err := c.transact(ctx, func(tx *sql.Tx) (err error) {
		out, err = read(ctx, tx, tail, args...)
		return err
	})
	return out, err
}

func read(ctx context.Context, tx *sql.Tx, tail string, args ...any) (out []Session, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM sessions `+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s Session
		if err := rows.Scan(&s.Session, &s.Room, &s.Case, &s.Person, &s.Kind, &s.State, &s.Mandatory, &s.Ending, &s.Opened,
			&s.Started, &s.Ended, &s.Sealed, &s.Folder, &s.SealHash, &s.Verdict, &s.Interruptions,
			&s.Transcript, &s.Ordinal); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Members, err = members(ctx, tx, out[i].Session); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func members(ctx context.Context, tx *sql.Tx, session string) (out []Member, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT role, name FROM members WHERE session = ? ORDER BY role, name`, session)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var m Member
		if err := rows.Scan(&m.Role, &m.Name); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// transact does f in one transaction.
func (c *Catalog) transact(ctx context.Context, f func(*sql.Tx) error) error {
	done := c.metrics.begin()
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		done(err)
		return err
	}
	if err = f(tx); err != nil {
		err = errors.Join(err, tx.Rollback())
	} else {
		err = tx.Commit()
	}
	done(err)
	return err
}
