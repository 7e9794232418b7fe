package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
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
	s := &station{dir: t.TempDir(), cameras: serve(t, map[string]*rtsptest.Stream{"front": locked(camera()), "other": locked(camera()), "third": locked(camera())})}
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

// TestBackup: a backup is made while a session runs, has no secret in it, is found out if a byte of it
// changes, and gives a controller that lists what the old one listed and believes what its key signed.
func TestBackup(t *testing.T) {
	t.Parallel()
	site := newStation(t)
	s := open(t, []string{"serve", "--config", site.config})
	id := s.begin("room3")
	dir := filepath.Join(site.dir, "backup")
	code, out, complaints := run(t, []string{"backup", "create", "--config", site.config, dir})
	require.Zero(t, code, out+complaints)
	require.Contains(t, out, "whole, signed by roomrec")
	code, _, complaints = run(t, []string{"backup", "create", "--config", site.config, dir})
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "does not exist yet")
	private := must(os.ReadFile(filepath.Join(site.state, "seal.key")))
	public := filepath.Join(site.state, "seal.key.pub")
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files = append(files, path)
		b := must(os.ReadFile(path))
		require.NotContains(t, string(b), string(private), path)
		require.NotContains(t, string(b), secret, path)
		require.Equal(t, os.FileMode(0), must(d.Info()).Mode().Perm()&0o077, path)
		return nil
	}))
	require.Contains(t, files, filepath.Join(dir, "state", "catalog.db"))
	require.Contains(t, files, filepath.Join(dir, "roomrec.yaml"))

	verify := func(want int, says string, args ...string) {
		t.Helper()
		code, out, complaints := run(t, append([]string{"backup", "verify", dir}, args...))
		require.Equal(t, want, code, out+complaints)
		require.Contains(t, out+complaints, says)
	}
	verify(0, "whole", "--key", public)
	for _, f := range []string{"state/catalog.db", "roomrec.yaml", "backup.note"} {
		name := filepath.Join(dir, f)
		good := must(os.ReadFile(name))
		bad := append([]byte{}, good...)
		bad[len(bad)/2] ^= 1
		require.NoError(t, os.WriteFile(name, bad, 0o600))
		verify(1, filepath.Base(f))
		require.NoError(t, os.WriteFile(name, good, 0o600))
	}
	extra := filepath.Join(dir, "state", "extra")
	require.NoError(t, os.WriteFile(extra, nil, 0o600))
	verify(1, "does not belong")
	require.NoError(t, os.Remove(extra))

	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))
	code, _, complaints = run(t, []string{"backup", "restore", dir, "--state-dir", site.state})
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "nothing is overwritten")
	require.NoError(t, os.Rename(site.state, site.state+".old"))
	config := filepath.Join(site.dir, "restored.yaml")
	code, out, complaints = run(t, []string{"backup", "restore", dir, "--state-dir", site.state, "--config", config, "--key", site.state + ".old/seal.key.pub"})
	require.Zero(t, code, out+complaints)
	s = open(t, []string{"serve", "--config", config})
	r := s.inState("room3", table.Locked, patience)
	require.Equal(t, id, r.Session.ID, "the session that ran goes on")
	require.Equal(t, id, s.record(id).ID)
	keys, err := filepath.Glob(filepath.Join(site.state, "keys", "*"))
	require.NoError(t, err)
	require.Len(t, keys, 2, "the old public key and that of the new one")
}
