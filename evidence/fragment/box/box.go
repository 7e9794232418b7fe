// Package box writes and reads the boxes that ISO/IEC 14496-12 files are made of. Writing appends to
// one slice and patches sizes afterwards, so that a fragment costs one buffer; reading never trusts a
// length that it was given.
package box

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// HeaderSize is the size in bytes of a box header with a 32-bit size, the only form written here.
const HeaderSize = 8

// Builder appends boxes and fields, all of them big-endian, to B.
type Builder struct{ B []byte }

// Begin opens a box of the four-character type kind and returns its place for End.
func (b *Builder) Begin(kind string) int {
	at := len(b.B)
	b.B = append(b.B, 0, 0, 0, 0, kind[0], kind[1], kind[2], kind[3])
	return at
}

// BeginFull opens a box that starts with a version and 24 bits of flags.
func (b *Builder) BeginFull(kind string, version byte, flags uint32) int {
	at := b.Begin(kind)
	b.U32(uint32(version)<<24 | flags&0xFFFFFF)
	return at
}

// End closes the box opened at the place at.
func (b *Builder) End(at int) { b.Put32(at, uint32(len(b.B)-at)) }

// U8 appends one byte.
func (b *Builder) U8(v uint8) { b.B = append(b.B, v) }

// U16 appends 16 bits.
func (b *Builder) U16(v uint16) { b.B = binary.BigEndian.AppendUint16(b.B, v) }

// U32 appends 32 bits.
func (b *Builder) U32(v uint32) { b.B = binary.BigEndian.AppendUint32(b.B, v) }

// U64 appends 64 bits.
func (b *Builder) U64(v uint64) { b.B = binary.BigEndian.AppendUint64(b.B, v) }

// I64 appends 64 bits in two's complement.
func (b *Builder) I64(v int64) { b.U64(uint64(v)) }

// Bytes appends p as it is.
func (b *Builder) Bytes(p ...byte) { b.B = append(b.B, p...) }

// Zero appends n zero bytes.
func (b *Builder) Zero(n int) {
	for range n {
		b.B = append(b.B, 0)
	}
}

// Text appends s as it is.
func (b *Builder) Text(s string) { b.B = append(b.B, s...) }

// Text16 appends s after its length in bytes as 16 bits; what is beyond 65,535 bytes is cut off.
func (b *Builder) Text16(s string) {
	if len(s) > math.MaxUint16 {
		s = s[:math.MaxUint16]
	}
	b.U16(uint16(len(s)))
	b.Text(s)
}

// Put32 overwrites the 32 bits at the place at.
func (b *Builder) Put32(at int, v uint32) { binary.BigEndian.PutUint32(b.B[at:], v) }

// ErrShort says that a field or a box reaches beyond what holds it.
var ErrShort = errors.New("reaches beyond the end of what holds it")

// Header is a box's size, header included, and type.
type Header struct {
	Kind string
	Size int64
	Body int // size of the header in bytes: 8, or 16 with a 64-bit size
}

// ParseHeader reads a box header at the start of p. A size of 0 ("to the end of the file") and one
// smaller than the header are refused.
func ParseHeader(p []byte) (Header, error) {
	if len(p) < HeaderSize {
		return Header{}, ErrShort
	}
	h := Header{Kind: string(p[4:8]), Size: int64(binary.BigEndian.Uint32(p)), Body: HeaderSize}
	if h.Size == 1 {
		if len(p) < 16 {
			return Header{}, ErrShort
		}
		large := binary.BigEndian.Uint64(p[8:])
		if large > math.MaxInt64 {
			return Header{}, fmt.Errorf("box %q has the impossible size %d", h.Kind, large)
		}
		h.Size, h.Body = int64(large), 16
	}
	if h.Size < int64(h.Body) {
		return Header{}, fmt.Errorf("box %q has the impossible size %d", h.Kind, h.Size)
	}
	return h, nil
}

// Reader reads fields from P. The first read beyond the end sets the error and every later one
// yields zero.
type Reader struct {
	P   []byte
	err error
}

// Err returns ErrShort if anything was read beyond the end.
func (r *Reader) Err() error { return r.err }

// Len returns the number of bytes not read yet.
func (r *Reader) Len() int { return len(r.P) }

// Take returns the next n bytes, nil if there are fewer.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.P) {
		r.err, r.P = ErrShort, nil
		return nil
	}
	p := r.P[:n:n]
	r.P = r.P[n:]
	return p
}

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	if p := r.Take(1); p != nil {
		return p[0]
	}
	return 0
}

// U16 reads 16 bits.
func (r *Reader) U16() uint16 {
	if p := r.Take(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

// U32 reads 32 bits.
func (r *Reader) U32() uint32 {
	if p := r.Take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

// U64 reads 64 bits.
func (r *Reader) U64() uint64 {
	if p := r.Take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// I64 reads 64 bits in two's complement.
func (r *Reader) I64() int64 { return int64(r.U64()) }

// Text16 reads what [Builder.Text16] wrote.
func (r *Reader) Text16() string { return string(r.Take(int(r.U16()))) }

// Full reads a version and 24 bits of flags.
func (r *Reader) Full() (version byte, flags uint32) {
	v := r.U32()
	return byte(v >> 24), v & 0xFFFFFF
}

// Next reads the next box and returns its type and what is in it.
func (r *Reader) Next() (kind string, body Reader, err error) {
	h, err := ParseHeader(r.P)
	if err != nil {
		return "", Reader{}, err
	}
	if h.Size > int64(len(r.P)) {
		return h.Kind, Reader{}, fmt.Errorf("box %q: %w", h.Kind, ErrShort)
	}
	p := r.Take(int(h.Size))
	return h.Kind, Reader{P: p[h.Body:]}, nil
}
