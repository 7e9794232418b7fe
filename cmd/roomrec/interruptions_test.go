package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/session"
	"roomrec/session/table"
)

func TestZ29_1_InterruptionsAreStatedInTheSeal(t *testing.T) {
	at := func(w clock.Wall) *clock.Instant { return &clock.Instant{Wall: w, Uncertainty: 7} }
	got := interruptionsOf(session.Facts{Breaks: []table.Break{
		{Cause: table.Fault{Code: table.CameraLost}, LastGood: 1, FirstGood: 4, Locked: 3, Until: 5, Resumed: true},
		{Cause: table.Fault{Code: table.StorageLost}, LastGood: 6, Locked: 8, Until: 9},
		{Cause: table.Fault{Code: table.ControllerRestarted}, LastGood: 10, FirstGood: 12, Until: 11},
	}}, clock.Instant{Uncertainty: 7})
	require.Equal(t, []seal.Interruption{
		{Cause: "camera.lost", MissingFrom: at(1), MissingTo: at(4), SuspendedFrom: at(3), SuspendedTo: at(5)},
		{Cause: "storage.lost", MissingFrom: at(6), SuspendedFrom: at(8), SuspendedTo: at(9)},
		{Cause: "controller.restarted", MissingFrom: at(10), MissingTo: at(12)},
	}, got)
	require.Nil(t, interruptionsOf("something else", clock.Instant{}))
}
