package seal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
)

// Key signs seals. A key in a file is one; a token or a remote signer may be another.
type Key interface {
	// Name, KeyHash and Sign are those of a signer of C2SP notes.
	note.Signer
	// Algorithm names the signature algorithm, as in [AlgorithmEd25519].
	Algorithm() string
	// Verifier returns the public half as a C2SP verifier key, "name+hash+key".
	Verifier() string
}

// Verifier checks signatures by one key.
type Verifier = note.Verifier

// ParseVerifier reads a C2SP verifier key, "name+hash+key". Surrounding white space is allowed.
func ParseVerifier(text string) (Verifier, error) {
	v, err := newVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("public key: %w (want one line like roomrec+1a2b3c4d+AQ…)", err)
	}
	return v, nil
}

// ReadVerifier reads the verifier key in file.
func ReadVerifier(file string) (Verifier, error) {
	b, err := readSmall(file)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	v, err := ParseVerifier(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return v, nil
}

// ReadVerifiers reads the verifier keys in file, one a line, as a station that changed its key has
// several. Empty lines and those that begin with # are passed over.
func ReadVerifiers(file string) ([]Verifier, error) {
	b, err := readSmall(file)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	var out []Verifier
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		v, err := ParseVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no public key in it", file)
	}
	return out, nil
}

// PublicSuffix is appended to the path of a key's file to name the file of its public half.
const PublicSuffix = ".pub"

// ErrExposed says that others than the owner can read or change a private key. Whoever runs the
// controller must take the rights away and consider the key as known to others.
var ErrExposed = errors.New("private key is open to others")

// ErrMissing says that a private key that was there is gone. No other is made in its place: whoever
// trusts the public half would take what that one signs for another's.
var ErrMissing = errors.New("private key is missing")

type fileKey struct {
	note.Signer
	verifier string
}

func (k *fileKey) Algorithm() string { return AlgorithmEd25519 }
func (k *fileKey) Verifier() string  { return k.verifier }

// String keeps the private half out of logs.
func (k *fileKey) String() string { return "key " + k.verifier }

// GoString keeps the private half out of logs.
func (k *fileKey) GoString() string { return k.String() }

// errDamaged says that a file does not hold what it held. Whoever runs the controller must restore it.
var errDamaged = errors.New("damaged")

// KeyOptions say how a private key is made and opened.
type KeyOptions struct {
	// Name is the name in its signatures, without white space or plus sign. One that is there keeps its own.
	Name string
	// Algorithm is one of [Algorithms]; empty is the first. One that is there keeps its own.
	Algorithm string
	// Passphrase gives what a locked key is opened with, and what a new one is locked with; nil: none.
	Passphrase func() (string, error)
}

// OpenKey returns the key in file. At first start it makes an Ed25519 key with the given name, see
// [OpenKeyWith].
func OpenKey(file, name string) (Key, error) { return OpenKeyWith(file, KeyOptions{Name: name}) }

// OpenKeyWith returns the key in file. At first start it makes one, readable by its owner only, and writes
// the public half beside it, at file + [PublicSuffix]. A key that others can read or change is refused with
// [ErrExposed], one that is locked with [ErrLocked] or [ErrPassphrase], one that is gone with [ErrMissing].
func OpenKeyWith(file string, o KeyOptions) (Key, error) {
	secret, err := readSecret(file)
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Lstat(file + PublicSuffix); gone == nil {
			return nil, fmt.Errorf("%w: %s is not there, its public half is; restore it from its backup, or move %s to the keys of before to begin with a new one", ErrMissing, file, file+PublicSuffix)
		}
		secret, err = makeSecret(file, o)
	}
	if err != nil {
		return nil, err
	}
	key, err := o.open(file, secret)
	if err != nil {
		return nil, err
	}
	if err := publish(file+PublicSuffix, key.Verifier()); err != nil {
		return nil, err
	}
	return key, nil
}

// open reads what a key's file holds.
func (o *KeyOptions) open(file, secret string) (Key, error) {
	plain, err := unlock(secret, o.Passphrase)
	switch {
	case errors.Is(err, ErrPassphrase):
		return nil, fmt.Errorf("private key %s: %w; the key is not damaged, give the passphrase that it was made with", file, err)
	case errors.Is(err, ErrLocked):
		return nil, fmt.Errorf("%w: %s; name the file with it in seal.passphrase_file, or hand it over as a credential of systemd", ErrLocked, file)
	case err != nil && !errors.Is(err, errDamaged):
		return nil, fmt.Errorf("private key %s: %w", file, err)
	}
	var key Key
	if err == nil {
		key, err = parseSecret(plain)
	}
	if err != nil {
		return nil, fmt.Errorf("private key %s: damaged; restore it from its backup: %w", file, err)
	}
	return key, nil
}

func makeSecret(file string, o KeyOptions) (string, error) {
	if o.Algorithm == "" {
		o.Algorithm = Algorithms[0]
	}
	secret, err := newSecret(o.Name, o.Algorithm)
	if err != nil {
		return "", fmt.Errorf("private key %s: %w", file, err)
	}
	if o.Passphrase != nil {
		words, err := o.Passphrase()
		if err != nil {
			return "", fmt.Errorf("private key %s: passphrase: %w", file, err)
		}
		if secret, err = lock(secret, words); err != nil {
			return "", fmt.Errorf("private key %s: lock: %w", file, err)
		}
	}
	if err := create(file, secret, 0o600); err != nil {
		return "", fmt.Errorf("private key: %w", err)
	}
	return readSecret(file)
}

// parseEd25519 reads "PRIVATE+KEY+name+hash+key" of an Ed25519 key.
func parseEd25519(secret string) (Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, errors.New("not a C2SP Ed25519 signing key")
	}
	// The signer does not give its public half away; the seed's verifier key is made anew.
	verifier, err := verifierOf(secret)
	if err != nil {
		return nil, errors.New("not a C2SP Ed25519 signing key")
	}
	return &fileKey{signer, verifier}, nil
}

func readSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("private key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%w: %s has mode %04o; run chmod 600 %s, and make a new key if others may have read it", ErrExposed, file, mode, file)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() != 0 && int(st.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%w: %s belongs to user %d, this is user %d", ErrExposed, file, st.Uid, os.Geteuid())
	}
	b, err := readSmall(file)
	if err != nil {
		return "", fmt.Errorf("private key: %w", err)
	}
	return string(b), nil
}

// publish writes the public half beside the private one, or checks the one that is there.
func publish(file, verifier string) error {
	b, err := readSmall(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(file, verifier, 0o644); err != nil {
			return fmt.Errorf("public key: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("public key: %w", err)
	case strings.TrimSpace(string(b)) != verifier:
		return fmt.Errorf("public key %s: does not belong to the private key beside it; move it away and start again", file)
	}
	return nil
}

// create writes a new file of one line and makes it last: file, then folder.
func create(file, line string, mode fs.FileMode) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// The process's mask may take rights away from the mode, never the owner's own.
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if _, err := f.WriteString(line + "\n"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// readSmall reads a file of at most 4 KiB.
func readSmall(file string) (b []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	const limit = 4 << 10
	b, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("%s: more than %d bytes", file, limit)
	}
	return b, err
}

// verifierOf returns the verifier key of a signing key "PRIVATE+KEY+name+hash+base64(1 ‖ seed)".
func verifierOf(secret string) (string, error) {
	parts := strings.SplitN(secret, "+", 5)
	if len(parts) != 5 {
		return "", errors.New("malformed")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", errors.New("malformed")
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("malformed")
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}
