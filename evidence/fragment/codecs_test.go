package fragment_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
)

type probe struct {
	Streams []struct {
		CodecType string `json:"codec_type"`
		Codec     string `json:"codec_name"`
		Tag       string `json:"codec_tag_string"`
		Frames    string `json:"nb_read_frames"`
		Packets   string `json:"nb_read_packets"`
		Start     string `json:"start_time"`
		Channels  int    `json:"channels"`
		Rate      string `json:"sample_rate"`
	} `json:"streams"`
}

func ffprobe(t testing.TB, file string, more ...string) (p probe) {
	t.Helper()
	args := append([]string{"-v", "error", "-count_frames", "-count_packets", "-show_streams", "-of", "json"}, more...)
	out, err := exec.Command("ffprobe", append(args, file)...).Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &p))
	return p
}

// decode runs the whole file through ffmpeg's decoders and requires that they report no error.
func decode(t testing.TB, file string) {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}

func TestCodecs(t *testing.T) {
	for _, c := range []struct {
		name         string
		video, audio media.Codec
		inBand       bool
		tags         []string
		extra        []string
	}{
		{"H264 with B pictures, AAC", media.H264, media.AAC, true, []string{"avc3", "mp4a"}, []string{"-bf", "2"}},
		{"H264 sets moved, u-law", media.H264, media.PCMU, false, []string{"avc1", "ulaw"}, []string{"-bf", "0"}},
		{"H264, A-law", media.H264, media.PCMA, true, []string{"avc3", "alaw"}, []string{"-tune", "zerolatency"}},
		{"H264, Opus", media.H264, media.Opus, true, []string{"avc3", "Opus"}, nil},
		{"H264, LPCM", media.H264, media.LPCM, true, []string{"avc3", "ipcm"}, nil},
		{"H265, AAC", media.H265, media.AAC, true, []string{"hev1", "mp4a"}, nil},
		{"H265 sets moved", media.H265, media.CodecNone, false, []string{"hvc1"}, nil},
		{"sound alone", media.CodecNone, media.AAC, false, []string{"mp4a"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fragmenttest.New(t, c.video, c.audio, 5, c.inBand, c.extra...)
			data, ends, fragments := s.Write(t)
			file := fragmenttest.Save(t, "x.mp4", data)
			p := ffprobe(t, file)
			require.Len(t, p.Streams, len(c.tags)+1)
			for i, tag := range c.tags {
				require.Equal(t, tag, p.Streams[i].Tag)
				require.Equal(t, strconv.Itoa(len(s.Units[i])), p.Streams[i].Packets, tag)
				if s.Tracks[i].Codec.Video() {
					require.Equal(t, strconv.Itoa(len(s.Units[i])), p.Streams[i].Frames)
				} else {
					require.Equal(t, 1, p.Streams[i].Channels)
				}
			}
			require.Equal(t, "mov_text", p.Streams[len(c.tags)].Codec)
			decode(t, file)

			seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
			require.NoError(t, err)
			require.Nil(t, seg.Torn)
			require.Empty(t, seg.Breaks)
			require.Equal(t, int64(len(data)), seg.Whole)
			require.Len(t, seg.Fragments, len(ends))
			for i, info := range seg.Fragments {
				require.Equal(t, ends[i], info.Offset+info.Size)
				require.Equal(t, fragments[i].Start, info.Start)
				require.Equal(t, fragments[i].End, info.End)
				content, err := seg.Samples(bytes.NewReader(data), i)
				require.NoError(t, err)
				for k, part := range fragments[i].Tracks {
					got := content.Tracks[k]
					require.Len(t, got.Samples, len(part.Units))
					for n, u := range part.Units {
						require.Equal(t, fragment.UnitData(u, s.Tracks[k].Codec.Video()), got.Data[n])
						require.Equal(t, u.PTS-u.DTS, int64(got.Samples[n].Offset))
						require.Equal(t, part.Durations[n], int64(got.Samples[n].Duration))
					}
					require.Equal(t, part.Lost, info.Tracks[k].Lost)
				}
			}
		})
	}
}
