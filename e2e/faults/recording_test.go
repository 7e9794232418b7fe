package faults

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long something may take that should take a moment, on a busy machine.
const patience = 45 * time.Second

// recording is `roomrec record` while it runs.
type recording struct {
	t     *testing.T
	cmd   *exec.Cmd
	began time.Time
	ackTo string
	ended chan struct{} // closed when the process was waited for
	heard chan struct{} // closed when all that it said was read

	mu      sync.Mutex
	lines   []line
	changed chan struct{} // closed and replaced at every line
	log     []byte
}

// line is one line of the program's output.
type line struct {
	Read    time.Time `json:"-"`
	State   string    `json:"state"`
	Faults  []string  `json:"faults"`
	Session string    `json:"session"`
	Folders []string  `json:"folders"`
	Gaps    *int      `json:"gaps"`
}

// options of a recording.
type options struct {
	program string            // default the one under test
	cameras map[string]string // default the two that never fail
	to      []string
	args    []string
	netns   string        // a network namespace to run in
	free    func()        // lets a disk go on that hangs, before the end is waited for
	length  time.Duration // 0: until it is interrupted
}

// record starts a recording. It is killed at the end of the test if it is still there.
func record(t *testing.T, o options) *recording {
	t.Helper()
	own := t.TempDir()
	if o.program == "" {
		o.program = program
	}
	if o.cameras == nil {
		o.cameras = cameras
	}
	r := &recording{t: t, ackTo: filepath.Join(own, "acks"), ended: make(chan struct{}), changed: make(chan struct{})}
	args := []string{"record", "--acks", r.ackTo, "--state-dir", filepath.Join(own, "state")}
	for _, name := range slices.Sorted(maps.Keys(o.cameras)) {
		args = append(args, "--camera", name+"="+o.cameras[name])
	}
	for _, dir := range o.to {
		args = append(args, "--to", dir)
	}
	if o.length > 0 {
		args = append(args, "--for", o.length.String())
	}
	args = append(append([]string{o.program}, args...), o.args...)
	if o.netns != "" {
		args = append([]string{"ip", "netns", "exec", o.netns}, args...)
	}
	r.cmd = exec.Command(args[0], args[1:]...)
	// Pipes of our own: a program that cannot end keeps its side open, and Wait would wait for that.
	out, heard := r.pipe(func(b []byte) {
		var l line
		if err := json.Unmarshal(b, &l); err != nil {
			t.Errorf("roomrec said %q, which is no JSON: %v", b, err)
			return
		}
		l.Read = time.Now()
		r.mu.Lock()
		r.lines = append(r.lines, l)
		close(r.changed)
		r.changed = make(chan struct{})
		r.mu.Unlock()
	})
	errs, _ := r.pipe(func(b []byte) {
		r.mu.Lock()
		r.log = append(append(r.log, b...), '\n')
		r.mu.Unlock()
	})
	r.heard = heard
	r.cmd.Stdout, r.cmd.Stderr = out, errs
	r.began = time.Now()
	require.NoError(t, r.cmd.Start())
	require.NoError(t, out.Close())
	require.NoError(t, errs.Close())
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		_ = r.cmd.Wait() // its state says how it ended
		close(r.ended)
	}()
	t.Cleanup(func() {
		if o.free != nil {
			o.free()
		}
		_ = r.cmd.Process.Kill() // it may have ended
		select {
		case <-waited:
		case <-time.After(patience):
			t.Errorf("roomrec cannot be ended even by SIGKILL")
		}
		if t.Failed() {
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Logf("roomrec said %+v\nand logged:\n%s", r.lines, r.log)
		}
	})
	return r
}

// pipe returns the side of a pipe to write to; every line goes to got, until the end of the test or until
// nobody has that side any more, which closes done.
func (r *recording) pipe(got func([]byte)) (write *os.File, done chan struct{}) {
	read, write, err := os.Pipe()
	require.NoError(r.t, err)
	done = make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(read)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			got(lines.Bytes())
		}
	}()
	r.t.Cleanup(func() {
		require.NoError(r.t, read.Close())
		<-done
	})
	return write, done
}

// await waits until a line fits.
func (r *recording) await(what string, fits func(line) bool) line {
	r.t.Helper()
	over := time.After(patience)
	for {
		r.mu.Lock()
		i := slices.IndexFunc(r.lines, fits)
		var l line
		if i >= 0 {
			l = r.lines[i]
		}
		changed := r.changed
		r.mu.Unlock()
		if i >= 0 {
			return l
		}
		select {
		case <-changed:
		case <-r.ended:
			<-r.heard
			r.mu.Lock()
			said := slices.ContainsFunc(r.lines, fits)
			r.mu.Unlock()
			if !said {
				r.t.Fatalf("roomrec ended (%v) before it was %s", r.cmd.ProcessState, what)
			}
		case <-over:
			r.t.Fatalf("roomrec is not %s after %v", what, patience)
		}
	}
}

// locked waits for a line that says Locked for the given fault.
func (r *recording) locked(code string) line {
	r.t.Helper()
	return r.await("locked by "+code, func(l line) bool {
		return l.State == "Locked" && slices.ContainsFunc(l.Faults, func(f string) bool { return strings.HasPrefix(f, code) })
	})
}

// never says that no line was one of Locked.
func (r *recording) neverLocked() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		require.NotEqual(r.t, "Locked", l.State, "%v", l.Faults)
	}
}

// safe waits until every camera has n more acknowledged fragments on every volume than now.
func (r *recording) safe(n int) {
	r.t.Helper()
	count := func() map[string]int {
		m := make(map[string]int)
		for _, a := range r.acks() {
			m[a.Volume+" "+camera(a.File)]++
		}
		return m
	}
	before := count()
	r.eventually(fmt.Sprintf("%d fragments more are safe", n), func() bool {
		now := count()
		if len(now) < len(before) || len(now) == 0 || len(now)%len(r.cameraNames()) != 0 {
			return false
		}
		for k, v := range now {
			if v < before[k]+n {
				return false
			}
		}
		return true
	})
}

// safeOn waits until n more fragments are acknowledged on one volume.
func (r *recording) safeOn(volume string, n int) {
	r.t.Helper()
	count := func() (all int) {
		for _, a := range r.acks() {
			if a.Volume == volume {
				all++
			}
		}
		return all
	}
	before := count()
	r.eventually(fmt.Sprintf("%d fragments more are safe on %s", n, volume), func() bool { return count() >= before+n })
}

func (r *recording) cameraNames() (names []string) {
	for i, a := range r.cmd.Args {
		if a == "--camera" {
			names = append(names, strings.SplitN(r.cmd.Args[i+1], "=", 2)[0])
		}
	}
	return names
}

// camera returns the camera's part of a path as 2026/11/22/SESSION/room/CAMERA/run-0001/0001.mp4.
func camera(file string) string {
	parts := strings.Split(file, "/")
	return parts[max(0, len(parts)-3)]
}

// eventually waits for a condition that nothing announces.
func (r *recording) eventually(what string, is func() bool) {
	r.t.Helper()
	eventually(r.t, what, is)
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	over := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}

// interrupt asks the program to end.
func (r *recording) interrupt() {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(syscall.SIGINT))
}

// exit waits for the end and returns the exit code.
func (r *recording) exit() int {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Fatalf("roomrec has not ended after %v", patience)
	}
	return r.cmd.ProcessState.ExitCode()
}

// logged returns what the program has written to its standard error.
func (r *recording) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.log)
}

// ack is one line of --acks.
type ack struct {
	Volume, File, Leaf string
	End                int64
	At                 time.Time
}

// acks returns what was acknowledged until now. A line that is being written does not count.
func (r *recording) acks() []ack {
	r.t.Helper()
	b, err := os.ReadFile(r.ackTo)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(r.t, err)
	var all []ack
	for {
		one, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			return all
		}
		var a ack
		require.NoError(r.t, json.Unmarshal(one, &a))
		all = append(all, a)
		b = rest
	}
}
