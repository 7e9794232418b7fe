package verify

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/evidence/tsa/tsatest"
)

// stamp adds an authority's token over the session's seal, and returns its path.
func (s *session) stamp(a *tsatest.Authority) string {
	return s.addStamp(a.Token(s.t, s.files[seal.FileName]))
}

// addStamp adds a token, whatever it is, and returns its path.
func (s *session) addStamp(token []byte) string {
	file := after.TimestampFolder + "/" + seal.SHA256(token).String() + ".tst"
	s.files[file] = token
	s.addLine(after.Document{File: file, SHA256: seal.SHA256(token)})
	return file
}

// addLine adds a line that says that the seal was stamped.
func (s *session) addLine(data any) {
	c := after.Read(s.files[after.JournalName], seal.SHA256(s.files[seal.FileName]), s.key.Verifier())
	require.NoError(s.t, c.Fault)
	line, _, err := after.Next(c.Head, after.Entry{Type: after.TypeTimestamped, Actor: "controller", Data: data}, s.key)
	require.NoError(s.t, err)
	s.files[after.JournalName] = append(s.files[after.JournalName], line...)
}

func authorities(t testing.TB, a *tsatest.Authority) *Authorities {
	t.Helper()
	r, err := ReadAuthorities(a.CA)
	require.NoError(t, err)
	authorityFiles.Store(r, a.CA)
	return r
}

// A token that does not fit the seal never passes in silence, and says nothing of what was recorded.
func TestTimestamps(t *testing.T) {
	site, other := tsatest.New(t, "Site time"), tsatest.New(t, "Other time")
	key := newKey(t)
	roots := authorities(t, site)
	make := func() *session { return makeSession(t, "20261122-140307-7f2k", key, false) }
	elsewhere := makeSession(t, "20261122-140307-8g3m", key, false)
	for _, c := range []struct {
		name  string
		do    func(s *session) string // the file where something is wrong
		roots *Authorities
		stamp StampStatus // of the first; empty: there is none
		after Verdict     // empty: nothing came after the seal
		code  int
		text  string
	}{
		{"none", func(*session) string { return "" }, roots, "", "", 0, "  not time-stamped\n"},
		{"by the authority that is known", func(s *session) string { s.stamp(site); return "" }, roots, StampTrusted, Intact, 0, "  time-stamped by Site time at 2"},
		{"no root is known", func(s *session) string { s.stamp(site); return "" }, nil, StampUnchecked, Intact, 0, ": not checked against a root\n"},
		{"by another authority", func(s *session) string { s.stamp(other); return "" }, roots, StampOther, Intact, 1, "  TIME-STAMPED BY ANOTHER AUTHORITY than the one given: by Other time at 2"},
		{"of another session", func(s *session) string { return s.addStamp(site.Token(t, elsewhere.files[seal.FileName])) }, roots, StampWrong, Altered, 1, "it stamps other bytes"},
		{"of another session, no root known", func(s *session) string { return s.addStamp(site.Token(t, elsewhere.files[seal.FileName])) }, nil, StampWrong, Altered, 1, "it stamps other bytes"},
		{"no token at all", func(s *session) string { return s.addStamp([]byte("stamped")) }, roots, StampWrong, Altered, 1, "does not fit the seal"},
		{"its signature changed, and stated so", func(s *session) string {
			token := site.Token(t, s.files[seal.FileName])
			token[len(token)-1] ^= 1
			return s.addStamp(token)
		}, nil, StampWrong, Altered, 1, "signature is not right"},
		{"a byte flipped", func(s *session) string {
			file := s.stamp(site)
			token := bytes.Clone(s.files[file])
			token[len(token)/2] ^= 1
			s.files[file] = token
			return file
		}, roots, StampWrong, Altered, 1, "not as it was added"},
		{"the token removed", func(s *session) string {
			file := s.stamp(site)
			delete(s.files, file)
			return file
		}, roots, StampWrong, Incomplete, 1, "missing; line 1 names it"},
		{"a line without a token", func(s *session) string {
			s.addLine(map[string]string{"by": "Site time"})
			return after.JournalName
		}, roots, StampWrong, Altered, 1, "names no token"},
		{"a token that no line names", func(s *session) string {
			token := site.Token(t, s.files[seal.FileName])
			s.files[after.TimestampFolder+"/x.tst"] = token
			return after.TimestampFolder + "/x.tst"
		}, roots, "", Unsealed, 1, "no line names it"},
		{"two, one of them wrong", func(s *session) string {
			s.stamp(site)
			return s.addStamp([]byte("stamped"))
		}, roots, StampTrusted, Altered, 1, "  WRONG TIME-STAMP: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := make()
			file := c.do(s)
			o := s.trusted()
			o.Authorities = c.roots
			r := verified(t, o, s.write())
			f := r.Folders[0]
			require.Equal(t, Gaps, f.Verdict, "the recording is what it was: %v", f.Findings)
			require.Equal(t, c.code, r.ExitCode())
			if c.stamp == "" {
				require.Empty(t, f.Timestamps)
			} else {
				require.Equal(t, c.stamp, f.Timestamps[0].Status, f.Timestamps[0].What)
			}
			if c.after == "" {
				require.Nil(t, f.After)
			} else {
				require.Equal(t, c.after, f.After.Verdict)
			}
			if file != "" {
				require.Equal(t, file, f.After.Findings[0].File)
			}
			var text strings.Builder
			require.NoError(t, r.WriteText(&text))
			require.Contains(t, text.String(), c.text)
		})
	}
	// A copy that has the token, and one that lacks the line too, go together.
	s := make()
	less := s.write()
	s.stamp(site)
	r := verified(t, s.trusted(), s.write(), less)
	require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
	require.Zero(t, r.ExitCode())
}
