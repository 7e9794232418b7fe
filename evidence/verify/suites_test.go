package verify

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/after"
	"roomrec/evidence/seal"
)

// Sessions that are sealed with each algorithm, their checkpoints, their log and what came after the seal:
// both verifiers check them, the other one with openssl.
func TestEveryAlgorithmBeforeBothVerifiers(t *testing.T) {
	const id = "20261122-140307-7f2k"
	for _, algorithm := range seal.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			key, err := seal.OpenKeyWith(filepath.Join(t.TempDir(), "seal.key"), seal.KeyOptions{Name: "roomrec", Algorithm: algorithm})
			require.NoError(t, err)
			judged := func(s *session) *Folder {
				_, dir := s.onVolume(s.logEntries()...)
				f := verified(t, s.trusted(), dir).Folders[0]
				return &f
			}
			s := makeSession(t, id, key, true)
			s.files[after.JournalName], _, err = after.Next(after.Head{Hash: seal.SHA256(s.files[seal.FileName])}, after.Entry{Type: "note", Actor: "officer:li"}, key)
			require.NoError(t, err)
			f := judged(s)
			require.Equal(t, Gaps, f.Verdict, f.Findings)
			require.Equal(t, KeyTrusted, f.Key)
			require.Equal(t, KeyTrusted, f.Log.Key)
			require.Equal(t, Intact, f.After.Verdict)
			require.Empty(t, f.Log.Findings)

			// A byte of each signature.
			for _, name := range []string{seal.FileName, "journal-0001.jsonl", after.JournalName} {
				s := makeSession(t, id, key, true)
				s.files[after.JournalName], _, err = after.Next(after.Head{Hash: seal.SHA256(s.files[seal.FileName])}, after.Entry{Type: "note", Actor: "officer:li"}, key)
				require.NoError(t, err)
				b := s.files[name]
				at := len(b) - 40
				if name == "journal-0001.jsonl" {
					at = bytes.Index(b, []byte("— roomrec ")) + len("— roomrec ") + 50
				}
				b[at] = "AB"[map[bool]int{true: 1}[b[at] == 'A']]
				f := judged(s)
				if name == after.JournalName {
					require.Equal(t, Altered, f.After.Verdict)
				} else {
					require.Equal(t, Altered, f.Verdict, f.Findings)
				}
			}
			// Another algorithm's name.
			s = makeSession(t, id, key, true)
			other := seal.Algorithms[0]
			if other == algorithm {
				other = seal.Algorithms[1]
			}
			text, _, _ := bytes.Cut(s.files[seal.FileName], []byte("\n\n"))
			s.files[seal.FileName] = signAnything(t, key, bytes.Replace(append(text, '\n'), []byte(`"algorithm": "`+algorithm), []byte(`"algorithm": "`+other), 1))
			require.Equal(t, Altered, judged(s).Verdict, "the algorithm is never guessed")
			// One that nobody knows yet, rightly signed.
			s.files[seal.FileName] = signAnything(t, key, bytes.Replace(append(text, '\n'), []byte(`"algorithm": "`+algorithm), []byte(`"algorithm": "ML-DSA`), 1))
			require.Equal(t, Unknown, judged(s).Verdict)
		})
	}
}
