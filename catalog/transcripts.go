package catalog

import (
	"context"
	"errors"
	"fmt"

	"roomrec/clock"
)

// SetTranscript writes what is known of a session's transcript, and its number of the interrogation.
func (c *Catalog) SetTranscript(ctx context.Context, session, status string, ordinal int) error {
	res, err := c.db.ExecContext(ctx, `UPDATE sessions SET transcript = ?, ordinal = ? WHERE session = ?`, status, ordinal, session)
	if err != nil {
		return fmt.Errorf("catalogue: session %s: transcript: %w", session, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("catalogue: session %s: transcript: %w", session, ErrNotFound), err)
	}
	return nil
}

// Untranscribed returns when each sealed session of which nobody has handed in a transcript was sealed,
// the oldest first.
func (c *Catalog) Untranscribed(ctx context.Context) (sealed []clock.Wall, err error) {
	rows, err := c.db.QueryContext(ctx, `SELECT sealed FROM sessions WHERE sealed <> 0 AND kind <> 'technical' AND transcript IN ('', 'none') ORDER BY sealed`)
	if err != nil {
		return nil, fmt.Errorf("catalogue: sessions without a transcript: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var at clock.Wall
		if err := rows.Scan(&at); err != nil {
			return nil, fmt.Errorf("catalogue: sessions without a transcript: %w", err)
		}
		sealed = append(sealed, at)
	}
	return sealed, rows.Err()
}

// Transcripts counts the sealed sessions by what is known of their transcripts; empty where nobody has
// looked.
func (c *Catalog) Transcripts(ctx context.Context) (counts map[string]int, err error) {
	rows, err := c.db.QueryContext(ctx, `SELECT transcript, count(*) FROM sessions WHERE sealed <> 0 AND kind <> 'technical' GROUP BY transcript`)
	if err != nil {
		return nil, fmt.Errorf("catalogue: transcripts: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	counts = make(map[string]int)
	for rows.Next() {
		var status string
		var n int
		if err := rows.Scan(&status, &n); err != nil {
			return nil, fmt.Errorf("catalogue: transcripts: %w", err)
		}
		counts[status] = n
	}
	return counts, rows.Err()
}
