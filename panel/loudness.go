package panel

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// Loudness measures how loud a session's recordings are. It only reads.
type Loudness interface {
	// Loudness returns what is measured so far, and goes on measuring for as long as the request may take.
	// A session that is not there is [ErrNotFound].
	Loudness(ctx context.Context, sess string) (LoudnessView, error)
}

// LoudnessView is how loud it was, step by step, by the loudest microphone.
type LoudnessView struct {
	From   clock.Wall    `json:"from"`
	Step   int           `json:"step_ms"`
	Levels []float64     `json:"levels" doc:"0 (silence, or nothing recorded: -60 dB below full scale or less) to 1 (full scale)"`
	Whole  bool          `json:"whole" doc:"Everything is measured; otherwise ask again"`
	Why    *session.Text `json:"why,omitempty" doc:"Why nothing can be measured here"`
}

// loudnessRoutes adds the loudness.
func (s *Server) loudnessRoutes(rt *routes) {
	if s.loudness == nil {
		return
	}
	operation(rt, access.ViewSession, huma.Operation{
		OperationID: "session-loudness", Method: http.MethodGet, Path: apiRoot + "/sessions/{session}/loudness", Summary: "How loud a session's recordings are",
	}, func(ctx context.Context, in *SessionInput) (*bodyOf[LoudnessView], error) {
		v, err := s.loudness.Loudness(ctx, in.Session)
		if err != nil {
			return nil, s.problemOf("loudness", err)
		}
		if v.Levels == nil {
			v.Levels = []float64{}
		}
		return &bodyOf[LoudnessView]{v}, nil
	})
}
