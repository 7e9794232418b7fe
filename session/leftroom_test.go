package session

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/table"
)

// What is measured in a room that the session has left is not the session's.
func TestZ37_TheSensorOfARoomThatWasLeftIsNotTheSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("fault camera.lost front")
		s.line("do move-room room=van")
		old, here := 23.4, 8.0
		for range 5 {
			s.m.SetSensor("room3", Reading{Temperature: &old})
			s.m.SetSensor("van", Reading{Temperature: &here})
			s.line("run 30s")
		}
		var said []Reading
		for _, l := range s.rec.lines {
			if l.Type == TypeSensor {
				var r Reading
				require.NoError(t, json.Unmarshal(l.Data, &r))
				said = append(said, r)
			}
		}
		require.Equal(t, []Reading{{Temperature: &here}}, said)
		s.finish()
	})
}

// Z30: nor is what is heard there of an explanation that is read aloud elsewhere.
func TestZ30_WhatIsHeardInARoomThatWasLeftConfirmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("fault camera.lost front")
		s.line("do move-room room=van")
		s.line("run 3s")
		s.line("do resume")
		require.Equal(t, table.Resuming, s.state)
		hear := func(left, here float64) {
			for range 6 {
				s.m.SetCamera("room3", "overview", CameraStatus{Connected: true, Sound: &left})
				s.m.SetCamera("van", "front", CameraStatus{Connected: true, Sound: &here})
				time.Sleep(time.Second)
				synctest.Wait()
			}
			s.line("do explain answer=no")
		}
		hear(0.6, 0.1)
		require.Equal(t, table.Resuming, s.state)
		hear(0.1, 0.6)
		require.Equal(t, table.Questioning, s.state)
		s.finish()
	})
}

// Z29-1: the cameras of a room that the session has left record until its end, and so they do again after a restart.
func TestZ29_1_CamerasOfARoomThatWasLeftRecordAgainAfterARestart(t *testing.T) {
	for name, end := range map[string]string{"locked": "wait 1s", "closing": "do break-off reason=no_repair supervisor=Chief"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := recording(t)
				s.line("fault camera.lost front")
				s.line("do move-room room=van")
				s.line(end)
				s.line("crash")
				s.out = nil
				s.line("recover")
				for _, camera := range []string{"van/front", "room3/front", "room3/overview", "room3/side"} {
					require.Contains(t, s.out, "records "+camera)
				}
				s.finish()
			})
		})
	}
}

// meanwhile is a clock that lets something happen when the session that moves looks at it, in the room to come.
type meanwhile struct {
	clock.Source
	m     *Manager
	room  *room
	tell  func()
	moved bool
}

func (c *meanwhile) Now() clock.Stamp {
	if !c.moved && c.m.mu.TryLock() {
		c.moved = c.room.runner != nil
		c.m.mu.Unlock()
		if c.moved {
			c.tell()
		}
	}
	return c.Source.Now()
}

// Z29: what is told of a room while a session moves there locks the session like what is told afterwards.
func TestZ29_AFaultThatIsToldDuringAMoveLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do start")
		s.line("fault camera.lost overview")
		s.line("run 5s")
		require.Equal(t, table.Locked, s.state)
		f := table.Fault{Code: table.AudioLost, Room: "van", Subject: "front"}
		during := &meanwhile{Source: s.m.cfg.Clock, m: s.m, room: s.m.room("van"), tell: func() {
			s.m.Report("van", FaultEvent{Code: f.Code, Subject: f.Subject, Raised: true, At: s.clock.Now()})
		}}
		s.m.cfg.Clock = during
		s.line("do move-room room=van")
		require.True(t, during.moved)
		s.line("run 5s")
		s.line("do resume")
		require.Equal(t, table.Locked, s.state)
		r := s.m.runners[s.session].runner
		s.finish()
		require.True(t, r.decided.Table.Open(f), "a fault that locks nothing")
	})
}
