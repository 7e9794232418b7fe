package panel

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/transcript"
)

// FactView is one key fact of a transcript and what reviewers said of it.
type FactView struct {
	Fact transcript.Fact `json:"fact" enum:"time,place,means,tools,victim,state-of-mind"`
	// Said is empty where nobody has judged it. Nobody's word is taken back: the last one counts, those
	// before it stay.
	Said []FactSaid `json:"said" doc:"Oldest first; the last one counts"`
}

// FactSaid is what one reviewer said of a key fact, by name.
type FactSaid struct {
	Word transcript.FactWord `json:"word" enum:"agrees,differs,not-spoken-of"`
	At   string              `json:"at,omitempty" doc:"The moment in the recording, RFC 3339"`
	Note string              `json:"note,omitempty"`
	By   string              `json:"by"`
	On   clock.Wall          `json:"on" doc:"When it was said and signed"`
}

// factsOf returns all key facts of a version.
func factsOf(v *transcript.Version, r transcript.Result) []FactView {
	zone := time.UTC
	if start, ok := r.Recording.Start.Time(); ok {
		zone = start.Location()
	}
	out := make([]FactView, 0, len(transcript.KeyFacts()))
	for _, f := range transcript.KeyFacts() {
		view := FactView{Fact: f, Said: []FactSaid{}}
		for _, j := range v.Said(f) {
			said := FactSaid{Word: j.Word, Note: j.Note, By: j.By, On: j.On}
			if j.At != 0 {
				said.At = j.At.In(zone).Format(time.RFC3339Nano)
			}
			view.Said = append(view.Said, said)
		}
		out = append(out, view)
	}
	return out
}

// maxNote is the longest note on a key fact, in bytes.
const maxNote = 2 << 10

// factRoutes adds the judging of key facts (Z27).
func (s *Server) factRoutes(rt *routes) {
	type factInput struct {
		SessionInput
		RequestInput
		Body struct {
			DocumentInput
			Fact string `json:"fact" enum:"time,place,means,tools,victim,state-of-mind"`
			Word string `json:"word" enum:"agrees,differs,not-spoken-of" doc:"not-spoken-of: neither the recording nor the transcript has anything of it"`
			At   string `json:"at,omitempty" maxLength:"40" doc:"The moment in the recording that shows it, RFC 3339"`
			Note string `json:"note,omitempty" maxLength:"500" doc:"What differs; needed where it does"`
		}
	}
	operation(rt, access.Review, huma.Operation{
		OperationID: "judge-fact", Method: http.MethodPost, Path: apiRoot + "/sessions/{session}/transcripts/facts", Summary: "Say whether a key fact agrees, by name",
		Description:  "It is signed after the seal and cannot be taken back; saying something else later stands beside it. A corrected transcript is judged anew.",
		MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *factInput) (*bodyOf[TranscriptView], error) {
		b := in.Body
		wrong := func(field, key string) error {
			return problem(http.StatusUnprocessableEntity, s.text(key), FieldError{Field: field, Say: s.text(key)})
		}
		f := transcript.FactJudged{
			Document: b.Document, Fact: transcript.Fact(b.Fact), Word: transcript.FactWord(b.Word), Note: strings.TrimSpace(b.Note), Request: in.Request,
		}
		if f.Word == transcript.FactDiffers && f.Note == "" || len(f.Note) > maxNote || strings.ContainsFunc(f.Note, unicode.IsControl) {
			return nil, wrong("note", "facts.words")
		}
		if b.At != "" {
			at, err := clock.ParseWall(b.At)
			if err != nil {
				return nil, wrong("at", "problem.time")
			}
			f.At = at
		}
		v, err := s.transcripts.Judge(ctx, actorOf(ctx), in.Session, f)
		if err != nil {
			return nil, s.problemOf("key fact", err)
		}
		return &bodyOf[TranscriptView]{v}, nil
	})
}
