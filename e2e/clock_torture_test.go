//go:build torture

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/verify"
	"roomrec/rtsp/rtsptest"
	"roomrec/session"
)

// hostClock is the clock of the host as a program built for this test reads it: the real one, stepped,
// slewed and with a discipline on command. Slewing moves wall and monotonic time alike, as on Linux.
type hostClock struct {
	t       *testing.T
	file    string
	began   time.Time
	step    time.Duration // of wall time
	ppm     int64         // since began, of both
	synced  bool
	program string
	// The module that asks time servers keeps to the host's real clock, so its server tells the time shifted
	// the other way: what is measured is then what the stepped clock would measure.
	server *ntpServer
	lie    time.Duration
}

// tells sets what the time server says: the truth and so much more, or nothing.
func (c *hostClock) tells(lie time.Duration, silent bool) {
	c.lie = lie
	began, by, rate := c.began, lie-c.step, -float64(c.ppm)/1e6
	c.server.tells(func(now time.Time) time.Duration { return by + time.Duration(rate*float64(now.Sub(began))) }, silent)
}

// skewed is what the program's packages get instead of the host's clock.
const skewed = `
var skewAt, skewStep, skewPPM, skewSince, skewSynced atomic.Int64

func init() {
	readSkew() // nothing is done by another clock before it
	go func() {
		for ; ; time.Sleep(10 * time.Millisecond) {
			readSkew()
		}
	}()
}

func readSkew() {
	b, err := os.ReadFile(os.Getenv("ROOMREC_TEST_CLOCK"))
	var step, ppm, since, synced int64
	if err != nil {
		return
	}
	if n, _ := fmt.Sscan(string(b), &step, &ppm, &since, &synced); n == 4 {
		skewStep.Store(step)
		skewPPM.Store(ppm)
		skewSince.Store(since)
		skewSynced.Store(synced)
	}
}

// skewNow returns the wall time, and how much of its skew is slew.
func skewNow(now time.Time) (wall time.Time, slew time.Duration) {
	if skewSince.Load() != 0 {
		slew = time.Duration(now.UnixNano()-skewSince.Load()) / 1000 * time.Duration(skewPPM.Load()) / 1000
	}
	return now.Add(slew + time.Duration(skewStep.Load())), slew
}
`

// newHostClock builds the program anew with its clock in the test's hand. Nothing of the sources changes.
func newHostClock(t *testing.T, ppm int64, server *ntpServer) *hostClock {
	t.Helper()
	dir := t.TempDir()
	c := &hostClock{t: t, file: filepath.Join(dir, "clock"), began: time.Now(), ppm: ppm, synced: true, program: filepath.Join(dir, "roomrec"), server: server}
	c.set(0, true)
	replace := make(map[string]string)
	edit := func(file string, edits ...string) {
		b := must(os.ReadFile(file))
		text := string(b)
		for i := 0; i < len(edits); i += 2 {
			require.Equal(t, 1, strings.Count(text, edits[i]), "%s: %s", file, edits[i])
			text = strings.Replace(text, edits[i], edits[i+1], 1)
		}
		name := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		replace[must(filepath.Abs(file))] = name
	}
	edit("../clock/clock.go",
		"\t\"math\"\n", "\t\"math\"\n\t\"os\"\n\t\"sync/atomic\"\n",
		"\tnow := time.Now()\n\treturn Stamp{Wall: WallOf(now), Mono: s.mono.Add(now.Sub(s.origin))}\n}\n",
		"\tnow := time.Now()\n\twall, slew := skewNow(now)\n\treturn Stamp{Wall: WallOf(wall), Mono: s.mono.Add(now.Sub(s.origin) + slew)}\n}\n"+skewed)
	edit("../clock/trust.go", "func KernelDiscipline() (Discipline, error) {\n",
		"func KernelDiscipline() (Discipline, error) {\n\tif skewSince.Load() != 0 {\n\t\treturn Discipline{Synchronised: skewSynced.Load() == 1, MaxError: 10 * time.Millisecond}, nil\n\t}\n")
	overlay := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, must(json.Marshal(map[string]any{"Replace": replace})), 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", c.program, "./cmd/roomrec")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	defer took(t, "program with a clock on command")()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return c
}

// set steps the clock to so much before or after the truth, and says whether it is kept right.
func (c *hostClock) set(step time.Duration, synced bool) {
	c.t.Helper()
	c.step, c.synced = step, synced
	one := 0
	if synced {
		one = 1
	}
	next := c.file + "-next"
	require.NoError(c.t, os.WriteFile(next, fmt.Appendf(nil, "%d %d %d %d\n", step, c.ppm, c.began.UnixNano(), one), 0o600))
	require.NoError(c.t, os.Rename(next, c.file))
	c.tells(c.lie, false)
}

// starts makes the program the one that was built here.
func (c *hostClock) starts() option {
	return func(p *program) {
		p.cmd.Path = c.program
		p.cmd.Env = append(p.cmd.Env, "ROOMREC_TEST_CLOCK="+c.file)
	}
}

// wrongAtTheFirstStart: a host whose clock was never set makes no key by it, and says what to do; when it is set the
// first start makes one. Later a wrong clock keeps nobody from starting.
func (c *hostClock) wrongAtTheFirstStart() {
	t, host := c.t, c
	t.Helper()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": camera()})
	state, disk := t.TempDir(), t.TempDir()
	start := []string{"record", "--camera", "front=" + cameras.URL("a"), "--to", disk, "--for", "1s", "--state-dir", state}
	key := filepath.Join(state, "seal.key")
	for _, at := range []time.Time{time.Date(1970, 1, 1, 0, 10, 0, 0, time.UTC), time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)} {
		host.set(time.Until(at), false)
		code, out, complaints := run(t, start, host.starts())
		require.Equal(t, 2, code, complaints)
		require.Contains(t, complaints, "the host's clock is wrong: it says "+at.Format("2006-01-02"))
		require.Contains(t, complaints, "set it, then start again: no key is made before that")
		require.Empty(t, out)
		require.NoFileExists(t, key)
		require.NoFileExists(t, key+".pub")
		require.Empty(t, must(filepath.Glob(filepath.Join(disk, "*", "*", "*"))), "nothing is recorded by it")
	}
	host.set(0, true)
	code, _, complaints := run(t, start, host.starts())
	require.Zero(t, code, complaints)
	made := must(os.ReadFile(key))
	host.set(time.Until(time.Date(1970, 1, 1, 0, 10, 0, 0, time.UTC)), false)
	code, _, complaints = run(t, start, host.starts())
	require.Zero(t, code, complaints)
	require.Equal(t, made, must(os.ReadFile(key)))
	host.set(0, true)
}

// TestTortureClockOfTheRunningProgram: a clock that is wrong at the first start is refused. During one session the
// host's clock, which runs 500 ppm fast all along, is stepped by an hour either way, loses its discipline, and the
// site's time server lies by 3 s and is gone. Each is an alarm of its own; no shown time repeats, runs back or leaves
// a second out; the seal says how far the clock was off.
func TestTortureClockOfTheRunningProgram(t *testing.T) {
	t.Parallel()
	ntp := newNTPServer(t)
	host := newHostClock(t, 500, ntp)
	host.wrongAtTheFirstStart()
	station := newStation(t)
	settings := string(must(os.ReadFile(station.config)))
	settings = strings.Replace(settings, "clock: {source: local, limit: 1m}", fmt.Sprintf("clock: {source: ntp, limit: 1s, servers: [%q], poll: 1s}", ntp.address), 1)
	require.Contains(t, settings, "source: ntp")
	require.NoError(t, os.WriteFile(station.config, []byte(settings), 0o600))
	s := open(t, []string{"serve", "--config", station.config}, host.starts())
	require.True(t, s.until("a clock that is trusted", "room3", patience, func(r session.RoomView) bool { return r.Clock.Trusted }).Clock.Trusted)
	id := s.begin("room3")
	began := time.Now()

	// goesOn waits until what is safe has advanced by a few seconds: nothing stands still.
	goesOn := func() {
		first := s.room("room3").Session.SafeAt
		s.until("some more seconds", "room3", patience, func(r session.RoomView) bool {
			return r.Session.SafeAt.Time().Sub(first.Time()) > 3*time.Second
		})
	}
	goesOn()
	for _, step := range []time.Duration{time.Hour, 0, -time.Hour, 0} {
		host.set(step, true)
		s.clockFault("room3", "offset", step != 0, patience)
		goesOn()
	}
	host.set(0, false)
	s.clockFault("room3", "unsynchronised", true, patience)
	host.set(0, true)
	s.clockFault("room3", "unsynchronised", false, patience)
	host.tells(3*time.Second, false)
	s.clockFault("room3", "offset", true, patience)
	host.tells(0, true)
	s.clockFault("room3", "silent", true, copyPatience)
	host.tells(0, false)
	s.clockFault("room3", "silent", false, copyPatience)
	s.clockFault("room3", "drift", true, 6*time.Minute)

	folder, st := s.sealedFolder(station, id)
	lasted := time.Since(began)
	require.False(t, st.Clock.Trusted)
	require.GreaterOrEqual(t, st.Clock.Uncertainty, time.Hour-time.Minute, "the report says how far the clock was off")
	all := strings.Join(st.Clock.Reasons, "\n")
	for _, want := range []string{"the time servers say that the clock may be off by", "no time server keeps the clock right", "no time server answers", "ppm fast by the time servers"} {
		require.Contains(t, all, want)
	}
	require.GreaterOrEqual(t, journalled(t, folder, `"clock.stepped"`), 4, "each step is on record")
	for _, reason := range []string{"offset", "unsynchronised", "silent", "drift"} {
		require.Positive(t, journalled(t, folder, `"clock.untrusted"`, `"`+reason+`"`), reason)
	}
	var first, last clock.Wall
	for _, file := range segments(t, folder, "room3", "front") {
		checkTimeText(t, file)
		for _, f := range scan(t, file).Fragments {
			// Equal where a fragment holds the sound alone and the pictures of its time come in the next.
			require.GreaterOrEqual(t, f.Start.Wall, last, "%s: time runs back", file)
			require.GreaterOrEqual(t, f.End.Wall, f.Start.Wall)
			last = f.Start.Wall
			if first == 0 {
				first = last
			}
		}
	}
	require.InDelta(t, lasted.Seconds(), last.Time().Sub(first.Time()).Seconds(), 600, "a step of the host's clock moved the session's time")
	_, report := judge(t, folder)
	// A machine that is busy may have lost a picture, and says so; a clock is no gap.
	require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps}, report.Folders[0].Verdict)
	require.False(t, *report.Folders[0].ClockTrusted)
	require.Equal(t, st.Clock.Reasons, report.Folders[0].ClockReasons)
	_, text, _ := run(t, []string{"verify", folder})
	require.Contains(t, text, "clock not trusted: ")
	require.Equal(t, st.Clock.Uncertainty, s.record(id).Seal.Uncertainty, "the session's page says it as well")
	require.Contains(t, s.text("/sessions/"+id+"/certificate"), fmt.Sprintf("±%.1f s", math.Ceil(st.Clock.Uncertainty.Seconds()*10)/10), "and the paper to sign")
}
