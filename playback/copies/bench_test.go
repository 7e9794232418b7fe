package copies

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/rtsp/rtsptest/testcard"
)

// BenchmarkCopy measures how fast copies of 1080p25 are made, one operation being one picture, as a
// multiple of real time.
func BenchmarkCopy(b *testing.B) {
	for _, layout := range []string{"one", "inset"} {
		b.Run(layout, func(b *testing.B) {
			length := time.Duration(max(b.N, 25)) * time.Second / 25
			source := func(id string, scene testcard.Scene) Camera {
				return camera(b, testcard.Options{Width: 1920, Height: 1080, Zone: shanghai, Scene: scene}, id, false,
					take{length: length, fps: 25, sound: true})
			}
			main := source("suspect", testcard.Front)
			var inset *Camera
			if layout == "inset" {
				room := source("overview", testcard.Room)
				inset = &room
			}
			req := request(b, main, inset)
			b.ResetTimer()
			begin := time.Now()
			c, err := Make(b.Context(), req, clock.NewSystem(), nil)
			require.NoError(b, err)
			b.StopTimer()
			info, err := os.Stat(filepath.Join(req.Dir, c.File))
			require.NoError(b, err)
			b.ReportMetric(length.Seconds()/time.Since(begin).Seconds(), "x-real-time")
			b.ReportMetric(float64(info.Size())*8/length.Seconds()/1e6, "Mbit/s")
		})
	}
}
