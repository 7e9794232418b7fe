package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/seal"
)

// A backup is a folder: the settings, and what is in state_dir but its secrets and what belongs to a
// process that runs. It holds no recording. backup.note names every file with its hash, signed by the
// station's key.
const (
	backupVersion  = "roomrec-backup/1"
	backupNote     = "backup.note"
	backupSettings = "roomrec.yaml"
	backupState    = "state"
)

type backupCmd struct {
	Create  backupCreateCmd  `cmd:"" help:"Copy settings, catalogue, people, public keys, the station's log and results of self-tests into a new folder; also while the service runs."`
	Verify  backupVerifyCmd  `cmd:"" help:"Say whether a backup is whole and unaltered."`
	Restore backupRestoreCmd `cmd:"" help:"Put a backup into a new state_dir; nothing that is there is overwritten."`
}

// backupManifest is what backup.note states.
type backupManifest struct {
	At      clock.Wall   `json:"at"`
	Program string       `json:"program"`
	Key     string       `json:"key"` // verifier key of the signature
	Files   []backupFile `json:"files"`
}

type backupFile struct {
	Path   string    `json:"path"`
	Bytes  int64     `json:"bytes"`
	SHA256 seal.Hash `json:"sha256"`
}

// leftOut reports whether a file of state_dir stays out of backups: private keys, what signs in, and what
// belongs to a process that runs. The private key is copied by a person, to a safe.
func leftOut(name string) bool {
	return slices.Contains([]string{"seal.key", "tls.pem", "host.token"}, name) ||
		strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "-shm") || strings.HasSuffix(name, ".lock")
}

type backupCreateCmd struct {
	configFile
	To   string `arg:"" help:"The folder to make; as a rule on another host or a medium that is taken away."`
	JSON bool   `help:"Answer in JSON." name:"json"`
}

// Run makes a backup.
func (c *backupCreateCmd) Run(e *env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	key, err := seal.ReadKey(filepath.Join(cfg.StateDir, "seal.key"), passphraseOf(cfg.Seal))
	if err != nil {
		return fmt.Errorf("a backup is signed with the station's key, which the first start makes: %w", err)
	}
	if err := os.Mkdir(c.To, 0o700); err != nil {
		return fmt.Errorf("want a folder that does not exist yet: %w", err)
	}
	m := backupManifest{At: clock.NewSystem().Now().Wall, Program: version, Key: key.Verifier()}
	if err := backUp(c.Config, filepath.Join(c.To, backupSettings)); err != nil {
		return failed(err)
	}
	if err := copyState(e.ctx, cfg.StateDir, filepath.Join(c.To, backupState)); err != nil {
		return failed(err)
	}
	if m.Files, err = filesOf(c.To); err != nil {
		return failed(err)
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return failed(err)
	}
	note, err := seal.SignText(backupVersion+"\n"+string(text)+"\n", key)
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(secretFile(filepath.Join(c.To, backupNote), note), syncDir(c.To)); err != nil {
		return failed(err)
	}
	if _, _, err := checkBackup(e.ctx, c.To); err != nil {
		return failed(fmt.Errorf("read back: %w", err))
	}
	return sayBackup(e, c.JSON, c.To, m)
}

// copyState copies a state_dir. A file that goes away meanwhile was never meant to last.
func copyState(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(from, path)
		target := filepath.Join(to, rel)
		switch {
		case errors.Is(err, fs.ErrNotExist) && rel != ".":
			return nil
		case err != nil || relErr != nil:
			return errors.Join(err, relErr)
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		case leftOut(entry.Name()) || !entry.Type().IsRegular():
			return nil
		case strings.HasSuffix(entry.Name(), ".db"):
			return catalog.Copy(ctx, path, target)
		}
		if err := backUp(path, target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// backUp copies a file to one that does not exist, and syncs it.
func backUp(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func syncDir(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// filesOf returns every file below dir but the manifest, with its hash, in the order of their paths.
func filesOf(dir string) (out []backupFile, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, path)
		switch {
		case err != nil || relErr != nil:
			return errors.Join(err, relErr)
		case entry.IsDir() || rel == backupNote:
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s: not a file", path)
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		h := sha256.New()
		n, err := io.Copy(h, f)
		one := backupFile{Path: filepath.ToSlash(rel), Bytes: n}
		h.Sum(one.SHA256[:0])
		out = append(out, one)
		return errors.Join(err, f.Close())
	})
	return out, err
}

// checkBackup returns a backup's manifest and who signed it; an error says what is wrong with it.
func checkBackup(ctx context.Context, dir string) (m backupManifest, by seal.Verifier, err error) {
	note, err := os.ReadFile(filepath.Join(dir, backupNote))
	if err != nil {
		return m, nil, fmt.Errorf("no backup: %w", err)
	}
	text, err := seal.TextOf(note)
	if err != nil {
		return m, nil, fmt.Errorf("%s: %w", backupNote, err)
	}
	body, ok := bytes.CutPrefix([]byte(text), []byte(backupVersion+"\n"))
	if !ok {
		return m, nil, fmt.Errorf("%s: want a backup of the form %s: %w", backupNote, backupVersion, seal.ErrVersion)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, nil, fmt.Errorf("%s: %w", backupNote, err)
	}
	if by, err = seal.ParseVerifier(m.Key); err == nil {
		err = seal.CheckText(note, by)
	}
	if err != nil {
		return m, nil, fmt.Errorf("%s: %w", backupNote, err)
	}
	have, err := filesOf(dir)
	if err != nil {
		return m, by, err
	}
	want := make(map[string]backupFile)
	for _, f := range m.Files {
		want[f.Path] = f
	}
	var errs []error
	for _, f := range have {
		w, ok := want[f.Path]
		delete(want, f.Path)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: does not belong to the backup", f.Path))
		case w != f:
			errs = append(errs, fmt.Errorf("%s: is not what was copied", f.Path))
		case strings.HasSuffix(f.Path, ".db"):
			if err := catalog.Check(ctx, filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", f.Path, err))
			}
		}
	}
	for _, f := range m.Files {
		if _, missing := want[f.Path]; missing {
			errs = append(errs, fmt.Errorf("%s: missing", f.Path))
		}
	}
	return m, by, errors.Join(errs...)
}

func sayBackup(e *env, asJSON bool, dir string, m backupManifest) error {
	total := int64(0)
	for _, f := range m.Files {
		total += f.Bytes
	}
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"dir": dir, "at": m.At, "key": m.Key, "files": len(m.Files), "bytes": total})
	}
	name, _, _ := strings.Cut(m.Key, "+")
	_, err := fmt.Fprintf(e.stdout, "%s: backup of %s, %d files, %d bytes, whole, signed by %s\n", dir, m.At, len(m.Files), total, name)
	return err
}

type backupVerifyCmd struct {
	Dir  string `arg:"" help:"The backup's folder." type:"existingdir"`
	Key  string `help:"File with the public key that must have signed it; without it the backup is held to the key that it names itself." type:"existingfile" placeholder:"FILE"`
	JSON bool   `help:"Answer in JSON." name:"json"`
}

// Run exits 1 if anything of the backup is missing, changed or too much.
func (c *backupVerifyCmd) Run(e *env) error {
	m, err := checked(e.ctx, c.Dir, c.Key)
	if err != nil {
		return &exitError{exitNo, err}
	}
	return sayBackup(e, c.JSON, c.Dir, m)
}

func checked(ctx context.Context, dir, keyFile string) (backupManifest, error) {
	m, by, err := checkBackup(ctx, dir)
	if err != nil || keyFile == "" {
		return m, err
	}
	known, err := seal.ReadVerifier(keyFile)
	if err != nil {
		return m, err
	}
	if known.Name() != by.Name() || known.KeyHash() != by.KeyHash() {
		return m, fmt.Errorf("signed by %s, not by the key in %s", by.Name(), keyFile)
	}
	return m, nil
}

type backupRestoreCmd struct {
	Dir    string `arg:"" help:"The backup's folder." type:"existingdir"`
	State  string `help:"The state_dir to make; it must not exist." required:"" name:"state-dir" placeholder:"DIR"`
	Config string `help:"Where to write the settings; the file must not exist. Without it they are left in the backup." short:"c" placeholder:"FILE"`
	Key    string `help:"File with the public key that must have signed the backup." type:"existingfile" placeholder:"FILE"`
	JSON   bool   `help:"Answer in JSON." name:"json"`
}

// Run restores a backup that is whole. The private key is brought by a person, or a new one is made at
// the next start; what the old one signed is still believed, by its public half.
func (c *backupRestoreCmd) Run(e *env) error {
	m, err := checked(e.ctx, c.Dir, c.Key)
	if err != nil {
		return &exitError{exitNo, err}
	}
	if c.Config != "" && exists(c.Config) {
		return fmt.Errorf("%s is there already; nothing is overwritten", c.Config)
	}
	if exists(c.State) {
		return fmt.Errorf("%s is there already; nothing is overwritten: stop the service and move it away", c.State)
	}
	from := filepath.Join(c.Dir, backupState)
	err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(from, path)
		if err != nil || relErr != nil {
			return errors.Join(err, relErr)
		}
		if entry.IsDir() {
			return os.Mkdir(filepath.Join(c.State, rel), 0o700)
		}
		if rel == "seal.key"+seal.PublicSuffix {
			return nil // a public half without its key would say that the key is lost; keys/ remembers it
		}
		return backUp(path, filepath.Join(c.State, rel))
	})
	if err == nil {
		err = syncDir(c.State)
	}
	if err == nil && c.Config != "" {
		if err = backUp(filepath.Join(c.Dir, backupSettings), c.Config); err == nil {
			_, err = config.Load(c.Config)
		}
		if o, ok := serviceOwner(); err == nil && ok && os.Geteuid() == 0 {
			err = errors.Join(os.Chown(c.Config, 0, o.gid), os.Chmod(c.Config, 0o640))
		}
	}
	if err == nil {
		err = giveState(c.State)
	}
	if err != nil {
		return failed(err)
	}
	return sayBackup(e, c.JSON, c.State, m)
}
