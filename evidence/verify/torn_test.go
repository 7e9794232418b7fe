package verify

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

// What a crash leaves: no seal, a torn line, a torn fragment, and zeros where the disk was never given
// what was written. It is unsealed, not altered, and it is said how much is whole.
func TestCrashed(t *testing.T) {
	journal1 := "journal-0001.jsonl"
	crashed := func() (s *session, from, to int) {
		s = plain(t, "20261122-140307-7f2k")
		delete(s.files, seal.FileName)
		delete(s.files, "journal-0002.jsonl")
		delete(s.files, run2)
		at := s.fragments[seg2]
		return s, at[len(at)-2], at[len(at)-1] // of the last fragment
	}
	for name, change := range map[string]func(s *session, from, to int){
		"cut":       func(s *session, _, _ int) { s.files[seg2] = s.files[seg2][:len(s.files[seg2])-100] },
		"zeros":     func(s *session, from, _ int) { clear(s.files[seg2][from:]) },
		"few zeros": func(s *session, from, _ int) { s.files[seg2] = append(s.files[seg2][:from], make([]byte, 30)...) },
		"a sector never written": func(s *session, from, to int) {
			s.files[seg2] = append(s.files[seg2], make([]byte, 2048)...)
			s.files[seg2] = append(s.files[seg2], s.files[seg2][from:to]...)
			clear(s.files[seg2][from:to])
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, from, to := crashed()
			s.files[journal1] = append(s.files[journal1], `{"seq":3,"wa`...)
			change(s, from, to)
			dir := s.write()
			f := verified(t, Options{}, dir).Folders[0]
			require.Equal(t, Unsealed, f.Verdict, f.Findings)
			require.Equal(t, "20261122-140307-7f2k", f.Session)
			require.Len(t, f.Findings, 2)
			require.Equal(t, seg2, f.Findings[1].File)
			require.Equal(t, int64(from), f.Findings[1].Offset)
			require.Contains(t, f.Findings[1].What, fmt.Sprintf("the first %d of %d bytes, are whole", from, len(s.files[seg2])))
		})
	}
	t.Run("zeros in the journal", func(t *testing.T) {
		s, _, _ := crashed()
		s.files[journal1] = append(append(s.files[journal1], make([]byte, 700)...), `"x"}`+"\n"...)
		f := verified(t, Options{}, s.write()).Folders[0]
		require.Equal(t, Unsealed, f.Verdict, f.Findings)
		require.Contains(t, f.Findings[1].What, "whole lines")
	})
	// A hand leaves something else: this is no piece that a disk was not given.
	t.Run("damaged", func(t *testing.T) {
		s, from, _ := crashed()
		copy(s.files[seg2][from:], "garbage.")
		f := verified(t, Options{}, s.write()).Folders[0]
		require.Equal(t, Altered, f.Verdict, f.Findings)
	})
	t.Run("a line changed", func(t *testing.T) {
		s, _, _ := crashed()
		s.files[journal1] = append(s.files[journal1], "{}\n"...)
		require.Equal(t, Altered, verified(t, Options{}, s.write()).Folders[0].Verdict)
	})
}
