package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"roomrec/evidence/volume"
)

// ErrUnread: something of the session cannot be read on a volume, and another one has it. The volume may be
// asked again.
var ErrUnread = errors.New("what it holds of the session cannot be read")

// Unread says what of the session could not be read on which volume, nil if all could. Such a volume may
// hold more than the others. Who goes on all the same goes on without it, until it joins: see [Open].
func (f *Found) Unread() error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(f.unread)) {
		errs = append(errs, fmt.Errorf("volume %s: %w", id, f.unread[id]))
	}
	return errors.Join(errs...)
}

// without notes that a volume cannot be asked, and returns the surveys of the others.
func (f *Found) without(surveys []*survey, id string, err error) []*survey {
	if f.unread[id] == nil {
		f.unread[id] = fmt.Errorf("%w: %w", ErrUnread, err)
	}
	return slices.DeleteFunc(slices.Clone(surveys), func(s *survey) bool { return s.vol.ID() == id })
}

// leaveUnread takes the volumes out of the set of which something could not be read, each for this session
// alone: it may be asked again at any time, by [Evidence.Join].
func (e *Evidence) leaveUnread() {
	now := e.cfg.Clock.Now()
	for _, id := range slices.Sorted(maps.Keys(e.found.unread)) {
		e.volumeEvent(volume.Event{Volume: id, Kind: volume.EventLeft, Err: e.found.unread[id], At: now})
	}
}

// errTakenOut: the volume has left the set, and the others go on.
var errTakenOut = errors.New("the volume has left the session")

// takeOut takes a volume out of the set of a session that is being sealed, of which it cannot be said what lies
// there: who states it all the same may later find something else. The error wraps errTakenOut, unless it is
// the last one.
func (e *Evidence) takeOut(m *member, err error) error {
	err = fmt.Errorf("volume %s: %w: %w", m.vol.ID(), ErrUnread, err)
	if in, _, _ := e.set.current(); len(in) < 2 {
		return err
	}
	e.log.Error().Err(err).Msg("sealed without this volume")
	e.volumeEvent(volume.Event{Volume: m.vol.ID(), Kind: volume.EventLeft, Err: err, At: e.cfg.Clock.Now()})
	return fmt.Errorf("%w: %w", errTakenOut, err)
}

// tellDamaged tells what cannot be read on volumes that stay in the set.
func (e *Evidence) tellDamaged(volume string, err error) {
	in, _, _ := e.set.current()
	if !slices.ContainsFunc(in, func(m *member) bool { return m.vol.ID() == volume }) || !e.sums.tell(volume+": "+err.Error()) {
		return
	}
	e.log.Error().Err(err).Str("volume", volume).Msg("something on it cannot be read")
	e.events.put(VolumeDamaged{volume, err, e.cfg.Clock.Now(), len(in)})
}

// tell reports whether something was not told yet.
func (s *foundSums) tell(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.told[what]
	s.told[what] = true
	return !was
}

// copied is what could be read of a file.
type copied struct {
	b []byte
	// unread is how many bytes follow that cannot be read, and err says why; behind them something may be
	// readable again, which nobody can tell from here.
	unread int64
	err    error
}

// readAsFar reads a file up to the first byte that cannot be read. The error says that nothing is known of
// it, not even its size.
func readAsFar(files fs.FS, name string) (c copied, err error) {
	f, err := files.Open(name)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return c, err
	}
	c.b, c.err = io.ReadAll(f)
	if c.err != nil {
		c.unread = max(info.Size()-int64(len(c.b)), 1)
		c.err = fmt.Errorf("%s: cannot be read at byte %d: %w", name, len(c.b), c.err)
	}
	return c, nil
}

// unreadWhy says why a file's end does not count.
func unreadWhy(why string, err error) string {
	if err == nil {
		return why
	}
	return cmp.Or(err.Error(), why)
}
