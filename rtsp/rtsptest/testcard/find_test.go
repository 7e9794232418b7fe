package testcard

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// shown returns the picture src as a page shows it: scaled by f at x, y of a page of the given size,
// with a line of text's worth of dark over its top left corner.
func shown(src *image.Gray, f, x, y float64, width, height int) *image.Gray {
	page := image.NewGray(image.Rect(0, 0, width, height))
	w, h := src.Rect.Dx(), src.Rect.Dy()
	for py := range height {
		for px := range width {
			sx, sy := (float64(px)+0.5-x)/f, (float64(py)+0.5-y)/f
			v := 240.0
			if sx >= 0 && sy >= 0 && sx < float64(w) && sy < float64(h) {
				v = sample(src, sx-0.5, sy-0.5, f)
				v = (v - 16) * 255 / 219 // as a screen shows it
				if sx < float64(w)/2 && sy < 50 {
					v = 12
				}
			}
			page.SetGray(px, py, color.Gray{Y: uint8(min(255, max(0, v)))})
		}
	}
	return page
}

// sample interpolates between pixels, or averages them where the picture is made smaller.
func sample(src *image.Gray, x, y, f float64) float64 {
	if f < 1 {
		sum, n := 0.0, 0.0
		for dy := -0.5 / f; dy <= 0.5/f; dy += 0.5 {
			for dx := -0.5 / f; dx <= 0.5/f; dx += 0.5 {
				sum += bilinear(src, x+dx, y+dy)
				n++
			}
		}
		return sum / n
	}
	return bilinear(src, x, y)
}

func bilinear(src *image.Gray, x, y float64) float64 {
	at := func(x, y int) float64 {
		x, y = min(max(x, 0), src.Rect.Dx()-1), min(max(y, 0), src.Rect.Dy()-1)
		return float64(src.Pix[y*src.Stride+x])
	}
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := x-x0, y-y0
	i, j := int(x0), int(y0)
	return at(i, j)*(1-fx)*(1-fy) + at(i+1, j)*fx*(1-fy) + at(i, j+1)*(1-fx)*fy + at(i+1, j+1)*fx*fy
}

func TestFind_scaled(t *testing.T) {
	for size, scales := range map[[2]int][]float64{
		{640, 360}: {0.5, 0.83, 1, 1.777},
		{320, 180}: {0.5, 0.61, 1.25, 2.4, 5.9}, // its blocks are half as large
	} {
		v := NewVideo(Options{Scene: Room, Card: 7, Start: start(t), Width: size[0], Height: size[1]})
		record(t, v, 5)
		src := v.Picture()
		for _, f := range scales {
			t.Run(fmt.Sprintf("%d x%g", size[1], f), func(t *testing.T) {
				x, y := 37.3, 21.8
				width := float64(size[0]) * f
				if f > 2 { // a part of the screen is enough
					x -= width * 0.7
					width *= 0.3
				}
				page := shown(src, f, x, y, int(width)+90, int(float64(size[1])*f)+60)
				r, place, ok := Find(page)
				require.True(t, ok)
				require.Equal(t, v.Reading(), r)
				want := StripIn(size[0], size[1]).Scale(f, x, y)
				require.InDelta(t, want.X, place.X, want.Block/2)
				require.InDelta(t, want.Y, place.Y, want.Block/2)
				require.InEpsilon(t, want.Block, place.Block, 0.02)

				r, ok = want.Read(page)
				require.True(t, ok)
				require.Equal(t, v.Reading(), r)
			})
		}
	}
}

func TestFind_nothing(t *testing.T) {
	page := image.NewGray(image.Rect(0, 0, 320, 240))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range page.Pix {
		page.Pix[i] = byte(rng.Uint32())
	}
	_, _, ok := Find(page)
	require.False(t, ok)
	_, _, ok = Find(image.NewGray(image.Rect(0, 0, 10, 10)))
	require.False(t, ok)
	_, _, ok = Find(image.NewGray(image.Rectangle{}))
	require.False(t, ok)
}

func TestStrip_everyReadingReturns(t *testing.T) {
	p := newPicture(640, 360)
	img := &image.Gray{Pix: p.pix, Stride: p.stride, Rect: image.Rect(0, 0, 640, 360)}
	rapid.Check(t, func(t *rapid.T) {
		want := Reading{
			Frame:  rapid.Uint32().Draw(t, "frame"),
			Millis: rapid.IntRange(0, 24*60*60*1000-1).Draw(t, "millis"),
			Card:   rapid.Uint8Range(0, 31).Draw(t, "card"),
		}
		p.paintStrip(want)
		got, ok := StripIn(640, 360).Read(img)
		require.True(t, ok)
		require.Equal(t, want, got)

		// No single wrong block goes unnoticed.
		place := StripIn(640, 360)
		i := rapid.IntRange(0, dataBits-1).Draw(t, "block")
		p.block(int(place.X)+16*(1+i%4), int(place.Y)+16*(i/4), 16, !want.bits()[i])
		_, ok = place.Read(img)
		require.False(t, ok)
	})
}

func TestLuma(t *testing.T) {
	rgba := image.NewRGBA(image.Rect(2, 3, 6, 8))
	for i := range rgba.Pix {
		rgba.Pix[i] = 200
	}
	rgba.Set(2, 3, color.Black)
	g := Luma(rgba)
	require.Equal(t, rgba.Rect, g.Rect)
	require.Equal(t, uint8(0), g.GrayAt(2, 3).Y)
	require.Equal(t, uint8(200), g.GrayAt(5, 7).Y)
	require.Same(t, g, Luma(g))
	yuv := image.NewYCbCr(image.Rect(0, 0, 4, 4), image.YCbCrSubsampleRatio420)
	yuv.Y[5] = 77
	require.Equal(t, uint8(77), Luma(yuv).GrayAt(1, 1).Y)
}

func BenchmarkFind(b *testing.B) {
	v := NewVideo(Options{})
	v.Next()
	page := shown(v.Picture(), 1.3, 300, 40, 1280, 800)
	for b.Loop() {
		if _, _, ok := Find(page); !ok {
			b.Fatal("not found")
		}
	}
}

// A re-encoded copy at half the size, as bad as a viewing copy may be, must still be readable.
func TestStrip_survivesReencoding(t *testing.T) {
	v := NewVideo(Options{Start: start(t), Card: 3})
	stream, _ := record(t, v, 50)
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "h264", "-i", "pipe:0", "-vf", "scale=320:-2", "-c:v", "libx264",
		"-preset", "veryfast", "-crf", "33", "-bf", "0", "-fps_mode", "passthrough", "-f", "h264", "pipe:1")
	cmd.Stdin = bytes.NewReader(stream)
	copied, err := cmd.Output()
	require.NoError(t, err)
	frames := decode(t, copied, 320, 180)
	require.Len(t, frames, 50)
	place := StripIn(640, 360).Scale(0.5, 0, 0)
	for i, f := range frames {
		r, ok := place.Read(f)
		require.True(t, ok, "picture %d", i)
		require.Equal(t, uint32(i), r.Frame)
	}
	r, _, ok := Find(frames[49])
	require.True(t, ok)
	require.Equal(t, uint32(49), r.Frame)
}
