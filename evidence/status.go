package evidence

import (
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// Status is how a session's recording stands.
type Status struct {
	Cameras []CameraStatus
	Volumes []VolumeStatus
	// Journal is the number of lines that are on every volume of the set.
	Journal uint64
	Held    int64 // bytes of payload in memory, of all sessions that share the pool
}

// CameraStatus is how one camera's recording stands.
type CameraStatus struct {
	Of
	Required  bool
	Recording bool // a run is open
	Run       int  // the last one's number, 0 if there was none
	// SafeUntil is the end of the last acknowledged fragment; Volumes is how many held it then.
	SafeUntil clock.Instant
	Volumes   int
	Fragments int   // acknowledged
	Bytes     int64 // of them
	Gaps      int   // declared
	Held      int64 // bytes of payload that are not acknowledged
	Offset    seal.Offset
}

// VolumeStatus is how one volume of the session stands.
type VolumeStatus struct {
	ID, Dir  string
	InSet    bool
	Fault    error // why it left the set
	Left     clock.Stamp
	LastSync time.Duration // from a write's queueing to its receipt
	Worst    time.Duration
	Queued   int64 // bytes
}

// Status returns how the recording stands now.
func (e *Evidence) Status() Status {
	var s Status
	e.mu.Lock()
	cameras := e.cameras
	e.mu.Unlock()
	for _, c := range cameras {
		c.mu.Lock()
		st := c.status
		c.mu.Unlock()
		// A camera that was stopped and is recorded again is one, and what it has adds up.
		i := slices.IndexFunc(s.Cameras, func(o CameraStatus) bool { return o.Of == st.Of })
		if i < 0 {
			s.Cameras = append(s.Cameras, st)
			continue
		}
		before := s.Cameras[i]
		st.Fragments, st.Bytes, st.Gaps = st.Fragments+before.Fragments, st.Bytes+before.Bytes, st.Gaps+before.Gaps
		if st.Run == 0 {
			st.Run, st.SafeUntil, st.Volumes = before.Run, before.SafeUntil, before.Volumes
		}
		s.Cameras[i] = st
	}
	for _, m := range e.set.all() {
		st := m.vol.Stats()
		v := VolumeStatus{ID: m.vol.ID(), Dir: m.vol.Dir(), InSet: m.in, LastSync: st.LastSync, Worst: st.WorstSync, Queued: st.QueuedLen}
		if m.left != nil {
			v.Fault, v.Left = m.left.err, m.left.at
		}
		s.Volumes = append(s.Volumes, v)
	}
	s.Journal = e.scribe.state().head.Seq
	s.Held = e.pool.Used()
	return s
}
