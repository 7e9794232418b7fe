package session

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"roomrec/session/policy"
	"roomrec/session/table"
)

// Z29-2: whoever took part decides nothing of whether it goes on unrecorded, also after leaving the room, and after
// the controller was down.
func TestZ29_2_WhoeverTookPartDecidesNothingAfterLeaving(t *testing.T) {
	for name, again := range map[string]bool{"at once": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := recording(t)
				s.line("do start")
				s.line("fault camera.lost front")
				who := Member{Role: policy.Questioner, Name: "Officer 0900"}
				for _, phase := range []string{PhaseIn, PhaseOut} {
					_, err := s.m.Do(context.Background(), officer, s.session, Command{Name: ActRoster, Member: &who, Phase: phase}, "")
					require.NoError(t, err)
				}
				if again {
					s.line("crash")
					s.line("recover")
				}
				refused := func() {
					t.Helper()
					require.Equal(t, table.Locked, s.state)
					require.Contains(t, s.out, "  approver: Whoever takes part cannot approve it.")
					s.out = nil
				}
				s.out = nil
				s.line("do unrecorded reason=urgent approver=0900")
				refused()
				s.line("do refuse-unrecorded text=no approver=0900")
				refused()
				s.line("do unrecorded reason=urgent approver=0101")
				require.Equal(t, table.Unrecorded, s.state, "another may")
				s.finish()
			})
		})
	}
}
