// Package copies makes viewing copies of sealed sessions: ordinary MP4 files with the time burned into
// the pictures, by the host's ffmpeg. A copy is derived and says so in every picture, with the hash of
// its source's seal. Originals are only read; nothing is written into a session's folder. The design
// page is docs/design/playback.md.
package copies

import (
	"errors"
	"fmt"
	"os"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// Session is the sealed session that a copy is made of, as its pictures name it.
type Session struct {
	ID   string
	Room string // as people call it
	Seal string // SHA-256 of seal.note, lower-case hex; empty until the session is sealed
	// Opening, if given, is the SHA-256 of the journal's opening line, lower-case hex. It stands in the
	// pictures of a copy that is begun before there is a seal; the seal's is in the finished file all the
	// same.
	Opening string
	// Breaks are the session's interruptions, for the cards that stand in their place.
	Breaks []Break
	// From and To are when the session's recording began and ended, of all its cameras: where the copied one has no
	// picture then, a card says so. A time of 0 is not known.
	From, To clock.Wall
	// Readings are what the room's sensor said, in the order of their time.
	Readings []Reading
}

// Reading is what is drawn of temperature and humidity from At on, until the next one; nothing where Text
// is empty.
type Reading struct {
	At   clock.Wall
	Text string
}

// Break is an interruption and its cause in words. A time of 0 is not known.
type Break struct {
	From, To clock.Wall
	Cause    Words
}

// Words is a text in both languages; either may be empty.
type Words struct{ En, Zh string }

// Camera is one camera's recording in the session: its segments in the order of their recording.
type Camera struct {
	ID       string
	Segments []*Segment
	Growing  bool // it may give more
}

// Segment is a file of an original and what its fragments say of time.
type Segment struct {
	Path      string
	Header    fragment.Header
	Whole     int64 // bytes that are read; a torn end is not
	Fragments []fragment.Info
	// Growing says that the file is still being recorded.
	Growing bool
}

// ErrNothing says that there is no picture to copy.
var ErrNothing = errors.New("there is no whole picture to copy")

// ReadSegment reads what the first bytes of a segment, which are those that count, say of its times. It errs with
// [ErrNothing] where no fragment of them is whole.
func ReadSegment(path string, counts int64) (s *Segment, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	s = &Segment{Path: path}
	seg, err := fragment.Index(f, min(counts, info.Size()), func(_ *fragment.Header, i *fragment.Info) error {
		s.Fragments = append(s.Fragments, *i)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("copy: %s: %w", path, err)
	}
	if len(s.Fragments) == 0 {
		return nil, fmt.Errorf("copy: %s: %w", path, ErrNothing)
	}
	s.Header, s.Whole = seg.Header, seg.Whole
	return s, nil
}

// upTo returns the segment as far as its pictures until a little after w need it. What it is does not
// change while the file grows, once it reaches so far; reaches says whether it does.
func (s *Segment) upTo(w clock.Wall) (part *Segment, reaches bool) {
	const spare = 2 * time.Second
	end := w.Add(spare)
	for i := range s.Fragments {
		if i > 0 && s.Fragments[i].Start.Wall > end {
			part := *s
			part.Fragments, part.Whole, part.Growing = s.Fragments[:i], s.Fragments[i].Offset, false
			return &part, true
		}
	}
	return s, !s.Growing
}

// track returns the first track that is, or is not, one of pictures; nil if there is none.
func (s *Segment) track(video bool) *media.Track {
	for _, t := range s.Header.Tracks {
		if t.Codec.Video() == video {
			return t
		}
	}
	return nil
}

// heard returns the instant of the segment's axis from which on it has sound, after another; 0 where it has none.
func (s *Segment) heard(after time.Duration) time.Duration {
	for k, t := range s.Header.Tracks {
		if t.Codec.Video() {
			continue
		}
		for i := range s.Fragments {
			if one := &s.Fragments[i].Tracks[k]; one.Samples > 0 && t.Ticks(one.Decode+one.Duration).Duration() > after {
				return max(after, t.Ticks(one.Decode).Duration())
			}
		}
		break
	}
	return 0
}

func (s *Segment) from() clock.Wall { return s.Fragments[0].Start.Wall }
func (s *Segment) to() clock.Wall   { return s.Fragments[len(s.Fragments)-1].End.Wall }

// length is the segment's extent on its own time axis.
func (s *Segment) length() time.Duration {
	return ticks(s.Fragments[len(s.Fragments)-1].To)
}

func ticks(n int64) time.Duration {
	return clock.Ticks{N: n, Scale: fragment.TextScale}.Duration()
}

// rate is how far the wall advances while a fragment's time axis does by one; 1 where it has no extent.
func rate(f *fragment.Info) float64 {
	wall, axis := f.End.Since(f.Start), ticks(f.To-f.From)
	if wall <= 0 || axis <= 0 {
		return 1
	}
	return float64(wall) / float64(axis)
}

// axisAt returns the instant of the segment's time axis at which the fragments say that it is w. Between
// fragments the one before goes on.
func (s *Segment) axisAt(w clock.Wall) time.Duration {
	k := 0
	for k+1 < len(s.Fragments) && s.Fragments[k+1].Start.Wall <= w {
		k++
	}
	f := &s.Fragments[k]
	return ticks(f.From) + time.Duration(float64(clock.Instant{Wall: w}.Since(f.Start))/rate(f))
}
