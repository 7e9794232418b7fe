package volume

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"roomrec/clock"
)

// LockName is the name of the file by which a controller holds a volume for itself.
const LockName = "roomrec-volume.lock"

// ErrInUse: another controller writes to the volume. Two would make two histories of one session.
var ErrInUse = errors.New("another controller uses this volume")

// Lock keeps other controllers from writing to a volume. The kernel gives it back when the process
// ends, however it ends.
type Lock struct{ f *os.File }

// holder is what the lock file says of who holds it, for people.
type holder struct {
	Host  string     `json:"host"`
	Boot  string     `json:"boot"` // the host's boot id
	PID   int        `json:"pid"`
	Since clock.Wall `json:"since"`
}

// holderSize is the length of the lock file: it is written over as a whole, never shortened.
const holderSize = 512

// Acquire takes the volume dir for this process, or returns ErrInUse with who has it. Reading a
// volume needs no lock.
func Acquire(dir string, now clock.Source) (*Lock, error) {
	fail := func(err error) (*Lock, error) { return nil, fmt.Errorf("volume %s: %w", dir, err) }
	f, err := os.OpenFile(filepath.Join(dir, LockName), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fail(fmt.Errorf("take the lock: %w", err))
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = fmt.Errorf("%w: %s", ErrInUse, readHolder(f))
		} else {
			err = fmt.Errorf("take the lock: %w; is the file system one that can lock files?", err)
		}
		return fail(errors.Join(err, f.Close()))
	}
	if err := writeHolder(f, now); err != nil {
		return fail(errors.Join(fmt.Errorf("write the lock: %w", err), f.Close()))
	}
	return &Lock{f}, nil
}

// Of reports whether the lock is of the disk that the folder dir leads to now.
func (l *Lock) Of(dir string) bool {
	held, err := l.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(filepath.Join(dir, LockName))
	return err == nil && os.SameFile(held, there)
}

// Renew writes and syncs who holds the volume: if that succeeds the disk takes writes.
func (l *Lock) Renew(now clock.Source) error { return writeHolder(l.f, now) }

// Release gives the volume back.
func (l *Lock) Release() error { return l.f.Close() }

func writeHolder(f *os.File, now clock.Source) error {
	h := holder{PID: os.Getpid(), Since: now.Now().Wall}
	// What cannot be read stays empty: it is for people alone.
	h.Host, _ = os.Hostname()
	if boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		h.Boot = strings.TrimSpace(string(boot))
	}
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(b) >= holderSize {
		return fmt.Errorf("%d bytes, at most %d fit", len(b), holderSize-1)
	}
	line := bytes.Repeat([]byte{' '}, holderSize)
	copy(line, b)
	line[holderSize-1] = '\n'
	if _, err := f.WriteAt(line, 0); err != nil {
		return err
	}
	return f.Sync()
}

// readHolder says in words who holds the lock.
func readHolder(f *os.File) string {
	b := make([]byte, holderSize)
	n, err := f.ReadAt(b, 0)
	var h holder
	if (err != nil && !errors.Is(err, io.EOF)) || json.Unmarshal(b[:n], &h) != nil {
		return "it does not say which"
	}
	return fmt.Sprintf("process %d on host %s, since %s", h.PID, h.Host, h.Since)
}
