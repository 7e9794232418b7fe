package volume_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/volume"
)

const needsMount = "this test mounts a tmpfs: run it as root, or in a user namespace of its own (unshare -rm)"

// tmpfs returns a folder with a small file system of its own.
func tmpfs(t testing.TB, options string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, os.Mkdir(dir, 0o750))
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, options), needsMount)
	t.Cleanup(func() {
		for syscall.Unmount(dir, syscall.MNT_DETACH) == nil {
		}
	})
	return dir
}

// Faults of which no call on an open file tells: found by looking.
func TestVanishedFoldersOnTheHost(t *testing.T) {
	for name, vanish := range map[string]func(t *testing.T, dir string){
		"lazily unmounted": func(t *testing.T, dir string) {
			require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH))
		},
		"mounted over": func(t *testing.T, dir string) {
			require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"), needsMount)
		},
		"file replaced": func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(filepath.Join(dir, "a.mp4"), filepath.Join(dir, "b.mp4")))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "a.mp4"), []byte("headx"), 0o640))
		},
		"file deleted": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "a.mp4")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tmpfs(t, "size=1m")
			_, err := volume.Init(dir, clock.NewSystem())
			require.NoError(t, err)
			r := run(t, dir, volume.Options{})
			f := r.Create("a.mp4", r.write("head"))
			require.NoError(t, (<-r.receipts).Err)
			vanish(t, dir)
			f.Append(r.write("more"))
			require.ErrorIs(t, (<-r.receipts).Err, volume.ErrMoved)
			require.ErrorIs(t, (<-r.events).Err, volume.ErrMoved)
			require.ErrorIs(t, r.stop(), volume.ErrMoved)
		})
	}
}

// Nothing lands on the system disk where a mount has gone.
func TestNothingIsWrittenUnderAMissingMount(t *testing.T) {
	dir := tmpfs(t, "size=1m")
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	r := run(t, dir, volume.Options{})
	require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH))
	r.Create("2026/x.mp4", r.write("head"))
	require.ErrorIs(t, (<-r.receipts).Err, volume.ErrMoved)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Error(t, r.stop())
	_, err = volume.Open(dir, volume.Options{Clock: clock.NewSystem()})
	require.ErrorIs(t, err, volume.ErrUnmarked)
}

func TestFullDiskOnTheHost(t *testing.T) {
	dir := tmpfs(t, "size=64k")
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	r := run(t, dir, volume.Options{})
	f := r.Create("a.mp4", r.write("head"))
	piece := string(make([]byte, 10_000))
	for range 10 {
		f.Append(r.write(piece))
	}
	var end int64
	failed := 0
	for range 11 {
		if rc := <-r.receipts; rc.Err != nil {
			failed++
		} else {
			end = rc.End
		}
	}
	require.Positive(t, failed)
	e := <-r.events
	require.Equal(t, volume.EventLeft, e.Kind)
	info, err := os.Stat(filepath.Join(dir, "a.mp4"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, info.Size(), end, "what was acknowledged is there")
	require.Error(t, r.stop())
}

func TestReadOnlyMountIsRefused(t *testing.T) {
	dir := tmpfs(t, "size=1m")
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	_, err = volume.Open(dir, volume.Options{Clock: clock.NewSystem()})
	require.ErrorIs(t, err, volume.ErrReadOnly)
}

func TestReadBack(t *testing.T) {
	dir := t.TempDir()
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	reg := prometheus.NewPedanticRegistry()
	m, err := volume.NewMetrics(reg)
	require.NoError(t, err)
	v, err := volume.Open(dir, volume.Options{Clock: clock.NewSystem(), Metrics: m})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ran := make(chan error, 1)
	go func() { ran <- v.Run(ctx) }()
	synced := make(chan volume.Receipt, 1)
	v.Create("a/b", volume.Write{Data: []byte("0123456789"), Done: func(r volume.Receipt) { synced <- r }})
	require.NoError(t, (<-synced).Err)
	got := make(chan string, 1)
	require.True(t, v.ReadBack("a/b", 2, 5, func(b []byte) bool { got <- string(b); return true }))
	require.Equal(t, "23456", <-got)
	// A file that is shorter than it was is another one than was written.
	require.Eventually(t, func() bool { return v.ReadBack("a/b", 8, 5, func([]byte) bool { return true }) }, 30*time.Second, time.Millisecond)
	<-v.Left()
	require.ErrorIs(t, v.Fault(), volume.ErrMismatch)
	stop()
	require.ErrorIs(t, <-ran, volume.ErrMismatch)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP roomrec_volume_read_back_errors_total Pieces that could not be read back, or were not what was written.
# TYPE roomrec_volume_read_back_errors_total counter
roomrec_volume_read_back_errors_total{volume="`+v.ID()+`"} 1
`), "roomrec_volume_read_back_errors_total"))
}
