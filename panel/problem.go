package panel

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/session"
)

// Problem is what every refusal and error of the API looks like (RFC 9457), with the sentence for
// people in both languages.
type Problem struct {
	Type   string       `json:"type,omitempty"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty" doc:"The sentence in English"`
	Say    session.Text `json:"say" doc:"The sentence for people, in both languages"`
	Fields []FieldError `json:"fields,omitempty" doc:"What is wrong, field by field"`
}

// FieldError says what is wrong with one field of a form.
type FieldError struct {
	Field string       `json:"field" doc:"The field's name in the request, as in roster or circumstances.minor"`
	Say   session.Text `json:"say"`
}

// Error returns the sentence in English.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes JSON problem+json.
func (p *Problem) ContentType(ct string) string {
	if ct == "application/json" {
		return "application/problem+json"
	}
	return ct
}

func problem(status int, say session.Text, fields ...FieldError) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: say.En, Say: say, Fields: fields}
}

// keyOf names the message for a status that the API's machinery answers with.
func keyOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return "problem.not-found"
	case http.StatusRequestEntityTooLarge:
		return "problem.too-large"
	case http.StatusUnauthorized:
		return "problem.nobody"
	case http.StatusForbidden:
		return "problem.forbidden"
	case http.StatusServiceUnavailable:
		return "problem.busy"
	}
	if status >= 500 {
		return "problem.internal"
	}
	return "problem.request"
}

// The API's machinery asks for its errors through package variables. Values that a caller sent are
// not repeated: they may be case data.
func init() {
	all, err := loadCatalogues()
	if err != nil {
		panic(err) // the catalogues are part of the program
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		p := problem(status, text(all, keyOf(status)))
		for _, e := range errs {
			var d huma.ErrorDetailer
			if errors.As(e, &d) {
				det := d.ErrorDetail()
				p.Fields = append(p.Fields, FieldError{
					Field: strings.TrimPrefix(det.Location, "body."),
					Say:   session.Text{En: det.Message, Zh: all[Chinese]["problem.field"]},
				})
			}
		}
		return p
	}
}

// problemOf turns an error of the packages behind into what the API answers.
func (s *Server) problemOf(op string, err error) error {
	var r *session.Refusal
	switch {
	case errors.As(err, &r):
		p := problem(http.StatusConflict, r.Say)
		for _, f := range r.Fields {
			p.Fields = append(p.Fields, FieldError{Field: f.Name, Say: f.Say})
		}
		if len(p.Fields) > 0 {
			p.Status = http.StatusUnprocessableEntity
			p.Title = http.StatusText(p.Status)
		}
		return p
	case errors.Is(err, ErrNotFound), errors.Is(err, session.ErrNotFound):
		return problem(http.StatusNotFound, s.text("problem.not-found"))
	}
	s.log.Error().Err(err).Str("op", op).Msg("request failed")
	return problem(http.StatusInternalServerError, s.text("problem.internal"))
}

// refuse answers a request that never reaches its route: the API in JSON, a page in words.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, key string) {
	if r.Body != nil && status == http.StatusRequestEntityTooLarge {
		w.Header().Set("Connection", "close")
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		// The sender may be gone already; there is nobody left to tell.
		_ = json.NewEncoder(w).Encode(problem(status, s.text(key)))
		return
	}
	s.renderProblem(w, r, status, key)
}
