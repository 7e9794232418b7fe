package stills

import (
	"context"
	"fmt"
	"io"
)

// MaxJPEG is the greatest picture that [Decoder.JPEG] returns, in bytes.
const MaxJPEG = 640 << 10

// qualities are what is tried for a picture to stay below MaxJPEG, the best first, as ffmpeg counts them.
var qualities = []string{"3", "8", "20"}

// JPEG returns the first picture of a fragmented MP4 as a JPEG of the same size in pixels, of at most
// MaxJPEG bytes: of the best quality that keeps to that. It reads mp4 from its beginning.
func (d *Decoder) JPEG(ctx context.Context, mp4 io.ReadSeeker) ([]byte, error) {
	var err error
	for _, q := range qualities {
		if _, err = mp4.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("stills: %w", err)
		}
		var b []byte
		b, err = d.runFor(ctx, patient(0), mp4, MaxJPEG, "-f", "mp4", "-i", "pipe:0", "-map", "0:v:0", "-frames:v", "1", "-q:v", q, "-f", "mjpeg", "pipe:1")
		if err == nil && len(b) == 0 {
			err = fmt.Errorf("stills: no picture was decoded")
		}
		if err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
	return nil, err
}
