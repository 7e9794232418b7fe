package panel

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"

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

// described registers a route of the API that the API's machinery does not serve: streams and files.
func (rt *routes) described(pattern string, action access.Action, d Doc, h http.HandlerFunc) {
	rt.handle(pattern, action, h)
	rt.describe(pattern, action, d)
}

// raw registers a route that answers with no page and is no part of the API.
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
	op.Extensions = map[string]any{actionKey: action}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody // what is longer is refused in words, not as a failure of ours
	}
	huma.Register(rt.api, op, h)
	rt.action = ""
}

// HandleFunc is how the API's machinery registers what operation and newAPI gave it.
func (rt *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	rt.handle(pattern, rt.action, http.HandlerFunc(h))
}

// ServeHTTP answers.
func (rt *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.mux.ServeHTTP(w, r) }
