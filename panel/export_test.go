package panel

import "roomrec/access"

// Routes returns the site's routes with their actions.
func (s *Server) Routes() map[string]access.Action { return s.routes.actions }

// Route registers a route, as the program does, and returns what it panics with.
func (s *Server) Route(pattern string, action access.Action) (refused any) {
	defer func() { refused = recover() }()
	s.routes.handle(pattern, action, nil)
	return nil
}
