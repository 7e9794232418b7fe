package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/volume"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/table"
)

// says waits until a program has written something to its log.
func (p *program) says(what string) {
	p.t.Helper()
	late := time.After(2 * patience)
	for {
		text, more := p.err.next()
		if strings.Contains(text, what) {
			return
		}
		select {
		case <-more:
		case <-p.ended:
			require.FailNow(p.t, "the program ended", "before it said %q", what)
		case <-late:
			require.FailNow(p.t, "waited in vain", "for the log to say %q", what)
		}
	}
}

// eventually waits until an address answers what is wanted; the pages may be away for a moment.
func (s *site) eventually(what, path string, done func(text string) bool) {
	s.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	text := ""
	for end := time.Now().Add(2 * patience); ; <-tick.C {
		if got, err := s.reach(path); err == nil {
			if text = got; done(text) {
				return
			}
		}
		require.False(s.t, time.Now().After(end), "waited in vain for %s: %s", what, text)
	}
}

// TestSettingsAreSwappedWhole: SIGHUP takes new settings room by room. A room with a session keeps its own
// until the session is sealed; bad settings change nothing and the log says what is wrong with them; what
// concerns all rooms is taken when no session runs, by the same process. The recording is whole.
func TestSettingsAreSwappedWhole(t *testing.T) {
	t.Parallel()
	site := newStation(t)
	s := open(t, []string{"serve", "--config", site.config})
	cameras := func(r session.RoomView) (out []string) {
		for _, c := range r.Cameras {
			out = append(out, c.ID)
		}
		return out
	}
	id := s.begin("room3")
	camera := func(name, stream string) string {
		return fmt.Sprintf("      - {id: %s, url: %q, user: admin, password_file: %s}\n", name, site.cameras.URL(stream), filepath.Join(site.dir, "password"))
	}
	site.write(t, camera("second", "other")+"  - id: room4\n    cameras:\n"+camera("dome", "third"))
	s.p.signal(syscall.SIGHUP)
	s.eventually("the new room", "/api/v1/rooms", func(text string) bool { return strings.Contains(text, `"room4"`) })
	s.until("the new room to be fit", "room4", 2*patience, func(r session.RoomView) bool { return r.Fit })
	s.p.says("keeps its settings until the session or self-test there has ended")
	r := s.room("room3")
	require.Equal(t, []string{"front"}, cameras(r), "a session runs there")
	require.Equal(t, table.Questioning, r.Session.State)
	require.Empty(t, r.Session.Breaks)

	// Bad settings change nothing, and say what is wrong.
	good := string(must(os.ReadFile(site.config)))
	bad := strings.Replace(good, "limit: 1m", "limit: 1d", 1)
	require.NotEqual(t, good, bad)
	require.NoError(t, os.WriteFile(site.config, []byte(strings.Replace(bad, "id: room4", "id: room5", 1)), 0o600))
	s.p.signal(syscall.SIGHUP)
	s.p.says("the settings are refused")
	require.Contains(t, s.p.err.String(), "clock.limit")
	require.NotContains(t, s.p.err.String(), secret)
	metrics := s.text("/metrics")
	require.Contains(t, metrics, "roomrec_settings_good 0\n")
	require.Contains(t, metrics, "roomrec_settings_waiting_rooms 1\n")
	require.Equal(t, []string{"dome"}, cameras(s.room("room4")))
	require.NotContains(t, s.text("/api/v1/rooms"), "room5")

	// What waits is taken when the session has ended.
	s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	s.inState("room3", table.Sealed, 2*patience)
	r = s.until("its new settings", "room3", 2*patience, func(r session.RoomView) bool { return len(r.Cameras) == 2 })
	require.Equal(t, []string{"front", "second"}, cameras(r))
	require.Equal(t, id, r.Session.ID, "the page still shows what was sealed")
	s.until("the room with its new camera to be fit", "room3", 2*patience, func(r session.RoomView) bool { return r.Fit })

	// What is not of one room alone, and a room that is left out: the controller is built anew in this process.
	site.write(t, "")
	text := strings.Replace(string(must(os.ReadFile(site.config))), "closing: 10s", "closing: 11s", 1)
	require.NoError(t, os.WriteFile(site.config, []byte(text), 0o600))
	s.p.signal(syscall.SIGHUP)
	s.eventually("the other settings", "/api/v1/station", func(text string) bool { return strings.Contains(text, `"11s"`) })
	require.NotContains(t, s.text("/api/v1/rooms"), "room4")
	require.Contains(t, s.text("/metrics"), "roomrec_settings_good 1\n")
	s.until("the room to be fit again", "room3", 2*patience, func(r session.RoomView) bool { return r.Fit && len(r.Cameras) == 1 })
	s.until("a verdict", "room3", 2*patience, func(session.RoomView) bool {
		var rec panel.Record
		s.call("GET", "/api/v1/sessions/"+id, 200, nil, &rec)
		return rec.Verdict != nil && rec.Verdict.Word == "intact"
	})

	// Where the controller cannot be built with settings that looked good, it goes on with those of before.
	disk := filepath.Join(site.dir, "disk-c")
	require.NoError(t, os.Mkdir(disk, 0o700))
	code, out, complaints := run(t, []string{"volume", "init", disk})
	require.Zero(t, code, out+complaints)
	theirs, err := volume.Acquire(disk, clock.NewSystem()) // as another controller
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(site.config, []byte(strings.Replace(text, "volumes: [", "volumes: [{path: "+disk+"}, ", 1)), 0o600))
	s.p.signal(syscall.SIGHUP)
	s.p.says("it starts with those of before")
	s.eventually("the pages", "/readyz", func(text string) bool { return text == "ok\n" })
	require.NotContains(t, s.text("/metrics"), "roomrec_settings_good 1\n", "those that were read last are not in force")
	require.NoError(t, theirs.Release())
	s.p.signal(syscall.SIGHUP)
	s.eventually("the third disk", "/api/v1/station", func(text string) bool { return strings.Contains(text, "disk-c") })
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))
}
