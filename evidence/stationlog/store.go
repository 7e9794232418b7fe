package stationlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sys/unix"
)

// store is a log's folder.
type store struct {
	root *os.Root
	dir  string // for errors
}

// maxFile bounds what is read at once, in bytes: a tile of the longest entries.
const maxFile = 256 * (2 + maxEntry)

// openStore opens the log's folder in dir; with create it makes one that is not there. Without the
// mark, if one is given, a folder is no volume: nothing is written under a mount point without its disk.
func openStore(dir string, create bool, mark string) (*store, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	if mark != "" {
		if _, err := root.Stat(mark); err != nil {
			return nil, err
		}
	}
	if create {
		if err := root.Mkdir(Folder, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	log, err := root.OpenRoot(Folder)
	if err != nil {
		return nil, err
	}
	return &store{log, path.Join(dir, Folder)}, nil
}

// openFolder opens a log whose folder has any name.
func openFolder(dir string) (*store, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &store{root, dir}, nil
}

func (s *store) Close() error { return s.root.Close() }

func (s *store) read(name string) (b []byte, err error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		// A pipe would never end, and a link leads elsewhere.
		return nil, fmt.Errorf("%w: %s: not a file", ErrFormat, name)
	}
	f, err := s.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // should it have become one meanwhile
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%w: %s: more than %d bytes", ErrFormat, name, maxFile)
	}
	return b, err
}

// put makes a file that has its name only once it is whole and on the disk. One that is there already
// stays; if it is another, the error wraps ErrFork.
func (s *store) put(name string, data []byte) error {
	switch have, err := s.read(name); {
	case err == nil && bytes.Equal(have, data):
		return nil
	case err == nil:
		return fmt.Errorf("%w: %s/%s is another one", ErrFork, s.dir, name)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	folder := path.Dir(name)
	_, err := s.root.Stat(folder)
	made := errors.Is(err, fs.ErrNotExist)
	if made {
		err = s.root.MkdirAll(folder, 0o750)
	}
	if err != nil {
		return err
	}
	part, err := s.write(name, data)
	if err != nil {
		return err
	}
	if err := s.rename(folder, path.Base(part), path.Base(name)); err != nil {
		return err
	}
	for made && folder != "." {
		folder = path.Dir(folder)
		if err := s.syncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// write writes data to a new file beside name and returns what it is called.
func (s *store) write(name string, data []byte) (part string, err error) {
	var f *os.File
	for i := 0; ; i++ {
		// What a crash left of an earlier attempt stays.
		part = fmt.Sprintf("%s.part%d", name, i)
		if f, err = s.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	return part, f.Sync()
}

// rename gives a whole file its name, which must be free, and makes it last.
func (s *store) rename(folder, part, name string) (err error) {
	d, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := unix.Renameat2(int(d.Fd()), part, int(d.Fd()), name, unix.RENAME_NOREPLACE); err != nil {
		return &fs.PathError{Op: "rename", Path: path.Join(s.dir, folder, name), Err: err}
	}
	return d.Sync()
}

func (s *store) syncFolder(folder string) (err error) {
	d, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Sync()
}

// sizes returns the sizes of the heads that are there from the given one on, in order.
func (s *store) sizes(from int64) ([]int64, error) {
	groups, err := s.names("checkpoints")
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, g := range groups {
		if n, err := strconv.ParseInt(g, 10, 62); err != nil || n < from/headsIn {
			continue
		}
		names, err := s.names(path.Join("checkpoints", g))
		if errors.Is(err, unix.ENOTDIR) {
			continue // holds no head
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			n, err := strconv.ParseInt(name, 10, 62)
			if err == nil && n >= from && headPath(n) == path.Join("checkpoints", g, name) {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// lastSize returns the size of the last head, -1 if there is none.
func (s *store) lastSize() (int64, error) {
	groups, err := s.names("checkpoints")
	for i := len(groups) - 1; i >= 0 && err == nil; i-- {
		var n int64
		if n, err = strconv.ParseInt(groups[i], 10, 62); err != nil {
			return -1, fmt.Errorf("%w: %s/checkpoints/%s", ErrFormat, s.dir, groups[i])
		}
		var sizes []int64
		if sizes, err = s.sizes(n * headsIn); len(sizes) > 0 {
			return sizes[len(sizes)-1], err
		}
	}
	return -1, err
}

// names returns the names in a folder, in order; none if it is not there.
func (s *store) names(folder string) ([]string, error) {
	entries, err := fs.ReadDir(s.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, err
}

// last returns the last head, which must be signed by one of the keys; a zero Head if there is none.
func (s *store) last(keys []note.Verifier) (Head, error) {
	size, err := s.lastSize()
	if err != nil || size < 0 {
		return Head{}, err
	}
	b, err := s.read(headPath(size))
	if err != nil {
		return Head{}, err
	}
	h, _, err := ParseHead(b, keys...)
	if err == nil && h.Tree.N != size {
		err = fmt.Errorf("%w: %s is of size %d", ErrFormat, headPath(size), h.Tree.N)
	}
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", s.dir, err)
	}
	return h, nil
}

// Height is that of tlog-tiles.
func (s *store) Height() int { return tileHeight }

// ReadTiles reads tiles; of one that is there only as a longer one its beginning.
func (s *store) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, 0, len(tiles))
	for _, t := range tiles {
		b, err := s.tile(t)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// tile reads a tile of hashes. Tiles only grow: where a copy was brought up to date it may hold a longer
// one alone.
func (s *store) tile(t tlog.Tile) ([]byte, error) {
	want := t.W * tlog.HashSize
	b, w, err := s.grown(t)
	if err == nil && (len(b) != w*tlog.HashSize || len(b) < want) {
		return nil, fmt.Errorf("%w: %s: %d bytes", ErrFormat, tilePath(t), len(b))
	}
	return b[:min(len(b), want)], err
}

// grown reads a tile, or the shortest longer one that there is, and returns its width.
func (s *store) grown(t tlog.Tile) (b []byte, width int, err error) {
	for w := t.W; w <= 1<<tileHeight; w++ {
		more := t
		more.W = w
		b, also := s.read(tilePath(more))
		if w == t.W {
			err = also
		}
		if !errors.Is(also, fs.ErrNotExist) {
			return b, w, also
		}
	}
	return nil, 0, err
}

// SaveTiles keeps nothing.
func (s *store) SaveTiles([]tlog.Tile, [][]byte) {}

// entries returns the entries of the tile with the n-th of them, width of which are there.
func (s *store) entries(tile int64, width int) ([][]byte, error) {
	t := tlog.Tile{H: tileHeight, L: entriesLevel, N: tile, W: width}
	b, w, err := s.grown(t)
	if err != nil {
		return nil, err
	}
	out, err := unbundle(b, w)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", s.dir, tilePath(t), err)
	}
	return out[:width], nil
}

// cosigned returns the paths of the heads that witnesses signed.
func (s *store) cosigned() ([]string, error) {
	names, err := s.names(cosignedFolder)
	var out []string
	for _, name := range names {
		if !strings.Contains(name, ".part") {
			out = append(out, path.Join(cosignedFolder, name))
		}
	}
	return out, err
}
