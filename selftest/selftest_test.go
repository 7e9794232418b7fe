package selftest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/watch/stills"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a room with one simulated camera over RTSP and two disks.
type site struct {
	video *testcard.Video
	sound *testcard.Sound
	cfg   Config
}

func newSite(t *testing.T) *site {
	t.Helper()
	clk := clock.NewSystem()
	s := &site{
		video: testcard.NewVideo(testcard.Options{Width: 320, Height: 192, KeyEvery: 10, Clock: clk}),
		sound: testcard.NewSpeech(testcard.SoundOptions{Clock: clk}),
	}
	server, err := rtsptest.Serve(context.Background(), "127.0.0.1:0", map[string]*rtsptest.Stream{
		"cam": {Live: true, Sources: []rtsptest.Source{s.video, s.sound}},
	})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	source, err := rtsp.ParseSource(server.URL("cam"))
	require.NoError(t, err)
	feed := media.NewFeed()
	camera := rtsp.New(source, clk, feed, rtsp.Options{Name: "room1/front"})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- camera.Run(ctx) }()
	t.Cleanup(func() { cancel(); _ = <-ran }) // it says that ctx ended
	decoder, err := stills.New()
	require.NoError(t, err, "`make deps` installs ffmpeg")
	s.cfg = Config{
		Room: "room1", Why: Opening, Length: time.Second, Clock: clk, Zone: clock.NewZone(time.UTC), Decoder: decoder, Program: "test",
		Cameras: []Camera{{ID: "front", Feed: feed, Sound: true}},
		// A machine that does other things is slow; these tests are not about that.
		Limits: volume.Limits{Hung: time.Minute, Backlog: time.Minute}, Patience: time.Minute,
	}
	for range 2 {
		s.add(t, t.TempDir())
	}
	return s
}

func (s *site) add(t *testing.T, dir string) {
	t.Helper()
	id, err := volume.Init(dir, s.cfg.Clock)
	require.NoError(t, err)
	s.cfg.Volumes = append(s.cfg.Volumes, Volume{ID: id, Dir: dir})
}

// TestZ8_SelfTestOfARoom: what a room's camera gives goes to every disk and back through a decoder, is
// measured, and leaves nothing behind but what is said of it.
func TestZ8_SelfTestOfARoom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := Run(t.Context(), s.cfg)
	require.True(t, r.Passed, r.Summary())
	require.Equal(t, "1 cameras and 2 volumes are in order", r.Summary())
	require.Greater(t, r.Ended, r.Began)

	c := r.Cameras[0]
	require.Equal(t, []string{"front", "H264", "AAC"}, []string{c.Camera, c.Codec, c.Sound})
	require.Greater(t, c.Recorded, 20, "a second of 25")
	require.Equal(t, c.Recorded, c.Decoded)
	require.InDelta(t, 128, c.Brightness, 90)
	require.Greater(t, c.Contrast, 10.)
	require.InDelta(t, -20, *c.Level, 17)
	require.Greater(t, *c.Peak, *c.Level)

	require.Len(t, r.Volumes, 2)
	segments := 0
	for i, v := range r.Volumes {
		require.Equal(t, s.cfg.Volumes[i].ID, v.Volume)
		require.Equal(t, len(v.Files256), v.Files)
		require.Equal(t, r.Volumes[0].Files256, v.Files256, "the same bytes on both")
		require.Greater(t, v.Bytes, int64(10_000))
		for _, f := range v.Files256 {
			if filepath.Ext(f.Path) == ".mp4" {
				segments++
			}
		}
		entries, err := os.ReadDir(s.cfg.Volumes[i].Dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "C39: nothing but the marker is left")
		require.Equal(t, volume.MarkerName, entries[0].Name())
	}
	require.GreaterOrEqual(t, segments, 2)
}

// TestZ8_SelfTestFindsWhatIsWrong, each by its own words.
func TestZ8_SelfTestFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, s *site)
		says  string
	}{
		"dead microphone": {func(_ *testing.T, s *site) { s.sound.Set(testcard.Dead) }, "silence without noise"},
		"camera is gone":  {func(_ *testing.T, s *site) { s.cfg.Cameras[0].Feed, s.cfg.Patience = media.NewFeed(), time.Second }, "nothing of it was recorded"},
		"no decoder":      {func(_ *testing.T, s *site) { s.cfg.Decoder = nil }, "ffmpeg is not installed"},
		"full disk": {func(t *testing.T, s *site) {
			dir := filepath.Join(t.TempDir(), "full")
			require.NoError(t, os.Mkdir(dir, 0o750))
			require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"), "this test mounts a tmpfs: run it as root")
			t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
			s.add(t, dir)
		}, "volume "},
		"disk is not there": {func(_ *testing.T, s *site) { s.cfg.Volumes[1].Dir += "-gone" }, "no such file"},
		"no disk at all":    {func(_ *testing.T, s *site) { s.cfg.Volumes = nil }, "nothing of it was recorded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c.spoil(t, s)
			r := Run(t.Context(), s.cfg)
			require.False(t, r.Passed)
			require.Contains(t, r.Summary(), c.says)
		})
	}
}

// A disk that returns something else than was written is found out.
func TestReadBackOfWhatHasNoName(t *testing.T) {
	d, err := openUnnamed(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, d.release()) }()
	f, err := d.Create("a/b")
	require.NoError(t, err)
	_, err = d.Create("a/b")
	require.ErrorIs(t, err, os.ErrExist)
	_, err = f.Write([]byte("0123456789"))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	id, err := d.Lookup("a/b")
	require.NoError(t, err)
	own, err := f.Identity()
	require.NoError(t, err)
	require.Equal(t, own, id)
	sum, err := d.files["a/b"].fresh()
	require.NoError(t, err)
	require.Equal(t, seal.SHA256([]byte("0123456789")), sum)
	for _, spoil := range []func(fd int) error{
		func(fd int) error { _, err := unix.Pwrite(fd, []byte("x"), 3); return err },
		func(fd int) error { return unix.Ftruncate(fd, 9) },
		func(fd int) error { return unix.Ftruncate(fd, 11) },
	} {
		require.NoError(t, spoil(int(d.files["a/b"].f.Fd())))
		_, err = d.files["a/b"].fresh()
		require.ErrorIs(t, err, volume.ErrMismatch)
	}
	// It can get no name, not even from whoever holds it open.
	err = unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", d.files["a/b"].f.Fd()), unix.AT_FDCWD, filepath.Join(t.TempDir(), "name"), unix.AT_SYMLINK_FOLLOW)
	require.Error(t, err)
}

func TestResultIsSigned(t *testing.T) {
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "k"), "roomrec-test")
	require.NoError(t, err)
	level := -31.5
	r := Result{
		Room: "room1", Why: Daily, Length: time.Minute, Passed: true, Problems: []string{}, Volumes: []VolumeResult{},
		Cameras: []CameraResult{{Camera: "front", Level: &level, Problems: []string{}}},
	}
	note, err := Sign(r, key)
	require.NoError(t, err)
	got, err := Parse(note)
	require.NoError(t, err)
	r.Key = key.Verifier()
	require.Equal(t, r, got)
	for i := range note {
		changed := append([]byte{}, note...)
		changed[i] ^= 1
		_, err := Parse(changed)
		require.Error(t, err, "byte %d", i)
		require.True(t, errors.Is(err, seal.ErrFormat) || errors.Is(err, seal.ErrSignature) || errors.Is(err, seal.ErrVersion), "%v", err)
	}
}
