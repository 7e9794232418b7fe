package testcard

import (
	"bytes"
	"fmt"
	"image"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
)

func start(t *testing.T) clock.Wall {
	t.Helper()
	w, err := clock.ParseWall("2026-11-22T06:03:07.120Z")
	require.NoError(t, err)
	return w
}

// decode returns the luma planes that ffmpeg makes of a byte stream, without a word of complaint.
func decode(t *testing.T, stream []byte, width, height int) []*image.Gray {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-v", "warning", "-xerror", "-threads", "1", "-f", "h264", "-i", "pipe:0",
		"-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1")
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stream), &out, &complaints
	require.NoError(t, cmd.Run(), complaints.String())
	require.Empty(t, complaints.String())
	size := width * height * 3 / 2
	require.Zero(t, out.Len()%size)
	var frames []*image.Gray
	for b := out.Bytes(); len(b) > 0; b = b[size:] {
		frames = append(frames, &image.Gray{Pix: b[:width*height], Stride: width, Rect: image.Rect(0, 0, width, height)})
	}
	return frames
}

// record returns n pictures as a byte stream and as they were drawn.
func record(t *testing.T, v *Video, n int) ([]byte, []*image.Gray) {
	t.Helper()
	var stream bytes.Buffer
	var drawn []*image.Gray
	for range n {
		require.NoError(t, v.AnnexB(&stream, 1))
		drawn = append(drawn, v.Picture())
	}
	return stream.Bytes(), drawn
}

func TestVideo_decodesExactly(t *testing.T) {
	for _, o := range []Options{
		{Scene: Front, Card: 1},
		{Scene: Room, Card: 2},
		{Scene: Room, Slices: 4, KeyEvery: 7},
		{Scene: Front, Width: 320, Height: 180, FPS: 10},
		{Scene: Front, Width: 1280, Height: 720, Slices: 4, KeyEvery: 5},
		{Scene: Room, Width: 1918, Height: 1078},
		{Scene: Room, Width: 704, Height: 576},
	} {
		t.Run(fmt.Sprintf("%d %dx%d %d", o.Scene, o.Width, o.Height, o.Slices), func(t *testing.T) {
			o.Start = start(t)
			v := NewVideo(o)
			stream, drawn := record(t, v, max(8, 60*640*360/(v.width*v.height)))
			frames := decode(t, stream, v.Track().Width, v.Track().Height)
			require.Len(t, frames, len(drawn))
			for i := range drawn {
				require.True(t, bytes.Equal(drawn[i].Pix, frames[i].Pix), "picture %d differs", i)
				r, ok := StripIn(v.Track().Width, v.Track().Height).Read(frames[i])
				require.True(t, ok, "strip of picture %d", i)
				require.Equal(t, uint32(i), r.Frame)
				require.Equal(t, o.Card, r.Card)
				want := v.o.Start.Add(clock.Ticks{N: int64(i), Scale: int64(v.o.FPS)}.Duration())
				require.Equal(t, millisOfDay(want), r.Millis)
			}
		})
	}
}

func TestVideo_faultsDecodeExactly(t *testing.T) {
	v := NewVideo(Options{Start: start(t), KeyEvery: 7})
	var stream []byte
	var drawn []*image.Gray
	for _, f := range []Fault{Healthy, Frozen, Black, Covered, Healthy} {
		v.Set(f)
		s, d := record(t, v, 20)
		stream, drawn = append(stream, s...), append(drawn, d...)
	}
	frames := decode(t, stream, 640, 360)
	require.Len(t, frames, len(drawn))
	for i := range drawn {
		require.True(t, bytes.Equal(drawn[i].Pix, frames[i].Pix), "picture %d differs", i)
		same := i > 0 && bytes.Equal(frames[i].Pix, frames[i-1].Pix)
		require.Equal(t, i >= 20 && i < 40, same, "picture %d", i)
		r, ok := StripIn(640, 360).Read(frames[i])
		switch {
		case i >= 40 && i < 80:
			require.False(t, ok)
		case i >= 20 && i < 40:
			require.Equal(t, uint32(19), r.Frame)
		default:
			require.Equal(t, uint32(i), r.Frame)
		}
	}
}

func TestVideo_resize(t *testing.T) {
	v := NewVideo(Options{Start: start(t)})
	record(t, v, 3)
	v.Resize(320, 240)
	require.Equal(t, 640, v.Track().Width, "not before the next picture")
	stream, drawn := record(t, v, 3)
	require.Equal(t, 320, v.Track().Width)
	frames := decode(t, stream, 320, 240)
	require.Len(t, frames, 3)
	require.True(t, bytes.Equal(drawn[2].Pix, frames[2].Pix))
	r, ok := StripIn(320, 240).Read(frames[0])
	require.True(t, ok)
	require.Equal(t, uint32(3), r.Frame)
}

// Any size is coded exactly, even where nothing sensible fits.
func TestVideo_oddSizes(t *testing.T) {
	for _, size := range [][2]int{{2, 2}, {33, 47}, {101, 177}, {176, 144}, {360, 640}, {2000, 16}} {
		v := NewVideo(Options{Start: start(t), Width: size[0], Height: size[1], Slices: 4, KeyEvery: 3})
		stream, drawn := record(t, v, 5)
		frames := decode(t, stream, size[0]&^1, size[1]&^1)
		require.Len(t, frames, 5)
		for i := range drawn {
			require.True(t, bytes.Equal(drawn[i].Pix, frames[i].Pix), "picture %d of %v differs", i, size)
		}
	}
}

func TestVideo_units(t *testing.T) {
	v := NewVideo(Options{Start: start(t), Slices: 4})
	for i := range 101 {
		payload, pts, dts, ok := v.Next()
		require.True(t, ok)
		require.Equal(t, int64(i*3600), pts)
		require.Equal(t, pts, dts)
		var types []byte
		for _, n := range payload {
			types = append(types, n[0]&31)
		}
		if i%50 == 0 {
			require.Equal(t, []byte{7, 8, 5, 5, 5, 5}, types)
		} else {
			require.Equal(t, []byte{1, 1, 1, 1}, types)
		}
	}
	v.Key()
	payload, _, _, _ := v.Next()
	require.Equal(t, byte(7), payload[0][0]&31)

	v = NewVideo(Options{Start: start(t), OutOfBand: true})
	payload, _, _, _ = v.Next()
	require.Len(t, payload, 1)
	require.Equal(t, byte(5), payload[0][0]&31)
	require.Equal(t, media.H264, v.Track().Codec)
}

func TestVideo_clipsRepeat(t *testing.T) {
	a, _ := record(t, NewVideo(Options{Start: start(t)}), 60)
	b, _ := record(t, NewVideo(Options{Start: start(t)}), 60)
	require.True(t, bytes.Equal(a, b))
}

func TestVideo_frozenKeyPicturesAreEqual(t *testing.T) {
	v := NewVideo(Options{Start: start(t), KeyEvery: 2})
	v.Next()
	v.Set(Frozen)
	var keys [][]byte
	for range 8 {
		payload, _, _, _ := v.Next()
		if n := payload[len(payload)-1]; n[0]&31 == 5 {
			keys = append(keys, n)
		}
	}
	require.Len(t, keys, 4)
	for _, k := range keys[1:] {
		require.Equal(t, keys[0][8:], k[8:], "slice data")
	}
}

func TestVideo_rate(t *testing.T) {
	for _, scene := range []Scene{Front, Room} {
		stream, _ := record(t, NewVideo(Options{Scene: scene, Start: start(t)}), 250)
		require.Less(t, len(stream)*8/10, 1_500_000, "bits per second")
	}
}

func TestVideo_probe(t *testing.T) {
	stream, _ := record(t, NewVideo(Options{Start: start(t)}), 10)
	cmd := exec.Command("ffprobe", "-v", "error", "-f", "h264", "-i", "pipe:0", "-show_entries",
		"stream=profile,level,width,height,avg_frame_rate,has_b_frames,color_range", "-of", "default=nw=1")
	cmd.Stdin = bytes.NewReader(stream)
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, "profile=Constrained Baseline\nwidth=640\nheight=360\nhas_b_frames=0\nlevel=30\ncolor_range=tv\navg_frame_rate=25/1\n", string(out))
}

func BenchmarkVideo(b *testing.B) {
	for _, h := range []int{180, 360, 720} {
		b.Run(strconv.Itoa(h), func(b *testing.B) {
			v := NewVideo(Options{Width: h * 16 / 9, Height: h})
			for b.Loop() {
				v.Next()
			}
		})
	}
}
