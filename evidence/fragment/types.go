// Package fragment turns access units into the bytes of fragmented MP4 and back. It is pure: no file,
// no clock, no goroutine. The format is docs/format.md.
package fragment

import (
	"encoding/hex"
	"fmt"

	"roomrec/clock"
	"roomrec/media"
)

// HashSize is the size of a leaf in bytes (SHA-256).
const HashSize = 32

// Hash is a leaf of the fragment chain, or what takes its place at the beginning of one.
type Hash [HashSize]byte

// String returns h in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns h in lower-case hex, as JSON and people have it.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits.
func (h *Hash) UnmarshalText(b []byte) error {
	var v Hash
	if len(b) != hex.EncodedLen(HashSize) {
		return fmt.Errorf("hash %q: want %d hex digits", b, hex.EncodedLen(HashSize))
	}
	if _, err := hex.Decode(v[:], b); err != nil {
		return fmt.Errorf("hash %q: %w", b, err)
	}
	*h = v
	return nil
}

// Header describes a segment: what its moov says. A segment is a file of a run and plays by itself.
type Header struct {
	Session, Room, Camera string
	Run, Segment          int // both count from 1
	// Origin is the instant of decode time 0 of every track, on the session's timeline.
	Origin clock.Instant
	// Zone is how the time text shows instants.
	Zone clock.Zone
	// Prev is the last leaf of the run's segment before; for a run's first segment, the SHA-256 of
	// the session's first journal line.
	Prev Hash
	// Tracks in the order of the units' track numbers. The time text track comes after them.
	Tracks []*media.Track
	// InBand says of each track of pictures whether its units carry their parameter sets (see
	// [CarriesSets]). The sample entry is then avc3 or hev1, otherwise avc1 or hvc1; the samples
	// stay as they came and the entry holds the sets in either case. nil means that all do.
	InBand []bool
	// ZoneName is the zone's name as a file has it; a writer takes it from Zone. Zone is UTC where
	// the host that reads does not know that name: no verdict depends on it, every fragment has its
	// own distance from UTC.
	ZoneName string
}

func (h Header) inBand(track int) bool {
	return h.InBand == nil || track < len(h.InBand) && h.InBand[track]
}

// Fragment is about one second of every track: the unit of durability and of the hash chain.
type Fragment struct {
	// Sequence counts the fragments of a run from 1, on through its segments.
	Sequence uint32
	// Tracks holds as many elements as the header; one without units is left out of the file.
	Tracks []Part
	// Start and End are the instants at which the fragment's earliest sample begins and its last
	// picture ends. Between them time is taken to advance evenly; the time text is cut accordingly.
	Start, End clock.Instant
	// Source says what Start is derived from, as in "arrival".
	Source string
}

// Part is one track's share of a fragment.
type Part struct {
	// Decode is the decode time of the first unit in ticks of the track since the segment's origin.
	Decode int64
	// Units in decoding order. Durations[i] is the decode duration of Units[i] in ticks; the next
	// fragment's Decode is the truth about the last one.
	Units     []*media.Unit
	Durations []int64
	// Counters of the run until the end of this fragment.
	Lost Lost
}

// Lost counts what a run is known to miss of one track since its beginning.
type Lost struct {
	Packets, Units, Damaged, Gaps uint32
}
