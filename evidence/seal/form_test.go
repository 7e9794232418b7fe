package seal

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// The form that is written piece by piece is that of maps, whose members the package json sorts.
func TestFormIsThatOfMaps(t *testing.T) {
	at := clock.Instant{Wall: 1, Uncertainty: 2}
	s := Statement{
		Session: "x\u2028<&>\"\\讯问", Opened: at, Zone: "bytes \xff\xfe that are no text \ufffd", Clock: Clock{Reasons: []string{"a", "b"}},
		Facts:   json.RawMessage(`{"z":[1,2.50,1e3,-0,null,true,[],{},[[]],{"b":"<","a":"\u2028"}],"":{"讯":5},"A":[{}]}`),
		Files:   []File{{Path: "b", Kind: KindJournal, Abandoned: []Tail{{Volume: "v", Size: 1, Unread: 1}, {Volume: "w", Size: 2}}, Partial: []Part{{Volume: "v"}}}, {Path: "a"}},
		Runs:    []Run{{Room: "r", Segments: []string{"s"}, Tracks: []Track{{Codec: "c"}}, Gaps: []Gap{{Track: -1, From: at}}}},
		Cameras: []Camera{{Room: "r"}, {Room: "q", Offset: &Offset{Reports: 1}}}, Interruptions: []Interruption{{Cause: "c", MissingFrom: &at}},
		Volumes: []Volume{{ID: "v", Left: &at}},
	}
	s.normalise()
	plain, err := json.Marshal(s)
	require.NoError(t, err)
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v))
	var want, got bytes.Buffer
	want.WriteString(Version + "\n")
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	require.NoError(t, enc.Encode(v))
	s.Facts, err = formed(s.Facts)
	require.NoError(t, err)
	require.NoError(t, s.text(&got))
	require.Equal(t, want.String(), got.String())
	require.NoError(t, isFormed(s.Facts))
	for i := range s.Facts { // of any other spelling it is told
		bad := bytes.Clone(s.Facts)
		bad[i] ^= 1
		again, err := formed(bad)
		require.Equal(t, err == nil && bytes.Equal(bad, again), isFormed(bad) == nil, "%s", bad)
	}
	for _, bad := range []string{``, `{`, `{}{}`, `{} `, ` {}`, `{"a": 1}`, "{\n  \"a\": 1,\n  \"a\": 1\n }", "{\n  \"b\": 1,\n  \"a\": 1\n }", "{\n  \"a\": \"\\u0041\"\n }", "{\n  \"a\": []\n}"} {
		require.Error(t, isFormed(json.RawMessage(bad)), bad)
	}
}
