package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Copy writes a copy of the database in the file from, as it is at one moment, to the file to, which
// must not exist; other programs may use from meanwhile. The copy is one file, and synced.
func Copy(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: from}).EscapedPath(), RawQuery: "_pragma=busy_timeout(5000)&_pragma=query_only(0)"}).String())
	if err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	db.SetMaxOpenConns(1)
	return errors.Join(copyOf(ctx, db, to), db.Close())
}

func copyOf(ctx context.Context, db *sql.DB, to string) error {
	// Made here first, so that nobody else can read it.
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was synced before
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil {
		return fmt.Errorf("copy to %s: %w", to, err)
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), dir.Sync(), dir.Close())
}

// Check reads a database from end to end and returns what is wrong with it.
func Check(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		return err
	}
	var said string
	err = db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&said)
	if err == nil && said != "ok" {
		err = errors.New(said)
	}
	return errors.Join(err, db.Close())
}

// maxBefore bounds how often a file can be copied before a migration from the same schema.
const maxBefore = 100

// before keeps a copy of a database as it was before its schema is changed, beside it.
func before(ctx context.Context, db *sql.DB, version int64) error {
	var file string
	if err := db.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err != nil {
		return err
	}
	if file == "" {
		return nil // in memory
	}
	name := fmt.Sprintf("%s.schema-%d", file, version)
	for i := 2; ; i++ {
		err := copyOf(ctx, db, name)
		if !errors.Is(err, fs.ErrExist) || i > maxBefore {
			return err
		}
		name = fmt.Sprintf("%s.schema-%d.%d", file, version, i)
	}
}
