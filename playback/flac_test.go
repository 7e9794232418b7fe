package playback

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// decoded returns what ffmpeg makes of an input in the raw format want.
func decoded(t *testing.T, data []byte, want string, args ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	cmd := exec.Command("ffmpeg", append(append([]string{"-nostdin", "-v", "error"}, args...), "-i", file, "-f", want, "-")...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	require.Empty(t, stderr.String())
	return out.Bytes()
}

// Converted sound is what an independent decoder makes of the original: every value of G.711, both
// sizes of LPCM, one and two channels, frames of any length.
func TestConvertedSoundIsTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		track *media.Track
		raw   []string // how ffmpeg reads the original
		want  string
	}{
		"A-law":  {&media.Track{Codec: media.PCMA, Channels: 1}, []string{"-f", "alaw"}, "s16be"},
		"µ-law":  {&media.Track{Codec: media.PCMU, Channels: 2}, []string{"-f", "mulaw"}, "s16be"},
		"16 bit": {&media.Track{Codec: media.LPCM, Channels: 2, BitDepth: 16}, []string{"-f", "s16be"}, "s16be"},
		"24 bit": {&media.Track{Codec: media.LPCM, Channels: 1, BitDepth: 24}, []string{"-f", "s24be"}, "s24be"},
	} {
		t.Run(name, func(t *testing.T) {
			c.track.SampleRate, c.track.ClockRate = 16000, 16000
			width := 1
			if c.track.Codec == media.LPCM {
				width = c.track.BitDepth / 8
			}
			step := width * c.track.Channels
			var original []byte
			for i := range 6 * 256 * 60 {
				original = append(original, byte(i*7+i/256))
			}
			init, err := browserInit([]*media.Track{c.track}, nil, 0)
			require.NoError(t, err)
			file := init
			at := int64(0)
			for rest, n := original, 1; len(rest) > 0; n++ {
				size := min(step*(40+n*31%900), len(rest))
				share := browserShare{
					track: c.track, decode: at, data: [][]byte{rest[:size]},
					samples: []fragment.Sample{{Duration: uint32(size / step), Key: true}},
				}
				file, err = appendBrowserFragment(file, uint32(n), []browserShare{share})
				require.NoError(t, err)
				at += int64(size / step)
				rest = rest[size:]
			}
			want := decoded(t, original, c.want, append(c.raw, "-ar", "16000", "-ac", map[int]string{1: "1", 2: "2"}[c.track.Channels])...)
			require.True(t, bytes.Equal(want, decoded(t, file, c.want)))
		})
	}
	_, err := flacFrame(nil, &media.Track{Codec: media.LPCM, Channels: 2, BitDepth: 16}, []byte{1, 2, 3}, 0)
	require.Error(t, err)
}

func TestCodedNumbers(t *testing.T) {
	for v, want := range map[uint64][]byte{
		0x7F: {0x7F}, 0x80: {0xC2, 0x80}, 0x7FF: {0xDF, 0xBF}, 0x800: {0xE0, 0xA0, 0x80}, 0x10000: {0xF0, 0x90, 0x80, 0x80},
		1<<36 - 1: {0xFE, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF},
	} {
		require.Equal(t, want, appendCoded(nil, v))
	}
}

func TestCodecNames(t *testing.T) {
	require.Equal(t, `video/mp4; codecs="avc1.42c01e, mp4a.40.2"`, MIME([]*media.Track{
		{Codec: media.H264, SPS: []byte{0x67, 0x42, 0xC0, 0x1E}}, {Codec: media.AAC, Config: []byte{0x12, 0x10}},
	}))
	require.Equal(t, `audio/mp4; codecs="flac, opus"`, MIME([]*media.Track{{Codec: media.PCMA}, {Codec: media.Opus}}))
	// Main profile, level 3.1, as in ISO/IEC 14496-15, annex E.
	sps := []byte{0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0xB0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5D, 0xA0, 0x02}
	require.Equal(t, "hvc1.1.6.L93.B0", CodecName(&media.Track{Codec: media.H265, SPS: sps}))
	require.Equal(t, "hvc1", CodecName(&media.Track{Codec: media.H265, SPS: []byte{0x42}}))
	require.Equal(t, "mp4a.40.42", CodecName(&media.Track{Codec: media.AAC, Config: []byte{0xF9, 0x40}}))
}

func TestContinues(t *testing.T) {
	track := []*media.Track{{Codec: media.PCMU, ClockRate: 8000}}
	h := func(run, segment int, at clock.Wall) *Index {
		return &Index{Length: 10e9, Header: fragment.Header{Run: run, Segment: segment, Tracks: track, Origin: clock.Instant{Wall: at}}}
	}
	require.True(t, h(1, 2, 10_010_000_000).continues(h(1, 1, 0)))
	require.False(t, h(1, 2, 11_000_000_000).continues(h(1, 1, 0)), "a second is missing")
	require.False(t, h(1, 3, 10_000_000_000).continues(h(1, 1, 0)))
	require.False(t, h(2, 2, 10_000_000_000).continues(h(1, 1, 0)))
}
