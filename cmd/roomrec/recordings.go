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
	counts, sealed, err := countedIn(files, at)
	h.sealed = sealed && err == nil
	for _, pattern := range []string{"journal-*.jsonl", "*/*/run-*/*.mp4"} {
		names, _ := matches(files, path.Join(at, pattern)) // what cannot be read is not held
		for _, name := range names {
			info, err := fs.Stat(files, name)
			if err != nil {
				continue
			}
			h.bytes += counts.of(strings.TrimPrefix(name, at+"/"), info.Size())
		}
	}
	return h
}

// counted is how many bytes of each file of a sealed folder count, by the path in it: its seal states that. What
// lies beyond was never acknowledged, and is never played. Of files that the seal does not name all counts.
type counted map[string]int64

// of is how many bytes of a file of the given size count.
func (c counted) of(name string, size int64) int64 {
	if n, ok := c[name]; ok {
		return min(size, n)
	}
	return size
}

func countedIn(files fs.FS, at string) (c counted, sealed bool, err error) {
	attempts, err := seal.Find(files, at)
	if err != nil || !attempts.Sealed() {
		return nil, false, err
	}
	s, err := seal.Parse(attempts.Note)
	if err != nil {
		return nil, true, nil //nolint:nilerr // it is for verify to judge; the recording can be looked at
	}
	return countedBy(&s), true, nil
}

// countedBy is what a seal states; nil states nothing.
func countedBy(s *seal.Statement) counted {
	if s == nil {
		return nil
	}
	c := make(counted, len(s.Files))
	for _, f := range s.Files {
		c[f.Path] = f.Size
	}
	return c
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
	counts, sealed, err := countedIn(volume, at)
	if err != nil {
		return nil, err
	}
	var sources []playback.Source
	for _, name := range all[cameraOf{room, camera}] {
		x, err := r.index(volume, at, name, counts)
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
	return playback.Playlist(sources, files, sealed), nil
}

// index reads what counts of the segment name in the session's folder at.
func (r recordings) index(files fs.FS, at, name string, counts counted) (*playback.Index, error) {
	f, err := openSegment(files, path.Join(at, name))
	if err != nil {
		return nil, err
	}
	x, err := r.cache.Index(path.Join(at, name), f, counts.of(name, f.size))
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
	counts, _, err := countedIn(volume, at)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	x, err := r.cache.Index(path.Join(at, segment), f, counts.of(segment, f.size))
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
