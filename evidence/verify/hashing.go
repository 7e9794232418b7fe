package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"roomrec/evidence/seal"
)

// hashing reads a file and hashes it on the way: whoever reads it from the beginning to the end
// without leaving out anything has hashed all of it with one read of each byte. The hash of the file is
// computed beside whatever the reader does with the bytes, as hashing its fragments.
type hashing struct {
	ctx   context.Context
	r     io.ReaderAt
	meter *meter
	at    int64 // everything before is hashed, or is on its way to be

	sum  hash.Hash   // owned by the hasher's goroutine while one runs
	work chan []byte // to it; nil without one
	free chan []byte // back from it
	done chan struct{}
}

// Two pieces are on the way at most; with both filled the reader waits for the hasher.
const (
	pieces    = 2
	pieceSize = 256 << 10 // bytes
)

func newHashing(ctx context.Context, r io.ReaderAt, m *meter) *hashing {
	return &hashing{ctx: ctx, r: r, meter: m, sum: sha256.New()}
}

func (h *hashing) ReadAt(p []byte, off int64) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := h.r.ReadAt(p, off)
	if end := off + int64(n); off <= h.at && end > h.at {
		h.write(p[h.at-off : n])
		h.meter.add(int(end - h.at))
		h.at = end
	}
	return n, err
}

// write hands bytes over to be hashed.
func (h *hashing) write(p []byte) {
	if h.work == nil {
		h.start()
	}
	for len(p) > 0 {
		b := <-h.free
		n := copy(b[:pieceSize], p)
		p = p[n:]
		h.work <- b[:n]
	}
}

// start starts the hasher, which ends with settle.
func (h *hashing) start() {
	h.work, h.free, h.done = make(chan []byte, pieces), make(chan []byte, pieces), make(chan struct{})
	for range pieces {
		h.free <- make([]byte, pieceSize)
	}
	go func() {
		defer close(h.done)
		for b := range h.work {
			h.sum.Write(b)
			h.free <- b
		}
	}()
}

// settle waits until everything is hashed. Whoever made h calls it at the end.
func (h *hashing) settle() {
	if h.work == nil {
		return
	}
	close(h.work)
	<-h.done
	h.work = nil
}

// digest returns the hash of what was read since the beginning or the last digest, and begins anew.
func (h *hashing) digest() (d seal.Hash) {
	h.settle()
	h.sum.Sum(d[:0])
	h.sum.Reset()
	return d
}

// through hashes on to the place end.
func (h *hashing) through(end int64) error {
	buf := make([]byte, pieceSize)
	for h.at < end {
		n := min(int64(len(buf)), end-h.at)
		got, err := h.ReadAt(buf[:n], h.at)
		if int64(got) < n {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
