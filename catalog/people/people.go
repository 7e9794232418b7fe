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
}

const columns = `id, name, role, password, pin, shut, epoch`

type scanner interface{ Scan(...any) error }

func scan(row scanner) (p Person, err error) {
	err = row.Scan(&p.ID, &p.Name, &p.Role, &p.Password, &p.PIN, &p.Shut, &p.Epoch)
	return p, err
}

// Person returns a person, or [ErrNotFound].
func (s *Store) Person(ctx context.Context, id string) (Person, error) {
	p, err := scan(s.db.QueryRowContext(ctx, `SELECT `+columns+` FROM people WHERE id = ?`, id))
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
	rows, err := s.db.QueryContext(ctx, `SELECT `+columns+` FROM people ORDER BY id`)
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

// what says for the list of deeds what is changed, never to what a secret is.
func (c Change) what() string {
	out := "person.change"
	for name, v := range map[string]*string{"name": c.Name, "password": c.Password, "pin": c.PIN} {
		if v != nil {
			out += " " + name
		}
	}
	if c.Role != nil {
		out += " role=" + *c.Role
	}
	if c.Shut != nil {
		out += fmt.Sprintf(" shut=%t", *c.Shut)
	}
	return out
}

// Change changes a person and ends their sign-ins. The last administrator who can sign in stays one.
func (s *Store) Change(ctx context.Context, by, id string, c Change) error {
	return s.change(ctx, by, c.what(), id, func(tx *sql.Tx) error {
		p, err := scan(tx.QueryRowContext(ctx, `SELECT `+columns+` FROM people WHERE id = ?`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		for to, v := range map[*string]*string{&p.Name: c.Name, &p.Role: c.Role, &p.Password: c.Password, &p.PIN: c.PIN} {
			if v != nil {
				*to = *v
			}
		}
		if c.Shut != nil {
			p.Shut = *c.Shut
		}
		if _, err := tx.ExecContext(ctx, `UPDATE people SET name = ?, role = ?, password = ?, pin = ?, shut = ?, epoch = epoch + 1 WHERE id = ?`, p.Name, p.Role, p.Password, p.PIN, p.Shut, id); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM people WHERE role = 'administrator' AND shut = 0 AND password <> ''`).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return ErrLast
		}
		return nil
	})
}

// change does f and writes down that it was done, both or neither.
func (s *Store) change(ctx context.Context, by, what, subject string, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("people: %w", err)
	}
	err = f(tx)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO deeds (at, actor, what, subject) VALUES (?, ?, ?, ?)`, s.clock.Now().Wall, by, what, subject)
	}
	if err != nil {
		return fmt.Errorf("people: %s: %w", what, errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("people: %s: %w", what, err)
	}
	return nil
}
