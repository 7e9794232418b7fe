package verify

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// A seal that states what cannot be stated is altered to both verifiers, also where the station's key signed it.
func TestWhatCannotBeStated(t *testing.T) {
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	for name, change := range map[string][2]string{
		"a text for an instant":     {`"left": null`, `"left": "x"`},
		"a text for facts":          {`"facts": {}`, `"facts": "x"`},
		"a text for a bool":         {`"trusted": true`, `"trusted": "true"`},
		"a text for a number":       {`"complete": true`, `"complete": 1`},
		"a fraction":                {`"fragments": 7`, `"fragments": 7.0`},
		"a number too large":        {`"fragments": 7`, `"fragments": 4294967303`},
		"null for a list":           {`"partial": []`, `"partial": null`},
		"another kind of file":      {`"kind": "segment"`, `"kind": "movie"`},
		"a journal that is none":    {`"file": "journal-0002.jsonl"`, `"file": "` + seg1 + `"`},
		"a path out of the folder":  {`"path": "` + seg1 + `"`, `"path": "../x"`},
		"a member that is unknown":  {`"complete": true`, "\"complete\": true,\n   \"extra\": 1"},
		"lists in another order":    {`"camera": "overview",` + "\n   \"offset\"", `"camera": "zoom",` + "\n   \"offset\""},
		"an instant of another era": {`"opened": {` + "\n  \"uncertainty_ns\": 0,\n  \"wall\": \"2026", `"opened": {` + "\n  \"uncertainty_ns\": 0,\n  \"wall\": \"1026"},
		"a day that is none":        {"-11-22T", "-11-31T"},
		"a hash in large letters":   {`"sha256": "`, `"sha256": "A`},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			text, _, _ := bytes.Cut(s.files[seal.FileName], []byte("\n\n"))
			bad := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
			require.NotEqual(t, text, bad)
			s.files[seal.FileName] = signAnything(t, s.key, append(bad, '\n'))
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, Altered, f.Verdict, f.Findings)
			require.Equal(t, KeyNone, f.Key)
		})
	}
	s := plain(t, "20261122-140307-7f2k")
	s.s.Facts = json.RawMessage(`{"a":` + deep + `}`)
	s.seal()
	require.Equal(t, Altered, verified(t, s.trusted(), s.write()).Folders[0].Verdict)
}

// What a line says that is of another kind than it should be ends neither verifier, and is not said.
func TestWhatALineCannotSay(t *testing.T) {
	for name, data := range map[string]string{
		"a fraction of a byte": `{"before":"journal-0001.jsonl","volumes":[{"volume":"a","file":"journal-0001.jsonl","whole":1.5,"torn":1}]}`,
		"no list":              `{"before":"journal-0001.jsonl","volumes":5}`,
		"no volume":            `{"before":"journal-0001.jsonl","volumes":[5]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			delete(s.files, seal.FileName)
			delete(s.files, run2)
			delete(s.files, journal.FileName(2))
			line, err := journal.Parse(s.files[journal.FileName(1)][bytes.IndexByte(s.files[journal.FileName(1)], '\n')+1:])
			require.NoError(t, err)
			s.chain = journal.NewChain(journal.Head{Seq: line.Seq, Hash: journal.Hash(seal.SHA256(s.files[journal.FileName(1)][bytes.IndexByte(s.files[journal.FileName(1)], '\n')+1:]))})
			s.line(2, journal.Entry{Type: journal.TypeResumed, Actor: "x", Data: json.RawMessage(data)})
			require.Equal(t, Altered, verified(t, s.trusted(), s.write()).Folders[0].Verdict)
		})
	}
	for name, change := range map[string][2]string{
		"a number with a zero too many": {"overview/run-0001 6 ", "overview/run-0001 06 "},
		"a number with a sign":          {"overview/run-0001 6 ", "overview/run-0001 +6 "},
		"a run out of the folder":       {"room3/overview/run-0001 6 ", "../overview/run-0001 6 "},
		"runs in another order":         {"room3/overview/run-0001 6 ", "room3/z/run-0001 6 "},
	} {
		t.Run("a checkpoint of "+name, func(t *testing.T) {
			s := makeSession(t, "20261122-140307-7f2k", newKey(t), false)
			s.checkpoint(2, 14*time.Second, s.key)
			var data struct{ Note string }
			require.NoError(t, json.Unmarshal(s.last(2).Data, &data))
			text, _, _ := strings.Cut(data.Note, "\n\n")
			bad := strings.Replace(text, change[0], change[1], 1)
			require.NotEqual(t, text, bad)
			s.reopen()
			s.lineAt(2, journal.Entry{Type: seal.TypeCheckpoint, Actor: "x", Data: map[string]string{"note": string(signAnything(t, s.key, []byte(bad+"\n")))}}, instant(14*time.Second))
			s.seal()
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, Altered, f.Verdict, f.Findings)
		})
	}
	t.Run("a monotonic time of 65 bits", func(t *testing.T) {
		s := plain(t, "20261122-140307-7f2k")
		path := journal.FileName(2)
		last := bytes.LastIndex(s.files[path], []byte(`"mono":1,`))
		s.files[path] = slices.Concat(s.files[path][:last], []byte(`"mono":9223372036854775808,`), s.files[path][last+len(`"mono":1,`):])
		delete(s.files, seal.FileName)
		require.Equal(t, Altered, verified(t, s.trusted(), s.write()).Folders[0].Verdict)
	})
	const at = `"at":"2026-11-22T06:03:07.000000000Z"`
	for name, c := range map[string]struct {
		event string
		want  Verdict // of a session that is not over, which nobody seals, or of one without the session's layer
	}{
		"an opening":                   {`{"name":"opened",` + at + `,"room":"room3"}`, Altered},
		"a member that is null":        {`{"name":"opened",` + at + `,"room":null,"fault":null,"faults":[null]}`, Altered},
		"an instant without fraction":  {`{"name":"opened","at":"2026-11-22T06:03:07Z"}`, Intact},
		"an instant of another offset": {`{"name":"opened","at":"2026-11-22T14:03:07.000000000+08:00"}`, Intact},
		"a number for an instant":      {`{"name":"opened","at":5}`, Intact},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			s.files, s.s.Runs, s.s.Cameras, s.chain = map[string][]byte{}, nil, nil, journal.NewChain(journal.Head{})
			s.line(1, journal.Entry{Type: "session.opened", Actor: "x", Data: json.RawMessage(`{"event":` + c.event + `,"state":"Starting"}`)})
			s.seal()
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
		})
	}
}
