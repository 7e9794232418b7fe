package panel

import (
	"context"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// Samples draws sessions in which a person says whether the signing can be seen (Z25). Implementations
// are safe for concurrent use.
type Samples interface {
	// Waiting returns the drawn sessions that nobody has judged yet, oldest first.
	Waiting(ctx context.Context) ([]Sample, error)
	// Judge writes a person's answer after the session's seal. It is [ErrNotFound] for a session that was
	// not drawn, and a *[session.Refusal] for one that is judged already.
	Judge(ctx context.Context, actor session.Actor, sess string, answer SampleAnswer) error
}

// Sample is a session that was drawn.
type Sample struct {
	Session string     `json:"session"`
	Case    string     `json:"case"`
	Room    string     `json:"room"`
	Sealed  clock.Wall `json:"sealed"`
}

// The answers to whether the signing can be seen.
const (
	SigningVisible = "visible"
	SigningHidden  = "not-visible"
	SigningUnclear = "unclear"
)

// SampleAnswer is what a person says of a sample.
type SampleAnswer struct {
	Signing string `json:"signing" enum:"visible,not-visible,unclear" doc:"Whether the picture shows the person signing"`
	Text    string `json:"text,omitempty" maxLength:"500" doc:"What is wrong, if it is not visible"`
}

// sampleRoutes adds the sample.
func (s *Server) sampleRoutes(rt *routes) {
	if s.samples == nil {
		return
	}
	operation(rt, access.Review, huma.Operation{
		OperationID: "samples", Method: http.MethodGet, Path: apiRoot + "/samples", Summary: "Sessions drawn for a look at the signing",
	}, func(ctx context.Context, _ *struct{}) (*bodyOf[[]Sample], error) {
		list, err := s.waiting(ctx)
		if err != nil {
			return nil, s.problemOf("samples", err)
		}
		return &bodyOf[[]Sample]{list}, nil
	})
	type answerInput struct {
		SessionInput
		RequestInput
		Body SampleAnswer
	}
	operation(rt, access.Review, huma.Operation{
		OperationID: "judge-sample", Method: http.MethodPost, Path: apiRoot + "/sessions/{session}/sample", Summary: "Say whether the signing is visible",
		DefaultStatus: http.StatusNoContent, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *answerInput) (*struct{}, error) {
		a := in.Body
		a.Text = strings.TrimSpace(a.Text)
		if a.Signing == SigningHidden && a.Text == "" || !utf8.ValidString(a.Text) || strings.ContainsFunc(a.Text, unicode.IsControl) {
			return nil, problem(http.StatusUnprocessableEntity, s.text("sample.words"), FieldError{Field: "text", Say: s.text("sample.words")})
		}
		if err := s.samples.Judge(ctx, actorOf(ctx), in.Session, a); err != nil {
			return nil, s.problemOf("judge sample", err)
		}
		return nil, nil
	})
}

// waiting lists the samples, an empty list if there are none.
func (s *Server) waiting(ctx context.Context) ([]Sample, error) {
	if s.samples == nil || !personOf(ctx).may(access.Review) {
		return []Sample{}, nil
	}
	list, err := s.samples.Waiting(ctx)
	if list == nil {
		list = []Sample{}
	}
	return list, err
}

// drawn reports whether a session waits for a judgement of whoever asks. What cannot be read now is asked
// on another day: the page of a session does not fail for it.
func (s *Server) drawn(ctx context.Context, id string) bool {
	list, err := s.waiting(ctx)
	if err != nil {
		s.log.Error().Err(err).Msg("samples")
		return false
	}
	for _, one := range list {
		if one.Session == id {
			return true
		}
	}
	return false
}
