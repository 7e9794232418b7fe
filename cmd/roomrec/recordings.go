package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"roomrec/evidence/seal"
	"roomrec/panel"
	"roomrec/playback"
)

// openSegment opens a file of a volume for reading at any place.
func openSegment(files fs.FS, name string) (segmentFile, error) {
	f, err := files.Open(name)
	if err != nil {
		return segmentFile{}, err
	}
	at, ok := f.(io.ReaderAt)
	info, err := f.Stat()
	if err == nil && (!ok || info.IsDir()) {
		err = fmt.Errorf("%s: not a file that can be read", name)
	}
	if err != nil {
		return segmentFile{}, errors.Join(err, f.Close())
	}
	return segmentFile{ReaderAt: at, Closer: f, size: info.Size()}, nil
}

type segmentFile struct {
	io.ReaderAt
	io.Closer
	size int64
}

// recordings serves what was recorded to the panel, from the volume that holds most of it. It only reads.
type recordings struct {
	volumes *disks
	cache   *playback.Cache
}

// find returns the files of the volume that holds most of the session: a sealed folder before one that is not,
// then the one with more of the journal and the segments, for a volume that had left lacks for good what was
// recorded meanwhile. Healthy volumes come first.
func (r recordings) find(id string) (fs.FS, string, error) {
	at, ok := folderOf(id)
	if !ok {
		return nil, "", panel.ErrNotFound
	}
	for _, healthy := range []bool{true, false} {
		var found []fs.FS
		for _, v := range r.volumes.all() {
			if (v.Fault() == nil) != healthy {
				continue
			}
			if info, err := fs.Stat(v.Files(), at); err == nil && info.IsDir() {
				found = append(found, v.Files())
			}
		}
		if len(found) > 0 {
			return fullest(found, at), at, nil
		}
	}
	return nil, "", panel.ErrNotFound
}

// fullest returns that of one or more volumes which holds most of the session's folder; of equal ones the first.
func fullest(found []fs.FS, at string) fs.FS {
	if len(found) == 1 {
		return found[0]
	}
	best, most := found[0], heldOf(found[0], at)
	for _, files := range found[1:] {
		if h := heldOf(files, at); h.moreThan(most) {
			best, most = files, h
		}
	}
	return best
}

// held is how much of a session a volume holds.
type held struct {
	sealed bool
	bytes  int64 // of journal and segments; of what is sealed, those alone that count
}

func (h held) moreThan(o held) bool {
	if h.sealed != o.sealed {
		return h.sealed
	}
	return h.bytes > o.bytes
}

func heldOf(files fs.FS, at string) (h held) {
	counts := make(map[string]int64) // by path in the folder
	attempts, err := seal.Find(files, at)
	if h.sealed = err == nil && attempts.Sealed(); h.sealed {
		if s, err := seal.Parse(attempts.Note); err == nil {
			for _, f := range s.Files {
				counts[f.Path] = f.Size
			}
		}
	}
	for _, pattern := range []string{"journal-*.jsonl", "*/*/run-*/*.mp4"} {
		names, err := fs.Glob(files, path.Join(at, pattern))
		if err != nil {
			continue
		}
		for _, name := range names {
			info, err := fs.Stat(files, name)
			if err != nil {
				continue
			}
			size := info.Size()
			if counted, ok := counts[strings.TrimPrefix(name, at+"/")]; ok {
				size = min(size, counted) // what lies beyond was given up
			}
			h.bytes += size
		}
	}
	return h
}

// Playlist returns one camera's playlist.
func (r recordings) Playlist(_ context.Context, id, room, camera, files string) ([]byte, error) {
	volume, at, err := r.find(id)
	if err != nil {
		return nil, err
	}
	f := folder{id: id, path: at, files: volume}
	all, err := f.segments()
	if err != nil {
		return nil, err
	}
	var sources []playback.Source
	for _, name := range all[cameraOf{room, camera}] {
		x, err := r.index(volume, path.Join(at, name))
		if errors.Is(err, playback.ErrEmpty) {
			continue // its first fragment is on its way
		}
		if err != nil {
			return nil, err
		}
		sources = append(sources, playback.Source{Path: name, Index: x})
	}
	if len(sources) == 0 {
		return nil, panel.ErrNotFound
	}
	attempts, err := seal.Find(volume, at)
	if err != nil {
		return nil, err
	}
	return playback.Playlist(sources, files, attempts.Sealed()), nil
}

func (r recordings) index(files fs.FS, name string) (*playback.Index, error) {
	f, err := openSegment(files, name)
	if err != nil {
		return nil, err
	}
	x, err := r.cache.Index(name, f, f.size)
	return x, errors.Join(err, f.Close())
}

// File opens a segment, or a part of one that is converted for browsers.
func (r recordings) File(_ context.Context, id, name string) (panel.File, error) {
	volume, at, err := r.find(id)
	if err != nil {
		return nil, err
	}
	segment, part, converted := playback.ParsePart(name)
	if !converted {
		segment = name
	}
	if !strings.HasSuffix(segment, ".mp4") || !fs.ValidPath(segment) {
		return nil, panel.ErrNotFound
	}
	f, err := openSegment(volume, path.Join(at, segment))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, panel.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	x, err := r.cache.Index(path.Join(at, segment), f, f.size)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if !converted {
		return playedFile{x.Original(f), f}, nil
	}
	b, err := x.Converted(f, part)
	if errors.Is(err, playback.ErrNoPart) {
		err = panel.ErrNotFound
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return playedFile{b, f}, nil
}

type playedFile struct {
	io.ReadSeeker
	io.Closer
}
