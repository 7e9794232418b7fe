// Package stills decodes single pictures and short stretches of sound with the ffmpeg of the host, so
// that detectors can judge what is seen and heard. It promises that a recording never waits for it:
// each call is a child process of low priority and one thread, whose time, input and output are
// bounded and which nothing outlives; nothing is written to a disk. A camera's bytes reach a decoder
// only in that process.
package stills

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"roomrec/media"
)

// ErrAbsent says that the host has no ffmpeg: install the package of that name.
var ErrAbsent = errors.New("stills: ffmpeg is not installed")

// ErrCodec says that the codec cannot be handed to the decoder.
var ErrCodec = errors.New("stills: no decoding of this codec")

const (
	// timeout is how long one call may take, on a machine that has better things to do.
	timeout = 10 * time.Second
	// maxPixels bounds the output of a picture: 8K.
	maxPixels = 7680 * 4320
	// maxSamples bounds the output of sound: what no call asks for.
	maxSamples = 8 << 20
	// maxComplaint is how much of what ffmpeg complains of is kept.
	maxComplaint = 200
)

// Decoder runs one ffmpeg at a time; further calls wait. It may be used by many goroutines.
type Decoder struct {
	command []string
	running sync.Mutex
}

// New returns a decoder, or ErrAbsent.
func New() (*Decoder, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrAbsent
	}
	d := &Decoder{command: []string{ffmpeg}}
	// Whatever else the machine has to do goes first.
	if nice, err := exec.LookPath("nice"); err == nil {
		d.command = []string{nice, "-n", "19", ffmpeg}
	}
	return d, nil
}

// Picture returns the luma of a key picture, 0 black and 255 white.
func (d *Decoder) Picture(ctx context.Context, t *media.Track, key *media.Unit) (*image.Gray, error) {
	format := map[media.Codec]string{media.H264: "h264", media.H265: "hevc"}[t.Codec]
	switch {
	case format == "":
		return nil, fmt.Errorf("%w: %s", ErrCodec, t.Codec)
	case t.Width <= 0 || t.Height <= 0 || t.Width*t.Height > maxPixels:
		return nil, fmt.Errorf("stills: a picture of %dx%d", t.Width, t.Height)
	}
	size := t.Width * t.Height
	out, err := d.run(ctx, annexB(t, key), size, "-probesize", "32", "-analyzeduration", "0", "-f", format, "-i", "pipe:0",
		"-frames:v", "1", "-vf", fmt.Sprintf("scale=%d:%d:out_range=full", t.Width, t.Height), "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	if err != nil {
		return nil, err
	}
	if len(out) != size {
		return nil, fmt.Errorf("stills: %d of %d pixels were decoded", len(out), size)
	}
	return &image.Gray{Pix: out, Stride: t.Width, Rect: image.Rect(0, 0, t.Width, t.Height)}, nil
}

// annexB returns a picture as a byte stream (H.264 and H.265, annex B) that begins with its parameter
// sets.
func annexB(t *media.Track, u *media.Unit) []byte {
	var b []byte
	for _, nal := range append([][]byte{t.VPS, t.SPS, t.PPS}, u.Payload...) {
		if len(nal) > 0 {
			b = append(append(b, 0, 0, 0, 1), nal...)
		}
	}
	return b
}

// Sound returns the samples of consecutive units of AAC or Opus, 16 bits, channels interleaved. The
// first units settle the decoder; their samples may be wrong.
func (d *Decoder) Sound(ctx context.Context, t *media.Track, units []*media.Unit) ([]int16, error) {
	var format string
	var in []byte
	var err error
	switch t.Codec {
	case media.AAC:
		format = "aac"
		in, err = adts(t, units)
	case media.Opus:
		format = "ogg"
		in = ogg(t, units)
	default:
		err = fmt.Errorf("%w: %s", ErrCodec, t.Codec)
	}
	if err != nil {
		return nil, err
	}
	out, err := d.run(ctx, in, 2*maxSamples, "-f", format, "-i", "pipe:0", "-f", "s16le", "pipe:1")
	if err != nil {
		return nil, err
	}
	samples := make([]int16, len(out)/2)
	for i := range samples {
		samples[i] = int16(uint16(out[2*i]) | uint16(out[2*i+1])<<8)
	}
	return samples, nil
}

// run gives in to ffmpeg and returns what it writes, at most limit bytes.
func (d *Decoder) run(ctx context.Context, in []byte, limit int, args ...string) ([]byte, error) {
	return d.runFor(ctx, timeout, bytes.NewReader(in), limit, args...)
}

// runFor is run with another limit of time.
func (d *Decoder) runFor(ctx context.Context, within time.Duration, in io.Reader, limit int, args ...string) ([]byte, error) {
	d.running.Lock()
	defer d.running.Unlock()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	args = append([]string{"-nostdin", "-hide_banner", "-v", "error", "-threads", "1", "-filter_threads", "1"}, args...)
	args = append(append([]string{}, d.command[1:]...), args...)
	cmd := exec.CommandContext(ctx, d.command[0], args...)
	out := &bounded{limit: limit}
	complaint := &bounded{limit: maxComplaint, cut: true}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, complaint
	cmd.Env = []string{}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("stills: ffmpeg: %w", ctx.Err())
	case out.over:
		return nil, fmt.Errorf("stills: ffmpeg gave more than %d bytes", limit)
	case err != nil:
		return out.buf.Bytes(), fmt.Errorf("stills: ffmpeg: %w: %s", err, strings.TrimSpace(complaint.buf.String()))
	}
	return out.buf.Bytes(), nil
}

// bounded takes in so much and no more. With cut the rest is dropped, else it is an error.
type bounded struct {
	buf   bytes.Buffer
	limit int
	cut   bool
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.buf.Len(); len(p) > room {
		if !b.cut {
			b.over = true
			return 0, errors.New("too much")
		}
		b.buf.Write(p[:room])
		return len(p), nil
	}
	return b.buf.Write(p)
}
