package main

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
)

// jointFile is a file that one or more volumes hold, as far as it counts.
type jointFile struct {
	*io.SectionReader
	from *jointBytes
}

// openJoint opens a file of which there are copies, the one that holds most first.
func openJoint(copies []copyOf) (*jointFile, error) {
	f := &jointBytes{copies: copies}
	if err := f.open(); err != nil {
		return nil, err
	}
	return &jointFile{io.NewSectionReader(f, 0, copies[0].counts), f}, nil
}

// Stat describes the file as far as it counts.
func (f *jointFile) Stat() (fs.FileInfo, error) {
	c := f.from.copies[len(f.from.opened)-1] // that is open
	info, err := fs.Stat(c.files, c.name)
	return countedInfo{info, f.Size()}, err
}

// Close closes what is open.
func (f *jointFile) Close() error {
	var errs error
	for _, s := range f.from.opened {
		if s.Closer != nil {
			errs = errors.Join(errs, s.Close())
		}
	}
	return errs
}

type countedInfo struct {
	fs.FileInfo
	size int64
}

func (c countedInfo) Size() int64 { return c.size }

// jointBytes reads the copies of a file. It belongs to one goroutine.
type jointBytes struct {
	copies []copyOf
	opened []segmentFile // of the first copies; zero for one that could not be opened
}

// open opens the next copy that can be.
func (f *jointBytes) open() error {
	var errs error
	for len(f.opened) < len(f.copies) {
		c := f.copies[len(f.opened)]
		s, err := openSegment(c.files, c.name)
		f.opened = append(f.opened, s)
		if err == nil {
			return nil
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// ReadAt reads from the first copy that has the bytes and can be read.
func (f *jointBytes) ReadAt(p []byte, off int64) (n int, err error) {
	for i := range f.copies {
		if i == len(f.opened) {
			if e := f.open(); e != nil {
				return 0, errors.Join(err, e)
			}
		}
		if i >= len(f.opened) || f.opened[i].ReaderAt == nil || off+int64(len(p)) > f.copies[i].counts {
			continue // what lies beyond what counts is no part of the file
		}
		n, e := f.opened[i].ReadAt(p, off)
		if e == nil || errors.Is(e, io.EOF) {
			return n, e
		}
		err = errors.Join(err, e)
	}
	return 0, cmp.Or(err, io.ErrUnexpectedEOF)
}
