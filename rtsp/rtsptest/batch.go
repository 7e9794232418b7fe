package rtsptest

import (
	"net"
	"sync"
	"time"
)

// A picture of many packets goes out in one system call: gortsplib writes each by itself, which would
// make 32 cameras dear for the machine that they are to test.
const (
	batchFrom = 1200     // shorter frames are not the middle of a picture
	batchMax  = 48 << 10 // bytes that wait at most
)

type batchListener struct{ net.Listener }

func (l batchListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &batchConn{Conn: c}, nil
}

// batchConn holds interleaved RTP packets back until the one with the marker. Everything else passes
// at once, after what is held.
type batchConn struct {
	net.Conn
	mu  sync.Mutex
	buf []byte
}

func (c *batchConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	middle := len(b) >= batchFrom && b[0] == '$' && b[1]%2 == 0 && b[5]&0x80 == 0
	if len(c.buf) == 0 && !middle {
		return c.Conn.Write(b)
	}
	c.buf = append(c.buf, b...)
	if middle && len(c.buf) < batchMax {
		return len(b), nil
	}
	_, err := c.Conn.Write(c.buf)
	c.buf = c.buf[:0]
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// SetWriteDeadline is called by gortsplib before every packet; once per batch is enough, and a viewer
// that takes nothing fills the write queue, which ends it.
func (c *batchConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.buf) > 0 {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}
