package main

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/session"
	"roomrec/session/table"
)

// pictures feeds the demo's room by hand, without sound, each camera with the stream that is stored for it, and lets
// the detectors look on; until the controller stops.
func (l *lateSite) pictures(stream *media.Track) (front *atomic.Pointer[media.Track], halt func()) {
	t := l.t
	room := l.st.rooms.get(demoRoom)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var feeds []func()
	for i, c := range room.cameras {
		track := new(atomic.Pointer[media.Track])
		track.Store(stream)
		if i == 0 {
			front = track
		}
		feeds = append(feeds, feedOf(t, l.st, c, track))
	}
	watching := l.st.watchRoom(room)
	go func() { ended <- runStages(ctx, watching) }()
	for _, c := range room.cameras {
		require.Eventually(t, func() bool { return c.feed.Description() != nil }, time.Minute, 5*time.Millisecond)
	}
	halt = func() {
		stop()
		require.NoError(t, <-ended)
		for _, f := range feeds {
			f()
		}
	}
	return front, halt
}

// Z29-1: what changed in a camera while the controller was down is found as what changes while it looks on: what the
// session began with is what was recorded of it, or what a named officer has accepted since.
func TestZ29_1_ChangedWhileTheControllerWasDown(t *testing.T) {
	l := newLateSite(t)
	for i := range l.setup.rooms[0].cameras {
		l.setup.rooms[0].cameras[i].soundRequired = false
	}
	small := testcard.NewVideo(testcard.Options{Width: 320, Height: 192}).Track()
	wide := *small
	wide.Width = 640
	changed := func(v session.RoomView) bool { return slices.Contains(openFaults(v), string(table.CameraChanged)) }
	resumable := func() bool {
		v := l.room()
		return slices.ContainsFunc(v.Actions, func(a session.ActionView) bool { return a.Name == session.ActResume && a.Allowed })
	}
	l.start()
	_, halt := l.pictures(small)
	first, err := l.open()
	require.NoError(t, err)
	l.shows(first.ID, table.Standby)
	l.stop()
	halt()

	again := func(stream *media.Track) (halt func()) {
		r := l.start()
		_, halt = l.pictures(stream)
		r.look(t.Context())
		l.shows(first.ID, table.Locked)
		return halt
	}
	found := func() {
		require.Eventually(t, func() bool { return changed(l.room()) }, time.Minute, 5*time.Millisecond)
	}
	halt = again(small)
	require.Eventually(t, resumable, time.Minute, 5*time.Millisecond)
	require.False(t, changed(l.room()), "it is as it was")
	l.stop()
	halt()

	// What nobody accepted is found after every restart.
	for range 2 {
		halt = again(&wide)
		found()
		l.stop()
		halt()
	}
	halt = again(&wide)
	found()
	for _, c := range l.st.rooms.get(demoRoom).cameras {
		accept := func() error {
			_, err := l.st.manager.Do(t.Context(), technician, first.ID, session.Command{Name: session.ActAccept, Subject: c.setup.id, Reason: "set anew"}, "")
			return err
		}
		require.Eventually(t, func() bool { return accept() == nil }, time.Minute, 20*time.Millisecond)
	}
	require.Eventually(t, resumable, time.Minute, 5*time.Millisecond)
	require.False(t, changed(l.room()))
	l.stop()
	halt()

	halt = again(&wide)
	require.Eventually(t, resumable, time.Minute, 5*time.Millisecond)
	require.False(t, changed(l.room()), "it was accepted")
	l.stop()
	halt()
	halt = again(small)
	found()
	l.stop()
	halt()
}
