package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
