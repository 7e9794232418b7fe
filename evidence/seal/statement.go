package seal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"roomrec/clock"
)

// Statement says what a session's folder holds, on every volume that was in its set to the end, and
// how it came about. All instants are on the session's timeline.
type Statement struct {
	// Algorithm, HashSuite, Key and Version are filled in by [Sign]. Key is the signing key's public
	// half as a C2SP verifier key.
	Algorithm string `json:"algorithm"`
	HashSuite string `json:"hash_suite"`
	Key       string `json:"key"`
	Version   string `json:"version"`

	Session string        `json:"session"`
	Opened  clock.Instant `json:"opened"`
	Sealed  clock.Instant `json:"sealed"`
	Zone    string        `json:"zone"`
	Clock   Clock         `json:"clock"`
	// Facts is what the session's own layer wants stated: an object, opaque here.
	Facts json.RawMessage `json:"facts"`

	Journal       Journal        `json:"journal"`
	Files         []File         `json:"files"`         // every file of the folder but the seal, by path
	Runs          []Run          `json:"runs"`          // by room, camera, number
	Cameras       []Camera       `json:"cameras"`       // by room, camera
	Interruptions []Interruption `json:"interruptions"` // in the order in which they began
	Volumes       []Volume       `json:"volumes"`       // by id
}

// Clock says how far the host's clock could be trusted during the session.
type Clock struct {
	Source  string   `json:"source"` // as in "ntp" or "local"
	Trusted bool     `json:"trusted"`
	Reasons []string `json:"reasons"` // why not, or what to know; in the order in which they arose
	// Uncertainty is the greatest that the timeline had.
	Uncertainty time.Duration `json:"uncertainty_ns"`
}

// Journal is the end of the journal's chain: the last line that the seal covers.
type Journal struct {
	File   string `json:"file"` // path of the last journal file
	Lines  uint64 `json:"lines"`
	SHA256 Hash   `json:"sha256"` // of the last line, its newline included
}

// Kind says what a file is.
type Kind string

// The kinds of files.
const (
	KindJournal Kind = "journal"
	KindSegment Kind = "segment"
	// KindAttempt is a seal that was torn while it was written. Nothing of it counts: all that a volume
	// holds of it is an abandoned tail.
	KindAttempt Kind = "attempt"
)

// File is one file and how much of it counts.
type File struct {
	Path string `json:"path"`
	Kind Kind   `json:"kind"`
	// Size is the acknowledged length in bytes; SHA256 is the hash of that much. It is zero if it is not known:
	// no volume that was there at the seal held all of the file, and those that did were gone before it was
	// read. No file is then as stated.
	Size   int64 `json:"size"`
	SHA256 Hash  `json:"sha256"`
	// Abandoned lists, by volume, what lies beyond Size: written once, never acknowledged, never
	// played.
	Abandoned []Tail `json:"abandoned"`
	// Partial lists the volumes that joined while the session ran and hold less than Size.
	Partial []Part `json:"partial"`
}

// Part is what a volume holds of a file of which it lacks the end: the volume had left the set.
type Part struct {
	Volume string `json:"volume"`
	// Size is how many bytes are those that count, and SHA256 their hash; Rest is how many follow that
	// are not, as a failed disk leaves them, and RestSHA256 their hash.
	Size       int64 `json:"size"`
	SHA256     Hash  `json:"sha256"`
	Rest       int64 `json:"rest"`
	RestSHA256 Hash  `json:"rest_sha256"`
	// RestUnread is how many bytes at the end of the rest could not be read, and are in no hash.
	RestUnread int64 `json:"rest_unread,omitempty"`
}

// Tail is an abandoned tail on one volume.
type Tail struct {
	Volume string `json:"volume"`
	Size   int64  `json:"size"` // in bytes, from the file's acknowledged length to its end
	SHA256 Hash   `json:"sha256"`
	// Unread is how many bytes at its end, from the first on that could not be read, are in no hash.
	Unread int64 `json:"unread,omitempty"`
}

// Run is an unbroken stretch of one camera.
type Run struct {
	Room   string `json:"room"`
	Camera string `json:"camera"`
	Run    int    `json:"run"` // from 1
	// Cause says why the run ended, as in "closing", "disconnect", "restart".
	Cause     string        `json:"cause"`
	First     clock.Instant `json:"first"` // begin of the first sample
	Last      clock.Instant `json:"last"`  // end of the last acknowledged sample
	Segments  []string      `json:"segments"`
	Fragments uint32        `json:"fragments"` // acknowledged
	LastLeaf  Hash          `json:"last_leaf"` // of the last acknowledged fragment
	Root      Hash          `json:"root"`      // of the [Tree] over all acknowledged fragments
	Tracks    []Track       `json:"tracks"`    // in the camera's order
	Gaps      []Gap         `json:"gaps"`      // in the order of their beginnings
}

// Track counts what a run holds and misses of one track.
type Track struct {
	Codec   string `json:"codec"`
	Units   uint64 `json:"units"`
	Bytes   uint64 `json:"bytes"` // of payload
	Lost    uint64 `json:"lost_units"`
	Packets uint64 `json:"lost_packets"`
	Damaged uint64 `json:"damaged_units"`
}

// Gap is a declared gap: what came before From and after To is there.
type Gap struct {
	Track   int           `json:"track"` // -1: every track
	Cause   string        `json:"cause"`
	From    clock.Instant `json:"from"`
	To      clock.Instant `json:"to"`
	Units   uint64        `json:"units"`   // known to be lost, 0 if not known
	Packets uint64        `json:"packets"` // known to be lost, 0 if not known
	// Count is how many gaps were merged into this one; what lies between them is recorded.
	Count uint64 `json:"count"`
}

// Uncovered returns how long the longest part of from … to is that lies in none of the gaps, 0 if they cover it. The
// gaps may overlap and come in any order.
func Uncovered(gaps []Gap, from, to clock.Instant) time.Duration {
	var longest time.Duration
	reached := from
	for _, g := range slices.SortedFunc(slices.Values(gaps), func(a, b Gap) int { return cmp.Compare(a.From.Wall, b.From.Wall) }) {
		if g.From.Since(to) >= 0 {
			break
		}
		if g.To.Since(reached) <= 0 {
			continue
		}
		longest, reached = max(longest, g.From.Since(reached)), g.To
	}
	return max(longest, to.Since(reached), 0)
}

// Camera is one camera of the session.
type Camera struct {
	Room     string `json:"room"`
	Camera   string `json:"camera"`
	Required bool   `json:"required"`
	// Offset is how far the camera's own clock was from the timeline; nil if it never told.
	Offset *Offset `json:"offset"`
}

// Offset sums up a camera's own idea of the time: camera minus timeline, in nanoseconds.
type Offset struct {
	Reports uint64        `json:"reports"` // sender reports that were compared
	First   time.Duration `json:"first_ns"`
	Last    time.Duration `json:"last_ns"`
	Least   time.Duration `json:"least_ns"`
	Most    time.Duration `json:"most_ns"`
}

// Interruption is what is missing of the session and, apart from it, how long questioning was
// suspended. A nil instant is not known or did not come.
type Interruption struct {
	Cause         string         `json:"cause"` // a fault's code
	MissingFrom   *clock.Instant `json:"missing_from"`
	MissingTo     *clock.Instant `json:"missing_to"`
	SuspendedFrom *clock.Instant `json:"suspended_from"`
	SuspendedTo   *clock.Instant `json:"suspended_to"`
}

// Volume is one volume that the session was ever recorded on.
type Volume struct {
	ID string `json:"id"`
	// Complete says that the volume was in the set from the opening to the seal. Another one may
	// lack files or ends of files.
	Complete bool `json:"complete"`
	// Left says when and why it left the set; nil while it was in it.
	Left  *clock.Instant `json:"left"`
	Fault string         `json:"fault"`
	// Joined says when it joined the set of a session that was being recorded; nil if it was there
	// from the opening, or the restart, on. A volume that left and returned is listed twice.
	Joined *clock.Instant `json:"joined"`
}

// normalise puts the lists into their order and gives every list and object a value, so that there
// is one way to write s.
func (s *Statement) normalise() {
	if len(s.Facts) == 0 {
		s.Facts = json.RawMessage("{}")
	}
	s.Clock.Reasons = orEmpty(s.Clock.Reasons)
	s.Files = slices.Clone(orEmpty(s.Files))
	s.Runs = slices.Clone(orEmpty(s.Runs))
	s.Cameras = slices.Clone(orEmpty(s.Cameras))
	s.Volumes = slices.Clone(orEmpty(s.Volumes))
	s.Interruptions = orEmpty(s.Interruptions)
	slices.SortStableFunc(s.Files, byPath)
	slices.SortStableFunc(s.Runs, byRun)
	slices.SortStableFunc(s.Cameras, byCamera)
	slices.SortStableFunc(s.Volumes, func(a, b Volume) int { return cmp.Compare(a.ID, b.ID) })
	for i := range s.Files {
		f := &s.Files[i]
		f.Abandoned = slices.Clone(orEmpty(f.Abandoned))
		slices.SortStableFunc(f.Abandoned, func(a, b Tail) int { return cmp.Compare(a.Volume, b.Volume) })
		f.Partial = slices.Clone(orEmpty(f.Partial))
		slices.SortStableFunc(f.Partial, func(a, b Part) int { return cmp.Compare(a.Volume, b.Volume) })
	}
	for i := range s.Runs {
		r := &s.Runs[i]
		r.Segments, r.Tracks, r.Gaps = orEmpty(r.Segments), orEmpty(r.Tracks), orEmpty(r.Gaps)
	}
}

func byPath(a, b File) int { return cmp.Compare(a.Path, b.Path) }

func byRun(a, b Run) int {
	return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Camera, b.Camera), cmp.Compare(a.Run, b.Run))
}

func byCamera(a, b Camera) int {
	return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Camera, b.Camera))
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// check reports what cannot be stated: a file twice or outside the folder, a run without its files.
func (s *Statement) check() error {
	if s.Session == "" {
		return fmt.Errorf("statement without a session")
	}
	if f := bytes.TrimSpace(s.Facts); len(f) > 0 && f[0] != '{' {
		return fmt.Errorf("facts are not an object")
	}
	files := make(map[string]Kind, len(s.Files))
	for _, f := range s.Files {
		switch _, twice := files[f.Path]; {
		case !localPath(f.Path):
			return fmt.Errorf("file %q: not a path inside the folder", f.Path)
		case twice:
			return fmt.Errorf("file %q: named twice", f.Path)
		case f.Kind != KindJournal && f.Kind != KindSegment && f.Kind != KindAttempt:
			return fmt.Errorf("file %q: of kind %q", f.Path, f.Kind)
		case f.Size < 0:
			return fmt.Errorf("file %q: of %d bytes", f.Path, f.Size)
		}
		if _, attempt := AttemptNumber(f.Path); attempt != (f.Kind == KindAttempt) || attempt && f.Size != 0 {
			return fmt.Errorf("file %q: of kind %q with %d bytes", f.Path, f.Kind, f.Size)
		}
		files[f.Path] = f.Kind
		for i, t := range f.Abandoned {
			if t.Size <= 0 || t.Unread < 0 || t.Unread > t.Size || t.Volume == "" || i > 0 && f.Abandoned[i-1].Volume == t.Volume {
				return fmt.Errorf("file %q: abandoned tail of %d bytes on volume %q", f.Path, t.Size, t.Volume)
			}
		}
	}
	for _, f := range s.Files {
		for i, p := range f.Partial {
			if p.Volume == "" || p.Size < 0 || p.Size >= f.Size || p.Rest < 0 || p.RestUnread < 0 || p.RestUnread > p.Rest || i > 0 && f.Partial[i-1].Volume == p.Volume {
				return fmt.Errorf("file %q: part of %d and %d bytes on volume %q", f.Path, p.Size, p.Rest, p.Volume)
			}
		}
	}
	if files[s.Journal.File] != KindJournal {
		return fmt.Errorf("journal %q: not among the files", s.Journal.File)
	}
	for i, r := range s.Runs {
		if i > 0 && byRun(s.Runs[i-1], r) == 0 {
			return fmt.Errorf("run %d of %s/%s: named twice", r.Run, r.Room, r.Camera)
		}
		for _, p := range r.Segments {
			if files[p] != KindSegment {
				return fmt.Errorf("run %d of %s/%s: segment %q: not among the files", r.Run, r.Room, r.Camera, p)
			}
		}
	}
	return nil
}
