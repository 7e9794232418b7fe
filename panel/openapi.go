package panel

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
)

// What the description of the API says of the whole.
const (
	apiIs = "Everything that the pages of the controller do. Errors are problem+json with the sentence for people in English and Chinese. " +
		"What changes something carries an Idempotency-Key; sent again with the same one it gets the same answer and nothing is done twice. " +
		"x-action names the action of the table of rights, which is also the scope that a token needs."
	liveIs = "Text: the list of cameras, once; before each init segment its camera and media type. Binary: kind (0 init segment, 1 fragment, " +
		"2 fragment where decoding can start), camera, capture time in nanoseconds since 1970 (8 bytes, big-endian), fragmented MP4."
)

// actionKey is where an operation's action stands in the description.
const actionKey = "x-action"

// Who asks says so by a token, or as a page does by its cookie.
var (
	securitySchemes = map[string]*huma.SecurityScheme{
		"token":  {Type: "http", Scheme: "bearer", Description: "A token for programs, made by an administrator."},
		"cookie": {Type: "apiKey", In: "cookie", Name: "__Host-" + signInCookie, Description: "A sign-in of a person; over plain HTTP, on a loopback address, without __Host-."},
	}
	security = []map[string][]string{{"token": {}}, {"cookie": {}}}
)

// Doc is how the description of the API (OpenAPI) names a handler that the API's machinery does not serve.
// Of Body and of what Answers has by status the types count, with their json and doc tags.
type Doc struct {
	ID, Summary, Description string
	Body                     any
	Answers                  map[int]any
	Type                     string            // media type of an answer that is no JSON, with 200
	Partial                  bool              // Range is answered too, with 206
	Switches                 bool              // goes on as another protocol, with 101
	Query                    map[string]string // what the address must say after ?, by name
}

// patterns are the forms of what stands in an address.
var patterns = map[string]string{
	"room": `^[a-z0-9-]{1,32}$`, "camera": `^[a-z0-9-]{1,32}$`, "session": `^[A-Za-z0-9-]{1,64}$`,
}

// describe adds a handler of the given pattern, as in "POST /api/v1/things", to the description.
func (rt *routes) describe(pattern string, action access.Action, d Doc) {
	method, path, _ := strings.Cut(pattern, " ")
	all := rt.api.OpenAPI()
	content := func(v any, name string) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: all.Components.Schemas.Schema(reflect.TypeOf(v), true, name)}}
	}
	op := &huma.Operation{
		OperationID: d.ID, Method: method, Path: strings.ReplaceAll(path, "...}", "}"), Summary: d.Summary, Description: d.Description,
		Extensions: map[string]any{actionKey: action},
		Responses: map[string]*huma.Response{"default": {
			Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: all.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")}},
		}},
	}
	for _, m := range wildcard.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string", Pattern: patterns[m[1]]}})
	}
	for name, what := range d.Query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Required: true, Description: what, Schema: &huma.Schema{Type: "string"}})
	}
	slices.SortStableFunc(op.Parameters, func(a, b *huma.Param) int { return strings.Compare(a.In, b.In) })
	if d.Body != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: content(d.Body, d.ID+"-body")}
	}
	for code, v := range d.Answers {
		op.Responses[strconv.Itoa(code)] = &huma.Response{Description: http.StatusText(code), Content: content(v, d.ID+"-answer")}
	}
	answer := func(code int) {
		op.Responses[strconv.Itoa(code)] = &huma.Response{Description: http.StatusText(code), Content: map[string]*huma.MediaType{
			d.Type: {Schema: &huma.Schema{Type: "string"}},
		}}
	}
	if d.Type != "" {
		answer(http.StatusOK)
	}
	if d.Partial {
		answer(http.StatusPartialContent)
	}
	if d.Switches {
		op.Responses[strconv.Itoa(http.StatusSwitchingProtocols)] = &huma.Response{Description: http.StatusText(http.StatusSwitchingProtocols)}
	}
	all.AddOperation(op)
}
