package verify

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A disk failed in the middle of a write, and then lost its power: behind the last whole fragment there
// is what there is. With a whole copy beside it the session is not altered.
func TestTornEndOfACopyBesideAWholeOne(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	s.payload = 3000
	whole, torn := s.write(), s.write()
	name := filepath.Join(torn, seg2)
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	b = b[:len(b)-4]
	clear(b[len(b)-4:])
	require.NoError(t, os.WriteFile(name, b, 0o600))
	r := verified(t, s.trusted(), whole, torn)
	require.Equal(t, Incomplete, r.Folders[1].Verdict, r.Folders[1].Findings)
	require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
}
