// Package fragmenttest makes real recordings for tests: clips that ffmpeg encodes, as the units that a
// camera would give, cut into fragments as the recorder does it.
package fragmenttest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// Source is a short clip as a camera would give it: tracks and all their units.
type Source struct {
	Tracks []*media.Track
	Units  [][]*media.Unit
	InBand bool
}

func FFmpeg(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("ffmpeg", append([]string{"-nostdin", "-hide_banner", "-loglevel", "error", "-y"}, args...)...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	require.NoError(t, cmd.Run(), "ffmpeg (install it with: make deps): %s", &stderr)
	return out.Bytes()
}

var Begin = clock.Stamp{Wall: clock.Wall(1_795_327_387_412_345_678), Mono: 5_000_000_000}

// Pictures encodes seconds of a test picture at 25 frames per second and reads the units back.
func Pictures(t testing.TB, codec media.Codec, seconds int, inBand bool, extra ...string) (*media.Track, []*media.Unit) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "v.mp4")
	args := []string{"-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-t", strconv.Itoa(seconds), "-pix_fmt", "yuv420p"}
	if codec == media.H264 {
		args = append(args, "-c:v", "libx264", "-preset", "veryfast", "-g", "50")
	} else {
		args = append(args, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=50")
	}
	args = append(args, extra...)
	FFmpeg(t, append(args, "-movflags", "frag_keyframe+empty_moov+default_base_moof", file)...)
	f, err := mp4.ReadMP4File(file)
	require.NoError(t, err)
	tr := &media.Track{Codec: codec, ClockRate: 90000, Width: 320, Height: 240}
	entry := f.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd
	if codec == media.H264 {
		tr.SPS, tr.PPS = entry.AvcX.AvcC.SPSnalus[0], entry.AvcX.AvcC.PPSnalus[0]
	} else {
		for _, a := range entry.HvcX.HvcC.NaluArrays {
			switch a.NaluType() {
			case 32:
				tr.VPS = a.Nalus[0]
			case 33:
				tr.SPS = a.Nalus[0]
			case 34:
				tr.PPS = a.Nalus[0]
			}
		}
	}
	scale := int64(f.Init.Moov.Trak.Mdia.Mdhd.Timescale)
	var units []*media.Unit
	eachSample(t, f, func(s mp4.FullSample) {
		u := &media.Unit{
			DTS: int64(s.DecodeTime) * 90000 / scale, PTS: s.PresentationTime() * 90000 / scale,
			Key: s.IsSync(),
		}
		if u.Key && inBand {
			if tr.VPS != nil {
				u.Payload = append(u.Payload, tr.VPS)
			}
			u.Payload = append(u.Payload, tr.SPS, tr.PPS)
		}
		for p := s.Data; len(p) > 0; {
			n := int(p[0])<<24 | int(p[1])<<16 | int(p[2])<<8 | int(p[3])
			u.Payload, p = append(u.Payload, p[4:4+n]), p[4+n:]
		}
		u.RTP = uint32(1_000_000 + u.PTS)
		u.Arrival = Begin.Add(time.Duration(u.DTS) * time.Second / 90000)
		units = append(units, u)
	})
	return tr, units
}

func eachSample(t testing.TB, f *mp4.File, each func(mp4.FullSample)) {
	t.Helper()
	for _, seg := range f.Segments {
		for _, frag := range seg.Fragments {
			samples, err := frag.GetFullSamples(f.Init.Moov.Mvex.Trex)
			require.NoError(t, err)
			for _, s := range samples {
				each(s)
			}
		}
	}
}

// Sound encodes seconds of a tone and reads the units back.
func Sound(t testing.TB, codec media.Codec, seconds, channels int) (*media.Track, []*media.Unit) {
	t.Helper()
	rate := map[media.Codec]int{media.AAC: 48000, media.Opus: 48000, media.PCMA: 8000, media.PCMU: 8000, media.LPCM: 48000}[codec]
	tr := &media.Track{Codec: codec, ClockRate: int64(rate), SampleRate: rate, Channels: channels, BitDepth: 16}
	in := []string{
		"-f", "lavfi", "-i", "sine=440:r=48000", "-t", strconv.Itoa(seconds),
		"-ar", strconv.Itoa(rate), "-ac", strconv.Itoa(channels),
	}
	var frames [][]byte
	var durations []int64
	switch codec {
	case media.AAC, media.Opus:
		file := filepath.Join(t.TempDir(), "a.mp4")
		name := map[media.Codec]string{media.AAC: "aac", media.Opus: "libopus"}[codec]
		FFmpeg(t, append(in, "-c:a", name, "-movflags", "frag_keyframe+empty_moov+default_base_moof", file)...)
		f, err := mp4.ReadMP4File(file)
		require.NoError(t, err)
		if codec == media.AAC {
			tr.Config = f.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
		}
		eachSample(t, f, func(s mp4.FullSample) {
			frames, durations = append(frames, s.Data), append(durations, int64(s.Dur))
		})
	default:
		format := map[media.Codec]string{media.PCMA: "alaw", media.PCMU: "mulaw", media.LPCM: "s16be"}[codec]
		raw := FFmpeg(t, append(in, "-f", format, "-")...)
		n := rate / 50
		size := n * channels
		if codec == media.LPCM {
			size *= 2
		}
		for ; len(raw) >= size; raw = raw[size:] {
			frames, durations = append(frames, raw[:size]), append(durations, int64(n))
		}
	}
	var units []*media.Unit
	at := int64(0)
	for i, f := range frames {
		units = append(units, &media.Unit{
			PTS: at, DTS: at, RTP: uint32(7_000_000 + at), Payload: [][]byte{f}, Key: true,
			Arrival: Begin.Add(time.Duration(at) * time.Second / time.Duration(rate)),
		})
		at += durations[i]
	}
	return tr, units
}

func Header(tracks []*media.Track, inBand bool) fragment.Header {
	h := fragment.Header{
		Session: "20261122-140307-7f2k", Room: "room3", Camera: "suspect", Run: 1, Segment: 1,
		Origin: clock.Instant{Wall: Begin.Wall, Uncertainty: 500 * time.Millisecond},
		Zone:   clock.NewZone(time.FixedZone("Asia/Shanghai", 8*3600)), Tracks: tracks,
		Prev: fragment.Hash{1, 2, 3},
	}
	for _, tr := range tracks {
		h.InBand = append(h.InBand, inBand && tr.Codec.Video())
	}
	return h
}

// Cut divides the source into fragments as the recorder does: before every key picture and at 1 s.
func (s *Source) Cut() []fragment.Fragment {
	lead := 0
	for i, t := range s.Tracks {
		if t.Codec.Video() {
			lead = i
			break
		}
	}
	type piece struct{ from, to int64 } // in ticks of the lead track, decoding order
	var pieces []piece
	start := s.Units[lead][0].DTS
	for _, u := range s.Units[lead][1:] {
		if u.DTS-start >= s.Tracks[lead].ClockRate || u.Key && s.Tracks[lead].Codec.Video() {
			pieces = append(pieces, piece{start, u.DTS})
			start = u.DTS
		}
	}
	pieces = append(pieces, piece{start, 1 << 60})
	next := make([]int, len(s.Tracks))
	var fs []fragment.Fragment
	for k, p := range pieces {
		f := fragment.Fragment{Sequence: uint32(k + 1), Source: "arrival", Tracks: make([]fragment.Part, len(s.Tracks))}
		for i, tr := range s.Tracks {
			part := &f.Tracks[i]
			limit := tr.ClockRate * (p.to / s.Tracks[lead].ClockRate)
			limit += tr.ClockRate * (p.to % s.Tracks[lead].ClockRate) / s.Tracks[lead].ClockRate
			for next[i] < len(s.Units[i]) && s.Units[i][next[i]].DTS < limit {
				u := s.Units[i][next[i]]
				if len(part.Units) == 0 {
					part.Decode = u.DTS
				}
				part.Units = append(part.Units, u)
				d := int64(0)
				if next[i]+1 < len(s.Units[i]) {
					d = s.Units[i][next[i]+1].DTS - u.DTS
				} else {
					d = u.DTS - s.Units[i][next[i]-1].DTS
				}
				part.Durations = append(part.Durations, d)
				next[i]++
			}
			part.Lost = fragment.Lost{Packets: uint32(k)}
		}
		lead := f.Tracks[lead]
		first, last := int64(1<<60), int64(0)
		for i, u := range lead.Units {
			first, last = min(first, u.PTS), max(last, u.PTS+lead.Durations[i])
		}
		rate := s.Tracks[0].ClockRate
		if k == 0 {
			first = 0
		}
		f.Start = clock.Instant{Wall: Begin.Wall.Add(time.Duration(first) * time.Second / time.Duration(rate)), Uncertainty: time.Millisecond}
		f.End = clock.Instant{Wall: Begin.Wall.Add(time.Duration(last) * time.Second / time.Duration(rate)), Uncertainty: time.Millisecond}
		fs = append(fs, f)
	}
	return fs
}

func New(t testing.TB, video, audio media.Codec, seconds int, inBand bool, extra ...string) *Source {
	t.Helper()
	s := &Source{InBand: inBand}
	if video != media.CodecNone {
		tr, units := Pictures(t, video, seconds, inBand, extra...)
		s.Tracks, s.Units = append(s.Tracks, tr), append(s.Units, units)
	}
	if audio != media.CodecNone {
		tr, units := Sound(t, audio, seconds, 1)
		s.Tracks, s.Units = append(s.Tracks, tr), append(s.Units, units)
	}
	return s
}

// Write returns the segment's bytes, and where each fragment ends.
func (s *Source) Write(t testing.TB) (data []byte, ends []int64, fragments []fragment.Fragment) {
	t.Helper()
	w, data, err := fragment.NewWriter(Header(s.Tracks, s.InBand))
	require.NoError(t, err)
	fragments = s.Cut()
	for _, f := range fragments {
		b, leaf, err := w.Append(f)
		require.NoError(t, err)
		require.Equal(t, leaf, fragment.Leaf(b))
		require.Equal(t, leaf, w.Last())
		data = append(data, b...)
		ends = append(ends, int64(len(data)))
	}
	return data, ends, fragments
}

func Save(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, data, 0o600))
	return file
}
