package handover

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roomrec/evidence/seal"
)

// Contents is what the package.note of a package states.
type Contents struct {
	Session string
	Files   []Stated
}

// Stated is a file as package.note states it.
type Stated struct {
	Name   string
	SHA256 seal.Hash
}

// Parse reads a package.note that must be signed by one of the keys.
func Parse(note []byte, keys ...seal.Verifier) (c Contents, err error) {
	text, err := seal.TextOf(note)
	if err != nil {
		return c, fmt.Errorf("%s: %w: %w", NoteName, ErrNotWhole, err)
	}
	if !slices.ContainsFunc(keys, func(k seal.Verifier) bool { return seal.CheckText(note, k) == nil }) {
		return c, fmt.Errorf("%s: %w", NoteName, seal.ErrSignature)
	}
	bad := func(what string) error { return fmt.Errorf("%s: %w: %s", NoteName, ErrNotWhole, what) }
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != Version {
		return c, bad("want " + Version + ", a session, and files")
	}
	session, ok := strings.CutPrefix(lines[1], "session ")
	if !ok || session == "" {
		return c, bad("no session in its second line")
	}
	c.Session = session
	for i, line := range lines[2:] {
		digits, name, ok := strings.Cut(line, "  ")
		raw, err := hex.DecodeString(digits)
		switch {
		case !ok || err != nil || len(raw) != len(seal.Hash{}) || hex.EncodeToString(raw) != digits:
			return c, bad(fmt.Sprintf("line %d is not a SHA-256 and a path", i+3))
		case !fs.ValidPath(name) || name == "." || name == NoteName:
			return c, bad(fmt.Sprintf("line %d: %q is no path in a package", i+3, name))
		case i > 0 && name <= c.Files[i-1].Name:
			return c, bad(fmt.Sprintf("line %d: %q does not come after the one before", i+3, name))
		}
		c.Files = append(c.Files, Stated{name, seal.Hash(raw)})
	}
	return c, nil
}

// Check reads a package in a folder again: it is whole, and every file is what its note states, if it returns
// no error. Errors wrap [ErrNotWhole] or [ErrChanged], or say why nothing could be read.
func Check(ctx context.Context, dir string, keys ...seal.Verifier) (c Contents, err error) {
	note, err := readNote(filepath.Join(dir, NoteName))
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%s: %w: it has no %s", dir, ErrNotWhole, NoteName)
	}
	if err != nil {
		return c, err
	}
	if c, err = Parse(note, keys...); err != nil {
		return c, err
	}
	of := map[string]bool{NoteName: true}
	for _, f := range c.Files {
		of[f.Name] = true
		sum, err := readBack(ctx, filepath.Join(dir, filepath.FromSlash(f.Name)), io.Discard)
		if errors.Is(err, fs.ErrNotExist) {
			return c, fmt.Errorf("%s: missing: %w", f.Name, ErrNotWhole)
		}
		if err != nil {
			return c, err
		}
		if sum != f.SHA256 {
			return c, fmt.Errorf("%s: SHA-256 %x, %s states %s: %w", f.Name, sum, NoteName, f.SHA256, ErrChanged)
		}
	}
	return c, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if !of[filepath.ToSlash(rel)] {
			return fmt.Errorf("%s: not of the package: %w", rel, ErrChanged)
		}
		return nil
	})
}

func readNote(name string) (b []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, maxNote+1))
	if err == nil && len(b) > maxNote {
		err = fmt.Errorf("%s: larger than any: %w", name, ErrChanged)
	}
	return b, err
}
