package volumetest

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
	"testing/fstest"
)

// span is a piece of a file that cannot be read, in bytes.
type span struct{ from, to int64 }

func (s span) meets(off, n int64) bool { return off < s.to && off+n > s.from }

// Spoil lets n bytes of a file from offset on be unreadable, as a bad sector is: what lies before and behind
// can be read. A name that is a folder, or an n below 1, cannot be opened at all.
func (d *Disk) Spoil(name string, offset, n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.spoiled == nil {
		d.spoiled = map[string]span{}
	}
	d.spoiled[name] = span{offset, offset + n}
}

// Heal lets everything be read again.
func (d *Disk) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spoiled = nil
}

// spoiledFS are files of which some cannot be read.
type spoiledFS struct {
	fstest.MapFS
	bad map[string]span
}

// Open implements [fs.FS].
func (f spoiledFS) Open(name string) (fs.File, error) {
	file, err := f.MapFS.Open(name)
	bad, ok := f.bad[name]
	if err != nil || !ok {
		return file, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	at, ok := file.(io.ReaderAt)
	if info.IsDir() || !ok || bad.to <= bad.from {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: name, Err: syscall.EIO}, file.Close())
	}
	return &spoiledFile{File: file, of: at, name: name, bad: bad}, nil
}

// The shorter ways of MapFS would pass Open by.

// ReadFile implements [fs.ReadFileFS].
func (f spoiledFS) ReadFile(name string) (b []byte, err error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(file)
}

// ReadDir implements [fs.ReadDirFS].
func (f spoiledFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if _, ok := f.bad[name]; ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.EIO}
	}
	return f.MapFS.ReadDir(name)
}

// Stat implements [fs.StatFS]. A folder that cannot be read is there.
func (f spoiledFS) Stat(name string) (fs.FileInfo, error) { return f.MapFS.Stat(name) }

// Sub implements [fs.SubFS].
func (f spoiledFS) Sub(dir string) (fs.FS, error) {
	return fs.Sub(struct{ fs.FS }{f}, dir)
}

// spoiledFile is a file of which a piece cannot be read.
type spoiledFile struct {
	fs.File
	of   io.ReaderAt
	name string
	bad  span
	at   int64
}

// ReadAt reads what comes before the bad piece, as a disk does.
func (f *spoiledFile) ReadAt(p []byte, off int64) (int, error) {
	if !f.bad.meets(off, int64(len(p))) {
		return f.of.ReadAt(p, off)
	}
	n, err := 0, error(nil)
	if off < f.bad.from {
		n, err = f.of.ReadAt(p[:f.bad.from-off], off)
	}
	if err == nil {
		err = &fs.PathError{Op: "read", Path: f.name, Err: syscall.EIO}
	}
	return n, err
}

// Read implements [fs.File].
func (f *spoiledFile) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil // it is returned by the next one
	}
	return n, err
}
