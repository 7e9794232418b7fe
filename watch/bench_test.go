package watch

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// BenchmarkSecond measures what one second of one camera (1080p25 at 4 Mbit/s, a key picture every two
// seconds) costs all detectors but the decoder's, and says what that makes for 32 cameras: it must stay
// below one per cent of a core. Processor time is what counts, not how busy the machine is.
func BenchmarkSecond(b *testing.B) {
	for _, c := range []struct {
		name  string
		track *media.Track
		unit  int // bytes
		every time.Duration
	}{
		{"G.711", &media.Track{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1}, 160, 20 * time.Millisecond},
		{"AAC", &media.Track{Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 1}, 340, 1024 * time.Second / 48000},
		{"LPCM 48 kHz stereo", &media.Track{Codec: media.LPCM, ClockRate: 48000, SampleRate: 48000, Channels: 2, BitDepth: 16}, 1920, 10 * time.Millisecond},
	} {
		b.Run(c.name, func(b *testing.B) {
			chance := rand.New(rand.NewPCG(1, 2))
			random := func(n int) []byte {
				p := make([]byte, n)
				for i := range p {
					p[i] = byte(chance.Uint32())
				}
				return p
			}
			var pictures, sounds [][]byte
			for range 8 {
				pictures, sounds = append(pictures, random(20000)), append(sounds, random(c.unit))
				pictures[len(pictures)-1][0] = 0x65
			}
			now := clock.Stamp{Mono: clock.Mono(time.Hour)}
			w := New(Config{Sound: true}, clock.NewSystem(), nil, func(Finding) {})
			w.look([]media.Item{&media.Description{Epoch: 1, Tracks: []*media.Track{{Codec: media.H264, ClockRate: 90000}, c.track}}}, now)
			var items []media.Item
			picture, sound, shown, heard := 0, 0, time.Duration(0), time.Duration(0)
			began := cpu(b)
			b.ReportAllocs()
			for b.Loop() {
				for range 10 {
					items = items[:0]
					for ; shown < 100*time.Millisecond; shown += 40 * time.Millisecond {
						at := now.Add(shown)
						items = append(items, &media.Unit{
							Arrival: at, PTS: int64(picture) * 3600, DTS: int64(picture) * 3600, Key: picture%50 == 0, Payload: pictures[picture%8 : picture%8+1],
						})
						picture++
					}
					shown -= 100 * time.Millisecond
					for heard < 100*time.Millisecond {
						pts := clock.TicksOf(time.Duration(sound)*c.every, c.track.ClockRate).N
						items = append(items, &media.Unit{Track: 1, Arrival: now.Add(heard), PTS: pts, DTS: pts, Payload: sounds[sound%8 : sound%8+1]})
						sound++
						heard += c.every
					}
					heard -= 100 * time.Millisecond
					now = now.Add(100 * time.Millisecond)
					w.look(items, now)
				}
			}
			b.ReportMetric((cpu(b)-began).Seconds()/float64(b.N)*32*100, "%core/32cameras")
		})
	}
}

// cpu returns the processor time of the process up to now.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
