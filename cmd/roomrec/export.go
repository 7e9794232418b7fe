package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"roomrec/evidence/handover"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume"
)

// Types of the lines that an export leaves in the journal after the seal.
const (
	typeExportAsked  = "export.requested"
	typeExportMade   = "export.made"
	typeExportFailed = "export.failed"
)

// exportLine is the data of all of them.
type exportLine struct {
	By        string     `json:"by"`
	Reason    string     `json:"reason"`
	Receiver  string     `json:"receiver"`
	For       string     `json:"for"`
	Approvals []approval `json:"approvals"`
	Encrypted bool       `json:"encrypted"`
	Keys      []string   `json:"encrypted_for,omitempty"`       // public keys; a passphrase has none
	Note      string     `json:"package_note_sha256,omitempty"` // export.made
	SHA256    string     `json:"package_sha256,omitempty"`      // export.made, of an encrypted one
	Joined    int        `json:"joined,omitempty"`              // export.made: files from other volumes than the first
	Problem   string     `json:"problem,omitempty"`             // export.failed
}

// approval is who allowed that a recording is shown or given to someone, and by which document.
type approval struct {
	Rank     string `json:"rank"`
	Name     string `json:"name"`
	Document string `json:"document"`
}

// Whom a recording is for, and whose approval that takes (Z37): another department of the agency needs its own
// head's and that of the department that collected the evidence, an outsider that of a leader of the
// public-security organ at county level or above. Those who handle the case get copies by approval (Z33), of
// whatever rank it has.
const (
	forCase       = "case"
	forDepartment = "department"
	forOutside    = "outside"

	rankOwn        = "own-head"
	rankCollecting = "collecting-head"
	rankCounty     = "county-leader"
)

var ranksFor = map[string][]string{forCase: nil, forDepartment: {rankOwn, rankCollecting}, forOutside: {rankCounty}}

// parseApproval reads RANK:NAME:DOCUMENT.
func parseApproval(s string) (a approval, err error) {
	parts := strings.SplitN(s, ":", 3)
	if len(parts) != 3 {
		return a, fmt.Errorf("--approval %q: want RANK:NAME:DOCUMENT", s)
	}
	a = approval{strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])}
	if a.Rank != rankOwn && a.Rank != rankCollecting && a.Rank != rankCounty {
		return a, fmt.Errorf("--approval %q: want %s, %s or %s before the first colon", s, rankOwn, rankCollecting, rankCounty)
	}
	return a, wantWords(map[string]string{"--approval, its name": a.Name, "--approval, its document": a.Document})
}

// approved reports an error if the approvals are not those that it takes to give a recording to whom it is for.
func approved(whom string, approvals []approval) error {
	has := map[string]bool{}
	for _, a := range approvals {
		has[a.Rank] = true
	}
	for _, rank := range ranksFor[whom] {
		if !has[rank] {
			return fmt.Errorf("--approval: for %q it takes one of the rank %s", whom, rank)
		}
	}
	if len(approvals) == 0 {
		return errors.New("--approval: want RANK:NAME:DOCUMENT of whoever approved it")
	}
	return nil
}

type exportCmd struct {
	Session    string   `arg:"" help:"Folder of the sealed session, on a volume." type:"existingdir"`
	To         string   `help:"Folder to which the package is written, as a rule on a medium that is given away." required:"" type:"existingdir" placeholder:"DIR"`
	Receiver   string   `help:"Who gets it." required:"" placeholder:"TEXT"`
	For        string   `help:"What the receiver is: case (handles the case: prosecution, court, defence), department (another department of this agency), outside (anyone else)." required:"" enum:"case,department,outside"`
	Reason     string   `help:"What it is for." required:"" placeholder:"TEXT"`
	By         string   `help:"Who hands it over. Without it: the name that is signed in on this machine." placeholder:"NAME"`
	Approval   []string `help:"Who approved it. Ranks: own-head (of the receiver's department), collecting-head (of the department that recorded), county-leader. Department needs the first two, outside the last." required:"" placeholder:"RANK:NAME:DOCUMENT" sep:"none"`
	Recipient  []string `help:"Encrypt it for a public key of age, as in age1…. Repeat for more." placeholder:"KEY" sep:"none" xor:"lock"`
	Passphrase string   `help:"Encrypt it with the passphrase in this file, which only its owner can read." type:"existingfile" placeholder:"FILE" xor:"lock"`
	Also       []string `help:"Folders of the same session on other volumes: what the first lacks is taken from there, and the export is put on record there too." type:"existingdir" placeholder:"DIR" sep:"none"`
	State      string   `help:"Where the key is kept that signs the package and what is put on record." default:"${state}" placeholder:"DIR" name:"state-dir"`
	Unlock     string   `help:"File with the passphrase of that key, if it has one." type:"existingfile" placeholder:"FILE" name:"key-passphrase"`
	JSON       bool     `help:"Answer in JSON." name:"json"`
}

// exported is the answer.
type exported struct {
	handover.Made
	Session string         `json:"session"`
	Verdict verify.Verdict `json:"verdict"` // on the folder that is handed over
	// Joined is how many files of the package are from other volumes, because that folder lacks them or their ends.
	Joined int `json:"joined,omitempty"`
}

// Run hands a session over. Who gets it, why and by whose approval is put on record before anything is written;
// an altered or incomplete recording is handed over as well, as what it is.
func (c *exportCmd) Run(e *env) error {
	line, recipients, err := c.line()
	if err != nil {
		return err
	}
	dirs, err := absolute(append([]string{c.Session}, c.Also...))
	if err != nil {
		return err
	}
	if err := outsideVolumes(c.To); err != nil {
		return err
	}
	root, f, err := sealedIn(dirs)
	if err != nil {
		return err
	}
	book, err := openBook(c.State, c.passphrase(), c.By, f, dirs)
	if err != nil {
		return err
	}
	from := exportFrom{root: root, f: f, state: c.State, key: book.key}
	verdict, err := from.judge(e.ctx)
	if err != nil {
		return err
	}
	if err := book.add(typeExportAsked, line); err != nil {
		return err
	}
	made, err := c.write(e, &from, recipients)
	if err != nil {
		line.Problem = err.Error()
		err = errors.Join(err, book.add(typeExportFailed, line))
		if errors.Is(err, handover.ErrThere) {
			return &exitError{exitNo, err}
		}
		return failed(err)
	}
	line.Note, line.SHA256, line.Joined = made.Note.String(), made.SHA256, from.joined
	if err := book.add(typeExportMade, line); err != nil {
		return failed(fmt.Errorf("the package is made, but not on record: %w", err))
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(exported{made, f.id, verdict, from.joined})
	}
	_, err = fmt.Fprintf(e.stdout, "%s\n%d files, %d bytes; the originals are: %s\n", made.Path, made.Files, made.Bytes, verdict)
	if err == nil && from.joined > 0 {
		_, err = fmt.Fprintf(e.stdout, "%d files of which that folder lacks a part, or all, are from another volume\n", from.joined)
	}
	if err == nil && made.SHA256 != "" {
		_, err = fmt.Fprintf(e.stdout, "SHA-256 %s\nopen it: age -d -i KEY %s | tar x\n", made.SHA256, filepath.Base(made.Path))
	}
	return err
}

// outsideVolumes refuses a folder on a volume: what would be written there could lie among originals.
func outsideVolumes(dir string) error {
	at, err := filepath.Abs(dir)
	if err == nil {
		at, err = filepath.EvalSymlinks(at)
	}
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	for ; ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, volume.MarkerName)) {
			return fmt.Errorf("--to: %s lies on the volume %s, which holds originals: give a folder elsewhere", dir, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// sealedIn reads the sealed session of which the folders are copies, whatever state its journal is in; root is the
// volume of the first, which is handed over with what the others have more.
func sealedIn(dirs []string) (root string, f *folder, err error) {
	root, f, err = sessionIn(dirs)
	if f == nil {
		return root, nil, err
	}
	if f.note == nil {
		return root, nil, &exitError{exitNo, errors.Join(err, fmt.Errorf("%s: not sealed: only what is sealed can be handed over", dirs[0]))}
	}
	if !slices.Contains(f.joint.sealedIn(), dirs[0]) {
		return root, nil, &exitError{exitNo, fmt.Errorf("%s: has not the seal that counts: name the folder first that has it", dirs[0])}
	}
	return root, f, nil
}

// line checks what is asked for and returns what is put on record of it.
func (c *exportCmd) line() (l exportLine, recipients []handover.Recipient, err error) {
	if err := whoActs(&c.By); err != nil {
		return l, nil, err
	}
	if err := wantWords(map[string]string{"--by": c.By, "--reason": c.Reason, "--receiver": c.Receiver}); err != nil {
		return l, nil, err
	}
	l = exportLine{By: c.By, Reason: c.Reason, Receiver: c.Receiver, For: c.For}
	for _, s := range c.Approval {
		a, err := parseApproval(s)
		if err != nil {
			return l, nil, err
		}
		l.Approvals = append(l.Approvals, a)
	}
	if err := approved(c.For, l.Approvals); err != nil {
		return l, nil, err
	}
	for _, k := range c.Recipient {
		r, err := handover.ParseRecipient(k)
		if err != nil {
			return l, nil, fmt.Errorf("--recipient: %w", err)
		}
		recipients, l.Keys = append(recipients, r), append(l.Keys, r.Name)
	}
	if c.Passphrase != "" {
		words, err := seal.ReadPassphrase(c.Passphrase)
		if err != nil {
			return l, nil, fmt.Errorf("--passphrase: %w", err)
		}
		r, err := handover.Passphrase(words)
		if err != nil {
			return l, nil, fmt.Errorf("--passphrase: %s: %w", c.Passphrase, err)
		}
		recipients = append(recipients, r)
	}
	l.Encrypted = len(recipients) > 0
	return l, recipients, nil
}

// passphrase returns what asks for the passphrase of the station's key, nil if it has none.
func (c *exportCmd) passphrase() func() (string, error) {
	if c.Unlock == "" {
		return nil
	}
	return func() (string, error) { return seal.ReadPassphrase(c.Unlock) }
}

// write writes the package, and verifies again what lies in it.
func (c *exportCmd) write(e *env, from *exportFrom, recipients []handover.Recipient) (handover.Made, error) {
	p, err := from.pack()
	if err != nil {
		return handover.Made{}, err
	}
	if terminal(e.stderr) {
		p.Progress = func(done, total int64) {
			// A terminal that has gone needs no progress.
			_, _ = fmt.Fprintf(e.stderr, "\r%3d %%   ", done*100/max(total, 1))
		}
	}
	if len(recipients) > 0 {
		return p.File(e.ctx, c.To, recipients...)
	}
	return p.Folder(e.ctx, c.To)
}
