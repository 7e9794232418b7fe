package volume

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
)

// mountEvery is how often the kernel's table of mounts is read while there is work.
const mountEvery = time.Second

// writer is the goroutine that alone calls the disk.
type writer struct {
	v       *Volume
	made    map[string]bool    // folders that are there and would survive a power cut
	open    map[*File]struct{} // files whose descriptors are open
	mountAt clock.Mono         // when the mount was last looked at

	// Of the group that is being written, reused.
	touched []*File
	dirs    map[string]struct{} // folders in which a name appeared
	pending []string            // folders that become made with this group
}

// run writes until there is nothing more; before the disk is closed it calls stop, for its readers to
// end.
func (w *writer) run(stop func()) {
	for {
		group := w.take()
		if group == nil {
			break
		}
		err := w.serve(group)
		if err != nil {
			w.v.leave(err)
		} else {
			w.acknowledge(group)
		}
		for _, j := range group {
			j.release()
		}
	}
	stop()
	var errs []error
	for f := range w.open {
		errs = append(errs, w.close(f))
	}
	errs = append(errs, w.v.disk.Close())
	if err := errors.Join(errs...); err != nil {
		w.v.leave(err)
	}
}

// take waits for work and returns all of it; nil when there will be none.
func (w *writer) take() []*job {
	v := w.v
	for {
		v.mu.Lock()
		if v.fault != nil || v.closing && len(v.queue) == 0 {
			v.mu.Unlock()
			return nil
		}
		if len(v.queue) > 0 {
			v.group, v.queue = v.queue, nil
			group := v.group
			v.mu.Unlock()
			return group
		}
		v.mu.Unlock()
		<-v.wake
	}
}

// timed makes one call to the disk under the watchdog's eyes and returns how long it took.
func (w *writer) timed(call func() error) (time.Duration, error) {
	v := w.v
	from := v.clock.Now().Mono
	// 0 means none; an instant of exactly 0 is moved by a nanosecond.
	v.call.Store(max(int64(from), 1))
	err := call()
	took := v.clock.Now().Mono.Sub(from)
	v.call.Store(0)
	if took >= v.limits.Slow {
		v.answered()
	}
	return took, err
}

func (v *Volume) answered() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.slow && v.fault == nil {
		v.slow = false
		v.metrics.healthy(true)
		v.tell(Event{v.id, EventNormal, nil, v.clock.Now()})
	}
}

// serve takes the steps of the package's promise for one group.
func (w *writer) serve(group []*job) error {
	w.touched, w.pending = w.touched[:0], w.pending[:0]
	w.dirs = make(map[string]struct{})
	// 1. The folder is still the one that was opened.
	if err := w.present(); err != nil {
		return err
	}
	// 2. and 3. Folders, files, bytes.
	for _, j := range group {
		if w.v.Fault() != nil {
			return ErrStopped // the watchdog was quicker; the receipts are out
		}
		if err := w.write(j); err != nil {
			return err
		}
	}
	// 4. All files begin to move before the first is waited for: the file system then commits once
	// for most of them.
	synced, err := w.timed(func() error {
		if len(w.touched) < 2 {
			return nil
		}
		for _, f := range w.touched {
			if err := f.d.Start(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range w.touched {
		if w.v.Fault() != nil {
			return ErrStopped
		}
		took, err := w.timed(f.d.Sync)
		if err != nil {
			return fmt.Errorf("sync %s: %w", f.name, err)
		}
		synced += took
	}
	// 5. Names, the innermost first.
	for _, dir := range byDepth(w.dirs) {
		took, err := w.timed(func() error { return w.v.disk.SyncDir(dir) })
		if err != nil {
			return fmt.Errorf("sync folder %s: %w", dir, err)
		}
		synced += took
	}
	w.v.metrics.synced(synced)
	for _, dir := range w.pending {
		w.made[dir] = true
	}
	// 6. The paths lead to what was written.
	for _, f := range w.touched {
		if err := w.same(f.name, f.id); err != nil {
			return err
		}
	}
	if err := w.same(".", w.v.root); err != nil {
		return err
	}
	for _, j := range group {
		if j.kind != jobClose || j.file.d == nil {
			continue
		}
		if err := w.close(j.file); err != nil {
			return err
		}
	}
	return nil
}

func byDepth(dirs map[string]struct{}) []string {
	out := make([]string, 0, len(dirs))
	for d := range dirs {
		out = append(out, d)
	}
	depth := func(d string) int {
		if d == "." {
			return -1
		}
		return strings.Count(d, "/")
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(depth(b), depth(a)), cmp.Compare(a, b)) })
	return out
}

func (w *writer) present() error {
	if err := w.same(".", w.v.root); err != nil {
		return err
	}
	now := w.v.clock.Now().Mono
	if w.mountAt != 0 && now.Sub(w.mountAt) < mountEvery {
		return nil
	}
	w.mountAt = now
	return w.v.disk.Usable()
}

// same reports an error if the path no longer leads to id.
func (w *writer) same(name string, id Identity) error {
	_, err := w.timed(func() error {
		found, err := w.v.disk.Lookup(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: %w", ErrMoved, err)
		case err != nil:
			return err
		case found != id:
			return fmt.Errorf("%w: %s is another file now", ErrMoved, name)
		}
		return nil
	})
	return err
}

func (w *writer) write(j *job) error {
	f := j.file
	if j.kind == jobCreate {
		if err := w.create(f); err != nil {
			return fmt.Errorf("create %s: %w", f.name, err)
		}
	}
	if f.d == nil {
		if j.kind == jobClose {
			return nil
		}
		return fmt.Errorf("write %s: %w", f.name, fs.ErrClosed)
	}
	data := j.write.Data
	if len(data) == 0 && j.kind != jobCreate {
		j.end = f.end
		return nil
	}
	if !slices.Contains(w.touched, f) {
		w.touched = append(w.touched, f)
	}
	if len(data) == 0 {
		return nil
	}
	took, err := w.timed(func() error {
		n, err := f.d.Write(data)
		f.end += int64(n)
		if err == nil && n != len(data) {
			err = fmt.Errorf("%w: %d of %d bytes", ErrShortWrite, n, len(data))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", f.name, err)
	}
	j.end = f.end
	w.v.metrics.wrote(took)
	return nil
}

func (w *writer) create(f *File) error {
	if err := validName(f.name); err != nil {
		return err
	}
	dir := path.Dir(f.name)
	if err := w.mkdir(dir); err != nil {
		return err
	}
	_, err := w.timed(func() (err error) {
		if f.d, err = w.v.disk.Create(f.name); err != nil {
			return err
		}
		w.open[f] = struct{}{}
		f.id, err = f.d.Identity()
		return err
	})
	w.dirs[dir] = struct{}{}
	return err
}

// mkdir makes dir and what is missing above it. A folder that was there may have been made by a
// program that lost power before it synced: its name is synced again the first time.
func (w *writer) mkdir(dir string) error {
	if w.made[dir] || slices.Contains(w.pending, dir) {
		return nil
	}
	parent := path.Dir(dir)
	if err := w.mkdir(parent); err != nil {
		return err
	}
	_, err := w.timed(func() error {
		if err := w.v.disk.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
	w.dirs[parent] = struct{}{}
	w.pending = append(w.pending, dir)
	return err
}

func (w *writer) close(f *File) error {
	d := f.d
	f.d = nil
	delete(w.open, f)
	_, err := w.timed(d.Close)
	if err != nil {
		return fmt.Errorf("close %s: %w", f.name, err)
	}
	return nil
}

// acknowledge hands out the receipts of a group, unless the volume has left meanwhile.
func (w *writer) acknowledge(group []*job) {
	v := w.v
	now := v.clock.Now()
	v.mu.Lock()
	if v.fault != nil {
		v.mu.Unlock()
		return
	}
	var bytes int64
	for _, j := range group {
		bytes += int64(len(j.write.Data))
	}
	took := now.Mono.Sub(group[len(group)-1].queued)
	v.group, v.bytes = nil, v.bytes-bytes
	v.stats.Bytes += bytes
	v.stats.Receipts += int64(len(group))
	v.stats.Groups++
	v.stats.LastSync, v.stats.WorstSync = took, max(v.stats.WorstSync, took)
	v.metrics.acknowledged(bytes)
	v.metrics.waiting(v.bytes)
	v.mu.Unlock()
	for _, j := range group {
		j.finish(Receipt{Volume: v.id, File: j.file.name, End: j.end, At: now})
	}
}
