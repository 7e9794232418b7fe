package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// clockFault waits until the room's page shows, or no longer shows, an alarm about the host's clock, and
// holds the metric to it.
func (s *site) clockFault(room, reason string, open bool, limit time.Duration) {
	s.t.Helper()
	s.until(fmt.Sprintf("the clock's alarm %q: %v", reason, open), room, limit, func(r session.RoomView) bool {
		is := false
		for _, f := range r.Faults {
			if f.Code == string(table.ClockUntrusted) && f.Subject == reason {
				is = true
				require.NotEmpty(s.t, f.What.En)
				require.NotEmpty(s.t, f.What.Zh)
				require.False(s.t, f.Locks, "a clock in doubt locks nothing")
			}
		}
		metric := strings.Contains(s.text("/metrics"), fmt.Sprintf("roomrec_room_fault_open{fault=\"clock.untrusted\",room=%q,subject=%q} 1\n", room, reason))
		return is == open && metric == open
	})
}

// sealedFolder ends a session and returns its folder on the first disk, and its seal.
func (s *site) sealedFolder(station *station, id string) (folder string, st seal.Statement) {
	s.t.Helper()
	s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	s.inState("room3", table.Sealed, patience)
	found := must(filepath.Glob(filepath.Join(station.disks[0], "*/*/*", id)))
	require.Len(s.t, found, 1)
	st, err := seal.Parse(must(os.ReadFile(filepath.Join(found[0], "seal.note"))))
	require.NoError(s.t, err)
	return found[0], st
}

// journalled counts the lines of a session's journals that hold all of the words.
func journalled(t *testing.T, folder string, words ...string) (n int) {
	t.Helper()
	for _, name := range must(filepath.Glob(filepath.Join(folder, "journal-*.jsonl"))) {
	lines:
		for line := range strings.Lines(string(must(os.ReadFile(name)))) {
			require.True(t, json.Valid([]byte(line)))
			for _, w := range words {
				if !strings.Contains(line, w) {
					continue lines
				}
			}
			n++
		}
	}
	return n
}

// TestZ23_TimeServersOfTheRunningProgram: during a session the site's time server lies by 3 s, then tells the
// truth again, then is gone. Each is an alarm of its own on the page, in the metrics, in the journal and in
// the seal; nothing is locked, and the time text goes on second by second.
func TestZ23_TimeServersOfTheRunningProgram(t *testing.T) {
	t.Parallel()
	ntp := newNTPServer(t)
	station := newStation(t)
	settings := string(must(os.ReadFile(station.config)))
	const local = "clock: {source: local, limit: 1m}"
	require.Contains(t, settings, local)
	settings = strings.Replace(settings, local, fmt.Sprintf("clock: {source: local, limit: 1s, servers: [%q], poll: 1s}", ntp.address), 1)
	require.NoError(t, os.WriteFile(station.config, []byte(settings), 0o600))
	s := open(t, []string{"serve", "--config", station.config})
	// The check at the start of the day, and then the one at the opening: both are kept signed and shown.
	var room session.RoomView
	s.call("POST", "/api/v1/rooms/room3/wall-clock", 200, map[string]any{"says": policy.ClockDiffers, "ahead_s": -7}, &room)
	require.Equal(t, -7, room.WallCheck.Ahead)
	require.NotEmpty(t, room.WallCheck.By)
	s.call("POST", "/api/v1/rooms/room3/wall-clock", 422, map[string]any{"says": policy.ClockDiffers}, nil)
	id := s.begin("room3")
	s.until("two comparisons of the clock in the room", "room3", patience, func(r session.RoomView) bool {
		kept := len(must(filepath.Glob(filepath.Join(station.state, "wall-clocks", "room3", "*.note"))))
		return kept == 2 && r.WallCheck.Says == policy.ClockAgrees
	})
	s.clockFault("room3", "offset", false, patience)

	ntp.set(3*time.Second, false)
	s.clockFault("room3", "offset", true, patience)
	ntp.set(0, false)
	s.clockFault("room3", "offset", false, patience)
	ntp.set(0, true)
	s.clockFault("room3", "silent", true, copyPatience)

	folder, st := s.sealedFolder(station, id)
	for _, want := range []string{"the time servers say that the clock may be off by 3", "no time server answers: " + ntp.address} {
		require.Contains(t, strings.Join(st.Clock.Reasons, "\n"), want, "the report says it")
	}
	require.GreaterOrEqual(t, st.Clock.Uncertainty, 2500*time.Millisecond)
	require.Equal(t, st.Clock.Uncertainty, s.record(id).Seal.Uncertainty)
	for _, reason := range []string{"offset", "silent"} {
		require.Positive(t, journalled(t, folder, `"clock.untrusted"`, `"`+reason+`"`), reason)
	}
	for _, file := range segments(t, folder, "room3", "front") {
		checkTimeText(t, file)
	}
}
