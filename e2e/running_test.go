package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/rtsp/rtsptest"
	"roomrec/selftest"
	"roomrec/session"
	"roomrec/session/table"
)

// station is a site with one room, two disks and everything that a service has on a host.
type station struct {
	dir, config, address, state string
	disks                       []string
	cameras                     *rtsptest.Server
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{dir: t.TempDir(), cameras: serve(t, map[string]*rtsptest.Stream{"front": locked(camera()), "other": locked(camera())})}
	for _, d := range []string{"disk-a", "disk-b"} {
		dir := filepath.Join(s.dir, d)
		require.NoError(t, os.Mkdir(dir, 0o700))
		code, out, complaints := run(t, []string{"volume", "init", dir})
		require.Zero(t, code, out+complaints)
		s.disks = append(s.disks, dir)
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "password"), []byte(secret+"\n"), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = l.Addr().String()
	require.NoError(t, l.Close())
	s.config, s.state = filepath.Join(s.dir, "roomrec.yaml"), filepath.Join(s.dir, "state")
	s.write(t, "")
	return s
}

// write writes the settings, with more rooms after the first.
func (s *station) write(t *testing.T, more string) {
	t.Helper()
	require.NoError(t, os.WriteFile(s.config, fmt.Appendf(nil, `
zone: Asia/Shanghai
listen: %s
state_dir: %s
sign_in: local
clock: {source: local, limit: 1m}
volumes: [{path: %s}, {path: %s}]
session: {closing: 10s}
rooms:
  - id: room3
    cameras:
      - {id: front, url: "%s", user: admin, password_file: %s}
%s`, s.address, s.state, s.disks[0], s.disks[1], s.cameras.URL("front"), filepath.Join(s.dir, "password"), more), 0o600))
}

// TestZ8_SelfTestBeforeASession: opening a session tests the room, so does a technician; the result is
// shown, signed and kept on the host and every disk, and the recording of the test is nowhere.
func TestZ8_SelfTestBeforeASession(t *testing.T) {
	t.Parallel()
	site := newStation(t)
	s := open(t, []string{"serve", "--config", site.config})
	s.until("a room that is fit", "room3", patience, func(r session.RoomView) bool { return r.Fit })
	code, out, complaints := run(t, []string{"self-test", "room3", "--for", "1s", "--to", "http://" + site.address, "--json"})
	require.Zero(t, code, complaints)
	var asked selftest.Result
	require.NoError(t, json.Unmarshal([]byte(out), &asked))
	require.True(t, asked.Passed)
	require.Equal(t, selftest.Asked, asked.Why)
	code, _, complaints = run(t, []string{"self-test", "room4", "--to", "http://" + site.address})
	require.Equal(t, 1, code)
	require.Contains(t, complaints, "no such room")

	s.begin("room3")
	r := s.until("the test of the opening", "room3", 2*patience, func(r session.RoomView) bool { return r.Tested != nil && r.Tested.Why == "opening" })
	require.True(t, r.Tested.Passed, r.Tested.Detail)
	require.Equal(t, table.Questioning, r.Session.State, "the session did not wait for it")
	require.Empty(t, r.Faults)
	for _, dir := range append([]string{site.state}, site.disks...) {
		kept, err := filepath.Glob(filepath.Join(dir, "self-tests", "room3", "*.note"))
		require.NoError(t, err)
		require.Len(t, kept, 2, dir)
		note, err := os.ReadFile(kept[1])
		require.NoError(t, err)
		result, err := selftest.Parse(note)
		require.NoError(t, err)
		require.Equal(t, selftest.Opening, result.Why)
		require.Len(t, result.Volumes, 2)
		recorded, err := filepath.Glob(filepath.Join(dir, "self-test*", "*", "*", "*"))
		require.NoError(t, err)
		require.Empty(t, recorded)
	}
	require.Contains(t, s.text("/metrics"), `roomrec_selftest_passed{room="room3"} 1`)
}

// diagnosis is what doctor says of one thing.
type diagnosis struct{ Level, What, Found, Do string }

// TestZ8_DoctorAndWhatRuns: doctor finds a good site good, and each thing that is wrong; whether a
// restart would touch a session is known; readyz tells why.
func TestZ8_DoctorAndWhatRuns(t *testing.T) {
	t.Parallel()
	site := newStation(t)
	require.NoError(t, os.Mkdir(site.state, 0o700))
	doctor := func(code int) map[string][]diagnosis {
		t.Helper()
		got, out, complaints := run(t, []string{"doctor", "--config", site.config, "--for", "1s", "--size", "2", "--json"})
		require.Equal(t, code, got, out+complaints)
		require.NotContains(t, out+complaints, secret)
		var list []diagnosis
		require.NoError(t, json.Unmarshal([]byte(out), &list))
		all := make(map[string][]diagnosis)
		for _, d := range list {
			all[d.What] = append(all[d.What], d)
		}
		return all
	}
	idle := func(code int, says string) {
		t.Helper()
		got, out, complaints := run(t, []string{"idle", "--config", site.config})
		require.Equal(t, code, got, out+complaints)
		require.Contains(t, out+complaints, says)
	}
	site.write(t, `      - {id: gone, url: "rtsp://127.0.0.1:1/none", required: false}`+"\n")
	found := doctor(1)
	require.Equal(t, "PROBLEM", found["camera room3/gone"][0].Level)
	require.Contains(t, found["camera room3/gone"][0].Found, "nothing listens")
	require.Equal(t, "ok", found["camera room3/front"][0].Level)
	require.Contains(t, found["camera room3/front"][0].Found, "H264 320x192")
	for i, d := range site.disks {
		require.Contains(t, found["volume "+d][i].Found, "2 MiB written", "the second lies on the disk of the first, which is said before")
	}
	require.Equal(t, "warning", found["volume "+site.disks[1]][0].Level)
	require.Contains(t, found["volume "+site.disks[1]][0].Found, "same disk")
	require.Contains(t, found["copies elsewhere"][0].Found, "nothing leaves it")
	require.Contains(t, found["port"][0].Found, "does not run")
	require.Equal(t, "warning", found["key"][0].Level)
	idle(0, "does not run")

	site.write(t, "")
	s := open(t, []string{"serve", "--config", site.config})
	s.until("a room that is fit", "room3", patience, func(r session.RoomView) bool { return r.Fit })
	require.NoError(t, os.Chmod(site.state, 0o755))
	found = doctor(1)
	require.Equal(t, "PROBLEM", found["permissions"][1].Level)
	require.Contains(t, found["port"][0].Found, "the service answers")
	require.NoError(t, os.Chmod(site.state, 0o700))
	idle(0, "no session runs")
	verbose := s.text("/readyz?verbose")
	for _, want := range []string{"[+]room room3: fit", "[+]camera room3/front: connected true", "[+]volume ", "[+]clock: trusted true", "[+]key: usable true", "ready"} {
		require.Contains(t, verbose, want)
	}
	found = doctor(0)
	require.Equal(t, "ok", found["key"][0].Level)
	s.begin("room3")
	idle(1, "a session runs in room3")
	require.Contains(t, s.text("/readyz?verbose"), "room room3: session Questioning")
}
