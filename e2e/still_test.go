package e2e

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/panel"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/session"
)

// checkStills waits for the stills of the clock in the room that are kept after a session's seal, and holds
// each to the time that the camera itself wrote into the picture. It returns the record that shows them.
func (s *site) checkStills(id string, cameras int) (rec panel.Record) {
	s.t.Helper()
	s.until("stills of the clock in the room", "room-1", copyPatience, func(session.RoomView) bool {
		rec = s.record(id)
		return len(rec.Stills) == cameras
	})
	for _, still := range rec.Stills {
		b := s.text("/api/v1/sessions/" + id + "/stills/" + still.SHA256 + ".jpg")
		img, err := jpeg.Decode(strings.NewReader(b))
		require.NoError(s.t, err)
		shows, _, ok := testcard.Find(testcard.Luma(img))
		require.True(s.t, ok, "the still is not a picture of the camera")
		at := still.At.Time()
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		// The camera writes when it took the picture; At is when it was here, and may be off as it says.
		off := at.Sub(day.Add(time.Duration(shows.Millis) * time.Millisecond))
		require.LessOrEqual(s.t, off.Abs(), min(still.Uncertainty, 30*time.Second), "%s/%s", still.Room, still.Camera)
		require.Equal(s.t, map[string]uint8{"front": 1, "room": 3}[still.Camera], shows.Card)
	}
	s.call("GET", "/api/v1/sessions/"+id+"/stills/"+strings.Repeat("0", 64)+".jpg", http.StatusNotFound, nil, nil)
	s.call("GET", "/api/v1/sessions/"+id+"/stills/x.jpg", http.StatusNotFound, nil, nil)
	return rec
}

// stillLines returns what the lines after a seal keep as stills, by camera.
func stillLines(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, raw := range bytes.Split(bytes.TrimSpace(must(os.ReadFile(filepath.Join(folder, "after/journal.jsonl")))), []byte("\n")) {
		var l struct {
			Type string
			Data struct {
				Shows, Camera string
				JPEG          []byte
			}
		}
		require.NoError(t, json.Unmarshal(raw, &l))
		if l.Type == "still.kept" {
			require.Equal(t, "wall-clock", l.Data.Shows)
			require.NotContains(t, out, l.Data.Camera, "kept twice")
			out[l.Data.Camera] = l.Data.JPEG
		}
	}
	return out
}
