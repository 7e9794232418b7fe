package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// The leaves and roots of the example that implementations of RFC 6962 share (its source:
// certificate-transparency, merkletree/merkle_tree_test.cc, reference vectors).
func TestTreeOfTheReference(t *testing.T) {
	inputs := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var tree Tree
	require.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", tree.Root().String())
	for i, in := range inputs {
		b, err := hex.DecodeString(in)
		require.NoError(t, err)
		tree.Add(sha256.Sum256(append([]byte{0}, b...)))
		require.Equal(t, roots[i], tree.Root().String(), i)
	}
}

// Every size agrees with another implementation.
func TestTreeAgreesWithAnother(t *testing.T) {
	var tree Tree
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := range int64(300) {
		leaf := tlog.RecordHash(fmt.Append(nil, n))
		hashes, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		require.NoError(t, err)
		stored = append(stored, hashes...)
		tree.Add(Hash(leaf))
		want, err := tlog.TreeHash(n+1, reader)
		require.NoError(t, err)
		require.Equal(t, Hash(want), tree.Root(), n+1)
		require.Equal(t, uint64(n+1), tree.Size())
	}
}
