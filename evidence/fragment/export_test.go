package fragment

import "roomrec/clock"

const (
	Since1904 = since1904
	ReadIndex = readIndex
)

// WallAt returns what the fragment's times say of the tick t.
func WallAt(i Info, t int64) clock.Wall { return i.WallAt(t) }

// NTP returns w as prft has it.
func NTP(w clock.Wall) uint64 { return ntp(w) }

// Rewind lets the next fragment have any number.
func (w *Writer) Rewind() { w.next = 0 }
