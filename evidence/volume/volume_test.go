package volume_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a volume whose writer runs until the test ends.
type running struct {
	*volume.Volume
	events   chan volume.Event
	receipts chan volume.Receipt
	stop     func() error
}

func run(t testing.TB, dir string, o volume.Options) *running {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	v, err := volume.Open(dir, o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Volume: v, events: make(chan volume.Event, 16), receipts: make(chan volume.Receipt, 10_000)}
	v.Notify(func(e volume.Event) { r.events <- e })
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	stopped := false
	r.stop = func() error {
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if !stopped {
			_ = r.stop()
		}
	})
	return r
}

func (r *running) write(data string) volume.Write {
	return volume.Write{Data: []byte(data), Done: func(rc volume.Receipt) { r.receipts <- rc }}
}

func memory(t testing.TB) *volumetest.Disk { return volumetest.New(t, "vol-a") }

func TestInitMarksAFolderOnce(t *testing.T) {
	dir := t.TempDir()
	_, err := volume.Open(dir, volume.Options{Clock: clock.NewSystem()})
	require.ErrorIs(t, err, volume.ErrUnmarked)
	require.ErrorContains(t, err, "roomrec volume init "+dir)

	id, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	again, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	require.Equal(t, id, again)
	v, err := volume.Open(dir, volume.Options{Clock: clock.NewSystem()})
	require.NoError(t, err)
	require.Equal(t, id, v.ID())

	_, err = volume.Init(filepath.Join(dir, "missing"), clock.NewSystem())
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = volume.Open(filepath.Join(dir, "missing"), volume.Options{Clock: clock.NewSystem()})
	require.ErrorIs(t, err, fs.ErrNotExist)

	for _, bad := range []string{"", "{", `{"format":"roomrec-volume/1"}`, `{"format":"roomrec-volume/2","id":"x"}`} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, volume.MarkerName), []byte(bad), 0o640))
		_, err := volume.Open(dir, volume.Options{Clock: clock.NewSystem()})
		require.ErrorContains(t, err, volume.MarkerName, bad)
		require.NotErrorIs(t, err, volume.ErrUnmarked, bad)
	}
}

func TestWritesOnTheHost(t *testing.T) {
	dir := t.TempDir()
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	reg := prometheus.NewRegistry()
	metrics, err := volume.NewMetrics(reg)
	require.NoError(t, err)
	r := run(t, dir, volume.Options{Metrics: metrics})
	name := "2026/11/22/s/room3/suspect/run-0001/0001.mp4"
	f := r.Create(name, r.write("head"))
	f.Append(r.write("one"))
	f.Append(r.write("two"))
	f.Close()
	for _, end := range []int64{4, 7, 10} {
		rc := <-r.receipts
		require.NoError(t, rc.Err)
		require.Equal(t, volume.Receipt{Volume: r.ID(), File: name, End: end, At: rc.At}, rc)
		require.NotZero(t, rc.At)
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	require.Equal(t, "headonetwo", string(b))
	space, err := r.Space()
	require.NoError(t, err)
	require.Positive(t, space.Free)
	require.Greater(t, space.Total, space.Free)
	require.NoError(t, r.stop())
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(fmt.Sprintf(`
# HELP roomrec_volume_acknowledged_bytes_total Bytes written and synced on the volume.
# TYPE roomrec_volume_acknowledged_bytes_total counter
roomrec_volume_acknowledged_bytes_total{volume=%q} 10
# HELP roomrec_volume_degraded 1 if the volume has failed and left, or does not answer; else 0.
# TYPE roomrec_volume_degraded gauge
roomrec_volume_degraded{volume=%q} 0
`, r.ID(), r.ID())), "roomrec_volume_acknowledged_bytes_total", "roomrec_volume_degraded"))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestExistingFileIsNeverOpened(t *testing.T) {
	dir := t.TempDir()
	_, err := volume.Init(dir, clock.NewSystem())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.mp4"), []byte("evidence"), 0o640))
	r := run(t, dir, volume.Options{})
	r.Create("x.mp4", r.write("other"))
	require.ErrorIs(t, (<-r.receipts).Err, fs.ErrExist)
	b, err := os.ReadFile(filepath.Join(dir, "x.mp4"))
	require.NoError(t, err)
	require.Equal(t, "evidence", string(b))
	require.ErrorIs(t, (<-r.events).Err, fs.ErrExist)
}

func TestPathsOutsideTheVolumeAreRefused(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a/../../x", "", ".", "a//b", "a/./b", "a\x00b"} {
		r := run(t, "/mem", volume.Options{Disk: memory(t)})
		r.Create(name, r.write("x"))
		require.ErrorContains(t, (<-r.receipts).Err, "not a path inside", name)
	}
}

func TestStepsComeInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		r := run(t, "/mem", volume.Options{Disk: disk})
		disk.Fail(volumetest.Sync, volumetest.Fault{Delay: time.Millisecond})
		r.Create("s/room/0001.mp4", r.write("head"))
		require.NoError(t, (<-r.receipts).Err)
		var order []string
		for _, c := range disk.Calls() {
			if !strings.HasPrefix(c, "lookup") {
				order = append(order, c)
			}
		}
		require.Equal(t, []string{
			"mkdir s", "mkdir s/room", "create s/room/0001.mp4", "write s/room/0001.mp4",
			"sync s/room/0001.mp4", "syncdir s/room", "syncdir s", "syncdir .",
		}, order)
		require.Equal(t, "lookup .", disk.Calls()[0], "nothing is written before the folder was looked at")
		require.NoError(t, r.stop())
	})
}

func TestCamerasAreSyncedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		r := run(t, "/mem", volume.Options{Disk: disk})
		disk.Fail(volumetest.Sync, volumetest.Fault{Delay: 10 * time.Millisecond})
		const cameras = 8
		var files []*volume.File
		for i := range cameras {
			files = append(files, r.Create(fmt.Sprintf("%d.mp4", i), r.write("head")))
		}
		for range cameras {
			require.NoError(t, (<-r.receipts).Err)
		}
		before := disk.Syncs()
		for range 5 {
			for _, f := range files {
				f.Append(r.write("x"))
			}
		}
		for range 5 * cameras {
			require.NoError(t, (<-r.receipts).Err)
		}
		require.LessOrEqual(t, disk.Syncs()-before, 2*cameras, "one sync per file and group, not per write")
		require.NoError(t, r.stop())
	})
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		call  volumetest.Call
		fault volumetest.Fault
		is    error
	}{
		"write error":       {volumetest.Write, volumetest.Fault{Err: syscall.EIO}, syscall.EIO},
		"full":              {volumetest.Write, volumetest.Fault{Err: syscall.ENOSPC}, syscall.ENOSPC},
		"short write":       {volumetest.Write, volumetest.Fault{Short: 2}, volume.ErrShortWrite},
		"error after bytes": {volumetest.Write, volumetest.Fault{Err: syscall.EIO, After: 6}, syscall.EIO},
		"sync error":        {volumetest.Sync, volumetest.Fault{Err: syscall.EIO}, syscall.EIO},
		"sync error once":   {volumetest.Sync, volumetest.Fault{Err: syscall.EIO, Once: true}, syscall.EIO},
		"folder sync":       {volumetest.SyncDir, volumetest.Fault{Err: syscall.EIO}, syscall.EIO},
		"create":            {volumetest.Create, volumetest.Fault{Err: syscall.EROFS}, syscall.EROFS},
		"mkdir":             {volumetest.Mkdir, volumetest.Fault{Err: syscall.EROFS}, syscall.EROFS},
		"lookup":            {volumetest.Lookup, volumetest.Fault{Err: syscall.EIO}, syscall.EIO},
		"close":             {volumetest.Close, volumetest.Fault{Err: syscall.EIO}, syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := memory(t)
				r := run(t, "/mem", volume.Options{Disk: disk})
				f := r.Create("a.mp4", r.write("head"))
				require.NoError(t, (<-r.receipts).Err)
				disk.Fail(c.call, c.fault)
				f.Append(r.write("12345678"))
				r.Create("dir/b.mp4", r.write("12345678"))
				f.Close()
				e := <-r.events
				require.Equal(t, volume.EventLeft, e.Kind)
				require.ErrorIs(t, e.Err, c.is)
				require.ErrorContains(t, e.Err, "volume vol-a: ")
				failed := 0
				for range 2 {
					if (<-r.receipts).Err != nil {
						failed++
					}
				}
				require.ErrorIs(t, r.Fault(), c.is)
				syncs := disk.Syncs()

				// Nothing is tried again, whatever the disk would say now.
				disk.Fail(c.call, volumetest.Fault{})
				f.Append(r.write("more"))
				require.ErrorIs(t, (<-r.receipts).Err, c.is)
				require.Equal(t, syncs, disk.Syncs())
				require.ErrorIs(t, r.stop(), c.is)
				require.Empty(t, r.events, "it leaves once")
				require.Positive(t, failed)
			})
		})
	}
}

func TestVanishedFolderIsSeen(t *testing.T) {
	for name, vanish := range map[string]func(*volumetest.Disk){
		"lazily unmounted": func(d *volumetest.Disk) { d.Move() },
		"read-only":        func(d *volumetest.Disk) { d.SetUsable(volume.ErrReadOnly) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := memory(t)
				r := run(t, "/mem", volume.Options{Disk: disk})
				f := r.Create("a.mp4", r.write("head"))
				require.NoError(t, (<-r.receipts).Err)
				vanish(disk)
				<-time.After(time.Second) // the table of mounts is read once a second
				f.Append(r.write("x"))
				require.Error(t, (<-r.receipts).Err)
				require.Equal(t, volume.EventLeft, (<-r.events).Kind)
				require.Error(t, r.stop())
			})
		})
	}
}

func TestHungDiskAlarmsThenLeaves(t *testing.T) {
	for _, call := range []volumetest.Call{volumetest.Write, volumetest.Sync, volumetest.Lookup} {
		t.Run(string(call), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := memory(t)
				r := run(t, "/mem", volume.Options{Disk: disk})
				f := r.Create("a.mp4", r.write("head"))
				require.NoError(t, (<-r.receipts).Err)
				disk.Fail(call, volumetest.Fault{Hang: true})
				began := time.Now()
				released := make(chan struct{}, 2)
				w := r.write("x")
				w.Release = func() { released <- struct{}{} }
				f.Append(w)
				synctest.Wait()
				f.Append(r.write("y"))

				e := <-r.events
				require.Equal(t, volume.EventSlow, e.Kind)
				require.InDelta(t, 2, time.Since(began).Seconds(), 0.11)
				e = <-r.events
				require.Equal(t, volume.EventLeft, e.Kind)
				require.ErrorIs(t, e.Err, volume.ErrHung)
				require.InDelta(t, 5, time.Since(began).Seconds(), 0.11)
				require.ErrorIs(t, (<-r.receipts).Err, volume.ErrHung)
				require.ErrorIs(t, (<-r.receipts).Err, volume.ErrHung)
				require.Empty(t, released, "the disk may still read the bytes")

				before := time.Now()
				require.ErrorIs(t, r.stop(), volume.ErrHung, "Run does not wait for the disk")
				require.Zero(t, time.Since(before))
				disk.Release()
				<-released
				synctest.Wait()
				require.Empty(t, r.receipts, "late receipts are not given")
			})
		})
	}
}

func TestSlowDiskRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		r := run(t, "/mem", volume.Options{Disk: disk})
		disk.Fail(volumetest.Sync, volumetest.Fault{Delay: 3 * time.Second, Once: true})
		r.Create("a.mp4", r.write("head"))
		require.Equal(t, volume.EventSlow, (<-r.events).Kind)
		require.Equal(t, volume.EventNormal, (<-r.events).Kind)
		require.NoError(t, (<-r.receipts).Err)
		require.NoError(t, r.stop())
	})
}

func TestBacklogLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		r := run(t, "/mem", volume.Options{Disk: disk})
		f := r.Create("a.mp4", r.write("head"))
		require.NoError(t, (<-r.receipts).Err)
		// Each sync takes 1.5 s for a group; so many single files make it fall behind.
		disk.Fail(volumetest.Sync, volumetest.Fault{Delay: 1500 * time.Millisecond})
		for i := range 8 {
			r.Create(fmt.Sprintf("%d.mp4", i), r.write("x"))
		}
		f.Append(r.write("x"))
		e := <-r.events
		require.Equal(t, volume.EventLeft, e.Kind)
		require.ErrorIs(t, e.Err, volume.ErrBacklog)
		require.ErrorIs(t, r.stop(), volume.ErrBacklog)
		<-time.After(2 * time.Second) // the sync that was under way comes back
	})
	synctest.Test(t, func(t *testing.T) {
		r := run(t, "/mem", volume.Options{Disk: memory(t), Limits: volume.Limits{QueueBytes: 100}})
		r.Create("a.mp4", r.write(strings.Repeat("x", 101)))
		require.ErrorIs(t, (<-r.receipts).Err, volume.ErrBacklog)
		require.ErrorIs(t, (<-r.events).Err, volume.ErrBacklog)
		require.ErrorIs(t, r.stop(), volume.ErrBacklog)
	})
}

func TestReceiptSurvivesAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		r := run(t, "/mem", volume.Options{Disk: disk})
		f := r.Create("s/room/0001.mp4", r.write("head"))
		for range 20 {
			f.Append(r.write("fragment"))
		}
		acknowledged := int64(0)
		for range 7 {
			rc := <-r.receipts
			require.NoError(t, rc.Err)
			acknowledged = rc.End
		}
		b, err := fs.ReadFile(disk.Crash(nil).Files(), "s/room/0001.mp4")
		require.NoError(t, err)
		require.GreaterOrEqual(t, int64(len(b)), acknowledged)
		require.NoError(t, r.stop())
	})
	// Two controls: without a sync of the file, or of a folder, a cut does lose it.
	disk := memory(t)
	f, err := disk.Create("a.mp4")
	require.NoError(t, err)
	_, err = f.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, disk.SyncDir("."))
	b, err := fs.ReadFile(disk.Crash(nil).Files(), "a.mp4")
	require.NoError(t, err)
	require.Empty(t, b)
	f, err = disk.Create("b.mp4")
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	_, err = fs.ReadFile(disk.Crash(nil).Files(), "b.mp4")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestStopWritesWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		r := run(t, "/mem", volume.Options{Disk: disk})
		disk.Fail(volumetest.Sync, volumetest.Fault{Delay: 100 * time.Millisecond})
		f := r.Create("a.mp4", r.write("head"))
		for range 10 {
			f.Append(r.write("x"))
		}
		require.NoError(t, r.stop())
		require.Len(t, r.receipts, 11)
		f.Append(r.write("x"))
		for range 11 {
			require.NoError(t, (<-r.receipts).Err)
		}
		require.ErrorIs(t, (<-r.receipts).Err, volume.ErrStopped)
	})
}

func TestLateListenerLearnsThatItLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory(t)
		disk.Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO})
		r := run(t, "/mem", volume.Options{Disk: disk})
		r.Create("a", r.write("x"))
		<-r.Left()
		got := make(chan volume.Event, 1)
		cancel := r.Notify(func(e volume.Event) { got <- e })
		require.ErrorIs(t, (<-got).Err, syscall.EIO)
		cancel()
		require.True(t, errors.Is(r.stop(), syscall.EIO))
	})
}
