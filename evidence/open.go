package evidence

import (
	"crypto/sha256"
	"io"

	"roomrec/evidence/seal"
)

// foundFile is a file of before a restart and how much of it counts.
type foundFile struct {
	seal.File
}

// hashOf reads r to its end.
func hashOf(r io.Reader) (sum seal.Hash, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, r)
	h.Sum(sum[:0])
	return sum, n, err
}
