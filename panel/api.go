package panel

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
)

const apiRoot = "/api/v1"

// mountAPI adds the API. Everything the pages do goes through it.
func (s *Server) mountAPI(rt *routes) {
	cfg := huma.DefaultConfig("roomrec", s.version)
	cfg.DocsPath = "" // the documentation page would load from another host
	cfg.SchemasPath = ""
	cfg.OpenAPIPath = apiRoot + "/openapi"
	cfg.CreateHooks = nil // no $schema links into answers
	cfg.Info.Description = apiIs
	cfg.Components.SecuritySchemes, cfg.Security = securitySchemes, security
	rt.action = access.Self // of the description itself
	rt.api = humago.New(rt, cfg)
	rt.action = ""
	for path, kind := range map[string]string{".json": "application/openapi+json", ".yaml": "application/openapi+yaml", "-3.0.json": "application/openapi+json", "-3.0.yaml": "application/openapi+yaml"} {
		rt.describe("GET "+cfg.OpenAPIPath+path, access.Self, Doc{ID: "openapi" + path, Summary: "This description", Type: kind})
	}
	s.roomRoutes(rt)
	s.messageRoutes(rt)
	s.wallClockRoutes(rt)
	s.sampleRoutes(rt)
	s.accessRoutes(rt)
	s.approvalRoutes(rt)
	s.stationRoutes(rt)
	s.loudnessRoutes(rt)
	s.sessionRoutes(rt)
	s.transcriptRoutes(rt)
	s.copyRoutes(rt)
	if s.signIn != nil {
		s.signIn.peopleRoutes(rt)
		s.signIn.machineRoutes(rt)
	}
	rt.described("GET "+apiRoot+"/events", access.SeeRooms, Doc{
		ID: "events", Summary: "All rooms, at once and after every change, as server-sent events", Type: "text/event-stream",
		Description: "event: rooms has all rooms as GET /rooms has them; event: beat has the controller's time and the version of its pages, each second.",
	}, s.roomsEvents)
	rt.described("GET "+apiRoot+"/rooms/{room}/events", access.SeeRooms, Doc{
		ID: "room-events", Summary: "One room, at once and after every change, as server-sent events", Type: "text/event-stream",
		Description: "event: room has the room as GET /rooms/{room} has it; event: beat has the controller's time and the version of its pages, each second. Who hears nothing for three seconds knows nothing.",
	}, s.roomEvents)
	rt.described("GET "+apiRoot+"/rooms/{room}/live", access.WatchRoom, Doc{
		ID: "live", Summary: "Live pictures and sound of a room's cameras, over a WebSocket", Description: liveIs, Switches: true,
	}, s.liveRoom)
	rt.described("GET "+apiRoot+"/sessions/{session}/cameras/{room}/{camera}/playlist.m3u8", access.ViewSession, Doc{
		ID: "playlist", Summary: "What a camera recorded, as an HLS playlist over the originals", Type: "application/vnd.apple.mpegurl",
	}, s.playlist)
	rt.described("GET "+apiRoot+"/sessions/{session}/files/{path...}", access.ViewSession, Doc{
		ID: "file", Summary: "A file of a session, or the part of it that Range asks for", Type: "application/octet-stream", Partial: true,
		Description: "MP4 files are video/mp4. Playlists lead here.",
	}, s.file)
	if s.stills != nil {
		rt.described("GET "+apiRoot+"/sessions/{session}/stills/{path...}", access.ViewSession, Doc{
			ID: "still", Summary: "A picture that is kept after a session's seal: SHA256.jpg", Type: "image/jpeg",
		}, s.keptStill)
	}
	rt.raw("/api/", access.Self, func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
	})
}

type bodyOf[T any] struct{ Body T }

// RoomInput names a room. It is exported so that the API's machinery sees it where it is embedded.
type RoomInput struct {
	Room string `path:"room" pattern:"^[a-z0-9-]{1,32}$" doc:"The room's id"`
}

// SessionInput names a session.
type SessionInput struct {
	Session string `path:"session" pattern:"^[A-Za-z0-9-]{1,64}$" doc:"The session's id"`
}

// RequestInput makes a command safe to send again: each carries a request id of the sender's making: sent again with the same one, it gets
// the same answer and nothing is done a second time.
type RequestInput struct {
	Request string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"A new one for each command; the same one when a command is sent again"`
}

func (s *Server) roomRoutes(rt *routes) {
	operation(rt, access.Self, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: apiRoot + "/me", Summary: "Who is signed in",
	}, func(ctx context.Context, _ *struct{}) (*bodyOf[session.Actor], error) {
		return &bodyOf[session.Actor]{actorOf(ctx)}, nil
	})
	operation(rt, access.SeeRooms, huma.Operation{
		OperationID: "policy", Method: http.MethodGet, Path: apiRoot + "/policy", Summary: "What is asked before a session is opened",
	}, func(context.Context, *struct{}) (*bodyOf[Asked], error) {
		return &bodyOf[Asked]{s.asked()}, nil
	})
	operation(rt, access.SeeRooms, huma.Operation{
		OperationID: "rooms", Method: http.MethodGet, Path: apiRoot + "/rooms", Summary: "All rooms",
	}, func(ctx context.Context, _ *struct{}) (*bodyOf[[]session.RoomView], error) {
		return &bodyOf[[]session.RoomView]{personOf(ctx).shownAll(s.sessions.Rooms())}, nil
	})
	operation(rt, access.SeeRooms, huma.Operation{
		OperationID: "room", Method: http.MethodGet, Path: apiRoot + "/rooms/{room}", Summary: "One room",
	}, func(ctx context.Context, in *RoomInput) (*bodyOf[session.RoomView], error) {
		v, ok := s.sessions.Room(in.Room)
		if !ok {
			return nil, problem(http.StatusNotFound, s.text("problem.not-found"))
		}
		return &bodyOf[session.RoomView]{personOf(ctx).shown(v)}, nil
	})
	operation(rt, access.KeepPanel, huma.Operation{
		OperationID: "alive", Method: http.MethodPost, Path: apiRoot + "/rooms/{room}/alive", Summary: "The room's page is there",
		Description: "A page in the room sends this every three seconds while it hears the controller. Where a panel is enrolled for the room only its own counts.",
	}, func(ctx context.Context, in *RoomInput) (*struct{}, error) {
		if _, ok := s.sessions.Room(in.Room); !ok {
			return nil, problem(http.StatusNotFound, s.text("problem.not-found"))
		}
		if s.signIn == nil || s.signIn.keeps(ctx, in.Room) {
			s.sessions.PanelAlive(in.Room)
		}
		return nil, nil
	})
	type openInput struct {
		RoomInput
		RequestInput
		Body struct {
			session.OpenForm
			Second *Second `json:"second,omitempty" doc:"The clock is not trusted: the supervisor whose reason clock_reason is"`
		}
	}
	operation(rt, access.Open, huma.Operation{
		OperationID: "open", Method: http.MethodPost, Path: apiRoot + "/rooms/{room}/sessions", Summary: "Open a session; recording begins",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *openInput) (*bodyOf[session.SessionView], error) {
		if _, ok := s.sessions.Room(in.Room); !ok {
			return nil, problem(http.StatusNotFound, s.text("problem.not-found"))
		}
		if in.Body.Circumstances == nil {
			in.Body.Circumstances = map[string]string{} // null, as many programs write it
		}
		form, err := s.vouched(ctx, in.Body.OpenForm, in.Body.Second)
		if err != nil {
			return nil, err
		}
		v, err := s.sessions.Open(ctx, actorOf(ctx), in.Room, form, in.Request)
		if err != nil {
			return nil, s.problemOf("open", err)
		}
		return &bodyOf[session.SessionView]{v}, nil
	})
}

func (s *Server) sessionRoutes(rt *routes) {
	type commandInput struct {
		SessionInput
		RequestInput
		Body struct {
			session.Command
			Second *Second `json:"second,omitempty" doc:"unrecorded, refuse-unrecorded: who decides it, a second person who is not on the roster"`
		}
	}
	operation(rt, access.Run, huma.Operation{
		OperationID: "command", Method: http.MethodPost, Path: apiRoot + "/sessions/{session}/commands", Summary: "Carry out a command",
		MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *commandInput) (*bodyOf[session.SessionView], error) {
		cmd, err := s.approved(ctx, in.Session, in.Body.Command, in.Body.Second)
		if err != nil {
			return nil, err
		}
		v, err := s.sessions.Do(ctx, actorOf(ctx), in.Session, cmd, in.Request)
		if err != nil {
			return nil, s.problemOf("command", err)
		}
		return &bodyOf[session.SessionView]{v}, nil
	})
	type listInput struct {
		Room   string `query:"room" pattern:"^[a-z0-9-]{0,32}$" doc:"Only this room's"`
		State  string `query:"state" maxLength:"32" doc:"Only those in this state"`
		After  string `query:"after" maxLength:"40" doc:"Only those opened at or after this instant (RFC 3339)"`
		Before string `query:"before" maxLength:"40" doc:"Only those opened before this instant (RFC 3339)"`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"At most so many, newest first"`
	}
	operation(rt, access.ListSessions, huma.Operation{
		OperationID: "sessions", Method: http.MethodGet, Path: apiRoot + "/sessions", Summary: "Sessions, newest first",
	}, func(ctx context.Context, in *listInput) (*bodyOf[[]Record], error) {
		q := s.narrow(ctx, Query{Room: in.Room, State: in.State, Limit: in.Limit})
		for _, f := range []struct {
			name, value string
			to          *clock.Wall
		}{{"after", in.After, &q.After}, {"before", in.Before, &q.Before}} {
			if f.value == "" {
				continue
			}
			var err error
			if *f.to, err = clock.ParseWall(f.value); err != nil {
				return nil, problem(http.StatusUnprocessableEntity, s.text("problem.time"), FieldError{Field: f.name, Say: s.text("problem.time")})
			}
		}
		list, err := s.archive.Sessions(ctx, q)
		if err != nil {
			return nil, s.problemOf("sessions", err)
		}
		if list == nil {
			list = []Record{}
		}
		return &bodyOf[[]Record]{list}, nil
	})
	type findInput struct {
		Body struct {
			Case    string `json:"case,omitempty" maxLength:"64" doc:"This is in its case number"`
			Person  string `json:"person,omitempty" maxLength:"64" doc:"In the name or number of the person questioned"`
			Officer string `json:"officer,omitempty" maxLength:"64" doc:"In the name of someone who took part"`
			Room    string `json:"room,omitempty" maxLength:"32"`
			State   string `json:"state,omitempty" maxLength:"32"`
			Limit   int    `json:"limit,omitempty" minimum:"0" maximum:"500" doc:"At most so many; 0: 100"`
		}
	}
	operation(rt, access.ListSessions, huma.Operation{
		OperationID: "find-sessions", Method: http.MethodPost, Path: apiRoot + "/sessions/find", Summary: "Find sessions by what is said of them, newest first",
		Description: "It changes nothing. What is looked for is case data and stands in no address.", MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *findInput) (*bodyOf[[]Record], error) {
		b := in.Body
		list, err := s.archive.Sessions(ctx, s.narrow(ctx, Query{
			Case: strings.TrimSpace(b.Case), Person: strings.TrimSpace(b.Person), Officer: strings.TrimSpace(b.Officer), Room: b.Room, State: b.State, Limit: cmp.Or(b.Limit, 100),
		}))
		if err != nil {
			return nil, s.problemOf("find sessions", err)
		}
		if list == nil {
			list = []Record{}
		}
		return &bodyOf[[]Record]{list}, nil
	})
	operation(rt, access.ViewSession, huma.Operation{
		OperationID: "session", Method: http.MethodGet, Path: apiRoot + "/sessions/{session}", Summary: "One session",
	}, func(ctx context.Context, in *SessionInput) (*bodyOf[Record], error) {
		v, err := s.archive.Session(ctx, in.Session)
		if err != nil {
			return nil, s.problemOf("session", err)
		}
		s.proof(ctx, &v)
		return &bodyOf[Record]{v}, nil
	})
}
