package fragment

import (
	"errors"
	"fmt"
	"math"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment/box"
	"roomrec/media"
)

// The user types of the two private boxes, and their versions. docs/format.md has them byte by byte.
var (
	headerType   = [16]byte{0x6f, 0x1c, 0x3a, 0x52, 0x8d, 0x0e, 0x4b, 0x7a, 0x9c, 0x55, 0x2e, 0x1f, 0x40, 0xa7, 0xd3, 0x01}
	fragmentType = [16]byte{0x6f, 0x1c, 0x3a, 0x52, 0x8d, 0x0e, 0x4b, 0x7a, 0x9c, 0x55, 0x2e, 0x1f, 0x40, 0xa7, 0xd3, 0x02}
)

const (
	privateVersion = 1
	suiteSHA256    = 1
)

// Where a track's parameter sets are, as the header's private box says it.
const (
	setsNone   = 0 // not pictures
	setsInBand = 1 // in the samples as they came, and in the sample entry
	setsMoved  = 2 // in the sample entry only: the camera sent none in band
)

// ErrVersion says that a file was written by a later version of the format than this one knows.
var ErrVersion = errors.New("unknown version of the format")

func appendHeaderBox(b []byte, h Header) []byte {
	w := box.Builder{B: b}
	at := w.Begin("uuid")
	w.Bytes(headerType[:]...)
	w.U32(privateVersion << 24)
	w.U8(suiteSHA256)
	w.Zero(3)
	w.U32(uint32(h.Run))
	w.U32(uint32(h.Segment))
	w.I64(int64(h.Origin.Wall))
	w.I64(int64(h.Origin.Uncertainty))
	w.Bytes(h.Prev[:]...)
	w.Text16(h.Session)
	w.Text16(h.Room)
	w.Text16(h.Camera)
	w.Text16(h.Zone.Name())
	w.U16(uint16(len(h.Tracks)))
	for i, t := range h.Tracks {
		w.U32(uint32(i + 1))
		w.U8(uint8(t.Codec))
		w.U8(h.sets(i))
		w.U8(uint8(t.BitDepth))
		w.U8(uint8(t.Channels))
		w.U32(uint32(t.ClockRate))
		w.U32(uint32(t.SampleRate))
		w.U32(uint32(t.Width))
		w.U32(uint32(t.Height))
		for _, set := range [...][]byte{t.VPS, t.SPS, t.PPS, t.Config} {
			w.Text16(string(set))
		}
	}
	w.End(at)
	return w.B
}

func (h Header) sets(track int) uint8 {
	switch {
	case !h.Tracks[track].Codec.Video():
		return setsNone
	case h.inBand(track):
		return setsInBand
	default:
		return setsMoved
	}
}

// private reads the body of a uuid box after checking its user type and version. The error of another version
// wraps other.
func private(r *box.Reader, user [16]byte, other error) error {
	if got := r.Take(16); got == nil || [16]byte(got) != user {
		return errors.New("a uuid box of another kind")
	}
	version, flags := r.Full()
	if r.Err() != nil {
		return r.Err()
	}
	if version != privateVersion {
		return fmt.Errorf("%w: private box version %d", other, version)
	}
	if flags != 0 {
		return fmt.Errorf("private box has the flags %06x", flags)
	}
	return nil
}

func parseHeaderBox(r box.Reader) (Header, error) {
	var h Header
	if err := private(&r, headerType, ErrVersion); err != nil {
		return h, err
	}
	suite := r.U8()
	pad := r.Take(3)
	if r.Err() == nil && suite != suiteSHA256 {
		return h, fmt.Errorf("%w: hash suite %d", ErrVersion, suite)
	}
	if r.Err() == nil && (pad[0]|pad[1]|pad[2]) != 0 {
		return h, errors.New("reserved bytes are not zero")
	}
	h.Run, h.Segment = int(r.U32()), int(r.U32())
	h.Origin = clock.Instant{Wall: clock.Wall(r.I64()), Uncertainty: time.Duration(r.I64())}
	copy(h.Prev[:], r.Take(HashSize))
	h.Session, h.Room, h.Camera = r.Text16(), r.Text16(), r.Text16()
	h.ZoneName = r.Text16()
	n := int(r.U16())
	for i := 0; i < n && r.Err() == nil; i++ {
		id := r.U32()
		t := &media.Track{Codec: media.Codec(r.U8())}
		sets := r.U8()
		t.BitDepth, t.Channels = int(r.U8()), int(r.U8())
		t.ClockRate, t.SampleRate = int64(r.U32()), int(r.U32())
		t.Width, t.Height = int(r.U32()), int(r.U32())
		for _, set := range [...]*[]byte{&t.VPS, &t.SPS, &t.PPS, &t.Config} {
			if p := r.Text16(); p != "" {
				*set = []byte(p)
			}
		}
		if r.Err() != nil {
			break
		}
		if id != uint32(i+1) || sets > setsMoved || t.ClockRate == 0 || t.Codec == media.CodecNone || t.Codec > media.LPCM {
			return h, fmt.Errorf("track %d is described impossibly", i+1)
		}
		h.Tracks = append(h.Tracks, t)
		h.InBand = append(h.InBand, sets == setsInBand)
	}
	if r.Err() != nil || r.Len() != 0 {
		return h, errors.New("private box has the wrong size")
	}
	if len(h.Tracks) == 0 {
		return h, errors.New("no track is described")
	}
	if loc, err := time.LoadLocation(h.ZoneName); err == nil {
		h.Zone = clock.NewZone(loc)
	}
	return h, nil
}

// inside is what a fragment's private box says.
type inside struct {
	sequence uint32
	prev     Hash
	place    place
	// Uncertainties of start and end.
	startOff, endOff time.Duration
	source           string
	tracks           []insideTrack
}

type insideTrack struct {
	raw     uint32      // the camera's ticks of the first unit
	arrival clock.Stamp // of the first unit
	lost    Lost
}

func appendInside(b []byte, in *inside) []byte {
	w := box.Builder{B: b}
	at := w.Begin("uuid")
	w.Bytes(fragmentType[:]...)
	w.U32(privateVersion << 24)
	w.U32(in.sequence)
	w.Bytes(in.prev[:]...)
	w.I64(in.place.from)
	w.I64(in.place.to)
	w.I64(int64(in.place.start))
	w.I64(int64(in.startOff))
	w.I64(int64(in.place.end))
	w.I64(int64(in.endOff))
	w.U32(uint32(in.place.offset))
	w.Text16(in.source)
	w.U16(uint16(len(in.tracks)))
	for _, t := range in.tracks {
		w.U32(t.raw)
		w.I64(int64(t.arrival.Wall))
		w.I64(int64(t.arrival.Mono))
		w.U32(t.lost.Packets)
		w.U32(t.lost.Units)
		w.U32(t.lost.Damaged)
		w.U32(t.lost.Gaps)
	}
	w.End(at)
	return w.B
}

// errOtherVersion: a fragment is of another version than its segment's header. No program writes that.
var errOtherVersion = errors.New("another version than the segment's header")

func parseInside(r box.Reader) (in inside, err error) {
	if err := private(&r, fragmentType, errOtherVersion); err != nil {
		return in, err
	}
	in.sequence = r.U32()
	copy(in.prev[:], r.Take(HashSize))
	in.place.from, in.place.to = r.I64(), r.I64()
	in.place.start, in.startOff = clock.Wall(r.I64()), time.Duration(r.I64())
	in.place.end, in.endOff = clock.Wall(r.I64()), time.Duration(r.I64())
	in.place.offset = int32(r.U32())
	in.source = r.Text16()
	n := int(r.U16())
	for i := 0; i < n && r.Err() == nil; i++ {
		t := insideTrack{raw: r.U32(), arrival: clock.Stamp{Wall: clock.Wall(r.I64()), Mono: clock.Mono(r.I64())}}
		t.lost = Lost{Packets: r.U32(), Units: r.U32(), Damaged: r.U32(), Gaps: r.U32()}
		in.tracks = append(in.tracks, t)
	}
	if r.Err() != nil || r.Len() != 0 {
		return in, errors.New("private box has the wrong size")
	}
	const far = math.MaxInt64 / 4
	if max(in.place.from, in.place.to) > maxDecode || min(in.place.from, in.place.to) < -maxDecode ||
		max(in.place.start, in.place.end) > far || min(in.place.start, in.place.end) < -far {
		return in, errors.New("private box names an impossible time")
	}
	return in, nil
}
