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

// leastOfSum is how fast the verifier must be, as a share of sha256sum's speed on the same files; mostMemory
// is what it may take of the machine's memory, in bytes, whatever the size of a recording.
const (
	leastOfSum = 0.8
	mostMemory = 64 << 20
)

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
	peak, err := peakOf(ctx, binary, folder)
	if err != nil {
		return err
	}
	ratio := theirs.Seconds() / ours.Seconds()
	speed := func(d time.Duration) float64 { return float64(size) / 1e6 / d.Seconds() }
	fmt.Printf("  verify %.0f MB/s, sha256sum %.0f MB/s of the same %d MB: ratio %.2f; verify's peak %d MiB\n", speed(ours), speed(theirs), size/1e6, ratio, peak>>20)
	if peak > mostMemory {
		return fmt.Errorf("verify: %d MiB at its peak, expected %d at most", peak>>20, mostMemory>>20)
	}
	if size > 100e6 && ratio < leastOfSum {
		return fmt.Errorf("verify: %.2f of sha256sum's speed, expected %.1f", ratio, leastOfSum)
	}
	return nil
}

// peakOf returns the resident bytes that a program takes at its peak. The kernel counts the memory of who
// started a program as the program's own: a small one starts it.
func peakOf(ctx context.Context, name string, args ...string) (int64, error) {
	said, err := exec.CommandContext(ctx, "python3", append([]string{"-c", `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`, name}, args...)...).Output()
	if err != nil {
		return 0, fmt.Errorf("python3: %w", err)
	}
	var code, kib int64
	if _, err := fmt.Sscan(string(said), &code, &kib); err != nil {
		return 0, fmt.Errorf("python3: %w", err)
	}
	if code != 0 {
		return 0, fmt.Errorf("%s: exit code %d", name, code)
	}
	return kib << 10, nil
}
