package evidence

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Pool bounds the payload that all cameras together keep in memory until it is acknowledged.
type Pool struct {
	mu         sync.Mutex
	used, size int64
}

// NewPool returns a pool of size bytes; 0 is the lesser of 2 GiB and a quarter of the host's memory.
func NewPool(size int64) *Pool {
	if size <= 0 {
		size = 2 << 30
		var info unix.Sysinfo_t
		if err := unix.Sysinfo(&info); err == nil {
			size = min(size, int64(info.Totalram)*int64(info.Unit)/4)
		}
	}
	return &Pool{size: size}
}

// Used returns how many bytes are kept.
func (p *Pool) Used() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// take asks for n bytes and reports whether there was room.
func (p *Pool) take(n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used+n > p.size {
		return false
	}
	p.used += n
	return true
}

func (p *Pool) give(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used -= n
}

// buffer is the bytes of one fragment, shared by its volumes and the camera, and used again when all
// of them have let go. A volume whose disk hangs never does.
type buffer struct {
	b    []byte
	refs atomic.Int32
}

// buffers of all cameras: those that are not in use are the garbage collector's to free.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

// newBuffer returns a buffer with one reference.
func newBuffer() *buffer {
	b, ok := buffers.Get().(*buffer)
	if !ok {
		b = new(buffer)
	}
	b.b = b.b[:0]
	b.refs.Store(1)
	return b
}

func (b *buffer) retain() { b.refs.Add(1) }

// release lets go of one reference.
func (b *buffer) release() {
	if b.refs.Add(-1) == 0 {
		buffers.Put(b)
	}
}
