package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"roomrec/clock"
)

// Token is what another program signs in with. Its secret is kept as a hash alone.
type Token struct {
	ID, Name string
	Role     string     // access.Role, the office in which it acts
	Scopes   string     // access.Scopes: what it may of what the office may
	Room     string     // the only room that it reaches; empty: all
	Until    clock.Wall // the last instant at which it is good; 0: until it is shut
	Shut     bool
}

const tokenColumns = `id, name, role, scopes, room, until, shut`

func scanToken(row scanner) (t Token, err error) {
	err = row.Scan(&t.ID, &t.Name, &t.Role, &t.Scopes, &t.Room, &t.Until, &t.Shut)
	return t, err
}

// AddToken adds a token whose holder has secret. by is who does it, for the list of deeds.
func (s *Store) AddToken(ctx context.Context, by string, t Token, secret string) error {
	subject := t.ID + " " + t.Role + ": " + t.Scopes
	if t.Room != "" {
		subject += " in " + t.Room
	}
	return s.change(ctx, by, "token.add", subject, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (`+tokenColumns+`, token) VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
			t.ID, t.Name, t.Role, t.Scopes, t.Room, t.Until, hashed(secret))
		return err
	})
}

// ShutToken ends what a token may do, at once.
func (s *Store) ShutToken(ctx context.Context, by, id string) error {
	return s.change(ctx, by, "token.shut", id, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE tokens SET shut = 1 WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotFound, err)
		}
		return nil
	})
}

// TokenOf returns the token whose holder has secret, or [ErrNotFound] if there is none that is good now.
func (s *Store) TokenOf(ctx context.Context, secret string) (Token, error) {
	t, err := scanToken(s.db.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE token = ?`, hashed(secret)))
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && (t.Shut || t.Until != 0 && t.Until < s.clock.Now().Wall):
		return Token{}, ErrNotFound
	case err != nil:
		return Token{}, fmt.Errorf("people: token: %w", err)
	}
	return t, nil
}

// Tokens returns all tokens, those that are shut too, by id.
func (s *Store) Tokens(ctx context.Context) (out []Token, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+tokenColumns+` FROM tokens ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("people: tokens: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, fmt.Errorf("people: tokens: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}
