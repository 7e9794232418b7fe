package faultdisk

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	gofs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// FS is a mounted disk. All methods may be called from any goroutine.
type FS struct {
	faults *faults
	ledger *ledger
	server *fuse.Server
}

// Stats is what a disk has seen.
type Stats struct {
	Hits    map[Call]Hit // since the kind's last Fail
	Hanging int          // calls that wait for Release
	Written int64        // bytes
	Calls   []string     // the last ones, as "sync 2026/a.mp4"; of a loop device "write image"
}

// Mount mounts the folder backing at the folder at.
func Mount(backing, at string) (*FS, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(backing, &st); err != nil {
		return nil, fmt.Errorf("faultdisk: %s: %w", backing, err)
	}
	f := &FS{faults: newFaults(), ledger: newLedger(backing)}
	root := &gofs.LoopbackRoot{Path: backing, Dev: st.Dev}
	top := &node{LoopbackNode: &gofs.LoopbackNode{RootData: root}, fs: f}
	root.RootNode = top
	server, err := gofs.Mount(at, top, &gofs.Options{MountOptions: fuse.MountOptions{
		FsName: "faultdisk", Name: "faultdisk", DirectMountStrict: true, MaxWrite: 1 << 20,
	}})
	if err != nil {
		return nil, fmt.Errorf("faultdisk: mount %s: %w", at, err)
	}
	f.server = server
	return f, nil
}

// Unmount ends the disk. The mount point is freed at once; calls that wait get an error.
func (f *FS) Unmount() error {
	f.Release()
	return f.server.Unmount()
}

// Fail makes calls of one kind fail from now on.
func (f *FS) Fail(one Fault) { f.faults.fail(one) }

// ReadOnly makes everything that would change the disk fail with EROFS.
func (f *FS) ReadOnly() {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.readOnly = true
}

// Release ends all faults and lets what hangs go on.
func (f *FS) Release() { f.faults.heal() }

// IgnoreSyncs makes the disk a liar: it answers syncs with success and does nothing.
func (f *FS) IgnoreSyncs() {
	f.ledger.mu.Lock()
	defer f.ledger.mu.Unlock()
	f.ledger.ignores = true
}

// Stats returns what the disk has seen.
func (f *FS) Stats() Stats {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	s := Stats{Hits: make(map[Call]Hit), Hanging: f.faults.hanging, Written: f.faults.written, Calls: slices.Clone(f.faults.calls)}
	for c, h := range f.faults.hits {
		s.Hits[c] = h
	}
	return s
}

// Cut makes a copy of the disk as a power cut at this moment would leave it.
func (f *FS) Cut(c Cut) error {
	if err := f.ledger.cut(c); err != nil {
		return fmt.Errorf("faultdisk: cut: %w", err)
	}
	return nil
}

// node is a file or folder. What is not overridden here is passed on.
type node struct {
	*gofs.LoopbackNode
	fs *FS
}

// WrapChild makes a node of ours of what is passed on.
func (n *node) WrapChild(_ context.Context, ops gofs.InodeEmbedder) gofs.InodeEmbedder {
	if l, ok := ops.(*gofs.LoopbackNode); ok {
		return &node{LoopbackNode: l, fs: n.fs}
	}
	return ops
}

func (n *node) name() string {
	p := n.Path(n.Root())
	if p == "" {
		return "."
	}
	return p
}

func (n *node) below() string { return filepath.Join(n.RootData.Path, filepath.FromSlash(n.name())) }

func (n *node) child(name string) string { return path.Join(n.name(), name) }

// Create makes and opens a file.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*gofs.Inode, gofs.FileHandle, uint32, syscall.Errno) {
	full := n.child(name)
	if e := n.fs.faults.meet(Create, full, 0); e.err != 0 {
		return nil, nil, 0, e.err
	}
	inode, handle, ff, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	if r, ok := handle.(gofs.FileReleaser); ok {
		if errno := r.Release(ctx); errno != 0 {
			return nil, nil, 0, errno
		}
	}
	n.fs.ledger.made(full)
	f, err := os.OpenFile(filepath.Join(n.RootData.Path, full), os.O_RDWR, 0)
	if err != nil {
		return nil, nil, 0, gofs.ToErrno(err)
	}
	return inode, &file{LoopbackFile: gofs.NewLoopbackFileFromOS(f), f: f, name: full, fs: n.fs}, ff, 0
}

// Open opens a file. It is open for reading too, whatever was asked: the log reads what is there.
func (n *node) Open(_ context.Context, flags uint32) (gofs.FileHandle, uint32, syscall.Errno) {
	mode := os.O_RDONLY
	if flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(n.below(), mode, 0)
	if err != nil {
		return nil, 0, gofs.ToErrno(err)
	}
	return &file{LoopbackFile: gofs.NewLoopbackFileFromOS(f), f: f, name: n.name(), fs: n.fs}, 0, 0
}

// Mkdir makes a folder.
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*gofs.Inode, syscall.Errno) {
	if e := n.fs.faults.meet(Mkdir, n.child(name), 0); e.err != 0 {
		return nil, e.err
	}
	inode, errno := n.LoopbackNode.Mkdir(ctx, name, mode, out)
	if errno == 0 {
		n.fs.ledger.made(n.child(name))
	}
	return inode, errno
}

// What the log does not know how to undo is refused; a recorder has no use for it.

// Rename is refused.
func (n *node) Rename(context.Context, string, gofs.InodeEmbedder, string, uint32) syscall.Errno {
	return syscall.ENOTSUP
}

// Unlink is refused.
func (n *node) Unlink(context.Context, string) syscall.Errno { return syscall.ENOTSUP }

// Setattr changes everything but the size.
func (n *node) Setattr(ctx context.Context, f gofs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if _, sized := in.GetSize(); sized {
		return syscall.ENOTSUP
	}
	return n.LoopbackNode.Setattr(ctx, nil, in, out)
}

// CopyFileRange is refused: the kernel then reads and writes.
func (n *node) CopyFileRange(context.Context, gofs.FileHandle, uint64, *gofs.Inode, gofs.FileHandle, uint64, uint64, uint64) (uint32, syscall.Errno) {
	return 0, syscall.ENOTSUP
}

// OpendirHandle opens a folder, for its names and its sync.
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (gofs.FileHandle, uint32, syscall.Errno) {
	h, ff, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &dir{h: h, name: n.name(), fs: n.fs}, ff, 0
}

// file is an open file.
type file struct {
	*gofs.LoopbackFile
	f    *os.File
	name string
	fs   *FS
}

// PassthroughFd keeps the descriptor from the kernel, which would write without us.
func (f *file) PassthroughFd() (int, bool) { return 0, false }

// Write writes what the faults let through.
func (f *file) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	e := f.fs.faults.meet(Write, f.name, len(data))
	if e.err != 0 {
		return 0, e.err
	}
	data = data[:e.take]
	if e.corrupt && len(data) > 0 {
		data = slices.Clone(data)
		data[len(data)/2] ^= 0x10
	}
	n, err := f.fs.ledger.write(f.f, f.name, data, off)
	f.fs.faults.wrote(n)
	return uint32(n), gofs.ToErrno(err)
}

// Read reads.
func (f *file) Read(ctx context.Context, buf []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	e := f.fs.faults.meet(Read, f.name, len(buf))
	if e.err != 0 {
		return nil, e.err
	}
	if !e.corrupt {
		return f.LoopbackFile.Read(ctx, buf, off)
	}
	n, err := syscall.Pread(int(f.f.Fd()), buf, off)
	if n > 0 {
		buf[n/2] ^= 0x10
	}
	return fuse.ReadResultData(buf[:max(n, 0)]), gofs.ToErrno(err)
}

// Fsync notes that the file is safe. The folder below is not synced.
func (f *file) Fsync(context.Context, uint32) syscall.Errno {
	e := f.fs.faults.meet(Sync, f.name, 0)
	if e.err != 0 {
		f.fs.ledger.forgotten(f.name)
		return e.err
	}
	f.fs.ledger.flushed(f.name)
	return 0
}

// Flush comes with every close, and means nothing for a cut.
func (f *file) Flush(context.Context) syscall.Errno { return 0 }

// Allocate is refused: a loop device then writes zeros.
func (f *file) Allocate(context.Context, uint64, uint64, uint32) syscall.Errno {
	return syscall.ENOTSUP
}

// Setattr of an open file changes nothing.
func (f *file) Setattr(context.Context, *fuse.SetAttrIn, *fuse.AttrOut) syscall.Errno {
	return syscall.ENOTSUP
}

// dir is an open folder.
type dir struct {
	h    gofs.FileHandle
	name string
	fs   *FS
}

// Readdirent returns the next name.
func (d *dir) Readdirent(ctx context.Context) (*fuse.DirEntry, syscall.Errno) {
	return d.h.(gofs.FileReaddirenter).Readdirent(ctx)
}

// Seekdir goes to a place in the list.
func (d *dir) Seekdir(ctx context.Context, off uint64) syscall.Errno {
	return d.h.(gofs.FileSeekdirer).Seekdir(ctx, off)
}

// Releasedir closes it.
func (d *dir) Releasedir(ctx context.Context, flags uint32) {
	d.h.(gofs.FileReleasedirer).Releasedir(ctx, flags)
}

// Fsyncdir notes that the names in the folder are safe.
func (d *dir) Fsyncdir(context.Context, uint32) syscall.Errno {
	if e := d.fs.faults.meet(SyncDir, d.name, 0); e.err != 0 {
		return e.err
	}
	d.fs.ledger.namesFlushed(d.name)
	return 0
}
