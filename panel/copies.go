package panel

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// Copies makes viewing copies of sealed sessions. Refusals are *[session.Refusal]; a session or copy that
// is not there is [ErrNotFound].
type Copies interface {
	// Copies returns what copies of a session there are and can be.
	Copies(ctx context.Context, sess string) (CopiesView, error)
	// Order has a copy made. One that is made already, or is being made, stays as it is.
	Order(ctx context.Context, actor session.Actor, sess string, o CopyOrder) (CopiesView, error)
	// Cancel ends the making of a copy. What is done of it is used if it is wanted again.
	Cancel(ctx context.Context, actor session.Actor, sess, id string) (CopiesView, error)
	// Copy opens a finished copy by its file's name.
	Copy(ctx context.Context, sess, name string) (File, error)
}

// CopyOrder is what someone wants copied, why, and by whose approval.
type CopyOrder struct {
	Camera string `json:"camera" maxLength:"65" pattern:"^[a-z0-9-]{1,32}/[a-z0-9-]{1,32}$" doc:"as in room3/suspect"`
	Inset  string `json:"inset,omitempty" maxLength:"65" doc:"a camera to show small in the pictures; both sounds are mixed"`
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"What the copy is for"`
	Rank   string `json:"rank" minLength:"1" maxLength:"100" doc:"Rank of who approved it"`
	Name   string `json:"name" minLength:"1" maxLength:"100" doc:"Name of who approved it"`
	Number string `json:"number" minLength:"1" maxLength:"100" doc:"Number of the approval's document"`
}

// CopyState is what is known of a copy.
type CopyState string

// The states of a copy.
const (
	CopyWaiting   CopyState = "waiting"
	CopyChecking  CopyState = "checking" // the original is verified
	CopyRunning   CopyState = "running"
	CopyDone      CopyState = "done"
	CopyCancelled CopyState = "cancelled"
	CopyFailed    CopyState = "failed"
)

// CopiesView is what a page shows of a session's viewing copies.
type CopiesView struct {
	// Problem says why none can be made here, and what to do; nil: they can.
	Problem *session.Text `json:"problem,omitempty"`
	Cameras []CopyCamera  `json:"cameras"`
	Copies  []CopyView    `json:"copies"`
}

// CopyCamera is a camera of the session.
type CopyCamera struct {
	ID   string       `json:"id" doc:"as in room3/suspect"`
	Name session.Text `json:"name"`
}

// CopyView is one copy.
type CopyView struct {
	ID       string        `json:"id"`
	Camera   session.Text  `json:"camera"`
	Inset    *session.Text `json:"inset,omitempty"`
	State    CopyState     `json:"state"`
	Percent  int           `json:"percent" doc:"0 to 100, while it runs"`
	Ahead    int           `json:"ahead" doc:"how many copies are made before this one, while it waits: one is made at a time"`
	Left     int           `json:"left_s" doc:"seconds left by the speed so far; negative: not known yet"`
	By       string        `json:"by"`
	Reason   string        `json:"reason"`
	Approval string        `json:"approval"`
	At       clock.Wall    `json:"at" doc:"when it was asked for, made, cancelled or failed"`
	File     string        `json:"file,omitempty"`
	SHA256   string        `json:"sha256,omitempty"`
	Problem  *session.Text `json:"why,omitempty"`
}

var copyName = regexp.MustCompile(`^[a-z0-9-]{1,160}\.mp4$`)

// copyRoutes adds what concerns viewing copies.
func (s *Server) copyRoutes(rt *routes) {
	if s.copies == nil {
		return
	}
	const root = apiRoot + "/sessions/{session}/copies"
	rt.described("GET "+root+"/{path...}", access.Copy, Doc{
		ID: "copy-file", Summary: "A finished viewing copy, or the part of it that Range asks for", Type: "video/mp4", Partial: true,
	}, s.copyFile)
	answer := func(v CopiesView, err error) (*bodyOf[CopiesView], error) {
		if err != nil {
			return nil, s.problemOf("copies", err)
		}
		return &bodyOf[CopiesView]{v}, nil
	}
	operation(rt, access.Copy, huma.Operation{
		OperationID: "copies", Method: http.MethodGet, Path: root, Summary: "A session's viewing copies",
	}, func(ctx context.Context, in *SessionInput) (*bodyOf[CopiesView], error) {
		return answer(s.copies.Copies(ctx, in.Session))
	})
	type orderInput struct {
		SessionInput
		RequestInput
		Body CopyOrder
	}
	operation(rt, access.Copy, huma.Operation{
		OperationID: "order-copy", Method: http.MethodPost, Path: root, Summary: "Have a viewing copy made",
		Description: "A copy with the time in its pictures. Who wants it, why and by whose approval is put on record.", MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *orderInput) (*bodyOf[CopiesView], error) {
		var missing []FieldError
		for _, f := range []struct {
			name  string
			value *string
		}{{"reason", &in.Body.Reason}, {"rank", &in.Body.Rank}, {"name", &in.Body.Name}, {"number", &in.Body.Number}} {
			if *f.value = strings.TrimSpace(*f.value); *f.value == "" || strings.ContainsFunc(*f.value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
				missing = append(missing, FieldError{Field: f.name, Say: s.text("problem.copy-words")})
			}
		}
		if len(missing) > 0 {
			return nil, problem(http.StatusUnprocessableEntity, s.text("problem.copy-words"), missing...)
		}
		return answer(s.copies.Order(ctx, actorOf(ctx), in.Session, in.Body))
	})
	type cancelInput struct {
		SessionInput
		RequestInput
		Body struct {
			Copy string `json:"copy" maxLength:"160"`
		}
	}
	operation(rt, access.Copy, huma.Operation{
		OperationID: "cancel-copy", Method: http.MethodPost, Path: root + "/cancel", Summary: "Cancel the making of a viewing copy", MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *cancelInput) (*bodyOf[CopiesView], error) {
		return answer(s.copies.Cancel(ctx, actorOf(ctx), in.Session, in.Body.Copy))
	})
}

// copyFile answers with a copy, to be kept.
func (s *Server) copyFile(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("session"), r.PathValue("path")
	if !sessionID.MatchString(id) || !copyName.MatchString(name) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	f, err := s.copies.Copy(r.Context(), id, name)
	if err != nil {
		s.fail(w, r, "copy", err)
		return
	}
	defer func() {
		if err := f.Close(); err != nil {
			s.log.Error().Err(err).Str("op", "copy").Msg("close failed")
		}
	}()
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	p := patient{ResponseWriter: w, control: http.NewResponseController(w), now: func() time.Time { return s.clock.Now().Wall.Time() }}
	http.ServeContent(p, r, "", time.Time{}, f)
}
