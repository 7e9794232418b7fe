package stills

import (
	"bytes"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestJPEG: a picture that would be too large is made smaller by its quality, never in its pixels.
func TestJPEG(t *testing.T) {
	d := decoder(t)
	sizes := map[string]int{}
	for _, noise := range []string{"0", "60"} {
		file := filepath.Join(t.TempDir(), "noise.mp4")
		out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=1920x1080:r=25,noise=alls="+noise, "-frames:v", "2",
			"-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-pix_fmt", "yuv420p", "-movflags", "frag_every_frame+empty_moov", file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		mp4, err := os.ReadFile(file)
		require.NoError(t, err)
		b, err := d.JPEG(t.Context(), bytes.NewReader(mp4))
		require.NoError(t, err)
		require.LessOrEqual(t, len(b), MaxJPEG)
		sizes[noise] = len(b)
		img, err := jpeg.Decode(bytes.NewReader(b))
		require.NoError(t, err)
		require.Equal(t, []int{1920, 1080}, []int{img.Bounds().Dx(), img.Bounds().Dy()})
	}
	require.Greater(t, sizes["60"], 4*sizes["0"])
	_, err := d.JPEG(t.Context(), bytes.NewReader([]byte("no picture at all")))
	require.Error(t, err)
}
