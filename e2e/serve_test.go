package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/tsa/tsatest"
	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/rtsp/rtsptest"
	"roomrec/session"
	"roomrec/session/table"
)

// TestServeGoesOnAfterATerm: SIGTERM during a session flushes and ends the program, not the session.
// Started again the session is there, LOCKED, with cameras recording, and can be brought to its end.
func TestServeGoesOnAfterATerm(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"front": locked(camera()), "room": locked(camera())})
	dir := t.TempDir()
	disks := []string{filepath.Join(dir, "disk-a"), filepath.Join(dir, "disk-b")}
	for _, d := range disks {
		require.NoError(t, os.Mkdir(d, 0o700))
		code, out, complaints := run(t, []string{"volume", "init", d})
		require.Zero(t, code, out+complaints)
	}
	password := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(password, []byte(secret+"\n"), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	stamps := tsatest.New(t, "Site time")
	stamps.Refuse.Store(true)
	config := filepath.Join(dir, "roomrec.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
zone: Asia/Shanghai
listen: %s
state_dir: %s
sign_in: local
clock: {source: local, limit: 1m}
volumes: [{path: %s}, {path: %s}]
session: {closing: 10s}
standing_copies: {rank: head of the county organ, name: Li, document: 2026-17, beside: true}
seal: {timestamp: {url: "%s", ca_file: %s, timeout: 30s}}
rooms:
  - id: room3
    cameras:
      - {id: front, url: "%s", user: admin, password_file: %s}
      - {id: room, url: "%s", user: admin, password_env: ROOM_PASSWORD}
`, address, filepath.Join(dir, "state"), disks[0], disks[1], stamps.Serve(t).URL, stamps.CA, cameras.URL("front"), password, cameras.URL("room")), 0o600))
	withoutNice(t, dir)
	env := with("ROOM_PASSWORD="+secret, "PATH="+dir+":"+os.Getenv("PATH"))
	code, out, complaints := run(t, []string{"config", "check", "--config", config}, env)
	require.Zero(t, code, out+complaints)

	done := took(t, "first run")
	s := open(t, []string{"serve", "--config", config}, env)
	id := s.begin("room3")
	first := s.until("a few safe seconds", "room3", patience, func(r session.RoomView) bool {
		return r.Session.SafeAt.Time().Sub(r.Session.Started.Time()) > time.Second
	})
	began := time.Now()
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience), "a stop on demand is no failure")
	t.Logf("ended %v after SIGTERM", time.Since(began).Round(time.Millisecond))
	withoutSecret(t, s.p, disks[0], disks[1], filepath.Join(dir, "state"))
	done()
	folder := func(disk string) string {
		found, err := filepath.Glob(filepath.Join(disk, "*/*/*", id))
		require.NoError(t, err)
		require.Len(t, found, 1)
		return found[0]
	}
	requireVerdict(t, 1, verify.Unsealed, folder(disks[0]))
	before := tree(t, folder(disks[0]))
	require.Equal(t, before, tree(t, folder(disks[1])), "flushed on both")

	// The key is gone when it starts again. That stops no recording: it is sealed when the key is back.
	done = took(t, "second run")
	key, away := filepath.Join(dir, "state", "seal.key"), filepath.Join(dir, "seal.key away")
	require.NoError(t, os.Rename(key, away))
	s = open(t, []string{"serve", "--config", config}, env)
	r := s.inState("room3", table.Locked, patience)
	require.Equal(t, id, r.Session.ID)
	require.Equal(t, first.Session.Form, r.Session.Form)
	require.Equal(t, first.Session.Started, r.Session.Started)
	require.Len(t, r.Session.Breaks, 1)
	require.Equal(t, "controller.restarted", r.Session.Breaks[0].Cause)
	r = s.until("cameras that record again", "room3", patience, func(r session.RoomView) bool {
		return r.Session.State == table.Locked && r.Session.SafeAt > first.Session.SafeAt &&
			slices.IndexFunc(r.Faults, func(f session.FaultView) bool { return f.Locks }) < 0 && allowed(r, session.ActResume)
	})
	s.do(id, session.Command{Name: session.ActResume})
	r = s.inState("room3", table.Resuming, patience)
	require.NotNil(t, r.Session.Script)
	s.until("a heard explanation", "room3", 2*patience, func(r session.RoomView) bool { return allowed(r, session.ActExplain) })
	s.do(id, session.Command{Name: session.ActExplain, Answer: session.AnswerNo})
	s.inState("room3", table.Questioning, patience)
	s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	s.inState("room3", table.Closing, patience)
	s.until("a page that says that the seal waits", "room3", patience, func(r session.RoomView) bool {
		return r.Session.State == table.Closing && slices.ContainsFunc(r.Session.Notices, func(n session.Text) bool { return strings.Contains(n.En, "cannot be sealed yet") })
	})
	require.Contains(t, s.p.err.String(), "private key is missing", "and the log why")
	require.NoFileExists(t, key, "no other key is made in its place")
	require.NoError(t, os.Rename(away, key))
	r = s.inState("room3", table.Sealed, patience)
	require.Len(t, r.Session.Breaks, 1)
	b := r.Session.Breaks[0]
	require.GreaterOrEqual(t, b.LastGood.Time().Sub(first.Session.SafeAt.Time()), -50*time.Millisecond, "missing from the last safe picture on")
	require.Greater(t, b.FirstGood, b.LastGood)
	require.Greater(t, b.Resumed, b.Locked)
	done()

	// By the standing approval a copy is made of it, which nobody asked for: both cameras, the interruption
	// as a card.
	var made panel.CopiesView
	s.until("a copy by the standing approval", "room3", copyPatience, func(session.RoomView) bool {
		made = panel.CopiesView{}
		s.call("GET", "/api/v1/sessions/"+id+"/copies", 200, nil, &made)
		return len(made.Copies) == 1 && made.Copies[0].State == panel.CopyDone
	})
	require.Equal(t, "head of the county organ, Li, 2026-17", made.Copies[0].Approval)
	require.Positive(t, checkDecodes(t, filepath.Join(disks[0], "copies", id, id+"-front-with-room-copy.mp4")))

	report := requireVerdict(t, 0, verify.Gaps, folder(disks[0]), folder(disks[1]))
	require.Len(t, report.Together, 1)
	require.Equal(t, verify.Gaps, report.Together[0].Verdict)
	after := tree(t, folder(disks[0]))
	for name, content := range before {
		require.Equal(t, content, after[name], "%s is as it was found", name)
	}
	require.Contains(t, after, "journal-0002.jsonl")
	require.Contains(t, string(after["journal-0002.jsonl"]), `"type":"recorder.key_missing"`, "the journal says that checkpoints could not be signed")
	for _, c := range []string{"front", "room"} {
		require.Contains(t, after, "room3/"+c+"/run-0002/0001.mp4")
		for _, f := range segments(t, folder(disks[0]), "room3", c) {
			require.Positive(t, checkDecodes(t, f))
			checkTimeText(t, f)
		}
	}

	// The list can be lost: the folders are the truth.
	// The page says that the time-stamp is awaited, and that nobody has witnessed the log yet.
	var listed panel.Record
	s.until("the seal in the station's log", "room3", patience, func(session.RoomView) bool {
		listed = s.record(id)
		return listed.Proof.Log.State == panel.LogHeld
	})
	require.Equal(t, table.Sealed, listed.State)
	require.Equal(t, panel.StampWaiting, listed.Proof.Stamp)
	require.Empty(t, listed.Proof.Log.By)
	s.p.signal(syscall.SIGINT)
	require.Zero(t, s.p.code(patience))
	withoutSecret(t, s.p, disks[0], filepath.Join(dir, "state"))
	for _, f := range must(filepath.Glob(filepath.Join(dir, "state", "catalog.db*"))) {
		require.NoError(t, os.Remove(f))
	}
	code, out, complaints = run(t, []string{"reindex", "--config", config, "--json"}, env)
	require.Zero(t, code, complaints)
	require.JSONEq(t, `{"sessions": 1, "problems": []}`, out)
	// A supervising body signs the station's log; its key stands in the settings from now on.
	witness := filepath.Join(dir, "supervision")
	code, out, complaints = run(t, []string{"log", "witness", disks[1], "--json", "--name", "supervision", "--key", witness, "--memory", t.TempDir(), "--station", key + ".pub"})
	require.Zero(t, code, complaints)
	var signed struct{ Witness string }
	require.NoError(t, json.Unmarshal([]byte(out), &signed))
	require.NoError(t, os.WriteFile(witness+".pub", []byte(signed.Witness+"\n"), 0o600))
	text := strings.Replace(string(must(os.ReadFile(config))), "seal: {", "seal: {witness_files: ["+witness+".pub], ", 1)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	stamps.Refuse.Store(false)
	s = open(t, []string{"serve", "--config", config}, env)
	var list []panel.Record
	s.call("GET", "/api/v1/sessions", 200, nil, &list)
	require.Len(t, list, 1)
	again := s.record(id)
	require.Len(t, again.Proof.Log.By, 1)
	require.Equal(t, "supervision", again.Proof.Log.By[0].By)
	again.Verdict, listed.Verdict = nil, nil // at another instant
	again.Proof, listed.Proof = nil, nil
	require.Equal(t, toJSON(t, listed), toJSON(t, again))
	require.NotContains(t, s.p.err.String(), "station log", "the log of sessions goes on after a restart")

	// The authority gave no time-stamp when it was sealed, and held up nothing. Now it does.
	for _, d := range disks {
		s.until("the token of the authority on each disk", "room3", patience, func(session.RoomView) bool {
			found := must(filepath.Glob(filepath.Join(folder(d), "after", "timestamp", "*.tst")))
			return len(found) == 1 && strings.Contains(string(must(os.ReadFile(filepath.Join(folder(d), "after", "journal.jsonl")))), `"type":"seal.timestamped"`)
		})
	}
	again = s.record(id)
	require.Equal(t, panel.StampMade, again.Proof.Stamp)
	require.Equal(t, panel.StampTrusted, again.Proof.Stamps[0].Status)
	require.Equal(t, stamps.Name, again.Proof.Stamps[0].Authority)
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))

	// Handed over, the package shows both to whoever has it alone: by the checker in it, and by the other one.
	requireProvenAlone(t, id, stamps, witness+".pub", again, "--to", t.TempDir(), "--state-dir", filepath.Join(dir, "state"), "--also", folder(disks[1]), folder(disks[0]))
}

// requireProvenAlone exports a session and has both verifiers of the package say what the session's page said:
// by which authority it was time-stamped and when, and who witnessed the log with it.
func requireProvenAlone(t *testing.T, id string, stamps *tsatest.Authority, witness string, shown panel.Record, args ...string) {
	t.Helper()
	made, _ := export(t, 0, append([]string{"--for", "case", "--approval", "county-leader:Wang:2026-18"}, args...)...)
	ask := " --key keys/station.pub --tsa-ca " + stamps.CA + " --witness " + witness + " recording/*/*/*/" + id
	for _, checker := range []string{"tools/roomverify --json", "python3 tools/verifier/verify.py"} {
		var said struct {
			Folders []struct {
				Verdict    verify.Verdict
				Timestamps []verify.Timestamp
				Log        *verify.Logged
			}
		}
		out := typed(t, made.Package, checker+ask)
		require.NoError(t, json.Unmarshal([]byte(out), &said), out)
		require.Len(t, said.Folders, 1)
		f := said.Folders[0]
		require.Equal(t, verify.Gaps, f.Verdict, checker)
		require.Len(t, f.Timestamps, 1, checker)
		require.Equal(t, verify.StampTrusted, f.Timestamps[0].Status, checker)
		require.Equal(t, stamps.Name, f.Timestamps[0].Authority, checker)
		at, err := time.Parse(time.RFC3339Nano, f.Timestamps[0].At)
		require.NoError(t, err)
		require.True(t, shown.Proof.Stamps[0].At.Time().Equal(at), "%s: %v", checker, at)
		require.NotNil(t, f.Log, checker)
		require.Len(t, f.Log.Witnessed, 1, checker)
		require.Equal(t, "supervision", f.Log.Witnessed[0].By, checker)
		require.Equal(t, shown.Proof.Log.By[0].Until.String(), f.Log.Witnessed[0].Until, checker)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(b)
}

// allowed reports whether a room's page offers an action now.
func allowed(r session.RoomView, name string) bool {
	return slices.ContainsFunc(r.Actions, func(a session.ActionView) bool { return a.Name == name && a.Allowed })
}

// TestServeRefusesABadConfiguration says file, line and what was expected, exit 2.
func TestServeRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "roomrec.yaml")
	require.NoError(t, os.WriteFile(config, []byte("listen: 127.0.0.1:8080\npause: true\n"), 0o600))
	for _, command := range [][]string{{"serve"}, {"config", "check"}, {"config", "print"}} {
		code, out, complaints := run(t, append(command, "--config", config))
		require.Equal(t, 2, code)
		require.Empty(t, out)
		require.Contains(t, complaints, config+":2")
		require.Contains(t, complaints, "pause")
	}
	code, _, complaints := run(t, []string{"serve", "--config", config + "-none"})
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "roomrec.yaml-none")
	require.Equal(t, 1, strings.Count(strings.TrimSpace(complaints), "\n")+1)
}
