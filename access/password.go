package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost is what checking one password costs: KiB of memory and passes over it.
type Cost struct{ Memory, Passes uint32 }

// Usual is the cost at which passwords are kept (RFC 9106, with less memory and more passes than its
// second choice: an on-premises controller records while it checks).
var Usual = Cost{Memory: 32 << 10, Passes: 4}

// The greatest cost that is taken from a stored hash, so that an altered one cannot exhaust the host.
const (
	maxMemory = 256 << 10
	maxPasses = 16
	keyLength = 32
)

// What is asked of passwords and PINs.
const (
	MinPassword = 12  // characters
	MaxPassword = 256 // bytes
	MinPIN      = 6   // digits
	MaxPIN      = 12
)

// Errors that tell a person what to choose.
var (
	ErrPassword = fmt.Errorf("a password has %d characters or more, at most %d bytes, on one line", MinPassword, MaxPassword)
	ErrPIN      = fmt.Errorf("a PIN has %d to %d digits, neither all equal nor one after the other", MinPIN, MaxPIN)
	errHash     = errors.New("stored password: not in a form that this program wrote")
)

// CheckPassword returns what is wrong with a new password, nil if nothing.
func CheckPassword(p string) error {
	if utf8.RuneCountInString(p) < MinPassword || len(p) > MaxPassword || !utf8.ValidString(p) || strings.ContainsFunc(p, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return ErrPassword
	}
	return nil
}

// CheckPIN returns what is wrong with a new PIN, nil if nothing.
func CheckPIN(p string) error {
	if len(p) < MinPIN || len(p) > MaxPIN || strings.ContainsFunc(p, func(c rune) bool { return c < '0' || c > '9' }) {
		return ErrPIN
	}
	for _, step := range []int{-1, 0, 1} {
		row := true
		for i := 1; i < len(p); i++ {
			row = row && int(p[i])-int(p[i-1]) == step
		}
		if row {
			return ErrPIN
		}
	}
	return nil
}

// Hash returns what is kept of a password: an argon2id hash with its own salt, in the usual form
// ($argon2id$v=19$m=…,t=…,p=1$salt$hash).
func (c Cost) Hash(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: the program would have ended
	sum := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, 1, keyLength)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.Memory, c.Passes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// Matches reports whether password is the one that is kept. An error says that what is kept is damaged.
func Matches(kept, password string) (bool, error) {
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	var c Cost
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.Memory, &c.Passes); n != 2 || err != nil || c.Memory < 8 || c.Memory > maxMemory || c.Passes < 1 || c.Passes > maxPasses {
		return false, errHash
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err := b64.DecodeString(parts[4])
	sum, err2 := b64.DecodeString(parts[5])
	if err != nil || err2 != nil || len(salt) < 8 || len(sum) != keyLength {
		return false, errHash
	}
	if len(password) > MaxPassword {
		return false, nil
	}
	return subtle.ConstantTimeCompare(sum, argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, 1, keyLength)) == 1, nil
}
