package rtsp_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest/peers"
)

func gstreamer(t *testing.T, g peers.GStreamer) *peers.Peer {
	t.Helper()
	p, err := g.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// ffmpeg runs ffmpeg and returns what it writes.
func ffmpeg(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-v", "error", "-y"}, args...)...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	require.NoError(t, cmd.Run(), "%s (Debian package ffmpeg)", err.String())
	return out.Bytes()
}

// TestGStreamer receives every codec that GStreamer's server is asked for, over TCP and UDP.
func TestGStreamer(t *testing.T) {
	server := gstreamer(t, peers.GStreamer{Mounts: map[string]string{
		"aac":  peers.Pattern("h264", "aac", 320, 240),
		"h265": peers.Pattern("h265", "aac", 320, 240),
		"pcma": peers.Pattern("h264", "pcma", 320, 240),
		"pcmu": peers.Pattern("h264", "pcmu", 320, 240),
	}})
	for path, want := range map[string]struct{ video, audio string }{
		"aac": {"H264", "AAC"}, "h265": {"H265", "AAC"}, "pcma": {"H264", "PCMA"}, "pcmu": {"H264", "PCMU"},
	} {
		for _, transport := range []rtsp.Transport{rtsp.TCP, rtsp.UDP} {
			t.Run(path+" "+string(transport), func(t *testing.T) {
				t.Parallel()
				d := 2 * time.Second
				if path == "aac" {
					d = 7 * time.Second // its first sender report may take 5 s
				}
				r, err := rtsp.Probe(t.Context(), rtsp.Source{URL: server.URL(path), Transport: transport}, clock.NewSystem(), d)
				require.NoError(t, err, server.Log())
				require.Len(t, r.Tracks, 2)
				v, a := r.Tracks[0], r.Tracks[1]
				require.Equal(t, want.video, v.Codec)
				require.Equal(t, want.audio, a.Codec)
				require.Equal(t, []int{320, 240}, []int{v.Width, v.Height})
				require.InDelta(t, 25, v.UnitRate, 1)
				require.Positive(t, a.Units)
				for _, track := range r.Tracks {
					require.Zero(t, track.Lost)
					require.Zero(t, track.Jumps)
					if path == "aac" {
						require.True(t, track.SenderReport)
					}
					if track.SenderReport {
						require.InDelta(t, 0, *track.ClockOffset, 1)
					}
				}
			})
		}
	}
}

func TestGStreamerSignIn(t *testing.T) {
	for _, auth := range []string{"basic", "digest"} {
		t.Run(auth, func(t *testing.T) {
			server := gstreamer(t, peers.GStreamer{
				Mounts: map[string]string{"cam": peers.Pattern("h264", "", 320, 240)},
				Auth:   auth, User: "admin", Password: secret,
			})
			s := rtsp.Source{URL: server.URL("cam"), User: "admin", Password: secret}
			r, err := rtsp.Probe(t.Context(), s, clock.NewSystem(), time.Second)
			require.NoError(t, err)
			require.Positive(t, r.Tracks[0].Units)
			s.Password = "wrong"
			_, err = rtsp.Probe(t.Context(), s, clock.NewSystem(), time.Second)
			require.ErrorIs(t, err, rtsp.ErrUnauthorized)
			s.User, s.Password = "", ""
			_, err = rtsp.Probe(t.Context(), s, clock.NewSystem(), time.Second)
			require.ErrorIs(t, err, rtsp.ErrUnauthorized)
			require.ErrorContains(t, err, "demands a user")
		})
	}
}

// TestGStreamerSecure receives over TLS from a server that is not Go's.
func TestGStreamerSecure(t *testing.T) {
	t.Parallel()
	cert, _ := certificate(t, "127.0.0.1")
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "server.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	require.NoError(t, os.WriteFile(file, both, 0o600))
	server := gstreamer(t, peers.GStreamer{Mounts: map[string]string{"cam": peers.Pattern("h264", "pcma", 320, 240)}, PEM: file})
	sum := sha256.Sum256(cert.Certificate[0])
	s := rtsp.Source{URL: server.URL("cam"), TLS: rtsp.TLS{Fingerprint: hex.EncodeToString(sum[:])}}
	r, err := rtsp.Probe(t.Context(), s, clock.NewSystem(), time.Second)
	require.NoError(t, err, server.Log())
	require.True(t, r.Secure)
	require.Positive(t, r.Tracks[0].Units)
	s.TLS.Fingerprint = ""
	_, err = rtsp.Probe(t.Context(), s, clock.NewSystem(), time.Second)
	require.ErrorIs(t, err, rtsp.ErrTLSUntrusted)
}

// TestGStreamerFile compares every coded picture and frame of a file with B-frames with what arrived,
// until the server's goodbye.
func TestGStreamerFile(t *testing.T) {
	for _, codec := range []string{"h264", "h265"} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "source.mp4")
			ffmpeg(t, "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000",
				"-t", "4", "-pix_fmt", "yuv420p", "-c:v", "lib"+map[string]string{"h264": "x264", "h265": "x265"}[codec],
				"-preset", "ultrafast", "-g", "25", "-bf", "2", "-x265-params", "log-level=error", "-c:a", "aac", "-ac", "2", file)
			server := gstreamer(t, peers.GStreamer{Mounts: map[string]string{"cam": peers.File(file, codec, "aac")}})
			r := watch(t, rtsp.Source{URL: server.URL("cam")}, rtsp.Options{BackoffMin: time.Hour})
			items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
			require.ErrorIs(t, of[*media.End](items)[0].Err, rtsp.ErrEnded)
			require.Empty(t, of[*media.Gap](items))
			require.Empty(t, of[*media.Jump](items))
			checkTimes(t, items)
			muxer := map[string]string{"h264": "h264", "h265": "hevc"}[codec]
			want := nals(ffmpeg(t, "-i", file, "-c", "copy", "-an", "-f", muxer, "-"), codec)
			var got [][]byte
			us := units(items, 0)
			for _, u := range us {
				for _, n := range u.Payload {
					if !isSide(n, codec) {
						got = append(got, n)
					}
				}
			}
			require.Len(t, us, 100)
			require.Equal(t, want, got)
			reordered := false
			for i, u := range us[1:] {
				reordered = reordered || u.PTS < us[i].PTS
			}
			require.True(t, reordered)
			// The decoding times are a frame apart once the first few have been placed.
			for i := 5; i < len(us); i++ {
				require.InDelta(t, 3600, us[i].DTS-us[i-1].DTS, 2)
			}
			adts := ffmpeg(t, "-i", file, "-c", "copy", "-vn", "-f", "adts", "-")
			var sound [][]byte
			for _, u := range units(items, 1) {
				sound = append(sound, u.Payload[0])
			}
			// The file's edit list hides the encoder's first frame, and half of the last; the server
			// leaves both out (ffprobe gets as many from it).
			want = frames(adts)
			require.Equal(t, want[1:len(want)-1], sound)
		})
	}
}

// nals splits a byte stream, leaving out parameter sets, delimiters and SEI.
func nals(b []byte, codec string) (out [][]byte) {
	for _, part := range bytes.Split(b, []byte{0, 0, 1}) {
		part = bytes.TrimSuffix(part, []byte{0})
		if len(part) > 0 && !isSide(part, codec) {
			out = append(out, part)
		}
	}
	return out
}

func isSide(nal []byte, codec string) bool {
	if codec == "h264" {
		return nal[0]&0x1f > 5
	}
	return nal[0]>>1&0x3f > 31
}

// frames takes the ADTS headers out of a stream.
func frames(b []byte) (out [][]byte) {
	for len(b) > 7 {
		n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5)
		out = append(out, b[7:n])
		b = b[n:]
	}
	return out
}

// TestVLC receives VLC, which knows UDP only, refuses TCP and loops its file.
func TestVLC(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "roomrec-vlc") // readable for the user that VLC runs as
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "source.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000",
		"-t", "3", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", file)
	server, err := peers.VLC(t.Context(), file, "cam")
	require.NoError(t, err)
	t.Cleanup(server.Close)

	// Before its stream is set up, VLC answers that it failed.
	require.Eventually(t, func() bool {
		_, err := rtsp.Probe(t.Context(), rtsp.Source{URL: server.URL("cam")}, clock.NewSystem(), time.Second)
		return errors.Is(err, rtsp.ErrTransport)
	}, 30*time.Second, 100*time.Millisecond, "transport refused")

	r := watch(t, rtsp.Source{URL: server.URL("cam"), Transport: rtsp.UDP}, rtsp.Options{BackoffMin: 10 * time.Millisecond})
	items := r.until(t, "more than one round of the file", func(items []media.Item) bool { return len(units(items, 0)) > 150 && len(units(items, 1)) > 150 })
	checkTimes(t, items[:1+lastOfEpoch(items)])
	for _, g := range of[*media.Gap](items) {
		require.Equal(t, media.CauseStart, g.Cause)
	}
	sizes := 0
	for _, track := range of[*media.Description](items)[0].Tracks {
		sizes += track.Width
	}
	require.Equal(t, 320, sizes)
}

// lastOfEpoch returns the index of the last item before the stream's first end.
func lastOfEpoch(items []media.Item) int {
	for i, it := range items {
		if _, ok := it.(*media.End); ok {
			return i
		}
	}
	return len(items) - 1
}
