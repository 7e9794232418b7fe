package session

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// That a room's page does not answer is over with the session: an idle room needs no page, and the next session
// begins without the alarm.
func TestASilentPageIsNoAlarmAfterTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("panel")
		s.line("run 12s")
		require.Contains(t, faultCodes(showing(s, "room3")), string(table.PanelLost))
		s.line("do break-off reason=no_repair supervisor=Chief")
		s.line("run 70s")
		require.Equal(t, table.Sealed, s.state)
		require.Empty(t, faultCodes(showing(s, "room3")))
		s.line("run 60s")
		require.Empty(t, faultCodes(showing(s, "room3")), "nor does it come back")
		s.line("do dismiss")
		s.anew()
		s.line("open")
		s.line("panel")
		s.line("run 2s")
		require.NotContains(t, types(s.rec.lines), TypeAlarm)
		s.line("run 12s")
		require.Contains(t, faultCodes(showing(s, "room3")), string(table.PanelLost), "it is noticed again")
		s.anew()
		s.finish()
	})
}

// After a move the page of the new room is the one that counts: the old room's alarm is over, its page speaks for
// nobody, and a page in the new room that never answers is noticed.
func TestAfterAMoveTheNewRoomsPageCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("panel")
		s.line("run 12s")
		require.Contains(t, faultCodes(showing(s, "room3")), string(table.PanelLost))
		s.line("fault camera.lost front")
		s.line("do move-room room=van")
		require.NotContains(t, faultCodes(showing(s, "room3")), string(table.PanelLost))
		for range 5 {
			s.line("run 3s")
			s.line("panel") // of the old room
		}
		require.NotContains(t, faultCodes(showing(s, "room3")), string(table.PanelLost))
		require.Contains(t, faultCodes(showing(s, "van")), string(table.PanelLost))
		s.m.PanelAlive("van")
		require.Empty(t, faultCodes(showing(s, "van")))
		s.finish()
	})
}

// A page that does not come back after the controller was down is noticed like one that goes.
func TestAPageThatDoesNotComeBackAfterARestart(t *testing.T) {
	for name, technical := range map[string]bool{"with people": false, "without people": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				if technical {
					s.line("open kind=technical")
				} else {
					s.line("open")
				}
				s.line("run 2s")
				s.line("crash")
				s.line("recover")
				s.line("run 9s")
				require.NotContains(t, faultCodes(showing(s, "room3")), string(table.PanelLost), "it has ten seconds to come")
				s.line("run 2s")
				gone := faultCodes(showing(s, "room3"))
				s.line("panel")
				require.Empty(t, faultCodes(showing(s, "room3")))
				s.finish()
				if technical {
					require.Empty(t, gone, "nobody needs its page")
				} else {
					require.Contains(t, gone, string(table.PanelLost))
				}
			})
		})
	}
}

// What is silent while a session is sealed is nothing.
func TestAPageIsNotMissedWhereTheSessionIsSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("do break-off reason=no_repair supervisor=Chief")
		s.line("run 58s")
		s.line("panel")
		s.line("run 5s")
		require.Equal(t, table.Sealed, s.state)
		time.Sleep(time.Minute)
		require.Empty(t, faultCodes(showing(s, "room3")))
		s.finish()
	})
}
