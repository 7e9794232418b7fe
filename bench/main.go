// Command bench records simulated 1080p25 cameras of 4 Mbit/s with roomrec and, in the same run, with
// `ffmpeg -c copy`, one process per camera, and prints what each cost. The cameras are served by a
// process of their own, so that their cost is nobody's. What was recorded is verified, beside sha256sum on the
// same files. Ratios of one run can be compared between
// machines; seconds cannot.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"roomrec/bench/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	cameras []int
	length  time.Duration
	cache   string
	dir     string
	binary  string
	rounds  int
}

func run(ctx context.Context) error {
	var o options
	counts := flag.String("n", "1,8,32", "numbers of cameras")
	flag.DurationVar(&o.length, "for", 60*time.Second, "length of each recording")
	flag.IntVar(&o.rounds, "rounds", 1, "runs of each, in turn")
	flag.StringVar(&o.cache, "cache", ".cache/bench", "where the clip is kept")
	flag.StringVar(&o.dir, "dir", "", "where to record to; a temporary folder if empty")
	serve := flag.Int("serve", 0, "serve this many cameras and print their address (the load's own process)")
	flag.Parse()
	if *serve > 0 {
		return serveLoad(ctx, o.cache, *serve)
	}
	for _, s := range strings.Split(*counts, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 64 {
			return fmt.Errorf("-n %s: want numbers from 1 to 64", *counts)
		}
		o.cameras = append(o.cameras, n)
	}
	if _, err := load.Make(ctx, o.cache); err != nil {
		return err
	}
	var err error
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "roomrec-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir) //nolint:errcheck // the system clears it too
	}
	o.binary = filepath.Join(o.dir, "roomrec")
	build := exec.CommandContext(ctx, "go", "build", "-o", o.dir, "roomrec/cmd/roomrec", "roomrec/cmd/roomverify")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build roomrec: %w", err)
	}
	return measure(ctx, o)
}

// serveLoad serves cameras until ctx ends.
func serveLoad(ctx context.Context, cache string, n int) error {
	clip, err := load.Make(ctx, cache)
	if err != nil {
		return err
	}
	srv, err := load.Serve(ctx, clip, n)
	if err != nil {
		return err
	}
	defer srv.Close()
	fmt.Printf("rtsp://%s/\n", srv.Addr())
	<-ctx.Done()
	return nil
}

// startLoad starts this program again as the load and returns the address of its cameras.
func startLoad(ctx context.Context, o options, n int) (string, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve", strconv.Itoa(n), "-cache", o.cache)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop := func() {
		// It may have ended by itself; then there is nothing to end.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("start the cameras: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// cost is what one recorder used for n cameras.
type cost struct {
	cpu  time.Duration // user and system, of all processes
	peak int64         // resident bytes: the sum of every process's own peak
}

func (c *cost) add(s *os.ProcessState) {
	c.cpu += s.UserTime() + s.SystemTime()
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		c.peak += u.Maxrss << 10
	}
}

// perStreamMinute returns CPU seconds per camera and minute.
func (c *cost) perStreamMinute(n int, length time.Duration) float64 {
	return c.cpu.Seconds() / float64(n) / length.Minutes()
}

// columns are the head of the table; a row has as many cells.
var columns = []string{
	"cameras", "CPU s/stream-min", "ffmpeg", "ratio", "peak MiB", "ffmpeg", "written/received",
	"ack p50 ms", "p99 ms", "max ms", "from first packet p50 ms", "p99 ms", "max ms", "gaps",
}

// printRow prints the cells under their columns, at once: a later row may take minutes.
func printRow(cells ...string) {
	for i, c := range cells {
		fmt.Printf("  %*s", max(len(columns[i]), 6), c)
	}
	fmt.Println()
}

func measure(ctx context.Context, o options) error {
	fmt.Printf("1080p25 H.264 of 4 Mbit/s and AAC over TCP, %v each; roomrec syncs and hashes every fragment, ffmpeg neither\n\n", o.length)
	printRow(columns...)
	var failed error
	for round := range o.rounds {
		for _, n := range o.cameras {
			dir := filepath.Join(o.dir, fmt.Sprintf("%d-%d", round, n))
			ours, err := recordOurs(ctx, o, n, filepath.Join(dir, "roomrec"))
			if err != nil {
				return fmt.Errorf("roomrec, %d cameras: %w", n, err)
			}
			theirs, err := recordFFmpeg(ctx, o, n, filepath.Join(dir, "ffmpeg"))
			if err != nil {
				return fmt.Errorf("ffmpeg, %d cameras: %w", n, err)
			}
			a, b := ours.perStreamMinute(n, o.length), theirs.perStreamMinute(n, o.length)
			row := []string{
				strconv.Itoa(n), fmt.Sprintf("%.3f", a), fmt.Sprintf("%.3f", b), fmt.Sprintf("%.2f", a/b),
				strconv.FormatInt(int64(ours.peak)>>20, 10), strconv.FormatInt(int64(theirs.peak)>>20, 10),
				fmt.Sprintf("%.4f", float64(ours.written)/float64(ours.received)),
			}
			row = append(row, strings.Split(ours.last.String(), "\t")...)
			row = append(row, strings.Split(ours.first.String(), "\t")...)
			printRow(append(row, strconv.Itoa(ours.gaps))...)
			if ours.gaps != 0 {
				failed = errors.Join(failed, fmt.Errorf("%d cameras: %d gaps, expected none", n, ours.gaps))
			}
			if err := compareVerify(ctx, filepath.Join(o.dir, "roomverify"), filepath.Join(dir, "roomrec")); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%d cameras: %w", n, err))
			}
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return failed
}
