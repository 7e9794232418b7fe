package seal

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// SignText returns a signed note with a text of any other format, which ends with a newline.
func SignText(text string, key Key) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: text}, key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return b, nil
}

// TextOf returns the text of a signed note, written in the one way that there is, without looking at who
// signed it. Errors wrap [ErrFormat].
func TextOf(b []byte) (string, error) {
	if len(b) > MaxNote {
		return "", fmt.Errorf("%w: %d bytes", ErrFormat, len(b))
	}
	_, err := note.Open(b, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return "", fmt.Errorf("%w: not a signed note", ErrFormat)
	}
	if err := onlyForm(b, unverified.Note); err != nil {
		return "", err
	}
	return unverified.Note.Text, nil
}

// CheckText reports whether a note is signed by v. Errors wrap [ErrSignature].
func CheckText(b []byte, v Verifier) error {
	if _, err := note.Open(b, note.VerifierList(v)); err != nil {
		return fmt.Errorf("%w: %v", ErrSignature, err)
	}
	return nil
}
