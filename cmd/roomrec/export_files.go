package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"roomrec/docs"
	"roomrec/evidence/after"
	"roomrec/evidence/handover"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/verify"
	other "roomrec/testdata/verifier"
)

// exportFrom is a session that is handed over, and where it lies.
type exportFrom struct {
	root  string // the volume
	f     *folder
	state string // where the station's keys are
	key   seal.Key
	found verify.Folder // the verdict on the volume's folder
	// joined is how many files are from other volumes.
	joined int
}

// recordingFolder is where the originals and the station's log lie in a package, as on a volume.
const recordingFolder = "recording"

func (x *exportFrom) dir() string { return filepath.Join(x.root, filepath.FromSlash(x.f.path)) }

// keys are the station's public keys: that of now and those of before.
func (x *exportFrom) keys() (text []string, keys []seal.Verifier, err error) {
	if text, err = keysOf(x.state, x.key.Verifier()); err != nil {
		return nil, nil, err
	}
	keys, err = verifiers(text)
	return text, keys, err
}

// keysOf returns the public keys of the station whose state_dir that is: those of before, and its own of now. With an
// error these are its own alone.
func keysOf(state string, own ...string) ([]string, error) {
	text, err := seal.RememberedText(filepath.Join(state, keysFolder))
	if err != nil {
		return own, err
	}
	for _, k := range own {
		if !slices.Contains(text, k) {
			text = append(text, k)
		}
	}
	return text, nil
}

func verifiers(text []string) (keys []seal.Verifier, err error) {
	for _, k := range text {
		v, err := seal.ParseVerifier(k)
		if err != nil {
			return nil, err
		}
		keys = append(keys, v)
	}
	return keys, nil
}

// judge verifies the originals.
func (x *exportFrom) judge(ctx context.Context) (verify.Verdict, error) {
	_, keys, err := x.keys()
	if err != nil {
		return "", err
	}
	r, err := verify.Folders(ctx, []string{x.dir()}, verify.Options{Keys: keys})
	if err != nil {
		return "", err
	}
	x.found = r.Folders[0]
	if x.found.Key == verify.KeyOther {
		return "", &exitError{exitNo, fmt.Errorf("%s: sealed with another station's key: it is handed over where that key is", x.dir())}
	}
	return x.found.Verdict, nil
}

// same verifies what lies in a package: it must be what the originals are, or better where other volumes had what
// they lack.
func (x *exportFrom) same(ctx context.Context, dir string) error {
	_, keys, err := x.keys()
	if err != nil {
		return err
	}
	at := filepath.Join(dir, recordingFolder, filepath.FromSlash(x.f.path))
	r, err := verify.Folders(ctx, []string{at}, verify.Options{Keys: keys})
	if err != nil {
		return err
	}
	f := r.Folders[0]
	better := x.joined > 0 && (f.Verdict == verify.Intact || f.Verdict == verify.Gaps)
	if f.Verdict != x.found.Verdict && !better || f.Seal != x.found.Seal || f.Key != x.found.Key {
		return fmt.Errorf("%s: the originals are %s, what was written is %s: %w", at, x.found.Verdict, f.Verdict, handover.ErrChanged)
	}
	return nil
}

// pack lists what is handed over.
func (x *exportFrom) pack() (*handover.Package, error) {
	attempts, err := seal.Find(os.DirFS(x.root), x.f.path)
	if err != nil {
		return nil, err
	}
	p := &handover.Package{Session: x.f.id, Key: x.key, Verify: x.same}
	p.Files = append(p.Files, handover.Readme(x.f.id, x.f.path, attempts.Name)...)
	text, _, err := x.keys()
	if err != nil {
		return nil, err
	}
	p.Files = append(p.Files, handover.File{Name: "keys/station.pub", Data: []byte(strings.Join(text, "\n") + "\n")})
	for _, add := range []func(*handover.Package) error{x.originals, x.log, tools} {
		if err := add(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// originals lists the session's folder. The journal after the seal may grow meanwhile: it is read last, in whole
// lines, and what these name and was not there before is listed too.
func (x *exportFrom) originals(p *handover.Package) error {
	want := map[string]*seal.File{}
	if x.f.sealed != nil && x.found.Verdict != verify.Altered {
		for i := range x.f.sealed.Files {
			want[x.f.sealed.Files[i].Path] = &x.f.sealed.Files[i]
		}
	}
	dir := x.dir()
	listed, journal := make(map[string]bool), false
	var lacking []*seal.File
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: neither a file nor a folder", name)
		}
		if rel == after.JournalName {
			journal = true
			return nil
		}
		f := handover.File{Name: path.Join(recordingFolder, x.f.path, rel), From: name, Size: info.Size()}
		if w := want[rel]; w != nil && w.Size == f.Size {
			f.Want = &w.SHA256
		}
		listed[rel] = true
		if w := want[rel]; w != nil && w.Kind != seal.KindAttempt && f.Size < w.Size {
			lacking = append(lacking, w)
		}
		p.Files = append(p.Files, f)
		return nil
	})
	if err != nil {
		return err
	}
	for rel, w := range want {
		if !listed[rel] && w.Kind != seal.KindAttempt {
			lacking = append(lacking, w)
		}
	}
	if err := x.join(p, lacking); err != nil || !journal {
		return err
	}
	lines, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(after.JournalName)))
	if err != nil {
		return err
	}
	lines = lines[:bytes.LastIndexByte(lines, '\n')+1]
	p.Files = append(p.Files, handover.File{Name: path.Join(recordingFolder, x.f.path, after.JournalName), Data: lines})
	return x.named(p, lines, listed)
}

// join lists what the folder lacks of files from another volume that has them as they were sealed.
func (x *exportFrom) join(p *handover.Package, lacking []*seal.File) error {
	for _, w := range lacking {
		copies, err := x.f.joint.copies(path.Join(x.f.path, w.Path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, c := range copies {
			from := filepath.Join(c.dir, filepath.FromSlash(c.name))
			if c.counts != w.Size || !hasHash(from, w) {
				continue
			}
			name := path.Join(recordingFolder, x.f.path, w.Path)
			p.Files = slices.DeleteFunc(p.Files, func(f handover.File) bool { return f.Name == name })
			p.Files = append(p.Files, handover.File{Name: name, From: from, Size: w.Size, Want: &w.SHA256})
			x.joined++
			break
		}
	}
	return nil
}

// hasHash reports whether a file begins with the bytes that the seal states. One that cannot be read has not.
func hasHash(name string, w *seal.File) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	sum := sha256.New()
	_, err = io.CopyN(sum, f, w.Size)
	return errors.Join(err, f.Close()) == nil && seal.Hash(sum.Sum(nil)) == w.SHA256
}

// named lists what the lines of the journal after the seal name, is there, and was not listed. What is not there is
// no matter of this program: whoever verifies hears of it.
func (x *exportFrom) named(p *handover.Package, lines []byte, listed map[string]bool) error {
	for raw := range bytes.Lines(lines) {
		l, err := after.Parse(raw)
		if err != nil {
			continue
		}
		var d after.Document
		if json.Unmarshal(l.Data, &d) != nil || listed[d.File] || !strings.HasPrefix(d.File, after.Folder+"/") || path.Clean(d.File) != d.File {
			continue
		}
		name := filepath.Join(x.dir(), filepath.FromSlash(d.File))
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: not a file", name)
		}
		listed[d.File] = true
		p.Files = append(p.Files, handover.File{Name: path.Join(recordingFolder, x.f.path, d.File), From: name, Size: info.Size()})
	}
	return nil
}

// log lists the station's log on the volume: the heads first, so that what they need is there whatever is added
// meanwhile. A file of it is never changed.
func (x *exportFrom) log(p *handover.Package) error {
	at, err := stationlog.Find(x.root)
	if errors.Is(err, stationlog.ErrNoLog) {
		return nil // of a recording without the panel
	}
	if err != nil {
		return err
	}
	for _, part := range []string{"checkpoints", "cosigned", "tile"} {
		err := filepath.WalkDir(filepath.Join(at, part), func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && part == "cosigned" {
				return nil
			}
			if err != nil || d.IsDir() || strings.Contains(path.Base(name), ".part") { // what a crash left of one
				return err
			}
			rel, err := filepath.Rel(at, name)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			p.Files = append(p.Files, handover.File{
				Name: path.Join(recordingFolder, stationlog.Folder, filepath.ToSlash(rel)), From: name, Size: info.Size(),
			})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tools lists the programs that verify: that of a court, where it lies beside this one, and the other one with
// the pages that it was written from, of which it reads one.
func tools(p *handover.Package) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	checker := filepath.Join(filepath.Dir(self), "roomverify")
	switch info, err := os.Stat(checker); {
	case err == nil:
		p.Files = append(p.Files, handover.File{Name: "tools/roomverify", From: checker, Size: info.Size(), Program: true})
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return errors.Join(embedded(p, other.Files, "tools/verifier"), embedded(p, docs.Files, "docs"))
}

// embedded lists what the program carries, under a folder of the package.
func embedded(p *handover.Package, files fs.FS, folder string) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, name)
		p.Files = append(p.Files, handover.File{Name: path.Join(folder, name), Data: b})
		return err
	})
}
