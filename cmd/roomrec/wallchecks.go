package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/policy"
)

const (
	// wallFolder holds comparisons of the clocks in rooms, in state_dir and on every volume, by room.
	wallFolder = "wall-clocks"
	// wallVersion is the first line of a comparison that is kept.
	wallVersion = "roomrec wall clock 1"
)

// wallNote is a comparison as it is kept, in a signed note (Z23).
type wallNote struct {
	Room        string        `json:"room"`
	At          clock.Wall    `json:"at"` // by the controller's clock
	Uncertainty time.Duration `json:"uncertainty_ns"`
	Zone        string        `json:"zone"`
	By          string        `json:"by"`   // id of who compared
	Role        string        `json:"role"` // of that person
	Says        string        `json:"says"` // agrees or differs
	Ahead       int           `json:"ahead_s,omitempty"`
	Session     string        `json:"session,omitempty"` // the one that was opened with it
	Program     string        `json:"program"`
	Key         string        `json:"key"` // verifier of the signature
}

func (n wallNote) view() session.WallCheckView {
	return session.WallCheck{At: n.At, By: session.Actor{ID: n.By}, WallClock: policy.WallClock{Says: n.Says, Ahead: n.Ahead}}.View()
}

// signWall returns the note, signed by key.
func signWall(n wallNote, key seal.Key) ([]byte, error) {
	n.Key = key.Verifier()
	b, err := json.MarshalIndent(n, "", " ")
	if err != nil {
		return nil, err
	}
	return seal.SignText(wallVersion+"\n"+string(b)+"\n", key)
}

// parseWall returns what a note states, if its signature is right by the key that it names itself.
func parseWall(b []byte) (n wallNote, err error) {
	text, err := seal.TextOf(b)
	if err != nil {
		return n, err
	}
	body, ok := bytes.CutPrefix([]byte(text), []byte(wallVersion+"\n"))
	if !ok {
		return n, fmt.Errorf("%w: the first line is not %q", seal.ErrVersion, wallVersion)
	}
	if err := json.Unmarshal(body, &n); err != nil {
		return n, fmt.Errorf("%w: %w", seal.ErrFormat, err)
	}
	v, err := seal.ParseVerifier(n.Key)
	if err != nil {
		return n, fmt.Errorf("%w: %w", seal.ErrFormat, err)
	}
	return n, seal.CheckText(b, v)
}

// wallChecks keeps what people saw of the clocks in the rooms, signed, as results of self-tests are kept.
type wallChecks struct {
	st    *station
	later chan session.WallCheck // of openings; capacity 64, beyond that it stands in the session's form alone
}

func newWallChecks(st *station) *wallChecks {
	return &wallChecks{st: st, later: make(chan session.WallCheck, 64)}
}

// remember shows the last comparison in a room that was kept before.
func (w *wallChecks) remember(room string) {
	n, err := lastWall(filepath.Join(w.st.setup.stateDir, wallFolder, room))
	if err != nil {
		w.st.log.Error().Err(err).Str("room", room).Msg("comparisons of the clock in the room")
	}
	if n.Room == room {
		w.st.manager.SetWallCheck(room, n.view())
	}
}

// lastWall returns the last comparison in a folder that can be read, and what could not be; a zero one without
// any.
func lastWall(dir string) (wallNote, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return wallNote{}, nil
	}
	for _, e := range slices.Backward(entries) {
		if !strings.HasSuffix(e.Name(), ".note") {
			continue
		}
		file := filepath.Join(dir, e.Name())
		b, e := os.ReadFile(file)
		if e == nil {
			n, bad := parseWall(b)
			if bad == nil {
				return n, err
			}
			e = &fs.PathError{Op: "read", Path: file, Err: bad}
		}
		err = errors.Join(err, e)
	}
	return wallNote{}, err
}

// Run keeps what was seen at openings until ctx ends.
func (w *wallChecks) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-w.later:
			if err := w.Keep(ctx, c); err != nil {
				w.st.log.Error().Err(err).Str("room", c.Room).Msg("keep a comparison of the clock in the room")
			}
		}
	}
}

// Later implements [session.WallChecks].
func (w *wallChecks) Later(c session.WallCheck) {
	select {
	case w.later <- c:
	default:
		w.st.log.Error().Str("room", c.Room).Msg("comparison of the clock in the room left to its session's form: too many at once")
	}
}

// Keep implements [session.WallChecks].
func (w *wallChecks) Keep(_ context.Context, c session.WallCheck) error {
	key, err := w.st.sealKey()
	if err != nil {
		return err
	}
	note, err := signWall(wallNote{
		Room: c.Room, At: c.At, Uncertainty: c.Uncertainty, Zone: w.st.setup.zone.Name(), By: c.By.ID, Role: c.By.Role,
		Says: c.Says, Ahead: c.Ahead, Session: c.Session, Program: version,
	}, key)
	if err != nil {
		return err
	}
	name := c.At.Time().Format("20060102-150405.000000000") + ".note"
	dir := filepath.Join(w.st.setup.stateDir, wallFolder, c.Room)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := secretFile(filepath.Join(dir, name), note); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	for _, v := range w.st.disks.healthy() {
		// Whether it got there is the volume's affair: what fails is a fault of its own.
		v.Create(path.Join(wallFolder, c.Room, name), volume.Write{Data: note}).Close()
	}
	return nil
}
