package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/table"
)

// TestBrowserLock: the whole story on the demo's pages (Z29-1, Z30), and what is left on the disks.
func TestBrowserLock(t *testing.T) {
	t.Parallel()
	const lang = panel.Chinese // the words of both are held to the same sentences elsewhere
	s, dir := demo(t)
	var seen struct {
		Session, Folder string
		After           int // milliseconds from the cable to LOCKED on the page
		Said            struct {
			State, Since, What, Safe, Still string
			Steps                           []string
		}
		Refused, Tone, Script, Line, Asked, Answered, GoesOn, Minutes, Hash string
	}
	done := took(t, "in the browser")
	require.NoError(t, json.Unmarshal(browse(t, "lock.mjs", s.base, string(lang)), &seen))
	done()
	t.Logf("LOCKED on the page %d ms after the cable was pulled", seen.After)
	require.Less(t, seen.After, 60000) // how soon is measured by the faults' tests, where nothing else runs
	require.Contains(t, seen.Said.What, "camera.lost")
	require.Len(t, seen.Said.Steps, 4)

	// What was read aloud and written down are the instants that the journal holds.
	r := s.record(seen.Session)
	require.Equal(t, table.Sealed, r.State)
	const room = "room-1"
	require.Len(t, r.Breaks, 1)
	b := r.Breaks[0]
	require.Equal(t, "camera.lost", b.Cause)
	require.Less(t, b.Locked.Time().Sub(b.LastGood.Time()), 9*time.Second)
	zone, err := time.LoadLocation(r.Zone)
	require.NoError(t, err)
	z := clock.NewZone(zone)
	for name, at := range map[string]clock.Wall{"last good": b.LastGood, "first good": b.FirstGood, "suspended": b.Locked} {
		require.Contains(t, seen.Script, z.Time(at), name)
		require.Contains(t, seen.Line, z.Time(at), name)
	}
	require.Contains(t, seen.Said.Since, z.Time(b.Locked))
	require.Contains(t, seen.Line, z.Time(b.Resumed))
	require.Len(t, r.Lines, 1)
	require.Equal(t, r.Lines[0].Zh, seen.Line, "the line for the transcript is the one that is kept")
	no := session.Answered{Answer: session.AnswerNo}.Words().Zh
	require.NotContains(t, seen.Asked, no, "nobody has answered yet")
	require.Equal(t, seen.Asked+no, seen.Answered, "what the person answers joins the line")
	require.True(t, strings.HasSuffix(seen.Line, no), seen.Line)
	require.Equal(t, "录制将继续 10 秒", seen.GoesOn, "as long as the settings say")
	var marked bool
	for _, m := range r.Markers {
		marked = marked || m.Code == "spontaneous" && m.Begin > b.Locked && m.Begin < b.Resumed
	}
	require.True(t, marked, "what the person said by themselves is marked while LOCKED")

	t.Run("S1 Z29-2 no unrecorded in a case that must be recorded", func(t *testing.T) {
		require.True(t, r.Mandatory)
		require.Empty(t, r.Unrecorded)
		_, _, no := table.Step(table.Session{State: table.Locked, Mandatory: true}, table.Event{Name: table.ApproveUnrecorded})
		require.NotNil(t, no)
		require.Equal(t, no.Say.Zh, seen.Refused)
	})

	disks := []string{filepath.Join(dir, "disk-a", r.Folder), filepath.Join(dir, "disk-b", r.Folder)}
	report := requireVerdict(t, 0, verify.Gaps, disks...)
	for _, f := range report.Folders {
		require.Equal(t, seen.Hash, f.Seal)
		require.Len(t, f.Missing, 2, "the interruption, and what the camera did not give")
		require.Equal(t, "camera.lost", f.Missing[0].Cause)
		require.Equal(t, "front", f.Missing[1].Camera)
	}
	runs := segments(t, disks[0], room, "front")
	require.Len(t, runs, 2)
	for _, f := range runs {
		require.Positive(t, checkDecodes(t, f))
	}
	require.Len(t, segments(t, disks[0], room, "room"), 1, "the camera that worked went on without a break")
}

// TestServiceHasNoSwitchboard: what breaks the demo's cameras is not there in service.
func TestServiceHasNoSwitchboard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	require.NoError(t, os.Mkdir(disk, 0o700))
	code, out, complaints := run(t, []string{"volume", "init", disk})
	require.Zero(t, code, out+complaints)
	config := filepath.Join(dir, "roomrec.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
listen: 127.0.0.1:0
sign_in: local
state_dir: `+filepath.Join(dir, "state")+`
volumes: [{path: `+disk+`}]
rooms: [{id: room3, cameras: [{id: front, url: "rtsp://127.0.0.1:9/"}]}]
`), 0o600))
	s := open(t, []string{"serve", "--config", config})
	s.call(http.MethodGet, "/", http.StatusOK, nil, nil)
	s.call(http.MethodGet, "/demo", http.StatusNotFound, nil, nil)
	s.call(http.MethodPost, "/demo/switch", http.StatusMethodNotAllowed, nil, nil)
}
