package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"roomrec/evidence/journal"
)

// What a power cut leaves at the end of a file is a part of what was written there, or zeros where the
// file system had made room and the disk had not yet been given the bytes. Without a seal nobody can
// tell that from a hand that cut the file at the same place; it is called torn, and how much is whole
// is said.

// blank is what a disk writes whole or not at all, in bytes: so many zeros at a multiple of it were
// never written.
const blank = 512

// tornWithin is how far behind the end of what is whole the zeros begin at the latest: a fragment and
// its front are smaller.
const tornWithin = 8 << 20

// torn reports an end of a segment that a crash explains, and whether it does.
func (c *check) torn(path string, r io.ReaderAt, g *segment, size int64) (bool, error) {
	if !g.Torn.Cut {
		blanks, err := neverWritten(r, g.Whole, min(size, g.Whole+tornWithin))
		if err != nil || !blanks {
			return false, err
		}
	}
	c.finding(Finding{Verdict: Unsealed, File: path, Offset: g.Whole, What: fmt.Sprintf(
		"%d fragments, the first %d of %d bytes, are whole; what follows was not finished: %s", g.count, g.Whole, size, g.Torn.What)})
	return true, nil
}

// neverWritten reports whether the part of a file from … to holds a piece that a disk was never given:
// zeros, whole pieces of them or all that is left.
func neverWritten(r io.ReaderAt, from, to int64) (bool, error) {
	var zeros [blank]byte
	buf := make([]byte, 256*blank)
	for first := true; from < to; first = false {
		end := min(to, (from/int64(len(buf))+1)*int64(len(buf)))
		b := buf[:end-from]
		if _, err := r.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		for len(b) > 0 {
			n := min(int64(len(b)), blank-from%blank)
			last := from+n == to
			if bytes.Equal(b[:n], zeros[:n]) && (n == blank || first && last) {
				return true, nil
			}
			b, from, first = b[n:], from+n, false
		}
	}
	return false, nil
}

// tornLine reports a journal line that a crash explains, and whether it does: no line holds a zero.
func (c *check) tornLine(path string, r io.ReaderAt, le *journal.LineError, whole, size int64) (bool, error) {
	b := make([]byte, min(size-le.Offset, journal.MaxLine))
	if _, err := r.ReadAt(b, le.Offset); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if bytes.IndexByte(b, 0) < 0 {
		return false, nil
	}
	c.finding(Finding{Verdict: Unsealed, File: path, Offset: whole, Line: le.Line, What: fmt.Sprintf(
		"the first %d of %d bytes are whole lines; what follows was not finished", whole, size)})
	return true, nil
}
