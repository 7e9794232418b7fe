package verify

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// BenchmarkVerifyBesideSHA256Sum has the program for a court and sha256sum read the same session in turn, and
// reports the share of sha256sum's speed, of the best of each, and the program's peak memory.
func BenchmarkVerifyBesideSHA256Sum(b *testing.B) {
	program := filepath.Join(b.TempDir(), "roomverify")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", program, "./cmd/roomverify")
	build.Dir = filepath.Join("..", "..")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)

	s := newSession(b, "20261122-140307-7f2k")
	s.s.Runs, s.files = nil, map[string][]byte{}
	s.chain = journal.NewChain(journal.Head{})
	s.line(1, journal.Entry{Type: "session.opened", Actor: "x"})
	s.first = seal.SHA256(s.files["journal-0001.jsonl"])
	s.payload = 100_000
	s.run("suspect", 1, 0, "closing", 240)
	s.seal()
	dir := s.write()
	size := int64(0)
	for _, f := range s.files {
		size += int64(len(f))
	}
	var best [2]time.Duration
	read := func(i int, name string, args ...string) {
		cmd := exec.CommandContext(b.Context(), name, args...)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		took := time.Since(began)
		require.NoError(b, err, "%s", out)
		if best[i] == 0 || took < best[i] {
			best[i] = took
		}
	}
	files := paths(b, dir)
	b.SetBytes(size)
	for b.Loop() {
		read(0, program, dir)
		read(1, "sha256sum", files...)
	}
	said, err := exec.CommandContext(b.Context(), "python3", "-c", `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`, program, dir).Output() // small itself, as in the test of the size
	require.NoError(b, err)
	var code, kib int64
	_, err = fmt.Sscan(string(said), &code, &kib)
	require.NoError(b, err)
	require.Zero(b, code)
	b.ReportMetric(best[1].Seconds()/best[0].Seconds(), "of-sha256sum")
	b.ReportMetric(float64(kib)/1024, "peak-MiB")
	require.LessOrEqual(b, kib, int64(64<<10), "whatever the size")
}
