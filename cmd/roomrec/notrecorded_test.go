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

// feedOf publishes pictures of a camera until the test ends or that is asked for, as described by the latest track
// that is stored.
func feedOf(t *testing.T, st *station, c *camera, track *atomic.Pointer[media.Track]) (end func()) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	end = func() {
		stop()
		<-ended
	}
	t.Cleanup(end)
	go func() {
		defer close(ended)
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		var is *media.Track
		for n := int64(0); ; n++ {
			if now := track.Load(); n%25 == 0 && now != is {
				is = now
				c.feed.Publish(&media.Description{Epoch: 1, Tracks: []*media.Track{is}, At: st.clock.Now()})
			}
			slice := make([]byte, 400)
			for i := range slice {
				slice[i] = byte(int(n)*31 + i*7)
			}
			slice[0] = 0x41
			if n%25 == 0 {
				slice[0] = 0x65
			}
			c.feed.Publish(&media.Unit{PTS: n * 3600, DTS: n * 3600, Arrival: st.clock.Now(), Payload: [][]byte{slice}, Key: n%25 == 0})
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return end
}

// Z29-1: a camera gives pictures that cannot be written. To whoever looks at what comes it is well; nothing of it is
// recorded, so the session locks, and the fault is over when something is recorded again.
func TestZ29_1_PicturesThatCannotBeRecordedLock(t *testing.T) {
	l := newLateSite(t)
	for i := range l.setup.rooms[0].cameras {
		l.setup.rooms[0].cameras[i].soundRequired = false
	}
	l.start()
	good := testcard.NewVideo(testcard.Options{Width: 320, Height: 192}).Track()
	bad := *good
	bad.PPS = make([]byte, 1<<16) // longer than any file takes
	front, halt := l.pictures(good)
	t.Cleanup(halt)
	first, err := l.open()
	require.NoError(t, err)
	l.shows(first.ID, table.Standby)
	front.Store(&bad)
	v := l.shows(first.ID, table.Locked)
	i := slices.IndexFunc(v.Faults, func(f session.FaultView) bool { return f.Code == string(table.CameraLost) && f.Locks })
	require.GreaterOrEqual(t, i, 0, "%+v", v.Faults)
	require.Equal(t, l.setup.rooms[0].cameras[0].id, v.Faults[i].Subject)
	do := func(c session.Command) error {
		_, err := l.st.manager.Do(t.Context(), technician, first.ID, c, "")
		return err
	}
	var no *session.Refusal
	require.ErrorAs(t, do(session.Command{Name: session.ActResume}), &no)

	front.Store(good)
	require.Eventually(t, func() bool { return do(session.Command{Name: session.ActResume}) == nil }, time.Minute, 20*time.Millisecond)
	v = l.shows(first.ID, table.Resuming)
	require.Len(t, v.Session.Breaks, 1)
	b := v.Session.Breaks[0]
	require.GreaterOrEqual(t, b.FirstGood, b.LastGood.Add(time.Second), "what is missing is declared")
	require.NotContains(t, openFaults(v), string(table.CameraLost))
}
