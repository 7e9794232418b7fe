package fragment

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment/box"
	"roomrec/media"
)

// Bounds of one fragment. The recorder stays far below them (about one second, 4 MiB and one more
// picture); a reader refuses what is beyond, so that a damaged length costs no memory.
const (
	maxSamples = 1 << 16   // of all tracks together
	maxPayload = 1 << 28   // bytes of mdat
	maxMoof    = 2 << 20   // bytes
	maxPrivate = 64 << 10  // bytes of a fragment's private box
	maxHeader  = 256 << 10 // bytes of ftyp and moov
	maxDecode  = 1 << 46   // ticks: 24 years at 90 kHz; small enough to be counted in other ticks
)

// Writer turns fragments of one segment into bytes and chains them. It is used by one goroutine.
type Writer struct {
	header Header
	last   Hash
	next   uint32 // sequence number that must come, 0 before the first
	textAt int64  // where the clock's next line begins, in ticks of TextScale

	// Reused between fragments; shares[0] is the text.
	shares  []Share
	present []Share // those that have samples
	tracks  []insideTrack
	cues    []cue
}

// NewWriter returns the writer of a segment and the segment's first bytes, ftyp and moov. Decode
// times count from h.Origin. It errs with ErrNoParameterSets while a track of pictures has none.
func NewWriter(h Header) (*Writer, []byte, error) {
	if h.Run < 1 || h.Segment < 1 || h.Run > math.MaxInt32 || h.Segment > math.MaxInt32 {
		return nil, nil, fmt.Errorf("run %d, segment %d: both count from 1", h.Run, h.Segment)
	}
	if len(h.Tracks) == 0 || len(h.Tracks) > 255 {
		return nil, nil, fmt.Errorf("a segment of %d tracks cannot be written", len(h.Tracks))
	}
	var streams []Stream
	width, height := 0, 0
	for i, t := range h.Tracks {
		s, err := StreamOf(t, uint32(i+1), h.inBand(i))
		if err != nil {
			return nil, nil, err
		}
		if s.Handler == Picture && width == 0 {
			width, height = s.Width, max(s.Height/10, 32)
		}
		streams = append(streams, s)
	}
	if width == 0 {
		width, height = 640, 64
	}
	streams = append(streams, Stream{
		ID: uint32(len(h.Tracks) + 1), Handler: Text, Scale: TextScale,
		Width: width, Height: height, Entry: textEntry(width, height),
	})
	h.ZoneName = h.Zone.Name()
	data := AppendMovie(nil, h.Origin.Wall, streams, appendHeaderBox(nil, h))
	if len(data) > maxHeader {
		return nil, nil, fmt.Errorf("the segment's header has %d bytes, more than any reader takes", len(data))
	}
	w := &Writer{header: h, last: sha256.Sum256(data)}
	w.shares = make([]Share, len(streams))
	w.tracks = make([]insideTrack, len(h.Tracks))
	return w, data, nil
}

// Last returns the leaf of the last fragment; before the first, the SHA-256 of ftyp and moov.
func (w *Writer) Last() Hash { return w.last }

// Append returns the bytes of f, from prft to the end of mdat, in a new slice that nothing else
// refers to, and their leaf. An error leaves the writer as it was: it says that f contradicts the
// format (no unit at all, a duration or time out of range, a sequence number that does not follow).
func (w *Writer) Append(f Fragment) (data []byte, leaf Hash, err error) {
	return w.AppendTo(nil, f)
}

// AppendTo is Append into buf[:0], which is replaced if it is too small. A caller that gets its
// slices back after the volumes have written them avoids an allocation of each fragment's size.
func (w *Writer) AppendTo(buf []byte, f Fragment) (data []byte, leaf Hash, err error) {
	if len(f.Tracks) != len(w.header.Tracks) {
		return nil, leaf, fmt.Errorf("fragment %d has %d tracks, the segment %d", f.Sequence, len(f.Tracks), len(w.header.Tracks))
	}
	if f.Sequence == 0 || w.next != 0 && f.Sequence != w.next {
		return nil, leaf, fmt.Errorf("fragment %d where %d must come", f.Sequence, max(w.next, 1))
	}
	payload, samples, err := w.collect(f)
	if err != nil {
		return nil, leaf, fmt.Errorf("fragment %d: %w", f.Sequence, err)
	}
	p := w.place(f)
	w.cues = p.cues(w.textAt)
	payload += w.clockShare(p)
	samples += len(w.cues)
	if payload > maxPayload || samples > maxSamples {
		return nil, leaf, fmt.Errorf("fragment %d: %d bytes in %d samples are too many", f.Sequence, payload, samples)
	}

	shares := w.present[:0]
	if len(w.cues) > 0 {
		shares = append(shares, w.shares[0])
	}
	for _, s := range w.shares[1:] {
		if len(s.Samples) > 0 {
			shares = append(shares, s)
		}
	}
	w.present = shares
	in := inside{
		sequence: f.Sequence, prev: w.last, place: p,
		startOff: f.Start.Uncertainty, endOff: f.End.Uncertainty,
		source: f.Source, tracks: w.tracks,
	}
	// prft 32; private box 128 and 36 for each track; moof 24, 68 for each traf and 16 for each
	// sample; mdat header 8: rounded up.
	need := 256 + len(f.Source) + 128*len(w.shares) + 16*samples + payload
	if cap(buf) < need {
		buf = make([]byte, 0, need)
	}
	b := w.appendReference(buf[:0], p)
	b = appendInside(b, &in)
	b = AppendMoof(b, f.Sequence, shares)
	b = w.appendPayload(b, f, payload)

	leaf = Leaf(b)
	w.last = leaf
	w.next = f.Sequence + 1
	if len(w.cues) > 0 {
		w.textAt = p.to
	}
	return b, leaf, nil
}

// Leaf returns the leaf of a fragment's bytes, from prft to the end of mdat: SHA-256(0x00 ‖ bytes),
// as RFC 6962 hashes the leaves of a tree.
func Leaf(fragment []byte) (leaf Hash) {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(fragment)
	h.Sum(leaf[:0])
	return leaf
}

// collect fills the shares and the private box's tracks from f and returns the number of payload
// bytes and of samples.
func (w *Writer) collect(f Fragment) (payload, samples int, err error) {
	for i, part := range f.Tracks {
		s := &w.shares[i+1]
		s.Track, s.Decode, s.Samples = uint32(i+1), part.Decode, s.Samples[:0]
		w.tracks[i] = insideTrack{lost: part.Lost}
		if len(part.Units) == 0 {
			continue
		}
		if len(part.Durations) != len(part.Units) {
			return 0, 0, fmt.Errorf("track %d has %d units and %d durations", i+1, len(part.Units), len(part.Durations))
		}
		if part.Decode < 0 || part.Decode > maxDecode/2 {
			return 0, 0, fmt.Errorf("track %d has the impossible decode time %d", i+1, part.Decode)
		}
		w.tracks[i].raw, w.tracks[i].arrival = part.Units[0].RTP, part.Units[0].Arrival
		video := w.header.Tracks[i].Codec.Video()
		total := int64(0)
		for k, u := range part.Units {
			size := u.Size()
			if video {
				size += 4 * len(u.Payload)
			}
			offset, d := u.PTS-u.DTS, part.Durations[k]
			if d < 0 || d > math.MaxUint32 || offset != int64(int32(offset)) || size > maxPayload {
				return 0, 0, fmt.Errorf("track %d, unit %d: duration %d, offset %d or size %d cannot be written", i+1, k, d, offset, size)
			}
			s.Samples = append(s.Samples, Sample{
				Duration: uint32(d), Size: uint32(size), Offset: int32(offset),
				Key: u.Key || !video,
			})
			payload += size
			total += d
		}
		if total > maxDecode/4 {
			return 0, 0, fmt.Errorf("track %d is %d ticks long", i+1, total)
		}
		samples += len(part.Units)
	}
	if samples == 0 {
		return 0, 0, errors.New("no track has a unit")
	}
	return payload, samples, nil
}

// extent returns when a share's first sample begins and its last one ends on the presentation axis,
// in ticks of TextScale.
func extent(s Share, scale int64) (from, to int64) {
	from, to = math.MaxInt64, math.MinInt64
	at := s.Decode
	for _, v := range s.Samples {
		shown := at + int64(v.Offset)
		from, to = min(from, shown), max(to, shown+int64(v.Duration))
		at += int64(v.Duration)
	}
	in := func(n int64) int64 { return clock.Ticks{N: n, Scale: scale}.In(TextScale).N }
	return in(from), in(to)
}

// place returns where f lies: from its earliest sample to the end of its last picture, or of its
// last sound where no picture is.
func (w *Writer) place(f Fragment) place {
	p := place{from: math.MaxInt64, to: math.MinInt64, start: f.Start.Wall, end: f.End.Wall}
	pictures := false
	for i, t := range w.header.Tracks {
		s := w.shares[i+1]
		if len(s.Samples) == 0 {
			continue
		}
		from, to := extent(s, t.ClockRate)
		p.from = min(p.from, from)
		switch video := t.Codec.Video(); {
		case video && !pictures:
			p.to, pictures = to, true
		case video == pictures:
			p.to = max(p.to, to)
		}
	}
	_, offset := f.Start.Wall.In(w.header.Zone.Location()).Zone()
	p.offset = int32(offset)
	return p
}

// clockShare makes the text's share of the cues and returns its bytes' number.
func (w *Writer) clockShare(p place) (size int) {
	s := &w.shares[0]
	s.Track, s.Samples = uint32(len(w.header.Tracks)+1), s.Samples[:0]
	for i, c := range w.cues {
		end := p.to
		if i == 0 {
			s.Decode = c.at
		}
		if i+1 < len(w.cues) {
			end = w.cues[i+1].at
		}
		n := 2 + len(c.text)
		s.Samples = append(s.Samples, Sample{Duration: uint32(end - c.at), Size: uint32(n), Key: true})
		size += n
	}
	return size
}

// appendReference appends the prft box: the wall time at which the first picture, or where there is
// none the first sample, is shown.
func (w *Writer) appendReference(b []byte, p place) []byte {
	best := -1
	for i, t := range w.header.Tracks {
		if len(w.shares[i+1].Samples) > 0 && (best < 0 || t.Codec.Video() && !w.header.Tracks[best].Codec.Video()) {
			best = i
		}
	}
	s := w.shares[best+1]
	at := s.Decode + int64(s.Samples[0].Offset)
	return appendReference(b, s.Track, at, p.wallAt(w.header.Tracks[best].Ticks(at).In(TextScale).N))
}

func appendReference(b []byte, track uint32, at int64, wall clock.Wall) []byte {
	w := box.Builder{B: b}
	const captured = 24 // flags: the time at which the picture was captured
	prft := w.BeginFull("prft", 1, captured)
	w.U32(track)
	w.U64(ntp(wall))
	w.I64(at)
	w.End(prft)
	return w.B
}

// ntp returns w as seconds since 1900, modulo 2³², and their fraction.
func ntp(w clock.Wall) uint64 {
	seconds := floorDiv(int64(w), int64(time.Second))
	nanos := uint64(int64(w) - seconds*int64(time.Second))
	return uint64(uint32(seconds+since1900))<<32 | nanos<<32/uint64(time.Second)
}

func (w *Writer) appendPayload(b []byte, f Fragment, size int) []byte {
	out := box.Builder{B: b}
	out.U32(uint32(size + box.HeaderSize))
	out.Text("mdat")
	for _, c := range w.cues {
		out.B = appendCue(out.B, c.text)
	}
	for i, part := range f.Tracks {
		video := w.header.Tracks[i].Codec.Video()
		for _, u := range part.Units {
			out.B = appendUnit(out.B, u, video)
		}
	}
	return out.B
}

// appendUnit appends the sample of a unit: NAL units each after its size in 32 bits, sound as it is.
func appendUnit(b []byte, u *media.Unit, video bool) []byte {
	for _, n := range u.Payload {
		if video {
			b = append(b, byte(len(n)>>24), byte(len(n)>>16), byte(len(n)>>8), byte(len(n)))
		}
		b = append(b, n...)
	}
	return b
}

// UnitData returns the bytes of the sample that a unit becomes: NAL units each after its size in 32
// bits if it is a picture, sound as it is.
func UnitData(u *media.Unit, video bool) []byte {
	return appendUnit(make([]byte, 0, u.Size()+4*len(u.Payload)), u, video)
}
