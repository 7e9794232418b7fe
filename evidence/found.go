package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
)

// ErrSealed: the session's folder holds a seal. Nothing may be written there any more.
var ErrSealed = errors.New("the session is sealed")

// ErrSealCut: there is something that came after the seal, and no whole seal. It was cut off or removed;
// a person must look. Nothing may be written there any more.
var ErrSealCut = errors.New("the session was sealed, and its seal is not whole any more")

// ErrForked: two volumes hold journals of which neither begins with the other. One was altered.
var ErrForked = errors.New("the volumes' journals contradict one another")

// Found is a session's folder as it was found after a restart. It was only read.
type Found struct {
	// Lines are those of the journal, of the volume that has the most of them.
	Lines []journal.Line
	// Last is the latest instant that the folder knows of: of a line or of a fragment's end. The
	// timeline that goes on must not begin before it.
	Last clock.Instant
	// LastSafe is the latest end of a fragment, zero if there is none.
	LastSafe clock.Instant
	Sealed   bool // a volume holds a seal that is whole
	// Spooled are the lines that were written while no volume was left and that the journal does not
	// quote yet, as it will: see [Found.ReadSpool].
	Spooled []journal.Line
	// Files are the journal files, segments and seals that a power cut may have torn, per volume.
	Files []FoundFile
	// Holes are the lines of the journal that no volume has, in their order: a volume that is not there held
	// them. A later file goes on from the last of each.
	Holes []LineHole

	head     journal.Head
	first    journal.Hash
	unread   map[string]error // by volume: why it cannot say what it holds
	damaged  map[string]error // by volume: what of it cannot be read
	journals []seal.File      // as far as they are whole
	ends     []journal.Head   // of each
	last     []journal.Found  // the last one, per volume
	number   int              // of the last journal file
	jumped   bool             // the journal file read last is followed by one that goes on from lines that no volume has
	runs     []*runRecord
	segments []*foundSegment
	shares   map[*runRecord][]fragment.Info // what counts of every run, while it is read
}

// FoundFile is a file that was found on one volume.
type FoundFile struct {
	Volume string `json:"volume"`
	File   string `json:"file"` // path under the session's folder
	// Whole is the length in bytes of what can be used; of a segment Fragments is how many that are.
	Whole     int64  `json:"whole"`
	Fragments uint32 `json:"fragments"`
	// Torn is the length in bytes of what follows and is never used, and its hash. Of these the last Unread
	// bytes, from the first on that could not be read, are in no hash.
	Torn       int64     `json:"torn"`
	TornSHA256 seal.Hash `json:"torn_sha256"`
	Unread     int64     `json:"unread,omitempty"`
	Why        string    `json:"why"`
}

// foundSegment is a segment over all volumes.
type foundSegment struct {
	path  string
	on    map[string]*segmentOn // by volume
	size  int64                 // of what counts
	count uint32                // of fragments in that
	lost  bool                  // more of it counts, on a volume that is not there
}

// segmentOn is a segment on one volume.
type segmentOn struct {
	vol   *volume.Volume
	size  int64
	whole int64
	torn  *fragment.Problem
	head  fragment.Header
	// headSum is the hash of the bytes before the first fragment, which no leaf covers; zero if they cannot be read.
	headSum seal.Hash
	infos   []fragment.Info
	// unread says that not all of it can be read: such a copy cannot say where what was acknowledged ends.
	unread error
}

// behindMost is by how many fragments a volume may lack the end of a file that another one has, for
// it to have been in the set until the end: more would have made it leave.
const behindMost = 16

// Survey reads the folder of an unsealed session on all volumes. It writes nothing. A volume that cannot be
// read stops none of the others: see [Found.Unread].
func Survey(ctx context.Context, folder string, volumes []*volume.Volume) (*Found, error) {
	f := &Found{unread: map[string]error{}, damaged: map[string]error{}}
	type result struct {
		at  int
		s   *survey
		err error
	}
	results := make(chan result, len(volumes))
	for i, v := range volumes {
		// A disk that hangs holds up its goroutine, not the others; ctx ends the waiting.
		go func() {
			s, err := surveyVolume(v, folder)
			results <- result{i, s, err}
		}()
	}
	surveys := make([]*survey, len(volumes))
	for range volumes {
		select {
		case r := <-results:
			if r.err != nil && !errors.Is(r.err, fs.ErrNotExist) {
				f.without(nil, volumes[r.at].ID(), r.err)
			}
			surveys[r.at] = r.s
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	surveys = slices.DeleteFunc(surveys, func(s *survey) bool { return s == nil })
	if len(surveys) == 0 {
		// What cannot be read may be there: that is another answer than that there is nothing.
		return nil, fmt.Errorf("survey %s: %w", folder, cmp.Or(f.Unread(), fs.ErrNotExist))
	}
	for _, s := range surveys {
		if s.after && !slices.ContainsFunc(surveys, func(s *survey) bool { return s.seals.Sealed() }) {
			return nil, fmt.Errorf("survey %s: volume %s: %w", folder, s.vol.ID(), ErrSealCut)
		}
		for _, a := range s.seals.Torn {
			f.Files = append(f.Files, FoundFile{Volume: s.vol.ID(), File: a.Name, Torn: a.Size, TornSHA256: a.SHA256, Why: "the seal was not finished"})
		}
	}
	surveys, err := f.readJournals(surveys)
	if err != nil {
		return nil, fmt.Errorf("survey %s: %w", folder, errors.Join(err, f.Unread()))
	}
	f.agree(surveys)
	f.readRuns()
	return f, nil
}

// survey is what one volume holds of the session.
type survey struct {
	vol      *volume.Volume
	files    fs.FS // the session's folder
	journals int   // number of the last journal file
	numbers  []int // and of all
	oldest   int   // and of the first that is here
	seals    seal.Attempts
	after    bool // something came after the seal
	segments []string
}

func surveyVolume(v *volume.Volume, folder string) (*survey, error) {
	files, err := fs.Sub(v.Files(), folder)
	if err != nil {
		return nil, err
	}
	s := &survey{vol: v, files: files}
	err = fs.WalkDir(files, ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir():
			return err
		case strings.HasPrefix(p, "after/"):
			s.after = true
		case path.Ext(p) == ".mp4":
			s.segments = append(s.segments, p)
		}
		if n, ok := journal.FileNumber(p); ok {
			s.journals, s.numbers = max(s.journals, n), append(s.numbers, n)
			if s.oldest == 0 || n < s.oldest {
				s.oldest = n
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.seals, err = seal.Find(files, "."); err != nil {
		return nil, err
	}
	return s, nil
}

func (f *Found) later(i clock.Instant) {
	if i.Wall > f.Last.Wall {
		f.Last = i
	}
}

// readRuns makes records of the runs from their segments and from the journal.
func (f *Found) readRuns() {
	f.shares = map[*runRecord][]fragment.Info{}
	for _, g := range f.segments {
		on := g.known()
		if on == nil {
			continue
		}
		f.tails(g)
		parts := strings.Split(g.path, "/")
		if len(parts) != 4 || g.count == 0 {
			continue // nothing of it counts, not even its header
		}
		r := f.run(parts[0], parts[1], on.head.Run, on.head.Tracks)
		infos := on.infos[:g.count]
		if r.fragments == 0 {
			r.first = infos[0].Start
		}
		f.hole(r, &on.head, infos)
		end := infos[len(infos)-1]
		r.fragments, r.last = end.Sequence, end.End
		f.later(end.End)
		if end.End.Wall > f.LastSafe.Wall {
			f.LastSafe = end.End
		}
		r.leaf = end.Leaf
		if int(g.count) < len(on.infos) {
			r.leaf = on.infos[g.count].Prev // only the last one's was read; the one after names it
		}
		r.grow(&on.head, infos)
		r.segments = append(r.segments, &segmentRecord{path: g.path, length: g.size})
		f.shares[r] = append(f.shares[r], infos...)
		for i := range end.Tracks {
			if i >= len(r.tracks) {
				break
			}
			t := &r.tracks[i]
			t.safe = true
			t.Lost, t.Packets, t.Damaged = uint64(end.Tracks[i].Lost.Units), uint64(end.Tracks[i].Lost.Packets), uint64(end.Tracks[i].Lost.Damaged)
			for _, in := range infos {
				t.Units += uint64(in.Tracks[i].Samples)
				t.Bytes += uint64(in.Tracks[i].Bytes)
			}
		}
	}
	f.cutRuns()
	f.fromJournal()
	for _, r := range f.runs {
		if r.fragments > 0 {
			r.tree.Add(seal.Hash(r.leaf)) // the last one, which no other names
		}
		r.addLost(f.shares[r])
	}
	f.shares = nil
}

// Described returns the tracks of a camera as they were recorded at an instant, or at first if that was later; nil if
// nothing of it was acknowledged.
func (f *Found) Described(room, camera string, at clock.Wall) (tracks []*media.Track) {
	for _, g := range f.segments { // in the order of recording
		on := g.known()
		if g.count == 0 || on == nil || on.head.Room != room || on.head.Camera != camera {
			continue
		}
		if tracks != nil && on.head.Origin.Wall > at {
			break
		}
		tracks = on.head.Tracks
	}
	return tracks
}

// tails lists what of the segment's copies does not count, and the ends of those that were open.
func (f *Found) tails(g *foundSegment) {
	for id, on := range g.on {
		if on.size <= g.size && on.unread == nil {
			continue
		}
		found := FoundFile{Volume: id, File: g.path, Whole: g.size, Fragments: g.count, Torn: max(on.size-g.size, 0), Why: "not on every volume"}
		if on.torn != nil {
			found.Why = on.torn.Error()
		}
		if on.unread != nil && on.whole < g.size {
			found.Whole, found.Fragments, found.Torn = on.whole, uint32(len(on.infos)), max(on.size-on.whole, 0)
		}
		f.Files = append(f.Files, found)
	}
}

// run returns the record of a run, a new one if it is not known yet.
func (f *Found) run(room, camera string, number int, tracks []*media.Track) *runRecord {
	for _, r := range f.runs {
		if r.room == room && r.camera == camera && r.number == number {
			return r
		}
	}
	r := newRunRecord(Of{room, camera}, number, tracks)
	r.cause = EndRestart
	f.runs = append(f.runs, r)
	return r
}

// fromJournal takes from the journal why runs ended and what gaps they have.
func (f *Found) fromJournal() {
	for _, l := range f.Lines {
		switch l.Type {
		case TypeRunEnded:
			var d runEndedData
			if json.Unmarshal(l.Data, &d) != nil {
				continue
			}
			for _, r := range f.runs {
				if r.room == d.Room && r.camera == d.Camera && r.number == d.Run && r.fragments >= d.Fragments {
					r.cause = d.Cause
				} // else its end was in memory when the program ended, and is missing
			}
		case TypeGaps:
			var d gapsData
			if json.Unmarshal(l.Data, &d) != nil {
				continue
			}
			for _, r := range f.runs {
				if r.room != d.Room || r.camera != d.Camera || r.number != d.Run {
					continue
				}
				for _, g := range d.Gaps {
					r.gaps = listGap(r.gaps, seal.Gap{
						Track: g.Track, Cause: g.Cause, From: g.From, To: g.To,
						Units: uint64(g.Units), Packets: uint64(g.Packets), Count: uint64(g.Count),
					})
				}
			}
		}
	}
}
