package playback

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// EntryLength is how long an entry of a playlist is as a rule at least; it ends before the next key picture.
const EntryLength = 6 * time.Second

// apart is how far the wall may be from where an entry's beginning and the camera's own clock say that it is: a
// player has no other time for what is in an entry. Beyond it the entry ends.
const apart = 100 * time.Millisecond

// Index is what a playlist needs to know of one segment. It is derived from the file in milliseconds
// and never stored.
type Index struct {
	Header     fragment.Header
	HeaderSize int64 // bytes of ftyp and moov
	Whole      int64 // bytes that may be served
	Entries    []Entry
	First      time.Duration // decode time of the first entry on the segment's axis
	Length     time.Duration // of all entries
	// Convert says that a browser needs the sound converted.
	Convert bool
}

// seam is how far the end of a segment may be from the beginning of the next one for both to be one
// stretch: less than that is the difference between the camera's clock and ours.
const seam = 250 * time.Millisecond

// continues reports whether the segment x goes on where prev ended: the next segment of the same run
// with the same parameters.
func (x *Index) continues(prev *Index) bool {
	a, b := &prev.Header, &x.Header
	same := a.Session == b.Session && a.Room == b.Room && a.Camera == b.Camera &&
		a.Run == b.Run && a.Segment+1 == b.Segment && reflect.DeepEqual(a.Tracks, b.Tracks)
	off := b.Origin.Since(a.Origin) + x.First - (prev.First + prev.Length)
	return same && off.Abs() < seam
}

// Entry is a piece of a segment that can be played by itself: whole fragments, the first of which
// begins with a key picture. None but a segment's only one is without pictures: a player that gets
// nothing it can show from the last entry waits for it for ever.
type Entry struct {
	From, To int64 // in bytes
	Start    clock.Instant
	Length   time.Duration
	// sound is by how much its first sound comes after Start on the segment's axis, 0 if it has none, and soundAt
	// the instant of it.
	sound   time.Duration
	soundAt clock.Wall
	heard   bool
}

// begins returns the instant at which a player takes the entry to begin. It reckons by one track: by the
// sound, where a stretch begins with sound before there is a picture, else by the pictures.
func (e *Entry) begins(bySound bool) clock.Wall {
	if bySound && e.heard {
		return e.soundAt
	}
	return e.Start.Wall
}

// ErrEmpty says that a segment's header is not whole yet: there is nothing to play.
var ErrEmpty = errors.New("the segment holds nothing that can be played yet")

// NewIndex reads the index of the segment of which the first size bytes are known to be good. Only
// whole fragments of them are in it.
func NewIndex(r io.ReaderAt, size int64) (*Index, error) {
	b := builder{x: &Index{}}
	seg, err := fragment.Index(r, size, b.add)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if seg.HeaderSize == 0 {
		return nil, ErrEmpty
	}
	b.x.Header, b.x.HeaderSize, b.x.Whole = seg.Header, seg.HeaderSize, seg.Whole
	for _, t := range seg.Header.Tracks {
		b.x.Convert = b.x.Convert || needsFLAC(t.Codec)
	}
	return b.finish(), nil
}

// builder puts fragments together to entries. It measures in decode time, of the first track of
// pictures or else of the first track: that is how segments follow one another without a hole,
// whatever the order in which their pictures are shown.
type builder struct {
	x     *Index
	lead  lead
	infos int
	open  Entry
	from  int64 // decode time of the open entry in ticks of the lead
	to    int64 // decode end of the last fragment
	last  fragment.Info
}

type lead struct {
	known bool
	track int
	scale int64
}

// choose finds the lead among the tracks that the first fragment has.
func (l *lead) choose(tracks []*media.Track) {
	l.known = true
	for i, t := range tracks {
		if t.Codec.Video() {
			l.track = i
			break
		}
	}
	l.scale = tracks[l.track].ClockRate
}

func (b *builder) add(h *fragment.Header, i *fragment.Info) error {
	if b.infos == 0 {
		b.lead.choose(h.Tracks)
	}
	t := i.Tracks[b.lead.track]
	at := t.Decode
	if t.Samples == 0 {
		at = b.to // nothing of the lead in it: it begins where the lead ended
	}
	wall := b.wallAt(i, at, b.lead.scale)
	axis := clock.Ticks{N: at - b.from, Scale: b.lead.scale}.Duration()
	ends := axis >= EntryLength || (clock.Instant{Wall: wall}.Since(b.open.Start)-axis).Abs() > apart
	if b.infos == 0 {
		b.x.First = clock.Ticks{N: at, Scale: b.lead.scale}.Duration()
	}
	if b.infos == 0 || ends && t.Samples > 0 && i.Decodable() {
		b.close(at)
		// Start of a fragment is the instant of the earliest sample shown, at From; the entry begins at its first
		// decode time.
		b.open = Entry{From: i.Offset, Start: i.Start}
		b.open.Start.Wall = wall
		b.from = at
	}
	b.hear(h, i)
	b.open.To, b.to = i.Offset+i.Size, at+t.Duration
	b.infos++
	b.last = *i
	return nil
}

// wallAt returns the instant of a tick that is in fragment i, or before what is first shown of it: there it is, as
// in the clock text, the instant that the fragment before gives it, as far as that one goes.
func (b *builder) wallAt(i *fragment.Info, at, scale int64) clock.Wall {
	tick := clock.TicksOf(clock.Ticks{N: at, Scale: scale}.Duration(), fragment.TextScale).N
	if b.infos > 0 && tick < b.last.To {
		return b.last.WallAt(tick)
	}
	return i.WallAt(tick)
}

// hear notes where the first sound of the open entry is.
func (b *builder) hear(h *fragment.Header, i *fragment.Info) {
	for k, t := range i.Tracks {
		if b.open.heard || k == b.lead.track || t.Samples == 0 || h.Tracks[k].Codec.Video() {
			continue
		}
		at := clock.Ticks{N: t.Decode, Scale: h.Tracks[k].ClockRate}.Duration()
		b.open.sound, b.open.heard = at-clock.Ticks{N: b.from, Scale: b.lead.scale}.Duration(), true
		b.open.soundAt = b.wallAt(i, t.Decode, h.Tracks[k].ClockRate)
	}
}

func (b *builder) close(at int64) {
	if b.infos == 0 {
		return
	}
	b.open.Length = clock.Ticks{N: max(at-b.from, 1), Scale: b.lead.scale}.Duration()
	b.x.Length += b.open.Length
	b.x.Entries = append(b.x.Entries, b.open)
}

// parts returns the entries as a playlist names them. In one that is ended the last entry is joined to
// the one before if it is short: the little that both sound and picture have of it may be too little
// for a player to see that it came.
func (x *Index) parts(ended bool) []Entry {
	n := len(x.Entries)
	if !ended || n < 2 || x.Entries[n-1].Length >= EntryLength/2 {
		return x.Entries
	}
	last := x.Entries[n-2]
	last.To = x.Entries[n-1].To
	last.Length += x.Entries[n-1].Length
	return append(slices.Clone(x.Entries[:n-2]), last)
}

// has reports whether the bytes are an entry, or the last two of them together.
func (x *Index) has(from, to int64) bool {
	is := func(e Entry) bool { return e.From == from && e.To == to }
	return slices.ContainsFunc(x.Entries, is) || slices.ContainsFunc(x.parts(true), is)
}

func (b *builder) finish() *Index {
	b.close(b.to)
	return b.x
}

// Cache keeps indexes of segments in memory, so that a long session is not read again for every
// playlist. It is safe for concurrent use. The zero Cache is ready.
type Cache struct {
	mu    sync.Mutex
	known map[string]*Index
	sizes map[string]int64
}

// cacheLimit bounds the cache: about 40 days of 30-minute segments. Beyond it, it begins anew.
const cacheLimit = 2000

// Index returns the index of the segment in the file at path, of which the first size bytes are
// known to be good, reading r only if the file has grown since.
func (c *Cache) Index(path string, r io.ReaderAt, size int64) (*Index, error) {
	c.mu.Lock()
	x, ok := c.known[path]
	ok = ok && c.sizes[path] == size
	c.mu.Unlock()
	if ok {
		return x, nil
	}
	x, err := NewIndex(r, size)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= cacheLimit {
		c.known, c.sizes = make(map[string]*Index), make(map[string]int64)
	}
	c.known[path], c.sizes[path] = x, size
	return x, nil
}
