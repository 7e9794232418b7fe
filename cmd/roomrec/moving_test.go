package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/session"
	"roomrec/session/policy"
)

// smallCamera is a camera that costs a busy machine little.
func smallCamera() *rtsptest.Stream {
	clk := clock.NewSystem()
	return &rtsptest.Stream{Live: true, Sources: []rtsptest.Source{
		testcard.NewVideo(testcard.Options{Width: 320, Height: 192, KeyEvery: 12, FPS: 12, Clock: clk}), testcard.NewSpeech(testcard.SoundOptions{Clock: clk}),
	}}
}

// A locked session moves to the mobile equipment, on the pages of a whole controller: the same session,
// new runs there, one timeline; the old room's cameras that work go on recording.
func TestBrowserZ29_1_MoveToMobileEquipment(t *testing.T) {
	const van = "van-1"
	front1, streams := smallCamera(), make(map[string]*rtsptest.Stream)
	for _, path := range []string{"front", "front/live", "room", "room/live"} {
		streams[path] = smallCamera()
	}
	streams["front"] = front1
	cameras, err := rtsptest.Serve(t.Context(), "127.0.0.1:0", streams)
	require.NoError(t, err)
	t.Cleanup(cameras.Close)
	dir := t.TempDir()
	s, err := demoSetup(dir, cameras)
	require.NoError(t, err)
	s.closing = time.Second
	// The demo's camera of the whole room is seen by two rooms here: what breaks is the frontal one.
	mobile := roomSetup{RoomConfig: session.RoomConfig{ID: van, Name: session.Text{En: "Mobile equipment 1", Zh: "移动设备 1"}, Kind: policy.Mobile}}
	cam := s.rooms[0].cameras[1]
	cam.id = "cabin"
	mobile.add(cam)
	s.rooms = append(s.rooms, mobile)

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, s, zerolog.Nop(), listener, front{
			officer: session.Actor{ID: "demo", Name: "Demo officer", Role: "officer"},
			handlers: map[string]panel.Handler{"POST /pull": {Action: access.Run, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				front1.Silence(true)
			})}},
		})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})

	res, err := http.Get("http://" + listener.Addr().String() + "/api/v1/openapi.json") // it listens already
	require.NoError(t, err)
	var api struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	require.NoError(t, errors.Join(json.NewDecoder(res.Body).Decode(&api), res.Body.Close()))
	require.Contains(t, api.Paths["/api/v1/volumes"]["post"].Responses, "201", "adding a volume is described")

	script, err := filepath.Abs("../../testdata/browser/move.mjs")
	require.NoError(t, err)
	within, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(within, "node", script, "http://"+listener.Addr().String(), demoRoom, van, "/pull")
	var out, complaints bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(script), &out, &complaints
	require.NoError(t, cmd.Run(), "%s", &complaints)
	var seen struct{ Session, Script string }
	require.NoError(t, json.Unmarshal(out.Bytes(), &seen))
	require.Contains(t, seen.Script, "Front, no picture")

	at, ok := folderOf(seen.Session)
	require.True(t, ok)
	folders := []string{filepath.Join(dir, "disk-a", at), filepath.Join(dir, "disk-b", at)}
	report, err := verify.Folders(t.Context(), folders, verify.Options{})
	require.NoError(t, err)
	for _, f := range report.Folders {
		require.Equal(t, verify.Gaps, f.Verdict, "%+v", f.Findings)
		for _, h := range f.Missing {
			require.NotEqual(t, "cabin", h.Camera, "the equipment that it moved to lacks nothing: %v", h)
		}
	}
	for _, run := range []string{demoRoom + "/front/run-0001", demoRoom + "/room/run-0001", van + "/cabin/run-0001"} {
		_, err := os.Stat(filepath.Join(folders[0], filepath.FromSlash(run), "0001.mp4"))
		require.NoError(t, err, "one session holds the runs of both rooms")
	}
	_, err = os.Stat(filepath.Join(folders[0], demoRoom, "room", "run-0002"))
	require.ErrorIs(t, err, os.ErrNotExist, "the old room's camera that works goes on in one run")
}
