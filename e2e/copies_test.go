package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/session"
)

// held puts an ffmpeg into a folder that makes no copy for as long as a file is there. Whoever else needs
// ffmpeg gets it.
func held(t *testing.T) (path, hold string) {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "make deps")
	dir := t.TempDir()
	hold = filepath.Join(dir, "hold")
	script := fmt.Sprintf("#!/bin/sh\ncase \"$PWD\" in *unfinished-*) while [ -e %s ]; do sleep 0.1; done;; esac\nexec %s \"$@\"\n", hold, ffmpeg)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ffmpeg"), []byte(script), 0o700)) //nolint:gosec // it is run
	withoutNice(t, dir)
	require.NoError(t, os.WriteFile(hold, nil, 0o600))
	return "PATH=" + dir + ":" + os.Getenv("PATH"), hold
}

// withoutNice puts into a folder a nice that leaves the priority as it is. A copy has the lowest one; here
// others' tests run beside it, and it would wait for them all.
func withoutNice(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "nice"), []byte("#!/bin/sh\nshift 2\nexec \"$@\"\n"), 0o700)) //nolint:gosec // it is run
}

// copyIn waits until a copy of the session is in one of the states.
func (s *site) copyIn(id, copied string, states ...panel.CopyState) panel.CopyView {
	s.t.Helper()
	var v panel.CopiesView
	var is panel.CopyView
	s.until(fmt.Sprint("a copy that is ", states), "room-1", copyPatience, func(session.RoomView) bool {
		v = panel.CopiesView{}
		s.call("GET", "/api/v1/sessions/"+id+"/copies", 200, nil, &v)
		i := slices.IndexFunc(v.Copies, func(c panel.CopyView) bool { return c.ID == copied })
		if i < 0 {
			return false
		}
		is = v.Copies[i]
		return slices.Contains(states, is.State)
	})
	return is
}

// Z33: a copy is wanted on the session's page with a reason and an approval. It outlives the program, can
// be cancelled, and is wanted again; what became of it stands after the seal on every disk; without ffmpeg
// the page names the packages.
func TestZ33_BrowserCopy(t *testing.T) {
	t.Parallel()
	env, hold := held(t)
	dir := t.TempDir()
	args := []string{"demo", "--listen", "127.0.0.1:0", "--dir", dir}
	s := open(t, args, with(env))
	rec := sealedDemo(t, s)
	require.Len(t, s.checkStills(rec.ID, 2).Stills, 2, "Z23: what was seen of the clock in the room is kept")
	before := tree(t, must(filepath.Glob(filepath.Join(dir, "disk-a", "*/*/*", rec.ID)))[0])
	root := "/api/v1/sessions/" + rec.ID + "/copies"
	order := panel.CopyOrder{Camera: "room-1/front", Inset: "room-1/room", Reason: "for the court", Rank: "head of the county organ", Name: "Li", Number: "2026-17"}
	for _, bad := range []func(*panel.CopyOrder){
		func(o *panel.CopyOrder) { o.Reason = " " }, func(o *panel.CopyOrder) { o.Number = "" }, func(o *panel.CopyOrder) { o.Name = "a\nb" },
		func(o *panel.CopyOrder) { o.Camera = "room-1/../x" },
	} {
		wrong := order
		bad(&wrong)
		s.call("POST", root, 422, wrong, nil)
	}
	absent := order
	absent.Camera = "room-1/door"
	s.call("POST", root, 409, absent, nil)
	s.call("POST", root, 200, order, nil)
	const both, second = "front+room", "room"
	s.copyIn(rec.ID, both, panel.CopyRunning)
	s.call("POST", root, 200, order, nil) // again: the same
	next := order                         // made one at a time: it waits for its turn, also over a restart
	next.Camera, next.Inset = "room-1/room", ""
	s.call("POST", root, 200, next, nil)
	require.Equal(t, 1, s.copyIn(rec.ID, second, panel.CopyWaiting).Ahead)
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))

	s = open(t, args, with(env))
	v := s.copyIn(rec.ID, both, panel.CopyRunning)
	require.Equal(t, 1, s.copyIn(rec.ID, second, panel.CopyWaiting).Ahead)
	s.call("POST", root+"/cancel", 200, map[string]string{"copy": second}, nil)
	s.copyIn(rec.ID, second, panel.CopyCancelled)
	require.Equal(t, "for the court", v.Reason)
	require.Equal(t, "head of the county organ, Li, 2026-17", v.Approval)
	s.call("POST", root+"/cancel", 200, map[string]string{"copy": v.ID}, nil)
	s.copyIn(rec.ID, both, panel.CopyCancelled)
	s.call("POST", root+"/cancel", 409, map[string]string{"copy": v.ID}, nil)
	require.NoError(t, os.Rename(hold, hold+"-no-more"))

	var told struct {
		Layout []string
		Name   string
	}
	file := filepath.Join(t.TempDir(), "copy.mp4")
	require.NoError(t, json.Unmarshal(browse(t, "copies.mjs", s.base, rec.ID, "zh-CN", file, os.Getenv("ROOMREC_COPIES_PICTURE")), &told))
	require.Equal(t, []string{"room-1/front", "room-1/room"}, told.Layout, "the rule's layout is offered")
	require.Equal(t, rec.ID+"-front-with-room-copy.mp4", told.Name)
	require.Positive(t, checkDecodes(t, file))
	v = s.copyIn(rec.ID, both, panel.CopyDone)
	require.Equal(t, strings.Fields(string(tool(t, "sha256sum", file)))[0], v.SHA256)
	s.call("POST", root, 409, order, nil)
	s.call("GET", root+"/none.mp4", 404, nil, nil)
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))

	folders := must(filepath.Glob(filepath.Join(dir, "disk-*", "*/*/*", rec.ID)))
	_, report := judge(t, folders...) // a simulated camera may stumble on a busy machine; nothing is altered
	for i, f := range folders {
		require.NotEqual(t, verify.Altered, report.Folders[i].Verdict)
		require.EqualValues(t, verify.Intact, report.Folders[i].After.Verdict, "%+v", report.Folders[i].After.Findings)
		journal := string(must(os.ReadFile(filepath.Join(f, "after/journal.jsonl"))))
		for kind, n := range map[string]int{"copy.requested": 3, "copy.cancelled": 2, "copy.made": 1, "copy.failed": 0} {
			require.Equal(t, n, strings.Count(journal, `"type":"`+kind+`"`), kind)
		}
		require.Contains(t, journal, v.SHA256)
		require.Len(t, stillLines(t, f), 2, "on every disk, and once, though the program was started again")
		require.Contains(t, journal, `"type":"`+session.TypeViewed+`"`, "Z37: whoever makes a copy has looked")
	}
	now := tree(t, folders[0])
	delete(now, "after/journal.jsonl")
	delete(before, "after/journal.jsonl")
	require.Equal(t, before, now, "nothing else of the original has changed")

	// Handed over with the station's log, which holds it.
	made, _ := export(t, 0, "--for", "case", "--approval", "county-leader:Wang:2026-18", "--to", t.TempDir(), "--state-dir", filepath.Join(dir, "state"), folders[0])
	verifiesAlone(t, made.Package)
	_, report = judge(t, "--key", filepath.Join(made.Package, "keys/station.pub"), must(filepath.Glob(filepath.Join(made.Package, "recording/*/*/*", rec.ID)))[0])
	require.NotNil(t, report.Folders[0].Log.Sealed)
	require.Equal(t, verify.KeyTrusted, report.Folders[0].Log.Key)

	// On a host without ffmpeg the page says what to install, and everything else works.
	s = open(t, args, with("PATH="+t.TempDir()))
	var all panel.CopiesView
	s.call("GET", root, 200, nil, &all)
	require.NotNil(t, all.Problem)
	require.Contains(t, all.Problem.En, "Debian packages ffmpeg, fonts-dejavu-core and fonts-noto-cjk")
	require.Contains(t, all.Problem.Zh, "ffmpeg、fonts-dejavu-core")
	require.Equal(t, panel.CopyDone, all.Copies[0].State, "what was made is there")
	order.Inset = ""
	s.call("POST", root, 409, order, nil)
}
