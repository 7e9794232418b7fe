package session

import (
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// TypeCameraTime is the type of a line that says how far a camera's own clock is off by its answer when it
// was asked for it over its management, beside what its stream reports; its data is a [CameraTime]. It
// changes no state, and replaying passes it over.
const TypeCameraTime = "camera.clock_asked"

// CameraTime is a camera's answer to what time it is.
type CameraTime struct {
	Room   string `json:"room"`
	Camera string `json:"camera"`
	// Offset is the camera's clock minus the controller's, Uncertainty how far that may be off: what the
	// answer took, and what a camera that tells whole seconds cut off.
	Offset      time.Duration `json:"offset_ns"`
	Uncertainty time.Duration `json:"uncertainty_ns"`
	// Age is how long before its line the camera was asked.
	Age time.Duration `json:"age_ns"`

	asked clock.Mono
}

const (
	// An answer is written down when it differs by so much from what was written last, and every cameraTimeEvery.
	cameraTimeChange = 500 * time.Millisecond
	cameraTimeEvery  = 10*time.Minute - 30*time.Second
	// cameraTimeOld is when an answer is of no more use to whoever looks on: two were missed.
	cameraTimeOld = 25 * time.Minute
)

// SetCameraTime takes in a camera's answer. A session that runs in its room writes it down; one that opens
// later begins with the latest. It never waits.
func (m *Manager) SetCameraTime(t CameraTime) {
	t.asked = m.cfg.Clock.Now().Mono
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(t.Room)
	if rm == nil {
		return
	}
	if rm.times == nil {
		rm.times = make(map[string]CameraTime)
	}
	rm.times[t.Camera] = t
	if rm.runner != nil {
		rm.runner.box.put(t)
	}
}

// cameraTime writes an answer down when it is news.
func (r *runner) cameraTime(now CameraTime) {
	t := r.decided.Table
	if r.stopping || t.Stopped || t.State == table.Sealed {
		return
	}
	of := place{now.Room, now.Camera}
	before, known := r.times[of]
	far := now.Offset - before.Offset
	if known && far.Abs() < max(cameraTimeChange, now.Uncertainty+before.Uncertainty) && now.asked.Sub(before.asked) < cameraTimeEvery {
		return
	}
	if r.times == nil {
		r.times = make(map[place]CameraTime)
	}
	r.times[of] = now
	at, mono := r.now()
	now.Age = mono.Sub(now.asked)
	r.scribe.jobs.put(job{
		line: &Line{Type: TypeCameraTime, Actor: ActorController, At: at, Mono: mono, Data: now},
		then: func(error) {}, // the volumes say themselves what is wrong with them
	})
}
