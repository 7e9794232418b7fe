package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"
)

// The signature algorithms of this format. A statement names the one that it is signed with; which that is
// is never guessed from anything else.
const (
	// AlgorithmEd25519 is that of RFC 8032.
	AlgorithmEd25519 = "Ed25519"
	// AlgorithmECDSA is ECDSA on P-256 with SHA-256 (FIPS 186-5).
	AlgorithmECDSA = "ECDSA-P256-SHA256"
	// AlgorithmSM2 is SM2 with SM3 (GB/T 32918.2) and the usual identity 1234567812345678.
	AlgorithmSM2 = "SM2-SM3"
)

// Algorithms are all of them, the default first.
var Algorithms = []string{AlgorithmEd25519, AlgorithmECDSA, AlgorithmSM2}

// A key of an algorithm without a number in C2SP's signed-note form is told by the byte 0xff and a name, as
// that form wants it.
var prefixes = map[string]string{
	AlgorithmEd25519: "\x01",
	AlgorithmECDSA:   "\xffroomrec-ecdsa-p256-sha256\n",
	AlgorithmSM2:     "\xffroomrec-sm2-sm3\n",
}

const (
	scalarSize = 32
	pointSize  = 1 + 2*scalarSize // uncompressed
)

// errKey says what a key must look like, never what was read.
var errKey = errors.New("malformed key")

// verifierText is "NAME+HASH+BASE64".
func verifierText(name, algorithm string, public []byte) (text string, hash uint32) {
	raw := append([]byte(prefixes[algorithm]), public...)
	sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
	hash = binary.BigEndian.Uint32(sum[:4])
	return fmt.Sprintf("%s+%08x+%s", name, hash, base64.StdEncoding.EncodeToString(raw)), hash
}

// splitKey reads "NAME+HASH+BASE64" and returns what follows the algorithm's prefix.
func splitKey(text string) (name string, hash uint32, algorithm string, body []byte, err error) {
	name, rest, _ := strings.Cut(text, "+")
	digits, encoded, ok := strings.Cut(rest, "+")
	h, hexErr := strconv.ParseUint(digits, 16, 32)
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || len(digits) != 8 || hexErr != nil || err != nil || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", 0, "", nil, errKey
	}
	for a, prefix := range prefixes {
		if body, ok := bytes.CutPrefix(raw, []byte(prefix)); ok {
			return name, uint32(h), a, body, nil
		}
	}
	return "", 0, "", nil, fmt.Errorf("%w: of an algorithm that is not known", errKey)
}

// algorithmOf returns the algorithm of a verifier key.
func algorithmOf(verifier string) (string, error) {
	_, _, a, _, err := splitKey(verifier)
	return a, err
}

// curveVerifier checks signatures of the algorithms on curves: two numbers of 32 bytes each.
type curveVerifier struct {
	name   string
	hash   uint32
	verify func(msg, sig []byte) bool
}

func (v *curveVerifier) Name() string                { return v.name }
func (v *curveVerifier) KeyHash() uint32             { return v.hash }
func (v *curveVerifier) Verify(msg, sig []byte) bool { return v.verify(msg, sig) }

func newVerifier(text string) (Verifier, error) {
	name, hash, algorithm, public, err := splitKey(text)
	if err != nil {
		return nil, err
	}
	if algorithm == AlgorithmEd25519 {
		return note.NewVerifier(text)
	}
	again, want := verifierText(name, algorithm, public)
	if want != hash || again != text || len(public) != pointSize {
		return nil, errKey
	}
	v := &curveVerifier{name: name, hash: hash}
	switch algorithm {
	case AlgorithmECDSA:
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
		if err != nil {
			return nil, errKey
		}
		v.verify = func(msg, sig []byte) bool {
			sum := sha256.Sum256(msg)
			r, s, ok := numbers(sig)
			// Of the two that are right for every signature the lesser one is written: a changed byte must not
			// go unseen.
			return ok && s.Cmp(halfOrder) <= 0 && ecdsa.Verify(key, sum[:], r, s)
		}
	case AlgorithmSM2:
		key, err := sm2.NewPublicKey(public)
		if err != nil {
			return nil, errKey
		}
		v.verify = func(msg, sig []byte) bool {
			r, s, ok := numbers(sig)
			if !ok {
				return false
			}
			der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
			return err == nil && sm2.VerifyASN1WithSM2(key, nil, msg, der)
		}
	}
	return v, nil
}

// halfOrder is half the order of P-256's group, rounded down.
var halfOrder = new(big.Int).Rsh(elliptic.P256().Params().N, 1)

func numbers(sig []byte) (r, s *big.Int, ok bool) {
	if len(sig) != 2*scalarSize {
		return nil, nil, false
	}
	return new(big.Int).SetBytes(sig[:scalarSize]), new(big.Int).SetBytes(sig[scalarSize:]), true
}

// curveKey is a private key of the algorithms on curves.
type curveKey struct {
	name, algorithm, verifier string
	hash                      uint32
	sign                      func(msg []byte) (r, s *big.Int, err error)
}

func (k *curveKey) Name() string      { return k.name }
func (k *curveKey) KeyHash() uint32   { return k.hash }
func (k *curveKey) Algorithm() string { return k.algorithm }
func (k *curveKey) Verifier() string  { return k.verifier }

// String keeps the private half out of logs.
func (k *curveKey) String() string { return "key " + k.verifier }

// GoString keeps the private half out of logs.
func (k *curveKey) GoString() string { return k.String() }

// Sign returns the two numbers of a signature over msg.
func (k *curveKey) Sign(msg []byte) ([]byte, error) {
	r, s, err := k.sign(msg)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 2*scalarSize)
	r.FillBytes(out[:scalarSize])
	s.FillBytes(out[scalarSize:])
	return out, nil
}

// newCurveKey returns the key of a scalar.
func newCurveKey(name, algorithm string, scalar []byte) (*curveKey, error) {
	k := &curveKey{name: name, algorithm: algorithm}
	var public []byte
	switch algorithm {
	case AlgorithmECDSA:
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil {
			return nil, errKey
		}
		if public, err = key.PublicKey.Bytes(); err != nil {
			return nil, errKey
		}
		k.sign = func(msg []byte) (r, s *big.Int, err error) {
			sum := sha256.Sum256(msg)
			if r, s, err = ecdsa.Sign(rand.Reader, key, sum[:]); err == nil && s.Cmp(halfOrder) > 0 {
				s.Sub(elliptic.P256().Params().N, s)
			}
			return r, s, err
		}
	case AlgorithmSM2:
		key, err := sm2.NewPrivateKey(scalar)
		if err != nil {
			return nil, errKey
		}
		public = make([]byte, pointSize)
		public[0] = 4
		key.X.FillBytes(public[1 : 1+scalarSize])
		key.Y.FillBytes(public[1+scalarSize:])
		k.sign = func(msg []byte) (r, s *big.Int, err error) {
			der, err := key.SignWithSM2(rand.Reader, nil, msg)
			if err != nil {
				return nil, nil, err
			}
			var both struct{ R, S *big.Int }
			_, err = asn1.Unmarshal(der, &both)
			return both.R, both.S, err
		}
	default:
		return nil, errKey
	}
	k.verifier, k.hash = verifierText(name, algorithm, public)
	return k, nil
}

// newSecret makes a private key, as it is kept in a file.
func newSecret(name, algorithm string) (string, error) {
	if name == "" || strings.ContainsFunc(name, unicode.IsSpace) || strings.Contains(name, "+") {
		return "", fmt.Errorf("name %q: want no white space and no plus sign", name)
	}
	var scalar []byte
	switch algorithm {
	case AlgorithmEd25519:
		secret, _, err := note.GenerateKey(rand.Reader, name)
		return secret, err
	case AlgorithmECDSA:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return "", err
		}
		if scalar, err = key.Bytes(); err != nil {
			return "", err
		}
	case AlgorithmSM2:
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			return "", err
		}
		scalar = key.D.FillBytes(make([]byte, scalarSize))
	default:
		return "", fmt.Errorf("algorithm %q: want one of %s", algorithm, strings.Join(Algorithms, ", "))
	}
	key, err := newCurveKey(name, algorithm, scalar)
	if err != nil {
		return "", err
	}
	raw := append([]byte(prefixes[algorithm]), scalar...)
	return fmt.Sprintf("%s%s+%08x+%s", secretPrefix, name, key.hash, base64.StdEncoding.EncodeToString(raw)), nil
}

const secretPrefix = "PRIVATE+KEY+"

// parseSecret reads "PRIVATE+KEY+name+hash+key". Its errors say nothing of what was read.
func parseSecret(secret string) (Key, error) {
	secret = strings.TrimSpace(secret)
	text, ok := strings.CutPrefix(secret, secretPrefix)
	name, hash, algorithm, body, err := splitKey(text)
	if !ok || err != nil {
		return nil, errors.New("not a signing key in the form of C2SP notes")
	}
	if algorithm == AlgorithmEd25519 {
		return parseEd25519(secret)
	}
	k, err := newCurveKey(name, algorithm, body)
	if err != nil || len(body) != scalarSize || k.hash != hash {
		return nil, errors.New("not a signing key in the form of C2SP notes")
	}
	return k, nil
}
