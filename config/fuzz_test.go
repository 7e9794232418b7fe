package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse: whatever the bytes are, the answer is settings that print and read back the same, or
// problems that each say what was expected.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte(every))
	sample, err := os.ReadFile(filepath.Join("..", "deploy", "roomrec.yaml"))
	require.NoError(f, err)
	f.Add(sample)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("f", text)
		if err != nil {
			var e *Error
			require.True(t, errors.As(err, &e))
			require.NotEmpty(t, e.Problems)
			require.Less(t, len(e.Error()), 100_000)
			for _, p := range e.Problems {
				require.NotEmpty(t, p.What)
				require.NotEmpty(t, p.Want)
			}
			return
		}
		var b bytes.Buffer
		require.NoError(t, c.Print(&b))
		again, err := Parse("printed", b.Bytes())
		require.NoError(t, err, b.String())
		require.Equal(t, c, again)
	})
}
