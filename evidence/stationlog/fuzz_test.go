package stationlog

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a log may hold is read without a panic, and in one form only.
func FuzzLog(f *testing.F) {
	e := entry(Opened, 1)
	raw, err := e.encode()
	require.NoError(f, err)
	f.Add(raw)
	f.Add(bundle([][]byte{raw, raw}))
	f.Add([]byte("roomrec/1a2b3c4d\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— k AAAAAAAA\n"))
	f.Add([]byte("witness+1a2b3c4d+BA=="))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parseEntry(b); err == nil {
			again, err := e.encode()
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
		if parts, err := unbundle(b, 2); err == nil {
			require.Equal(t, b, bundle(parts))
		}
		if h, err := parseHeadText(string(b)); err == nil {
			require.Equal(t, string(b), headText(h.Origin, h.Tree))
		}
		_, _, err := ParseHead(b)
		require.Error(t, err, "no key is known")
		if w, err := ParseWitness(string(b)); err == nil {
			same, err := ParseWitness(w.String())
			require.NoError(t, err)
			require.Equal(t, w, same)
		}
	})
}
