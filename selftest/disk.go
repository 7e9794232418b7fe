package selftest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"roomrec/clock"
)

// DiskResult is how a folder's disk took some megabytes.
type DiskResult struct {
	Bytes int64
	// Write, Sync and Read are how long they took.
	Write, Sync, Read time.Duration
}

// diskPiece is what is written at a time, in bytes.
const diskPiece = 1 << 20

// Disk writes size bytes of noise to a file without a name in dir, syncs, and compares what the disk
// returns with what was written. Nothing stays. A disk that hangs hangs this call.
func Disk(ctx context.Context, dir string, size int64, clk clock.Source) (r DiskResult, err error) {
	d, err := openUnnamed(dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.release()) }()
	f, err := d.Create("doctor")
	if err != nil {
		return r, err
	}
	piece := make([]byte, diskPiece)
	began := clk.Now().Mono
	took := func() time.Duration {
		now := clk.Now().Mono
		defer func() { began = now }()
		return now.Sub(began)
	}
	for r.Bytes < size {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if _, err := rand.Read(piece); err != nil {
			return r, err
		}
		n, err := f.Write(piece)
		r.Bytes += int64(n)
		if err == nil && n < len(piece) {
			err = errors.New("the disk is full")
		}
		if err != nil {
			return r, fmt.Errorf("write: %w", err)
		}
	}
	r.Write = took()
	if err := errors.Join(f.Sync(), d.SyncDir(".")); err != nil {
		return r, fmt.Errorf("sync: %w", err)
	}
	r.Sync = took()
	_, err = d.files["doctor"].fresh()
	r.Read = took()
	return r, err
}
