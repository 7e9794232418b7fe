package session

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session/table"
)

// Each reason not to trust the clock simply is an alarm of its own on the room's page, in words of its
// own, stands in the journal of the session that runs, locks nothing, and goes when it is over.
func TestZ23_EachReasonIsAnAlarmOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.line("open")
		titles := make(map[Text]bool)
		n := 0
		for _, code := range clock.ReasonCodes() {
			if code == clock.ReasonLocal {
				continue // a site's own choice
			}
			n++
			s.m.Report("", FaultEvent{Code: table.ClockUntrusted, Subject: string(code), Raised: true, Alarm: true, At: s.m.cfg.Clock.Now()})
			synctest.Wait()
			v, _ := s.m.Room("room3")
			require.Len(t, v.Faults, n)
			require.NotEqual(t, table.Locked, v.Session.State)
		}
		v, _ := s.m.Room("room3")
		for _, f := range v.Faults {
			require.False(t, f.Locks)
			require.NotContains(t, f.Title.En+f.What.En+f.Do.En, "{subject}")
			require.NotEqual(t, "The controller's clock: "+f.Subject, f.Title.En, "it has words")
			for _, text := range []Text{f.Title, f.What, f.Do} {
				require.NotEmpty(t, text.En)
				require.NotEmpty(t, text.Zh)
			}
			titles[f.Title] = true
		}
		require.Len(t, titles, n)
		var alarms int
		for _, line := range types(s.rec.lines) {
			if line == TypeAlarm {
				alarms++
			}
		}
		require.Equal(t, n, alarms)
		for _, code := range clock.ReasonCodes() {
			s.m.Report("", FaultEvent{Code: table.ClockUntrusted, Subject: string(code), Alarm: true, At: s.m.cfg.Clock.Now()})
		}
		v, _ = s.m.Room("room3")
		require.Empty(t, v.Faults)
		s.finish()
	})
}
