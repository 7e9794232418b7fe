package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A power cut may leave a part of a note, or none of its bytes. That file is an attempt and no seal: it
// stays as it is, and the next attempt has the next name. The seal is the first attempt that is whole;
// what it says of those before it is in its statement. In one folder an attempt that was whole is never
// followed by another; where a disk went away under the seal, another may have the next one, see [GivenUp].

// maxAttempts bounds the numbers that are read.
const maxAttempts = 9999

// AttemptName returns the name of the file of the n-th attempt to seal a session, from 1.
func AttemptName(n int) string {
	if n <= 1 {
		return FileName
	}
	return fmt.Sprintf("seal-%d.note", n)
}

// AttemptNumber returns which attempt a file of a session's folder is, by its path.
func AttemptNumber(name string) (n int, ok bool) {
	if name == FileName {
		return 1, true
	}
	digits, found := strings.CutPrefix(name, "seal-")
	digits, ends := strings.CutSuffix(digits, ".note")
	n, err := strconv.Atoi(digits)
	return n, found && ends && err == nil && n > 1 && n <= maxAttempts && AttemptName(n) == name
}

// Torn reports whether b is what a power cut may leave of a note: nothing, the beginning of one, or one
// with a piece, or an end, that the disk was never given, which is zeros. Whatever was cut off by hand
// looks the same: a torn seal proves nothing, and a session that has no other is not sealed.
func Torn(b []byte) bool {
	const name = "roomrec-seal/"
	if len(b) == 0 || b[len(b)-1] == 0 {
		return true
	}
	for piece := range slices.Chunk(b, blank) {
		if bytes.Count(piece, []byte{0}) == len(piece) {
			return true
		}
	}
	if !bytes.HasPrefix(b, []byte(name)) {
		return strings.HasPrefix(name, string(b))
	}
	text, signature, whole := bytes.Cut(b, []byte("\n\n"))
	if whole {
		return beginsSignature(string(signature))
	}
	_, object, _ := bytes.Cut(text, []byte("\n"))
	for line := range bytes.Lines(object) {
		if !bytes.ContainsAny(line[:1], "{ }") {
			return false
		}
	}
	return true
}

// blank is what a disk writes whole or not at all, in bytes.
const blank = 512

// dash begins a signature's line.
const dash = "— "

// signatureDigits is how long a signature in base64 is: 4 bytes of the key's hash and 64 of the signature,
// of every algorithm.
const signatureDigits = 92

// beginsSignature reports whether s is the beginning of a signature's line and no more.
func beginsSignature(s string) bool {
	if len(s) < len(dash) {
		return strings.HasPrefix(dash, s)
	}
	rest, ok := strings.CutPrefix(s, dash)
	_, digits, named := strings.Cut(rest, " ")
	if !ok || strings.Contains(rest, "\n") {
		return false
	}
	return !named || len(digits) <= signatureDigits && strings.Trim(digits, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == ""
}

// TornOf reports whether b is what a power cut may leave of this note.
func TornOf(b, note []byte) bool {
	if len(b) > len(note) || !Torn(b) {
		return false
	}
	for i, c := range b {
		if c != note[i] && c != 0 {
			return false
		}
	}
	return true
}

// Attempt is a file that was to become the seal.
type Attempt struct {
	Name   string
	Number int
	Size   int64 // in bytes
	SHA256 Hash
}

// GivenUp reports whether the note that counts names the other one, by its hash, as an attempt that a
// volume took without ever saying so, and after which the session was sealed anew on another.
func GivenUp(note, other []byte) bool {
	s, err := Parse(note)
	if err != nil {
		return false
	}
	sum := SHA256(other)
	return slices.ContainsFunc(s.Files, func(f File) bool {
		return f.Kind == KindAttempt && slices.ContainsFunc(f.Abandoned, func(t Tail) bool {
			return t.Size == int64(len(other)) && t.SHA256 == sum
		})
	})
}

// Attempts is what a session's folder holds of seals.
type Attempts struct {
	// Name is the name of the file of the seal, and Note what it holds; empty without one.
	Name string
	Note []byte
	Torn []Attempt // before it, by number
	Last int       // the highest number of all
}

// Sealed reports whether there is a seal, right or wrong.
func (a *Attempts) Sealed() bool { return a.Name != "" }

// Find looks for the seal in a session's folder. It judges nothing but whether a file is whole.
func Find(files fs.FS, folder string) (a Attempts, err error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return a, err
	}
	var numbers []int
	for _, e := range entries {
		if n, ok := AttemptNumber(e.Name()); ok && !e.IsDir() {
			if !e.Type().IsRegular() {
				return a, fmt.Errorf("%s: neither a file nor a folder", path.Join(folder, e.Name())) // a pipe would never end
			}
			numbers = append(numbers, n)
			a.Last = max(a.Last, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		name := AttemptName(n)
		b, err := readNote(files, path.Join(folder, name))
		if err != nil {
			return a, err
		}
		if !Torn(b) {
			a.Name, a.Note = name, b
			return a, nil
		}
		a.Torn = append(a.Torn, Attempt{Name: name, Number: n, Size: int64(len(b)), SHA256: SHA256(b)})
	}
	return a, nil
}

// readNote reads a note; of a file that is larger than any, no more than shows that it is.
func readNote(files fs.FS, name string) (b []byte, err error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, MaxNote+1))
}
