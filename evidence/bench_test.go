package evidence_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

// BenchmarkCameras records 32 cameras of 1080p25 at 4 Mbit/s with sound in real time, 10 s for each
// turn, from memory to a real folder, and prints the processor time per stream-minute. The payload is
// random: nothing looks at it.
func BenchmarkCameras(b *testing.B) {
	const cameras, seconds = 32, 10
	pictures := testcard.NewVideo(testcard.Options{Width: 320, Height: 176}).Track()
	sound := testcard.NewSpeech(testcard.SoundOptions{}).Track()
	tracks := []*media.Track{pictures, sound}
	piece := sound.ClockRate / 50 // 20 ms, two for each picture
	noise := make([]byte, 1<<20)
	_, err := rand.Read(noise)
	require.NoError(b, err)
	dir := b.TempDir()
	if d := os.Getenv("ROOMREC_BENCH_DIR"); d != "" {
		dir, err = os.MkdirTemp(d, "bench")
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, os.RemoveAll(dir)) })
	}
	debug.SetGCPercent(50)
	for b.Loop() {
		var mu sync.Mutex
		var delays []time.Duration
		sub := fmt.Sprintf("%s/%d", dir, time.Now().UnixNano())
		require.NoError(b, os.MkdirAll(sub, 0o750))
		h := onHost(b, []string{sub}, func(c *evidence.Config) {
			c.Ack = func(a evidence.Ack) {
				mu.Lock()
				delays = append(delays, a.Acknowledged.Sub(a.Last))
				mu.Unlock()
			}
		})
		var feeds []*media.Feed
		now := clock.NewSystem()
		for i := range cameras {
			f := media.NewFeed()
			f.Publish(&media.Description{Epoch: 1, Tracks: tracks, At: now.Now()})
			require.NoError(b, h.Record(evidence.Camera{Room: "r", ID: fmt.Sprintf("c%d", i), Feed: f}))
			feeds = append(feeds, f)
		}
		var before, after syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
		tick := time.NewTicker(40 * time.Millisecond)
		for n := range int64(seconds * 25) {
			at := (<-tick.C)
			_ = at
			for i, f := range feeds {
				size := 18_000
				key := (n+int64(i))%50 == 0
				if key {
					size = 80_000
				}
				// A source has memory of its own for every unit.
				p := make([]byte, size)
				copy(p, noise[(n*7919+int64(i)*104729)%(1<<19):])
				p[0] = 0x41
				if key {
					p[0] = 0x65
				}
				f.Publish(&media.Unit{Track: 0, Arrival: now.Now(), PTS: n * 3600, DTS: n * 3600, Payload: [][]byte{p}, Key: key})
				for k := range int64(2) {
					s := make([]byte, 200)
					copy(s, noise[n:])
					f.Publish(&media.Unit{Track: 1, Arrival: now.Now(), PTS: (2*n + k) * piece, DTS: (2*n + k) * piece, Payload: [][]byte{s}})
				}
			}
		}
		tick.Stop()
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
		require.NoError(b, h.StopRecording(b.Context()))
		require.NoError(b, h.Close(b.Context()))
		h.finish()
		for _, e := range h.events {
			if g, ok := e.(evidence.GapDeclared); ok {
				b.Fatalf("%#v", g)
			}
		}
		used := func(r syscall.Rusage) float64 {
			return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
		}
		b.ReportMetric((used(after)-used(before))/cameras/seconds*60, "cpu-s/stream-min")
		worst := time.Duration(0)
		for _, d := range delays {
			worst = max(worst, d)
		}
		b.ReportMetric(float64(worst.Milliseconds()), "worst-ack-ms")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys)/(1<<20), "sys-MiB")
	}
}
