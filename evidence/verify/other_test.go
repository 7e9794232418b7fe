package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// other is the verifier that was written from docs/format.md alone, in another language.
type other struct {
	t    testing.TB
	in   io.WriteCloser
	out  *bufio.Scanner
	last string // what it said
}

func newOther(t testing.TB) *other {
	t.Helper()
	for _, need := range []string{"python3", "openssl"} {
		_, err := exec.LookPath(need)
		require.NoError(t, err, "the other verifier needs %s: make deps", need)
	}
	script, err := filepath.Abs(filepath.Join("..", "..", "testdata", "verifier", "verify.py"))
	require.NoError(t, err)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "python3", script, "-")
	o := &other{t: t}
	o.in, err = cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var errs errorLog
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	o.out = bufio.NewScanner(out)
	o.out.Buffer(nil, 16<<20)
	t.Cleanup(func() {
		require.NoError(t, o.in.Close())
		require.NoError(t, cmd.Wait(), "%s", errs.b)
	})
	return o
}

type errorLog struct{ b []byte }

func (l *errorLog) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	return len(p), nil
}

// verdict returns the other's verdict on a folder.
func (o *other) verdict(dir string) Verdict {
	o.t.Helper()
	return o.answer(dir).Verdict
}

// answer is what the other says of a folder.
type answer struct {
	Verdict Verdict  `json:"verdict"`
	After   *Verdict `json:"after"`
	Log     *struct {
		Opened   *int64   `json:"opened"`
		Sealed   *int64   `json:"sealed"`
		Findings []string `json:"findings"`
	} `json:"log"`
}

// agrees requires of the other that it says the same of a folder, of what came after the seal, and of the
// station's log.
func (o *other) agrees(f *Folder) {
	o.t.Helper()
	a := o.answer(f.Dir)
	require.Equal(o.t, f.Verdict, a.Verdict, "the other verifier: %s, ours: %v", o.last, f.Findings)
	if f.After == nil {
		require.Nil(o.t, a.After, "the other verifier: %s", o.last)
	} else {
		require.NotNil(o.t, a.After, "the other verifier: %s", o.last)
		require.Equal(o.t, f.After.Verdict, *a.After, "the other verifier: %s, ours: %v", o.last, f.After.Findings)
	}
	if f.Log == nil {
		require.Nil(o.t, a.Log, "the other verifier: %s", o.last)
		return
	}
	require.NotNil(o.t, a.Log, "the other verifier: %s", o.last)
	require.Equal(o.t, len(f.Log.Findings) > 0, len(a.Log.Findings) > 0, "the other verifier: %s, ours: %v", o.last, f.Log.Findings)
	require.Equal(o.t, f.Log.Opened, a.Log.Opened, "the other verifier: %s", o.last)
	require.Equal(o.t, f.Log.Sealed, a.Log.Sealed, "the other verifier: %s", o.last)
}

func (o *other) answer(dir string) answer {
	o.t.Helper()
	_, err := fmt.Fprintln(o.in, dir)
	require.NoError(o.t, err)
	require.True(o.t, o.out.Scan(), "the other verifier ended at %s", dir)
	o.last = o.out.Text()
	var a answer
	require.NoError(o.t, json.Unmarshal(o.out.Bytes(), &a))
	return a
}

// The commands that docs/format.md gives to check a signature with ordinary tools do so, and refuse a
// note of which a byte was changed.
func TestCommandsOfTheFormatPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "format.md"))
	require.NoError(t, err)
	_, after, found := strings.Cut(string(page), "```\ngrep -h recorder.checkpoint")
	require.True(t, found)
	commands, _, found := strings.Cut("grep -h recorder.checkpoint"+after, "```")
	require.True(t, found)
	dir := newSession(t, "20261122-140307-7f2k").write()
	run := func(commands string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "bash", "-ec", commands)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run(commands)
	require.NoError(t, err, out)
	require.Contains(t, out, "Verified Successfully")
	last := strings.TrimSpace(commands[strings.LastIndex(strings.TrimSpace(commands), "\n"):])
	out, err = run("sed -i s/suspect/suspekt/ text\n" + last)
	require.Error(t, err, out)
}
