package evidence

import (
	"fmt"
	"path"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// segment is a file of a run while it is being written.
type segment struct {
	rec        *segmentRecord
	w          *fragment.Writer
	header     fragment.Header
	head       []byte
	files      map[uint64]*volumeFile
	members    uint64 // of the set when it was begun
	generation int
	length     int64 // handed to the volumes
	origin     clock.Mono
	firstDTS   int64 // of the leading track
	base       []int64
	placed     []bool // tracks whose base is known
	lead       int
	of         *segment // whose fragments are written anew into this one
	leadEnd    int64    // decode time after the leading track's last unit, as an axis for late tracks
}

// open begins a segment with the fragment that was filled.
func (r *run) open(filled *filling) error {
	if r.seq == 0 {
		r.start(filled)
	}
	n := len(r.tracks)
	s := &segment{base: make([]int64, n), placed: make([]bool, n), lead: r.lead}
	set := false
	for i, units := range filled.parts {
		if len(units) == 0 {
			continue
		}
		if at := r.c.axes[i].at(units[0].DTS); !set || at < s.origin {
			s.origin, set = at, true
		}
	}
	for i, units := range filled.parts {
		if len(units) > 0 {
			s.locate(r.c.axes, i, units[0])
		}
	}
	if units := filled.parts[r.lead]; len(units) > 0 {
		s.firstDTS = units[0].DTS
	}
	inBand := make([]bool, n)
	for i, units := range filled.parts {
		inBand[i] = len(units) > 0 && r.tracks[i].Codec.Video() && fragment.CarriesSets(r.tracks[i].Codec, units[0])
	}
	e := r.c.e
	s.header = fragment.Header{
		Session: e.cfg.Session, Room: r.c.of.Room, Camera: r.c.of.Camera, Run: r.rec.number, Segment: r.segments + 1,
		Origin: e.instant(s.origin), Zone: e.cfg.Zone, Prev: r.leaf, Tracks: r.tracks, InBand: inBand,
	}
	w, head, err := fragment.NewWriter(s.header)
	if err != nil {
		return err
	}
	s.w, s.head, s.length = w, head, int64(len(head))
	r.seg = s
	why := r.rotate
	r.rotate = ""
	if _, mask, generation := e.set.current(); mask == 0 || r.c.behind(r, mask) {
		// Without a volume, or while earlier fragments of the run still wait for one, the segment is a
		// place in memory: what is in it will be written anew.
		s.generation = generation
		return nil
	}
	r.file(s, why)
	return nil
}

// segmentName is the name of a segment, by its number.
const segmentName = "%04d.mp4"

// file makes the segment's file on every volume of the set.
func (r *run) file(s *segment, why string) {
	e := r.c.e
	r.segments++
	name := path.Join(r.c.of.Room, r.c.of.Camera, fmt.Sprintf("run-%04d", r.rec.number), fmt.Sprintf(segmentName, r.segments))
	s.rec = r.rec.addSegment(e, name, s.head)
	r.c.create(s, name)
	e.events.put(SegmentBegan{r.c.of, r.rec.number, r.segments, name, why})
}

// locate fixes where the track's ticks lie on the segment's axis, by its first unit.
func (s *segment) locate(axes []axis, i int, u *media.Unit) {
	away := axes[i].at(u.DTS).Sub(s.origin)
	if s.leadEnd > 0 && i != s.lead && s.placed[s.lead] {
		// A track that begins late is placed beside the leading one, whose ticks may be faster or
		// slower than the host's clock.
		lead := &axes[s.lead]
		away = lead.length(s.leadEnd-s.base[s.lead]) + axes[i].at(u.DTS).Sub(lead.at(s.leadEnd))
	}
	s.base[i] = u.DTS - axes[i].ticks(away)
	s.placed[i] = true
}

// place returns the units of a part that are not older than the segment, and remembers how far the
// leading track has come.
func (s *segment) place(axes []axis, i int, units []*media.Unit) []*media.Unit {
	if !s.placed[i] {
		s.locate(axes, i, units[0])
	}
	for len(units) > 0 && units[0].DTS < s.base[i] {
		units = units[1:]
	}
	if i == s.lead && len(units) > 0 {
		s.leadEnd = units[len(units)-1].DTS
	}
	return units
}

// retire ends the segment.
func (r *run) retire() {
	if r.seg == nil {
		return
	}
	r.seg.close()
	r.seg = nil
}

// close gives the segment's descriptors back after what was handed to the volumes.
func (s *segment) close() {
	for _, f := range s.files {
		f.Close()
	}
}
