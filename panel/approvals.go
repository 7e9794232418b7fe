package panel

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/table"
)

// Approval is a locked session as whoever approves going on unrecorded needs it (Z29-2): no picture, no
// sound, nobody's name but those of the officers.
type Approval struct {
	Session  string         `json:"session"`
	Room     string         `json:"room"`
	RoomName session.Text   `json:"room_name"`
	Zone     string         `json:"zone"`
	Case     string         `json:"case"`
	Kind     string         `json:"kind"`
	Category session.Text   `json:"category"`
	Officers []string       `json:"officers" doc:"Everybody on the roster"`
	Since    clock.Wall     `json:"since" doc:"Locked since"`
	Faults   []session.Text `json:"faults" doc:"What keeps it locked"`
	Allowed  bool           `json:"allowed" doc:"The case may go on unrecorded, and who asks may approve it"`
	Why      *session.Text  `json:"why,omitempty" doc:"Why not"`
	// Refused are the decisions since it is locked that it does not go on unrecorded.
	Refused []session.RefusedView `json:"refused" doc:"Who refused it since it is locked, and why"`
}

// approvalOf returns what p learns of a room's locked session; false: there is none that p could decide of.
func (s *Server) approvalOf(p Person, room session.RoomView) (Approval, bool) {
	v := room.Session
	if v == nil || v.State != table.Locked || roomOf(room) != room.ID || p.bound() != "" && p.bound() != room.ID {
		return Approval{}, false
	}
	a := Approval{
		Session: v.ID, Room: room.ID, RoomName: room.Name, Zone: room.Zone, Case: v.Form.Case, Kind: string(v.Form.Kind),
		Officers: []string{}, Since: v.Since, Faults: []session.Text{}, Refused: []session.RefusedView{},
	}
	for _, r := range v.Refused {
		if r.At >= v.Since {
			a.Refused = append(a.Refused, r)
		}
	}
	for _, c := range s.policy.Categories() {
		if c.Key == v.Form.Category {
			a.Category = c.Title
		}
	}
	for _, m := range v.Form.Roster {
		a.Officers = append(a.Officers, m.Name)
	}
	for _, f := range room.Faults {
		if f.Locks {
			a.Faults = append(a.Faults, f.Title)
		}
	}
	i := slices.IndexFunc(room.Actions, func(x session.ActionView) bool { return x.Name == session.ActUnrecorded })
	why := func(t session.Text) { a.Allowed, a.Why = false, &t }
	switch {
	case i < 0 || !room.Actions[i].Allowed:
		switch {
		case len(v.Refusals) > 0:
			why(v.Refusals[0])
		case i >= 0 && room.Actions[i].Why != nil:
			why(*room.Actions[i].Why)
		default:
			why(s.text("approvals.never"))
		}
	case p.Room != "":
		why(s.text("approvals.outside"))
	case p.takesPart(*v):
		why(s.text("approvals.own"))
	default:
		a.Allowed = true
	}
	return a, true
}

// decides reports whether there is a locked session of that id of which p could decide.
func (s *Server) decides(p Person, id string) bool {
	return slices.ContainsFunc(s.sessions.Rooms(), func(room session.RoomView) bool {
		a, ok := s.approvalOf(p, room)
		return ok && a.Session == id
	})
}

// approvals lists the locked sessions in the order of the rooms.
func (s *Server) approvals(p Person) []Approval {
	out := []Approval{}
	for _, room := range s.sessions.Rooms() {
		if a, ok := s.approvalOf(p, room); ok {
			out = append(out, a)
		}
	}
	return out
}

// approvalRoutes adds what an approver does by their own sign-in, away from the room.
func (s *Server) approvalRoutes(rt *routes) {
	rt.page("GET /approvals", access.Approve, func(w http.ResponseWriter, r *http.Request) {
		s.render(w, r, http.StatusOK, "approvals", s.asked())
	})
	operation(rt, access.Approve, huma.Operation{
		OperationID: "approvals", Method: http.MethodGet, Path: apiRoot + "/approvals", Summary: "Locked sessions, and whether they may go on unrecorded",
	}, func(ctx context.Context, _ *struct{}) (*bodyOf[[]Approval], error) {
		return &bodyOf[[]Approval]{s.approvals(personOf(ctx))}, nil
	})
	type approveInput struct {
		SessionInput
		RequestInput
		Body struct {
			Reason string `json:"reason" maxLength:"32" doc:"Key of one of the policy's reasons"`
			Text   string `json:"text,omitempty" maxLength:"500" doc:"The reason in words; needed for other"`
		}
	}
	operation(rt, access.Approve, huma.Operation{
		OperationID: "approve-unrecorded", Method: http.MethodPost, Path: apiRoot + "/sessions/{session}/unrecorded", Summary: "Approve by name that a locked session goes on unrecorded",
		Description:   "Whoever opened the session or stands on its roster approves nothing of it, and nobody approves at the room's own panel.",
		DefaultStatus: http.StatusNoContent, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *approveInput) (*struct{}, error) {
		return nil, s.decide(ctx, in.Session, in.Request, session.Command{Name: session.ActUnrecorded, Reason: in.Body.Reason, Text: strings.TrimSpace(in.Body.Text)})
	})
	type refuseInput struct {
		SessionInput
		RequestInput
		Body struct {
			Reason string `json:"reason" maxLength:"500" doc:"Why, in words"`
		}
	}
	operation(rt, access.Approve, huma.Operation{
		OperationID: "refuse-unrecorded", Method: http.MethodPost, Path: apiRoot + "/sessions/{session}/unrecorded/refusal", Summary: "Refuse by name, with a reason, that a locked session goes on unrecorded",
		Description: "For whoever could approve it. The session stays locked and its room shows who refused it and why; repair, another room and breaking off remain. " +
			"It is on the session's journal. Whoever decides otherwise afterwards approves it by their own sign-in: at the room's panel nobody can any more.",
		DefaultStatus: http.StatusNoContent, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *refuseInput) (*struct{}, error) {
		return nil, s.decide(ctx, in.Session, in.Request, session.Command{Name: session.ActRefuse, Text: strings.TrimSpace(in.Body.Reason)})
	})
}

// decide carries out the decision of whoever sends it, if it is theirs.
func (s *Server) decide(ctx context.Context, id, request string, cmd session.Command) error {
	p := personOf(ctx)
	for _, a := range s.approvals(p) {
		if a.Session == id && !a.Allowed {
			return problem(http.StatusUnprocessableEntity, *a.Why, FieldError{Field: "approver", Say: *a.Why})
		}
	}
	cmd.Approver = &p.Actor
	if _, err := s.sessions.Do(ctx, p.Actor, id, cmd, request); err != nil {
		return s.problemOf("decide", err)
	}
	return nil
}
