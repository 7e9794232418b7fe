package session

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// ids returns the rooms as they are shown, with their cameras.
func ids(m *Manager) map[string][]string {
	out := make(map[string][]string)
	for _, r := range m.Rooms() {
		out[r.ID] = nil
		for _, c := range r.Cameras {
			out[r.ID] = append(out[r.ID], c.ID)
		}
	}
	return out
}

// Settings of a room change only while no session is there; what runs elsewhere is not touched.
func TestARoomWithASessionKeepsItsSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		require.False(t, s.m.Hold("room3"), "a session runs there")
		require.False(t, s.m.Hold("nowhere"))
		changed := testRooms()
		changed[0].Cameras = changed[0].Cameras[:2]
		require.ErrorIs(t, s.m.Arrange(changed), ErrRoomBusy)
		require.ErrorIs(t, s.m.Arrange(changed[1:]), ErrRoomBusy, "left out")
		require.ErrorIs(t, s.m.Arrange([]RoomConfig{testRooms()[0]}), ErrRoomBusy, "nobody holds the van")
		require.Equal(t, map[string][]string{"room3": {"front", "overview", "side"}, "van": {"front"}}, ids(s.m), "nothing was taken of what was refused")

		// The other room, and one that is new.
		s.line("fault camera.frozen front room=van")
		s.line("fault storage.low room=van")
		require.True(t, s.m.Hold("van"))
		require.False(t, s.m.Hold("van"), "by one at a time")
		v, _ := s.m.Room("van")
		require.False(t, v.Fit)
		require.Contains(t, v.Unfit, sentences["changing"])
		form := goodForm()
		form.Ground = "special"
		_, err := s.m.Open(context.Background(), officer, "van", form, "other")
		var no *Refusal
		require.ErrorAs(t, err, &no)
		require.Equal(t, "unfit", no.Code)
		next := testRooms()
		next[1].Cameras = []CameraConfig{{ID: "dome", Name: Text{En: "Dome", Zh: "半球"}, Required: true}}
		more := RoomConfig{ID: "room4", Kind: next[0].Kind, Cameras: next[1].Cameras}
		watched, stop := s.m.Watch("van")
		defer stop()
		require.NoError(t, s.m.Arrange([]RoomConfig{more, next[1], next[0]}))
		require.Equal(t, "room4", s.m.Rooms()[0].ID, "in the order of the settings")
		require.Equal(t, map[string][]string{"room3": {"front", "overview", "side"}, "van": {"dome"}, "room4": {"dome"}}, ids(s.m))
		<-watched
		v, _ = s.m.Room("van")
		require.NotContains(t, v.Unfit, sentences["changing"])
		codes := []string{}
		for _, f := range v.Faults {
			codes = append(codes, f.Code)
		}
		require.Equal(t, []string{string(table.StorageLow)}, codes, "what its old camera had is over, what is not a camera's goes on")
		s.m.SetCamera("van", "dome", CameraStatus{Connected: true})
		s.m.SetCamera("room4", "dome", CameraStatus{Connected: true})
		s.line("clear storage.low room=van")
		v, _ = s.m.Room("van")
		require.True(t, v.Fit)
		<-watched // whoever looked on at the room before looks on

		// Once the session is sealed its room can be changed; the page still shows the session.
		s.line("do start")
		s.line("run 10s")
		require.Equal(t, table.Questioning, s.state)
		s.line("do end ending=signed")
		s.line("run 2m")
		require.Equal(t, table.Sealed, s.state)
		require.True(t, s.m.Hold("room3"))
		s.m.Release("room3")
		require.True(t, s.m.Hold("room3"))
		require.NoError(t, s.m.Arrange([]RoomConfig{changed[0], next[1], more}))
		r, _ := s.m.Room("room3")
		require.Len(t, r.Cameras, 2)
		require.Equal(t, s.session, r.Session.ID)
		require.Equal(t, table.Sealed, r.Session.State)
		// Rooms that are left out are gone, with a session that was sealed there.
		require.True(t, s.m.Hold("room3"))
		require.True(t, s.m.Hold("room4"))
		require.NoError(t, s.m.Arrange([]RoomConfig{next[1]}))
		require.Equal(t, map[string][]string{"van": {"dome"}}, ids(s.m))
		_, err = s.m.Open(context.Background(), officer, "room3", goodForm(), "gone")
		require.ErrorIs(t, err, ErrNotFound)
		synctest.Wait()
		require.Error(t, s.m.Arrange([]RoomConfig{{ID: "x"}}), "a room without a required camera")
		require.Error(t, s.m.Arrange([]RoomConfig{next[1], next[1]}), "twice")
		s.finish()
	})
}

// A session that was found after a restart waits for a room that is being changed.
func TestASessionDoesNotComeBackIntoAHeldRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := recording(t)
		s.line("crash")
		s.start()
		require.True(t, s.m.Hold("room3"))
		again := func() error {
			_, err := s.m.Recover(context.Background(), Found{Folder: "2000/01/01/" + s.session, Lines: s.rec.lines, LastSafe: lastLine(s.rec.lines)})
			return err
		}
		require.Error(t, again())
		s.m.Release("room3")
		require.NoError(t, again())
		time.Sleep(time.Second)
		require.False(t, s.m.Hold("room3"))
		s.finish()
	})
}

// A room that comes later knows what is wrong with the whole site: nobody reports it again.
func TestANewRoomKnowsTheSitesFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		at := s.clock.Now()
		s.m.Report("", FaultEvent{Code: table.StorageDegraded, Subject: "b", Raised: true, Alarm: true, At: at})
		s.m.Report("", FaultEvent{Code: table.ClockUntrusted, Subject: "offset", Raised: true, Alarm: true, At: at})
		s.m.Report("", FaultEvent{Code: table.StorageLost, Raised: true, At: at})
		s.line("fault camera.lost front") // of one room alone
		more := RoomConfig{ID: "room4", Kind: testRooms()[0].Kind, Cameras: testRooms()[0].Cameras}
		require.NoError(t, s.m.Arrange(append(testRooms(), more)))
		want := make(map[string]bool)
		for _, f := range showing(s, "room3").Faults {
			if f.Code != string(table.CameraLost) {
				want[f.Code] = f.Locks
			}
		}
		got := make(map[string]bool)
		for _, f := range showing(s, "room4").Faults {
			got[f.Code] = f.Locks
		}
		require.Equal(t, map[string]bool{"storage.degraded": false, "clock.untrusted": false, "storage.lost": true}, got)
		require.Equal(t, want, got)
		require.False(t, showing(s, "room4").Fit)
		s.m.Report("", FaultEvent{Code: table.StorageLost, At: s.clock.Now()})
		require.NotContains(t, faultCodes(showing(s, "room4")), "storage.lost", "and it ends for all of them")
		s.finish()
	})
}
