package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
)

// CopySeal gives the session's seal to the volumes that were in the set when it was made and do not hold
// it: the program or a disk failed after the first of them had it. It returns the ids of those that have
// it now, also with an error, which says of which it is not known or did not succeed. Nothing else is written, and nothing to a volume that had left before: what that one lacks no
// note makes good. The volumes' Run must be running.
//
// Two seals that differ are refused with [ErrForked], unless one names the other as given up. A file that was torn stays as it is: the seal goes
// beside it under the next name, see [seal.Attempts].
func CopySeal(ctx context.Context, folder string, volumes []*volume.Volume) (given []string, err error) {
	fail := func(err error) error { return fmt.Errorf("%s: copy the seal: %w", folder, err) }
	var note []byte
	var without []*volume.Volume
	attempts := map[*volume.Volume]int{} // the last of those that were torn
	number := 1                          // of the seal where it is
	var errs []error
	for _, v := range volumes {
		a, err := seal.Find(v.Files(), folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			// The others get theirs; it is told, and tried again with the next start.
			errs = append(errs, fmt.Errorf("volume %s: %w", v.ID(), err))
		case !a.Sealed():
			without = append(without, v)
			attempts[v] = a.Last
		case note != nil && seal.GivenUp(note, a.Note):
			// The one that counts is known already.
		case note != nil && !bytes.Equal(note, a.Note) && !seal.GivenUp(a.Note, note):
			return nil, fail(fmt.Errorf("volume %s: its seal is another: %w", v.ID(), ErrForked))
		default:
			note = a.Note
			number, _ = seal.AttemptNumber(a.Name)
		}
	}
	if note == nil || len(without) == 0 {
		if len(errs) > 0 {
			return nil, fail(errors.Join(errs...))
		}
		return nil, nil
	}
	statement, err := seal.Parse(note)
	if err != nil {
		return nil, fail(err)
	}
	for _, v := range without {
		if !wasSealed(&statement, v.ID()) {
			continue
		}
		done := make(chan volume.Receipt, 1)
		name := seal.AttemptName(max(number, attempts[v]+1)) // no name that the seal gives to another
		f := v.Create(path.Join(folder, name), volume.Write{Data: note, Done: func(r volume.Receipt) { done <- r }})
		f.Close()
		select {
		case r := <-done:
			if r.Err != nil {
				errs = append(errs, r.Err)
				continue
			}
			given = append(given, v.ID())
		case <-ctx.Done():
			return given, fail(ctx.Err())
		}
	}
	if len(errs) > 0 {
		return given, fail(errors.Join(errs...))
	}
	return given, nil
}

// wasSealed reports whether the volume was in the set when the session was sealed. One that left and
// returned is listed twice.
func wasSealed(s *seal.Statement, volume string) bool {
	return slices.ContainsFunc(s.Volumes, func(v seal.Volume) bool { return v.ID == volume && v.Left == nil })
}
