package panel

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// PadView is what the room's page shows of a session's transcript pad.
type PadView struct {
	Entries []session.PadEntry `json:"entries"`
	Started clock.Wall         `json:"started" doc:"Start of questioning, to be written as it is"`
	Ended   clock.Wall         `json:"ended" doc:"End of questioning; zero until it has ended"`
	Zone    string             `json:"zone"`
	Closed  bool               `json:"closed" doc:"The session is sealed: nothing can be typed any more"`
}

// padRoutes adds the transcript pad: what is typed while the recording runs.
func (s *Server) padRoutes(rt *routes) {
	const root = apiRoot + "/sessions/{session}/pad"
	answer := func(v PadView, err error) (*bodyOf[PadView], error) {
		if err != nil {
			return nil, s.problemOf("pad", err)
		}
		return &bodyOf[PadView]{v}, nil
	}
	operation(rt, access.Transcribe, huma.Operation{
		OperationID: "pad", Method: http.MethodGet, Path: root, Summary: "What was typed on the session's transcript pad",
	}, func(ctx context.Context, in *SessionInput) (*bodyOf[PadView], error) {
		return answer(s.transcripts.Pad(ctx, in.Session))
	})
	type typeInput struct {
		SessionInput
		Body struct {
			ID   string `json:"id" minLength:"8" maxLength:"64" pattern:"^[A-Za-z0-9-]+$" doc:"Chosen by who types; with the id of an earlier entry its text is replaced"`
			Role string `json:"role" enum:"question,answer"`
			Text string `json:"text" maxLength:"8192" doc:"At most 2,000 characters; an empty one takes the entry off the pad"`
			Lead int    `json:"lead_ms,omitempty" minimum:"0" doc:"How long ago its typing began, in milliseconds"`
		}
	}
	operation(rt, access.Run, huma.Operation{
		OperationID: "type-pad", Method: http.MethodPost, Path: root, Summary: "Type a question or an answer",
		Description:  "It gets the time at which its typing began, and stands in the session's journal when the answer comes.",
		MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *typeInput) (*bodyOf[PadView], error) {
		// Typing is for who runs the session; the answer shows the pad, and that is a look.
		if err := s.looked(ctx, personOf(ctx), in.Session, access.Transcribe); err != nil {
			return answer(PadView{}, err)
		}
		t := session.Typed{By: actorOf(ctx), ID: in.Body.ID, Role: in.Body.Role, Text: in.Body.Text}
		return answer(s.transcripts.Type(ctx, in.Session, t, time.Duration(min(in.Body.Lead, int(time.Hour/time.Millisecond)))*time.Millisecond))
	})
	rt.described("GET "+apiRoot+"/sessions/{session}/pad.docx", access.Transcribe, Doc{
		ID: "pad-document", Summary: "What was typed, in the standard form with the session's own times",
		Type: docxType,
	}, s.padDocument)
}

// padDocument answers with the pad in the standard form.
func (s *Server) padDocument(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("session")
	if !sessionID.MatchString(id) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	data, err := s.transcripts.PadDocument(r.Context(), id)
	if err != nil {
		s.fail(w, r, "pad", err)
		return
	}
	w.Header().Set("Content-Type", docxType)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "transcript-"+id+".docx"))
	// A sender that has gone needs no answer.
	_, _ = w.Write(data)
}
