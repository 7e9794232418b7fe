package rtsp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"

	"roomrec/clock"
)

const (
	udpBuffer  = 1 << 20 // asked of the kernel, which may give less
	maxUDP     = 2048    // a datagram longer than an Ethernet frame is not a camera's
	firstPort  = 10000
	portTries  = 64
	punchBytes = 12
)

// sockets is a pair of UDP ports: packets of the medium, and reports.
type sockets struct {
	rtp, rtcp *net.UDPConn
	from      net.IP // whose datagrams count
	peer      *net.UDPAddr
	peerRTCP  *net.UDPAddr
	wg        sync.WaitGroup
}

// listenUDP opens an even port and the odd one after it (RFC 3550, 11).
func listenUDP(network string) (*sockets, error) {
	var last error
	for range portTries {
		n, err := rand.Int(rand.Reader, big.NewInt((65534-firstPort)/2))
		if err != nil {
			return nil, err
		}
		port := firstPort + 2*int(n.Int64())
		a, err := net.ListenUDP(network, &net.UDPAddr{Port: port})
		if err != nil {
			last = err
			continue
		}
		b, err := net.ListenUDP(network, &net.UDPAddr{Port: port + 1})
		if err != nil {
			_ = a.Close() // never used
			last = err
			continue
		}
		s := &sockets{rtp: a, rtcp: b}
		_ = s.rtp.SetReadBuffer(udpBuffer) // less is counted as loss, if it matters
		return s, nil
	}
	return nil, fmt.Errorf("no two free UDP ports in a row: %w", last)
}

// joinGroup opens a multicast group's ports on the interface that the camera is reached by.
func joinGroup(local, group net.IP, ports [2]int) (*sockets, error) {
	ifi, err := interfaceOf(local)
	if err != nil {
		return nil, err
	}
	a, err := net.ListenMulticastUDP("udp", ifi, &net.UDPAddr{IP: group, Port: ports[0]})
	if err != nil {
		return nil, err
	}
	b, err := net.ListenMulticastUDP("udp", ifi, &net.UDPAddr{IP: group, Port: ports[1]})
	if err != nil {
		_ = a.Close() // never used
		return nil, err
	}
	_ = a.SetReadBuffer(udpBuffer) // less is counted as loss, if it matters
	return &sockets{rtp: a, rtcp: b}, nil
}

func interfaceOf(ip net.IP) (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for i := range all {
		addrs, err := all[i].Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
				return &all[i], nil
			}
		}
	}
	return nil, errors.New("no network interface has the address that the camera is reached from")
}

func (s *sockets) port() int { return s.rtp.LocalAddr().(*net.UDPAddr).Port }

// punch sends empty packets, so that a firewall between lets the camera's in.
func (s *sockets) punch() {
	if s.peer == nil {
		return
	}
	empty := make([]byte, punchBytes)
	empty[0] = 0x80
	_, _ = s.rtp.WriteToUDP(empty, s.peer) // where it matters, silence follows and is reported
	_, _ = s.rtcp.WriteToUDP([]byte{0x80, 201, 0, 1, 0, 0, 0, 0}, s.peerRTCP)
}

// start reads both ports until close.
func (s *sockets) start(clk clock.Source, rtp, rtcp func(b []byte, at clock.Stamp)) {
	s.wg.Add(2)
	go s.read(s.rtp, clk, rtp)
	go s.read(s.rtcp, clk, rtcp)
}

func (s *sockets) read(c *net.UDPConn, clk clock.Source, take func(b []byte, at clock.Stamp)) {
	defer s.wg.Done()
	buf := make([]byte, maxUDP)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP answer to one of ours; silence is detected elsewhere
		}
		if s.from == nil || s.from.Equal(from.Addr().Unmap().AsSlice()) {
			take(buf[:n], clk.Now())
		}
	}
}

func (s *sockets) close() {
	_, _ = s.rtp.Close(), s.rtcp.Close() // nothing is written that could be lost
	s.wg.Wait()
}
