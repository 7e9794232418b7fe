package fragment_test

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
)

// What is written is read back by a library that did not write it.
func TestCrossCheck(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.AAC, 5, true)
	data, _, fragments := s.Write(t)

	f, err := mp4.DecodeFile(bytes.NewReader(data))
	require.NoError(t, err)
	require.Len(t, f.Init.Moov.Traks, 3)
	require.Equal(t, uint64(int64(fragmenttest.Begin.Wall)/1e9+fragment.Since1904), f.Init.Moov.Mvhd.CreationTime)
	var moofs int
	for _, seg := range f.Segments {
		for _, frag := range seg.Fragments {
			want := fragments[moofs]
			require.Equal(t, want.Sequence, frag.Moof.Mfhd.SequenceNumber)
			for _, trex := range f.Init.Moov.Mvex.Trexs {
				samples, err := frag.GetFullSamples(trex)
				require.NoError(t, err)
				if trex.TrackID == 3 {
					require.NotEmpty(t, samples)
					require.Equal(t, "2026-", string(samples[0].Data[2:7]))
					continue
				}
				part := want.Tracks[trex.TrackID-1]
				require.Len(t, samples, len(part.Units))
				for i, u := range part.Units {
					require.Equal(t, fragment.UnitData(u, trex.TrackID == 1), samples[i].Data)
					require.Equal(t, u.Key, samples[i].IsSync())
					require.Equal(t, u.PTS-u.DTS, int64(samples[i].CompositionTimeOffset))
				}
				require.Equal(t, part.Decode, int64(samples[0].DecodeTime))
			}
			moofs++
		}
	}
	require.Equal(t, len(fragments), moofs)
}

// Bit for bit: what ffmpeg takes out of the file is what went in.
func TestPayloadIsUntouched(t *testing.T) {
	for codec, format := range map[media.Codec]string{media.PCMU: "mulaw", media.PCMA: "alaw", media.LPCM: "s16be"} {
		for _, channels := range []int{1, 2} {
			tr, units := fragmenttest.Sound(t, codec, 1, channels)
			s := &fragmenttest.Source{Tracks: []*media.Track{tr}, Units: [][]*media.Unit{units}}
			requireSound(t, s, format)
		}
	}
	tr, units := fragmenttest.Sound(t, media.LPCM, 1, 2) // every three bytes are a sample, whatever they sound like
	tr.BitDepth = 24
	for _, u := range units {
		u.Payload = append(u.Payload, u.Payload[0][:len(u.Payload[0])/2])
	}
	requireSound(t, &fragmenttest.Source{Tracks: []*media.Track{tr}, Units: [][]*media.Unit{units}}, "s24be")

	s := fragmenttest.New(t, media.H264, media.AAC, 4, true, "-bf", "2")
	data, _, _ := s.Write(t)
	file := fragmenttest.Save(t, "x.mp4", data)
	got := fragmenttest.FFmpeg(t, "-i", file, "-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-")
	require.Equal(t, slices(s), nals(got))
}

// requireSound requires that ffmpeg decodes the sound to the samples that went in.
func requireSound(t *testing.T, s *fragmenttest.Source, format string) {
	t.Helper()
	data, _, _ := s.Write(t)
	file := fragmenttest.Save(t, "x.mp4", data)
	var want []byte
	for _, u := range s.Units[0] {
		want = append(want, bytes.Join(u.Payload, nil)...)
	}
	require.True(t, bytes.Equal(want, fragmenttest.FFmpeg(t, "-i", file, "-map", "0:a", "-f", format, "-")), format)
}

// slices returns the source's NAL units without delimiters and parameter sets.
func slices(s *fragmenttest.Source) (out [][]byte) {
	for _, u := range s.Units[0] {
		for _, n := range u.Payload {
			if k := n[0] & 0x1F; k != 7 && k != 8 && k != 9 {
				out = append(out, n)
			}
		}
	}
	return out
}

func nals(p []byte) (out [][]byte) {
	for _, n := range bytes.Split(p, []byte{0, 0, 1}) {
		n = bytes.TrimRight(n, "\x00")
		if len(n) > 0 && n[0]&0x1F != 7 && n[0]&0x1F != 8 && n[0]&0x1F != 9 {
			out = append(out, n)
		}
	}
	return out
}

// A file that is cut anywhere plays up to its last whole fragment, and the scan says how much that is.
func TestCutsAnywhere(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.PCMA, 6, true, "-bf", "2")
	data, ends, fragments := s.Write(t)
	seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	cuts := map[int]int{} // whole fragments → cuts that had so many
	for range 200 {
		n := random.Int64N(int64(len(data)))
		torn, err := fragment.Scan(bytes.NewReader(data[:n]), n)
		require.NoError(t, err)
		whole := 0
		for whole < len(ends) && ends[whole] <= n {
			whole++
		}
		require.Len(t, torn.Fragments, whole)
		want := int64(0)
		switch {
		case whole > 0:
			want = ends[whole-1]
		case n >= seg.HeaderSize:
			want = seg.HeaderSize
		}
		require.Equal(t, want, torn.Whole)
		if n != torn.Whole || n == 0 {
			require.NotNil(t, torn.Torn)
			require.True(t, torn.Torn.Cut, torn.Torn.Error())
		} else {
			require.Nil(t, torn.Torn)
		}
		require.Empty(t, torn.Breaks)
		if cuts[whole]++; cuts[whole] > 2 || whole == 0 {
			continue // the same bytes are served: ffmpeg would see nothing new
		}
		frames := 0
		for _, f := range fragments[:whole] {
			frames += len(f.Tracks[0].Units)
		}
		served := fragmenttest.Save(t, "cut.mp4", data[:torn.Whole])
		decode(t, served)
		require.Equal(t, strconv.Itoa(frames), ffprobe(t, served).Streams[0].Frames)
		// The file as the crash left it plays as well: ffmpeg may say that it ends early.
		raw := ffprobe(t, fragmenttest.Save(t, "raw.mp4", data[:n])).Streams[0].Frames
		got, err := strconv.Atoi(raw)
		require.NoError(t, err)
		require.GreaterOrEqual(t, got, frames)
	}
	require.Len(t, cuts, len(fragments), "every fragment was cut, and none was left over")
}

// ffmpeg reads the head of every fragment of a file before it plays one, and refuses a file that was torn
// inside such a head; told to ignore them it plays all that is whole, from the file as it was left.
func TestCutInsideAHead(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.AAC, 4, true)
	data, _, fragments := s.Write(t)
	seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	frames := 0
	for i, f := range seg.Fragments[:len(seg.Fragments)-1] {
		frames += len(fragments[i].Tracks[0].Units)
		next := seg.Fragments[i+1]
		for _, left := range []int64{1, 40, 300, next.Front - 240} {
			n := next.Offset + next.Front - left
			require.Less(t, f.Offset+f.Size, n)
			torn := fragmenttest.Save(t, "torn.mp4", data[:n])
			require.Equal(t, strconv.Itoa(frames), ffprobe(t, torn, "-fflags", "+ignidx").Streams[0].Frames, "%d bytes of head missing", left)
		}
	}
}

// Every changed byte is seen: as damage, as a break of the chain, or as another last leaf or header.
func TestEveryByteCounts(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.AAC, 2, true)
	data, _, _ := s.Write(t)
	seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		bad := bytes.Clone(data)
		i := random.IntN(len(bad))
		bad[i] ^= 1 << random.IntN(8)
		got, err := fragment.Scan(bytes.NewReader(bad), int64(len(bad)))
		seen := err != nil || got.Torn != nil || len(got.Breaks) > 0 || got.Last != seg.Last
		require.True(t, seen, "byte %d", i)
	}
}

func TestIndexReadsLittle(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.AAC, 4, true, "-b:v", "4M")
	data, _, _ := s.Write(t)
	full, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	r := &counting{ReaderAt: bytes.NewReader(data)}
	var got []fragment.Info
	seg, err := fragment.Index(r, int64(len(data)), func(_ *fragment.Header, i *fragment.Info) error { got = append(got, *i); return nil })
	require.NoError(t, err)
	require.Nil(t, seg.Torn)
	require.Equal(t, full.Whole, seg.Whole)
	for i := range got {
		got[i].Leaf = full.Fragments[i].Leaf
	}
	require.Equal(t, full.Fragments, got)
	require.Less(t, r.n, (len(got)+2)*3*fragment.ReadIndex)

	r = &counting{ReaderAt: bytes.NewReader(data)}
	_, err = fragment.Scan(r, int64(len(data)))
	require.NoError(t, err)
	require.Equal(t, len(data), r.n, "a scan reads every byte once")
}

type counting struct {
	*bytes.Reader
	ReaderAt *bytes.Reader
	n        int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += n
	return n, err
}

// The text goes on without a hole through fragments of odd lengths, lost pictures and a clock that
// runs at another rate than the camera's, and changes within a tick of the full second.
func TestZ26_TimeTextCoversEveryPicture(t *testing.T) {
	tr, units := fragmenttest.Pictures(t, media.H264, 8, true, "-bf", "2")
	s := &fragmenttest.Source{Tracks: []*media.Track{tr}, Units: [][]*media.Unit{units}, InBand: true}
	w, data, err := fragment.NewWriter(fragmenttest.Header(s.Tracks, true))
	require.NoError(t, err)
	fs := s.Cut()
	fs = append(fs[:2:2], fs[4:]...) // two seconds of pictures are lost
	for i := range fs {
		fs[i].Sequence = uint32(i + 1)
		b, _, err := w.Append(fs[i])
		require.NoError(t, err)
		data = append(data, b...)
	}
	seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.Empty(t, seg.Breaks)
	at, last := int64(0), ""
	for i, info := range seg.Fragments {
		c, err := seg.Samples(bytes.NewReader(data), i)
		require.NoError(t, err)
		require.Equal(t, at, c.Text.Decode)
		for k, line := range c.Text.Data {
			text := string(line[2:])
			if text != last {
				shown, err := time.Parse("2006-01-02 15:04:05 -07:00", text)
				require.NoError(t, err)
				wall := fragment.WallAt(info, at)
				if last != "" {
					require.InDelta(t, float64(shown.UnixNano()), float64(wall), float64(time.Second)/fragment.TextScale*2, text)
				}
				last = text
			}
			at += int64(c.Text.Samples[k].Duration)
		}
		require.Equal(t, info.To, at)
	}
	require.True(t, strings.HasSuffix(last, " +08:00"), last)
	decode(t, fragmenttest.Save(t, "gap.mp4", data))
}

// When summer time ends an hour comes twice: what is stored goes on evenly, what is shown goes back by an hour and is
// told apart by its offset.
func TestZ23_SummerTimeEnds(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	change, err := clock.ParseWall("2026-10-25T01:00:00Z")
	require.NoError(t, err)
	sound := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	h := fragmenttest.Header([]*media.Track{sound}, false)
	h.Zone = clock.NewZone(berlin)
	w, data, err := fragment.NewWriter(h)
	require.NoError(t, err)
	const seconds = 4
	at := func(i int) clock.Instant {
		return clock.Instant{Wall: change.Add(time.Duration(i-seconds/2) * time.Second), Uncertainty: time.Millisecond}
	}
	for i := range seconds {
		b, _, err := w.Append(fragment.Fragment{
			Sequence: uint32(i + 1), Start: at(i), End: at(i + 1), Source: "arrival",
			Tracks: []fragment.Part{{Decode: int64(i) * 8000, Units: []*media.Unit{{Payload: [][]byte{make([]byte, 8000)}, Key: true}}, Durations: []int64{8000}}},
		})
		require.NoError(t, err)
		data = append(data, b...)
	}
	seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.Len(t, seg.Fragments, seconds)
	var shown []string
	for i, info := range seg.Fragments {
		require.Equal(t, at(i).Wall, info.Start.Wall, "what is stored moves by nothing")
		c, err := seg.Samples(bytes.NewReader(data), i)
		require.NoError(t, err)
		for _, line := range c.Text.Data {
			shown = append(shown, string(line[2:]))
		}
	}
	require.Equal(t, []string{
		"2026-10-25 02:59:58 +02:00", "2026-10-25 02:59:59 +02:00", "2026-10-25 02:00:00 +01:00", "2026-10-25 02:00:01 +01:00",
	}, shown)
}

func TestWriterRefuses(t *testing.T) {
	video := &media.Track{Codec: media.H264, ClockRate: 90000, Width: 320, Height: 240}
	_, _, err := fragment.NewWriter(fragmenttest.Header([]*media.Track{video}, true))
	require.ErrorIs(t, err, fragment.ErrNoParameterSets)
	broken := *video
	broken.SPS, broken.PPS = []byte{0x67, 0xFF}, []byte{0x68}
	_, _, err = fragment.NewWriter(fragmenttest.Header([]*media.Track{&broken}, true))
	require.Error(t, err)
	_, _, err = fragment.NewWriter(fragmenttest.Header([]*media.Track{{Codec: media.CodecNone, ClockRate: 1}}, true))
	require.Error(t, err)
	_, _, err = fragment.NewWriter(fragmenttest.Header(nil, true))
	require.Error(t, err)

	sound := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	w, _, err := fragment.NewWriter(fragmenttest.Header([]*media.Track{sound}, false))
	require.NoError(t, err)
	good := fragment.Fragment{Sequence: 7, Tracks: []fragment.Part{{Units: []*media.Unit{{Payload: [][]byte{{1}}}}, Durations: []int64{1}}}}
	for name, f := range map[string]fragment.Fragment{
		"no unit":           {Sequence: 1, Tracks: []fragment.Part{{}}},
		"tracks":            {Sequence: 1},
		"sequence":          {Tracks: good.Tracks},
		"durations":         {Sequence: 1, Tracks: []fragment.Part{{Units: good.Tracks[0].Units}}},
		"negative duration": {Sequence: 1, Tracks: []fragment.Part{{Units: good.Tracks[0].Units, Durations: []int64{-1}}}},
		"negative decode":   {Sequence: 1, Tracks: []fragment.Part{{Decode: -1, Units: good.Tracks[0].Units, Durations: []int64{1}}}},
	} {
		before := w.Last()
		_, _, err := w.Append(f)
		require.Error(t, err, name)
		require.Equal(t, before, w.Last(), name)
	}
	_, _, err = w.Append(good)
	require.NoError(t, err, "a run goes on in its next segment with any number")
	_, _, err = w.Append(good)
	require.Error(t, err, "fragment 7 again")
}

func TestReferenceTime(t *testing.T) {
	for _, w := range []clock.Wall{0, 999_999_999, 1_795_327_387_412_345_678} {
		got := mp4.NTP64(fragment.NTP(w))
		require.WithinDuration(t, w.Time(), got.Time(), time.Nanosecond)
	}
}

func BenchmarkAppend(b *testing.B) {
	s := fragmenttest.New(b, media.H264, media.AAC, 2, true, "-b:v", "4M", "-minrate", "4M", "-maxrate", "4M", "-bufsize", "4M")
	w, _, err := fragment.NewWriter(fragmenttest.Header(s.Tracks, true))
	require.NoError(b, err)
	f := s.Cut()[0]
	// A second at 4 Mbit/s, whatever the encoder made of a test picture.
	f.Tracks[0].Units[0].Payload = append(f.Tracks[0].Units[0].Payload, make([]byte, 400_000))
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		w.Rewind()
		buf, _, err = w.AppendTo(buf, f)
		require.NoError(b, err)
	}
	b.SetBytes(int64(len(buf)))
}
