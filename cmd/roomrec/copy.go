package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	osuser "os/user"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume"
	"roomrec/playback/copies"
	"roomrec/session"
)

type copyCmd struct {
	Session  string   `arg:"" help:"Folder of the sealed session, on a volume." type:"existingdir"`
	Camera   string   `help:"Camera whose pictures are copied, as in suspect or room3/suspect." required:"" placeholder:"CAMERA"`
	Inset    string   `help:"Camera that is shown small in them, as a rule the room's. Both sounds are mixed." placeholder:"CAMERA"`
	Reason   string   `help:"What the copy is for." required:"" placeholder:"TEXT"`
	By       string   `help:"Who wants it. Without it: the name that is signed in on this machine." placeholder:"NAME"`
	Approval string   `help:"Who approved it: rank, name, number of the document." required:"" placeholder:"TEXT"`
	Also     []string `help:"Folders of the same session on other volumes; the copy is put on record there too." type:"existingdir" placeholder:"DIR" sep:"none"`
	Room     string   `help:"Name of the room to show; without it, the one of the settings, or its id." placeholder:"NAME"`
	configFile
	State string `help:"Where the key is kept that signs what is put on record." default:"${state}" placeholder:"DIR" name:"state-dir"`
	JSON  bool   `help:"Answer in JSON." name:"json"`
}

// Run makes a copy with the time in its pictures, of an original that is whole. Who wants it, why and by
// whose approval is put on record before it begins.
func (c *copyCmd) Run(e *env) error {
	if err := c.sign(); err != nil {
		return err
	}
	dirs, err := absolute(append([]string{c.Session}, c.Also...))
	if err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	if err := copyable(e.ctx, dirs, keys); err != nil {
		return err
	}
	root, f, err := sessionIn(dirs)
	if err != nil {
		return err
	}
	n, err := c.names()
	if err != nil {
		return err
	}
	order := copyOrder{Camera: c.Camera, Inset: c.Inset, By: c.By, Reason: c.Reason, Approval: c.Approval, Room: c.Room}.named(n)
	req, err := order.request(f, root)
	if err != nil {
		return err
	}
	book, err := openBook(c.State, nil, c.By, f, dirs)
	if err != nil {
		return err
	}
	line := order.line(&req)
	if err := book.add(typeCopyAsked, line); err != nil {
		return err
	}
	made, err := copies.Make(e.ctx, req, clock.NewSystem(), c.progress(e))
	if err != nil {
		if errors.Is(err, copies.ErrThere) || errors.Is(err, copies.ErrBusy) {
			return &exitError{exitNo, err}
		}
		return failed(err)
	}
	line.File, line.SHA256 = copyFile(f, made.File), made.SHA256
	if err := book.add(typeCopyMade, line); err != nil {
		return failed(fmt.Errorf("the copy is made, but not on record: %w", err))
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(made)
	}
	_, err = fmt.Fprintf(e.stdout, "\n%s\nSHA-256 %s\n", filepath.Join(req.Dir, made.File), made.SHA256)
	return err
}

// names returns what the settings call rooms and cameras. A machine without settings has no names: a session
// that was recorded without the service, or one on a disk that was carried elsewhere.
func (c *copyCmd) names() (names, error) {
	cfg, err := config.Load(c.Config)
	if errors.Is(err, os.ErrNotExist) && c.Config == defaultConfig {
		return names{}, nil
	}
	if err != nil {
		return names{}, fmt.Errorf("--config: %w\nThe settings name the room and the cameras in the pictures", err)
	}
	return namesIn(cfg), nil
}

// sign fills in and checks who wants the copy.
func (c *copyCmd) sign() error {
	if err := whoActs(&c.By); err != nil {
		return err
	}
	return wantWords(map[string]string{"--by": c.By, "--reason": c.Reason, "--approval": c.Approval})
}

// whoActs fills in the name that is signed in on this machine where none is given.
func whoActs(by *string) error {
	if *by != "" {
		return nil
	}
	u, err := osuser.Current()
	if err != nil {
		return fmt.Errorf("--by: %w", err)
	}
	*by = u.Username
	return nil
}

// wantWords refuses flags that say nothing, or too much.
func wantWords(flags map[string]string) error {
	for _, flag := range slices.Sorted(maps.Keys(flags)) {
		if s := flags[flag]; strings.TrimSpace(s) == "" || len(s) > 1000 {
			return fmt.Errorf("%s: want words, at most 1,000 bytes", flag)
		}
	}
	return nil
}

func absolute(dirs []string) ([]string, error) {
	var out []string
	for _, d := range dirs {
		abs, err := filepath.Abs(d)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, abs) {
			out = append(out, abs)
		}
	}
	return out, nil
}

// keys returns the public keys of the station, of now and of before; none where there is no key yet.
func (c *copyCmd) keys() ([]seal.Verifier, error) {
	keys, err := seal.Remembered(filepath.Join(c.State, keysFolder))
	if err != nil {
		return nil, fmt.Errorf("--state-dir: %w", err)
	}
	own, err := seal.ReadVerifier(filepath.Join(c.State, "seal.key"+seal.PublicSuffix))
	if errors.Is(err, os.ErrNotExist) {
		return keys, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--state-dir: %w", err)
	}
	return append(keys, own), nil
}

// copyable refuses an original that is not sealed, not as it was sealed, or sealed with none of the station's keys.
func copyable(ctx context.Context, dirs []string, keys []seal.Verifier) error {
	report, err := verify.Folders(ctx, dirs, verify.Options{Keys: keys})
	if err != nil {
		return err
	}
	for _, f := range report.Folders {
		if f.Verdict != verify.Intact && f.Verdict != verify.Gaps && f.Verdict != verify.Incomplete {
			return &exitError{exitNo, fmt.Errorf("%s: %s: copies are made of sealed, unaltered originals only", f.Dir, f.Verdict)}
		}
		if f.Key == verify.KeyOther {
			return &exitError{exitNo, fmt.Errorf("%s: sealed with %s, which was never this station's key: copies are made where that key is", f.Dir, f.KeyName)}
		}
	}
	return nil
}

// volumeOf returns the volume's folder and the path under it of a session's folder.
func volumeOf(dir string) (root, at string, err error) {
	root = filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(dir))))
	at, ok := folderOf(filepath.Base(dir))
	if !ok || filepath.Join(root, filepath.FromSlash(at)) != dir {
		return "", "", fmt.Errorf("%s: not the folder of a session on a volume, as in VOLUME/2026/11/22/20261122-140507-7f2k", dir)
	}
	return root, at, nil
}

// sessionIn reads the session of which the folders are copies; root is the volume of the first.
func sessionIn(dirs []string) (root string, f *folder, err error) {
	var held []holder
	for _, dir := range dirs {
		in, at, err := volumeOf(dir)
		if err != nil {
			return "", nil, err
		}
		if f == nil {
			root, f = in, &folder{path: at}
		}
		if at != f.path {
			return "", nil, fmt.Errorf("%s: another session than %s", dir, dirs[0])
		}
		h := holder{files: os.DirFS(in), dir: in}
		if id, err := volume.IDOf(in); err == nil { // a folder that was carried elsewhere lies on no volume
			h.id = id
		}
		held = append(held, h)
	}
	t, err := heldTogether(held, f.path)
	if err != nil {
		return "", nil, err
	}
	read, err := t.read()
	return root, &read, err
}

// book puts on record what is done with a sealed session, on every volume that holds it.
type book struct {
	dirs  []string
	seal  seal.Hash
	key   seal.Key
	keys  []string // whose lines may stand there: the station's, of now and of before
	actor string
	trust clock.Trust
}

// openBook opens the record of a sealed session, signed with the key in the folder state; by is who acts.
func openBook(state string, passphrase func() (string, error), by string, f *folder, dirs []string) (*book, error) {
	key, err := seal.ReadKey(filepath.Join(state, "seal.key"), passphrase)
	if err != nil {
		return nil, fmt.Errorf("--state-dir: %w: what is done with a recording is put on record, signed with the station's key", err)
	}
	keys, err := keysOf(state, key.Verifier())
	if err != nil {
		return nil, fmt.Errorf("--state-dir: %w", err)
	}
	limit := config.Default().Clock.Limit
	return &book{dirs: dirs, seal: seal.SHA256(f.note), key: key, keys: keys, actor: "operator:" + by, trust: clock.Judge{Limit: limit}.Trust()}, nil
}

// add appends one line, the same on every volume.
func (b *book) add(kind string, data any) error {
	at := clock.Instant{Wall: clock.NewSystem().Now().Wall, Uncertainty: b.trust.MaxError}
	var found []after.Content
	for _, dir := range b.dirs {
		c, err := after.Load(dir, b.seal, b.keys...)
		if err != nil {
			return fmt.Errorf("put on record: %s: %w", dir, err)
		}
		found = append(found, c)
	}
	failed, err := after.Append(b.dirs, found, after.Entry{Type: kind, Actor: b.actor, Data: data, At: at}, session.ActorController, b.key)
	if err = errors.Join(err, errors.Join(failed...)); err != nil {
		return fmt.Errorf("put on record: %w", err)
	}
	return nil
}

// progress prints percent and time left on a terminal, on one line.
func (c *copyCmd) progress(e *env) func(copies.Progress) {
	if !terminal(e.stderr) {
		return nil
	}
	return func(p copies.Progress) {
		left := ""
		if p.Left >= 0 {
			left = fmt.Sprintf(", %v left", p.Left.Round(time.Second))
		}
		_, _ = fmt.Fprintf(e.stderr, "\r%3.0f %%%s   ", p.Done*100, left) // a terminal that has gone needs no progress
	}
}
