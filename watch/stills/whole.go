package stills

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Luma is what the pictures of a file look like, 0 black and 255 white.
type Luma struct {
	Pictures int     // that were decoded
	Mean     float64 // of all of them
	Contrast float64 // mean of each picture's standard deviation
}

// Loudness is how loud the sound of a file is, in dB of full scale, at least -120.
type Loudness struct {
	Samples     int
	Level, Peak float64
}

// Pictures are made so small that a minute of them takes a few megabytes.
const (
	lumaWidth, lumaHeight = 64, 36
	maxLumas              = 64 << 20 // bytes, seven minutes of 64 pictures a second
	soundRate             = 16000
)

// patient is how long a file of the given length may take to be decoded with the lowest priority.
func patient(length time.Duration) time.Duration { return time.Minute + 10*length }

// Lumas decodes every picture of a fragmented MP4 of about the given length. What was decoded before
// an error is returned with it.
func (d *Decoder) Lumas(ctx context.Context, mp4 io.Reader, length time.Duration) (Luma, error) {
	var l Luma
	out, err := d.runFor(ctx, patient(length), mp4, maxLumas, "-f", "mp4", "-i", "pipe:0", "-map", "0:v:0", "-fps_mode", "passthrough",
		"-vf", fmt.Sprintf("scale=%d:%d:flags=area:out_range=full", lumaWidth, lumaHeight), "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	const size = lumaWidth * lumaHeight
	for ; len(out) >= size; out = out[size:] {
		sum, squares := 0.0, 0.0
		for _, p := range out[:size] {
			sum += float64(p)
			squares += float64(p) * float64(p)
		}
		mean := sum / size
		l.Pictures++
		l.Mean += mean
		l.Contrast += math.Sqrt(max(0, squares/size-mean*mean))
	}
	if l.Pictures == 0 {
		return l, errors.Join(err, errors.New("stills: no picture was decoded"))
	}
	l.Mean /= float64(l.Pictures)
	l.Contrast /= float64(l.Pictures)
	return l, err
}

// Loudness decodes the sound of a fragmented MP4 of about the given length.
func (d *Decoder) Loudness(ctx context.Context, mp4 io.Reader, length time.Duration) (Loudness, error) {
	out, err := d.runFor(ctx, patient(length), mp4, 2*maxSamples, "-f", "mp4", "-i", "pipe:0", "-map", "0:a:0",
		"-ac", "1", "-ar", fmt.Sprint(soundRate), "-f", "s16le", "pipe:1")
	l := Loudness{Samples: len(out) / 2}
	if l.Samples == 0 {
		return l, errors.Join(err, errors.New("stills: no sound was decoded"))
	}
	squares, most := 0.0, 0.0
	for i := range l.Samples {
		v := float64(int16(uint16(out[2*i])|uint16(out[2*i+1])<<8)) / (1 << 15)
		squares += v * v
		most = max(most, math.Abs(v))
	}
	l.Level = decibels(math.Sqrt(squares / float64(l.Samples)))
	l.Peak = decibels(most)
	return l, err
}

func decibels(v float64) float64 {
	return max(-120, math.Round(200*math.Log10(max(v, 1e-9)))/10)
}
