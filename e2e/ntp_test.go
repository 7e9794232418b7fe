package e2e

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ntpServer is a time server on loopback that can lie and fall silent (RFC 5905, mode 4, stratum 2).
type ntpServer struct {
	address string

	mu     sync.Mutex
	lie    func(now time.Time) time.Duration // added to the time that it tells
	silent bool
}

// newNTPServer runs one until the test ends.
func newNTPServer(t *testing.T) *ntpServer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	s := &ntpServer{address: conn.LocalAddr().String(), lie: func(time.Time) time.Duration { return 0 }}
	done := make(chan error, 1)
	go func() { done <- s.run(conn) }()
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.ErrorIs(t, <-done, net.ErrClosed)
	})
	return s
}

func (s *ntpServer) set(lie time.Duration, silent bool) {
	s.tells(func(time.Time) time.Duration { return lie }, silent)
}

// tells is set with a lie that changes with time.
func (s *ntpServer) tells(lie func(now time.Time) time.Duration, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lie, s.silent = lie, silent
}

func (s *ntpServer) run(conn *net.UDPConn) error {
	b := make([]byte, 512)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		s.mu.Lock()
		lie, silent := s.lie, s.silent
		s.mu.Unlock()
		now := time.Now()
		switch {
		case err != nil:
			return err
		case n < 48 || silent:
			continue
		}
		now = now.Add(lie(now))
		answer := make([]byte, 48)
		answer[0] = b[0]&0o70 | 4 // no leap second, the version that was asked in, server
		answer[1], answer[2], answer[3] = 2, b[2], 0xEC
		copy(answer[12:16], []byte{127, 127, 1, 1})
		stamp := ntpTime(now)
		binary.BigEndian.PutUint64(answer[16:], ntpTime(now.Add(-time.Second)))
		copy(answer[24:32], b[40:48])
		binary.BigEndian.PutUint64(answer[32:], stamp)
		binary.BigEndian.PutUint64(answer[40:], stamp)
		if _, err := conn.WriteToUDPAddrPort(answer, from); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
}

// ntpTime is an instant as 32 bits of seconds since 1900 and 32 bits of fraction.
func ntpTime(t time.Time) uint64 {
	const since1900 = 2208988800
	ns := uint64(t.Nanosecond())                                 //nolint:gosec // below 10^9
	return uint64(t.Unix()+since1900)<<32 | ns<<32/1_000_000_000 //nolint:gosec // this century
}
