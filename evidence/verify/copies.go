package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
		case !bytes.Equal(sealed.seal, f.seal):
			finding(Altered, "seal.note", fmt.Sprintf("%s and %s have different seals", sealed.Dir, f.Dir))
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
			found := x.File != "" && slices.ContainsFunc(copies, func(o *Folder) bool { return o.held[x.File].whole })
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
