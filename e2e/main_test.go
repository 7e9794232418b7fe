package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// built is where the programs under test are.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "roomrec-e2e")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			code = max(code, 1)
		}
		os.Exit(code)
	}))
}

// build makes the programs as users get them: pure Go, without the race detector, which would break
// every limit of time.
func build(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	began := time.Now()
	built = filepath.Join(dir, "bin")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", built+"/", "./cmd/roomrec", "./cmd/roomverify")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	fmt.Printf("programs built in %.1f s\n", time.Since(began).Seconds())
	// VLC runs as another user and must reach its clips.
	clips = filepath.Join(dir, "clips")
	return os.Chmod(dir, 0o755)
}

// took prints how long a step of a test took when it ends.
func took(t *testing.T, step string) func() {
	began := time.Now()
	return func() { t.Logf("%s: %.1f s", step, time.Since(began).Seconds()) }
}
