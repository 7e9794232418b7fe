package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"roomrec/bench/load"
	"roomrec/clock"
	"roomrec/evidence/seal"
)

// ours is what a recording with roomrec gave and cost.
type ours struct {
	cost
	written, received int64
	gaps              int
	first, last       spread // from a fragment's first and last packet to its acknowledgement
}

// spread is a distribution of waiting times.
type spread []time.Duration

// String returns p50, p99 and maximum in milliseconds, as columns.
func (s spread) String() string {
	if len(s) == 0 {
		return "-\t-\t-"
	}
	at := func(share float64) float64 {
		return float64(s[min(len(s)-1, int(share*float64(len(s))))]) / float64(time.Millisecond)
	}
	return fmt.Sprintf("%.1f\t%.1f\t%.1f", at(0.5), at(0.99), at(1))
}

func recordOurs(ctx context.Context, o options, n int, dir string) (*ours, error) {
	address, stop, err := startLoad(ctx, o, n)
	if err != nil {
		return nil, err
	}
	defer stop()
	to, acks := filepath.Join(dir, "disk"), filepath.Join(dir, "acks.jsonl")
	if err := os.MkdirAll(to, 0o755); err != nil {
		return nil, err
	}
	args := []string{"record", "--to", to, "--for", o.length.String(), "--acks", acks, "--state-dir", filepath.Join(dir, "state")}
	for i := range n {
		args = append(args, "--camera", load.Path(i)+"="+address+load.Path(i))
	}
	cmd := exec.CommandContext(ctx, o.binary, args...)
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, tail(msg.Bytes()))
	}
	r := &ours{}
	r.add(cmd.ProcessState)
	var began struct {
		At clock.Wall `json:"at"`
	}
	if err := json.NewDecoder(&out).Decode(&began); err != nil {
		return nil, fmt.Errorf("read the first state: %w", err)
	}
	if err := r.waits(acks, began.At); err != nil {
		return nil, err
	}
	return r, r.sealed(to)
}

// tail returns the end of a message that may be long.
func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// waits reads the waiting times of all fragments whose packets came after the opening: what came
// before was kept in memory and waited for that, not for a disk.
func (r *ours) waits(acks string, opened clock.Wall) error {
	f, err := os.Open(acks)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened to read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var l struct {
			At    clock.Wall    `json:"at"`
			First time.Duration `json:"first_ns"`
			Last  time.Duration `json:"last_ns"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("%s: %w", acks, err)
		}
		if l.At.Add(-l.First).Before(opened) {
			continue
		}
		r.first, r.last = append(r.first, l.First), append(r.last, l.Last)
	}
	slices.Sort(r.first)
	slices.Sort(r.last)
	return lines.Err()
}

// sealed reads what the seal says that was received, and adds up what lies on the disk.
func (r *ours) sealed(disk string) error {
	found := false
	err := filepath.WalkDir(disk, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		r.written += info.Size()
		if d.Name() != seal.FileName {
			return nil
		}
		found = true
		note, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, err := seal.Parse(note)
		if err != nil {
			return err
		}
		for _, run := range s.Runs {
			for _, t := range run.Tracks {
				r.received += int64(t.Bytes)
			}
			for _, g := range run.Gaps {
				r.gaps += int(max(1, g.Count))
			}
		}
		return nil
	})
	if err == nil && !found {
		err = errors.New("no seal was written")
	}
	return err
}

// recordFFmpeg records with one ffmpeg for each camera.
func recordFFmpeg(ctx context.Context, o options, n int, dir string) (*cost, error) {
	address, stop, err := startLoad(ctx, o, n)
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		sum  cost
		errs []error
	)
	for i := range n {
		cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error",
			"-rtsp_transport", "tcp", "-i", address+load.Path(i), "-map", "0", "-c", "copy",
			"-t", strconv.FormatFloat(o.length.Seconds(), 'f', 3, 64),
			"-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", filepath.Join(dir, load.Path(i)+".mp4"))
		all.Go(func() {
			out, err := cmd.CombinedOutput()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("camera %d: %w\n%s", i, err, out))
				return
			}
			sum.add(cmd.ProcessState)
		})
	}
	all.Wait()
	return &sum, errors.Join(errs...)
}
