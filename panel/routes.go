package panel

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
)

// routes registers what the site answers to. It is the only way to the mux, and there is no route
// without an action: [access.May] says who may. Whatever stands in an address as {room} or {session} is
// guarded too, so that nobody reaches another's room or session by a route that forgot to ask.
type routes struct {
	s       *Server
	mux     *http.ServeMux
	api     huma.API
	actions map[string]access.Action // by pattern
	action  access.Action            // of the operation that is being registered
}

// Handler is what is mounted beside the panel's own routes, with who may reach it.
type Handler struct {
	Action access.Action // access.Anyone: reached without sign-in
	// Doc describes it beside the panel's own part of the API; nil: it is no part of that.
	Doc *Doc
	http.Handler
}

// Doc is how the description of the API (OpenAPI) names a handler that takes and gives JSON. Of Body and
// of what Answers has by status the types count, with their json and doc tags.
type Doc struct {
	ID, Summary, Description string
	Body                     any
	Answers                  map[int]any
}

// describe adds a handler of the given pattern, as in "POST /api/v1/things", to the description.
func (rt *routes) describe(pattern string, d Doc) {
	method, path, _ := strings.Cut(pattern, " ")
	all := rt.api.OpenAPI()
	content := func(v any, name string) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: all.Components.Schemas.Schema(reflect.TypeOf(v), true, name)}}
	}
	op := &huma.Operation{
		OperationID: d.ID, Method: method, Path: path, Summary: d.Summary, Description: d.Description,
		RequestBody: &huma.RequestBody{Required: true, Content: content(d.Body, d.ID+"-body")},
		Responses:   make(map[string]*huma.Response),
	}
	for code, v := range d.Answers {
		op.Responses[strconv.Itoa(code)] = &huma.Response{Description: http.StatusText(code), Content: content(v, d.ID+"-answer")}
	}
	all.AddOperation(op)
}

// wildcards are the parts of an address that a pattern may name. A new one belongs here with how it is
// guarded: the first two by [Server.only], the others only ever stand behind one of these or behind an
// action that is not bound to a room or session.
var wildcards = []string{"room", "session", "camera", "path", "person", "panel", "token"}

var wildcard = regexp.MustCompile(`\{([a-z]+)(?:\.\.\.)?\}`)

// handle registers a handler for those who may do action. It panics where the action is missing or
// unknown or the pattern names what nobody guards: such a program must not start.
func (rt *routes) handle(pattern string, action access.Action, h http.Handler) {
	if !action.Known() {
		panic(fmt.Sprintf("panel: route %q: no action %q: every route says who may reach it", pattern, action))
	}
	for _, m := range wildcard.FindAllStringSubmatch(pattern, -1) {
		if !slices.Contains(wildcards, m[1]) {
			panic(fmt.Sprintf("panel: route %q: nobody guards {%s}", pattern, m[1]))
		}
	}
	rt.actions[pattern] = action
	rt.mux.Handle(pattern, rt.s.only(action, h))
}

// raw registers a route of the API that is no part of the described one: streams and files.
func (rt *routes) raw(pattern string, action access.Action, h http.HandlerFunc) {
	rt.handle(pattern, action, h)
}

// page registers a page.
func (rt *routes) page(pattern string, action access.Action, h http.HandlerFunc) {
	rt.handle(pattern, action, rt.s.language(h))
}

// operation registers an operation of the described API.
func operation[I, O any](rt *routes, action access.Action, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	rt.action = action
	huma.Register(rt.api, op, h)
	rt.action = ""
}

// HandleFunc is how the API's machinery registers what operation and newAPI gave it.
func (rt *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	rt.handle(pattern, rt.action, http.HandlerFunc(h))
}

// ServeHTTP answers.
func (rt *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.mux.ServeHTTP(w, r) }
