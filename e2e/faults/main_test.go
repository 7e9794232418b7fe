package faults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/faultdisk"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
)

// atOnce is how many of these tests run together: they wait more than they work.
const atOnce = "5"

var (
	program string            // the roomrec under test
	cameras map[string]string // addresses of two cameras that never fail, by name
)

func TestMain(m *testing.M) {
	if faultdisk.Main() || cameraMain() {
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "roomrec-faults")
	if err == nil {
		program = filepath.Join(dir, "roomrec")
		err = build(program)
	}
	ctx, stop := context.WithCancel(context.Background())
	var server *rtsptest.Server
	if err == nil {
		server, err = rtsptest.Serve(ctx, "127.0.0.1:0", map[string]*rtsptest.Stream{"front": newFront(), "room": newRoom()})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
	cameras = map[string]string{"front": server.URL("front"), "room": server.URL("room")}
	goleak.VerifyTestMain(closing{m, func() { stop(); server.Close() }}, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
			code = max(code, 1)
		}
		report()
		os.Exit(code)
	}))
}

// closing runs tests and then stops what they shared.
type closing struct {
	*testing.M
	stop func()
}

func (c closing) Run() int {
	code := c.M.Run()
	c.stop()
	return code
}

// build makes the program as users get it: pure Go, without the race detector, which would break every
// limit of time.
func build(to string, flags ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", to}, flags...), "./cmd/roomrec")...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	return nil
}

// newFront returns a frontal camera with H.264 and AAC, newRoom one of the room with H.264 and G.711.
func newFront() *rtsptest.Stream {
	clk := clock.NewSystem()
	return &rtsptest.Stream{Live: true, Sources: []rtsptest.Source{
		testcard.NewVideo(testcard.Options{Scene: testcard.Front, Card: 1, KeyEvery: 25, Clock: clk}),
		testcard.NewSpeech(testcard.SoundOptions{Clock: clk}),
	}}
}

func newRoom() *rtsptest.Stream {
	clk := clock.NewSystem()
	return &rtsptest.Stream{Live: true, Sources: []rtsptest.Source{
		testcard.NewVideo(testcard.Options{Scene: testcard.Room, Card: 2, KeyEvery: 25, Clock: clk}),
		testcard.NewRoomTone(testcard.SoundOptions{Clock: clk}),
	}}
}

// cameraEnv tells a test binary to be a camera that can be killed.
const cameraEnv = "ROOMREC_FAULTS_CAMERA"

// cameraMain serves the frontal camera until it is killed or its standard input ends.
func cameraMain() bool {
	if os.Getenv(cameraEnv) == "" {
		return false
	}
	server, err := rtsptest.Serve(context.Background(), os.Getenv(cameraEnv), map[string]*rtsptest.Stream{"front": newFront()})
	if err != nil {
		fmt.Fprintln(os.Stderr, "camera:", err)
		os.Exit(1)
	}
	fmt.Println(server.URL("front"))
	_, _ = os.Stdin.Read(make([]byte, 1)) // its end is all that is waited for
	return true
}

// The table of what was measured, printed at the end.
var (
	tableMu sync.Mutex
	table   []string
)

func measured(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf("%-42s %s", strings.TrimPrefix(t.Name(), "Test"), fmt.Sprintf(format, args...))
	t.Log(line)
	tableMu.Lock()
	defer tableMu.Unlock()
	table = append(table, line)
}

func report() {
	tableMu.Lock()
	defer tableMu.Unlock()
	if len(table) > 0 {
		fmt.Println("\nfrom the fault to Locked, and what else was measured:")
		fmt.Println("  " + strings.Join(table, "\n  "))
	}
}
