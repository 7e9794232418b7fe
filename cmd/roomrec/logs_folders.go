package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
)

// folders compares the log with the sessions that lie on the volumes among dirs: none may be missing,
// none there without an entry, none with another beginning or another seal.
func (r *logReport) folders(dirs []string, h *stationlog.History) error {
	for _, dir := range dirs {
		switch _, err := os.Stat(filepath.Join(dir, volume.MarkerName)); {
		case err == nil:
			r.volumes = append(r.volumes, dir)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if len(r.volumes) == 0 {
		return nil
	}
	here := map[string]bool{}
	for _, dir := range r.volumes {
		folders, err := sessionsOn(os.DirFS(dir))
		if err != nil {
			return err
		}
		for _, at := range folders {
			here[path.Base(at)] = true
			if err := r.folder(os.DirFS(dir), dir, at, h); err != nil {
				return err
			}
		}
	}
	for i, e := range h.Entries {
		if !here[e.Session] && e.Kind == stationlog.Opened {
			r.finding("session %s was opened (entry %d) and is on none of these volumes", e.Session, i)
		}
	}
	return nil
}

// gaveUp reports whether a volume has the seal that the log holds, and that seal names the other one as
// given up.
func (r *logReport) gaveUp(at string, logged seal.Hash, other []byte) (bool, error) {
	for _, dir := range r.volumes {
		a, err := seal.Find(os.DirFS(dir), at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		if a.Sealed() && seal.SHA256(a.Note) == logged && seal.GivenUp(a.Note, other) {
			return true, nil
		}
	}
	return false, nil
}

// folder compares a session's folder with its entries.
func (r *logReport) folder(files fs.FS, dir, at string, h *stationlog.History) error {
	id := path.Base(at)
	sealed := false
	opening, err := fs.ReadFile(files, path.Join(at, journal.FileName(1)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	begun := err == nil
	attempts, err := seal.Find(files, at)
	if err != nil {
		return err
	}
	for kind, b := range map[stationlog.Kind][]byte{stationlog.Opened: opening[:bytes.IndexByte(opening, '\n')+1], stationlog.Sealed: attempts.Note} {
		there, name := begun, journal.FileName(1)
		if kind == stationlog.Sealed {
			there, name = attempts.Sealed(), attempts.Name
		}
		in, err := h.Lookup(kind, id)
		switch {
		case errors.Is(err, stationlog.ErrFork):
			r.finding("%s/%s: %v", dir, at, err)
		case err != nil:
			return err
		case in == nil && there && kind == stationlog.Opened:
			r.finding("%s/%s: the log has no opening of it: it was put there", dir, at)
		case in == nil && there:
			r.finding("%s/%s: the log has no seal of it", dir, at)
		case in != nil && there && in.Entry.Hash != seal.SHA256(b):
			gaveUp := false
			if usual, ok := folderOf(id); ok && kind == stationlog.Sealed {
				if gaveUp, err = r.gaveUp(usual, in.Entry.Hash, b); err != nil {
					return err
				}
			}
			if !gaveUp { // else a disk took it and never said so; the seal of the log is on another, and names it
				r.finding("%s/%s/%s: not what was logged (entry %d)", dir, at, name, in.Index)
			}
		case in != nil && !there && kind == stationlog.Sealed:
			sealed = true
		}
	}
	if sealed {
		r.finding("%s/%s: it was sealed and the seal is gone", dir, at)
	}
	return nil
}
