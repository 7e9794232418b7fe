// Package testcard draws and codes the pictures and sounds of simulated cameras: two calm scenes
// with a strip of black and white blocks in each picture that says which frame it is and when it was
// taken, and sound with a pip on every second. It promises that every picture decodes to exactly what
// was drawn, so that a recording can be compared with its source, that no two pictures in a row are
// equal unless asked, and that it needs no program beside itself. [Strip.Read] and [Find] read the
// strip back from decoded pictures, live view and screenshots.
package testcard

import (
	"image"
	"io"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// VideoRate is the number of ticks per second of a video's times.
const VideoRate = 90000

// Options says what a simulated camera sends. Zero values mean the defaults.
type Options struct {
	Scene Scene
	Name  string // shown in the picture; default the scene's
	Card  uint8  // 0 to 31: which camera, as the strip says

	// Width and Height default to 640x360. They are made even; below 128x176 the strip is cut off.
	Width, Height int
	FPS           int // pictures per second, default 25
	KeyEvery      int // pictures from one key picture to the next, default 2 s
	Slices        int // per picture, default 1

	// Clock is read when a picture is taken. Nil makes a clip: picture n is taken n/FPS after Start,
	// so that equal options give equal bytes.
	Clock clock.Source
	Start clock.Wall
	Zone  clock.Zone // of the time that the picture shows to people

	// OutOfBand leaves parameter sets out of the stream, so that they are only in Track.
	OutOfBand bool
}

// Fault is what is wrong with a camera's picture.
type Fault int

// The faults.
const (
	Healthy Fault = iota
	Frozen        // the same picture again and again, key pictures with the same slice data
	Black         // no light; one macroblock differs by one from picture to picture
	Covered       // as if by a hand: dark, nearly even, with some noise
)

// Video is the picture of a simulated camera, coded in H.264. Next may be called by one goroutine at
// a time; all other methods at any time.
type Video struct {
	o Options

	mu     sync.Mutex
	fault  Fault
	width  int // wanted
	height int
	track  *media.Track
	last   Reading
	shown  *picture
	dealt  bool // a picture was drawn at this size
	forced bool // the next picture must be a key picture

	stage *stage
	enc   *encoder
	frame uint64
	since int // pictures since the last key picture
}

// NewVideo returns a camera that begins with frame 0.
func NewVideo(o Options) *Video {
	if o.Name == "" {
		o.Name = [...]string{"Front", "Room"}[o.Scene]
	}
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = 640, 360
	}
	if o.FPS == 0 {
		o.FPS = 25
	}
	if o.KeyEvery == 0 {
		o.KeyEvery = 2 * o.FPS
	}
	v := &Video{o: o, width: even(o.Width), height: even(o.Height)}
	v.rebuild()
	return v
}

// even is what can be cropped from macroblocks with two luma samples per chroma sample.
func even(n int) int { return max(2, n&^1) }

// rebuild begins anew at the wanted size. The next picture is a key picture.
func (v *Video) rebuild() {
	v.stage = newStage(v.o, v.width, v.height)
	v.shown = newPicture(v.width, v.height)
	v.enc = newEncoder(v.shown.stride/16, v.shown.rows/16, v.o.Slices)
	v.track = &media.Track{
		Codec: media.H264, ClockRate: VideoRate,
		SPS: sps(v.width, v.height, v.o.FPS), PPS: pps(),
		Width: v.width, Height: v.height,
	}
	v.dealt, v.forced = false, true
}

// Track describes the stream as it was with the last picture.
func (v *Video) Track() *media.Track {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.track
}

// Set makes the pictures from the next on show the fault f; [Healthy] ends it. Frames go on being
// counted.
func (v *Video) Set(f Fault) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = f
}

// Resize changes the resolution, as in [Options], with new parameter sets and a key picture, from the next picture on.
func (v *Video) Resize(width, height int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.width, v.height = even(width), even(height)
}

// Key makes the next picture a key picture.
func (v *Video) Key() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forced = true
}

// Next takes, draws and codes the next picture. Its times are those of a camera that keeps its rate
// exactly; they are equal because pictures are not reordered. There is always a next picture.
func (v *Video) Next() (payload [][]byte, pts, dts int64, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.width != v.track.Width || v.height != v.track.Height {
		v.rebuild()
	}
	v.draw(v.now())
	key := v.forced || v.since >= v.o.KeyEvery
	if key {
		v.since, v.forced = 0, false
		if !v.o.OutOfBand {
			payload = append(payload, v.track.SPS, v.track.PPS)
		}
	}
	payload = append(payload, v.enc.encode(v.shown.pix, key)...)
	pts = int64(v.frame) * VideoRate / int64(v.o.FPS)
	v.frame++
	v.since++
	return payload, pts, pts, true
}

func (v *Video) now() clock.Wall {
	if v.o.Clock != nil {
		return v.o.Clock.Now().Wall
	}
	return v.o.Start.Add(clock.Ticks{N: int64(v.frame), Scale: int64(v.o.FPS)}.Duration())
}

func (v *Video) draw(w clock.Wall) {
	p := v.shown
	fault := v.fault
	if fault == Frozen && !v.dealt {
		fault = Healthy // there must be something to freeze
	}
	switch fault {
	case Frozen:
		return
	case Black:
		p.box(0, 0, p.stride, p.rows, 16)
		p.box(0, 0, 16, 16, 16+byte(v.frame%2))
	case Covered:
		p.box(0, 0, p.stride, p.rows, 22)
		noise := uint32(v.frame)*2654435761 + 12345
		for y := 0; y < p.rows; y += 16 {
			for x := 0; x < p.stride; x += 16 {
				noise = noise*1664525 + 1013904223
				p.box(x, y, x+16, y+16, 21+byte(noise>>24)%3)
			}
		}
	default:
		v.last = Reading{Frame: uint32(v.frame), Millis: millisOfDay(w), Card: v.o.Card & 31}
		v.stage.draw(p, w)
		p.runner(v.last.Frame)
		p.paintStrip(v.last)
	}
	v.dealt = true
}

func millisOfDay(w clock.Wall) int {
	const day = int64(24 * time.Hour)
	return int((int64(w)%day + day) % day / int64(time.Millisecond))
}

// Picture returns a copy of the luma of the last picture, as a decoder must show it.
func (v *Video) Picture() *image.Gray {
	v.mu.Lock()
	defer v.mu.Unlock()
	img := image.NewGray(image.Rect(0, 0, v.shown.width, v.shown.height))
	for y := range v.shown.height {
		copy(img.Pix[y*img.Stride:][:img.Stride], v.shown.pix[y*v.shown.stride:])
	}
	return img
}

// Reading returns what the strip of the last picture that had one says.
func (v *Video) Reading() Reading {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

// AnnexB writes the next n pictures to w as a byte stream (H.264, annex B), the form of .h264 files.
func (v *Video) AnnexB(w io.Writer, n int) error {
	for range n {
		payload, _, _, _ := v.Next()
		for _, unit := range payload {
			if _, err := w.Write([]byte{0, 0, 0, 1}); err != nil {
				return err
			}
			if _, err := w.Write(unit); err != nil {
				return err
			}
		}
	}
	return nil
}
