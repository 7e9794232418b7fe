package session

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// anew lets the stage play a session after the one that was played, or end without comparing journals of two.
func (s *stage) anew() {
	s.rec.mu.Lock()
	s.rec.sealed, s.rec.lines = false, nil
	s.rec.mu.Unlock()
	s.session, s.state = "", ""
}

func faultCodes(v RoomView) []string {
	out := []string{}
	for _, f := range v.Faults {
		out = append(out, f.Code)
	}
	return out
}

// What a session itself raised, and no detector will clear, is over with it: the room is fit for the next.
func TestFaultsThatASessionRaisedEndWithIt(t *testing.T) {
	for name, c := range map[string]struct{ before, after []string }{
		"the controller was down": {
			before: []string{"open", "run 2s", "do start", "stop", "recover", "fault camera.lost front", "run 5s"},
			after:  []string{"clear camera.lost front"},
		},
		"the controller was down, then another room": {
			before: []string{"open", "run 2s", "do start", "stop", "recover", "fault camera.lost front", "do move-room room=van", "run 5s"},
			after:  []string{"clear camera.lost front"},
		},
		"nothing was recorded of a camera": {before: []string{"open", "wait 12s"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				for _, line := range c.before {
					s.line(line)
				}
				s.line("do break-off reason=no_repair supervisor=Chief")
				s.line("wait 70s")
				require.Equal(t, table.Sealed, s.state)
				for _, line := range c.after {
					s.line(line)
				}
				for _, room := range []string{"room3", "van"} {
					require.Empty(t, faultCodes(showing(s, room)), room)
				}
				s.line("do dismiss")
				require.True(t, showing(s, "room3").Fit)
				s.anew()
				s.line("open")
				require.NotEmpty(t, s.session)
				s.anew()
				s.finish()
			})
		})
	}
}

// A detector's fault stays when the session is over, also where the session had found it first.
func TestADetectorsFaultOutlivesTheSession(t *testing.T) {
	for name, lines := range map[string][]string{
		"found by the detector alone":   {"fault camera.lost front", "wait 12s"},
		"found by the session first":    {"wait 12s", "fault camera.lost front"},
		"found by the detector before":  {"wait 5s", "fault camera.lost front", "wait 12s"},
		"and of the whole site as well": {"fault storage.degraded b alarm room=room3", "fault camera.lost front", "wait 12s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.line("open")
				for _, line := range lines {
					s.line(line)
				}
				s.line("do break-off reason=no_repair supervisor=Chief")
				s.line("wait 70s")
				require.Equal(t, table.Sealed, s.state)
				require.Contains(t, faultCodes(showing(s, "room3")), string(table.CameraLost))
				s.finish()
			})
		})
	}
}

// Z23: that the host's clock jumped is told to those who were recorded then, not to those who come days later.
func TestZ23_AStepOfLongAgoIsNotOfThisSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		step := func() {
			s.m.Report("", FaultEvent{Code: table.ClockStepped, Raised: true, Alarm: true, At: s.clock.Now(), Detail: "1h"})
		}
		step()
		time.Sleep(72 * time.Hour)
		s.line("open")
		s.line("run 2s")
		require.NotContains(t, types(s.rec.lines), TypeAlarm)
		step()
		s.line("run 1s")
		require.Contains(t, types(s.rec.lines), TypeAlarm, "one while it is recorded")
		s.finish()
	})
}

// Z37: a message to a session's room is of that session. Those who come later do not read it.
func TestZ37_AMessageEndsWithItsSession(t *testing.T) {
	for name, dismissed := range map[string]bool{"dismissed": true, "replaced by the next": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := recording(t)
				require.NoError(t, s.m.Tell(context.Background(), "room3", officer, "ask about the knife"))
				s.line("do break-off reason=no_repair supervisor=Chief")
				s.line("run 70s")
				require.Equal(t, table.Sealed, s.state)
				if dismissed {
					s.line("do dismiss")
					require.Nil(t, showing(s, "room3").Message)
				}
				s.anew()
				s.line("open")
				require.NotEmpty(t, s.session)
				require.Nil(t, showing(s, "room3").Message)
				require.NoError(t, s.m.Tell(context.Background(), "room3", officer, "the lawyer is here"))
				require.NotNil(t, showing(s, "room3").Message)
				s.anew()
				s.finish()
			})
		})
	}
}

// Z37: what someone in the room says they saw is what was on the page then, not the message that was on its way.
func TestZ37_AMessageThatComesMeanwhileIsNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		require.NoError(t, s.m.Tell(context.Background(), "room3", officer, "one"))
		one := showing(s, "room3").Message.At
		s.journal("hangs")
		done := make(chan error, 2)
		go func() { done <- s.m.Tell(context.Background(), "room3", officer, "two") }()
		synctest.Wait()
		go func() { done <- s.m.Told(context.Background(), "room3", officer, one) }()
		synctest.Wait()
		require.Equal(t, "one", showing(s, "room3").Message.Text)
		s.journal("works")
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		got := showing(s, "room3").Message
		require.True(t, got.Text == "two" && got.Seen == 0, "%+v", got)
		s.line("run 1s")
		require.NoError(t, s.m.Told(context.Background(), "room3", officer, one))
		require.Zero(t, showing(s, "room3").Message.Seen, "the first one's word came late")
		require.Equal(t, []string{"one", "two"}, messages(t, s), "on the journal a word without a text is of the line before")
		require.NoError(t, s.m.Told(context.Background(), "room3", officer, showing(s, "room3").Message.At))
		require.NotZero(t, showing(s, "room3").Message.Seen)
		s.finish()
	})
}

// messages returns the texts of the journal's lines of messages, in their order; an empty one says that the one before
// was seen.
func messages(t *testing.T, s *stage) []string {
	t.Helper()
	s.rec.mu.Lock()
	defer s.rec.mu.Unlock()
	var texts []string
	for _, l := range s.rec.lines {
		if l.Type == TypeMessage {
			var m Message
			require.NoError(t, json.Unmarshal(l.Data, &m))
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// A sealed session that was in two rooms stays to be seen in the one, and dismissed there, when the other has the next.
func TestASealedSessionIsDismissedInTheRoomThatStillShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("fault camera.lost front")
		s.line("do move-room room=van")
		s.line("run 2s")
		s.line("do break-off reason=no_repair supervisor=Chief")
		s.line("run 70s")
		require.Equal(t, table.Sealed, s.state)
		s.line("clear camera.lost front")
		old := s.session
		s.anew()
		time.Sleep(time.Second)
		v, err := s.m.Open(context.Background(), officer, "room3", goodForm(), "next")
		require.NoError(t, err)
		require.NotEqual(t, old, v.ID)
		require.Equal(t, old, showing(s, "van").Session.ID)
		_, err = s.m.Do(context.Background(), officer, old, Command{Name: ActDismiss}, "dismiss")
		require.NoError(t, err)
		require.Nil(t, showing(s, "van").Session)
		require.Equal(t, v.ID, showing(s, "room3").Session.ID, "the next one goes on")
		s.finish()
	})
}
