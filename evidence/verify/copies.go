package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"roomrec/evidence/seal"
)

// judgeCopies judges folders with the same session as copies of one another.
func (r *Report) judgeCopies(ctx context.Context) error {
	of := map[string][]*Folder{}
	for i := range r.Folders {
		f := &r.Folders[i]
		if f.Session != "" {
			of[f.Session] = append(of[f.Session], f)
		}
	}
	for _, session := range slices.Sorted(maps.Keys(of)) {
		copies := of[session]
		if len(copies) < 2 {
			continue
		}
		t, err := together(ctx, session, copies)
		if err != nil {
			return err
		}
		r.Together = append(r.Together, t)
	}
	return nil
}

// together judges copies: what one lost another may have, but no two may differ.
func together(ctx context.Context, session string, copies []*Folder) (Together, error) {
	t := Together{Session: session, Verdict: Intact}
	finding := func(v Verdict, file, what string) {
		t.Verdict = worse(t.Verdict, v)
		t.Findings = append(t.Findings, Finding{Verdict: v, File: file, What: what})
	}
	var sealed *Folder
	for _, f := range copies {
		t.Dirs = append(t.Dirs, f.Dir)
		if f.Verdict == Altered || f.Verdict == Unknown {
			finding(f.Verdict, "", fmt.Sprintf("the copy in %s is %s", f.Dir, f.Verdict))
		}
		switch {
		case f.seal == nil:
		case sealed == nil:
			sealed = f
		case bytes.Equal(sealed.seal, f.seal), seal.GivenUp(sealed.seal, f.seal):
		case seal.GivenUp(f.seal, sealed.seal):
			sealed = f
		default:
			finding(Altered, seal.FileName, fmt.Sprintf("%s and %s have different seals", sealed.Dir, f.Dir))
		}
	}
	paths := map[string]bool{}
	for _, f := range copies {
		for p := range f.held {
			paths[p] = true
		}
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		if err := compareCopies(ctx, p, copies, finding); err != nil {
			return t, err
		}
	}
	compareAfter(copies, finding)
	if sealed == nil {
		finding(Unsealed, "", "no copy has a seal")
		return t, nil
	}
	// What the seal lists is complete if every file that one copy lacks is whole in another.
	for _, f := range copies {
		if f.seal == nil {
			continue
		}
		for _, x := range f.Findings {
			if x.Verdict != Incomplete {
				continue
			}
			found := false
			if x.lacks { // a hole in what is here is in every copy
				var err error
				if found, err = foundWhole(ctx, x.File, copies, sealed.seal); err != nil {
					return t, err
				}
			}
			if !found {
				finding(Incomplete, x.File, x.What)
			}
		}
		if len(f.Missing) > 0 {
			t.Verdict = worse(t.Verdict, Gaps)
		}
	}
	return t, nil
}

// foundWhole reports whether a copy holds all that the seal states of a file. A copy whose disk failed
// before the seal reached it has been compared with none, so its bytes are hashed here.
func foundWhole(ctx context.Context, path string, copies []*Folder, note []byte) (bool, error) {
	if path == "" {
		return false, nil
	}
	if slices.ContainsFunc(copies, func(o *Folder) bool { return o.held[path].whole }) {
		return true, nil
	}
	s, err := seal.Parse(note)
	if err != nil {
		return false, nil //nolint:nilerr // said of the copy that has this seal
	}
	i := slices.IndexFunc(s.Files, func(f seal.File) bool { return f.Path == path })
	if i < 0 {
		return false, nil
	}
	for _, o := range copies {
		if _, holds := o.held[path]; !holds || o.seal != nil {
			continue
		}
		same, err := beginsAs(ctx, filepath.Join(o.Dir, filepath.FromSlash(path)), s.Files[i])
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// beginsAs reports whether a file begins with the bytes that the seal states.
func beginsAs(ctx context.Context, name string, want seal.File) (same bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	for left := want.Size; left > 0; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.CopyN(sum, f, min(left, 4<<20))
		if err != nil {
			return false, nil //nolint:nilerr // it ends, or cannot be read: that copy has not all of it
		}
		left -= n
	}
	return seal.Hash(sum.Sum(nil)) == want.SHA256, nil
}

// compareCopies compares a file of several copies. Whole files have been compared with the seal
// already; others may differ only by one being the beginning of the other.
func compareCopies(ctx context.Context, path string, copies []*Folder, finding func(Verdict, string, string)) error {
	var longest *Folder
	for _, f := range copies {
		if h, ok := f.held[path]; ok && (longest == nil || h.size > longest.held[path].size) {
			longest = f
		}
	}
	for _, f := range copies {
		h, ok := f.held[path]
		if !ok || f == longest || h.whole && longest.held[path].whole {
			continue
		}
		at, err := differ(ctx, filepath.Join(longest.Dir, filepath.FromSlash(path)), filepath.Join(f.Dir, filepath.FromSlash(path)), h.size)
		if err != nil {
			return err
		}
		if at >= 0 {
			finding(Altered, path, fmt.Sprintf("%s and %s differ at byte %d: neither is the beginning of the other", longest.Dir, f.Dir, at))
		}
	}
	return nil
}

// differ returns where the first n bytes of two files differ, -1 if nowhere.
func differ(ctx context.Context, a, b string, n int64) (at int64, err error) {
	fa, err := os.Open(a)
	if err != nil {
		return -1, err
	}
	defer func() { err = errors.Join(err, fa.Close()) }()
	fb, err := os.Open(b)
	if err != nil {
		return -1, err
	}
	defer func() { err = errors.Join(err, fb.Close()) }()
	ba, bb := make([]byte, 256<<10), make([]byte, 256<<10)
	for at = 0; at < n; {
		if err := ctx.Err(); err != nil {
			return -1, err
		}
		k := min(int64(len(ba)), n-at)
		if _, err := io.ReadFull(fa, ba[:k]); err != nil {
			return -1, err
		}
		if _, err := io.ReadFull(fb, bb[:k]); err != nil {
			return -1, err
		}
		if !bytes.Equal(ba[:k], bb[:k]) {
			for i := range k {
				if ba[i] != bb[i] {
					return at + i, nil
				}
			}
		}
		at += k
	}
	return -1, nil
}
