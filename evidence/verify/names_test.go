package verify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/after"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// A member is the one that the format names only if its name is so to the letter: readers of JSON do not agree on
// others, and what is said under another name is not said, whoever signed it.
func TestMembersAreNamedToTheLetter(t *testing.T) {
	note := func(s *session) string {
		s.checkpoint(2, 0, s.key)
		var data struct{ Note string }
		require.NoError(t, json.Unmarshal(s.last(2).Data, &data))
		s.reopen()
		return data.Note
	}
	resumed := func(data string) func(*session) {
		return func(s *session) {
			s.line(3, journal.Entry{Type: journal.TypeResumed, Actor: "x", Data: json.RawMessage(data)})
		}
	}
	event := `{"event":{"name":"opened","at":"2026-11-22T06:03:07.000000000Z","room":"room3","technical":true},"state":"Starting"`
	first := func(data string) func(*session) {
		return func(s *session) {
			for path := range s.files {
				delete(s.files, path)
			}
			s.s.Runs, s.s.Cameras, s.chain = nil, nil, journal.NewChain(journal.Head{})
			s.line(1, journal.Entry{Type: "session.opened", Actor: "x", Data: json.RawMessage(data)})
		}
	}
	for name, c := range map[string]struct {
		change func(*session)
		want   Verdict
	}{
		"a checkpoint's Note": {func(s *session) {
			s.line(2, journal.Entry{Type: seal.TypeCheckpoint, Actor: "x", Data: map[string]string{"Note": note(s)}})
		}, Altered},
		"a file after a restart that says Before":             {resumed(`{"Before":"journal-0002.jsonl","volumes":[]}`), Altered},
		"a file after a restart that names it":                {resumed(`{"before":"journal-0002.jsonl","volumes":null}`), Gaps},
		"a file after a restart that names another one":       {resumed(`{"before":"journal-0001.jsonl","volumes":null}`), Altered},
		"a file after a restart that is said to be longer":    {resumed(`{"before":"journal-0002.jsonl","volumes":[{"whole":1.5}]}`), Altered},
		"a file after a restart that names volumes otherwise": {resumed(`{"before":"journal-0002.jsonl","volumes":""}`), Altered},
		"an opening that cannot be sealed":                    {first(event + `}`), Altered},
		"an opening of another State":                         {first(strings.Replace(event, `"state"`, `"State"`, 1) + `}`), Altered},
		"an opening whose Event is none":                      {first(strings.Replace(event, `"event"`, `"Event"`, 1) + `}`), Intact},
		"an opening and another Event":                        {first(event + `,"Event":{"name":""}}`), Altered},
		"an opening and an Event with a long s":               {first(event + `,"ſtate":"Sealed"}`), Altered},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			c.change(s)
			s.seal()
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
		})
	}
	sum := seal.SHA256([]byte("x")).String()
	for name, c := range map[string]struct {
		data string
		want Verdict
	}{
		"a document":                          {`{"file":"after/x","sha256":"` + sum + `"}`, Intact},
		"a File":                              {`{"File":"after/x","sha256":"` + sum + `"}`, Unsealed},
		"a file of large letters":             {`{"file":"after/x","sha256":"` + strings.ToUpper(sum) + `"}`, Altered},
		"a file without a hash":               {`{"file":"after/x"}`, Altered},
		"a file with a number for a hash":     {`{"file":"after/x","sha256":5}`, Altered},
		"a file and another File":             {`{"file":"after/x","sha256":"` + sum + `","File":"after/y"}`, Intact},
		"a file and a SHA256 with a Kelvin K": {`{"file":"after/x","sha256":"` + sum + `","\u212a":1}`, Altered},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			raw, _, err := after.Next(after.Head{Hash: seal.SHA256(s.files[seal.FileName])}, after.Entry{Type: "x", Actor: "y", Data: json.RawMessage(c.data), At: instant(0)}, s.key)
			require.NoError(t, err)
			s.files[after.JournalName], s.files["after/x"] = raw, []byte("x")
			a := verified(t, s.trusted(), s.write()).Folders[0].After
			require.Equal(t, c.want, a.Verdict, a.Findings)
		})
	}
}

// The version of a seal is unknown only where it says another one, and is signed by the key that it names.
func TestUnknownVersionIsSaidToTheLetter(t *testing.T) {
	for name, c := range map[string]struct {
		first, members string
		want           Verdict
	}{
		"another version":       {"roomrec-seal/2", `"key": %q`, Unknown},
		"its Key":               {"roomrec-seal/2", `"Key": %q`, Altered},
		"no key":                {"roomrec-seal/2", `"key": ""`, Altered},
		"another algorithm":     {"roomrec-seal/1", `"algorithm": "x", "hash_suite": "SHA-256", "key": %q, "more": 5, "session": 5, "version": "roomrec-seal/1"`, Unknown},
		"no algorithm":          {"roomrec-seal/1", `"hash_suite": "SHA-256", "key": %q, "version": "roomrec-seal/1"`, Altered},
		"an empty algorithm":    {"roomrec-seal/1", `"algorithm": "", "hash_suite": "SHA-256", "key": %q, "version": "roomrec-seal/1"`, Altered},
		"its Algorithm":         {"roomrec-seal/1", `"Algorithm": "x", "hash_suite": "SHA-256", "key": %q, "version": "roomrec-seal/1"`, Altered},
		"a number for a suite":  {"roomrec-seal/1", `"algorithm": "x", "hash_suite": 5, "key": %q, "version": "roomrec-seal/1"`, Altered},
		"another suite":         {"roomrec-seal/1", `"algorithm": "Ed25519", "hash_suite": "SHA-512", "key": %q, "version": "roomrec-seal/1"`, Unknown},
		"a version of its own":  {"roomrec-seal/1", `"algorithm": "Ed25519", "hash_suite": "SHA-256", "key": %q, "version": "roomrec-seal/2"`, Unknown},
		"no object and no more": {"roomrec-seal/1", ``, Altered},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			members := c.members
			if strings.Contains(members, "%q") {
				members = fmt.Sprintf(members, s.key.Verifier())
			}
			s.files[seal.FileName] = signAnything(t, s.key, []byte(c.first+"\n{"+members+"}\n"))
			f := verified(t, s.trusted(), s.write()).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
		})
	}
}
