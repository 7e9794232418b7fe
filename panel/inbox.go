package panel

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/session"
)

// InboxState says what became of a file in the watch folder.
type InboxState string

// The states of a file.
const (
	InboxWaiting InboxState = "waiting" // it is still being written, or its session is not sealed yet
	InboxDoubt   InboxState = "doubt"   // a person has to name its session, or to mend it
	InboxFiled   InboxState = "filed"   // it was added to its session
)

// InboxView is what a page shows of the folder that IT drops transcripts into.
type InboxView struct {
	Watched bool               `json:"watched" doc:"The site has such a folder"`
	Problem *session.Text      `json:"problem,omitempty" doc:"Why the folder cannot be read"`
	Counts  map[InboxState]int `json:"counts"`
	Files   []InboxFile        `json:"files" doc:"Those that are not filed"`
}

// InboxFile is a file that is not filed yet.
type InboxFile struct {
	Name       string       `json:"name"`
	Size       int64        `json:"size" doc:"in bytes"`
	SHA256     string       `json:"sha256,omitempty" doc:"empty while it was not read"`
	State      InboxState   `json:"state"`
	Why        session.Text `json:"why"`
	Session    string       `json:"session,omitempty" doc:"The session that it is certain to be of"`
	Candidates []string     `json:"candidates,omitempty" doc:"Sessions that come into question"`
}

// States lists the states of files.
func (InboxView) States() []InboxState { return []InboxState{InboxDoubt, InboxWaiting, InboxFiled} }

// Count returns how many files are in a state.
func (v InboxView) Count(s InboxState) int { return v.Counts[s] }

// Look names the sign of a file.
func (f InboxFile) Look() string {
	if f.State == InboxDoubt {
		return "alarm"
	}
	return "off"
}

// Filing is what a person says of a file in the watch folder.
type Filing struct {
	SHA256  string // of the file
	Signed  bool   // a correction, which the person questioned has signed
	Request string
}

// inboxRoutes adds what concerns the watch folder.
func (s *Server) inboxRoutes(rt *routes) {
	operation(rt, access.AllSessions, huma.Operation{
		OperationID: "transcript-inbox", Method: http.MethodGet, Path: apiRoot + "/transcripts/inbox", Summary: "What the watch folder holds and is not filed",
	}, func(ctx context.Context, _ *struct{}) (*bodyOf[InboxView], error) {
		v, err := s.transcripts.Inbox(ctx)
		if err != nil {
			return nil, s.problemOf("inbox", err)
		}
		return &bodyOf[InboxView]{v}, nil
	})
	type fileInput struct {
		SessionInput
		RequestInput
		Body struct {
			DocumentInput
			Signed bool `json:"signed,omitempty" doc:"The person questioned has signed the correction"`
		}
	}
	operation(rt, access.Transcribe, huma.Operation{
		OperationID: "file-transcript", Method: http.MethodPost, Path: apiRoot + "/sessions/{session}/transcripts/inbox",
		Summary: "Add a file of the watch folder to this session", Description: "The file itself stays where it is.", MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *fileInput) (*bodyOf[TranscriptView], error) {
		v, err := s.transcripts.File(ctx, actorOf(ctx), in.Session, Filing{SHA256: in.Body.Document, Signed: in.Body.Signed, Request: in.Request})
		if err != nil {
			return nil, s.problemOf("transcript", err)
		}
		return &bodyOf[TranscriptView]{v}, nil
	})
}
