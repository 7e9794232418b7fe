package stationlog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// cosignedFolder holds the heads that witnesses signed, one file for each head and witness.
const cosignedFolder = "cosigned"

// algCosignature is the algorithm's byte of C2SP tlog-cosignature: Ed25519 with a time.
const algCosignature = 4

// cosigned returns what a witness signs of a head's text.
func cosignedText(seconds uint64, text []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text)
}

// Witness checks the cosignatures of one witness.
type Witness struct {
	name   string
	hash   uint32
	public ed25519.PublicKey
}

// Name returns the witness's name.
func (w *Witness) Name() string { return w.name }

// KeyHash returns the hash of its key, as signed notes have it.
func (w *Witness) KeyHash() uint32 { return w.hash }

// Verify reports whether sig is this witness's over a head's text.
func (w *Witness) Verify(text, sig []byte) bool {
	return len(sig) == 8+ed25519.SignatureSize && ed25519.Verify(w.public, cosignedText(binary.BigEndian.Uint64(sig), text), sig[8:])
}

// String returns the witness's key as "name+hash+base64".
func (w *Witness) String() string {
	return fmt.Sprintf("%s+%08x+%s", w.name, w.hash, base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, w.public...)))
}

// ParseWitness reads a witness's key, "name+hash+base64".
func ParseWitness(text string) (*Witness, error) {
	bad := errors.New("witness's key: want one line like name+1a2b3c4d+BA…")
	parts := strings.SplitN(strings.TrimSpace(text), "+", 3)
	if len(parts) != 3 || parts[0] == "" || strings.ContainsAny(parts[0], " \n") {
		return nil, bad
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algCosignature {
		return nil, bad
	}
	w := &Witness{name: parts[0], hash: cosignatureHash(parts[0], raw[1:]), public: raw[1:]}
	if fmt.Sprintf("%08x", w.hash) != parts[1] {
		return nil, fmt.Errorf("witness's key: its hash is %08x, not %s: it was copied wrongly", w.hash, parts[1])
	}
	return w, nil
}

// ReadWitness reads the witness's key in file.
func ReadWitness(file string) (*Witness, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	w, err := ParseWitness(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return w, nil
}

func cosignatureHash(name string, public []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), public...))
	return binary.BigEndian.Uint32(sum[:])
}

// WitnessOf returns the witness who signs with key, which must be of Ed25519.
func WitnessOf(key seal.Key) (*Witness, error) {
	parts := strings.SplitN(key.Verifier(), "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || key.Algorithm() != seal.AlgorithmEd25519 || len(raw) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("a witness signs with %s, this key is of %s", seal.AlgorithmEd25519, key.Algorithm())
	}
	return &Witness{name: key.Name(), hash: cosignatureHash(key.Name(), raw[1:]), public: raw[1:]}, nil
}

// cosigner signs heads with the time.
type cosigner struct {
	*Witness
	key     seal.Key
	seconds uint64
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	sig, err := c.key.Sign(cosignedText(c.seconds, text))
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint64(nil, c.seconds), sig...), nil
}

// Cosign has a witness sign the last head of the log in dir. The log must be whole by itself, signed by
// one of known, and contain what the witness signed before of the same log: that is kept in memory, a
// folder of the witness's own. Only then the signed head is written there and, beside the log's own,
// into dir, from where it may be carried back. An error that wraps [ErrFork] says that the station's
// history was changed.
func Cosign(dir, memory string, key seal.Key, known []note.Verifier, now clock.Wall) (Head, error) {
	w, err := WitnessOf(key)
	if err != nil {
		return Head{}, err
	}
	h, err := Read(dir, known, nil)
	if err != nil {
		return Head{}, err
	}
	if !h.Trusted {
		return Head{}, fmt.Errorf("%s: %w", dir, ErrSignature)
	}
	if len(h.Findings) > 0 {
		return Head{}, fmt.Errorf("%w: %s", ErrFork, h.Findings[0])
	}
	mine, err := openFolder(memory)
	if err != nil {
		return Head{}, err
	}
	defer func() { _ = mine.Close() }() // everything was synced by itself
	folder := "seen-" + hex.EncodeToString(shortHash(h.Head.Origin))
	names, err := mine.names(folder)
	if err != nil {
		return Head{}, err
	}
	for _, name := range names {
		if strings.Contains(name, ".part") {
			continue
		}
		b, err := mine.read(path.Join(folder, name))
		if err != nil {
			return Head{}, err
		}
		old, _, err := ParseHead(b, w)
		if err != nil {
			return Head{}, fmt.Errorf("%s/%s: what this witness keeps is damaged: %w", memory, folder, err)
		}
		if err := h.Contains(old); err != nil {
			return Head{}, err
		}
	}
	text := headText(h.Head.Origin, h.Head.Tree)
	n, err := note.Open(h.Head.Note, seal.Known(known...))
	if err != nil {
		return Head{}, err
	}
	out := Head{Origin: h.Head.Origin, Tree: h.Head.Tree}
	own := note.Note{Text: text, Sigs: n.Sigs}
	if out.Note, err = note.Sign(&own, &cosigner{w, key, uint64(now.Time().Unix())}); err != nil {
		return Head{}, err
	}
	if err := mine.put(path.Join(folder, fmt.Sprintf("%012d", out.Tree.N)), out.Note); err != nil && !errors.Is(err, ErrFork) {
		return Head{}, err // the same head, signed at another time, is there already
	}
	log, err := openFolder(dir)
	if err != nil {
		return Head{}, err
	}
	defer func() { _ = log.Close() }() // everything was synced by itself
	name := fmt.Sprintf("%012d-%08x", out.Tree.N, w.hash)
	if err := log.put(path.Join(cosignedFolder, name), out.Note); err != nil && !errors.Is(err, ErrFork) {
		return Head{}, err
	}
	return out, nil
}

// spread brings what known witnesses signed, which is carried back to one volume, to the log that counts, and from
// there to every volume. Only what is right goes on: heads of this log, with the station's and the witness's
// signature. What is damaged or contradicts stays where it lies, and [Read] tells of it there.
func spread(primary, volume *store, head Head, keys []note.Verifier, witnesses []*Witness) error {
	for _, way := range [][2]*store{{volume, primary}, {primary, volume}} {
		from, to := way[0], way[1]
		have, err := to.names(cosignedFolder)
		if err != nil {
			return err
		}
		names, err := from.cosigned()
		if err != nil {
			return err
		}
		for _, name := range names {
			i := slices.IndexFunc(witnesses, func(w *Witness) bool { return strings.HasSuffix(name, fmt.Sprintf("-%08x", w.hash)) })
			if i < 0 || slices.Contains(have, path.Base(name)) {
				continue
			}
			b, err := from.read(name)
			if err != nil {
				return err
			}
			right, err := signedBoth(b, primary, head, keys, witnesses[i])
			if err != nil {
				return err
			}
			if !right {
				continue
			}
			// Another volume may have brought it in the meantime.
			if err := to.put(name, b); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, ErrFork) {
				return err
			}
		}
	}
	return nil
}

// signedBoth reports whether a note is an earlier head of the log, signed by the station and by a witness.
func signedBoth(b []byte, log *store, last Head, keys []note.Verifier, w *Witness) (bool, error) {
	h, sigs, err := ParseHead(b, append(slices.Clone(keys), w)...)
	if err != nil || len(sigs) < 2 || !slices.ContainsFunc(sigs, func(s note.Signature) bool { return s.Name == w.name && s.Hash == w.hash }) {
		return false, nil //nolint:nilerr // what is not right is said by who reads the log
	}
	if h.Origin != last.Origin || h.Tree.N < 1 || h.Tree.N > last.Tree.N {
		return false, nil
	}
	root, err := rootAt(log, last.Tree, h.Tree.N)
	return err == nil && root == h.Tree.Hash, err
}

func shortHash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:4]
}

// Contains proves that the history begins with what an earlier head states; the error wraps [ErrFork].
func (h *History) Contains(old Head) error {
	switch {
	case old.Origin != h.Head.Origin:
		return fmt.Errorf("%w: the earlier head is of the log %s, this is %s", ErrFork, old.Origin, h.Head.Origin)
	case old.Tree.N > h.Head.Tree.N:
		return fmt.Errorf("%w: it had %d entries once and has %d", ErrFork, old.Tree.N, h.Head.Tree.N)
	case old.Tree.N == 0:
		return nil
	}
	proof, err := tlog.ProveTree(h.Head.Tree.N, old.Tree.N, h)
	if err == nil {
		err = tlog.CheckTree(proof, h.Head.Tree.N, h.Head.Tree.Hash, old.Tree.N, old.Tree.Hash)
	}
	if err != nil {
		return fmt.Errorf("%w: its first %d entries are not those of the earlier head", ErrFork, old.Tree.N)
	}
	return nil
}
