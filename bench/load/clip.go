// Package load owns the load that the benchmark puts on a recorder: one clip of 1080p25 H.264 at
// 4 Mbit/s with AAC, made once by ffmpeg, served as many cameras by real RTSP on loopback.
package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"roomrec/media"
)

// The clip's shape. A key picture comes every two seconds, as most cameras are set.
const (
	width, height = 1920, 1080
	rate          = 25
	keyEvery      = 50
	seconds       = 20
	bits          = "4M"
	sampleRate    = 48000
	videoClock    = 90000
	frameSamples  = 1024 // of AAC-LC
)

// Clip is the coded pictures and sound of the load, to be looped.
type Clip struct {
	Pictures [][][]byte // NAL units of each access unit
	Sound    [][]byte   // AAC frames
	sps, pps []byte
	config   []byte
}

// Bytes returns the payload of one pass through the clip.
func (c *Clip) Bytes() int {
	n := 0
	for _, au := range c.Pictures {
		for _, nalu := range au {
			n += len(nalu)
		}
	}
	for _, f := range c.Sound {
		n += len(f)
	}
	return n
}

// Make returns the clip, from dir if it was made before. It needs ffmpeg with libx264.
func Make(ctx context.Context, dir string) (*Clip, error) {
	video, audio := filepath.Join(dir, "load.h264"), filepath.Join(dir, "load.aac")
	if _, err := os.Stat(audio); errors.Is(err, os.ErrNotExist) {
		if err := encode(ctx, dir, video, audio); err != nil {
			return nil, err
		}
	}
	return read(video, audio)
}

// encode runs ffmpeg. Noise over a test picture gives the encoder enough to fill its bit rate.
func encode(ctx context.Context, dir, video, audio string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	source := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d:duration=%d,noise=alls=12:allf=t", width, height, rate, seconds)
	for _, args := range [][]string{
		{
			"-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "main",
			"-b:v", bits, "-maxrate", bits, "-bufsize", bits, "-g", fmt.Sprint(keyEvery), "-keyint_min", fmt.Sprint(keyEvery),
			"-sc_threshold", "0", "-slices", "1", "-x264-params", "sliced-threads=0:aud=0", "-pix_fmt", "yuv420p", "-f", "h264", video,
		},
		{"-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=r=%d:a=0.1:d=%d", sampleRate, seconds), "-c:a", "aac", "-b:a", "96k", "-ac", "1", "-f", "adts", audio},
	} {
		cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-hide_banner", "-nostdin", "-loglevel", "error", "-y"}, args...)...)
		out, err := cmd.CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			return errors.New("the load needs ffmpeg: install the package ffmpeg (make deps)")
		}
		if err != nil {
			return fmt.Errorf("make the load's clip: %w\n%s", err, out)
		}
	}
	return nil
}

func read(video, audio string) (*Clip, error) {
	b, err := os.ReadFile(video)
	if err != nil {
		return nil, err
	}
	c := &Clip{}
	var au [][]byte
	flush := func() {
		if len(au) > 0 {
			c.Pictures = append(c.Pictures, au)
		}
		au = nil
	}
	for _, nalu := range splitNALUs(b) {
		switch kind := h264.NALUType(nalu[0] & 0x1f); kind {
		case h264.NALUTypeSPS:
			flush()
			c.sps = nalu
			au = append(au, nalu)
		case h264.NALUTypePPS:
			c.pps = nalu
			au = append(au, nalu)
		case h264.NALUTypeSEI:
			au = append(au, nalu)
		case h264.NALUTypeIDR, h264.NALUTypeNonIDR:
			au = append(au, nalu)
			flush()
		}
	}
	if len(c.Pictures) != rate*seconds || c.sps == nil || c.pps == nil {
		return nil, fmt.Errorf("%s: %d pictures, expected %d; delete the file and try again", video, len(c.Pictures), rate*seconds)
	}
	if b, err = os.ReadFile(audio); err != nil {
		return nil, err
	}
	var packets mpeg4audio.ADTSPackets
	if err := packets.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("%s: %w; delete the file and try again", audio, err)
	}
	for _, p := range packets {
		c.Sound = append(c.Sound, p.AU)
	}
	c.config, err = mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: packets[0].SampleRate, ChannelConfig: packets[0].ChannelConfig,
	}.Marshal()
	return c, err
}

// splitNALUs cuts an Annex B stream at its start codes.
func splitNALUs(b []byte) [][]byte {
	var out [][]byte
	for _, part := range bytes.Split(b, []byte{0, 0, 1}) {
		if part = bytes.TrimRight(part, "\x00"); len(part) > 0 {
			out = append(out, part)
		}
	}
	return out
}

// video yields the clip's pictures again and again.
type video struct {
	clip *Clip
	n    int64
}

// Track describes the pictures.
func (v *video) Track() *media.Track {
	return &media.Track{Codec: media.H264, ClockRate: videoClock, SPS: v.clip.sps, PPS: v.clip.pps, Width: width, Height: height}
}

// Next returns the next picture.
func (v *video) Next() ([][]byte, int64, int64, bool) {
	n := v.n
	v.n++
	at := n * videoClock / rate
	return v.clip.Pictures[n%int64(len(v.clip.Pictures))], at, at, true
}

// sound yields the clip's sound again and again.
type sound struct {
	clip *Clip
	n    int64
}

// Track describes the sound.
func (s *sound) Track() *media.Track {
	return &media.Track{Codec: media.AAC, ClockRate: sampleRate, SampleRate: sampleRate, Channels: 1, Config: s.clip.config}
}

// Next returns the next frame of sound.
func (s *sound) Next() ([][]byte, int64, int64, bool) {
	n := s.n
	s.n++
	at := n * frameSamples
	return [][]byte{s.clip.Sound[n%int64(len(s.clip.Sound))]}, at, at, true
}
