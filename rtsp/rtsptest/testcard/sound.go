package testcard

import (
	_ "embed"
	"math"
	"math/bits"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// The sound of the frontal camera, made by make-sound.sh: ADTS, 48 kHz, mono.
var (
	//go:embed speech.aac
	speechADTS []byte
	//go:embed quiet.aac
	quietADTS []byte
)

// SoundOptions says when the sound is heard.
type SoundOptions struct {
	// Clock is read at the first frame. Nil makes a clip that begins at Start.
	Clock clock.Source
	Start clock.Wall
}

// SoundFault is what is wrong with a microphone.
type SoundFault int

// The faults of sound.
const (
	Audible SoundFault = iota
	Quiet              // an empty room: noise, but neither speech nor pips
	Dead               // the same payload again and again: a cut cable
)

// Sound is what a simulated microphone hears. Next may be called by one goroutine at a time; Set and
// Track at any time.
//
// A pip of 1 kHz, 50 ms long, begins on each second of the clock: exactly in G.711, within half a
// frame (11 ms) in AAC, as seen from the beginning of the frame that was due then. A clock that steps
// is not followed: sound has no gaps.
type Sound struct {
	o     SoundOptions
	track *media.Track
	size  int64 // samples per frame
	fill  func(s *Sound, f SoundFault) []byte

	mu    sync.Mutex
	fault SoundFault

	frame int64      // the next one
	begin clock.Wall // when frame 0 was due
	noise uint32
}

// aacConfig is the AudioSpecificConfig of AAC-LC, 48 kHz, mono (ISO/IEC 14496-3, 1.6.2.1).
var aacConfig = []byte{0x11, 0x88}

// NewSpeech returns the frontal camera's sound: speech-like, AAC-LC, 48 kHz, mono. It repeats every
// eight seconds without a seam.
func NewSpeech(o SoundOptions) *Sound {
	return &Sound{
		o: o, size: 1024, fill: (*Sound).speech,
		track: &media.Track{
			Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 1, Config: aacConfig,
		},
	}
}

// NewRoomTone returns the room camera's sound: noise and pips, G.711 A-law, 8 kHz, mono, in frames of
// 20 ms. It never repeats.
func NewRoomTone(o SoundOptions) *Sound {
	return &Sound{
		o: o, size: 160, fill: (*Sound).tone, noise: 1,
		track: &media.Track{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1},
	}
}

// Track describes the sound.
func (s *Sound) Track() *media.Track { return s.track }

// Set makes the frames from the next on show the fault f; [Audible] ends it.
func (s *Sound) Set(f SoundFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Next returns the next frame. There is always one.
func (s *Sound) Next() (payload [][]byte, pts, dts int64, ok bool) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if s.frame == 0 {
		s.begin = s.o.Start
		if s.o.Clock != nil {
			s.begin = s.o.Clock.Now().Wall
		}
	}
	b := s.fill(s, fault)
	pts = s.frame * s.size
	s.frame++
	return [][]byte{b}, pts, pts, true
}

var (
	speechFrames = sync.OnceValue(func() [][]byte { return adtsFrames(speechADTS) })
	quietFrames  = sync.OnceValue(func() [][]byte { return adtsFrames(quietADTS) })
)

// deadAAC is a frame of one channel without any spectrum (ISO/IEC 14496-3, 4.4.2).
var deadAAC = []byte{0, 0, 0, 7}

func (s *Sound) speech(f SoundFault) []byte {
	switch f {
	case Dead:
		return deadAAC
	case Quiet:
		return loop(quietFrames(), s.frame)
	case Audible:
	}
	frames := speechFrames()
	// The loop's frame that begins nearest to where the clock was at the start.
	const round = 8 * int64(time.Second)
	at := (int64(s.begin)%round + round) % round
	first := (at*int64(len(frames)) + round/2) / round
	return loop(frames, first+s.frame)
}

func loop(frames [][]byte, i int64) []byte { return frames[i%int64(len(frames))] }

// adtsFrames cuts a file of our own into its raw frames (ISO/IEC 13818-7, 6.2; no CRC).
func adtsFrames(b []byte) [][]byte {
	var out [][]byte
	for len(b) >= 7 {
		n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		out = append(out, b[7:n])
		b = b[n:]
	}
	return out
}

func (s *Sound) tone(f SoundFault) []byte {
	b := make([]byte, s.size)
	if f == Dead {
		for i := range b {
			b[i] = aLaw(0)
		}
		return b
	}
	sample := clock.Ticks{Scale: s.track.ClockRate}
	for i := range b {
		sample.N = s.frame*s.size + int64(i)
		s.noise = s.noise*1664525 + 1013904223
		v := float64(s.noise>>16)/65536*120 - 60 // some -54 dB
		if f == Audible {
			v += pip(s.begin.Add(sample.Duration()))
		}
		b[i] = aLaw(int(v))
	}
	return b
}

// pip is the sample, of 16 bits, of the pips at w.
func pip(w clock.Wall) float64 {
	const length = 0.05
	t := float64((int64(w)%1e9+1e9)%1e9) / 1e9
	if t >= length {
		return 0
	}
	return 8000 * math.Sin(2*math.Pi*1000*t) * min(1, min(t, length-t)*400)
}

// aLaw codes a sample of 16 bits (ITU-T G.711).
func aLaw(v int) byte {
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v-1
	}
	v >>= 3 // twelve bits of magnitude
	exp := max(0, bits.Len(uint(v))-5)
	mantissa := v >> max(1, exp)
	return (sign | byte(exp<<4) | byte(mantissa&15)) ^ 0x55
}
