package evidence

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
)

// Limits of one session. Zero fields mean the defaults.
type Limits struct {
	FragmentLength time.Duration // of media time and of waiting; default 1 s
	FragmentBytes  int           // of payload; default 4 MiB
	SegmentLength  time.Duration // after which the next key picture begins a new segment; default 30 min
	CameraBytes    int64         // payload kept for one camera until it is acknowledged; default 64 MiB
	NotRecorded    time.Duration // for how long pictures may come that cannot be recorded; default 2 s
	Checkpoint     time.Duration // between signed checkpoints; default 10 s
	TapItems       int           // capacity of a camera's tap in items; default 4096, half a minute of 25 fps with sound
	// FoundBytes is how much of what was recorded before a restart is read in a second while the session goes
	// on, to have its hashes when it is sealed; default 16 MiB: a small part of what a disk can give.
	FoundBytes int64
}

func (l Limits) withDefaults() Limits {
	l.FragmentLength = orDefault(l.FragmentLength, time.Second)
	l.FragmentBytes = orDefault(l.FragmentBytes, 4<<20)
	l.SegmentLength = orDefault(l.SegmentLength, 30*time.Minute)
	l.CameraBytes = orDefault(l.CameraBytes, 64<<20)
	l.NotRecorded = orDefault(l.NotRecorded, 2*time.Second)
	l.Checkpoint = orDefault(l.Checkpoint, 10*time.Second)
	l.TapItems = orDefault(l.TapItems, 4096)
	l.FoundBytes = orDefault(l.FoundBytes, 16<<20)
	return l
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// Config of one session's evidence.
type Config struct {
	Session  string // as in "20261122-140507-7f2k"
	Folder   string // slash-separated path under every volume, as in "2026/11/22/20261122-140507-7f2k"
	Volumes  []*volume.Volume
	Clock    clock.Source
	Timeline clock.Timeline
	Zone     clock.Zone
	Limits   Limits
	// Pool bounds the memory that all sessions together keep until it is acknowledged; nil: a pool
	// of its own, of the default size.
	Pool *Pool
	// Spool is a folder on the local system disk: journal lines are kept there while no volume is
	// left. Empty: they are kept in memory and Append returns ErrNoVolume.
	Spool string
	// Key gives the key that signs the checkpoints, and is asked for each; nil: there are none. It is
	// called by the goroutine that writes the journal and must not wait long. That it fails is in the
	// journal once and stops nothing.
	Key func() (seal.Key, error)
	// Ack, if not nil, is called for every acknowledged fragment and volume, one call at a time. It
	// holds up the acknowledgements that follow and must not wait long.
	Ack     func(Ack)
	Log     zerolog.Logger
	Metrics *Metrics // nil: not measured
}

var idPattern = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

func (c *Config) check() error {
	switch {
	case c.Session == "":
		return errors.New("no session id")
	case c.Folder == "" || path.Clean(c.Folder) != c.Folder || path.IsAbs(c.Folder) || c.Folder == "." || c.Folder[0] == '.':
		return fmt.Errorf("folder %q: not a path inside a volume", c.Folder)
	case len(c.Volumes) == 0:
		return ErrNoVolume
	case c.Clock == nil:
		return errors.New("no clock")
	}
	if len(c.Volumes) > maxVolumes {
		return fmt.Errorf("%d volumes, at most %d can be used", len(c.Volumes), maxVolumes)
	}
	seen := map[string]bool{}
	for _, v := range c.Volumes {
		if seen[v.ID()] {
			return fmt.Errorf("volume %s is named twice", v.ID())
		}
		seen[v.ID()] = true
	}
	return nil
}

// Ack says that a fragment is acknowledged on one volume.
type Ack struct {
	Volume string        `json:"volume"`
	File   string        `json:"file"` // path under the volume
	End    int64         `json:"end"`  // the file's whole length then
	Leaf   fragment.Hash `json:"leaf"`
	At     clock.Wall    `json:"at"` // on the host's clock

	// Arrivals of the fragment's first and last unit, and when it was acknowledged, for
	// measurements.
	First, Last, Acknowledged clock.Mono `json:"-"`
}

// Camera is a camera to be recorded. Room and ID are [a-z0-9-]{1,32}.
type Camera struct {
	Room, ID string
	Feed     *media.Feed
	Required bool
}
