package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"roomrec/config"
	"roomrec/evidence/volume"
)

// openWithin is how long the start waits for a disk that does not answer.
const openWithin = 10 * time.Second

// open opens the configured folders at the start, all at once. Where one cannot be opened or does not
// answer, the first error is returned if all are asked for; otherwise the others are used, if there are
// any, and that one is an alarm and is tried again: a host whose disk died must come back with the
// session that it was recording. A folder that another controller uses is always an error.
func (d *disks) open(list []config.Volume, all bool) error {
	ctx, stop := context.WithTimeout(context.Background(), d.patience)
	defer stop()
	type opened struct {
		one  *disk
		lock *volume.Lock
		err  error
	}
	results := make([]chan opened, len(list))
	for i, c := range list {
		results[i] = make(chan opened, 1)
		go func() {
			one, lock, err := d.openOne(c.Path, c.ID)
			results[i] <- opened{one, lock, err}
		}()
	}
	var errs []error
	used := 0
	for i, c := range list {
		var r opened
		select {
		case r = <-results[i]:
		case <-ctx.Done():
			select {
			case r = <-results[i]: // the time went by with another one
			default:
			}
		}
		if r.one == nil {
			r.err = fmt.Errorf("volume %s: %w: no answer for %v", c.Path, volume.ErrHung, d.patience)
			r.one = &disk{path: c.Path, want: c.ID, wait: tryEvery, trying: true}
			go d.late(r.one, func() *volume.Lock { return (<-results[i]).lock })
		}
		if r.lock != nil {
			r.one.locks = append(r.one.locks, r.lock)
		}
		d.mu.Lock()
		if r.err == nil {
			if r.err = d.twice(r.one, r.one.vol); r.err != nil {
				r.one.vol = nil // the first of them is used
			}
		}
		if r.err != nil {
			errs = append(errs, r.err)
		} else {
			used++
		}
		r.one.failed = r.err
		d.list = append(d.list, r.one)
		d.mu.Unlock()
	}
	inUse := slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, volume.ErrInUse) })
	if len(errs) == 0 || used > 0 && !all && !inUse {
		for _, err := range errs {
			d.log.Error().Err(err).Msg("disk cannot be used; the others are, and it is tried again")
		}
		return nil
	}
	err := errors.Join(errs[0], d.release())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = nil
	return err
}

// late takes what a disk answered after the start had gone on without it: from then on it is tried again
// as any other.
func (d *disks) late(one *disk, lock func() *volume.Lock) {
	l := lock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if l != nil {
		one.locks = append(one.locks, l)
	}
	one.trying = false
}

// add takes a folder into use. Sessions that run get it with the next look.
func (d *disks) add(path, id string) error {
	one, lock, err := d.openOne(path, id)
	if err != nil {
		return err
	}
	one.locks = append(one.locks, lock)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.twice(one, one.vol); err != nil {
		return errors.Join(err, lock.Release())
	}
	d.list = append(d.list, one)
	if d.running != nil {
		d.running(one.vol)
	}
	select {
	case d.added <- struct{}{}:
	default:
	}
	return nil
}

// openOne opens and locks a folder. The disk is never nil.
func (d *disks) openOne(path, id string) (*disk, *volume.Lock, error) {
	one := &disk{path: path, want: id, wait: tryEvery}
	path, err := filepath.Abs(path)
	if err != nil {
		return one, nil, err
	}
	one.path = path
	v, err := volume.Open(path, d.options)
	if err != nil {
		return one, nil, err
	}
	if err := one.is(v); err != nil {
		return one, nil, err
	}
	lock, err := volume.Acquire(path, d.options.Clock)
	if err != nil {
		return one, nil, err
	}
	one.vol, one.since = v, d.options.Clock.Now().Mono
	return one, lock, nil
}

// fault returns why the disk is not in use, nil if it is.
func (d *disk) fault() error {
	if d.vol == nil {
		return d.failed
	}
	return d.vol.Fault()
}

// name returns the volume's id, as far as it is known, or its path.
func (d *disk) name() string {
	if d.vol != nil {
		return d.vol.ID()
	}
	return cmp.Or(d.want, d.path)
}

// uses reports whether the folder is in use, or is tried again until it is.
func (d *disks) uses(path string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.list, func(one *disk) bool { return one.path == path })
}
