package verify

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// large returns a session of one run of that many fragments of a second, of about 1 MB.
func large(t testing.TB, key seal.Key, seconds int) *session {
	return lasting(t, key, seconds, 200_000)
}

// lasting returns one with that many bytes five times in each second.
func lasting(t testing.TB, key seal.Key, seconds, payload int) *session {
	t.Helper()
	s := makeSession(t, "20261122-140307-7f2k", key, false)
	s.s.Runs, s.s.Cameras, s.files = nil, nil, map[string][]byte{}
	s.chain = journal.NewChain(journal.Head{})
	s.line(1, journal.Entry{Type: "session.opened", Actor: "x"})
	s.first = seal.SHA256(s.files["journal-0001.jsonl"])
	s.payload = payload
	var segments []int
	for left := seconds; left > 0; left -= 300 {
		segments = append(segments, min(left, 300))
	}
	s.run("suspect", 1, 0, "closing", segments...)
	s.s.Sealed = instant(time.Duration(seconds) * time.Second)
	s.seal()
	return s
}

// mostMemory is what a verification may take, for any size, in bytes.
const mostMemory = 64 << 20

// checker builds the checker for a court as it is shipped.
func checker(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "roomverify")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "roomrec/cmd/roomverify")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// peak has the checker judge a session, which it must end with that code, and returns the most memory that it
// took, in bytes.
func peak(t *testing.T, bin string, s *session, code int) int64 {
	t.Helper()
	dir := s.write()
	// The kernel counts the memory of who started a program as the program's own: a small one starts it.
	said, err := exec.CommandContext(t.Context(), "python3", "-c", `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`, bin, dir).Output()
	require.NoError(t, err)
	var exit, kib int64
	_, err = fmt.Sscan(string(said), &exit, &kib)
	require.NoError(t, err)
	require.EqualValues(t, code, exit)
	require.NoError(t, os.RemoveAll(dir))
	return kib << 10
}

// The checker for a court is one file that needs nothing: static, under 10 MB. It takes no more memory for
// more hours.
func TestCheckerIsOneSmallFileAndTakesLittleMemory(t *testing.T) {
	bin := checker(t)
	info, err := os.Stat(bin)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(10_000_000))
	program, err := elf.Open(bin)
	require.NoError(t, err)
	defer func() { require.NoError(t, program.Close()) }()
	libraries, err := program.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
	for _, p := range program.Progs {
		require.NotEqual(t, elf.PT_INTERP, p.Type, "it is loaded by nothing else")
	}

	key := newKey(t)
	memory := func(seconds, code int, sealed bool) int64 {
		s := large(t, key, seconds)
		if !sealed {
			delete(s.files, seal.FileName)
		}
		return peak(t, bin, s, code)
	}
	for _, sealed := range []bool{true, false} {
		code := 0
		if !sealed {
			code = 1
		}
		short, long := memory(10, code, sealed), memory(150, code, sealed)
		require.Less(t, long, int64(mostMemory), "for 150 s")
		require.Less(t, long-short, int64(16<<20), "it does not grow with the size: %d bytes for 10 s, %d for 150 s", short, long)
	}
}
