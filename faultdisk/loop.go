package faultdisk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Require fails the test if this machine cannot mount disks of these tests, and says what is missing.
func Require(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("faultdisk: these tests mount file systems: run them as root")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Fatalf("faultdisk: %v: the kernel needs FUSE (a container: --device /dev/fuse --cap-add SYS_ADMIN)", err)
	}
}

// Need fails the test if a program is missing, and names its Debian package.
func Need(t testing.TB, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("faultdisk: %s is missing: apt-get install %s (or: make deps)", program, debian)
	}
}

// Mkfs makes a file of size bytes that holds an empty file system, "ext4" or "xfs" (which needs
// 320 MB).
func Mkfs(t testing.TB, image, kind string, size int64) {
	t.Helper()
	f, err := os.OpenFile(image, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = f.WriteAt([]byte{0}, size-1)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatalf("faultdisk: %v", err)
	}
	switch kind {
	case "ext4":
		Need(t, "mkfs.ext4", "e2fsprogs")
		Run(t, "mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", image)
	case "xfs":
		Need(t, "mkfs.xfs", "xfsprogs")
		Run(t, "mkfs.xfs", "-q", "-f", "-K", image)
	default:
		t.Fatalf("faultdisk: no file system %q", kind)
	}
}

// Loop mounts an image at the folder dir by a loop device, until the test ends. Options are those of
// mount(8), apart from "loop".
func Loop(t testing.TB, image, dir string, options ...string) {
	t.Helper()
	Require(t)
	Run(t, "mount", "-o", strings.Join(append([]string{"loop"}, options...), ","), image, dir)
	t.Cleanup(func() { Unmount(t, dir) })
}

// Tmpfs mounts a file system in memory at the folder dir, until the test ends.
func Tmpfs(t testing.TB, dir string, size int64) {
	t.Helper()
	Require(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatalf("faultdisk: mount tmpfs: %v", err)
	}
	t.Cleanup(func() { Unmount(t, dir) })
}

// Fill writes a file into the folder dir until not one byte more has room there, and returns its path.
func Fill(t testing.TB, dir string) string {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "ballast"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatalf("faultdisk: fill %s: %v", dir, err)
	}
	defer func() { _ = f.Close() }() // there is no room: it may say so again
	for size := 1 << 20; size > 0; size /= 16 {
		for b := make([]byte, size); err == nil; {
			_, err = f.Write(b)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("faultdisk: fill %s: %v", dir, err)
		}
		err = nil
	}
	return f.Name()
}

// Unmount takes whatever is mounted at dir away; what is open there stays usable until it is closed.
func Unmount(t testing.TB, dir string) {
	t.Helper()
	for {
		err := syscall.Unmount(dir, syscall.MNT_DETACH)
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOENT) {
			return // nothing is mounted there any more
		}
		if err != nil {
			t.Fatalf("faultdisk: unmount %s: %v", dir, err)
		}
	}
}

// Run runs a program and fails the test if that fails.
func Run(t testing.TB, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("faultdisk: %s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}
