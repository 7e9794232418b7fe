package main

import (
	"context"
	"fmt"
	"time"

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
		f := st.setup.faults
		c.watcher = watch.New(watch.Config{
			Sound: c.setup.soundRequired, CameraLost: f.CameraLost, AudioLost: f.AudioLost, Loss: float64(f.CameraLoss) / 100,
		}, st.clock, c.feed, func(found watch.Finding) { st.found(c, found) })
		name := "watch " + c.room + "/" + c.setup.id
		all = append(all, stage{name, c.watcher.Run}, stage{name + " access", func(ctx context.Context) error { return watchAccess(ctx, c) }})
	}
	return all
}

// found passes a finding on as a fault of the camera.
func (st *station) found(c *camera, f watch.Finding) {
	log := st.log.Info()
	if f.Raised {
		log = st.log.Warn()
	}
	log.Str("room", c.room).Str("camera", c.setup.id).Str("fault", f.Code).Bool("raised", f.Raised).Msg("fault")
	st.manager.Report(c.room, session.FaultEvent{
		Code: table.Code(f.Code), Subject: c.setup.id, Raised: f.Raised, Alarm: f.Alarm, At: f.At, LastGood: f.LastGood, Detail: f.Detail,
	})
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
