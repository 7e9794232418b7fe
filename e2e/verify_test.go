package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/media"
	"roomrec/rtsp/rtsptest"
)

// judge asks all verifiers, which must agree, and returns their exit code and report.
func judge(t *testing.T, args ...string) (int, verify.Report) {
	t.Helper()
	code, out, complaints := run(t, append([]string{"verify", "--json"}, args...))
	again, outAgain, _ := run(t, append([]string{"roomverify", "--json"}, args...))
	for range 20 {
		if out == outAgain && !strings.Contains(out, "has not caught up") {
			break
		}
		// A controller that still runs has added a line after the seal meanwhile, or its log is about to hold the seal.
		code, out, complaints = run(t, append([]string{"verify", "--json"}, args...))
		again, outAgain, _ = run(t, append([]string{"roomverify", "--json"}, args...))
	}
	require.Equal(t, code, again, "roomrec verify and roomverify: %s", complaints)
	require.Equal(t, out, outAgain)
	var r verify.Report
	if out != "" {
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		otherAgrees(t, code, &r, args)
	}
	return code, r
}

// otherAgrees asks the verifier that was written from docs/format.md alone. It reads whole files, so it is not
// asked about what is larger than a test's session should be.
func otherAgrees(t *testing.T, code int, r *verify.Report, args []string) {
	t.Helper()
	bytes := int64(0)
	for _, f := range r.Folders {
		bytes += f.Bytes
	}
	if bytes > 256<<20 {
		return
	}
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{filepath.Join("..", "testdata", "verifier", "verify.py")}, args...)...)
	out, err := cmd.Output()
	var no *exec.ExitError
	if !errors.As(err, &no) {
		require.NoError(t, err)
	}
	require.Equal(t, code, cmd.ProcessState.ExitCode(), "the other verifier: %s\nours: %+v", out, r)
	var other struct {
		Folders  []verify.Folder `json:"folders"`
		Together []verify.Together
	}
	// Of what came after the seal it says a word alone.
	out = regexp.MustCompile(`"after": "[a-z ]+",`).ReplaceAll(out, []byte(`"after": null,`))
	require.NoError(t, json.Unmarshal(out, &other))
	require.Len(t, other.Folders, len(r.Folders))
	for i, f := range r.Folders {
		require.Equal(t, f.Verdict, other.Folders[i].Verdict, "the other verifier: %s\nours: %+v", out, f)
		require.Equal(t, f.Key, other.Folders[i].Key)
		require.ElementsMatch(t, f.Missing, other.Folders[i].Missing)
	}
	require.Len(t, other.Together, len(r.Together))
	for i := range r.Together {
		require.Equal(t, r.Together[i].Verdict, other.Together[i].Verdict, "the other verifier: %s\nours: %+v", out, r.Together[i])
	}
}

// requireVerdict holds the folders of one session to a verdict.
func requireVerdict(t *testing.T, code int, v verify.Verdict, folders ...string) verify.Report {
	t.Helper()
	got, r := judge(t, folders...)
	require.Equal(t, code, got, "exit code of %+v", r)
	require.Len(t, r.Folders, len(folders))
	for _, f := range r.Folders {
		require.Equal(t, v, f.Verdict, "%+v", f.Findings)
	}
	return r
}

// requireWhole holds the folders of one session to a recording that lacks nothing. A busy machine holds the
// pictures of a simulated camera up now and then; they are all there, and that they came late is declared.
func requireWhole(t *testing.T, folders ...string) verify.Report {
	t.Helper()
	code, r := judge(t, folders...)
	require.Zero(t, code, "exit code of %+v", r)
	require.Len(t, r.Folders, len(folders))
	for _, f := range r.Folders {
		require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps}, f.Verdict, "%+v", f.Findings)
		for _, h := range f.Missing {
			require.Equal(t, string(media.CauseStall), h.Cause, "%+v", h)
		}
	}
	return r
}

// TestVerify judges a recording that was made by the program, and what becomes of it when someone
// touches it.
func TestVerify(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": camera()})
	state := t.TempDir()
	last := start(t, []string{"record", "--camera", "a=" + cameras.URL("a"), "--to", t.TempDir(), "--for", "3s", "--state-dir", state}).sealed(0)
	original := last.Folders[0]
	key := filepath.Join(state, "seal.key.pub")
	const segment = "record/a/run-0001/0001.mp4"
	whole := scan(t, filepath.Join(original, segment))
	require.Greater(t, len(whole.Fragments), 2)

	// Another station's key.
	otherState := t.TempDir()
	start(t, []string{"record", "--camera", "a=" + cameras.URL("a"), "--to", t.TempDir(), "--for", "1s", "--state-dir", otherState}).sealed(0)

	change := func(file string, f func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, file)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.Chmod(path, 0o600))
			require.NoError(t, os.WriteFile(path, f(slices.Clone(b)), 0o600))
		}
	}
	flip := func(at int) func(b []byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	second := whole.Fragments[1]
	cut := second.Offset + second.Size/2
	for name, tc := range map[string]struct {
		touch   func(t *testing.T, dir string)
		args    []string
		code    int
		verdict verify.Verdict
		key     verify.KeyStatus
		finding string // of the first finding
		file    string
	}{
		"intact":          {code: 0, verdict: verify.Intact, key: verify.KeyUnknown},
		"by its key":      {args: []string{"--key", key}, code: 0, verdict: verify.Intact, key: verify.KeyTrusted},
		"by another key":  {args: []string{"--key", filepath.Join(otherState, "seal.key.pub")}, code: 1, verdict: verify.Intact, key: verify.KeyOther},
		"one bit flipped": {touch: change(segment, flip(int(second.Offset+second.Size-5))), code: 1, verdict: verify.Altered, key: verify.KeyUnknown, file: segment},
		"one bit of the journal flipped": {
			touch: change("journal-0001.jsonl", flip(200)), code: 1, verdict: verify.Altered, key: verify.KeyUnknown, file: "journal-0001.jsonl",
		},
		"one bit of the seal flipped": {touch: change("seal.note", flip(300)), code: 1, verdict: verify.Altered, key: verify.KeyNone, file: "seal.note"},
		"segment missing": {
			touch: func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, segment))) },
			code:  1, verdict: verify.Incomplete, key: verify.KeyUnknown, file: segment,
		},
		"seal missing": {
			touch: func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "seal.note"))) },
			code:  1, verdict: verify.Unsealed, key: verify.KeyNone,
		},
		"extra file": {
			touch: func(t *testing.T, dir string) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "record/a/run-0001/0002.mp4"), nil, 0o600))
			},
			code: 1, verdict: verify.Altered, key: verify.KeyUnknown, file: "record/a/run-0001/0002.mp4",
		},
		"cut off": {
			touch: change(segment, func(b []byte) []byte { return b[:cut] }),
			code:  1, verdict: verify.Incomplete, key: verify.KeyUnknown, file: segment,
			finding: fmt.Sprintf("the first %d of them are whole fragments", second.Offset),
		},
		"something appended": {
			touch: change(segment, func(b []byte) []byte { return append(b, 0) }), code: 1, verdict: verify.Altered, key: verify.KeyUnknown, file: segment,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), filepath.Base(original))
			require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
			if tc.touch != nil {
				tc.touch(t, dir)
			}
			code, r := judge(t, append(tc.args, dir)...)
			require.Equal(t, tc.code, code)
			require.Len(t, r.Folders, 1)
			f := r.Folders[0]
			require.Equal(t, tc.verdict, f.Verdict, "%+v", f.Findings)
			require.Equal(t, tc.key, f.Key)
			if tc.file != "" {
				i := slices.IndexFunc(f.Findings, func(f verify.Finding) bool { return f.File == tc.file })
				require.GreaterOrEqual(t, i, 0, "%+v", f.Findings)
				require.Contains(t, fmt.Sprintf("%d %s", f.Findings[i].Offset, f.Findings[i].What), tc.finding)
			}
		})
	}
	t.Run("no session there", func(t *testing.T) {
		code, _ := judge(t, t.TempDir())
		require.Equal(t, 2, code)
	})
	t.Run("no such folder", func(t *testing.T) {
		code, _ := judge(t, filepath.Join(t.TempDir(), "none"))
		require.Equal(t, 2, code)
	})
	t.Run("for people", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), filepath.Base(original))
		require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
		require.NoError(t, os.Truncate(filepath.Join(dir, segment), cut))
		code, out, _ := run(t, []string{"verify", dir})
		require.Equal(t, 1, code)
		require.Contains(t, out, fmt.Sprint(second.Offset), "says how much of it is whole")
		t.Log(strings.TrimSpace(out))
	})
}
