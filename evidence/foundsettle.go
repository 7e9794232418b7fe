package evidence

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"roomrec/evidence/journal"
	"roomrec/evidence/volume"
)

// settle makes last, on every volume of the set, what was found and counts. A program that was killed may
// have written what it never synced: it is read like the rest, and would be gone after a power cut, when
// the journal goes on from it already.
func (e *Evidence) settle(ctx context.Context) error {
	in, _, _ := e.set.current()
	results := make(chan error, len(in))
	for _, m := range in {
		// A disk that hangs holds up its goroutine, not the others; ctx ends the waiting.
		go func() {
			results <- m.vol.Settle(e.found.on(m.vol, e.cfg.Folder))
		}()
	}
	var errs []error
	for range in {
		select {
		case err := <-results:
			errs = append(errs, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(errs...) // the next survey does without the volumes that have left
}

// on returns the paths of the files on a volume that count.
func (f *Found) on(v *volume.Volume, folder string) (names []string) {
	files := v.Files()
	for n := 1; n <= f.number; n++ {
		name := path.Join(folder, journal.FileName(n))
		if _, err := fs.Stat(files, name); err == nil {
			names = append(names, name)
		}
	}
	for _, g := range f.segments {
		if g.on[v.ID()] != nil && g.count > 0 {
			names = append(names, path.Join(folder, g.path))
		}
	}
	return names
}
