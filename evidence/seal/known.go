package seal

import (
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// Known returns the keys that a note may be signed with. A key may be there twice, as the one in use that
// is also among those of before: note.VerifierList would call each of its signatures ambiguous.
func Known(keys ...Verifier) note.Verifiers { return known(keys) }

type known []Verifier

// Verifier implements [note.Verifiers].
func (k known) Verifier(name string, hash uint32) (note.Verifier, error) {
	var match either
	for _, v := range k {
		if v.Name() == name && v.KeyHash() == hash {
			match = append(match, v)
		}
	}
	if len(match) == 0 {
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
	}
	return match, nil
}

// either are keys of one name and hash, at least one. The hash is short: two keys may share it.
type either []Verifier

func (e either) Name() string    { return e[0].Name() }
func (e either) KeyHash() uint32 { return e[0].KeyHash() }

func (e either) Verify(msg, sig []byte) bool {
	return slices.ContainsFunc(e, func(v Verifier) bool { return v.Verify(msg, sig) })
}
