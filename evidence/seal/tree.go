package seal

import (
	"crypto/sha256"
	"math/bits"
	"slices"
)

// Tree is the Merkle tree of RFC 6962, section 2.1, over a run's fragments in their order, so that a
// part of a run can be proven to be of it without the rest. Leaves are the fragments' leaves, which are
// hashed as that section hashes them. The zero Tree is empty. It keeps as many hashes as its size has
// binary digits. It is a value with one owner; a copy must not be added to.
type Tree struct {
	size  uint64
	peaks []Hash // of the perfect trees that the size is the sum of, the greatest first
}

// Clone returns a tree of the same leaves that grows by itself.
func (t *Tree) Clone() Tree { return Tree{size: t.size, peaks: slices.Clone(t.peaks)} }

// Size returns how many leaves the tree has.
func (t *Tree) Size() uint64 { return t.size }

// Add adds a leaf at the end.
func (t *Tree) Add(leaf Hash) {
	// A trailing one of the size is a perfect tree that the new one completes to a greater one.
	for range bits.TrailingZeros64(^t.size) {
		last := len(t.peaks) - 1
		leaf = node(t.peaks[last], leaf)
		t.peaks = t.peaks[:last]
	}
	t.peaks = append(t.peaks, leaf)
	t.size++
}

// Root returns the tree's hash; of an empty one the hash of nothing.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		root = node(t.peaks[i], root)
	}
	return root
}

// node returns the hash over two trees beside one another.
func node(left, right Hash) Hash {
	b := make([]byte, 0, 1+2*sha256.Size)
	b = append(b, 1)
	b = append(b, left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}
