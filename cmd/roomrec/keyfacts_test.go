package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/transcript"
)

// Z27: what a reviewer says of a key fact stands after the seal, by name and signed, on every disk; it is of
// the version that counts and of a moment in this recording, and the index knows what comes of it.
func TestZ27_AReviewersWordIsSignedAfterTheSeal(t *testing.T) {
	p := newPapers(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	p.seal(s)
	v, err := p.attach(s.id, p.written(s, nil))
	require.NoError(t, err)
	first := v.Versions[0].SHA256
	reviewer := session.Actor{ID: "0700", Name: "周敏", Role: "reviewer"}
	judge := func(f transcript.FactJudged) (panel.TranscriptView, error) {
		return p.Judge(t.Context(), reviewer, s.id, f)
	}
	moment := clock.WallOf(noon.Add(10 * time.Minute))
	word := transcript.FactJudged{Document: first, Fact: transcript.FactMeans, Word: transcript.FactDiffers, At: moment, Note: "刀，笔录写作棍", Request: "request-1"}
	for range 2 { // the same request is one word
		v, err = judge(word)
		require.NoError(t, err)
	}
	require.Len(t, v.Versions[0].Facts, 6)
	require.Equal(t, []panel.FactSaid{{
		Word: transcript.FactDiffers, At: v.Versions[0].Facts[2].Said[0].At, Note: word.Note, By: "0700 周敏", On: v.Versions[0].Facts[2].Said[0].On,
	}}, v.Versions[0].Facts[2].Said)
	at, err := clock.ParseWall(v.Versions[0].Facts[2].Said[0].At)
	require.NoError(t, err)
	require.Equal(t, moment, at)
	require.Equal(t, transcript.StatusDiffers, v.Status)
	require.Empty(t, v.Complete)
	listed, err := p.index.c.Session(t.Context(), s.id)
	require.NoError(t, err)
	require.Equal(t, "differs", listed.Transcript)
	v, err = p.Explain(t.Context(), p.chair, s.id, transcript.Explained{Document: first, Text: "笔误", Request: "request-2"})
	require.NoError(t, err)
	require.Equal(t, transcript.CompleteExplained, v.Complete)

	for name, c := range map[string]struct {
		f    transcript.FactJudged
		want error
	}{
		"of a moment before":  {transcript.FactJudged{Document: first, Fact: transcript.FactTime, Word: transcript.FactAgrees, At: clock.WallOf(noon.Add(-time.Hour))}, noLine},
		"of a moment after":   {transcript.FactJudged{Document: first, Fact: transcript.FactTime, Word: transcript.FactAgrees, At: clock.WallOf(noon.Add(9 * time.Hour))}, noLine},
		"of another document": {transcript.FactJudged{Document: "0", Fact: transcript.FactTime, Word: transcript.FactAgrees}, panel.ErrNotFound},
		"of another fact":     {transcript.FactJudged{Document: first, Fact: "weather", Word: transcript.FactAgrees}, panel.ErrNotFound},
	} {
		_, err = judge(c.f)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err = p.attach(s.id, p.written(s, func(f *transcript.Form) { f.Ordinal = 0 }))
	require.NoError(t, err)
	_, err = judge(transcript.FactJudged{Document: first, Fact: transcript.FactTime, Word: transcript.FactAgrees})
	require.ErrorIs(t, err, error(otherVersion))

	r, err := verify.Folders(t.Context(), p.dirs(s.id), verify.Options{})
	require.NoError(t, err)
	for _, f := range r.Folders {
		require.Equal(t, verify.Intact, f.After.Verdict, "%+v", f.After.Findings)
		require.Equal(t, 4, f.After.Lines)
	}
	// After a restart the folders tell the same.
	p.stop()
	p.start()
	v, err = p.Transcript(t.Context(), s.id)
	require.NoError(t, err)
	require.Len(t, v.Versions[0].Facts[2].Said, 1)
	require.Empty(t, v.Versions[1].Facts[2].Said, "a corrected transcript is judged anew")
}
