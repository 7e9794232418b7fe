package rtsptest

import "roomrec/media"

// Source yields the access units of one track in decoding order.
type Source interface {
	Track() *media.Track
	// Next returns the next unit's payload and times in ticks since the beginning; it is called when
	// the unit is due. Video payloads are NAL units without start codes, sound is exactly one frame.
	// ok is false at the end.
	Next() (payload [][]byte, pts, dts int64, ok bool)
}
