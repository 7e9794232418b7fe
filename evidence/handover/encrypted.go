package handover

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"golang.org/x/sys/unix"

	"roomrec/evidence/seal"
)

// Recipient is someone who can open an encrypted package.
type Recipient struct {
	of age.Recipient
	// Name is the public key; empty where it is a passphrase.
	Name string
}

// ParseRecipient reads a public key of age, as in age1….
func ParseRecipient(text string) (Recipient, error) {
	found, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(found) != 1 {
		// What was given may be the private half: it is not repeated.
		return Recipient{}, errors.New("want one public key of age, as in age1…, which age-keygen prints")
	}
	return Recipient{found[0], strings.TrimSpace(text)}, nil
}

// leastPassphrase is the least length of a passphrase, in bytes: what leaves the house can be guessed at for as
// long as one likes.
const leastPassphrase = 16

// Passphrase is a recipient who knows a passphrase.
func Passphrase(words string) (Recipient, error) {
	if len(words) < leastPassphrase {
		return Recipient{}, fmt.Errorf("the passphrase has %d characters, want at least %d", len(words), leastPassphrase)
	}
	r, err := age.NewScryptRecipient(words)
	return Recipient{of: r}, err
}

// Encrypted is the end of the name of an encrypted package: a tar archive, encrypted in the format
// age-encryption.org/v1.
const Encrypted = ".tar.age"

// File writes the package, encrypted for the recipients, into the folder dir, under the session's id. No byte
// of it lies there in clear. While it is not whole its name ends in .part, and what an interruption left
// decrypts to no end: it is begun anew beside it. The file is read back from the disk.
func (p *Package) File(ctx context.Context, dir string, recipients ...Recipient) (m Made, err error) {
	name := p.Session + Encrypted
	if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
		return m, fmt.Errorf("%s: %w", filepath.Join(dir, name), ErrThere)
	}
	out, part, err := begin(dir, name)
	if err != nil {
		return m, err
	}
	var to []age.Recipient
	for _, r := range recipients {
		to = append(to, r.of)
	}
	s := newSums(p, 1)
	written := sha256.New()
	note, err := s.encrypt(ctx, io.MultiWriter(out, written), to)
	if err = errors.Join(err, out.Sync()); err == nil {
		// What is read back must come from the disk; where that cannot be asked for it comes from memory.
		_ = unix.Fadvise(int(out.Fd()), 0, 0, unix.FADV_DONTNEED)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return m, err
	}
	back, err := readBack(ctx, filepath.Join(dir, part), io.Discard)
	if err != nil {
		return m, err
	}
	if sum := written.Sum(nil); string(sum) != string(back[:]) {
		return m, fmt.Errorf("%s: read back: SHA-256 %x, written %x: %w", part, back, sum, ErrChanged)
	}
	if err := rename(dir, part, name); err != nil {
		return m, err
	}
	return Made{
		Path: filepath.Join(dir, name), Files: len(p.Files), Bytes: s.bytes, Note: seal.SHA256(note), SHA256: hex.EncodeToString(back[:]),
	}, nil
}

// mostParts bounds how many interrupted exports may lie side by side.
const mostParts = 100

// begin makes a file for what is not whole yet.
func begin(dir, name string) (out *os.File, part string, err error) {
	for n := 1; n <= mostParts; n++ {
		part = name + ".part"
		if n > 1 {
			part = fmt.Sprintf("%s.%d.part", name, n)
		}
		out, err = os.OpenFile(filepath.Join(dir, part), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		if !errors.Is(err, fs.ErrExist) {
			return out, part, err
		}
	}
	return nil, "", fmt.Errorf("%s: %d interrupted exports lie there: take them away first", dir, mostParts)
}

// encrypt writes the archive and returns its package.note, the last file in it.
func (s *sums) encrypt(ctx context.Context, out io.Writer, to []age.Recipient) (note []byte, err error) {
	sealed, err := age.Encrypt(out, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	archive := tar.NewWriter(sealed)
	for i := range s.p.Files {
		f := &s.p.Files[i]
		sum, err := f.archive(ctx, archive, s.p.Session, s)
		if err != nil {
			return nil, err
		}
		if err := s.add(f, sum); err != nil {
			return nil, err
		}
	}
	if note, err = s.note(); err != nil {
		return nil, err
	}
	last := File{Name: NoteName, Data: note, Size: int64(len(note))}
	if _, err := last.archive(ctx, archive, s.p.Session, io.Discard); err != nil {
		return nil, err
	}
	return note, errors.Join(archive.Close(), sealed.Close())
}

// archive writes one file into an archive.
func (f *File) archive(ctx context.Context, to *tar.Writer, session string, progress io.Writer) (sum [sha256.Size]byte, err error) {
	in, err := f.open()
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	mode := int64(0o644)
	if f.Program {
		mode = 0o755
	}
	// Times of files are no facts of a session and stay out.
	h := tar.Header{Typeflag: tar.TypeReg, Name: session + "/" + f.Name, Mode: mode, Size: f.Size, Format: tar.FormatPAX}
	if err := to.WriteHeader(&h); err != nil {
		return sum, err
	}
	hashed := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(to, hashed, progress), reader{ctx, in}, f.Size); err != nil {
		return sum, fmt.Errorf("%s: %w", f.Name, err)
	}
	hashed.Sum(sum[:0])
	return sum, nil
}
