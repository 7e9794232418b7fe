package panel

import (
	"html/template"
	"net/http"

	"roomrec/access"
	"roomrec/session"
)

// Extra is a page of whoever builds the site, in the site's frame and behind its sign-in. The start
// page has a quiet link to it. What it posts to is one of [Options.Handlers], which stand behind the
// same guard.
type Extra struct {
	Path   string        // as in "/demo"
	Action access.Action // who may reach it
	Title  session.Text
	// Body makes the page's content anew for every request.
	Body func(Lang) (template.HTML, error)
}

// extraPage is what an extra page is made from.
type extraPage struct {
	Title session.Text
	Body  template.HTML
}

func (s *Server) extra(e Extra) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := e.Body(langOf(r))
		if err != nil {
			s.fail(w, r, "extra page", err)
			return
		}
		s.render(w, r, http.StatusOK, "extra", extraPage{e.Title, body})
	}
}
