package volume

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

const mountinfoFile = "/proc/self/mountinfo"

// mount is the mount that a folder lies on, as the kernel's table showed it.
type mount struct {
	id    int
	point string
}

// mountLine is one line of the table (proc_pid_mountinfo(5)).
type mountLine struct {
	id      int
	point   string
	options []string // of the mount and of its file system
}

func readMountinfo() ([]mountLine, error) {
	b, err := os.ReadFile(mountinfoFile)
	if err != nil {
		return nil, err
	}
	return parseMountinfo(bytes.NewReader(b))
}

func parseMountinfo(r io.Reader) ([]mountLine, error) {
	var out []mountLine
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Split(lines.Text(), " ") // a mount may have no source: the field is empty
		dash := slices.Index(f, "-")
		if dash < 6 || len(f) < dash+4 {
			return nil, fmt.Errorf("%s: line %q is not understood", mountinfoFile, lines.Text())
		}
		id, err := strconv.Atoi(f[0])
		if err != nil {
			return nil, fmt.Errorf("%s: line %q is not understood", mountinfoFile, lines.Text())
		}
		options := append(strings.Split(f[5], ","), strings.Split(f[dash+3], ",")...)
		out = append(out, mountLine{id, unescapeMount(f[4]), options})
	}
	return out, lines.Err()
}

// unescapeMount undoes the kernel's octal escapes of blank, tab, newline and backslash.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// mountOf returns the line of the mount that dir, an absolute path without symbolic links, lies on:
// the longest mount point above it; of equal ones the last, which covers the others.
func mountOf(lines []mountLine, dir string) (mountLine, bool) {
	var best mountLine
	found := false
	for _, l := range lines {
		above := l.point == "/" || dir == l.point || strings.HasPrefix(dir, l.point+"/")
		if above && (!found || len(l.point) >= len(best.point)) {
			best, found = l, true
		}
	}
	return best, found
}

func findMount(dir string) (*mount, error) {
	lines, err := readMountinfo()
	if err != nil {
		return nil, err
	}
	l, ok := mountOf(lines, dir)
	if !ok {
		return nil, fmt.Errorf("%s: no mount for %s", mountinfoFile, dir)
	}
	return &mount{l.id, l.point}, nil
}

func (m *mount) usable() error {
	lines, err := readMountinfo()
	if err != nil {
		return err
	}
	return m.usableIn(lines)
}

// After a real failure ext4 says "rw,…,emergency_ro"; xfs and ext4 say "shutdown".
var unusable = []string{"ro", "emergency_ro", "shutdown"}

func (m *mount) usableIn(lines []mountLine) error {
	for _, l := range lines {
		if l.id != m.id || l.point != m.point {
			continue
		}
		for _, o := range unusable {
			if slices.Contains(l.options, o) {
				return fmt.Errorf("%w (mount option %s)", ErrReadOnly, o)
			}
		}
		return nil
	}
	return errors.Join(ErrMoved, fmt.Errorf("%s is not mounted any more", m.point))
}
