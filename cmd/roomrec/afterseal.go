package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/transcript"
)

// opened is a sealed session as its folders tell it now.
type opened struct {
	folder
	dirs    []string // of the session on every healthy volume
	copies  []after.Content
	longest int
	history transcript.History
	// keys are those that may sign what comes after the seal: the seal's own, and, where the station made
	// the seal, every other that the station has or had.
	keys []string
	// readOnly says why nothing can be added now; nil: it can. What is there is shown all the same, as far
	// as it can be read.
	readOnly *session.Refusal
}

func (o *opened) seal() seal.Hash { return seal.SHA256(o.note) }

// open reads a session and what came after its seal; the caller has the turn.
func (t *transcripts) open(id string) (*opened, error) {
	held, err := t.station.disks.joined(id, true)
	if err != nil {
		return nil, err
	}
	o := &opened{dirs: held.sealedIn()}
	if o.folder, err = held.read(); err != nil {
		t.station.log.Error().Err(err).Str("session", id).Msg("read the session's folder")
		return nil, panel.ErrNotFound
	}
	if o.sealed == nil {
		return nil, notSealed
	}
	var ours bool
	if o.keys, ours = t.station.keysAfter(o.sealed.Key); !ours {
		o.readOnly = otherKey
	}
	if err := o.load(); err != nil {
		t.station.log.Error().Err(err).Str("session", id).Msg("read what came after the seal")
		o.readOnly = afterDamaged
	}
	return o, nil
}

// keysAfter returns the keys that may sign what comes after a seal by the given one, and whether that is
// one of the station's: a station that changed its key goes on with what it sealed before.
func (st *station) keysAfter(sealed string) (keys []string, ours bool) {
	own, err := st.keys()
	if err != nil {
		st.log.Error().Err(err).Msg("read the station's keys")
	}
	return keysFor(sealed, own)
}

// keys returns the station's public keys, of now and of before. With an error they are those that can be read: then
// nothing can be said of a key that is not among them.
func (st *station) keys() ([]string, error) {
	var own []string
	key, err := st.sealKey()
	if err == nil {
		own = append(own, key.Verifier())
	}
	all, e := keysOf(st.setup.stateDir, own...)
	return all, errors.Join(err, e)
}

// verifiers are all the station's public keys, or none with an error.
func (st *station) verifiers() ([]seal.Verifier, error) {
	text, err := st.keys()
	if err != nil {
		return nil, err
	}
	return verifiers(text)
}

func keysFor(sealed string, own []string) (keys []string, ours bool) {
	if !slices.Contains(own, sealed) {
		return []string{sealed}, false
	}
	return own, true
}

// load reads the journals after the seal. What can be read is there even if something cannot: of a copy that
// cannot be read nothing, and nothing can be added then, for it may hold a line that no other has.
func (o *opened) load() error {
	o.copies, o.longest = nil, 0
	var errs []error
	for _, dir := range o.dirs {
		c, err := after.Load(dir, o.seal(), o.keys...)
		o.copies, errs = append(o.copies, c), append(errs, err)
	}
	err := errors.Join(errs...)
	if len(o.copies) == 0 {
		o.copies, err = []after.Content{{}}, errors.New("no copy with the seal can be read")
	}
	longest, differ := after.Longest(o.copies)
	o.longest = longest
	if err == nil {
		err = differ
	}
	if differ != nil {
		// None of them counts for certain; the one that tells most is shown.
		o.longest = 0
		for i := range o.copies {
			if len(o.copies[i].Lines) > len(o.copies[o.longest].Lines) {
				o.longest = i
			}
		}
	}
	history, e := transcript.HistoryOf(notesOf(o.copies[o.longest].Lines))
	o.history = history
	if err == nil {
		err = e
	}
	return err
}

func notesOf(lines []after.Line) []transcript.Note {
	out := make([]transcript.Note, 0, len(lines))
	for _, l := range lines {
		out = append(out, transcript.Note{Type: l.Type, Actor: l.Actor, At: l.Wall, Data: l.Data})
	}
	return out
}

// append signs a line and writes it on every volume that has the session. Those that lack lines get them
// too. It is written when one volume has it.
func (t *transcripts) append(o *opened, kind string, actor session.Actor, data any) error {
	if o.readOnly != nil {
		return o.readOnly
	}
	key, err := t.station.sealKey()
	if err != nil {
		return err
	}
	at := t.station.afterNow()
	failed, err := after.Append(o.dirs, o.copies, after.Entry{Type: kind, Actor: named(actor), Data: data, At: at}, session.ActorController, key)
	for _, f := range failed {
		if f != nil {
			t.station.log.Error().Err(f).Str("session", o.id).Msg("write after the seal")
		}
	}
	if errors.Is(err, after.ErrNowhere) {
		return disksRefuse
	}
	if err != nil {
		return err
	}
	return o.load()
}

// afterNow is the instant of a line that is written after a seal.
func (st *station) afterNow() clock.Instant {
	return clock.Instant{Wall: st.clock.Now().Wall, Uncertainty: st.trust.look().MaxError}
}

// Note writes a line of another kind after a session's seal, as that a copy was made of it. It returns when
// it is on a volume, or an error when it is not known to be.
func (t *transcripts) Note(ctx context.Context, id, kind string, actor session.Actor, data any) error {
	give, err := t.take(ctx)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { // a disk that hangs holds the turn, but not who asked
		defer give()
		o, err := t.open(id)
		if err == nil {
			err = t.append(o, kind, actor, data)
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noteTime is how long the disks may take to take a look before it is kept beside them.
const noteTime = 5 * time.Second

// Looked keeps that someone looked at a session that has ended: after its seal, or, where nothing can be
// written there, beside it. A recording is evidence, and must be shown to whoever may see it also when its
// disks have become read-only or what came after its seal was damaged.
func (t *transcripts) Looked(ctx context.Context, id, kind string, actor session.Actor, data any) error {
	wait, stop := context.WithTimeout(ctx, noteTime)
	defer stop()
	err := t.Note(wait, id, kind, actor, data)
	if err == nil || ctx.Err() != nil {
		return err
	}
	t.station.log.Warn().Err(err).Str("session", id).Msg("who looked cannot be written after the seal: it is kept in state_dir")
	t.metrics.beside.Inc()
	return t.beside(id, after.Entry{Type: kind, Actor: named(actor), Data: data, At: t.station.afterNow()})
}

// besideFolder holds, in state_dir, the lines that could not be written after a session's seal: a journal
// of the same form in a folder named after the session, which begins with the SHA-256 of that name.
const besideFolder = "beside"

func (t *transcripts) besideFolder(id string) string {
	return filepath.Join(t.station.setup.stateDir, besideFolder, id)
}

// besideLines returns the lines that are kept beside a session.
func (t *transcripts) besideLines(id string) ([]after.Line, error) {
	if _, ok := folderOf(id); !ok {
		return nil, panel.ErrNotFound
	}
	dir := t.besideFolder(id)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	key, err := t.station.sealKey()
	if err != nil {
		return nil, err
	}
	keys, _ := t.station.keysAfter(key.Verifier())
	c, err := after.Load(dir, seal.SHA256([]byte(id)), keys...)
	if err == nil {
		err = c.Fault
	}
	return c.Lines, err
}

func (t *transcripts) beside(id string, e after.Entry) error {
	if _, ok := folderOf(id); !ok {
		return panel.ErrNotFound
	}
	key, err := t.station.sealKey()
	if err != nil {
		return err
	}
	dir := t.besideFolder(id)
	t.besides.Lock()
	defer t.besides.Unlock()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("beside the session: %w", err)
	}
	keys, _ := t.station.keysAfter(key.Verifier())
	c, err := after.Load(dir, seal.SHA256([]byte(id)), keys...)
	if err != nil {
		return err
	}
	if c.Fault != nil {
		return fmt.Errorf("%s: %w", dir, c.Fault)
	}
	_, err = after.Append([]string{dir}, []after.Content{c}, e, session.ActorController, key)
	return err
}
