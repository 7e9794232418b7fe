package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
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
	"roomrec/playback/copies"
	"roomrec/session"
	"roomrec/session/table"
)

type copyCmd struct {
	Session  string   `arg:"" help:"Folder of the sealed session, on a volume." type:"existingdir"`
	Camera   string   `help:"Camera whose pictures are copied, as in suspect or room3/suspect." required:"" placeholder:"CAMERA"`
	Inset    string   `help:"Camera that is shown small in them, as a rule the room's. Both sounds are mixed." placeholder:"CAMERA"`
	Reason   string   `help:"What the copy is for." required:"" placeholder:"TEXT"`
	By       string   `help:"Who wants it. Without it: the name that is signed in on this machine." placeholder:"NAME"`
	Approval string   `help:"Who approved it: rank, name, number of the document." required:"" placeholder:"TEXT"`
	Also     []string `help:"Folders of the same session on other volumes; the copy is put on record there too." type:"existingdir" placeholder:"DIR" sep:"none"`
	Room     string   `help:"Name of the room to show; without it, its id." placeholder:"NAME"`
	State    string   `help:"Where the key is kept that signs what is put on record." default:"${state}" placeholder:"DIR" name:"state-dir"`
	JSON     bool     `help:"Answer in JSON." name:"json"`
}

// Types of the lines that a copy leaves in the journal after the seal.
const (
	typeCopyAsked = "copy.requested"
	typeCopyMade  = "copy.made"
)

// copyLine is the data of both.
type copyLine struct {
	Camera   string `json:"camera"`
	Inset    string `json:"inset,omitempty"`
	By       string `json:"by"`
	Reason   string `json:"reason"`
	Approval string `json:"approval"`
	File     string `json:"copy,omitempty"`        // copy.made: under the volume
	SHA256   string `json:"copy_sha256,omitempty"` // copy.made
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
	if err := copyable(e, dirs); err != nil {
		return err
	}
	req, f, err := c.request(dirs[0])
	if err != nil {
		return err
	}
	book, err := c.book(f, dirs)
	if err != nil {
		return err
	}
	line := copyLine{Camera: req.Main.ID, By: c.By, Reason: c.Reason, Approval: c.Approval}
	if req.Inset != nil {
		line.Inset = req.Inset.ID
	}
	if err := book.add(typeCopyAsked, line); err != nil {
		return err
	}
	made, err := copies.Make(e.ctx, req, clock.NewSystem(), c.progress(e))
	if err != nil {
		if errors.Is(err, copies.ErrThere) {
			return &exitError{exitNo, err}
		}
		return failed(err)
	}
	line.File, line.SHA256 = path.Join(copiesFolder, f.id, made.File), made.SHA256
	if err := book.add(typeCopyMade, line); err != nil {
		return failed(fmt.Errorf("the copy is made, but not on record: %w", err))
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(made)
	}
	_, err = fmt.Fprintf(e.stdout, "\n%s\nSHA-256 %s\n", filepath.Join(req.Dir, made.File), made.SHA256)
	return err
}

// sign fills in and checks who wants the copy.
func (c *copyCmd) sign() error {
	if c.By == "" {
		u, err := osuser.Current()
		if err != nil {
			return fmt.Errorf("--by: %w", err)
		}
		c.By = u.Username
	}
	for flag, s := range map[string]string{"--by": c.By, "--reason": c.Reason, "--approval": c.Approval} {
		if strings.TrimSpace(s) == "" || len(s) > 1000 {
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

// copyable refuses an original that is not sealed, or not as it was sealed.
func copyable(e *env, dirs []string) error {
	report, err := verify.Folders(e.ctx, dirs, verify.Options{})
	if err != nil {
		return err
	}
	for _, f := range report.Folders {
		if f.Verdict != verify.Intact && f.Verdict != verify.Gaps && f.Verdict != verify.Incomplete {
			return &exitError{exitNo, fmt.Errorf("%s: %s: copies are made of sealed, unaltered originals only", f.Dir, f.Verdict)}
		}
	}
	return nil
}

// copiesFolder is where copies lie on a volume, beside the sessions.
const copiesFolder = "copies"

// request reads the session's folder.
func (c *copyCmd) request(dir string) (copies.Request, *folder, error) {
	root := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(dir))))
	at, ok := folderOf(filepath.Base(dir))
	if !ok || filepath.Join(root, filepath.FromSlash(at)) != dir {
		return copies.Request{}, nil, fmt.Errorf("%s: not the folder of a session on a volume, as in VOLUME/2026/11/22/20261122-140507-7f2k", dir)
	}
	f, err := readFolder(os.DirFS(root), at)
	if err != nil {
		return copies.Request{}, nil, err
	}
	segments, err := f.segments()
	if err != nil {
		return copies.Request{}, nil, err
	}
	req := copies.Request{
		Session: copySession(&f, c.Room), Dir: filepath.Join(root, copiesFolder, f.id), Original: dir,
		By: c.By, Reason: c.Reason, Approval: c.Approval,
	}
	if req.Main, err = copiedCamera(&f, dir, segments, c.Camera); err != nil {
		return req, nil, fmt.Errorf("--camera: %w", err)
	}
	if c.Inset != "" {
		inset, err := copiedCamera(&f, dir, segments, c.Inset)
		if err != nil {
			return req, nil, fmt.Errorf("--inset: %w", err)
		}
		req.Inset = &inset
	}
	return req, &f, nil
}

// copySession is the session as the copy's pictures name it.
func copySession(f *folder, room string) copies.Session {
	s := copies.Session{ID: f.id, Room: room, Seal: seal.SHA256(f.note).String()}
	if s.Room == "" {
		s.Room = f.record.Table.Room
	}
	for _, b := range f.record.Table.Breaks {
		s.Breaks = append(s.Breaks, copies.Break{From: b.LastGood, To: b.FirstGood, Cause: causeWords(b.Cause)})
	}
	return s
}

// causeWords says what a fault was, in both languages.
func causeWords(f table.Fault) string {
	known, ok := session.FaultOf(f.Code)
	if !ok {
		return string(f.Code)
	}
	name := strings.NewReplacer("{subject}", f.Subject)
	return name.Replace(known.Title.En) + "  " + name.Replace(known.Title.Zh)
}

// copiedCamera reads a camera's segments; name is its id, with the room's and / before it where two
// rooms have one of that name.
func copiedCamera(f *folder, dir string, segments map[cameraOf][]string, name string) (copies.Camera, error) {
	var found []cameraOf
	var all []string
	for _, of := range sortedCameras(segments) {
		all = append(all, of.room+"/"+of.camera)
		if name == of.camera || name == of.room+"/"+of.camera {
			found = append(found, of)
		}
	}
	if len(found) != 1 {
		return copies.Camera{}, fmt.Errorf("%q names %d cameras; the session has %s", name, len(found), strings.Join(all, ", "))
	}
	c := copies.Camera{ID: found[0].camera}
	for _, rel := range segments[found[0]] {
		s, err := copies.ReadSegment(filepath.Join(dir, filepath.FromSlash(rel)))
		if errors.Is(err, copies.ErrNothing) {
			continue
		}
		if err != nil {
			return c, err
		}
		c.Segments = append(c.Segments, s)
	}
	return c, nil
}

// book puts on record what is done with a sealed session, on every volume that holds it.
type book struct {
	dirs  []string
	seal  seal.Hash
	key   seal.Key
	actor string
	trust clock.Trust
}

func (c *copyCmd) book(f *folder, dirs []string) (*book, error) {
	name := filepath.Join(c.State, "seal.key")
	if _, err := os.Stat(name); err != nil {
		return nil, fmt.Errorf("--state-dir: %w: a copy is put on record, signed with the station's key", err)
	}
	key, err := seal.OpenKey(name, keyName)
	if err != nil {
		return nil, err
	}
	limit := config.Default().Clock.Limit
	return &book{dirs: dirs, seal: seal.SHA256(f.note), key: key, actor: "operator:" + c.By, trust: clock.Judge{Limit: limit}.Trust()}, nil
}

// add appends one line, the same on every volume. A torn end that a power cut left on one of them is told
// of on all, before it.
func (b *book) add(kind string, data any) error {
	at := clock.Instant{Wall: clock.NewSystem().Now().Wall, Uncertainty: b.trust.MaxError}
	found, err := b.load()
	if err != nil {
		return err
	}
	for _, c := range found {
		if c.Torn == nil {
			continue
		}
		if err := b.append(found, after.Entry{Type: after.TypeTorn, Actor: session.ActorController, Data: c.Torn, At: at}); err != nil {
			return err
		}
		if found, err = b.load(); err != nil {
			return err
		}
		break
	}
	return b.append(found, after.Entry{Type: kind, Actor: b.actor, Data: data, At: at})
}

// load reads the journal on every volume. They must say the same.
func (b *book) load() ([]after.Content, error) {
	var all []after.Content
	for _, dir := range b.dirs {
		c, err := after.Load(dir, b.seal, b.key.Verifier())
		if err == nil {
			err = c.Fault
		}
		if err == nil && len(all) > 0 && c.Head != all[0].Head {
			err = after.ErrFork
		}
		if err != nil {
			return nil, fmt.Errorf("put on record: %s: %w", dir, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (b *book) append(found []after.Content, e after.Entry) error {
	for i, dir := range b.dirs {
		raw, _, err := after.Next(found[i].Head, e, b.key)
		if err != nil {
			return err
		}
		if err := after.Add(dir, found[i], raw); err != nil {
			return err
		}
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
