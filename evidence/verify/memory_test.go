package verify

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/after"
	"roomrec/evidence/seal"
)

// What a seal states costs a verifier a few times its size, whatever its facts are: each number, list or object of
// them is read and forgotten.
func TestFactsTakeLittleMemory(t *testing.T) {
	bin := checker(t)
	for name, facts := range map[string]string{
		"numbers": `{"a":[` + strings.Repeat("1,", 1<<20) + `1]}`,
		"objects": `{"a":[` + strings.Repeat(`{"b":1},`, 256<<10) + `1]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			s.s.Facts = json.RawMessage(facts)
			s.seal()
			size := int64(len(s.files[seal.FileName]))
			took := peak(t, bin, s, 0)
			t.Logf("%d MiB for a seal of %d", took>>20, size>>20)
			require.Less(t, took, 7*size+25<<20)
			require.Equal(t, Gaps, verified(t, s.trusted(), s.write()).Folders[0].Verdict)
		})
	}
}

// A journal after the seal of nothing but newlines, which takes no key to write, keeps nobody busy for long: what it
// costs to read grows as it does, not with the square of it.
func TestNewlinesAfterTheSeal(t *testing.T) {
	s := plain(t, "20261122-140307-7f2k")
	s.files[after.JournalName] = bytes.Repeat([]byte("\n"), 4<<20)
	a := verified(t, s.trusted(), s.write()).Folders[0].After
	require.Equal(t, Incomplete, a.Verdict, a.Findings)
}
