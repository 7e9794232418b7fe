package panel

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/session"
	"roomrec/session/policy"
)

// wallClockRoutes adds the comparison of the clock in a room with the page's, apart from any session (Z23).
func (s *Server) wallClockRoutes(rt *routes) {
	type input struct {
		RoomInput
		RequestInput
		Body struct {
			Says  string `json:"says" enum:"agrees,differs" doc:"Whether the clock in the room and the controller's agree"`
			Ahead int    `json:"ahead_s,omitempty" doc:"By how many seconds the clock in the room is ahead, negative if it is behind; 0 if they agree"`
		}
	}
	operation(rt, access.Open, huma.Operation{
		OperationID: "compare-wall-clock", Method: http.MethodPost, Path: apiRoot + "/rooms/{room}/wall-clock", Summary: "Say what the clock in a room shows beside the controller's",
		Description: "The check at the start of the day. Kept signed on every disk, with who said it and when, and shown on the room's page. It shifts no time. Every opening asks again.",
	}, func(ctx context.Context, in *input) (*bodyOf[session.RoomView], error) {
		says := policy.WallClock{Says: in.Body.Says, Ahead: in.Body.Ahead}
		return s.messaged(ctx, in.Room, s.sessions.CompareWallClock(ctx, actorOf(ctx), in.Room, says, in.Request))
	})
}
