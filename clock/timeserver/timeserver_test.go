package timeserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/clock/clocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chronyd runs Debian's NTP server on loopback, its clock off by so much of what the host shows, and
// returns its address and what ends it. It sets no clock (-x).
func chronyd(t *testing.T, lie string) (address string, end func()) {
	t.Helper()
	for range 5 { // another program may take the port that was free
		if address, end, ok := tryChronyd(t, lie); ok {
			return address, end
		}
	}
	t.Fatal("chronyd did not answer")
	return "", nil
}

func tryChronyd(t *testing.T, lie string) (string, func(), bool) {
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.LocalAddr().(*net.UDPAddr).Port
	require.NoError(t, free.Close())
	dir := t.TempDir()
	conf := filepath.Join(dir, "chrony.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil,
		"port %d\nbindaddress 127.0.0.1\ncmdport 0\nlocal stratum 3\nallow 127.0.0.1\npidfile %s\n", port, filepath.Join(dir, "pid")), 0o600))
	me, err := user.Current()
	require.NoError(t, err)
	args := []string{"chronyd", "-x", "-d", "-U", "-u", me.Username, "-f", conf}
	if lie != "" {
		args = append([]string{"faketime", "-f", lie}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // faketime has chronyd as its child
	out, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = cmd.Stderr
	require.NoError(t, cmd.Start(), "the tests need the Debian packages chrony and faketime: make deps")
	var log []string
	var mu sync.Mutex
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			mu.Lock()
			log = append(log, lines.Text())
			mu.Unlock()
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	var once sync.Once
	end := func() {
		once.Do(func() {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-read
			_ = cmd.Wait()
		})
	}
	t.Cleanup(end)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 40 {
		if _, err = Ask(clock.NewSystem(), address); err == nil {
			return address, end, true
		}
		time.Sleep(50 * time.Millisecond) // a refused question returns at once
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("chronyd: %v; %q", err, log)
	return "", end, false
}

// judge is the trust in a host whose kernel says that all is well, by the servers.
func judge(w *Watch) clock.Trust {
	return clock.Judge{
		Read: func() (clock.Discipline, error) {
			return clock.Discipline{Synchronised: true, MaxError: time.Millisecond}, nil
		},
		Reference: w.Reference,
	}.Trust()
}

// Real servers on loopback: one that shows the host's time, and one that lies by three seconds. The
// worst measurement of several counts out a machine that was busy.
func TestZ23_RealServers(t *testing.T) {
	good, endGood := chronyd(t, "")
	liar, _ := chronyd(t, "+3s")
	third, _ := chronyd(t, "")
	ctx := t.Context()

	w := New(clock.NewSystem(), []string{good}, 0)
	w.Once(ctx)
	trust := judge(w)
	require.Equal(t, clock.Trusted, trust.State, "%v %v", trust, w.States())
	require.Empty(t, trust.Reasons)
	require.Less(t, trust.MaxError, time.Second)

	w = New(clock.NewSystem(), []string{liar}, 0)
	w.Once(ctx)
	trust = judge(w)
	require.Equal(t, clock.Untrusted, trust.State)
	require.Equal(t, clock.ReasonOffset, trust.Reasons[0].Code)
	require.InDelta(t, 3, w.Reference().Offset.Seconds(), 0.5)
	require.GreaterOrEqual(t, trust.MaxError, 2500*time.Millisecond, "the uncertainty says it")

	w = New(clock.NewSystem(), []string{good, liar}, 0)
	w.Once(ctx)
	trust = judge(w)
	require.Equal(t, clock.ReasonDisagree, trust.Reasons[0].Code)
	require.False(t, trust.OK())

	w = New(clock.NewSystem(), []string{good, liar, third}, 0)
	w.Once(ctx)
	trust = judge(w)
	require.True(t, trust.OK(), "most agree")
	require.Equal(t, []clock.Reason{{Code: clock.ReasonDissent, Detail: liar}}, trust.Reasons)

	w = New(clock.NewSystem(), []string{good}, 0)
	w.Once(ctx)
	endGood()
	for range clock.ServerPatience {
		w.Once(ctx)
	}
	trust = judge(w)
	require.True(t, trust.OK(), "the last answer holds for a while")
	require.Equal(t, []clock.Reason{{Code: clock.ReasonSilent, Detail: good}}, trust.Reasons)
	require.NotEmpty(t, w.States()[0].Err)
}

// Servers are asked again and again, a silent one more often, and Run ends with its context.
func TestWatch_Run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := clocktest.New(1_795_262_400e9)
		w := New(host, []string{"a", "b"}, time.Minute)
		asked := make(map[string]int)
		var mu sync.Mutex
		w.ask = func(_ context.Context, server string) (clock.Measurement, error) {
			mu.Lock()
			defer mu.Unlock()
			asked[server]++
			if server == "b" {
				return clock.Measurement{}, errors.New("no answer")
			}
			return clock.Measurement{At: host.Now(), Error: time.Millisecond}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		time.Sleep(10*time.Minute + time.Second)
		cancel()
		require.NoError(t, <-done)
		require.Equal(t, 11, asked["a"])
		require.Equal(t, 76, asked["b"])
		require.Equal(t, []clock.Reason{{Code: clock.ReasonOneSilent, Detail: "b"}}, judge(w).Reasons)
		require.Equal(t, []State{
			{Name: "a", Known: true, Error: time.Millisecond}, {Name: "b", Silent: true, Err: "no answer"},
		}, w.States())
	})
}

// A site that names no server asks none, and what runs beside it goes on.
func TestWatch_noServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- New(clocktest.New(0), nil, 0).Run(ctx) }()
		time.Sleep(time.Hour)
		require.Empty(t, done)
		cancel()
		require.NoError(t, <-done)
	})
}

// What comes back from the network is judged before it is believed.
func TestAsk_nonsense(t *testing.T) {
	for name, answer := range map[string][]byte{"nothing": {}, "short": make([]byte, 20), "zeros": make([]byte, 48)} {
		t.Run(name, func(t *testing.T) {
			server, err := net.ListenPacket("udp", "127.0.0.1:0")
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				buf := make([]byte, 100)
				_, from, err := server.ReadFrom(buf)
				if err == nil {
					_, _ = server.WriteTo(answer, from)
				}
			}()
			_, err = Ask(clock.NewSystem(), server.LocalAddr().String())
			require.ErrorContains(t, err, "time server 127.0.0.1:")
			require.NoError(t, server.Close())
			<-done
		})
	}
}
