package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// checkHost finds what is wrong between a file and the host.
func (r *reader) checkHost(c *Config) {
	folders := make(map[int]os.FileInfo)
	for i, v := range c.Volumes {
		at := fmt.Sprintf("volumes[%d].path", i)
		if r.wrong[at] {
			continue
		}
		info, err := os.Stat(v.Path)
		switch {
		case err != nil && !mistake(err):
			continue // a disk that fails is no mistake in the file: who opens it sees to that
		case err != nil:
			r.problem(at, cause(err), "a folder that is there", "mount the disk there, or make the folder and mark it: roomrec volume init "+v.Path)
			continue
		case !info.IsDir():
			r.problem(at, quote(v.Path)+" is not a folder", "a folder", "")
			continue
		}
		for j, other := range folders {
			if os.SameFile(info, other) {
				r.problem(at, fmt.Sprintf("%s and volumes[%d] are the same folder", quote(v.Path), j), "a folder of its own for every volume", "")
			}
		}
		folders[i] = info
	}
	if f := c.Seal.PassphraseFile; f != "" && !r.wrong["seal.passphrase_file"] {
		r.passphraseFile(f)
	}
	if t := c.Seal.Timestamp; t != nil && t.CAFile != "" && !r.wrong["seal.timestamp.ca_file"] {
		r.certificates("seal.timestamp.ca_file", t.CAFile)
	}
	for i, f := range c.Seal.WitnessFiles {
		if at := fmt.Sprintf("seal.witness_files[%d]", i); !r.wrong[at] {
			r.witness(at, f)
		}
	}
	if dir := c.Transcripts.WatchFolder; dir != "" && !r.wrong["transcripts.watch_folder"] {
		if info, err := os.Stat(dir); err != nil {
			r.problem("transcripts.watch_folder", cause(err), "a folder that is there", "make the folder, or mount the share there")
		} else if !info.IsDir() {
			r.problem("transcripts.watch_folder", quote(dir)+" is not a folder", "a folder", "")
		}
	}
	for i, room := range c.Rooms {
		for j, cam := range room.Cameras {
			at := fmt.Sprintf("rooms[%d].cameras[%d]", i, j)
			if cam.PasswordFile != "" && !r.wrong[at+".password_file"] {
				r.passwordFile(at+".password_file", cam.PasswordFile)
			}
			if cam.TLS != nil && cam.TLS.CAFile != "" && !r.wrong[at+".tls.ca_file"] {
				if info, err := os.Stat(cam.TLS.CAFile); err != nil {
					r.problem(at+".tls.ca_file", cause(err), "a PEM file that is there", "")
				} else if !info.Mode().IsRegular() {
					r.problem(at+".tls.ca_file", quote(cam.TLS.CAFile)+" is not a file", "a PEM file", "")
				}
			}
		}
	}
}

func (r *reader) passwordFile(at, file string) {
	const want = "a file with the password as its first line, that no others can read"
	info, err := os.Stat(file)
	switch {
	case err != nil:
		r.problem(at, cause(err), want, "")
	case !info.Mode().IsRegular():
		r.problem(at, quote(file)+" is not a file", want, "")
	case info.Mode().Perm()&0o007 != 0:
		r.problem(at, "everyone on this host can use "+quote(file), want, "chmod 0640 or 0600")
	}
}

// witnessKey is how "roomrec log witness" prints the public key of a witness.
var witnessKey = regexp.MustCompile(`^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*\s*$`)

// witness looks at a file with the public key of a witness.
func (r *reader) witness(at, file string) {
	const want = "a file with one line like prosecutor+1a2b3c4d+BA…, the key that roomrec log witness prints"
	info, err := os.Stat(file)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > 4<<10) {
		r.problem(at, quote(file)+" is not a file with a key", want, "")
		return
	}
	var key []byte
	if err == nil {
		key, err = os.ReadFile(file)
	}
	switch {
	case err != nil:
		r.problem(at, cause(err), want, "")
	case !witnessKey.Match(key):
		r.problem(at, quote(file)+" holds no witness's key", want, "")
	}
}

// certificates looks at a file of certificates in PEM.
func (r *reader) certificates(at, file string) {
	const want = "a PEM file with certificates, as in -----BEGIN CERTIFICATE-----"
	info, err := os.Stat(file)
	switch {
	case err != nil:
		r.problem(at, cause(err), want, "")
		return
	case !info.Mode().IsRegular() || info.Size() > 1<<20:
		r.problem(at, quote(file)+" is not a file with a few certificates", want, "")
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		r.problem(at, cause(err), want, "")
		return
	}
	n := 0
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		n++
		if block.Type != "CERTIFICATE" {
			r.problem(at, quote(file)+" holds something else than certificates", want, "a private key does not belong here")
			return
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			r.problem(at, fmt.Sprintf("certificate %d in %s: %v", n, quote(file), err), "certificates with RSA, ECDSA or Ed25519", "")
			return
		}
	}
	if n == 0 {
		r.problem(at, quote(file)+" holds no certificate", want, "")
	}
}

// passphraseFile looks at the file that unlocks the key: no one but its owner may read it.
func (r *reader) passphraseFile(file string) {
	const at, want = "seal.passphrase_file", "a file with the passphrase as its first line, that its owner alone can read"
	info, err := os.Stat(file)
	switch {
	case err != nil:
		r.problem(at, cause(err), want, "")
	case !info.Mode().IsRegular():
		r.problem(at, quote(file)+" is not a file", want, "")
	case info.Mode().Perm()&0o077 != 0:
		r.problem(at, "others can use "+quote(file), want, "chmod 0600")
	}
}

// cause returns an error of the file system as a sentence's beginning.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return quote(p.Path) + ": " + p.Err.Error()
	}
	return err.Error()
}

const maxPassword = 1024 // bytes, with the end of the line

// ReadPassword returns the camera's password, "" if none is named. It is read anew at every call, so
// that a changed password needs no restart. Errors name the file or the variable, never its
// contents.
func (c *Camera) ReadPassword() (string, error) {
	switch {
	case c.PasswordEnv != "":
		v := os.Getenv(c.PasswordEnv)
		if v == "" {
			return "", fmt.Errorf("password of camera %s: the environment variable %s is not set", c.ID, c.PasswordEnv)
		}
		return v, nil
	case c.PasswordFile != "":
		return readPasswordFile(c.ID, c.PasswordFile)
	}
	return "", nil
}

func readPasswordFile(camera, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("password of camera %s: %w", camera, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPassword+1))
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return "", fmt.Errorf("password of camera %s: read %s: %w", camera, path, err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || len(line) > maxPassword {
		return "", fmt.Errorf("password of camera %s: the first line of %s has %d bytes, want 1 to %d", camera, path, len(line), maxPassword)
	}
	return string(line), nil
}

// hostZone returns the IANA name of the host's zone, "UTC" if it cannot be told.
func hostZone() string {
	candidates := []string{strings.TrimPrefix(os.Getenv("TZ"), ":")}
	if link, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(link, "/zoneinfo/"); ok {
			candidates = append(candidates, name)
		}
	}
	for _, name := range candidates {
		if name == "" || name == "Local" {
			continue
		}
		if _, err := time.LoadLocation(name); err == nil {
			return name
		}
	}
	return "UTC"
}

// mistake reports whether an error about a path is one of who wrote it, not one of the disk.
func mistake(err error) bool {
	for _, is := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
