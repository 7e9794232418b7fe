package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// Content is what a journal file was found to hold.
type Content struct {
	// Head is the end of the chain after the last whole line; Lines is how many whole lines the
	// file has.
	Head  Head
	Lines int
	// Whole is the length in bytes of the lines that follow one another, and its hash.
	Whole       int64
	WholeSHA256 Hash
	// Rest is the length in bytes of what follows them, and its hash. A rest without a newline is
	// the torn last line that a power cut may leave.
	Rest       int64
	RestSHA256 Hash
	// Fault says why the rest is more than a torn last line; nil if it is none or only torn. It is
	// a [*LineError].
	Fault error
}

// Torn reports whether the file ends in a torn line and is otherwise good.
func (c *Content) Torn() bool { return c.Rest > 0 && c.Fault == nil }

// Found returns c as what the given volume held of file.
func (c *Content) Found(volume, file string) Found {
	return Found{volume, file, c.Whole, c.WholeSHA256, c.Rest, c.RestSHA256, 0}
}

// LineError says which line breaks the chain or the format.
type LineError struct {
	Line   int   // counted from 1 in the file
	Offset int64 // of its first byte
	Err    error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("journal line %d at byte %d: %v", e.Line, e.Offset, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// Errors that a LineError wraps.
var (
	// ErrChain: the line is well formed and does not follow the one before it.
	ErrChain = errors.New("does not follow the line before")
	// ErrAbandoned: the line follows, and the next file goes on from an earlier one: it was written and
	// never acknowledged.
	ErrAbandoned = errors.New("not counted by the file that follows")
	// ErrFormat: the line is not in the one form that the format allows.
	ErrFormat = errors.New("not a line of this format")
)

// Read reads one journal file whose first line must follow prev, and calls fn, if not nil, for every
// whole line with its bytes, newline included; both are valid during the call only. It reads r to
// its end, whatever it finds: a bad line ends the lines and begins the rest. The error is r's or
// fn's; what is wrong with the content is in the content.
func Read(r io.Reader, prev Head, fn func(line *Line, raw []byte) error) (Content, error) {
	return ReadTo(r, prev, math.MaxUint64, fn)
}

// Before returns the head that the first line of a journal file names as the one before it, false if
// there is no such line.
func Before(r io.Reader) (Head, bool, error) {
	raw, full, err := readLine(bufio.NewReader(r), nil)
	if err != nil {
		return Head{}, false, fmt.Errorf("journal: read: %w", err)
	}
	if line, err := Parse(raw); full && err == nil && line.Seq > 0 {
		return Head{line.Seq - 1, line.Prev}, true, nil
	}
	return Head{}, false, nil
}

// ReadTo is Read for a file of which the lines after the one numbered last do not count, because the
// file that follows goes on from there: they begin the rest, and the fault wraps [ErrAbandoned].
func ReadTo(r io.Reader, prev Head, last uint64, fn func(line *Line, raw []byte) error) (Content, error) {
	c := Content{Head: prev}
	br := bufio.NewReaderSize(r, 64<<10)
	whole, rest := sha256.New(), sha256.New()
	var buf []byte
	for c.Rest == 0 {
		raw, full, err := readLine(br, buf[:0])
		buf = raw
		if err != nil {
			return c, fmt.Errorf("journal: read: %w", err)
		}
		if len(raw) == 0 {
			break
		}
		line, err := follow(raw, full, c.Head)
		if err == nil && line.Seq > last {
			err = fmt.Errorf("%w: line %d", ErrAbandoned, line.Seq)
		}
		if err != nil || !full {
			if full || len(raw) >= MaxLine {
				c.Fault = &LineError{c.Lines + 1, c.Whole, err}
			}
			rest.Write(raw)
			c.Rest += int64(len(raw))
			break
		}
		if fn != nil {
			if err := fn(line, raw); err != nil {
				return c, err
			}
		}
		whole.Write(raw)
		c.Whole += int64(len(raw))
		c.Lines++
		c.Head = Head{line.Seq, sha256.Sum256(raw)}
	}
	n, err := io.Copy(rest, br)
	if err != nil {
		return c, fmt.Errorf("journal: read: %w", err)
	}
	c.Rest += n
	c.WholeSHA256, c.RestSHA256 = sum(whole), sum(rest)
	return c, nil
}

func sum(h hash.Hash) (s Hash) {
	h.Sum(s[:0])
	return s
}

// readLine appends the next line to buf, at most MaxLine bytes of it. It reports whether the line
// is full, that is, ends with a newline within that limit.
func readLine(br *bufio.Reader, buf []byte) (line []byte, full bool, err error) {
	for len(buf) < MaxLine {
		part, err := br.ReadSlice('\n')
		if room := MaxLine - len(buf); len(part) > room {
			// The limit cuts the line; what was read beyond it is still of the rest.
			return append(buf, part...), false, nil
		}
		buf = append(buf, part...)
		switch {
		case err == nil:
			return buf, true, nil
		case errors.Is(err, io.EOF):
			return buf, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return buf, false, err
		}
	}
	return buf, false, nil
}

// follow returns raw as a line if it has the one allowed form and follows prev.
func follow(raw []byte, full bool, prev Head) (*Line, error) {
	if !full {
		return nil, fmt.Errorf("%w: longer than %d bytes or without a newline", ErrFormat, MaxLine)
	}
	line, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	if line.Seq != prev.Seq+1 {
		return nil, fmt.Errorf("%w: sequence %d after %d", ErrChain, line.Seq, prev.Seq)
	}
	if line.Prev != prev.Hash {
		return nil, fmt.Errorf("%w: names %s, its hash is %s", ErrChain, line.Prev, prev.Hash)
	}
	return line, nil
}

// Parse reads one line, its newline included. Only the one form that [Chain.Next] makes is accepted,
// so that no two readers can understand a line differently. The error wraps [ErrFormat].
func Parse(raw []byte) (*Line, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var line Line
	if err := dec.Decode(&line); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if err := line.check(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	again, err := line.encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if !bytes.Equal(raw, again) {
		return nil, fmt.Errorf("%w: not in its canonical form", ErrFormat)
	}
	return &line, nil
}
