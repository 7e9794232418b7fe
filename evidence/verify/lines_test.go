package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/after"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// noted is the session with a line of the given data, sealed.
func (s *session) noted(data any) *session {
	s.reopen()
	s.line(2, journal.Entry{Type: "x", Actor: "y", Data: data})
	s.seal()
	return s
}

// What a line of a journal may hold is read alike by both verifiers, however the languages that they are written in
// write such words and numbers.
func TestDataThatBothVerifiersRead(t *testing.T) {
	const id = "20261122-140307-7f2k"
	for name, data := range map[string]any{
		"words that came in another encoding": map[string]string{"text": "\xc4\xe3\xba\xc3"},
		"a small number":                      map[string]float64{"x": 0.00001},
		"zero below zero":                     map[string]float64{"x": math.Copysign(0, -1)},
		"a thousand as 1e3":                   json.RawMessage(`{"x":1e3}`),
		"a number of many digits":             json.RawMessage(`{"x":` + strings.Repeat("9", 5000) + `}`),
		"line separators":                     map[string]string{"text": "\u2028\u2029<&>\x01\\ufffd\U0001F600"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, id).noted(data)
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, Gaps, f.Verdict, f.Findings)
		})
	}
	t.Run("an actor in another encoding", func(t *testing.T) {
		s := newSession(t, id)
		s.reopen()
		s.line(2, journal.Entry{Type: "x", Actor: "y\xff"})
		s.seal()
		f := verified(t, s.trusted(), s.write()).Folders[0]
		require.Equal(t, Gaps, f.Verdict, f.Findings)
	})
	t.Run("facts of the seal", func(t *testing.T) {
		s := newSession(t, id)
		s.s.Facts = json.RawMessage(`{"x":null,"y":1.50,"z":-0,"a":1.5e-7,"b":1e3,"c":[],"d":{},"e":[1,{"f":""}]}`)
		s.seal()
		f := verified(t, s.trusted(), s.write()).Folders[0]
		require.Equal(t, Gaps, f.Verdict, f.Findings)
	})
}

// A line that was written and never acknowledged does not count where the file after the restart says so.
func TestUnacknowledgedLineBeforeARestart(t *testing.T) {
	s := plain(t, "20261122-140307-7f2k")
	b := s.files[journal.FileName(1)]
	last := s.last(1)
	head := journal.Head{Seq: last.Seq, Hash: sha256.Sum256(b[bytes.LastIndexByte(b[:len(b)-1], '\n')+1:])}
	extra, err := journal.NewChain(head).Next(journal.Entry{Type: "x", Actor: "y"}, instant(2*time.Second), 1)
	require.NoError(t, err)
	resumed, err := journal.NewChain(head).Next(journal.Entry{Type: journal.TypeResumed, Actor: journal.ActorController, Data: journal.Resumed{Before: journal.FileName(1), Volumes: []journal.Found{{
		Volume: "vol-a", File: journal.FileName(1), Whole: int64(len(b)), WholeSHA256: sha256.Sum256(b), Torn: int64(len(extra)), TornSHA256: sha256.Sum256(extra),
	}}}}, instant(8*time.Second), 1)
	require.NoError(t, err)
	s.files[journal.FileName(1)], s.files[journal.FileName(2)] = append(bytes.Clone(b), extra...), resumed
	delete(s.files, seal.FileName)
	f := verified(t, Options{}, s.write()).Folders[0]
	require.Equal(t, Unsealed, f.Verdict, f.Findings)
}

// A checkpoint of a later version is one where the seal covers it, or the key that it names signed it; otherwise it is
// damaged.
func TestCheckpointOfAnotherVersion(t *testing.T) {
	key := newKey(t)
	for name, c := range map[string]struct {
		note   string
		sealed bool
		want   Verdict
	}{
		"not signed, sealed":     {"roomrec-checkpoint/2\nx\n\n— x AAAAAAAA\n", true, Unknown},
		"not signed, not sealed": {"roomrec-checkpoint/2\nx\n\n— x AAAAAAAA\n", false, Altered},
		"signed, not sealed":     {string(signAnything(t, key, []byte("roomrec-checkpoint/2\nkey "+key.Verifier()+"\n"))), false, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, "20261122-140307-7f2k")
			s.reopen()
			s.line(2, journal.Entry{Type: seal.TypeCheckpoint, Actor: journal.ActorController, Data: map[string]string{"note": c.note}})
			if s.seal(); !c.sealed {
				delete(s.files, seal.FileName)
			}
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
		})
	}
}

// What came after the seal may be signed by the station's next key, and hold words of any encoding.
func TestLinesAfterTheSealThatBothVerifiersRead(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	second := newKey(t)
	o := s.trusted()
	o.Keys = append(o.Keys, keyed(t, second))
	for name, c := range map[string]struct {
		key  seal.Key
		data any
		want Verdict
	}{
		"signed by the station's next key":    {second, nil, Intact},
		"signed by a key that is not known":   {newKey(t), nil, Altered},
		"words that came in another encoding": {s.key, map[string]string{"text": "\xc4\xe3"}, Intact},
		"a file that is a number":             {s.key, json.RawMessage(`{"file":5}`), Intact},
		"a file without a hash":               {s.key, json.RawMessage(`{"file":"after/x"}`), Altered},
	} {
		t.Run(name, func(t *testing.T) {
			b, _, err := after.Next(after.Head{Hash: seal.SHA256(s.files[seal.FileName])}, after.Entry{Type: "x", Actor: "y", Data: c.data}, c.key)
			require.NoError(t, err)
			dir := s.write()
			put(t, dir, after.JournalName, b)
			if strings.Contains(string(b), `"after/x"`) {
				put(t, dir, "after/x", []byte("x"))
			}
			f := verified(t, o, dir).Folders[0]
			require.Equal(t, Gaps, f.Verdict, f.Findings)
			require.Equal(t, c.want, f.After.Verdict, f.After.Findings)
		})
	}
}

// Only who has the station's key can write these. What readers in two languages would read as two things neither takes.
func TestDataThatReadersReadDifferently(t *testing.T) {
	nested := func(n int) string { return `{"x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}` }
	for name, c := range map[string]struct {
		data string
		want Verdict
	}{
		"a member twice":                {`{"text":"a","text":"b"}`, Altered},
		"a member twice, deeper":        {`{"x":[{"y":1,"y":2}]}`, Altered},
		"an escape that nothing needs":  {`{"text":"\u0041"}`, Altered},
		"half of a pair":                {`{"text":"\ud800"}`, Altered},
		"bytes that are no UTF-8":       {"{\"text\":\"\xc4\"}", Altered},
		"a line separator as it is":     {"{\"text\":\"\u2028\"}", Altered},
		"nested as deep as it may":      {nested(64), Gaps},
		"nested deeper":                 {nested(65), Altered},
		"nested without end":            {nested(2000), Altered},
		"the escape of a lost letter":   {`{"text":"\ufffd\\ufffd"}`, Gaps},
		"the same words in two members": {`{"a":"x","b":"x","A":"y"}`, Gaps},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, "20261122-140307-7f2k").noted(json.RawMessage(c.data))
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)

			s = newSession(t, "20261122-140307-7f2k")
			b, _, err := after.Next(after.Head{Hash: seal.SHA256(s.files[seal.FileName])}, after.Entry{Type: "x", Actor: "y", Data: json.RawMessage(c.data)}, s.key)
			require.NoError(t, err)
			dir := s.write()
			put(t, dir, after.JournalName, b)
			f = verified(t, s.trusted(), dir).Folders[0]
			require.Equal(t, c.want == Gaps, f.After.Verdict == Intact, f.After.Findings)
		})
	}
}
