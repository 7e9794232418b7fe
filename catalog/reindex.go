package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
)

// Reindex puts sessions in the place of all that are listed, as a whole: whoever reads meanwhile sees
// the old list or the new one. People, roles and approvals stay as they are. Sessions come from the
// folders, read by whoever calls; of one that is named twice (its folder is on several volumes, of
// which one may have lost its tail) the one that went further counts. A verdict that the folder does not tell is kept from the old list if the seal is
// still the same. An error from sessions leaves the old list.
func (c *Catalog) Reindex(ctx context.Context, sessions iter.Seq2[Session, error]) (n int, err error) {
	err = c.transact(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{
			`CREATE TEMP TABLE verdicts AS SELECT session, seal_hash, verdict FROM sessions WHERE verdict <> ''`,
			`DELETE FROM members`,
			`DELETE FROM sessions`,
		} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		seen := make(map[string]Session)
		for s, err := range sessions {
			if err != nil {
				return err
			}
			if old, ok := seen[s.Session]; ok && further(old, s) {
				continue
			}
			seen[s.Session] = s
			if err := put(ctx, tx, s); err != nil {
				return fmt.Errorf("session %s: %w", s.Session, err)
			}
		}
		for _, q := range []string{
			`UPDATE sessions SET verdict = v.verdict FROM verdicts AS v
				WHERE sessions.session = v.session AND sessions.seal_hash = v.seal_hash AND sessions.verdict = ''`,
			`DROP TABLE verdicts`,
		} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM sessions`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("catalogue: reindex: the old list stands: %w", err)
	}
	// What readers of the file itself see is the new list too.
	if _, err := c.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return n, errors.Join(errors.New("catalogue: reindex: done, but not checkpointed"), err)
	}
	return n, nil
}

// further reports whether a went further than b, of two copies of one session.
func further(a, b Session) bool {
	return cmp.Or(
		cmp.Compare(a.Sealed, b.Sealed), cmp.Compare(a.Ended, b.Ended), cmp.Compare(a.Started, b.Started),
		cmp.Compare(a.Interruptions, b.Interruptions),
	) > 0
}
