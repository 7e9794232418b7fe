package faultdisk_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"roomrec/faultdisk"
)

func TestMain(m *testing.M) {
	if faultdisk.Main() {
		return
	}
	os.Exit(m.Run())
}

// create makes a file that is open to append.
func create(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o640)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() }) // a test may have closed it
	return f
}

func syncDir(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, f.Close())
}

func TestFaultsReachTheProgram(t *testing.T) {
	d := faultdisk.Start(t)
	f := create(t, filepath.Join(d.Dir, "a"))
	write := func(s string) (int, error) { return unix.Write(int(f.Fd()), []byte(s)) }
	n, err := write("whole")
	require.NoError(t, err)
	require.Equal(t, 5, n)

	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Err: syscall.EIO, Once: true})
	_, err = write("x")
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, 1, d.Stats().Hits[faultdisk.Write].Calls)
	require.NotZero(t, d.Stats().Hits[faultdisk.Write].First)

	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Err: syscall.ENOSPC, After: 4})
	_, err = write("1234")
	require.NoError(t, err, "so much may still be written")
	_, err = write("5")
	require.ErrorIs(t, err, syscall.ENOSPC)

	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Short: 2, Once: true})
	n, err = write("abc")
	require.NoError(t, err)
	require.Equal(t, 2, n)

	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Corrupt: true, Once: true})
	n, err = write("000")
	require.NoError(t, err)
	require.Equal(t, 3, n)
	b, err := os.ReadFile(filepath.Join(d.Backing, "a"))
	require.NoError(t, err)
	require.Equal(t, "whole1234ab0 0", string(b))

	d.Fail(faultdisk.Fault{Call: faultdisk.Sync, Err: syscall.EIO, Name: "b*"})
	require.NoError(t, f.Sync(), "another file")
	d.Fail(faultdisk.Fault{Call: faultdisk.Sync, Err: syscall.EIO, Name: "a"})
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	d.Fail(faultdisk.Fault{Call: faultdisk.Sync, Delay: 50 * time.Millisecond})
	before := time.Now()
	require.NoError(t, f.Sync())
	require.GreaterOrEqual(t, time.Since(before), 50*time.Millisecond)

	d.Fail(faultdisk.Fault{Call: faultdisk.SyncDir, Err: syscall.EIO})
	top, err := os.Open(d.Dir)
	require.NoError(t, err)
	require.ErrorIs(t, top.Sync(), syscall.EIO)
	require.NoError(t, top.Close())

	d.ReadOnly()
	_, err = write("x")
	require.ErrorIs(t, err, syscall.EROFS)
	require.ErrorIs(t, os.Mkdir(filepath.Join(d.Dir, "d"), 0o755), syscall.EROFS)
	d.Release()
	_, err = write("x")
	require.NoError(t, err)
	require.True(t, slices.Contains(d.Stats().Calls, "sync a"))
}

func TestHangIsReleased(t *testing.T) {
	d := faultdisk.Start(t)
	f := create(t, filepath.Join(d.Dir, "a"))
	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Hang: true})
	wrote := make(chan error, 1)
	go func() {
		_, err := f.WriteString("late")
		wrote <- err
	}()
	require.Eventually(t, func() bool { return d.Stats().Hanging == 1 }, 30*time.Second, 5*time.Millisecond)
	require.Empty(t, wrote)
	d.Release()
	require.NoError(t, <-wrote)
	b, err := os.ReadFile(filepath.Join(d.Backing, "a"))
	require.NoError(t, err)
	require.Equal(t, "late", string(b))
}

// What was synced, and only that, is there after a cut; each of the steps that a careful program takes
// can be seen to be missing.
func TestCutLosesWhatWasNotSynced(t *testing.T) {
	d := faultdisk.Start(t)
	cut := func() string {
		to := filepath.Join(t.TempDir(), "cut")
		d.Cut(faultdisk.Cut{To: to, All: true})
		return to
	}
	require.NoError(t, os.Mkdir(filepath.Join(d.Dir, "d"), 0o755))
	f := create(t, filepath.Join(d.Dir, "d", "a"))
	_, err := f.WriteString("one")
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoDirExists(t, filepath.Join(cut(), "d"), "its name was not synced")
	syncDir(t, d.Dir)
	at := cut()
	require.DirExists(t, filepath.Join(at, "d"))
	require.NoFileExists(t, filepath.Join(at, "d", "a"), "its name was not synced")
	syncDir(t, filepath.Join(d.Dir, "d"))
	read := func() string {
		b, err := os.ReadFile(filepath.Join(cut(), "d", "a"))
		require.NoError(t, err)
		return string(b)
	}
	require.Equal(t, "one", read())
	_, err = f.WriteString("two")
	require.NoError(t, err)
	require.Equal(t, "one", read(), "not synced yet")
	require.NoError(t, f.Sync())
	require.Equal(t, "onetwo", read())

	// A failed sync loses what it was to save, and the next one succeeds all the same.
	_, err = f.WriteString("three")
	require.NoError(t, err)
	d.Fail(faultdisk.Fault{Call: faultdisk.Sync, Err: syscall.EIO, Once: true})
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	require.NoError(t, f.Sync())
	require.Equal(t, "onetwo\x00\x00\x00\x00\x00", read())

	// A disk that lies about syncs.
	d.IgnoreSyncs()
	_, err = f.WriteString("four")
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.Equal(t, "onetwo\x00\x00\x00\x00\x00", read())
}

// Chance never touches what was flushed, whatever it does to the rest.
func TestCutByChanceKeepsWhatWasSynced(t *testing.T) {
	d := faultdisk.Start(t)
	f := create(t, filepath.Join(d.Dir, "a"))
	syncDir(t, d.Dir)
	block := make([]byte, 4096)
	for i := range block {
		block[i] = 'x'
	}
	for i := range 20 {
		_, err := f.Write(block)
		require.NoError(t, err)
		if i == 9 {
			require.NoError(t, f.Sync())
		}
	}
	sizes := make(map[int]bool)
	for seed := range uint64(40) {
		to := filepath.Join(t.TempDir(), "cut")
		d.Cut(faultdisk.Cut{To: to, Seed: seed})
		b, err := os.ReadFile(filepath.Join(to, "a"))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(b), 10*len(block))
		for _, c := range b[:10*len(block)] {
			require.Equal(t, byte('x'), c)
		}
		sizes[len(b)] = true
	}
	require.Greater(t, len(sizes), 3, "no two cuts are alike")
}

// A real file system on a loop device on the disk: its journal recovers what it promised.
func TestCutUnderAFileSystem(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			size, options := int64(64<<20), []string(nil)
			if kind == "xfs" {
				size, options = 320<<20, []string{"nouuid"} // the cut has the id of the disk that it is of
			}
			d := faultdisk.Start(t)
			faultdisk.Mkfs(t, filepath.Join(d.Backing, "image"), kind, size)
			dir := t.TempDir()
			faultdisk.Loop(t, filepath.Join(d.Dir, "image"), dir)
			f := create(t, filepath.Join(dir, "a"))
			_, err := f.WriteString("synced")
			require.NoError(t, err)
			require.NoError(t, f.Sync())
			_, err = f.WriteString(", and not")
			require.NoError(t, err)
			found := func(seed uint64) (string, error) {
				to := filepath.Join(t.TempDir(), "cut")
				d.Cut(faultdisk.Cut{To: to, Seed: seed, All: seed == 0})
				at := t.TempDir()
				faultdisk.Loop(t, filepath.Join(to, "image"), at, options...)
				b, err := os.ReadFile(filepath.Join(at, "a"))
				return string(b), err
			}
			got, err := found(0)
			require.NoError(t, err)
			require.Equal(t, "synced", got)
			for seed := uint64(1); seed <= 3; seed++ {
				got, err := found(seed)
				require.NoError(t, err)
				require.Contains(t, got, "synced")
			}
			// The first control: this disk ignores flushes, and the file is gone.
			d.IgnoreSyncs()
			g := create(t, filepath.Join(dir, "b"))
			_, err = g.WriteString("synced")
			require.NoError(t, err)
			require.NoError(t, g.Sync())
			to := filepath.Join(t.TempDir(), "cut")
			d.Cut(faultdisk.Cut{To: to, All: true})
			at := t.TempDir()
			faultdisk.Loop(t, filepath.Join(to, "image"), at, options...)
			_, err = os.Stat(filepath.Join(at, "b"))
			require.True(t, errors.Is(err, os.ErrNotExist), "a disk that ignores flushes keeps nothing: %v", err)
		})
	}
}
