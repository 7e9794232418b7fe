// Package media holds what a camera gives, in the order in which it gave it: descriptions of a
// stream, access units, gaps, sender reports, and the end. It owns the vocabulary that the stages of
// the recorder share, and the [Feed] that hands one camera's items to several consumers without ever
// waiting for one of them. It knows no protocol and no file format.
package media

import (
	"fmt"

	"roomrec/clock"
)

// Codec names how a track's units are coded.
type Codec uint8

// The codecs that can be recorded.
const (
	CodecNone Codec = iota
	H264
	H265
	AAC  // MPEG-4 audio, raw frames without ADTS or LATM framing
	Opus // RFC 7587 packets
	PCMA // G.711 A-law
	PCMU // G.711 µ-law
	LPCM // signed big-endian integers, interleaved (RFC 3551 L8 excepted, L16, L24)
)

var codecNames = [...]string{"none", "H264", "H265", "AAC", "Opus", "PCMA", "PCMU", "LPCM"}

// String returns the codec's usual name.
func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return fmt.Sprintf("Codec(%d)", uint8(c))
}

// Video reports whether units of the codec are pictures.
func (c Codec) Video() bool { return c == H264 || c == H265 }

// Audio reports whether units of the codec are sound.
func (c Codec) Audio() bool { return c >= AAC && int(c) < len(codecNames) }

// Track describes one track of a stream. A Track that was published never changes.
type Track struct {
	Codec     Codec
	ClockRate int64 // ticks per second of the units' times

	// Video: parameter sets as NAL units without start codes; nil where the stream has not shown
	// them yet. VPS is H.265's alone.
	VPS, SPS, PPS []byte
	Width, Height int // in luma samples after cropping; 0 while the SPS is unknown

	// Audio.
	SampleRate int    // samples per second; equals ClockRate but for AAC with SBR and such
	Channels   int    // 1 or more
	BitDepth   int    // LPCM: 16 or 24
	Config     []byte // AAC: the AudioSpecificConfig
}

// Ticks returns n of the track's ticks.
func (t *Track) Ticks(n int64) clock.Ticks { return clock.Ticks{N: n, Scale: t.ClockRate} }

// Item is one thing that a camera gave. The order of items is the order in which they happened.
type Item interface{ item() }

// Description says what the stream consists of. It comes before the first unit of every epoch and
// again whenever a parameter set changes; units that follow refer to its tracks.
type Description struct {
	// Epoch counts connections from 1. A new epoch begins a new run: nothing of the one before can
	// still arrive. Within an epoch only parameter sets change, never the number, order or codec of
	// the tracks.
	Epoch  int
	Tracks []*Track
	At     clock.Stamp
}

// Unit is one access unit of video or one frame of audio, as it came.
type Unit struct {
	Track   int         // index into the description's tracks
	Arrival clock.Stamp // when its first packet arrived; the only stamp it ever gets

	// PTS and DTS are the presentation and decoding time in ticks of the track. They go on without
	// a break through wraps and jumps of the camera's own ticks and never decrease within an epoch
	// (DTS; PTS of pictures is reordered). RTP is the camera's raw 32-bit time of the unit.
	PTS, DTS int64
	RTP      uint32

	// Payload holds video as NAL units without start codes, parameter sets and SEI included where
	// the camera sent them in band; audio as exactly one frame.
	Payload [][]byte

	Key     bool // IDR, BLA or CRA: decoding can start here
	Leading bool // a leading picture of the CRA before it, which needs what came before that CRA
	Damaged bool // packets of it, or of a picture that it may refer to, were lost
}

// Size returns the number of payload bytes.
func (u *Unit) Size() int {
	n := 0
	for _, p := range u.Payload {
		n += len(p)
	}
	return n
}

// Cause says why something is missing.
type Cause string

// The causes of gaps.
const (
	CauseLoss       Cause = "loss"       // packets did not arrive, or too late
	CauseOverflow   Cause = "overflow"   // a consumer here was too slow
	CauseDisconnect Cause = "disconnect" // the connection ended
	CauseDamaged    Cause = "damaged"    // units could not be decoded
	CauseStart      Cause = "start"      // waiting for a key picture
	CauseStorage    Cause = "storage"    // no volume could take it in time
	CauseStall      Cause = "stall"      // the camera gave nothing for a while; nothing is known to be lost
)

// Causes lists every cause of a gap.
func Causes() []Cause {
	return []Cause{CauseLoss, CauseOverflow, CauseDisconnect, CauseDamaged, CauseStart, CauseStorage, CauseStall}
}

// AllTracks is the track of a gap that concerns every track of a camera.
const AllTracks = -1

// Gap says what is missing: what came before From and after To is there.
type Gap struct {
	Track    int         // index into the description's tracks, or AllTracks
	From, To clock.Stamp // last good and first good arrival; To is zero while the gap is open
	Cause    Cause
	Packets  int // packets known to be lost, 0 if not known
	Units    int // units known to be lost, 0 if not known
}

// Jump says that the camera's own ticks jumped (it restarted or looped). The units' ticks go on by
// arrival time; nothing is missing because of it.
type Jump struct {
	Track    int
	At       clock.Stamp
	From, To uint32 // raw ticks before and after
}

// Report is an RTCP sender report: the camera's own idea of the time.
type Report struct {
	Track   int
	Arrival clock.Stamp
	NTP     clock.Wall // what the camera says the time is
	RTP     uint32     // the raw ticks of that instant
	PTS     int64      // the same in the units' ticks
}

// End says that the stream ended and why. A Description with the next epoch follows when it returns.
type End struct {
	At  clock.Stamp
	Err error
}

func (*Description) item() {}
func (*Unit) item()        {}
func (*Gap) item()         {}
func (*Jump) item()        {}
func (*Report) item()      {}
func (*End) item()         {}
