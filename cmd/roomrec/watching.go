package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"roomrec/config"
	"roomrec/rtsp"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/watch"
)

// watchRoom returns what has to run so that the room's faults reach its session.
func (st *station) watchRoom(r *room) []stage {
	var all []stage
	for _, c := range r.cameras {
		if !c.setup.required {
			continue // what the room may lack locks nothing
		}
		settings := watching(st.setup.faults, c.setup.soundRequired)
		settings.Room, settings.Camera, settings.Metrics = c.room, c.setup.id, st.findings
		c.watcher = watch.New(settings, st.clock, c.feed, func(found watch.Finding) { st.found(c, found) })
		name := "watch " + c.room + "/" + c.setup.id
		all = append(all, stage{name, c.watcher.Run}, stage{name + " access", func(ctx context.Context) error { return watchAccess(ctx, c) }})
	}
	return all
}

// watching returns when the detectors find something.
func watching(f config.Faults, sound bool) watch.Config {
	return watch.Config{
		Sound: sound, CameraLost: f.CameraLost, AudioLost: f.AudioLost, Loss: float64(f.CameraLoss) / 100,
		CameraFrozenAlarm: f.CameraFrozenAlarm, CameraFrozen: f.CameraFrozen, CameraDark: f.CameraDark, CameraMoved: f.CameraMoved,
		CameraSyncAlarm: f.CameraSyncAlarm, CameraSync: f.CameraSync, CameraSyncFor: f.CameraSyncFor, CameraClock: f.CameraClock,
		AudioDeadAlarm: f.AudioDeadAlarm, AudioDead: f.AudioDead, AudioLow: float64(f.AudioLow), AudioRange: f.AudioRange,
		RoomUnopened: f.RoomUnopened,
	}
}

// found passes a finding on as a fault of the camera.
func (st *station) found(c *camera, f watch.Finding) {
	log := st.log.Info()
	if f.Raised {
		log = st.log.Warn()
	}
	log.Str("room", c.room).Str("camera", c.setup.id).Str("fault", f.Code).Bool("raised", f.Raised).Msg("fault")
	event := session.FaultEvent{
		Code: table.Code(f.Code), Subject: c.setup.id, Raised: f.Raised, Alarm: f.Alarm, At: f.At, LastGood: f.LastGood, Detail: f.Detail,
	}
	if event.Code == table.RoomUnopened {
		c.voices.report(st.manager, c.room, event)
		return
	}
	st.manager.Report(c.room, event)
}

// voices are the microphones of a room that hear speech without a session. It is one fault, the
// room's, whoever hears it.
type voices struct {
	mu    sync.Mutex
	heard map[string]bool
}

func (v *voices) report(m *session.Manager, roomID string, f session.FaultEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.heard == nil {
		v.heard = make(map[string]bool)
	}
	before := len(v.heard)
	if f.Raised {
		v.heard[f.Subject] = true
	} else {
		delete(v.heard, f.Subject)
	}
	f.Subject = ""
	if (before > 0) != (len(v.heard) > 0) {
		m.Report(roomID, f)
	}
}

// accessEvery is how often it is looked at whether a camera refuses the access.
const accessEvery = 250 * time.Millisecond

// watchAccess tells the watcher whether the camera refuses user, password or path: only the
// connection knows.
func watchAccess(ctx context.Context, c *camera) error {
	return every(ctx, accessEvery, func() {
		s := c.main.State()
		refused := !s.Connected && rtsp.Refused(s.Error)
		what := ""
		if refused {
			what = fmt.Sprint(s.Error)
		}
		c.watcher.Refused(refused, what)
	})
}
