package verify

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

// sealAgain seals the session once more as after a torn attempt.
func (s *session) sealAgain(torn []byte) {
	s.seal()
	delete(s.files, seal.FileName)
	f := seal.File{Path: seal.FileName, Kind: seal.KindAttempt, SHA256: seal.SHA256(nil)}
	if len(torn) > 0 {
		f.Abandoned = []seal.Tail{{Volume: "vol-a", Size: int64(len(torn)), SHA256: seal.SHA256(torn)}}
	}
	s.s.Files = append(s.s.Files, f)
	note, err := seal.Sign(s.s, s.key)
	require.NoError(s.t, err)
	s.files[seal.FileName], s.files["seal-2.note"] = torn, note
}

// A disk took the note and never said so; the session was sealed anew on another. That seal names the one
// that was given up, in whichever order the copies are shown; two seals that know nothing of each other
// are a forgery.
func TestSealThatWasGivenUp(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	silent, first := s.write(), bytes.Clone(s.files[seal.FileName])
	s.s.Sealed = instant(time.Hour)
	s.sealAgain(first)
	delete(s.files, seal.FileName)
	counts := s.write()
	for _, dirs := range [][]string{{silent, counts}, {counts, silent}} {
		r := verified(t, s.trusted(), dirs...)
		for _, f := range r.Folders {
			require.Equal(t, Gaps, f.Verdict, f.Findings)
		}
		require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
	}

	delete(s.files, "seal-2.note")
	s.sealAgain(first[:900])
	delete(s.files, seal.FileName)
	r := verified(t, s.trusted(), silent, s.write())
	require.Equal(t, Altered, r.Together[0].Verdict, "it names something else")
	require.Contains(t, r.Together[0].Findings[0].What, "different seals")
}

// A torn seal is no seal, and the next one says what it was. Nobody makes a genuine seal void by cutting
// it off: without another there is no verdict but unsealed, and another has another key.
func TestTornSeals(t *testing.T) {
	const id = "20261122-140307-7f2k"
	key := newKey(t)
	whole := func(s *session) []byte { return bytes.Clone(s.files[seal.FileName]) }
	for _, c := range []struct {
		name string
		do   func(s *session)
		want Verdict
		file string
		what string
	}{
		{"torn, and made anew", func(s *session) { s.sealAgain(whole(s)[:900]) }, Gaps, "", ""},
		{"empty, and made anew", func(s *session) { s.sealAgain(nil) }, Gaps, "", ""},
		{"never written in part, and made anew", func(s *session) {
			b := whole(s)
			clear(b[512:1024])
			s.sealAgain(b)
		}, Gaps, "", ""},
		{"torn on another volume", func(s *session) {
			s.sealAgain(whole(s)[:900])
			delete(s.files, seal.FileName)
		}, Gaps, "", ""},
		{"the same seal beside a part of it", func(s *session) {
			b := whole(s)
			s.files[seal.FileName], s.files["seal-2.note"] = b[:700], b
		}, Gaps, "", ""},
		{"cut off", func(s *session) { s.files[seal.FileName] = whole(s)[:900] }, Unsealed, seal.FileName, "was cut off"},
		{"its last byte cut off", func(s *session) { b := whole(s); s.files[seal.FileName] = b[:len(b)-1] }, Unsealed, seal.FileName, "was cut off"},
		{"emptied", func(s *session) { s.files[seal.FileName] = nil }, Unsealed, seal.FileName, "was cut off"},
		{"two, both cut off", func(s *session) {
			s.sealAgain(whole(s)[:900])
			s.files["seal-2.note"] = s.files["seal-2.note"][:1000]
		}, Unsealed, "seal-2.note", "was cut off"},
		{"cut off, and what came after it is here", func(s *session) {
			s.files[seal.FileName] = whole(s)[:900]
			s.files["after/journal.jsonl"] = []byte("{}\n")
		}, Unsealed, seal.FileName, "what came after the seal is here"},
		{"the torn one changed", func(s *session) {
			s.sealAgain(whole(s)[:900])
			s.files[seal.FileName] = s.files[seal.FileName][:899]
		}, Altered, seal.FileName, "not the torn attempt of 899 bytes"},
		{"one that the seal does not list", func(s *session) {
			b := whole(s)
			s.files[seal.FileName], s.files["seal-2.note"] = []byte("roomrec-seal/1\n{\n \"algorithm\": \"none"), b
		}, Altered, seal.FileName, "does not list it"},
		{"renamed", func(s *session) {
			s.files["seal-2.note"] = whole(s)
			delete(s.files, seal.FileName)
		}, Altered, "seal-2.note", "neither here nor listed"},
		{"another after a whole one", func(s *session) { s.files["seal-2.note"] = whole(s) }, Altered, "seal-2.note", "added"},
		{"not right, and another after it", func(s *session) {
			b := whole(s)
			s.files["seal-2.note"] = bytes.Clone(b)
			s.files[seal.FileName] = bytes.Replace(b, []byte("suspect"), []byte("suspekt"), 1)
		}, Altered, seal.FileName, ""},
		{"it lists itself", func(s *session) {
			s.sealAgain(nil)
			s.files[seal.FileName] = s.files["seal-2.note"]
			delete(s.files, "seal-2.note")
		}, Altered, seal.FileName, "as torn before it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := makeSession(t, id, key, true)
			c.do(s)
			dir := s.write()
			f := verified(t, s.trusted(), dir).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
			found := c.file == ""
			for _, x := range f.Findings {
				found = found || x.File == c.file && strings.Contains(x.What, c.what)
			}
			require.True(t, found, "%v", f.Findings)
		})
	}
	t.Run("cut off, and another by another key", func(t *testing.T) {
		s := makeSession(t, id, key, false)
		o := s.trusted()
		s.key = newKey(t)
		s.sealAgain(whole(s)[:900])
		r := verified(t, o, s.write())
		require.Equal(t, KeyOther, r.Folders[0].Key)
		require.Equal(t, 1, r.ExitCode())
	})
}
