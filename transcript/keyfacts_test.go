package transcript

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// Z27: what a reviewer says of the key facts counts for the version that they read; a fact that differs is a
// difference of the transcript, with an explanation of its own; a later word stands beside the earlier one.
func TestZ27_KeyFacts(t *testing.T) {
	attached := func(hash string, v Verdict) Note {
		return noteOf(t, TypeAttached, "0417", Attached{SHA256: hash, Judged: Judged{Verdict: v, Findings: []FindingCode{}}})
	}
	judged := func(doc string, f Fact, w FactWord, note string) Note {
		return noteOf(t, TypeJudged, "0700 周敏", FactJudged{Document: doc, Fact: f, Word: w, Note: note, At: clock.Wall(5)})
	}
	explained := noteOf(t, TypeExplained, "0417", Explained{Document: "a", Text: "because"})
	for name, c := range map[string]struct {
		notes          []Note
		want           Status
		judged, differ int
	}{
		"nobody judged":       {[]Note{attached("a", Agrees)}, StatusAgrees, 0, 0},
		"one agrees":          {[]Note{attached("a", Agrees), judged("a", FactTime, FactAgrees, "")}, StatusAgrees, 1, 0},
		"one is not spoken":   {[]Note{attached("a", Agrees), judged("a", FactVictim, FactUnspoken, "")}, StatusAgrees, 1, 0},
		"one differs":         {[]Note{attached("a", Agrees), judged("a", FactTools, FactDiffers, "knife")}, StatusDiffers, 1, 1},
		"and is explained":    {[]Note{attached("a", Agrees), judged("a", FactTools, FactDiffers, "knife"), explained}, StatusExplained, 1, 1},
		"explained before":    {[]Note{attached("a", Differs), explained, judged("a", FactTools, FactDiffers, "knife")}, StatusDiffers, 1, 1},
		"judged again":        {[]Note{attached("a", Agrees), judged("a", FactTools, FactDiffers, "knife"), judged("a", FactTools, FactAgrees, "")}, StatusAgrees, 1, 0},
		"still explained":     {[]Note{attached("a", Differs), explained, judged("a", FactTools, FactDiffers, "knife"), judged("a", FactTools, FactAgrees, "")}, StatusExplained, 1, 0},
		"corrected since":     {[]Note{attached("a", Agrees), judged("a", FactTools, FactDiffers, "knife"), attached("b", Agrees)}, StatusAgrees, 0, 0},
		"makes none readable": {[]Note{attached("a", Unreadable), judged("a", FactTools, FactAgrees, "")}, StatusUnreadable, 1, 0},
	} {
		h, err := HistoryOf(c.notes)
		require.NoError(t, err, name)
		require.Equal(t, c.want, h.Status(), name)
		n, differ := h.Current().FactsAgreed()
		require.Equal(t, []int{c.judged, c.differ}, []int{n, differ}, name)
	}
	h, err := HistoryOf([]Note{attached("a", Agrees), judged("a", FactMind, FactDiffers, "no intent"), judged("a", FactMind, FactAgrees, "")})
	require.NoError(t, err)
	said := h.Current().Said(FactMind)
	require.Len(t, said, 2)
	require.Equal(t, []FactWord{FactDiffers, FactAgrees}, []FactWord{said[0].Word, said[1].Word})
	require.Equal(t, "0700 周敏", said[0].By)
	for name, bad := range map[string]Note{
		"another fact":       judged("a", "weather", FactAgrees, ""),
		"another word":       judged("a", FactTime, "perhaps", ""),
		"differs in nothing": judged("a", FactTime, FactDiffers, ""),
		"no such document":   judged("b", FactTime, FactAgrees, ""),
	} {
		_, err := HistoryOf([]Note{attached("a", Agrees), bad})
		require.Error(t, err, name)
	}
}
