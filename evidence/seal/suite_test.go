package seal_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

func suiteKey(t testing.TB, algorithm string) seal.Key {
	t.Helper()
	key, err := seal.OpenKeyWith(filepath.Join(t.TempDir(), "seal.key"), seal.KeyOptions{Name: "roomrec", Algorithm: algorithm})
	require.NoError(t, err)
	return key
}

// Every algorithm signs seals and checkpoints; the statement names it, and a changed bit of the signature
// shows.
func TestEveryAlgorithmSeals(t *testing.T) {
	for _, algorithm := range seal.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			key := suiteKey(t, algorithm)
			require.Equal(t, algorithm, key.Algorithm())
			b, err := seal.Sign(statement(), key)
			require.NoError(t, err)
			v, err := seal.ParseVerifier(key.Verifier())
			require.NoError(t, err)
			s, err := seal.Verify(b, v)
			require.NoError(t, err)
			require.Equal(t, algorithm, s.Algorithm)
			for n := range b {
				require.True(t, seal.Torn(b[:n]), "%d", n)
			}
			_, err = seal.Verify(b, mustVerifier(t, suiteKey(t, algorithm)))
			require.ErrorIs(t, err, seal.ErrSignature)
			at := bytes.LastIndexByte(b, ' ') + 10
			for i := at; i < len(b)-2; i++ {
				bad := bytes.Clone(b)
				bad[i] = "AB"[btoi(bad[i] == 'A')]
				_, err := seal.Verify(bad, v)
				require.Error(t, err, "byte %d", i)
			}

			c, err := seal.SignCheckpoint(seal.Checkpoint{Session: "s"}, key)
			require.NoError(t, err)
			p, err := seal.ParseCheckpoint(c)
			require.NoError(t, err)
			require.Equal(t, algorithm, p.Algorithm)

			// Another algorithm's name over the same key is refused, though it was signed.
			for _, other := range seal.Algorithms {
				if other != algorithm {
					_, err := seal.Sign(statement(), renamed{key, other})
					require.Error(t, err)
				}
			}
		})
	}
}

type renamed struct {
	seal.Key
	algorithm string
}

func (r renamed) Algorithm() string { return r.algorithm }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func mustVerifier(t testing.TB, key seal.Key) seal.Verifier {
	t.Helper()
	v, err := seal.ParseVerifier(key.Verifier())
	require.NoError(t, err)
	return v
}

// Of the two signatures that ECDSA holds for right the one with the greater s is refused: somebody without
// the key can make it of the other.
func TestECDSAHasOneRightSignature(t *testing.T) {
	key := suiteKey(t, seal.AlgorithmECDSA)
	v := mustVerifier(t, key)
	msg := []byte("what was recorded")
	for range 20 {
		sig, err := key.Sign(msg)
		require.NoError(t, err)
		require.True(t, v.Verify(msg, sig))
		s := new(big.Int).SetBytes(sig[32:])
		s.Sub(elliptic.P256().Params().N, s).FillBytes(sig[32:])
		require.False(t, v.Verify(msg, sig))
	}
	require.False(t, v.Verify(msg, nil))
	require.False(t, v.Verify(msg, make([]byte, 64)))
}

func TestKeysOfEveryAlgorithmAreKept(t *testing.T) {
	for _, algorithm := range seal.Algorithms {
		file := filepath.Join(t.TempDir(), "seal.key")
		made, err := seal.OpenKeyWith(file, seal.KeyOptions{Name: "here", Algorithm: algorithm})
		require.NoError(t, err)
		again, err := seal.OpenKeyWith(file, seal.KeyOptions{Name: "there", Algorithm: seal.AlgorithmEd25519})
		require.NoError(t, err)
		require.Equal(t, made.Verifier(), again.Verifier(), "a key that is there keeps name and algorithm")
		secret, err := os.ReadFile(file)
		require.NoError(t, err)
		encoded := strings.TrimSpace(strings.SplitN(string(secret), "+", 5)[4]) // base64 has plus signs too
		b := []byte(encoded)
		b[len(b)/2] = "AB"[btoi(b[len(b)/2] == 'A')]
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(secret), encoded, string(b), 1)), 0o600))
		_, err = seal.OpenKey(file, "here")
		require.ErrorContains(t, err, "damaged", algorithm)
		require.NotContains(t, err.Error(), encoded[:20])
	}
	_, err := seal.OpenKeyWith(filepath.Join(t.TempDir(), "k"), seal.KeyOptions{Name: "x", Algorithm: "RSA"})
	require.ErrorContains(t, err, "want one of Ed25519")
	for _, bad := range []string{"", "x", "x+00000000+AQ==", "roomrec+zz+AA", "roomrec+00000000+" + base64.StdEncoding.EncodeToString([]byte("\xffother\n123"))} {
		_, err := seal.ParseVerifier(bad)
		require.Error(t, err, "%q", bad)
	}
}

// A key that is locked opens with its passphrase alone, and each way of not opening it says which it is.
func TestLockedKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seal.key")
	words := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	for _, algorithm := range seal.Algorithms[:2] {
		file := filepath.Join(t.TempDir(), "seal.key")
		made, err := seal.OpenKeyWith(file, seal.KeyOptions{Name: "roomrec", Algorithm: algorithm, Passphrase: words("correct horse")})
		require.NoError(t, err)
		again, err := seal.ReadKey(file, words("correct horse"))
		require.NoError(t, err)
		require.Equal(t, made.Verifier(), again.Verifier())
	}
	_, err := seal.OpenKeyWith(file, seal.KeyOptions{Name: "roomrec", Passphrase: words("correct horse")})
	require.NoError(t, err)
	secret, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(secret), "PRIVATE+KEY")

	_, err = seal.ReadKey(file, words("wrong"))
	require.ErrorIs(t, err, seal.ErrPassphrase)
	require.ErrorContains(t, err, "not damaged")
	_, err = seal.OpenKey(file, "roomrec")
	require.ErrorIs(t, err, seal.ErrLocked)
	require.ErrorContains(t, err, "seal.passphrase_file")
	gone := errors.New("no such file")
	_, err = seal.ReadKey(file, func() (string, error) { return "", gone })
	require.ErrorIs(t, err, gone)

	require.NoError(t, os.WriteFile(file, secret[:60], 0o600))
	_, err = seal.ReadKey(file, words("correct horse"))
	require.ErrorContains(t, err, "damaged")
	require.NotErrorIs(t, err, seal.ErrPassphrase)
}

func TestPassphraseFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "passphrase")
	_, err := seal.ReadPassphrase(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(file, []byte("correct horse\r\nmore\n"), 0o600))
	words, err := seal.ReadPassphrase(file)
	require.NoError(t, err)
	require.Equal(t, "correct horse", words)
	require.NoError(t, os.Chmod(file, 0o644))
	_, err = seal.ReadPassphrase(file)
	require.ErrorIs(t, err, seal.ErrExposed)
	require.NoError(t, os.WriteFile(file, []byte("\n"), 0o600))
	require.NoError(t, os.Chmod(file, 0o600))
	_, err = seal.ReadPassphrase(file)
	require.ErrorContains(t, err, "no passphrase")
}
