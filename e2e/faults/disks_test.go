package faults

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/faultdisk"
)

// disk is a volume that is about to fail.
type disk struct {
	to   string // where is recorded
	fail func()
	// kept returns, after the program has ended, a folder with what is really on the disk: what a power
	// cut would leave, where that can be told.
	kept func() string
	// free lets a disk go on that hangs. It may be called often.
	free func()
	// errored says when the program was given the first error; nil if that is not seen from outside.
	errored func() time.Time
	// patience is how long the disk may misbehave before that is a fault.
	patience time.Duration
	check    func() // after everything
}

// faults are the ways in which a disk fails. Each has a test with one volume and one with two.
var faults = map[string]func(*testing.T) *disk{
	"full tmpfs": func(t *testing.T) *disk {
		dir := folder(t, "volume")
		faultdisk.Tmpfs(t, dir, 48<<20)
		return &disk{to: dir, fail: func() { faultdisk.Fill(t, dir) }, kept: func() string { return dir }}
	},
	"full ext4": func(t *testing.T) *disk {
		d := loop(t, t.TempDir(), "ext4")
		d.fail = func() { faultdisk.Fill(t, d.to) }
		return d
	},
	"EIO on write":   onFUSE(faultdisk.Fault{Call: faultdisk.Write, Err: syscall.EIO}, 0),
	"EIO on fsync":   onFUSE(faultdisk.Fault{Call: faultdisk.Sync, Err: syscall.EIO, Once: true}, 0),
	"ENOSPC":         onFUSE(faultdisk.Fault{Call: faultdisk.Write, Err: syscall.ENOSPC}, 0),
	"short write":    onFUSE(faultdisk.Fault{Call: faultdisk.Write, Short: 100, Name: "*.mp4"}, 0),
	"write hangs":    onFUSE(faultdisk.Fault{Call: faultdisk.Write, Hang: true}, 5*time.Second),
	"sync takes 8 s": onFUSE(faultdisk.Fault{Call: faultdisk.Sync, Delay: 8 * time.Second}, 5*time.Second),
	"read-only at once": func(t *testing.T) *disk {
		f := faultdisk.Start(t)
		d := tree(t, f)
		d.fail, d.errored = f.ReadOnly, first(f, faultdisk.Write)
		return d
	},
	// The disk below fails, and ext4 takes itself out of use.
	"remounted read-only": func(t *testing.T) *disk {
		f := faultdisk.Start(t)
		d := loopOn(t, f, "ext4", "errors=remount-ro")
		d.fail = func() {
			f.Fail(faultdisk.Fault{Call: faultdisk.Write, Err: syscall.EIO})
			// Another program's file: its name is for the file system's journal, which cannot be written.
			other, err := os.OpenFile(filepath.Join(d.to, "other"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err == nil {
				require.Error(t, errors.Join(other.Sync(), other.Close()))
			}
		}
		d.errored = first(f, faultdisk.Write)
		d.check = func() {
			err := os.Mkdir(filepath.Join(d.to, "late"), 0o755)
			require.ErrorIs(t, err, syscall.EROFS, "ext4 did give up")
		}
		return d
	},
	"ext4 on a disk that hangs": func(t *testing.T) *disk {
		f := faultdisk.Start(t)
		d := loopOn(t, f, "ext4")
		d.fail = func() { f.Fail(faultdisk.Fault{Call: faultdisk.Write, Hang: true}) }
		d.patience = 5 * time.Second
		return d
	},
	"xfs shut down": func(t *testing.T) *disk {
		faultdisk.Need(t, "xfs_io", "xfsprogs")
		under := t.TempDir()
		d := loop(t, under, "xfs")
		d.fail = func() { faultdisk.Run(t, "xfs_io", "-x", "-c", "shutdown", d.to) }
		// What was shut down writes no more, and answers nothing while anyone on the machine holds it: a
		// mount namespace that was made beside this test does. A copy is read instead.
		d.kept = func() string {
			faultdisk.Unmount(t, d.to)
			cut, at := filepath.Join(under, "cut"), folder(t, "again")
			faultdisk.Run(t, "cp", "--sparse=always", filepath.Join(under, "image"), cut)
			faultdisk.Loop(t, cut, at, "nouuid")
			return at
		}
		return d
	},
	"unmounted lazily": func(t *testing.T) *disk {
		d := loop(t, t.TempDir(), "ext4")
		d.fail = func() { require.NoError(t, syscall.Unmount(d.to, syscall.MNT_DETACH)) }
		d.check = func() {
			left, err := os.ReadDir(d.to)
			require.NoError(t, err)
			require.Empty(t, left, "nothing was written under the mount point")
		}
		return d
	},
}

func folder(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Mkdir(dir, 0o755))
	return dir
}

// onFUSE returns a disk that has one fault of its own.
func onFUSE(fault faultdisk.Fault, patience time.Duration) func(*testing.T) *disk {
	return func(t *testing.T) *disk {
		f := faultdisk.Start(t)
		d := tree(t, f)
		d.patience = patience
		d.fail = func() { f.Fail(fault) }
		d.errored = first(f, fault.Call)
		if patience > 0 {
			d.errored = nil
		}
		if fault.Call == faultdisk.Sync && fault.Err != 0 {
			d.check = func() { requireNoRetry(t, f) }
		}
		return d
	}
}

// first returns a function that says when the disk gave its first error.
func first(f *faultdisk.Disk, c faultdisk.Call) func() time.Time {
	return func() time.Time { return f.Stats().Hits[c].First.Time() }
}

// tree is a volume that lies on the FUSE file system itself.
func tree(t *testing.T, f *faultdisk.Disk) *disk {
	return &disk{to: f.Dir, free: f.Release, kept: func() string {
		to := filepath.Join(t.TempDir(), "cut")
		f.Cut(faultdisk.Cut{To: to, All: true})
		return to
	}}
}

func imageSize(kind string) int64 {
	if kind == "xfs" {
		return 320 << 20
	}
	return 64 << 20
}

// loop is a volume on a real file system on a loop device.
func loop(t *testing.T, under, kind string, options ...string) *disk {
	t.Helper()
	image, dir := filepath.Join(under, "image"), folder(t, "volume")
	faultdisk.Mkfs(t, image, kind, imageSize(kind))
	faultdisk.Loop(t, image, dir, options...)
	return &disk{to: dir, kept: func() string {
		faultdisk.Unmount(t, dir)
		at := folder(t, "again")
		faultdisk.Loop(t, image, at)
		return at
	}}
}

// loopOn is the same with the image on a disk that can be made to fail.
func loopOn(t *testing.T, f *faultdisk.Disk, kind string, options ...string) *disk {
	t.Helper()
	faultdisk.Mkfs(t, filepath.Join(f.Backing, "image"), kind, imageSize(kind))
	dir := folder(t, "volume")
	faultdisk.Loop(t, filepath.Join(f.Dir, "image"), dir, options...)
	return &disk{to: dir, free: f.Release, kept: func() string {
		cut, at := filepath.Join(t.TempDir(), "cut"), folder(t, "again")
		f.Cut(faultdisk.Cut{To: cut, All: true})
		faultdisk.Loop(t, filepath.Join(cut, "image"), at)
		return at
	}}
}

// requireNoRetry says that nothing was written or synced after a sync had failed.
func requireNoRetry(t *testing.T, f *faultdisk.Disk) {
	t.Helper()
	require.Equal(t, 1, f.Stats().Hits[faultdisk.Sync].Calls)
	calls := slices.DeleteFunc(f.Stats().Calls, func(c string) bool { return strings.HasPrefix(c, "read ") })
	require.NotEmpty(t, calls)
	require.True(t, strings.HasPrefix(calls[len(calls)-1], "sync "), "after the failed sync: %s", calls[len(calls)-1])
}

// stopped reports whether the process has ended, as far as it can: the kernel keeps what is left of it
// while a thread waits for a disk. That thread is in the state D, all others are gone.
func stopped(r *recording) bool {
	select {
	case <-r.ended:
		return true
	default:
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", r.cmd.Process.Pid))
	if err != nil {
		return false
	}
	for _, name := range threads {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has just gone
		}
		if _, after, _ := strings.Cut(string(b), ") "); !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "D") && !strings.HasPrefix(after, "X") {
			return false
		}
	}
	return true
}

// resident returns the process's memory in MiB.
func resident(t *testing.T, r *recording) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.cmd.Process.Pid))
	require.NoError(t, err)
	var size, pages int
	_, err = fmt.Sscan(string(b), &size, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize() >> 20
}
