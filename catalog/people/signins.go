package people

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"roomrec/clock"
)

// Deed is one change of people or panels.
type Deed struct {
	At                   clock.Wall
	Actor, What, Subject string
}

// Deeds returns the newest deeds, newest first, at most limit.
func (s *Store) Deeds(ctx context.Context, limit int) (out []Deed, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT at, actor, what, subject FROM deeds ORDER BY number DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("people: deeds: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d Deed
		if err := rows.Scan(&d.At, &d.Actor, &d.What, &d.Subject); err != nil {
			return nil, fmt.Errorf("people: deeds: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Panel is a machine that is the panel of one room.
type Panel struct {
	ID, Room, Name string
	Shut           bool
}

// Enrol makes the machine that holds token the panel of a room.
func (s *Store) Enrol(ctx context.Context, by string, p Panel, token string) error {
	return s.change(ctx, by, "panel.enrol", p.ID+" "+p.Room, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO panels (id, room, name, token, shut) VALUES (?, ?, ?, ?, 0)`, p.ID, p.Room, p.Name, hashed(token))
		return err
	})
}

// ShutPanel ends what a machine may do as a panel.
func (s *Store) ShutPanel(ctx context.Context, by, id string) error {
	return s.change(ctx, by, "panel.shut", id, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE panels SET shut = 1 WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotFound, err)
		}
		return nil
	})
}

// PanelOf returns the panel that holds token, or [ErrNotFound].
func (s *Store) PanelOf(ctx context.Context, token string) (p Panel, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT id, room, name, shut FROM panels WHERE token = ?`, hashed(token)).Scan(&p.ID, &p.Room, &p.Name, &p.Shut)
	if errors.Is(err, sql.ErrNoRows) || err == nil && p.Shut {
		return Panel{}, ErrNotFound
	}
	return p, err
}

// Panels returns all panels, by room.
func (s *Store) Panels(ctx context.Context) (out []Panel, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, room, name, shut FROM panels ORDER BY room, id`)
	if err != nil {
		return nil, fmt.Errorf("people: panels: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p Panel
		if err := rows.Scan(&p.ID, &p.Room, &p.Name, &p.Shut); err != nil {
			return nil, fmt.Errorf("people: panels: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func hashed(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Find returns what is kept of the sign-in with the token, if it has not ended. With Commit and Delete it
// is the store that the machinery of sign-ins asks for; they wait for the disk alone.
func (s *Store) Find(token string) (data []byte, found bool, err error) {
	err = s.db.QueryRowContext(context.Background(), `SELECT data FROM signins WHERE token = ? AND expiry > ?`, hashed(token), s.clock.Now().Wall).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// Commit keeps a sign-in until expiry, and forgets those that have ended.
func (s *Store) Commit(token string, data []byte, expiry time.Time) error {
	ctx := context.Background()
	if _, err := s.db.ExecContext(ctx, `DELETE FROM signins WHERE expiry <= ?`, s.clock.Now().Wall); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, `INSERT INTO signins (token, data, expiry) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expiry = excluded.expiry`, hashed(token), data, clock.Wall(expiry.UnixNano()))
	return err
}

// Delete ends a sign-in.
func (s *Store) Delete(token string) error {
	_, err := s.db.ExecContext(context.Background(), `DELETE FROM signins WHERE token = ?`, hashed(token))
	return err
}

// offered is what is kept of a link that makes a machine the panel of a room.
type offered struct {
	Panel Panel  `json:"panel"`
	By    string `json:"by"`
}

// offerPrefix keeps what opens such a link apart from what sign-ins hold.
const offerPrefix = "panel-offer:"

// OfferPanel keeps until when whoever holds code may make one machine that panel, once.
func (s *Store) OfferPanel(ctx context.Context, by string, p Panel, code string, until clock.Wall) error {
	data, err := json.Marshal(offered{p, by})
	if err != nil {
		return err
	}
	return s.change(ctx, by, "panel.offer", p.ID+" "+p.Room, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO signins (token, data, expiry) VALUES (?, ?, ?)`, hashed(offerPrefix+code), data, until)
		return err
	})
}

// Offered returns the panel that a code still makes, or [ErrNotFound].
func (s *Store) Offered(code string) (Panel, error) {
	data, found, err := s.Find(offerPrefix + code)
	var o offered
	if err == nil && found {
		err = json.Unmarshal(data, &o)
	}
	if err == nil && !found {
		err = ErrNotFound
	}
	return o.Panel, err
}

// TakePanel makes the machine that holds token the panel that was offered, and uses the code up: both or
// neither. It is [ErrNotFound] for a code that was never given, was used, or is too old.
func (s *Store) TakePanel(ctx context.Context, code, token string) (Panel, error) {
	data, found, err := s.Find(offerPrefix + code)
	if err != nil {
		return Panel{}, err
	}
	if !found {
		return Panel{}, ErrNotFound
	}
	var o offered
	if err := json.Unmarshal(data, &o); err != nil {
		return Panel{}, fmt.Errorf("people: offered panel: %w", err)
	}
	return o.Panel, s.change(ctx, o.By, "panel.enrol", o.Panel.ID+" "+o.Panel.Room, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM signins WHERE token = ?`, hashed(offerPrefix+code))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(ErrNotFound, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO panels (id, room, name, token, shut) VALUES (?, ?, ?, ?, 0)`, o.Panel.ID, o.Panel.Room, o.Panel.Name, hashed(token))
		return err
	})
}
