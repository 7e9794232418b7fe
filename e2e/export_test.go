package e2e

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/rtsp/rtsptest"
)

// handedOver is what the program says of an export.
type handedOver struct {
	Package string
	Session string
	Verdict verify.Verdict
	Note    string `json:"package_note_sha256"`
	SHA256  string
}

func export(t *testing.T, code int, args ...string) (made handedOver, complaints string) {
	t.Helper()
	got, out, complaints := run(t, append([]string{"export", "--json", "--by", "0101", "--receiver", "the district court", "--reason", "trial 2026-311"}, args...))
	require.Equal(t, code, got, complaints)
	if code == 0 {
		require.NoError(t, json.Unmarshal([]byte(out), &made))
	}
	return made, complaints
}

// typed runs a command line of a package's README in its folder, without a network where the host allows to
// take it away.
func typed(t *testing.T, dir, script string) string {
	t.Helper()
	args := []string{"bash", "-euo", "pipefail", "-c", script}
	if exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--net", "true").Run() == nil {
		args = append([]string{"unshare", "--map-root-user", "--net"}, args...)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TMPDIR=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
	return string(out)
}

// verifiesAlone types what a package's README says, in both languages, and nothing else.
func verifiesAlone(t *testing.T, dir string) {
	t.Helper()
	var said [2][]string
	for i, name := range []string{"README.txt", "README.zh-CN.txt"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		said[i] = regexp.MustCompile(`(?m)(?:^    .*\n)+`).FindAllString(string(text), -1)
		require.Len(t, said[i], 5, "%s: what lies where, and four ways to check it", name)
	}
	require.Equal(t, said[0][1:], said[1][1:])
	for i, want := range []string{"whole", ": INTACT", `"exit": 0`, "Signature Verified Successfully"} {
		require.Contains(t, typed(t, dir, said[0][i+1]), want)
	}
}

// C50, C54, Z37: the originals leave the house in a package that a court verifies alone with what lies in it and
// ordinary tools; who gets it, why and by whose approval is on record first; one that is encrypted opens for
// its recipient alone; one that was interrupted never has a package's name, and is gone on with.
func TestC50_APackageIsVerifiedAlone(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": camera()})
	state, one, two, away := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	last := start(t, []string{
		"record", "--camera", "front=" + cameras.URL("a"), "--to", one, "--to", two, "--for", "2s", "--state-dir", state,
	}).sealed(0)
	before := tree(t, last.Folders[0])
	ask := []string{"--to", away, "--state-dir", state, "--also", last.Folders[1], last.Folders[0]}
	court := append([]string{"--for", "case", "--approval", "own-head:Li:2026-17"}, ask...)

	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"an outsider without the county's leader":  {[]string{"--for", "outside", "--approval", "own-head:Li:2026-17"}, "county-leader"},
		"another department by its own head alone": {[]string{"--for", "department", "--approval", "own-head:Li:2026-17"}, "collecting-head"},
		"no document":              {[]string{"--for", "case", "--approval", "own-head:Li:"}, "its document"},
		"a rank that there is not": {[]string{"--for", "case", "--approval", "friend:Li:2026-17"}, "own-head, collecting-head or county-leader"},
		"no recipient's key":       {[]string{"--for", "case", "--approval", "own-head:Li:2026-17", "--recipient", "AGE-SECRET-KEY-1XYZ"}, "age-keygen"},
	} {
		_, complaints := export(t, 2, append(c.args, ask...)...)
		require.Contains(t, complaints, c.says, name)
		require.NotContains(t, complaints, "SECRET", name)
	}
	require.Equal(t, before, tree(t, last.Folders[0]), "what is refused leaves nothing")

	// What an interruption left: a file that is whole, and a part of another.
	part := filepath.Join(away, last.Session+".part")
	segment := "record/front/run-0001/0001.mp4"
	at, err := filepath.Rel(one, last.Folders[0])
	require.NoError(t, err)
	for name, n := range map[string]int{segment: len(before[segment]) / 2, "journal-0001.jsonl": len(before["journal-0001.jsonl"])} {
		file := filepath.Join(part, "recording", at, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
		require.NoError(t, os.WriteFile(file, before[name][:n], 0o600))
	}
	made, _ := export(t, 0, court...)
	require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps}, made.Verdict)
	require.Equal(t, filepath.Join(away, last.Session), made.Package)
	require.NoDirExists(t, part)
	verifiesAlone(t, made.Package)
	lies := tree(t, filepath.Join(made.Package, "recording", at))
	require.Contains(t, string(lies["after/journal.jsonl"]), `"type":"export.requested"`)
	delete(lies, "after/journal.jsonl")
	require.Equal(t, before, lies, "byte for byte")

	_, complaints := export(t, 1, court...)
	require.Contains(t, complaints, "a package is there already")

	// Encrypted, for an outsider.
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	locked, _ := export(t, 0, append([]string{
		"--for", "outside", "--approval", "own-head:Li:2026-17", "--approval", "county-leader:Wang:2026-18", "--recipient", id.Recipient().String(),
	}, ask...)...)
	require.Equal(t, filepath.Join(away, last.Session+".tar.age"), locked.Package)
	require.Equal(t, strings.Fields(string(tool(t, "sha256sum", locked.Package)))[0], locked.SHA256)
	cipher, err := os.ReadFile(locked.Package)
	require.NoError(t, err)
	require.NotContains(t, string(cipher), last.Session, "nothing of it lies there in clear")
	verifiesAlone(t, filepath.Join(unpack(t, cipher, id), last.Session))
	_, err = age.Decrypt(bytes.NewReader(cipher), must(age.GenerateX25519Identity()))
	require.Error(t, err, "for its recipient alone")

	for _, dir := range last.Folders {
		now := tree(t, dir)
		journal := string(now["after/journal.jsonl"])
		for kind, n := range map[string]int{"export.requested": 3, "export.made": 2, "export.failed": 1} {
			require.Equal(t, n, strings.Count(journal, `"type":"`+kind+`"`), kind)
		}
		for _, words := range []string{
			"operator:0101", "the district court", "trial 2026-311", made.Note, locked.SHA256, id.Recipient().String(),
			`{"rank":"county-leader","name":"Wang","document":"2026-18"}`,
		} {
			require.Contains(t, journal, words)
		}
		delete(now, "after/journal.jsonl")
		require.Equal(t, before, now, "nothing else of the originals has changed")
	}
	requireWhole(t, last.Folders...)

	// A disk that lacks a part, as one that was away: the package has it from the other.
	require.NoError(t, os.Truncate(filepath.Join(last.Folders[0], segment), int64(len(before[segment])/2)))
	court = append([]string{"--for", "case", "--approval", "own-head:Li:2026-17"}, append([]string{"--to", t.TempDir()}, ask[2:]...)...)
	made, _ = export(t, 0, court...)
	require.Equal(t, verify.Incomplete, made.Verdict, "of that disk alone")
	verifiesAlone(t, made.Package)
	lies = tree(t, filepath.Join(made.Package, "recording", at))
	delete(lies, "after/journal.jsonl")
	require.Equal(t, before, lies, "byte for byte")
}

// unpack opens an encrypted package, as its recipient does.
func unpack(t *testing.T, cipher []byte, id age.Identity) (dir string) {
	t.Helper()
	plain, err := age.Decrypt(bytes.NewReader(cipher), id)
	require.NoError(t, err)
	dir = t.TempDir()
	archive := tar.NewReader(plain)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(h.Name))
		b, err := io.ReadAll(archive)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, h.Name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, h.Name), b, h.FileInfo().Mode()))
	}
}
