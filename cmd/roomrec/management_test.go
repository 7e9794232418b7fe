package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/onvif"
	"roomrec/onvif/onviftest"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/watch"
)

// Z26: a camera that writes no date and 24-hour time into its picture is an alarm, and so is one whose clock
// is off, as its management tells both; each is over when it is mended. Nothing is set.
func TestZ26_OverlayMissing(t *testing.T) {
	d := &onviftest.Device{User: "recorder", Password: "secret-7", Auth: onviftest.Token, Clock: clock.NewSystem()}
	served := httptest.NewServer(d)
	t.Cleanup(served.Close)
	cameras, _, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	t.Cleanup(cameras.Close)
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	s.rooms[0].cameras[0].onvif = strings.TrimPrefix(served.URL, "http://")
	st, err := newStation(s, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	_ = st.stages() // makes the watchers; the cameras themselves are not needed
	all, err := st.managements(st.rooms.all()[0])
	require.NoError(t, err)
	require.Len(t, all, 1, "only who names it is asked")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runStages(ctx, []stage{{"sessions", st.manager.Run}}) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		require.NoError(t, st.release())
	})

	cam := st.rooms.all()[0].cameras[0]
	client, err := onvif.New(cam.setup.onvif, "recorder", "secret-7", st.clock)
	require.NoError(t, err)
	m := &management{station: st, camera: cam, client: client}
	require.True(t, m.ask(ctx), "a first answer is asked for once more")
	require.False(t, m.ask(ctx))
	faultIs(t, st, "overlay.missing", "front", "alarm")
	faultIs(t, st, watch.CameraClock, "front", "over")
	d.Set(-time.Hour, "hh:mm:ss tt")
	require.True(t, m.ask(ctx))
	require.False(t, m.ask(ctx))
	faultIs(t, st, "overlay.missing", "front", "alarm") // twelve hours are not enough
	faultIs(t, st, watch.CameraClock, "front", "alarm")
	d.Set(0, "HH:mm:ss")
	m.ask(ctx)
	m.ask(ctx)
	faultIs(t, st, "overlay.missing", "front", "over")
	faultIs(t, st, watch.CameraClock, "front", "over")
	m.camera.setup.serial, m.camera.setup.mac = "DS-of-before", ""
	m.ask(ctx)
	faultIs(t, st, "camera.exchanged", "front", "locks")
	room, _ := st.manager.Room(demoRoom)
	require.False(t, room.Fit, "no session opens with another device")
	m.camera.setup.serial = strings.ToLower(onviftest.Serial)
	m.ask(ctx)
	faultIs(t, st, "camera.exchanged", "front", "over")
	for _, call := range d.Calls() {
		require.True(t, strings.HasPrefix(call, "Get"), "%s: nothing is set without a command", call)
	}
}

// A device that was put in the place of another is noticed when the stream comes back, without waiting for
// the ten minutes; and every session that is opened has who it is asked anew. It locks the session that runs:
// what would be recorded comes from another camera. It goes on when a named officer has accepted the device,
// which bars the next session all the same.
func TestZ5_AnotherDeviceIsNoticedAtTheConnection(t *testing.T) {
	d := &onviftest.Device{User: "recorder", Password: "secret-7", Auth: onviftest.Token, Clock: clock.NewSystem(), Hours: "HH:mm:ss"}
	var other atomic.Bool
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		d.ServeHTTP(answer, r)
		text := answer.Body.String()
		if other.Load() {
			text = strings.ReplaceAll(text, onviftest.Serial, "another")
		}
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, text) // who asked may be gone
	}))
	t.Cleanup(served.Close)
	cameras, board, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	t.Cleanup(cameras.Close)
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	pinned := &s.rooms[0].cameras[0]
	pinned.onvif, pinned.serial = strings.TrimPrefix(served.URL, "http://"), onviftest.Serial
	pinned.source.User, pinned.source.Password = "recorder", "secret-7"
	st, err := newStation(s, doors{log: zerolog.Nop(), metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	stages := st.stages()
	all, err := st.managements(st.rooms.get(demoRoom))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runStages(ctx, append(stages, all...)) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		require.NoError(t, st.release())
	})
	asked := func() (n int) {
		for _, call := range d.Calls() {
			if call == "GetDeviceInformation" {
				n++
			}
		}
		return n
	}
	until(t, st, "fit", func(v session.RoomView) bool { return v.Fit })
	require.Eventually(t, func() bool { return asked() > 0 }, time.Minute, 10*time.Millisecond)
	before := asked()
	st.rooms.get(demoRoom).identify() // as a session does that is opened
	require.Eventually(t, func() bool { return asked() > before }, time.Minute, 10*time.Millisecond)

	view, err := st.manager.Open(t.Context(), technician, demoRoom, session.OpenForm{Kind: session.KindTechnical}, "open")
	require.NoError(t, err)
	other.Store(true)
	require.True(t, board.turn("front", "cable", "out"))
	until(t, st, "away", func(v session.RoomView) bool { return !v.Cameras[0].Connected })
	require.True(t, board.turn("front", "cable", "in"))
	faultIs(t, st, "camera.exchanged", "front", "locks")
	faultIs(t, st, watch.CameraLost, "front", "over")
	until(t, st, "locked", func(v session.RoomView) bool { return v.Session.State == table.Locked })
	do := func(c session.Command) error {
		_, err := st.manager.Do(t.Context(), technician, view.ID, c, "")
		return err
	}
	var no *session.Refusal
	require.ErrorAs(t, do(session.Command{Name: session.ActResume}), &no)
	require.Contains(t, no.Say.En, "another device")
	require.NoError(t, do(session.Command{Name: session.ActAccept, Subject: "front", Reason: "the camera from the store"}))
	faultIs(t, st, "camera.exchanged", "front", "alarm")
	require.ErrorAs(t, do(session.Command{Name: session.ActAccept, Subject: "front"}), &no, "there is nothing more to accept")
	until(t, st, "safe again", func(v session.RoomView) bool {
		return slices.ContainsFunc(v.Actions, func(a session.ActionView) bool { return a.Name == session.ActResume && a.Allowed })
	})
	before = asked()
	st.rooms.get(demoRoom).identify()
	require.Eventually(t, func() bool { return asked() > before }, time.Minute, 10*time.Millisecond)
	require.NoError(t, do(session.Command{Name: session.ActResume}))
	require.NoError(t, do(session.Command{Name: session.ActEnd, Ending: table.BrokenOff, Reason: "the test is over"}))
	until(t, st, "sealed", func(v session.RoomView) bool { return v.Session.State == table.Sealed })
	faultIs(t, st, "camera.exchanged", "front", "locks")
	require.NoError(t, do(session.Command{Name: session.ActDismiss}))
	require.False(t, func() bool { v, _ := st.manager.Room(demoRoom); return v.Fit }(), "no session opens with it")
}

// A device in another's place that does not tell its time is found all the same.
func TestZ5_AnotherDeviceThatTellsNoTime(t *testing.T) {
	d := &onviftest.Device{User: "recorder", Password: "secret-7", Auth: onviftest.Token, Clock: clock.NewSystem(), Hours: "hh:mm:ss tt"}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(b), "GetSystemDateAndTime") {
			http.Error(w, "not here", http.StatusNotFound)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		d.ServeHTTP(w, r)
	}))
	t.Cleanup(served.Close)
	l := newLateSite(t)
	l.start()
	cam := l.st.rooms.all()[0].cameras[0]
	cam.setup.serial = "DS-of-before"
	client, err := onvif.New(strings.TrimPrefix(served.URL, "http://"), "recorder", "secret-7", l.st.clock)
	require.NoError(t, err)
	m := &management{station: l.st, camera: cam, client: client, owed: true}
	began := make(chan struct{})
	go func() {
		defer close(began)
		m.connected(l.st.clock.Now()) // while somebody accepts: the race detector looks on
	}()
	m.ask(t.Context())
	m.accept()
	<-began
	require.False(t, m.owed, "it has said who it is")
	faultIs(t, l.st, "camera.exchanged", "front", "alarm")
	faultIs(t, l.st, "overlay.missing", "front", "alarm")
	m.forget()
	faultIs(t, l.st, "camera.exchanged", "front", "locks")
}

func TestZ5_AnotherDevice(t *testing.T) {
	who := onvif.Identity{Serial: "DS-1", MAC: "00:11:22:aa:bb:cc"}
	for _, c := range []struct{ serial, mac, says string }{
		{"", "", ""},
		{"ds-1", "00-11-22-AA-BB-CC", ""},
		{"", "001122aabbcc", ""},
		{"DS-2", "", "serial number"},
		{"DS-1", "00:11:22:aa:bb:cd", "MAC"},
	} {
		got := otherDevice(c.serial, c.mac, who)
		if c.says == "" {
			require.Empty(t, got)
		} else {
			require.Contains(t, got, c.says)
		}
	}
	require.Empty(t, otherDevice("DS-1", "00:11:22:aa:bb:cd", onvif.Identity{Serial: "DS-1"}), "a device that tells no MAC is not taken for another")
}

func TestOverlayOf(t *testing.T) {
	for said, texts := range map[string][]onvif.Text{
		"no date and time in the picture":           {{Kind: "Plain", Plain: "Zhang"}},
		"DateAndTime yyyy-MM-dd hh:mm:ss tt Custom": {{Kind: "DateAndTime", Date: "yyyy-MM-dd", Time: "hh:mm:ss tt", Place: "Custom"}},
		"Time HH:mm:ss": {{Kind: "Time", Time: "HH:mm:ss"}},
	} {
		missing, got := overlayOf(texts)
		require.True(t, missing, said)
		require.Equal(t, said, got)
	}
	missing, said := overlayOf([]onvif.Text{{Kind: "Plain", Plain: "Zhang"}, {Kind: "DateAndTime", Date: "yyyy-MM-dd", Time: "HH:mm:ss", Place: "UpperLeft"}})
	require.False(t, missing)
	require.NotContains(t, said, "Zhang", "what people wrote there is not told")
}
