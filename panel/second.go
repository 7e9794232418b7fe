package panel

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"roomrec/access"
	"roomrec/session"
)

// Second is a second person's own sign-in for one decision alone: it makes no sign-in that lasts.
type Second struct {
	ID     string `json:"id" maxLength:"64"`
	Secret string `json:"secret" maxLength:"256" doc:"Their password, or at a room's panel their PIN"`
}

// approved returns the command with who approves or refuses it, whom nobody but their own sign-in can name: the
// second person who signs in for it or, where none does, who sends it from outside the room and may
// approve. Whoever opened the session or takes part in it approves nothing of it.
func (s *Server) approved(ctx context.Context, sess string, cmd session.Command, second *Second) (session.Command, error) {
	cmd.Approver = nil
	if cmd.Name != session.ActUnrecorded && cmd.Name != session.ActRefuse {
		return cmd, nil
	}
	if second == nil {
		p := personOf(ctx)
		if v, ok := s.running(sess); p.Room != "" || !p.may(access.Approve) || ok && p.takesPart(v) {
			return cmd, nil
		}
		cmd.Approver = &p.Actor
		return cmd, nil
	}
	p, err := s.second(ctx, *second, access.Approve)
	if err != nil {
		return cmd, err
	}
	if v, ok := s.running(sess); ok && p.takesPart(v) {
		return cmd, secondProblem(s.text("approvals.own"))
	}
	cmd.Approver = &p.Actor
	return cmd, nil
}

// running returns the session of that id if it runs in one of the rooms.
func (s *Server) running(sess string) (session.SessionView, bool) {
	for _, room := range s.sessions.Rooms() {
		if v := room.Session; v != nil && v.ID == sess {
			return *v, true
		}
	}
	return session.SessionView{}, false
}

// vouched returns the form with the supervisor whose reason it is to record although the clock is not
// trusted (Z23).
func (s *Server) vouched(ctx context.Context, form session.OpenForm, second *Second) (session.OpenForm, error) {
	form.ClockSupervisor = ""
	if second == nil {
		return form, nil
	}
	p, err := s.second(ctx, *second, access.Call)
	if err != nil {
		return form, err
	}
	form.ClockSupervisor = p.Name + " (" + p.ID + ")"
	return form, nil
}

// second returns who signs in besides whoever sent the request, if they may do action.
func (s *Server) second(ctx context.Context, in Second, action access.Action) (Person, error) {
	if s.signIn == nil {
		return Person{}, secondProblem(s.text("second.none"))
	}
	first := personOf(ctx)
	pin := first.Room != "" && access.CheckPIN(in.Secret) == nil
	p, err := s.signIn.check(ctx, first.from, strings.TrimSpace(in.ID), in.Secret, pin)
	var wait waitError
	switch {
	case errors.As(err, &wait):
		t, n := s.text("signin.wait"), strconv.Itoa(int((wait.wait+time.Second-1)/time.Second))
		return Person{}, secondProblem(session.Text{En: strings.ReplaceAll(t.En, "{s}", n), Zh: strings.ReplaceAll(t.Zh, "{s}", n)})
	case errors.Is(err, errWrong):
		return Person{}, secondProblem(s.text("signin.wrong"))
	case err != nil:
		return Person{}, s.problemOf("second sign-in", err)
	case strings.EqualFold(p.ID, first.ID), !access.May(access.Role(p.Role), action):
		return Person{}, secondProblem(s.text("second.not-they"))
	}
	return Person{Actor: session.Actor{ID: p.ID, Name: p.Name, Role: p.Role}, Rights: access.Role(p.Role), Former: p.Former, Ever: p.Ever}, nil
}

func secondProblem(say session.Text) *Problem {
	return problem(http.StatusUnprocessableEntity, say, FieldError{Field: "approver", Say: say})
}
