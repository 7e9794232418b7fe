package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

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

// recordings serves what was recorded to the panel, as all volumes hold it together. It only reads.
type recordings struct {
	volumes *disks
	cache   *playback.Cache
}

// find returns what the volumes hold of a session: the healthy ones, or, where none of these has it, the others.
func (r recordings) find(id string) (*together, error) {
	t, err := r.volumes.joined(id, true)
	if err == nil {
		return t, nil
	}
	t, left := r.volumes.joined(id, false)
	if left == nil {
		return t, nil
	}
	if errors.Is(err, panel.ErrNotFound) {
		return nil, left
	}
	return nil, err
}

// joined returns what the healthy volumes, or those that have left, hold of a session.
func (d *disks) joined(id string, healthy bool) (*together, error) {
	at, ok := folderOf(id)
	if !ok {
		return nil, panel.ErrNotFound
	}
	var found []holder
	for _, v := range d.all() {
		if (v.Fault() == nil) != healthy {
			continue
		}
		info, err := fs.Stat(v.Files(), at)
		if err == nil && info.IsDir() || err != nil && !errors.Is(err, fs.ErrNotExist) { // what cannot be read may be there
			found = append(found, holder{v.Files(), v.Dir(), v.ID()})
		}
	}
	if len(found) == 0 {
		return nil, panel.ErrNotFound
	}
	return heldTogether(found, at)
}

// Playlist returns one camera's playlist.
func (r recordings) Playlist(_ context.Context, id, room, camera, files string) ([]byte, error) {
	t, err := r.find(id)
	if err != nil {
		return nil, err
	}
	f := folder{id: id, path: t.at, files: t}
	all, err := f.segments()
	if err != nil && len(all[cameraOf{room, camera}]) == 0 {
		return nil, err
	}
	var sources []playback.Source
	for _, name := range all[cameraOf{room, camera}] {
		x, err := r.index(t, t.at, name)
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
	return playback.Playlist(sources, files, t.noted >= 0), nil
}

// index reads the segment name in the session's folder at.
func (r recordings) index(files fs.FS, at, name string) (*playback.Index, error) {
	f, err := openSegment(files, path.Join(at, name))
	if err != nil {
		return nil, err
	}
	x, err := r.cache.Index(path.Join(at, name), f, f.size)
	return x, errors.Join(err, f.Close())
}

// File opens a segment, or a part of one that is converted for browsers.
func (r recordings) File(_ context.Context, id, name string) (panel.File, error) {
	t, err := r.find(id)
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
	f, err := openSegment(t, path.Join(t.at, segment))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, panel.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	x, err := r.cache.Index(path.Join(t.at, segment), f, f.size)
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
