package playback

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/box"
	"roomrec/media"
)

// ErrNoPart says that a part was asked for that the segment does not have: not one of its entries,
// nor its header.
var ErrNoPart = errors.New("no such part of the segment")

// Original returns the bytes of the segment r that may be served as they are: up to the end of its
// last whole fragment.
func (x *Index) Original(r io.ReaderAt) *io.SectionReader { return io.NewSectionReader(r, 0, x.Whole) }

// Converted returns the part p of the segment r as a browser can play it: an init segment for the
// header, fragments without clock and private boxes for an entry. Only parts that a playlist names
// are served; it errs with ErrNoPart for any other.
func (x *Index) Converted(r io.ReaderAt, p Part) (*bytes.Reader, error) {
	if p.From == 0 && p.To == x.HeaderSize {
		b, err := browserInit(x.Header.Tracks, x.Header.InBand, x.Header.Origin.Wall)
		if err != nil {
			return nil, fmt.Errorf("convert: %w", err)
		}
		return bytes.NewReader(b), nil
	}
	if !x.has(p.From, p.To) {
		return nil, ErrNoPart
	}
	b, err := x.convert(r, p)
	if err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	return bytes.NewReader(b), nil
}

func (x *Index) convert(r io.ReaderAt, p Part) ([]byte, error) {
	var out []byte
	for at := p.From; at < p.To; {
		c, err := fragment.Read(r, x.Whole, &x.Header, at)
		if err != nil {
			return nil, err
		}
		shares := make([]browserShare, len(c.Tracks))
		for i, t := range c.Tracks {
			tr := x.Header.Tracks[i]
			shares[i] = browserShare{
				track: tr, decode: t.Decode + clock.TicksOf(p.Shift, tr.ClockRate).N,
				samples: t.Samples, data: t.Data,
			}
		}
		if out, err = appendBrowserFragment(out, c.Info.Sequence, shares); err != nil {
			return nil, err
		}
		at += c.Info.Size
	}
	return out, nil
}

// browserInit returns an init segment of the tracks; they have the ids 1 and on. Tracks that are nil
// are left out and keep their id.
func browserInit(tracks []*media.Track, inBand []bool, created clock.Wall) ([]byte, error) {
	var streams []fragment.Stream
	for i, t := range tracks {
		if t == nil {
			continue
		}
		id := uint32(i + 1)
		var s fragment.Stream
		var err error
		if needsFLAC(t.Codec) {
			s, err = flacStream(t, id)
		} else {
			s, err = fragment.StreamOf(t, id, i < len(inBand) && inBand[i])
		}
		if err != nil {
			return nil, err
		}
		streams = append(streams, s)
	}
	return fragment.AppendMovie(nil, created, streams, nil), nil
}

// browserShare is one track's part of a fragment for the browser.
type browserShare struct {
	track   *media.Track
	decode  int64
	samples []fragment.Sample
	data    [][]byte
}

// appendBrowserFragment appends moof and mdat of the shares, whose place is their track's id less
// one, to b. Those without samples are left out.
func appendBrowserFragment(b []byte, sequence uint32, parts []browserShare) ([]byte, error) {
	var shares []fragment.Share
	var data [][]byte
	size := 0
	for i, p := range parts {
		if len(p.samples) == 0 {
			continue
		}
		if needsFLAC(p.track.Codec) {
			if err := p.toFLAC(); err != nil {
				return nil, err
			}
		}
		shares = append(shares, fragment.Share{Track: uint32(i + 1), Decode: p.decode, Samples: p.samples})
		for _, d := range p.data {
			data = append(data, d)
			size += len(d)
		}
	}
	if len(shares) == 0 {
		return b, nil
	}
	w := box.Builder{B: fragment.AppendMoof(b, sequence, shares)}
	w.U32(uint32(size + box.HeaderSize))
	w.Text("mdat")
	for _, d := range data {
		w.Bytes(d...)
	}
	return w.B, nil
}

func (p *browserShare) toFLAC() error {
	samples := make([]fragment.Sample, len(p.samples))
	data := make([][]byte, len(p.data))
	at := p.decode
	for i, d := range p.data {
		frame, err := flacFrame(nil, p.track, d, at)
		if err != nil {
			return err
		}
		samples[i], data[i] = p.samples[i], frame
		samples[i].Size = uint32(len(frame))
		at += int64(p.samples[i].Duration)
	}
	p.samples, p.data = samples, data
	return nil
}
