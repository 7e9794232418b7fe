// Package handover makes the package in which a sealed session leaves the house: its originals byte for byte,
// the station's log and public keys, and what a court or the defence needs to verify them alone. A package is
// a folder, or one encrypted file.
//
// # Form
//
// package.note, the last of a package's files, is a signed note as under "Seal" in docs/format.md. Its text:
//
//	roomrec-handover/1
//	session 20261122-140507-7f2k
//	<SHA-256 in hex>  <path>
//
// with a line for each other file, in the form of sha256sum, sorted by path. Without it a package is not whole.
package handover

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"roomrec/evidence/seal"
)

// Version is the first line of the text of package.note, and NoteName that file's name.
const (
	Version  = "roomrec-handover/1"
	NoteName = "package.note"
)

// maxNote bounds what is read of a package.note, in bytes.
const maxNote = 64 << 20

// Errors of making and reading packages.
var (
	// ErrThere: a package of that name is there. It is never written over.
	ErrThere = errors.New("a package is there already")
	// ErrOther: what an interrupted export left is not the beginning of what is exported now.
	ErrOther = errors.New("holds something else than this export began")
	// ErrChanged: a file did not have the bytes that it must have.
	ErrChanged = errors.New("not the bytes that it must have")
	// ErrNotWhole: a folder is no package, or not a whole one.
	ErrNotWhole = errors.New("not a whole package")
)

// File is one file of a package.
type File struct {
	Name string // in the package, with slashes
	// From is the file whose first Size bytes it holds; if empty, Data is what it holds.
	From string
	Size int64
	Data []byte
	// Want is the SHA-256 that it must have; nil where none is known before.
	Want    *seal.Hash
	Program bool // can be run
}

// Package is what is handed over of a session.
type Package struct {
	Session string
	Files   []File
	Key     seal.Key // signs package.note
	// Verify, if not nil, judges a package in a folder before it gets its name.
	Verify func(ctx context.Context, dir string) error
	// Progress, if not nil, is called with the bytes that are done and those in all.
	Progress func(done, total int64)
}

// Made is a package that is whole.
type Made struct {
	Path   string    `json:"package"`
	Files  int       `json:"files"` // package.note not counted
	Bytes  int64     `json:"bytes"`
	Note   seal.Hash `json:"package_note_sha256"`
	SHA256 string    `json:"sha256,omitempty"` // of an encrypted package's file
}

// sums collects what package.note states, while a package is written.
type sums struct {
	p     *Package
	lines []string
	bytes int64
	done  int64
	total int64
	told  int64
}

func newSums(p *Package, passes int64) *sums {
	s := &sums{p: p}
	slices.SortFunc(p.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	for i := range p.Files {
		if f := &p.Files[i]; f.From == "" {
			f.Size = int64(len(f.Data))
		}
		s.total += passes * p.Files[i].Size
	}
	return s
}

// Write counts bytes for the progress.
func (s *sums) Write(b []byte) (int, error) {
	s.done += int64(len(b))
	if s.p.Progress != nil && (s.done-s.told >= 16<<20 || s.done == s.total) {
		s.told = s.done
		s.p.Progress(s.done, s.total)
	}
	return len(b), nil
}

// add takes in a file that was read to its end.
func (s *sums) add(f *File, sum [sha256.Size]byte) error {
	if f.Want != nil && seal.Hash(sum) != *f.Want {
		return fmt.Errorf("%s: SHA-256 %x, the seal states %s: %w", f.Name, sum, f.Want, ErrChanged)
	}
	s.lines = append(s.lines, hex.EncodeToString(sum[:])+"  "+f.Name)
	s.bytes += f.Size
	return nil
}

// text is what package.note says.
func (s *sums) text() string {
	return Version + "\nsession " + s.p.Session + "\n" + strings.Join(s.lines, "\n") + "\n"
}

// note is the text of package.note, signed.
func (s *sums) note() ([]byte, error) { return seal.SignText(s.text(), s.p.Key) }

// noteIn is the note that an interrupted export has written already, if it is this one, and a new one
// otherwise. Most keys never sign the same text with the same bytes twice.
func (s *sums) noteIn(part string) ([]byte, error) {
	f, err := os.Open(filepath.Join(part, NoteName))
	if errors.Is(err, fs.ErrNotExist) {
		return s.note()
	}
	if err != nil {
		return nil, err
	}
	there, err := io.ReadAll(io.LimitReader(f, seal.MaxNote+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	key, err := seal.ParseVerifier(s.p.Key.Verifier())
	if err != nil {
		return nil, err
	}
	if text, err := seal.TextOf(there); err != nil || text != s.text() || seal.CheckText(there, key) != nil {
		return s.note()
	}
	return there, nil
}

// open opens what a file of the package holds.
func (f *File) open() (io.ReadCloser, error) {
	if f.From == "" {
		return io.NopCloser(bytes.NewReader(f.Data)), nil
	}
	return os.Open(f.From)
}

// reader reads no more when the work is to end.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// Folder writes the package into the folder dir, under the session's id. While it is not whole it is called
// ID.part; what an interruption left there is gone on with, after its bytes were compared. Every file is
// read back from the disk. Nothing that is there is removed or written over.
func (p *Package) Folder(ctx context.Context, dir string) (m Made, err error) {
	name := filepath.Join(dir, p.Session)
	if _, err := os.Lstat(name); err == nil {
		return m, fmt.Errorf("%s: %w", name, ErrThere)
	}
	part := name + ".part"
	if err := os.Mkdir(part, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return m, err
	}
	s := newSums(p, 2)
	for i := range p.Files {
		if err := s.write(ctx, part, &p.Files[i]); err != nil {
			return m, err
		}
	}
	note, err := s.noteIn(part)
	if err != nil {
		return m, err
	}
	last := File{Name: NoteName, Data: note, Size: int64(len(note))}
	if _, err := copyTo(ctx, filepath.Join(part, NoteName), &last, io.Discard); err != nil {
		return m, err
	}
	if err := nothingElse(part, p.Files); err != nil {
		return m, err
	}
	if err := syncFolders(part); err != nil {
		return m, err
	}
	if p.Verify != nil {
		if err := p.Verify(ctx, part); err != nil {
			return m, err
		}
	}
	if err := rename(dir, p.Session+".part", p.Session); err != nil {
		return m, err
	}
	return Made{Path: name, Files: len(p.Files), Bytes: s.bytes, Note: seal.SHA256(note)}, nil
}

// write writes one file and reads it back.
func (s *sums) write(ctx context.Context, part string, f *File) error {
	if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
		return fmt.Errorf("%q: not a path in a package", f.Name)
	}
	to := filepath.Join(part, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	sum, err := copyTo(ctx, to, f, s)
	if err != nil {
		return err
	}
	if err := s.add(f, sum); err != nil {
		return err
	}
	back, err := readBack(ctx, to, s)
	if err != nil {
		return err
	}
	if back != sum {
		return fmt.Errorf("%s: read back: SHA-256 %x, written %x: %w", to, back, sum, ErrChanged)
	}
	return nil
}

// copyTo writes a file, or the rest of it where a beginning is there, and syncs it.
func copyTo(ctx context.Context, to string, f *File, progress io.Writer) (sum [sha256.Size]byte, err error) {
	in, err := f.open()
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	mode := fs.FileMode(0o640)
	if f.Program {
		mode = 0o750
	}
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_APPEND, mode)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := out.Stat()
	if err != nil {
		return sum, err
	}
	if !info.Mode().IsRegular() || info.Size() > f.Size {
		return sum, fmt.Errorf("%s: %w", to, ErrOther)
	}
	h := sha256.New()
	from := reader{ctx, io.TeeReader(in, io.MultiWriter(h, progress))}
	have, want := make([]byte, 256<<10), make([]byte, 256<<10)
	for left := info.Size(); left > 0; {
		n := min(left, int64(len(have)))
		if _, err := io.ReadFull(out, have[:n]); err != nil {
			return sum, err
		}
		if _, err := io.ReadFull(from, want[:n]); err != nil {
			return sum, fmt.Errorf("%s: %w", f.Name, err)
		}
		if !bytes.Equal(have[:n], want[:n]) {
			return sum, fmt.Errorf("%s: %w", to, ErrOther)
		}
		left -= n
	}
	if _, err := io.CopyN(out, from, f.Size-info.Size()); err != nil {
		return sum, fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := out.Sync(); err != nil {
		return sum, err
	}
	// What is read back must come from the disk; where that cannot be asked for it comes from memory.
	_ = unix.Fadvise(int(out.Fd()), 0, 0, unix.FADV_DONTNEED)
	h.Sum(sum[:0])
	return sum, nil
}

func readBack(ctx context.Context, name string, progress io.Writer) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, progress), reader{ctx, f}); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}

// nothingElse refuses a folder that holds a file which is not of the package.
func nothingElse(part string, files []File) error {
	of := map[string]bool{NoteName: true}
	for _, f := range files {
		of[f.Name] = true
	}
	return filepath.WalkDir(part, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(part, name)
		if err == nil && !of[filepath.ToSlash(rel)] {
			err = fmt.Errorf("%s: %w", name, ErrOther)
		}
		return err
	})
}

func syncFolders(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// rename gives what is whole its name, which must be free, and makes it last.
func rename(dir, part, name string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	err = unix.Renameat2(int(d.Fd()), part, int(d.Fd()), name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%s: %w", filepath.Join(dir, name), ErrThere)
	}
	if err != nil {
		return &fs.PathError{Op: "rename", Path: filepath.Join(dir, part), Err: err}
	}
	return d.Sync()
}
