package fragment

import (
	"bytes"
	"fmt"
	"io"

	"roomrec/clock"
	"roomrec/evidence/fragment/box"
)

// front is what comes before a fragment's pictures and sounds: prft, uuid and moof, and the text,
// which is first in the mdat.
type front struct {
	off, size, head int64 // head: bytes of prft, uuid and moof
	in              inside
	shares          []Share
	text            int // index of the clock's share, -1 if there is none
	lines           []byte
	referenceRight  bool
}

const referenceSize = 32 // of prft

// front reads the front of the fragment at off, whose mdat must lie inside the file.
func (s *scanner) front(off int64) (f front, err error) {
	prft, err := s.box(off, "prft", referenceSize)
	if err != nil {
		return f, err
	}
	if prft.Size != referenceSize {
		return f, s.damaged(off, "prft has %d bytes", prft.Size)
	}
	uuid, err := s.box(off+prft.Size, "uuid", maxPrivate)
	if err != nil {
		return f, err
	}
	moof, err := s.box(off+prft.Size+uuid.Size, "moof", maxMoof)
	if err != nil {
		return f, err
	}
	f.off, f.head = off, prft.Size+uuid.Size+moof.Size
	mdat, err := s.box(off+f.head, "mdat", maxPayload+box.HeaderSize)
	if err != nil {
		return f, err
	}
	f.size = f.head + mdat.Size
	p, err := s.bytes(off, int(f.head))
	if err != nil {
		return f, err
	}
	at := prft.Size + uuid.Size
	if err := f.parse(p, prft.Size, at, &s.seg.Header); err != nil {
		return f, content(err)
	}
	payload := int64(0)
	for i := range f.shares {
		payload += f.shares[i].bytes()
	}
	if mdat.Size != payload+box.HeaderSize {
		return f, s.damaged(off+f.head, "mdat has %d bytes, the samples %d", mdat.Size-box.HeaderSize, payload)
	}
	if f.text >= 0 && s.hash {
		n := f.shares[f.text].bytes()
		if n > maxPrivate {
			return f, s.damaged(off+f.head, "the time text has %d bytes", n)
		}
		p, err := s.bytes(off, int(f.head+box.HeaderSize+n))
		if err != nil {
			return f, err
		}
		f.lines = bytes.Clone(p[f.head+box.HeaderSize:])
	}
	return f, nil
}

// parse reads the front's bytes p; uuid and moof begin at the given places.
func (f *front) parse(p []byte, uuid, moof int64, h *Header) (err error) {
	if f.in, err = parseInside(box.Reader{P: p[uuid+box.HeaderSize : moof]}); err != nil {
		return err
	}
	sequence, shares, _, err := parseMoof(p[moof+box.HeaderSize:], int64(len(p))-moof)
	if err != nil {
		return err
	}
	f.shares, f.text = shares, -1
	if sequence != f.in.sequence {
		return fmt.Errorf("moof has the number %d, the private box %d", sequence, f.in.sequence)
	}
	if len(f.in.tracks) != len(h.Tracks) {
		return fmt.Errorf("the private box has %d tracks, the header %d", len(f.in.tracks), len(h.Tracks))
	}
	if int(shares[0].Track) == len(h.Tracks)+1 {
		f.text = 0
	}
	last := uint32(0)
	for _, s := range shares[f.text+1:] {
		if s.Track <= last || int(s.Track) > len(h.Tracks) {
			return fmt.Errorf("track %d where it does not belong", s.Track)
		}
		last = s.Track
	}
	if last == 0 {
		return fmt.Errorf("no track has a sample")
	}
	f.referenceRight = bytes.Equal(p[:referenceSize], f.reference(h))
	return nil
}

// reference returns the prft box that belongs to the front.
func (f *front) reference(h *Header) []byte {
	var best *Share
	for i := range f.shares[f.text+1:] {
		s := &f.shares[f.text+1+i]
		if best == nil || h.Tracks[s.Track-1].Codec.Video() && !h.Tracks[best.Track-1].Codec.Video() {
			best = s
		}
	}
	at := best.Decode + int64(best.Samples[0].Offset)
	wall := f.in.place.wallAt(h.Tracks[best.Track-1].Ticks(at).In(TextScale).N)
	return appendReference(nil, best.Track, at, wall)
}

// textWrong says how the text differs from what the fragment's times demand, given where the text
// before it ended; "" if it does not.
func (f *front) textWrong(after int64) string {
	want := f.in.place.cues(after)
	if f.text < 0 {
		if len(want) > 0 {
			return "there is none"
		}
		return ""
	}
	s := f.shares[f.text]
	if len(want) != len(s.Samples) || s.Decode != want[0].at {
		return fmt.Sprintf("%d lines from %d instead of %d", len(s.Samples), s.Decode, len(want))
	}
	at, lines := s.Decode, f.lines
	for i, v := range s.Samples {
		line := appendCue(nil, want[i].text)
		if at != want[i].at || !bytes.HasPrefix(lines, line) || int(v.Size) != len(line) || v.Offset != 0 {
			return fmt.Sprintf("line %d is not %q", i+1, want[i].text)
		}
		at, lines = at+int64(v.Duration), lines[len(line):]
	}
	if at != f.in.place.to {
		return "it does not end with the fragment"
	}
	return ""
}

func (s *Share) bytes() (n int64) {
	for _, v := range s.Samples {
		n += int64(v.Size)
	}
	return n
}

func (f *front) info(h *Header) Info {
	p := f.in.place
	info := Info{
		Offset: f.off, Size: f.size, Front: f.head, Sequence: f.in.sequence, Prev: f.in.prev,
		From: p.from, To: p.to,
		Start:  clock.Instant{Wall: p.start, Uncertainty: f.in.startOff},
		End:    clock.Instant{Wall: p.end, Uncertainty: f.in.endOff},
		Source: f.in.source, UTCOffset: p.offset,
		Tracks: make([]TrackInfo, len(h.Tracks)),
	}
	for i, t := range f.in.tracks {
		info.Tracks[i] = TrackInfo{RawFirst: t.raw, Arrival: t.arrival, Lost: t.lost}
	}
	for i := range f.shares[f.text+1:] {
		s := &f.shares[f.text+1+i]
		t := &info.Tracks[s.Track-1]
		t.Decode, t.Samples, t.Bytes, t.KeyFirst = s.Decode, len(s.Samples), s.bytes(), s.Samples[0].Key
		for _, v := range s.Samples {
			t.Duration += int64(v.Duration)
		}
	}
	return info
}

// Content is a fragment read back.
type Content struct {
	Info   Info
	Tracks []TrackContent // as many as the header has
	Text   TrackContent   // the clock: each sample is its length in 16 bits and UTF-8
}

// TrackContent is one track's samples, in decoding order.
type TrackContent struct {
	Decode  int64 // of the first, in ticks
	Samples []Sample
	Data    [][]byte // of each sample; pictures as NAL units, each after its size in 32 bits
}

// Read reads the fragment at off of a segment of size bytes with the header h.
func Read(r io.ReaderAt, size int64, h *Header, off int64) (*Content, error) {
	s := &scanner{window: window{r: r, size: size, ahead: readIndex}, seg: &Segment{Header: *h}}
	f, err := s.front(off)
	if err != nil {
		return nil, err
	}
	c := &Content{Info: f.info(h), Tracks: make([]TrackContent, len(h.Tracks))}
	payload := make([]byte, f.size-f.head-box.HeaderSize)
	if _, err := io.ReadFull(io.NewSectionReader(r, off+f.head+box.HeaderSize, int64(len(payload))), payload); err != nil {
		return nil, err
	}
	for i, share := range f.shares {
		t := TrackContent{Decode: share.Decode, Samples: share.Samples}
		for _, v := range share.Samples {
			t.Data = append(t.Data, payload[:v.Size:v.Size])
			payload = payload[v.Size:]
		}
		if i == f.text {
			c.Text = t
		} else {
			c.Tracks[share.Track-1] = t
		}
	}
	return c, nil
}

// Samples reads the i-th fragment of s back from r.
func (s *Segment) Samples(r io.ReaderAt, i int) (*Content, error) {
	return Read(r, s.Whole, &s.Header, s.Fragments[i].Offset)
}
