package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/config"
	"roomrec/playback/copies"
	"roomrec/session"
	"roomrec/session/table"
)

// What a copy's pictures say is in both languages: the room, and what failed, by the names that people know
// them by, not by their ids.
func TestNamesInCopies(t *testing.T) {
	cfg := &config.Config{Rooms: []config.Room{
		{ID: "room3", Name: config.Name{En: "Room 3", Zh: "第三讯问室"}, Cameras: []config.Camera{
			{ID: "front", Name: config.Name{En: "Front", Zh: "正面摄像机"}},
			{ID: "room", Name: config.Name{En: "Overview", Zh: "全景摄像机"}},
			{ID: "desk", Name: config.Name{En: "desk", Zh: "desk"}},
		}},
		{ID: "room4", Name: config.Name{En: "4", Zh: "4"}, Cameras: []config.Camera{{ID: "front", Name: config.Name{En: "Suspect", Zh: "嫌疑人摄像机"}}}},
	}}
	known := namesIn(cfg)
	known.disks = map[string]string{"0f3a": "disk-b"}
	breaks := []table.Break{
		{LastGood: 1, FirstGood: 2, Cause: table.Fault{Code: table.CameraLost, Room: "room3", Subject: "front"}},
		{LastGood: 3, FirstGood: 4, Cause: table.Fault{Code: table.CameraFrozen, Room: "room4", Subject: "front"}},
		{LastGood: 5, Cause: table.Fault{Code: table.ControllerRestarted, Room: "room3"}},
		{LastGood: 6, Cause: table.Fault{Code: table.AudioLost, Room: "room3", Subject: "door"}},
		{LastGood: 7, Cause: table.Fault{Code: table.StorageMismatch, Subject: "0f3a"}},
		{LastGood: 8, Cause: table.Fault{Code: table.CameraDark, Room: "room3", Subject: "desk"}},
		{LastGood: 9, Cause: table.Fault{Code: "next.year", Subject: "x"}},
	}
	f := folder{id: "20261122-140307-7f2k", record: session.Record{Table: table.Session{Room: "room3", Breaks: breaks}}}
	restarted, ok := session.FaultOf(table.ControllerRestarted)
	require.True(t, ok)
	require.Equal(t, "Room 3 第三讯问室", known.room("room3"))
	require.Equal(t, []copies.Break{
		{From: 1, To: 2, Cause: copies.Words{En: "Front: no picture", Zh: "正面摄像机：无画面"}},
		{From: 3, To: 4, Cause: copies.Words{En: "Suspect: picture stands still", Zh: "嫌疑人摄像机：画面静止"}},
		{From: 5, Cause: copies.Words(restarted.Title)},
		{From: 6, Cause: copies.Words{En: "Camera door: no sound", Zh: "摄像机“door”：无声音信号"}},
		{From: 7, Cause: copies.Words{En: "disk-b: disk returns something else", Zh: "disk-b：读回内容不符"}},
		{From: 8, Cause: copies.Words{En: "Camera desk: black or covered", Zh: "摄像机“desk”：黑屏或者被遮挡"}}, // what settings without a name give
		{From: 9, Cause: copies.Words{En: "next.year", Zh: "next.year"}},
	}, breaksOf(&f, known, cameraOf{}))
	require.Equal(t, []copies.Break{
		{From: 1, To: 2, Cause: copies.Words{En: "Front: no picture", Zh: "正面摄像机：无画面"}},
		{From: 5, Cause: copies.Words(restarted.Title)},
		{From: 7, Cause: copies.Words{En: "disk-b: disk returns something else", Zh: "disk-b：读回内容不符"}},
		{From: 9, Cause: copies.Words{En: "next.year", Zh: "next.year"}},
	}, breaksOf(&f, known, cameraOf{"room3", "front"}), "not what failed of other cameras")
	require.Equal(t, "4", known.room("room4"), "once, where it is the same in both")

	// Where nothing is known, a card still says what it is that failed.
	require.Equal(t, copies.Words{En: "Camera front: no picture", Zh: "摄像机“front”：无画面"}, breaksOf(&f, names{}, cameraOf{})[0].Cause)
	require.Equal(t, "room3", names{}.room("room3"))
}
