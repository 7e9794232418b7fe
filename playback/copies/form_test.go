package copies

import (
	"bytes"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// analogue writes a segment of one picture of 704 × 576 whose pixels are 16:11, as recorders of analogue cameras give
// them: a white square, which is 176 × 256 pixels, on black.
func analogue(t *testing.T, id string) Camera {
	t.Helper()
	stream, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=black:s=704x576:r=1:d=1",
		"-vf", "drawbox=x=264:y=160:w=176:h=256:color=white:t=fill,setsar=16/11", "-frames:v", "1", "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-f", "h264", "-").Output()
	require.NoError(t, err)
	v := &media.Track{Codec: media.H264, ClockRate: 90000, Width: 704, Height: 576}
	var nals [][]byte
	for _, n := range bytes.Split(bytes.ReplaceAll(stream, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1}) {
		switch {
		case len(n) == 0:
			continue
		case n[0]&31 == 7:
			v.SPS = n
		case n[0]&31 == 8:
			v.PPS = n
		}
		nals = append(nals, n)
	}
	w, data, err := fragment.NewWriter(fragment.Header{
		Session: "20261122-140307-7f2k", Room: "room3", Camera: id, Run: 1, Segment: 1,
		Origin: clock.Instant{Wall: began}, Zone: shanghai, Tracks: []*media.Track{v},
	})
	require.NoError(t, err)
	b, _, err := w.Append(fragment.Fragment{
		Sequence: 1, Source: "arrival", Start: clock.Instant{Wall: began}, End: clock.Instant{Wall: began.Add(time.Second)},
		Tracks: []fragment.Part{{Units: []*media.Unit{{Payload: nals, Key: true}}, Durations: []int64{90000}}},
	})
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), id+".mp4")
	require.NoError(t, os.WriteFile(name, append(data, b...), 0o600))
	seg, err := ReadSegment(name, math.MaxInt64)
	require.NoError(t, err)
	return Camera{ID: id, Segments: []*Segment{seg}}
}

// A square stays one, in the picture and in the small one in it, and the picture is not made smaller.
func TestCopyShowsPixelsThatAreNotSquare(t *testing.T) {
	const width, height = 1024, 576
	second := analogue(t, "overview")
	req := request(t, analogue(t, "suspect"), &second)
	c, err := Make(t.Context(), req, clock.NewSystem(), nil)
	require.NoError(t, err)
	white := func(img *image.Gray, in image.Rectangle) (r image.Rectangle) {
		for y := in.Min.Y; y < in.Max.Y; y++ {
			for x := in.Min.X; x < in.Max.X; x++ {
				if img.GrayAt(x, y).Y > 128 {
					r = r.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		return r
	}
	n := frames(t, filepath.Join(req.Dir, c.File), width, height, func(_ int, img *image.Gray) {
		big := white(img, image.Rect(width*3/10+20, 0, width, height))
		require.InDelta(t, 256, big.Dx(), 4, "%v", big)
		require.InDelta(t, 256, big.Dy(), 4, "%v", big)
		small := white(img, image.Rect(0, height*7/10-20, width*3/10+18, height))
		require.InDelta(t, 256*0.3, small.Dx(), 4, "%v", small)
		require.InDelta(t, 256*0.3, small.Dy(), 4, "%v", small)
	})
	require.Equal(t, 1, n)
}
