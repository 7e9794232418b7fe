package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long something may take that should take a moment, on a busy machine.
const patience = 90 * time.Second

// program is one of ours while it runs.
type program struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err output
	ended    chan struct{}
	home     string
}

// output is what a program has written so far.
type output struct {
	mu      sync.Mutex
	b       []byte
	changed chan struct{} // closed and replaced at every write
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = append(o.b, b...)
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.b)
}

// next returns what was written so far and a channel that is closed when there is more.
func (o *output) next() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return string(o.b), o.changed
}

// option changes how a program is started.
type option func(*program)

// with gives the program an environment variable, as in "A_PASSWORD=secret".
func with(env ...string) option {
	return func(p *program) { p.cmd.Env = append(p.cmd.Env, env...) }
}

// start starts roomrec, or another program if the first argument names one: "roomverify".
func start(t *testing.T, args []string, options ...option) *program {
	t.Helper()
	name := "roomrec"
	if len(args) > 0 && args[0] == "roomverify" {
		name, args = args[0], args[1:]
	}
	p := &program{t: t, ended: make(chan struct{}), home: t.TempDir()}
	p.cmd = exec.Command(filepath.Join(built, name), args...)
	// Nothing of the one who runs the tests is there: no home, no key, no zone.
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "TZ=UTC"}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	for _, o := range options {
		o(p)
	}
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // its code is asked for
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // gone is as good
		<-p.ended
		if t.Failed() {
			t.Logf("%s %s\nstdout:\n%s\nstderr:\n%s", name, strings.Join(args, " "), p.out.String(), p.err.String())
		}
	})
	return p
}

// code waits for the program's end and returns its exit code, -1 if a signal ended it.
func (p *program) code(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		require.FailNow(p.t, "the program does not end", "within %v", limit)
		return -1
	}
}

// peak looks at the program's memory until it ends, and gives the most that it held, in KiB. What the kernel
// says of a process that has ended counts this one as well, which started it and may be larger.
func (p *program) peak() <-chan int {
	status := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	most := make(chan int, 1)
	go func() {
		kib := 0
		for {
			b, err := os.ReadFile(status)
			if _, rest, ok := strings.Cut(string(b), "VmHWM:"); err == nil && ok {
				n, _ := strconv.Atoi(strings.Fields(rest)[0]) // the kernel writes a number
				kib = max(kib, n)
			}
			select {
			case <-p.ended:
				most <- kib
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return most
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// until waits until the program's standard output satisfies done.
func (p *program) until(what string, limit time.Duration, done func(out string) bool) {
	p.t.Helper()
	over := time.After(limit)
	for ended := false; ; {
		out, changed := p.out.next()
		if done(out) {
			return
		}
		require.False(p.t, ended, "the program ended before %s", what)
		select {
		case <-changed:
		case <-p.ended:
			ended = true // what it wrote last is looked at once more
		case <-over:
			require.FailNow(p.t, "waited in vain", "for %s, %v", what, limit)
		}
	}
}

// run runs a program to its end and returns its exit code.
func run(t *testing.T, args []string, options ...option) (code int, stdout, stderr string) {
	t.Helper()
	p := start(t, args, options...)
	code = p.code(2 * time.Minute)
	return code, p.out.String(), p.err.String()
}

// stateLine is a line that `roomrec record` prints at every change.
type stateLine struct {
	At      time.Time `json:"at"`
	State   string    `json:"state"`
	Session string    `json:"session"`
	Faults  []string  `json:"faults"`
	Safe    map[string]struct {
		Until   time.Time `json:"until"`
		Volumes int       `json:"volumes"`
	} `json:"safe"`
	Folders []string `json:"folders"`
	Seal    string   `json:"seal"`
	Facts   []string `json:"facts"`
	Gaps    *int     `json:"gaps"`
}

// states returns the lines so far; every one must be JSON.
func states(t *testing.T, out string) []stateLine {
	t.Helper()
	var all []stateLine
	for line := range strings.Lines(out) {
		if !strings.HasSuffix(line, "\n") {
			break // still being written
		}
		var s stateLine
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&s), "%s", line)
		all = append(all, s)
	}
	return all
}

// state waits for the first line with the given state.
func (p *program) state(name string, limit time.Duration) stateLine {
	p.t.Helper()
	var found stateLine
	p.until("state "+name, limit, func(out string) bool {
		all := states(p.t, out)
		i := slices.IndexFunc(all, func(s stateLine) bool { return s.State == name })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	return found
}

// sealed waits for the end of a recording and returns its last line.
func (p *program) sealed(code int) stateLine {
	p.t.Helper()
	require.Equal(p.t, code, p.code(2*time.Minute), "exit code")
	all := states(p.t, p.out.String())
	require.NotEmpty(p.t, all)
	last := all[len(all)-1]
	require.Equal(p.t, "Sealed", last.State)
	require.NotEmpty(p.t, last.Folders)
	return last
}

// tool runs a program of others and returns what it wrote; it must not complain.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute) // cleaning up needs tools, too
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), "%s %s: %s (make deps)", name, strings.Join(args, " "), &complaints)
	require.Empty(t, complaints.String(), "%s %s", name, strings.Join(args, " "))
	return out.Bytes()
}

func ffmpeg(t *testing.T, args ...string) []byte {
	t.Helper()
	return tool(t, "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, args...)...)
}

func ffprobe(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(string(tool(t, "ffprobe", append([]string{"-v", "error"}, args...)...)))
}
