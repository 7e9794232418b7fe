package verify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// other is the verifier that was written from docs/format.md alone, in another language.
type other struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	errs errorLog
}

// second is started when it is first asked, and ends with the tests.
var second = sync.OnceValues(func() (*other, error) {
	for _, need := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(need); err != nil {
			return nil, fmt.Errorf("the other verifier needs %s (make deps): %w", need, err)
		}
	}
	o := &other{cmd: exec.Command("python3", filepath.Join("..", "..", "testdata", "verifier", "verify.py"), "-")}
	var err error
	if o.in, err = o.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o.cmd.Stderr = &o.errs
	o.out = bufio.NewScanner(out)
	o.out.Buffer(nil, 16<<20)
	asked = true
	return o, o.cmd.Start()
})

var asked bool

func TestMain(m *testing.M) {
	code := m.Run()
	if asked {
		o, err := second()
		if err == nil {
			err = errors.Join(o.in.Close(), o.cmd.Wait())
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "the other verifier: %v\n%s", err, o.errs.b)
			code = 1
		}
	}
	os.Exit(code)
}

type errorLog struct{ b []byte }

func (l *errorLog) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	return len(p), nil
}

// answer is what the other says.
type answer struct {
	Folders []struct {
		Session      string      `json:"session"`
		Verdict      Verdict     `json:"verdict"`
		Key          KeyStatus   `json:"key"`
		ClockTrusted *bool       `json:"clock_trusted"`
		Checkpoints  int         `json:"checkpoints"`
		Missing      []Hole      `json:"missing"`
		Findings     []Finding   `json:"findings"`
		After        *Verdict    `json:"after"`
		Timestamps   []Timestamp `json:"timestamps"`
		Log          *Logged     `json:"log"`
	} `json:"folders"`
	Together []struct {
		Session string  `json:"session"`
		Verdict Verdict `json:"verdict"`
	} `json:"together"`
	Exit int `json:"exit"`
}

// authorityFiles are the files of the authorities of the tests.
var authorityFiles sync.Map

// keyTexts are the keys of the tests as text, by name and hash.
var keyTexts sync.Map

func textOf(t testing.TB, k Key) string {
	t.Helper()
	text, ok := keyTexts.Load(fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()))
	require.True(t, ok, "a key that the tests do not know: %s", k.Name())
	return text.(string)
}

// ask asks the other verifier, and returns its answer and how it said it.
func ask(t testing.TB, options Options, dirs ...string) (a answer, said string) {
	t.Helper()
	o, err := second()
	require.NoError(t, err)
	question := map[string]any{"dirs": dirs}
	if options.Log != "" {
		question["log"] = options.Log
	}
	var keys, witnesses []string
	for _, k := range options.keys() {
		keys = append(keys, textOf(t, k))
	}
	for _, w := range options.Witnesses {
		witnesses = append(witnesses, w.String())
	}
	question["keys"], question["witnesses"] = keys, witnesses
	if options.Authorities != nil {
		file, known := authorityFiles.Load(options.Authorities)
		require.True(t, known, "authorities that the tests do not know")
		question["tsa_ca"] = file
	}
	require.NoError(t, json.NewEncoder(o.in).Encode(question))
	require.True(t, o.out.Scan(), "the other verifier ended at %s: %s", dirs, o.errs.b)
	said = o.out.Text()
	require.NoError(t, json.Unmarshal([]byte(said), &a), said)
	return a, said
}

// agrees asks the other verifier the same, and requires the same answer of it.
func agrees(t testing.TB, r *Report, options Options, dirs ...string) {
	t.Helper()
	a, said := ask(t, options, dirs...)
	require.Len(t, a.Folders, len(r.Folders), said)
	for i := range r.Folders {
		f, g := &r.Folders[i], &a.Folders[i]
		say := func(what string) string {
			return fmt.Sprintf("%s: the other verifier: %s, ours: %v", what, said, f.Findings)
		}
		require.Equal(t, f.Verdict, g.Verdict, say("verdict"))
		require.Equal(t, f.Session, g.Session, say("session"))
		require.Equal(t, f.Key, g.Key, say("key"))
		require.Equal(t, f.ClockTrusted, g.ClockTrusted, say("clock"))
		// What is wrong in one place may show in a further one; what one verifier finds the other does not deny.
		more, less := places(f.Verdict, f.Findings), places(g.Verdict, g.Findings)
		if len(more) < len(less) {
			more, less = less, more
		}
		require.Subset(t, more, less, say("places"))
		require.Equal(t, len(more) == 0, len(less) == 0, say("places"))
		require.ElementsMatch(t, f.Missing, g.Missing, say("what is missing"))
		if f.Verdict != Altered {
			require.Equal(t, f.Checkpoints, g.Checkpoints, say("checkpoints"))
		}
		if f.After == nil {
			require.Nil(t, g.After, say("after"))
		} else {
			require.NotNil(t, g.After, say("after"))
			require.Equal(t, f.After.Verdict, *g.After, say(fmt.Sprintf("after: %v", f.After.Findings)))
		}
		require.Equal(t, bare(f.Timestamps), bare(g.Timestamps), say(fmt.Sprintf("time-stamps: %v", f.Timestamps)))
		if f.Log == nil {
			require.Nil(t, g.Log, say("log"))
			continue
		}
		require.NotNil(t, g.Log, say("log"))
		require.Equal(t, f.Log.Findings == nil, len(g.Log.Findings) == 0, say(fmt.Sprintf("log: %v", f.Log.Findings)))
		require.Equal(t, f.Log.Origin, g.Log.Origin, say("log"))
		require.Equal(t, f.Log.Opened, g.Log.Opened, say("opened"))
		require.Equal(t, f.Log.Sealed, g.Log.Sealed, say("sealed"))
		require.Equal(t, f.Log.Key, g.Log.Key, say("key of the log"))
		require.Equal(t, f.Log.Witnessed, g.Log.Witnessed, say("witnesses"))
	}
	require.Len(t, a.Together, len(r.Together), said)
	for i := range r.Together {
		require.Equal(t, r.Together[i].Session, a.Together[i].Session, said)
		require.Equal(t, r.Together[i].Verdict, a.Together[i].Verdict, "together: the other verifier: %s, ours: %v", said, r.Together[i].Findings)
	}
	require.Equal(t, r.ExitCode(), a.Exit, "exit code: %s", said)
}

// bare leaves out of time-stamps what each verifier says in its own words.
func bare(all []Timestamp) []Timestamp {
	out := []Timestamp{}
	for _, t := range all {
		t.What, t.Accuracy = "", ""
		out = append(out, t)
	}
	return out
}

// places are the files in which what makes the verdict was found.
func places(v Verdict, findings []Finding) []string {
	var out []string
	for _, f := range findings {
		if f.Verdict == v && !slices.Contains(out, f.File) && v != Gaps {
			out = append(out, f.File)
		}
	}
	slices.Sort(out)
	return out
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
