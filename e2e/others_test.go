package e2e

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/rtsp/rtsptest/peers"
)

// address is where a server of others serves a clip.
type address struct {
	kind
	url string
}

// gstreamer serves a clip of every kind from GStreamer's server.
func gstreamer(t *testing.T) (all []address) {
	t.Helper()
	mounts := make(map[string]string)
	for _, k := range kinds {
		mounts[k.String()] = peers.File(clip(t, k), k.video, k.audio)
	}
	server, err := peers.GStreamer{Mounts: mounts}.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	for _, k := range kinds {
		all = append(all, address{k, server.URL(k.String())})
	}
	return all
}

// vlc serves a clip of every kind from VLC, which knows UDP only.
func vlc(t *testing.T) (all []address) {
	t.Helper()
	for _, k := range kinds {
		server, err := peers.VLC(t.Context(), clip(t, k), k.String())
		require.NoError(t, err)
		t.Cleanup(server.Close)
		all = append(all, address{k, server.URL(k.String())})
	}
	return all
}

// TestZ7_RecordsServersOfOthers records from servers that no one here wrote and compares what is on disk
// with what they served.
func TestZ7_RecordsServersOfOthers(t *testing.T) {
	recordsServersOfOthers(t, 8*time.Second)
}

func recordsServersOfOthers(t *testing.T, length time.Duration) {
	for _, peer := range []struct {
		name, transport string
		serve           func(*testing.T) []address
	}{
		{"GStreamer", "tcp", gstreamer},
		{"VLC", "udp", vlc},
	} {
		t.Run(peer.name, func(t *testing.T) {
			t.Parallel()
			done := took(t, "clips and server")
			all := peer.serve(t)
			done()
			args := []string{"record", "--for", length.String(), "--to", t.TempDir(), "--transport", peer.transport}
			for _, a := range all {
				args = append(args, "--camera", a.String()+"="+a.url)
			}
			done = took(t, "recording")
			last := start(t, args).sealed(0)
			done()
			require.NotNil(t, last.Gaps)
			require.Zero(t, *last.Gaps)
			for _, a := range all {
				t.Run(a.String(), func(t *testing.T) {
					defer took(t, "comparison")()
					compare(t, a.kind, last.Folders[0], length)
				})
			}
		})
	}
}

// compare holds one camera's recording to the clip that was served.
func compare(t *testing.T, k kind, folder string, length time.Duration) {
	t.Helper()
	files := segments(t, folder, "record", k.String())
	require.Len(t, files, 1, "one run, one segment")
	file := files[0]
	decoded := checkDecodes(t, file)

	source := clip(t, k)
	want, got := pictures(t, streamOf(t, k, "v", source), k.video), pictures(t, streamOf(t, k, "v", file), k.video)
	first := indexOf(t, "picture data", len(got), len(want), func(i, j int) bool { return got[i].equal(want[j]) })
	require.Equal(t, len(got), decoded, "as many pictures come out of the decoder as the server sent from the first to the last")
	require.GreaterOrEqual(t, len(got), int(25*length.Seconds()), "shorter than was asked")
	t.Logf("pictures %d to %d of the source", first, first+len(got)-1)

	wantSound, gotSound := sounds(t, streamOf(t, k, "a", source), k.audio), sounds(t, streamOf(t, k, "a", file), k.audio)
	firstSound := indexOf(t, "sound", len(gotSound), len(wantSound), func(i, j int) bool { return bytes.Equal(gotSound[i], wantSound[j]) })
	t.Logf("frames of sound %d to %d of the source", firstSound, firstSound+len(gotSound)-1)

	picturesAt, soundAt := times(t, file, "v"), times(t, file, "a")
	require.Len(t, picturesAt, len(got))
	apart := soundAt[0] - picturesAt[0]
	t.Logf("sound begins %+.0f ms from the picture", 1000*apart)
	// A server sends sound in pieces, up to 128 ms long, and not in the order of the pictures. What the
	// camera sent first is kept, so the recording may begin with a few of them.
	require.InDelta(t, 0, apart, 0.5, "sound and picture begin together")
	// They belong together: both are as far apart as in the source.
	perSound := 1024. / 48000
	if k.audio == "pcma" {
		perSound = 1. / 8000
	}
	inSource := float64(firstSound)*perSound - times(t, source, "v")[first] + times(t, source, "a")[0]
	t.Logf("in the source %+.0f ms", 1000*inSource)
	require.InDelta(t, inSource, apart, 0.1, "sound and picture are as far apart as in the source")

	checkTimeText(t, file)
}
