package transcript

import (
	"slices"

	"roomrec/clock"
)

// TypeJudged is the type of the line after a seal in which a reviewer says of one key fact whether the
// transcript has it as the recording does (Z27). Its data is a [FactJudged].
const TypeJudged = "review.fact"

// Fact is one of the key facts in which transcript and recording have to agree (Z27).
type Fact string

// The six key facts.
const (
	FactTime   Fact = "time"
	FactPlace  Fact = "place"
	FactMeans  Fact = "means"
	FactTools  Fact = "tools"
	FactVictim Fact = "victim"
	FactMind   Fact = "state-of-mind"
)

// KeyFacts lists them in the order of the rule.
func KeyFacts() []Fact {
	return []Fact{FactTime, FactPlace, FactMeans, FactTools, FactVictim, FactMind}
}

// FactWord is what a reviewer says of a key fact.
type FactWord string

// The words.
const (
	FactAgrees   FactWord = "agrees"
	FactDiffers  FactWord = "differs"
	FactUnspoken FactWord = "not-spoken-of" // neither the recording nor the transcript has anything of it
)

// FactWords lists them.
func FactWords() []FactWord { return []FactWord{FactAgrees, FactDiffers, FactUnspoken} }

// FactJudged is the data of a reviewer's word on one key fact of one version of the transcript.
type FactJudged struct {
	Document string   `json:"document"` // hash of the version that was read beside the recording
	Fact     Fact     `json:"fact"`
	Word     FactWord `json:"word"`
	// At is the moment in the recording that shows it, 0 for none.
	At      clock.Wall `json:"at,omitempty"`
	Note    string     `json:"note,omitempty"` // what differs; there has to be one where it does
	Request string     `json:"request,omitempty"`
}

// Known reports whether fact and word are ones that the rule and this program know, and what differs is
// said.
func (f FactJudged) Known() bool {
	return slices.Contains(KeyFacts(), f.Fact) && slices.Contains(FactWords(), f.Word) && (f.Word != FactDiffers || f.Note != "")
}

// Judgement is who said what of a key fact.
type Judgement struct {
	FactJudged
	By string
	On clock.Wall // when it was said

	explained int // how many explanations there were then
}

// Said returns what was said of a fact of this version, oldest first: the last one counts.
func (v *Version) Said(f Fact) []Judgement {
	var out []Judgement
	for _, j := range v.Judgements {
		if j.Fact == f {
			out = append(out, j)
		}
	}
	return out
}

// factDiffers reports whether a key fact differs, by the last word on each, and whether every one that does
// was explained since.
func (v *Version) factDiffers() (differs, explained bool) {
	explained = true
	for _, f := range KeyFacts() {
		if said := v.Said(f); len(said) > 0 && said[len(said)-1].Word == FactDiffers {
			differs = true
			explained = explained && len(v.Explanations) > said[len(said)-1].explained
		}
	}
	return differs, explained
}

// FactsAgreed returns how many of the key facts somebody has judged, and how many of these differ.
func (v *Version) FactsAgreed() (judged, differ int) {
	for _, f := range KeyFacts() {
		if said := v.Said(f); len(said) > 0 {
			judged++
			if said[len(said)-1].Word == FactDiffers {
				differ++
			}
		}
	}
	return judged, differ
}
