package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLivezFailsWhenTheLoopStandsStill: /livez answers by the loop that feeds the watchdog, not by the server alone.
func TestLivezFailsWhenTheLoopStandsStill(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/systemd/roomrec.service")
	require.NoError(t, err)
	require.Contains(t, string(unit), fmt.Sprintf("\nWatchdogSec=%.0f\n", watchdog.Seconds()), "both say the same")
	st := idleStation(t)
	asked := func() (int, string) {
		w := httptest.NewRecorder()
		st.alive(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/livez", nil))
		return w.Code, w.Body.String()
	}
	is := func(want int) string {
		t.Helper()
		code, said := asked()
		require.Equal(t, want, code, said)
		return said
	}
	is(http.StatusOK) // it begins
	st.beat()
	is(http.StatusOK)
	st.beaten.Store(int64(st.clock.Now().Mono.Add(-watchdog / 2))) // as if it had stood still since
	is(http.StatusOK)
	st.beaten.Store(int64(st.clock.Now().Mono.Add(-2 * watchdog)))
	require.Regexp(t, `has stood still for \d+ s`, is(http.StatusServiceUnavailable))
	st.beat()
	is(http.StatusOK)
}

// TestReadyzNamesWhatIsMissing: the short answer names the rooms, the long one everything that was looked at.
func TestReadyzNamesWhatIsMissing(t *testing.T) {
	st := idleStation(t) // its cameras are not asked
	asked := func(path string) (int, string) {
		w := httptest.NewRecorder()
		st.ready(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil))
		return w.Code, w.Body.String()
	}
	code, said := asked("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "not fit to record: room-1\n", said)
	code, said = asked("/readyz?verbose")
	require.Equal(t, http.StatusServiceUnavailable, code)
	for _, want := range []string{"[-]room room-1: not fit: ", "[-]camera room-1/front: connected false", "[+]volume ", "]clock: trusted ", "[+]key: usable true", "\nnot ready\n"} {
		require.Contains(t, said, want)
	}
}

// TestSystemdHearsOfTheService runs the loop that looks at everything and reads what systemd would.
func TestSystemdHearsOfTheService(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, socket.Close()) })
	t.Setenv("NOTIFY_SOCKET", name)
	st := idleStation(t)
	st.supervised = underSystemd()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- st.status(ctx) }()
	hear := func() string {
		b := make([]byte, 4096)
		require.NoError(t, socket.SetReadDeadline(time.Now().Add(time.Minute)))
		n, err := socket.Read(b)
		require.NoError(t, err)
		return string(b[:n])
	}
	first, second := hear(), hear()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Contains(t, strings.Split(first, "\n"), "READY=1", "two volumes take recordings")
	require.Contains(t, strings.Split(first, "\n"), "WATCHDOG=1")
	require.Contains(t, strings.Split(second, "\n"), "WATCHDOG=1")
	require.NotContains(t, second, "READY", "once")
	require.Contains(t, second, "STATUS=0 of 1 rooms can record or do, 2 of 2 volumes take it")
}
