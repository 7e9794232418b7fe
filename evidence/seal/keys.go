package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadKey returns the key in file, which somebody else keeps, as systemd does with credentials. None is
// made, and nothing is written beside it. The errors are those of [OpenKeyWith]; passphrase may be nil.
func ReadKey(file string, passphrase func() (string, error)) (Key, error) {
	secret, err := readSecret(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrMissing, file)
	}
	if err != nil {
		return nil, err
	}
	o := KeyOptions{Passphrase: passphrase}
	return o.open(file, secret)
}

// ReadPassphrase reads a passphrase from a file that only its owner can read: its first line.
func ReadPassphrase(file string) (string, error) {
	b, err := readSecret(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(b, "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: no passphrase in its first line", file)
	}
	return line, nil
}

// Remember keeps the public half of a key in the folder dir, which is made if need be, in a file of its
// own name. Those of before stay, so that what they signed can be checked after a change of keys.
func Remember(dir string, key Key) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("public keys: %w", err)
	}
	// The name of a key may be one that leads elsewhere; its hash is eight digits.
	return publish(filepath.Join(dir, fmt.Sprintf("%08x%s", key.KeyHash(), PublicSuffix)), key.Verifier())
}

// Remembered returns the public keys in dir, none if it is not there.
func Remembered(dir string) ([]Verifier, error) {
	texts, err := RememberedText(dir)
	if err != nil {
		return nil, err
	}
	var out []Verifier
	for _, text := range texts {
		v, err := ParseVerifier(text)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// RememberedText is [Remembered] with the keys as they are written, C2SP verifier keys.
func RememberedText(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("public keys: %w", err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), PublicSuffix) {
			continue
		}
		b, err := readSmall(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("public keys: %w", err)
		}
		text := strings.TrimSpace(string(b))
		if _, err := ParseVerifier(text); err != nil {
			return nil, fmt.Errorf("public keys: %s: %w", e.Name(), err)
		}
		out = append(out, text)
	}
	return out, nil
}
