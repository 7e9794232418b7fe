package fragment

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"roomrec/clock"
	"roomrec/evidence/fragment/box"
)

// Segment is what a scan found in a segment's file.
type Segment struct {
	Header     Header
	HeaderHash Hash  // SHA-256 of ftyp and moov
	HeaderSize int64 // bytes of ftyp and moov; 0 if even these are not whole
	Size       int64 // bytes of the file
	// Whole is the number of bytes up to the end of the last whole fragment that can be reached from
	// the beginning. Players are served no more than this.
	Whole     int64
	Fragments []Info
	Last      Hash // leaf of the last whole fragment, the header's hash if there is none
	// Torn says where and why the scan ended before the end of the file; nil if it did not.
	Torn *Problem
	// Breaks are the places where whole fragments contradict one another or themselves, the first
	// MaxBreaks of them.
	Breaks []Problem
}

// MaxBreaks bounds how many breaks a scan lists.
const MaxBreaks = 100

// Problem is something that is wrong with a segment.
type Problem struct {
	Offset   int64  // in bytes from the beginning of the file
	Sequence uint32 // of the fragment it was found in, or that should be there; 0 in the header
	Cut      bool   // the file ends where something should go on
	What     string // in words
}

// Error returns the problem with its place.
func (p *Problem) Error() string {
	if p.Sequence == 0 {
		return fmt.Sprintf("at byte %d, in the header: %s", p.Offset, p.What)
	}
	return fmt.Sprintf("at byte %d, fragment %d: %s", p.Offset, p.Sequence, p.What)
}

// Info is one whole fragment of a segment.
type Info struct {
	Offset, Size int64 // of prft to mdat, in bytes
	Front        int64 // bytes of prft, uuid and moof
	Sequence     uint32
	Prev         Hash // the leaf that it says came before
	Leaf         Hash // its own, zero if the scan did not hash
	// From and To are the fragment's place on the segment's time axis in ticks of TextScale, Start
	// and End on the wall.
	From, To   int64
	Start, End clock.Instant
	Source     string
	UTCOffset  int32 // distance of the shown time from UTC, in seconds
	Tracks     []TrackInfo
}

// WallAt returns the wall instant of a tick of the segment's time axis, in TextScale, by the fragment's rule: the one
// that its clock text follows. Before From and after To the rule goes on.
func (i *Info) WallAt(tick int64) clock.Wall {
	return place{from: i.From, to: i.To, start: i.Start.Wall, end: i.End.Wall}.wallAt(tick)
}

// TrackInfo is one track's share of a fragment.
type TrackInfo struct {
	Decode, Duration int64 // in ticks of the track; both 0 if the fragment has nothing of it
	Samples          int
	Bytes            int64
	KeyFirst         bool        // the first sample can be decoded by itself
	RawFirst         uint32      // the camera's ticks of the first unit
	Arrival          clock.Stamp // of the first unit
	Lost             Lost        // of the run, until the end of this fragment
}

// Scan reads a segment of size bytes and hashes everything in it. What is wrong with the content is
// in the Segment; an error says that it could not be read, or that a later version wrote it
// (ErrVersion). Memory is bounded by the number of fragments, never by a length in the file.
func Scan(r io.ReaderAt, size int64) (*Segment, error) {
	var fragments []Info
	s, err := ScanEach(r, size, func(_ *Header, i *Info) error { fragments = append(fragments, *i); return nil })
	if s != nil {
		s.Fragments = fragments
	}
	return s, err
}

// ScanEach is Scan with the fragments handed to each as they are found instead of being kept: its
// memory does not grow with the file. Every byte up to the end of the last whole fragment is read
// exactly once and in order. An error of each ends it and is returned; what each is given is valid
// until it returns.
func ScanEach(r io.ReaderAt, size int64, each func(h *Header, i *Info) error) (*Segment, error) {
	return scan(r, size, true, each)
}

// Index is ScanEach without reading the pictures and sounds: leaves are zero and the chain, the text
// and the reference times are not checked.
func Index(r io.ReaderAt, size int64, each func(h *Header, i *Info) error) (*Segment, error) {
	return scan(r, size, false, each)
}

// Bytes that are read at once: with and without the payload.
const (
	readHash  = 256 << 10
	readIndex = 4 << 10
)

type scanner struct {
	window
	seg    *Segment
	hash   bool
	next   uint32 // sequence number that must come, 0 before the first
	textAt int64
}

func scan(r io.ReaderAt, size int64, hash bool, each func(h *Header, i *Info) error) (*Segment, error) {
	ahead := readIndex
	if hash {
		ahead = readHash
	}
	s := &scanner{window: window{r: r, size: size, ahead: ahead}, seg: &Segment{Size: size}, hash: hash}
	if err := s.header(); err != nil {
		return s.seg, s.torn(err, 0, 0)
	}
	for off := s.seg.HeaderSize; off < size; off = s.seg.Whole {
		info, err := s.fragment(off)
		if err != nil {
			return s.seg, s.torn(err, off, max(s.next, 1))
		}
		s.seg.Whole = off + info.Size
		if err := each(&s.seg.Header, &info); err != nil {
			return s.seg, err
		}
	}
	return s.seg, nil
}

// torn keeps a problem with the content and passes on every other error.
func (s *scanner) torn(err error, off int64, sequence uint32) error {
	var p *Problem
	switch {
	case errors.As(err, &p):
		p.Sequence = sequence
	case errors.Is(err, errContent):
		p = &Problem{Offset: off, Sequence: sequence, What: err.Error()}
	default:
		return err
	}
	s.seg.Torn = p
	return nil
}

// errContent marks errors that say something about the file's content.
var errContent = errors.New("not as the format has it")

type contentError struct{ error }

func (contentError) Is(target error) bool { return target == errContent }

// content marks err as one about the content, but for ErrVersion.
func content(err error) error {
	if err == nil || errors.Is(err, ErrVersion) {
		return err
	}
	return contentError{err}
}

func (s *scanner) damaged(off int64, format string, args ...any) error {
	return &Problem{Offset: off, What: fmt.Sprintf(format, args...)}
}

func (s *scanner) cut(off int64, what string) error {
	return &Problem{Offset: off, Cut: true, What: what}
}

// box returns the header of the box at off, which must be of the given type, not larger than most
// and inside the file.
func (s *scanner) box(off int64, kind string, most int64) (box.Header, error) {
	if s.size-off < box.HeaderSize {
		return box.Header{}, s.cut(off, "the file ends in the head of a box")
	}
	p, err := s.bytes(off, box.HeaderSize)
	if err != nil {
		return box.Header{}, err
	}
	h, err := box.ParseHeader(p)
	switch {
	case err != nil || h.Body != box.HeaderSize:
		return h, s.damaged(off, "a box of impossible size where %q belongs", kind)
	case h.Kind != kind:
		return h, s.damaged(off, "%q where %q belongs", h.Kind, kind)
	case h.Size > most:
		return h, s.damaged(off, "%q says that it has %d bytes", kind, h.Size)
	case h.Size > s.size-off:
		return h, s.cut(off, fmt.Sprintf("the file ends inside %q", kind))
	}
	return h, nil
}

func (s *scanner) header() error {
	ftyp, err := s.box(0, "ftyp", maxHeader)
	if err != nil {
		return err
	}
	moov, err := s.box(ftyp.Size, "moov", maxHeader-ftyp.Size)
	if err != nil {
		return err
	}
	size := ftyp.Size + moov.Size
	p, err := s.bytes(0, int(size))
	if err != nil {
		return err
	}
	h, err := parseMovie(p[ftyp.Size+box.HeaderSize:])
	if err != nil {
		return content(err)
	}
	s.seg.Header, s.seg.HeaderSize, s.seg.Whole = h, size, size
	s.seg.HeaderHash = sha256.Sum256(p)
	s.seg.Last = s.seg.HeaderHash
	if s.hash {
		if err := ordinary(p, &s.seg.Header); err != nil {
			s.broken(ftyp.Size, 0, "the movie header: %v", err)
		}
	}
	return nil
}

// parseMovie reads the private box of a moov's body.
func parseMovie(body []byte) (h Header, err error) {
	r := box.Reader{P: body}
	found := false
	for r.Len() > 0 {
		kind, inner, err := r.Next()
		if err != nil {
			return h, err
		}
		if kind != "uuid" {
			continue
		}
		if found {
			return h, errors.New("moov holds two private boxes")
		}
		if h, err = parseHeaderBox(inner); err != nil {
			return h, err
		}
		found = true
	}
	if !found {
		return h, errors.New("moov holds no private box: not one of our recordings")
	}
	return h, nil
}

// fragment reads the fragment at off and checks it against the one before.
func (s *scanner) fragment(off int64) (Info, error) {
	f, err := s.front(off)
	if err != nil {
		return Info{}, err
	}
	info := f.info(&s.seg.Header)
	if s.hash {
		if info.Leaf, err = s.leaf(off, info.Size); err != nil {
			return info, err
		}
	}
	s.check(f, info)
	s.seg.Last = info.Leaf
	s.next = info.Sequence + 1
	if f.text >= 0 {
		s.textAt = info.To
	}
	return info, nil
}

func (s *scanner) broken(off int64, sequence uint32, format string, args ...any) {
	if len(s.seg.Breaks) < MaxBreaks {
		s.seg.Breaks = append(s.seg.Breaks, Problem{Offset: off, Sequence: sequence, What: fmt.Sprintf(format, args...)})
	}
}

func (s *scanner) check(f front, info Info) {
	if s.next != 0 && info.Sequence != s.next {
		s.broken(info.Offset, info.Sequence, "fragment %d where %d must come", info.Sequence, s.next)
	}
	if !s.hash {
		return
	}
	if info.Prev != s.seg.Last {
		if s.next == 0 {
			s.broken(info.Offset, info.Sequence, "it names another header than the file has: header or fragment altered")
		} else {
			s.broken(info.Offset, info.Sequence, "it names another fragment before it than the file has: that one or this one altered")
		}
	}
	if !f.referenceRight {
		s.broken(info.Offset, info.Sequence, "the reference time (prft) is not that of its first picture")
	}
	if why := f.textWrong(s.textAt); why != "" {
		s.broken(info.Offset, info.Sequence, "the time text does not show the fragment's times: %s", why)
	}
}

// leaf hashes the fragment at off.
func (s *scanner) leaf(off, size int64) (leaf Hash, err error) {
	h := sha256.New()
	h.Write([]byte{0})
	for size > 0 {
		p, err := s.some(off, min(size, readHash))
		if err != nil {
			return leaf, err
		}
		h.Write(p)
		off, size = off+int64(len(p)), size-int64(len(p))
	}
	h.Sum(leaf[:0])
	return leaf, nil
}

// window is the part of a file that is in memory.
type window struct {
	r     io.ReaderAt
	size  int64
	ahead int // bytes that are read at once, where the file has them
	buf   []byte
	at    int64 // place of buf in the file
}

// some returns at least one and at most the given number of bytes at off: what is in memory, or else
// what one read gives. They are valid until the next call.
func (w *window) some(off, most int64) ([]byte, error) {
	if from := off - w.at; from >= 0 && from < int64(len(w.buf)) {
		return w.buf[from:min(from+most, int64(len(w.buf)))], nil
	}
	return w.bytes(off, int(most))
}

// bytes returns n bytes at off, which must lie inside the file. They are valid until the next call.
// Whoever goes forward without leaving out anything reads every byte once.
func (w *window) bytes(off int64, n int) ([]byte, error) {
	end := w.at + int64(len(w.buf))
	if off < w.at || off > end {
		w.buf, w.at, end = w.buf[:0], off, off
	}
	if off+int64(n) > end {
		kept := copy(w.buf, w.buf[off-w.at:])
		want := int(min(int64(max(n, w.ahead)), w.size-off))
		if cap(w.buf) < want {
			grown := make([]byte, want)
			copy(grown, w.buf[:kept])
			w.buf = grown
		}
		w.buf, w.at = w.buf[:want], off
		got, err := w.r.ReadAt(w.buf[kept:], off+int64(kept))
		if kept+got < n {
			w.buf = w.buf[:0]
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		w.buf = w.buf[:kept+got] // what was read ahead may end where nothing can be read
	}
	from := off - w.at
	return w.buf[from : from+int64(n)], nil
}

// Decodable reports whether decoding can start with the fragment: every track of pictures that it
// has begins with a key picture.
func (i *Info) Decodable() bool {
	for _, t := range i.Tracks {
		if t.Samples > 0 && !t.KeyFirst {
			return false
		}
	}
	return true
}
