package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
)

const (
	session = "20261122-140507-7f2k"
	folder  = "2026/11/22/" + session
)

// host is a session on real folders.
type host struct {
	*evidence.Evidence
	events []evidence.Event
	finish func()
}

func onHost(t testing.TB, dirs []string, change func(*evidence.Config)) *host {
	t.Helper()
	now := clock.NewSystem()
	ctx, cancel := context.WithCancel(context.Background())
	cfg := evidence.Config{
		Session: session, Folder: folder, Clock: now, Timeline: clock.NewTimeline(now.Now(), time.Millisecond),
		Zone: clock.NewZone(time.UTC), Log: zerolog.Nop(),
	}
	ran := make(chan error, len(dirs)+1)
	for _, d := range dirs {
		_, err := volume.Init(d, now)
		require.NoError(t, err)
		v, err := volume.Open(d, volume.Options{Clock: now})
		require.NoError(t, err)
		cfg.Volumes = append(cfg.Volumes, v)
		go func() { ran <- v.Run(ctx) }()
	}
	if change != nil {
		change(&cfg)
	}
	e, err := evidence.Create(ctx, cfg, journal.Entry{Type: "session.opened", Actor: "officer:li"})
	require.NoError(t, err)
	h := &host{Evidence: e}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for ev := range e.Events() {
			h.events = append(h.events, ev)
		}
	}()
	sessionRan := make(chan error, 1)
	go func() { sessionRan <- e.Run(ctx) }()
	h.finish = func() {
		require.NoError(t, <-sessionRan)
		<-read
		cancel()
		for range dirs {
			_ = <-ran
		}
	}
	return h
}

// publish hands a clip to a feed in the order of its decoding times, as fast as it is taken.
func publish(feed *media.Feed, src *fragmenttest.Source) {
	now := clock.NewSystem().Now()
	feed.Publish(&media.Description{Epoch: 1, Tracks: src.Tracks, At: now})
	var all []*media.Unit
	for i, units := range src.Units {
		for _, u := range units {
			c := *u
			c.Track = i
			c.Arrival = now.Add(src.Tracks[i].Ticks(u.DTS).Duration())
			all = append(all, &c)
		}
	}
	slices.SortStableFunc(all, func(a, b *media.Unit) int { return int(a.Arrival.Mono - b.Arrival.Mono) })
	for _, u := range all {
		feed.Publish(u)
	}
}

func TestFilesPlayInOrdinaryPlayers(t *testing.T) {
	for name, make := range map[string]func(t testing.TB) *fragmenttest.Source{
		"H264 and AAC": func(t testing.TB) *fragmenttest.Source { return clip(t, media.H264, media.AAC, "-bf", "2") },
		"H264 and A-law": func(t testing.TB) *fragmenttest.Source {
			return clip(t, media.H264, media.PCMA, "-bf", "0")
		},
		"H265": func(t testing.TB) *fragmenttest.Source { return clip(t, media.H265, media.CodecNone) },
	} {
		t.Run(name, func(t *testing.T) {
			src := make(t)
			one, two := t.TempDir(), t.TempDir()
			h := onHost(t, []string{one, two}, nil)
			feed := media.NewFeed()
			require.NoError(t, h.Record(evidence.Camera{Room: "room3", ID: "suspect", Feed: feed, Required: true}))
			publish(feed, src)
			require.NoError(t, h.StopRecording(t.Context()))
			key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "k")
			require.NoError(t, err)
			_, err = h.Seal(t.Context(), key, evidence.Facts{})
			require.NoError(t, err)
			h.finish()

			file := filepath.Join(one, folder, "room3/suspect/run-0001/0001.mp4")
			a, err := os.ReadFile(file)
			require.NoError(t, err)
			b, err := os.ReadFile(filepath.Join(two, folder, "room3/suspect/run-0001/0001.mp4"))
			require.NoError(t, err)
			require.True(t, bytes.Equal(a, b))
			require.Equal(t, len(src.Units[0]), frames(t, file, "v:0"))
			var starts []float64
			for i := range src.Tracks {
				out := ffprobe(t, "-select_streams", strconv.Itoa(i), "-show_entries", "stream=start_time", "-of", "csv=p=0", file)
				at, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(out, ",\n")), 64)
				require.NoError(t, err)
				starts = append(starts, at)
			}
			if len(starts) > 1 {
				require.InDelta(t, starts[0], starts[1], 0.1, "sound and picture start together")
			}
			// Decodes without a word.
			out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", file, "-map", "0:v", "-map", "0:a?", "-f", "null", "-").CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Empty(t, string(out))
		})
	}
}

func ffprobe(t testing.TB, args ...string) string {
	out, err := exec.Command("ffprobe", append([]string{"-v", "error"}, args...)...).CombinedOutput()
	require.NoError(t, err, "ffprobe (install it with: make deps): %s", out)
	return string(out)
}

func frames(t testing.TB, file, stream string) int {
	out := ffprobe(t, "-count_frames", "-select_streams", stream, "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file)
	n, err := strconv.Atoi(strings.TrimSpace(strings.Trim(out, ",\n")))
	require.NoError(t, err)
	return n
}

func clip(t testing.TB, video, sound media.Codec, extra ...string) *fragmenttest.Source {
	s := &fragmenttest.Source{InBand: true}
	track, units := fragmenttest.Pictures(t, video, 6, true, extra...)
	s.Tracks, s.Units = append(s.Tracks, track), append(s.Units, units)
	if sound != media.CodecNone {
		track, units := fragmenttest.Sound(t, sound, 6, 1)
		s.Tracks, s.Units = append(s.Tracks, track), append(s.Units, units)
	}
	return s
}

// A disk that is really full: the session goes on without a missing picture on the other one.
func TestFullDiskLeaves(t *testing.T) {
	small := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m"),
		"this test mounts a tmpfs: run it as root, or in a user namespace of its own (unshare -rm)")
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(small, 0)) })
	big := t.TempDir()
	h := onHost(t, []string{small, big}, nil)
	src := clip(t, media.H264, media.AAC, "-b:v", "4M", "-minrate", "4M", "-maxrate", "4M", "-bufsize", "1M", "-nal-hrd", "cbr")
	feed := media.NewFeed()
	require.NoError(t, h.Record(evidence.Camera{Room: "r", ID: "c", Feed: feed}))
	publish(feed, src)
	require.NoError(t, h.StopRecording(t.Context()))
	require.NoError(t, h.Close(t.Context()))
	h.finish()
	var left []evidence.VolumeLeft
	for _, e := range h.events {
		switch e := e.(type) {
		case evidence.VolumeLeft:
			left = append(left, e)
		case evidence.GapDeclared, evidence.StorageLost:
			t.Fatalf("%#v", e)
		}
	}
	require.Len(t, left, 1)
	require.True(t, errors.Is(left[0].Err, syscall.ENOSPC) || errors.Is(left[0].Err, volume.ErrShortWrite), "%v", left[0].Err)
	n := 0
	files, err := filepath.Glob(filepath.Join(big, folder, "r/c/run-0001/*.mp4"))
	require.NoError(t, err)
	for _, f := range files {
		n += frames(t, f, "v:0")
	}
	require.Equal(t, len(src.Units[0]), n)
}
