package evidence

import (
	"slices"
	"sync"

	"roomrec/clock"
	"roomrec/evidence/volume"
)

// set is the session's current set of volumes. A volume that left never returns under the same
// *volume.Volume; the set only shrinks until one joins.
type set struct {
	mu         sync.Mutex
	members    []*member // all that ever were in it, in the order of joining
	generation int       // grows with every change
}

// member is a volume of the session. One that left and returned is another member.
type member struct {
	vol  *volume.Volume
	bit  uint64 // its place in masks of receipts
	in   bool
	left *leaving
	said bool // its leaving is in the journal
	// joined is when it joined; nil if it was there at the opening or the restart.
	joined *clock.Stamp
}

type leaving struct {
	at  clock.Stamp
	err error
}

// maxVolumes is the number of places in a mask. A place is never given twice, so that no receipt is
// taken for another's.
const maxVolumes = 64

func newSet(volumes []*volume.Volume) *set {
	s := &set{generation: 1}
	for i, v := range volumes {
		s.members = append(s.members, &member{vol: v, bit: 1 << i, in: true})
	}
	return s
}

// current returns the members that are in the set, the mask of their bits, and the generation.
func (s *set) current() (in []*member, mask uint64, generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m.in {
			in = append(in, m)
			mask |= m.bit
		}
	}
	return in, mask, s.generation
}

// mask returns the bits of the members that are in the set.
func (s *set) mask() uint64 {
	_, mask, _ := s.current()
	return mask
}

// owed returns the bits of the members whose receipts a fragment needs: of those that are in the set,
// and of those that left while the journal does not say so yet. So whatever is acknowledged without a
// volume is acknowledged after the journal says that it left, and who finds the session after a power
// cut knows which volume's word counts.
func (s *set) owed() (mask uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m.in || !m.said {
			mask |= m.bit
		}
	}
	return mask
}

// said notes that the journal says that the volume left.
func (s *set) said(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if !m.in && m.vol.ID() == id {
			m.said = true
		}
	}
}

// leave takes the volume out and returns how many are left; false if it was out already.
func (s *set) leave(id string, at clock.Stamp, err error) (remaining int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m.in && m.vol.ID() == id {
			m.in, m.left, ok = false, &leaving{at, err}, true
			s.generation++
		} else if m.in {
			remaining++
		}
	}
	return remaining, ok
}

// id returns the id of the volume with the given bit.
func (s *set) id(bit uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m.bit == bit {
			return m.vol.ID()
		}
	}
	return ""
}

// volume returns the volume with the given bit, which some member has.
func (s *set) volume(bit uint64) *volume.Volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[slices.IndexFunc(s.members, func(m *member) bool { return m.bit == bit })].vol
}

// join takes a volume in.
func (s *set) join(v *volume.Volume, at clock.Stamp) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.members, func(m *member) bool { return m.in && m.vol.ID() == v.ID() }) {
		return ErrInSet
	}
	if len(s.members) == maxVolumes {
		return ErrTooManyVolumes
	}
	s.members = append(s.members, &member{vol: v, bit: 1 << len(s.members), in: true, joined: &at})
	s.generation++
	return nil
}

// knows reports whether the volume with the given id ever was in the set.
func (s *set) knows(id string) bool {
	return slices.ContainsFunc(s.all(), func(m member) bool { return m.vol.ID() == id })
}

// all returns copies of all members.
func (s *set) all() []member {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]member, 0, len(s.members))
	for _, m := range s.members {
		out = append(out, *m)
	}
	return slices.Clip(out)
}

// volumeEvent is called by a volume that has something to tell. It must not call the volume.
func (e *Evidence) volumeEvent(ev volume.Event) {
	switch ev.Kind {
	case volume.EventSlow:
		e.events.put(VolumeSlow{ev.Volume, ev.Err, ev.At})
	case volume.EventNormal:
		e.events.put(VolumeNormal{ev.Volume, ev.At})
	case volume.EventLeft:
		remaining, ok := e.set.leave(ev.Volume, ev.At, ev.Err)
		if !ok {
			return
		}
		e.cfg.Metrics.volumeLeft(remaining)
		e.events.put(VolumeLeft{ev.Volume, ev.Err, ev.At, remaining})
		if remaining == 0 {
			e.events.put(StorageLost{ev.Err, ev.At})
		}
		e.note(TypeVolumeLeft, volumeLeftData{ev.Volume, ev.Err.Error(), remaining})
		e.scribe.rouse()
		e.rouseCameras()
	}
}

// rouseCameras lets every camera look at the set again.
func (e *Evidence) rouseCameras() {
	// A volume that had left before Create comes here while the cameras are not there yet.
	e.mu.Lock()
	cameras := e.cameras
	e.mu.Unlock()
	for _, c := range cameras {
		c.inbox.rouse()
	}
}
