package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"time"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// leastOfSum is how fast the verifier must be, as a share of sha256sum's speed on the same files.
const leastOfSum = 0.8

// compareVerify times the verifier and sha256sum on a recording, in turn, and prints the best of each: both
// read what is in memory, so that no disk is measured.
func compareVerify(ctx context.Context, binary, disk string) error {
	var folder string
	var files []string
	var size int64
	err := filepath.WalkDir(disk, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Name() == seal.FileName {
			folder = filepath.Dir(name)
		}
		return nil
	})
	if err == nil && folder == "" {
		err = errors.New("no seal was written")
	}
	if err != nil {
		return err
	}
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files, size = append(files, name), size+info.Size()
		return nil
	})
	if err != nil {
		return err
	}
	c := clock.NewSystem()
	timed := func(name string, args ...string) (time.Duration, error) {
		cmd := exec.CommandContext(ctx, name, args...)
		began := c.Now().Mono
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%s: %w\n%s", name, err, tail(out))
		}
		return c.Now().Mono.Sub(began), nil
	}
	var ours, theirs time.Duration
	for range 3 {
		a, err := timed(binary, folder)
		if err != nil {
			return err
		}
		b, err := timed("sha256sum", files...)
		if err != nil {
			return err
		}
		if ours == 0 || a < ours {
			ours = a
		}
		if theirs == 0 || b < theirs {
			theirs = b
		}
	}
	ratio := theirs.Seconds() / ours.Seconds()
	speed := func(d time.Duration) float64 { return float64(size) / 1e6 / d.Seconds() }
	fmt.Printf("  verify %.0f MB/s, sha256sum %.0f MB/s of the same %d MB: ratio %.2f\n", speed(ours), speed(theirs), size/1e6, ratio)
	if size > 100e6 && ratio < leastOfSum {
		return fmt.Errorf("verify: %.2f of sha256sum's speed, expected %.1f", ratio, leastOfSum)
	}
	return nil
}
