package journal_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
)

// Words that came in another encoding, as of a tool or a file's name, do not make a line one that no reader knows.
func TestWordsThatAreNoUTF8(t *testing.T) {
	for _, words := range []string{"\xc4\xe3\xba\xc3", `a\ufffd`, `a\\ufffd`, "\\\xff\\"} {
		chain := journal.NewChain(journal.Head{})
		b, err := chain.Next(journal.Entry{Type: "x", Actor: "officer:" + words, Data: map[string]string{"text": words}}, clock.Instant{}, 1)
		require.NoError(t, err)
		var line *journal.Line
		c, err := journal.Read(bytes.NewReader(b), journal.Head{}, func(l *journal.Line, _ []byte) error { line = l; return nil })
		require.NoError(t, err)
		require.NoError(t, c.Fault, "%q", words)
		var plain bytes.Buffer
		enc := json.NewEncoder(&plain)
		var text struct {
			Text string `json:"text"`
		}
		require.NoError(t, json.Unmarshal(line.Data, &text))
		require.NoError(t, enc.Encode(text))
		require.Equal(t, plain.String(), string(line.Data)+"\n", "%q", words)
	}
}
