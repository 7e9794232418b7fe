package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/evidence/seal"
	"roomrec/media"
	"roomrec/panel"
	"roomrec/playback/copies"
	"roomrec/session"
	"roomrec/session/table"
)

// A session that moved: the pictures of a camera in the room that was left bear that room's name, whatever the session's
// last room is, and the copy knows from when to when any camera recorded.
func TestCopyNamesTheCamerasOwnRoom(t *testing.T) {
	const id, name = "20261122-140507-7f2k", "room3/suspect/run-0001/0001.mp4"
	data, _, _ := fragmenttest.New(t, media.H264, media.CodecNone, 1, false).Write(t)
	root, at := t.TempDir(), "2026/11/22/"+id
	file := filepath.Join(root, at, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, data, 0o600))
	held, err := heldTogether([]holder{{files: os.DirFS(root), dir: root}}, at)
	require.NoError(t, err)
	f := &folder{
		id: id, path: at, files: held, joint: held,
		record: session.Record{Table: table.Session{Room: "room4", Rooms: []string{"room3", "room4"}}},
		sealed: &seal.Statement{Runs: []seal.Run{
			{Room: "room3", First: clock.Instant{Wall: 20}, Last: clock.Instant{Wall: 30}},
			{Room: "room3", First: clock.Instant{Wall: 10}, Last: clock.Instant{Wall: 40}},
			{Room: "room4", First: clock.Instant{Wall: 50}, Last: clock.Instant{Wall: 60}},
		}},
	}
	n := namesIn(&config.Config{Rooms: []config.Room{{ID: "room3", Name: config.Name{En: "Three", Zh: "三"}}, {ID: "room4", Name: config.Name{En: "Four"}}}})
	order := copyOrder{Camera: "suspect", By: "a", Reason: "b"}
	req, err := order.named(n).request(f, root)
	require.NoError(t, err)
	require.Equal(t, "Three 三", req.Session.Room)
	require.Equal(t, []clock.Wall{10, 60}, []clock.Wall{req.Session.From, req.Session.To})
	req, err = order.request(f, root)
	require.NoError(t, err)
	require.Equal(t, "room3", req.Session.Room, "which no settings name")
	order.Room = "3a"
	req, err = order.named(n).request(f, root)
	require.NoError(t, err)
	require.Equal(t, "3a", req.Session.Room, "as whoever has it made calls it")
}

// The temperature of one room never stands in another one's pictures.
func TestReadingsAreOfTheCamerasRoom(t *testing.T) {
	f := &folder{record: session.Record{Table: table.Session{Room: "room4", Rooms: []string{"room3", "room4"}}}, lines: []session.JournalLine{
		{Type: session.TypeSensor, At: clock.Instant{Wall: 1}, Data: []byte(`{"temperature_c":20}`)},
		{Type: session.TypeMoveRoom, At: clock.Instant{Wall: 2}, Data: []byte(`{"event":{"name":"move-room","room":"room4"}}`)},
		{Type: session.TypeSensor, At: clock.Instant{Wall: 3}, Data: []byte(`{"temperature_c":30}`)},
	}}
	require.Equal(t, []copies.Reading{{At: 1, Text: "20.0 °C"}, {At: 2}}, readingsOf(f, "room3"))
	require.Equal(t, []copies.Reading{{At: 3, Text: "30.0 °C"}}, readingsOf(f, "room4"))
	require.Equal(t, []copies.Reading{{At: 1, Text: "20.0 °C"}, {At: 2}, {At: 3, Text: "30.0 °C"}}, readingsOf(f, ""))
}

// In which rooms a session was is told from its journal, also where it came back to the first.
func TestRoomsInWhichASessionWas(t *testing.T) {
	require.Empty(t, staysOf(&folder{}))
	f := &folder{record: session.Record{Table: table.Session{Room: "room3", Opened: 1, Rooms: []string{"room3", "room4"}}}, lines: []session.JournalLine{
		{Type: session.TypeMoveRoom, At: clock.Instant{Wall: 3}, Data: []byte(`{"event":{"name":"move-room","room":"room4","at":"` + clock.Wall(2).String() + `"}}`)},
		{Type: session.TypeMoveRoom, At: clock.Instant{Wall: 5}, Data: []byte(`{"event":{"name":"move-room","room":"room3","at":"` + clock.Wall(4).String() + `"}}`)},
	}}
	require.Equal(t, []panel.StayView{{Room: "room3", From: 1}, {Room: "room4", From: 2}, {Room: "room3", From: 4}}, staysOf(f))
}
