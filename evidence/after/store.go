package after

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"roomrec/evidence/seal"
)

// MaxJournal is the greatest journal that is read, in bytes: ten thousand lines of usual length.
const MaxJournal = 64 << 20

// Load reads the journal of the sealed session in the folder dir. One that is not there is empty. An
// error says that the folder cannot be read; what is wrong with the journal is in the content.
func Load(dir string, sealed seal.Hash, keys ...string) (Content, error) {
	return LoadBy(dir, sealed, func(l *Line) bool { return l.SignedBy(keys...) })
}

// LoadBy is [Load] with [ReadBy].
func LoadBy(dir string, sealed seal.Hash, trusted func(*Line) bool) (Content, error) {
	data, err := readFile(filepath.Join(dir, filepath.FromSlash(JournalName)), MaxJournal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Content{}, fmt.Errorf("after: %w", err)
	}
	return ReadBy(data, sealed, trusted), nil
}

func readFile(name string, limit int64) (data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: over %d bytes", name, limit)
	}
	return data, err
}

// Add appends raw lines to the journal in the session's folder dir, of which found was read before, and
// syncs it and the folders above it. If a torn end is there the lines begin on a new line. What is
// there is never changed. Whoever calls it is the only one who does, for a folder.
func Add(dir string, found Content, raw []byte) (err error) {
	root, err := openAfter(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	f, err := root.OpenFile(path.Base(JournalName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	err = appendTo(f, found, raw)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("after: %w", err)
	}
	return syncFolders(root, dir)
}

// appendTo holds a lock on the file, which ends with its closing: a command and the service may both
// have read the journal, and only one of them may go on from what was read.
func appendTo(f *os.File, found Content, raw []byte) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%s: lock: %w", f.Name(), err)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != found.Size {
		return fmt.Errorf("%s: %d bytes, %d were read: %w", f.Name(), info.Size(), found.Size, ErrElsewhere)
	}
	if found.Torn != nil || found.Open {
		raw = append([]byte{'\n'}, raw...)
	}
	if _, err := f.Write(raw); err != nil {
		return err
	}
	return f.Sync()
}

// Put writes a document into the session's folder dir, at a path under after/, and syncs it. One that
// is there with the same bytes is good; one with others is fs.ErrExist, and stays.
func Put(dir, name string, data []byte) (err error) {
	rel, err := filepath.Rel(Folder, filepath.FromSlash(name))
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return fmt.Errorf("after: %q: not a path under %s", name, Folder)
	}
	root, err := openAfter(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if sub := filepath.Dir(rel); sub != "." {
		if err := root.Mkdir(sub, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("after: %w", err)
		}
	}
	f, err := root.OpenFile(rel, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		have, err := readFile(filepath.Join(dir, Folder, rel), int64(len(data)))
		if err != nil || !bytes.Equal(have, data) {
			return fmt.Errorf("after: %s is there with other bytes: %w", name, fs.ErrExist)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("after: %w", err)
	}
	if sub := filepath.Dir(rel); sub != "." {
		if err := syncDir(root, sub); err != nil {
			return err
		}
	}
	return syncFolders(root, dir)
}

// openAfter opens after/ in a session's folder, and makes it if it is not there. The session's folder
// itself must be there.
func openAfter(dir string) (root *os.Root, err error) {
	session, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if err := session.Mkdir(Folder, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("after: %w", err)
	}
	if root, err = session.OpenRoot(Folder); err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	return root, nil
}

// syncFolders makes the names in after/ and its own name last.
func syncFolders(root *os.Root, dir string) error {
	if err := syncDir(root, "."); err != nil {
		return err
	}
	session, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	return errors.Join(syncDir(session, "."), session.Close())
}

func syncDir(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("after: sync folder: %w", err)
	}
	return nil
}

// Get returns the document at a path under after/ in the session's folder dir, if its bytes have the
// SHA-256 (hex).
func Get(dir, name, sum string) ([]byte, error) {
	rel, err := filepath.Rel(Folder, filepath.FromSlash(name))
	if err != nil || !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("after: %q: not a path under %s", name, Folder)
	}
	data, err := readFile(filepath.Join(dir, Folder, rel), MaxJournal)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	if seal.SHA256(data).String() != sum {
		return nil, fmt.Errorf("after: %s: not as it was added", name)
	}
	return data, nil
}
