package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/table"
)

// index is the catalogue as the session's layer and the pages use it.
type index struct {
	c *catalog.Catalog
	// sealed is told of every session that was sealed, so that it is verified; nil: nobody.
	sealed func(id string)
}

func openIndex(ctx context.Context, stateDir string, reg prometheus.Registerer) (*index, error) {
	m, err := catalog.NewMetrics(reg)
	if err != nil {
		return nil, err
	}
	c, err := catalog.Open(ctx, filepath.Join(stateDir, "catalog.db"), m)
	if err != nil {
		return nil, err
	}
	return &index{c: c}, nil
}

// Close closes the catalogue.
func (x *index) Close() error { return x.c.Close() }

// Put lists a session, or what is now of it.
func (x *index) Put(ctx context.Context, e session.Entry) error {
	if err := x.c.Put(ctx, listed(e)); err != nil {
		return err
	}
	if e.SealHash != "" && x.sealed != nil {
		x.sealed(e.Session)
	}
	return nil
}

// unsealed returns the sessions that the catalogue does not list as sealed, at most 1,000 of a state.
func (x *index) unsealed(ctx context.Context) (out []string, err error) {
	for _, state := range table.States() {
		if state == table.Sealed {
			continue
		}
		found, err := x.c.Sessions(ctx, catalog.Query{State: state, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			out = append(out, s.Session)
		}
	}
	return out, nil
}

// recentSeals returns the sessions that were sealed since an instant, in the order of their opening.
func (x *index) recentSeals(ctx context.Context, since clock.Wall) ([]string, error) {
	// A session is shorter than two days.
	found, err := x.c.Sessions(ctx, catalog.Query{After: since.Add(-48 * time.Hour), Limit: 1000})
	var out []string
	for _, s := range slices.Backward(found) {
		if s.Sealed >= since {
			out = append(out, s.Session)
		}
	}
	return out, err
}

// openerRole is how the catalogue lists who opened a session, beside who took part: both see it as their
// own.
const openerRole = "opener"

func listed(e session.Entry) catalog.Session {
	s := catalog.Session{
		Session: e.Session, Room: e.Room, Case: e.Case, Person: e.Person, Kind: string(e.Kind), State: e.State,
		Mandatory: e.Mandatory, Ending: e.Ending, Opened: e.Opened, Started: e.Started, Ended: e.Ended, Sealed: e.Sealed,
		Folder: e.Folder, SealHash: e.SealHash, Interruptions: e.Interruptions, Ordinal: e.Ordinal,
	}
	for _, m := range e.Members {
		s.Members = append(s.Members, catalog.Member{Role: m.Role, Name: m.Name})
	}
	if e.Opener != "" {
		s.Members = append(s.Members, catalog.Member{Role: openerRole, Name: e.Opener})
	}
	return s
}

// sealOf returns what the session's layer keeps of a seal that was read from its folder.
func sealOf(f folder) *session.SealResult {
	if f.sealed == nil {
		return nil
	}
	name, _, _ := strings.Cut(f.sealed.Key, "+")
	r := &session.SealResult{Hash: seal.SHA256(f.note).String(), At: f.sealed.Sealed, Key: name, Uncertainty: f.sealed.Clock.Uncertainty}
	if !f.sealed.Clock.Trusted {
		r.Facts = append(r.Facts, clockNotTrusted)
	}
	return r
}

// indexable returns the sessions in the folders of the volumes, for a catalogue to be rebuilt from.
// What cannot be read is told to bad and left out: a damaged folder must not keep the others from
// being found.
func indexable(volumes []*volume.Volume, known []string, bad func(volume, folder string, err error)) iter.Seq2[catalog.Session, error] {
	return func(yield func(catalog.Session, error) bool) {
		for _, v := range volumes {
			folders, err := sessionsOn(v.Files())
			if err != nil {
				bad(v.ID(), ".", err)
			}
			for _, at := range folders {
				f, err := readFolder(v.Files(), at)
				if err != nil {
					bad(v.ID(), at, err)
				}
				entry, err := session.EntryOf(at, f.lines, sealOf(f))
				if err != nil {
					bad(v.ID(), at, err)
					continue
				}
				row := listed(entry)
				if row.Transcript, row.Ordinal, err = transcriptOf(f, volumes, known); err != nil {
					bad(v.ID(), at, err)
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// transcriptOf returns what the folders of a sealed session say of its transcript, on whichever volume
// has the most of it.
func transcriptOf(f folder, volumes []*volume.Volume, known []string) (status string, ordinal int, err error) {
	if f.sealed == nil {
		return "", f.record.Form.Ordinal, nil
	}
	o := opened{folder: f}
	o.keys, _ = keysFor(f.sealed.Key, known)
	for _, v := range volumes {
		if a, err := seal.Find(v.Files(), f.path); err == nil && a.Sealed() && bytes.Equal(a.Note, f.note) {
			o.dirs = append(o.dirs, filepath.Join(v.Dir(), filepath.FromSlash(f.path)))
		}
	}
	if err := o.load(); err != nil {
		return "", 0, fmt.Errorf("after the seal: %w", err)
	}
	status, ordinal = o.indexed()
	return status, ordinal, nil
}

type reindexCmd struct {
	configFile
	Volume []string `help:"Folders to read instead of the configuration's volumes." placeholder:"DIR" sep:"none"`
	State  string   `help:"Folder of the index, with --volume." placeholder:"DIR" name:"state-dir"`
	JSON   bool     `help:"Answer in JSON." name:"json"`
}

// Run rebuilds the index from the session folders, which are the truth.
func (c *reindexCmd) Run(e *env) error {
	state := c.State
	paths := []config.Volume{}
	for _, dir := range c.Volume {
		paths = append(paths, config.Volume{Path: dir})
	}
	switch {
	case len(paths) > 0 && state == "":
		return fmt.Errorf("--volume: want --state-dir too, the folder of the index")
	case len(paths) == 0:
		cfg, err := c.load()
		if err != nil {
			return err
		}
		paths, state = cfg.Volumes, cfg.StateDir
	}
	var volumes []*volume.Volume
	for _, p := range paths {
		v, err := volume.Open(p.Path, volume.Options{Clock: clock.NewSystem()})
		if err != nil {
			return err
		}
		volumes = append(volumes, v)
	}
	known, err := seal.RememberedText(filepath.Join(state, keysFolder))
	if err != nil {
		return err
	}
	x, err := openIndex(e.ctx, state, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	type problem struct {
		Volume string `json:"volume"`
		Folder string `json:"folder"`
		Error  string `json:"error"`
	}
	problems := []problem{}
	n, err := x.c.Reindex(e.ctx, indexable(volumes, known, func(v, at string, err error) {
		problems = append(problems, problem{v, at, err.Error()})
	}))
	if closing := errors.Join(x.Close(), giveState(state)); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(map[string]any{"sessions": n, "problems": problems})
	} else {
		_, err = fmt.Fprintf(e.stdout, "%d sessions listed\n", n)
		for _, p := range problems {
			fmt.Fprintf(e.stderr, "roomrec: volume %s: %s: %s\n", p.Volume, p.Folder, p.Error)
		}
	}
	if err == nil && len(problems) > 0 {
		return &exitError{code: exitNo}
	}
	return err
}
