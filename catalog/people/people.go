// Package people keeps who can sign in: people with their role, the panels of rooms, the sign-ins that
// last, and a list of what was changed by whom. It is a file of its own beside the index of sessions:
// that one can be thrown away and made again, this one cannot.
//
// It promises that what a method has written is on the disk when the method returns, that every change
// of people or panels stands in the list of deeds or was not made, and that no password, PIN or token is
// kept in a form that can be read back. The design page is docs/design/access.md.
package people

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"roomrec/catalog"
	"roomrec/clock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Errors that a person can do something about.
var (
	ErrNotFound = errors.New("no such person or panel")
	ErrTaken    = errors.New("the id is taken already")
	ErrNotFirst = errors.New("there is an administrator already")
	ErrLast     = errors.New("the last administrator who can sign in must stay one: make another one first")
)

// Store is an open file of people. Its methods are safe for concurrent use.
type Store struct {
	db    *sql.DB
	clock clock.Source
}

// Open opens the file name, makes it if there is none, readable by its owner alone.
func Open(ctx context.Context, name string, src clock.Source) (*Store, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: name}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("people %s: %w", name, err)
	}
	db.SetMaxOpenConns(1)
	if err := catalog.Migrate(ctx, db, migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("people %s: %w", name, err), db.Close())
	}
	return &Store{db: db, clock: src}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Person is someone who can sign in.
type Person struct {
	ID       string // as in "0417"; never changes
	Name     string
	Role     string // access.Role
	Password string // hash; empty: none
	PIN      string // hash; empty: none
	Shut     bool   // cannot sign in
	Epoch    int64  // sign-ins of an earlier one count no more
	// Former are the names that the person had before, a line each, but for those that somebody else has
	// now: sessions that were recorded under one name the person so for good.
	Former string
	// Ever are all names that the person had before, a line each, those that somebody else has now too: who stands
	// under one of them in a session may be this person, and decides nothing of it.
	Ever string
}

// Names are the names under which the person may stand in a session: the one they have, and former ones.
func (p Person) Names() []string {
	if p.Former == "" {
		return []string{p.Name}
	}
	return append([]string{p.Name}, strings.Split(p.Former, "\n")...)
}

const columns = `id, name, role, password, pin, shut, epoch`

const (
	read   = `SELECT ` + columns + `, ` + before + ` AND NOT EXISTS (SELECT 1 FROM people other WHERE other.id <> people.id AND other.name = n.name COLLATE NOCASE))), ''), ` + before + `)), '') FROM people `
	before = `coalesce((SELECT group_concat(name, char(10)) FROM (SELECT DISTINCT n.name FROM names n WHERE n.person = people.id AND n.name <> people.name`
)

type scanner interface{ Scan(...any) error }

func scan(row scanner) (p Person, err error) {
	err = row.Scan(&p.ID, &p.Name, &p.Role, &p.Password, &p.PIN, &p.Shut, &p.Epoch, &p.Former, &p.Ever)
	return p, err
}

// Person returns a person, or [ErrNotFound].
func (s *Store) Person(ctx context.Context, id string) (Person, error) {
	p, err := scan(s.db.QueryRowContext(ctx, read+`WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Person{}, fmt.Errorf("people: %w", err)
	}
	return p, nil
}

// People returns everybody, by id.
func (s *Store) People(ctx context.Context) (out []Person, err error) {
	rows, err := s.db.QueryContext(ctx, read+`ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("people: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Empty reports whether there is nobody: the first start.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM people`).Scan(&n)
	return n == 0, err
}

// Add adds a person. by is who does it, for the list of deeds.
func (s *Store) Add(ctx context.Context, by string, p Person) error {
	return s.change(ctx, by, "person.add", p.ID+" "+p.Role, func(tx *sql.Tx) error { return insert(ctx, tx, p) })
}

// AddFirst adds the first person; with others there already it is [ErrNotFirst], whoever asks first.
func (s *Store) AddFirst(ctx context.Context, p Person) error {
	return s.change(ctx, "first-start", "person.add", p.ID+" "+p.Role, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM people`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return ErrNotFirst
		}
		return insert(ctx, tx, p)
	})
}

func insert(ctx context.Context, tx *sql.Tx, p Person) error {
	res, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO people (`+columns+`) VALUES (?, ?, ?, ?, ?, ?, 1)`, p.ID, p.Name, p.Role, p.Password, p.PIN, p.Shut)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrTaken, err)
	}
	return nil
}

// Change is what is changed of a person; nil stays as it was.
type Change struct {
	Name, Role, Password, PIN *string
	Shut                      *bool
}

// apply changes p and says for the list of deeds what is another than it was: a name and a role with what
// they were, never to what a secret is. Empty: nothing is.
func (c Change) apply(p *Person) (what string) {
	if c.Name != nil && *c.Name != p.Name {
		what += fmt.Sprintf(" name=%q→%q", p.Name, *c.Name)
		p.Name = *c.Name
	}
	if c.Role != nil && *c.Role != p.Role {
		what += " role=" + p.Role + "→" + *c.Role
		p.Role = *c.Role
	}
	if c.Password != nil {
		what += " password"
		p.Password = *c.Password
	}
	if c.PIN != nil {
		what += " pin"
		p.PIN = *c.PIN
	}
	if c.Shut != nil && *c.Shut != p.Shut {
		what += fmt.Sprintf(" shut=%t", *c.Shut)
		p.Shut = *c.Shut
	}
	return what
}

// Change changes a person and ends their sign-ins; what is as it was already is no change. The last
// administrator who can sign in stays one. Who had another name is found under that one, too, in what was
// recorded while they had it.
func (s *Store) Change(ctx context.Context, by, id string, c Change) error {
	return s.changeSaid(ctx, by, id, func(tx *sql.Tx) (string, error) {
		p, err := scan(tx.QueryRowContext(ctx, read+`WHERE id = ?`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return "", ErrNotFound
		}
		if err != nil {
			return "", err
		}
		before := p.Name
		what := c.apply(&p)
		if what == "" {
			return "", nil
		}
		if p.Name != before {
			if _, err := tx.ExecContext(ctx, `INSERT INTO names (person, name) VALUES (?, ?)`, p.ID, before); err != nil {
				return "", err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE people SET name = ?, role = ?, password = ?, pin = ?, shut = ?, epoch = epoch + 1 WHERE id = ?`, p.Name, p.Role, p.Password, p.PIN, p.Shut, id); err != nil {
			return "", err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM people WHERE role = 'administrator' AND shut = 0 AND password <> ''`).Scan(&n); err != nil {
			return "", err
		}
		if n == 0 {
			return "", ErrLast
		}
		return "person.change" + what, nil
	})
}

// change does f and writes down that it was done, both or neither.
func (s *Store) change(ctx context.Context, by, what, subject string, f func(*sql.Tx) error) error {
	return s.changeSaid(ctx, by, subject, func(tx *sql.Tx) (string, error) { return what, f(tx) })
}

// changeSaid is change where f says what it did; with nothing to say it did nothing.
func (s *Store) changeSaid(ctx context.Context, by, subject string, f func(*sql.Tx) (what string, err error)) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("people: %w", err)
	}
	what, err := f(tx)
	if err == nil && what != "" {
		_, err = tx.ExecContext(ctx, `INSERT INTO deeds (at, actor, what, subject) VALUES (?, ?, ?, ?)`, s.clock.Now().Wall, by, what, subject)
	}
	if err != nil {
		return fmt.Errorf("people: %s: %w", subject, errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("people: %s: %w", what, err)
	}
	return nil
}
