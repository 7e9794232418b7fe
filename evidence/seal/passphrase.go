package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// A private key may be locked with a passphrase. The file then holds one line, [lockedPrefix] and in base64 a
// salt, a nonce and the key's own line, sealed by XChaCha20-Poly1305 with a key that Argon2id (RFC 9106)
// derives from the passphrase.

const (
	lockedPrefix = "LOCKED+KEY+argon2id+"
	saltSize     = 16
	// The second recommendation of RFC 9106: 64 MiB, three passes.
	argonTime, argonMemory, argonThreads = 3, 64 << 10, 4
)

// Errors of a key that is locked.
var (
	// ErrPassphrase says that the passphrase does not open the key. Whoever gives it must give the right one;
	// the key is not damaged.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrLocked says that a key is locked with a passphrase and none was given.
	ErrLocked = errors.New("private key is locked with a passphrase and none is given")
)

// lock returns the one line that holds a secret locked with a passphrase.
func lock(secret, passphrase string) (string, error) {
	box := make([]byte, saltSize+chacha20poly1305.NonceSizeX, 256)
	// crypto/rand.Read never fails; it ends the program instead.
	_, _ = rand.Read(box)
	sealer, err := chacha20poly1305.NewX(derive(passphrase, box[:saltSize]))
	if err != nil {
		return "", err
	}
	box = sealer.Seal(box, box[saltSize:], []byte(strings.TrimSpace(secret)), []byte(lockedPrefix))
	return lockedPrefix + base64.StdEncoding.EncodeToString(box), nil
}

// unlock is the reverse; a secret that is not locked is returned as it is.
func unlock(secret string, passphrase func() (string, error)) (string, error) {
	encoded, locked := strings.CutPrefix(strings.TrimSpace(secret), lockedPrefix)
	if !locked {
		return secret, nil
	}
	if passphrase == nil {
		return "", ErrLocked
	}
	box, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(box) <= saltSize+chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return "", errDamaged
	}
	words, err := passphrase()
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	sealer, err := chacha20poly1305.NewX(derive(words, box[:saltSize]))
	if err != nil {
		return "", err
	}
	rest := box[saltSize+chacha20poly1305.NonceSizeX:]
	out, err := sealer.Open(nil, box[saltSize:saltSize+chacha20poly1305.NonceSizeX], rest, []byte(lockedPrefix))
	if err != nil {
		return "", ErrPassphrase
	}
	return string(out), nil
}

func derive(passphrase string, salt []byte) []byte {
	return argon2.IDKey([]byte(passphrase), salt, argonTime, argonMemory, argonThreads, chacha20poly1305.KeySize)
}
