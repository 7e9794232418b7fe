package panel

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

// messageRoutes adds what a supervisor tells the people in a room, and their saying that they saw it.
func (s *Server) messageRoutes(rt *routes) {
	type messageInput struct {
		RoomInput
		RequestInput
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"80" doc:"One line that can be read at a glance"`
		}
	}
	operation(rt, access.Call, huma.Operation{
		OperationID: "message", Method: http.MethodPost, Path: apiRoot + "/rooms/{room}/message", Summary: "Show the people in a room a message",
		Description: "While a session is open the message is a line of its journal.", MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *messageInput) (*bodyOf[session.RoomView], error) {
		text := strings.TrimSpace(in.Body.Text)
		if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > session.MaxMessage || strings.ContainsFunc(text, unicode.IsControl) {
			return nil, problem(http.StatusUnprocessableEntity, s.text("problem.message"), FieldError{Field: "text", Say: s.text("problem.message")})
		}
		return s.messaged(ctx, in.Room, s.sessions.Tell(ctx, in.Room, actorOf(ctx), text))
	})
	type seenInput struct {
		RoomInput
		RequestInput
		Body struct {
			At clock.Wall `json:"at" format:"date-time" doc:"When the message was sent, as the room's message says it"`
		}
	}
	operation(rt, access.KeepPanel, huma.Operation{
		OperationID: "message-seen", Method: http.MethodPost, Path: apiRoot + "/rooms/{room}/message/seen", Summary: "The message was seen in the room",
		Description: "It is of the message that is named, and of none that came later. Where a panel is enrolled for the room only its own word counts.",
	}, func(ctx context.Context, in *seenInput) (*bodyOf[session.RoomView], error) {
		if s.signIn != nil && !s.signIn.keeps(ctx, in.Room) {
			return nil, problem(http.StatusForbidden, s.text("problem.message-panel"))
		}
		return s.messaged(ctx, in.Room, s.sessions.Told(ctx, in.Room, actorOf(ctx), in.Body.At))
	})
}

// messaged answers with the room as it is after a message was sent or seen.
func (s *Server) messaged(ctx context.Context, room string, err error) (*bodyOf[session.RoomView], error) {
	if errors.Is(err, session.ErrNotFound) {
		return nil, problem(http.StatusNotFound, s.text("problem.not-found"))
	}
	if err != nil {
		return nil, s.problemOf("message", err)
	}
	v, _ := s.sessions.Room(room)
	return &bodyOf[session.RoomView]{personOf(ctx).shown(v)}, nil
}
