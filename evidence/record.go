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

// addGap lists a gap; beyond maxSealGaps the two nearest become one.
func (r *runRecord) addGap(e *Evidence, g GapDeclared) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.gaps = append(r.gaps, seal.Gap{
		Track: g.Track, Cause: string(g.Cause), From: g.From, To: g.To,
		Units: uint64(g.Units), Packets: uint64(g.Packets), Count: uint64(g.Count),
	})
	if len(r.gaps) <= maxSealGaps {
		return
	}
	best := -1
	for i := 1; i < len(r.gaps); i++ {
		a, b := &r.gaps[i-1], &r.gaps[i]
		if a.Track == b.Track && a.Cause == b.Cause && (best < 0 || b.From.Since(a.To) < r.gaps[best].From.Since(r.gaps[best-1].To)) {
			best = i
		}
	}
	if best < 0 {
		return // of kinds that cannot be merged there are only a few
	}
	a, b := &r.gaps[best-1], r.gaps[best]
	a.To, a.Units, a.Packets, a.Count = b.To, a.Units+b.Units, a.Packets+b.Packets, a.Count+b.Count
	r.gaps = slices.Delete(r.gaps, best, best+1)
}

// knows reports whether a gap is declared at the time from … to, or so near that a reader takes it for
// that.
func (r *runRecord) knows(e *Evidence, from, to clock.Instant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(r.gaps, func(g seal.Gap) bool { return g.From.Since(to) < stallMost && from.Since(g.To) < stallMost })
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
