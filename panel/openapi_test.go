package panel_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/access"
)

// apiDoc is what tests read of the API's description.
type apiDoc struct {
	Openapi string
	Paths   map[string]map[string]apiOperation
}

type apiOperation struct {
	OperationID string         `json:"operationId"`
	Summary     string         `json:"summary"`
	Action      access.Action  `json:"x-action"`
	Parameters  []apiParam     `json:"parameters"`
	Responses   map[string]any `json:"responses"`
}

type apiParam struct{ Name, In string }

// The description and the routes are one: every route of the API stands in it with the action that it
// needs, and whatever stands in it is a route.
func TestTheAPIsDescriptionIsItsRoutes(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	c := s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "admin", good).StatusCode)
	r := do(t, c, "GET", s.url+"/api/v1/openapi.json", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	var doc apiDoc
	require.NoError(t, json.Unmarshal(r.body, &doc))
	require.Equal(t, "3.1.0", doc.Openapi)

	have := make(map[string]access.Action)
	ids := make(map[string]bool)
	for path, methods := range doc.Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			have[name] = op.Action
			require.NotEmpty(t, op.Summary, name)
			require.NotEmpty(t, op.OperationID, name)
			require.False(t, ids[op.OperationID], "two are called %s", op.OperationID)
			ids[op.OperationID] = true
			require.Contains(t, op.Responses, "default", name)
			var in []string
			for _, p := range op.Parameters {
				if p.In == "path" {
					in = append(in, "{"+p.Name+"}")
				}
			}
			require.ElementsMatch(t, regexp.MustCompile(`\{\w+\}`).FindAllString(path, -1), in, name)
		}
	}
	// What a form of a page does, the API does by an operation of the same action. Left out is what concerns a
	// browser's own sign-in: a program has a token.
	forms := map[string]string{
		"POST /people": "add-person", "POST /people/{person}": "change-person", "POST /panels": "offer-panel", "POST /panels/offer": "offer-panel", "POST /panels/{panel}/shut": "shut-panel",
		"POST /tokens": "make-token", "POST /tokens/{token}/shut": "shut-token", "POST /sessions": "find-sessions",
		"POST /sign-in": "", "POST /sign-out": "", "POST /first/{token}": "", "POST /me": "", "POST /enrol/{token}": "",
	}
	byID := make(map[string]access.Action)
	for _, methods := range doc.Paths {
		for _, op := range methods {
			byID[op.OperationID] = op.Action
		}
	}
	for pattern, action := range s.panel.Routes() {
		if !strings.HasPrefix(pattern, "POST /") || strings.HasPrefix(pattern, "POST /api/") {
			continue
		}
		id, known := forms[pattern]
		require.True(t, known, "%s: by which operation does a program do this?", pattern)
		if id != "" {
			require.Equal(t, action, byID[id], "%s %s", pattern, id)
		}
	}
	want := make(map[string]access.Action)
	for pattern, action := range s.panel.Routes() {
		if _, path, ok := strings.Cut(pattern, " "); ok && strings.HasPrefix(path, "/api/v1/") {
			want[strings.ReplaceAll(pattern, "...}", "}")] = action
		}
	}
	require.Greater(t, len(want), 30)
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have)))
	require.Equal(t, want, have)
}
