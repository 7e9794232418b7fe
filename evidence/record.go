package evidence

import (
	"crypto/sha256"
	"hash"
	"slices"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
	"roomrec/media"
)

// runRecord is what is known of a run: for the seal and for whoever asks. Evidence.mu guards it.
type runRecord struct {
	room, camera string
	number       int
	cause        string // why it ended, "" while it is recorded
	first, last  clock.Instant
	segments     []*segmentRecord
	fragments    uint32
	leaf         fragment.Hash
	tree         seal.Tree // over the acknowledged fragments
	holed        bool      // fragments are on no volume that was found: the tree says nothing
	tracks       []trackRecord
	gaps         []seal.Gap
}

type trackRecord struct {
	codec media.Codec
	safe  bool // a sample of it is acknowledged
	seal.Track
}

// segmentRecord is a file as far as it is acknowledged.
type segmentRecord struct {
	path   string
	length int64
	sum    hash.Hash // nil for one of before a restart
	head   []byte    // of the file, until its first fragment is acknowledged
	// on is how much of it each volume acknowledged, by id; of the camera's goroutine until the
	// cameras have ended.
	on map[string]int64
}

// maxSealGaps is how many gaps the seal lists for a run; more are merged, the nearest first. The
// journal has every one.
const maxSealGaps = 256

func newRunRecord(of Of, number int, tracks []*media.Track) *runRecord {
	r := &runRecord{room: of.Room, camera: of.Camera, number: number}
	for _, t := range tracks {
		r.tracks = append(r.tracks, trackRecord{codec: t.Codec, Track: seal.Track{Codec: t.Codec.String()}})
	}
	return r
}

func (r *runRecord) begin(e *Evidence, first clock.Instant) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.first, r.last = first, first
	e.runs = append(e.runs, r)
}

// began returns when the run began.
func (r *runRecord) began(e *Evidence) clock.Instant {
	e.mu.Lock()
	defer e.mu.Unlock()
	return r.first
}

// behind reports whether the run ended because memory was full.
func (r *runRecord) behind(e *Evidence) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return r.cause == EndStorage
}

func (r *runRecord) end(e *Evidence, cause string) clock.Instant {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.cause = cause
	return r.last
}

func (r *runRecord) addSegment(e *Evidence, path string, head []byte) *segmentRecord {
	s := &segmentRecord{path: path, sum: sha256.New(), head: head, on: map[string]int64{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	r.segments = append(r.segments, s)
	return s
}

// acknowledge takes a fragment into account and returns the tracks whose first sample it holds, as a
// mask.
func (r *runRecord) acknowledge(e *Evidence, s *sent) (begun uint64) {
	// Hashing needs no lock: nobody else touches the sum before the run has ended.
	if g := s.seg.rec; g.head != nil {
		_, _ = g.sum.Write(g.head)
		g.head = nil
	}
	_, _ = s.seg.rec.sum.Write(s.data.b)
	e.mu.Lock()
	defer e.mu.Unlock()
	s.seg.rec.length = s.end
	if r.fragments == 0 {
		r.first = s.frag.Start
	}
	r.fragments++
	r.leaf, r.last = s.leaf, s.frag.End
	r.tree.Add(seal.Hash(s.leaf))
	for i := range s.frag.Tracks {
		p := &s.frag.Tracks[i]
		t := &r.tracks[i]
		t.Units += uint64(len(p.Units))
		for _, u := range p.Units {
			t.Bytes += uint64(u.Size())
		}
		t.Lost, t.Packets, t.Damaged = uint64(p.Lost.Units), uint64(p.Lost.Packets), uint64(p.Lost.Damaged)
		if len(p.Units) > 0 && !t.safe {
			t.safe = true
			begun |= 1 << i
		}
	}
	return begun
}

// addGap lists a gap as [listGap] does.
func (r *runRecord) addGap(e *Evidence, g GapDeclared) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.gaps = listGap(r.gaps, seal.Gap{
		Track: g.Track, Cause: string(g.Cause), From: g.From, To: g.To,
		Units: uint64(g.Units), Packets: uint64(g.Packets), Count: uint64(g.Count),
	})
}

// listGap adds a gap to those of a run, which stand in the order in which they began; beyond maxSealGaps
// the two of one track and cause that lie nearest to each other become one.
func listGap(gaps []seal.Gap, g seal.Gap) []seal.Gap {
	at := len(gaps)
	for at > 0 && gaps[at-1].From.Wall > g.From.Wall {
		at--
	}
	gaps = slices.Insert(gaps, at, g)
	if len(gaps) <= maxSealGaps {
		return gaps
	}
	type kind struct {
		track int
		cause string
	}
	last := map[kind]int{}
	first, second := -1, -1
	for i := range gaps {
		b := &gaps[i]
		k := kind{b.Track, b.Cause}
		if j, ok := last[k]; ok && (first < 0 || b.From.Since(gaps[j].To) < gaps[second].From.Since(gaps[first].To)) {
			first, second = j, i
		}
		last[k] = i
	}
	if first < 0 {
		return gaps // there are only a few kinds
	}
	a, b := &gaps[first], gaps[second]
	if b.To.Wall > a.To.Wall {
		a.To = b.To
	}
	a.Units, a.Packets, a.Count = a.Units+b.Units, a.Packets+b.Packets, a.Count+b.Count
	return slices.Delete(gaps, second, second+1)
}

// knows reports whether the gaps that are declared cover the time from … to, but for less than a reader asks about.
func (r *runRecord) knows(e *Evidence, from, to clock.Instant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return seal.Uncovered(r.gaps, from, to) <= stallMost
}

// grow adds the leaves of a segment that was found, as far as its fragments and its header name them:
// each names the one before it.
func (r *runRecord) grow(h *fragment.Header, infos []fragment.Info) {
	if len(r.segments) > 0 {
		r.tree.Add(seal.Hash(h.Prev))
	}
	for _, in := range infos[1:] {
		r.tree.Add(seal.Hash(in.Prev))
	}
}
