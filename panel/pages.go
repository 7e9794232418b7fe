package panel

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"roomrec/access"
	"roomrec/session"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// pages are the templates, one set for each page.
type pages struct {
	byName map[string]*template.Template
	etags  map[string]string // of templates, assets and messages, by path
	sum    string            // of all that pages are made of
}

var pageNames = []string{
	"month", "rooms", "room", "sessions", "session", "certificate", "problem", "extra", "signin", "first", "people", "tokens", "enrol",
	"observation", "approvals", "accesses", "station", "me",
}

func loadPages() (*pages, error) {
	p := &pages{byName: make(map[string]*template.Template), etags: make(map[string]string)}
	for _, name := range pageNames {
		t, err := template.New(name+".html").Option("missingkey=error").ParseFS(templateFiles, "templates/frame.html", "templates/sample.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", name, err)
		}
		p.byName[name] = t
	}
	all := sha256.New()
	for _, files := range []fs.FS{templateFiles, assetFiles, messageFiles} {
		err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(files, name)
			sum := sha256.Sum256(b)
			p.etags[name] = fmt.Sprintf(`"%x"`, sum)
			fmt.Fprintf(all, "%s %x\n", name, sum)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
	}
	p.sum = fmt.Sprintf("%x", all.Sum(nil))
	return p, nil
}

// view is what every page is made from.
type view struct {
	Lang    Lang
	Other   Lang   // what the language switch leads to
	Path    string // of the page, for the language switch
	Page    string
	Version string
	Edition string // of the pages: another of the same version has another
	Actor   session.Actor
	Person  Person
	Station bool    // there is a page of the station
	Records bool    // and one of who has seen what
	SignsIn bool    // people sign in at this site
	Extra   []Extra // what the start page leads to besides
	Data    any
	say     catalogue
	room    func(id string) (session.RoomView, bool)
}

// May reports whether who looks at the page may do that, as in "list-sessions".
func (v view) May(action string) bool { return v.Person.may(access.Action(action)) }

// T returns a message; see catalogue.say.
func (v view) T(key string, pairs ...any) (string, error) { return v.say.say(key, pairs...) }

// Office reports whether a role is one of people, whose name the pages know.
func (v view) Office(role string) bool { return access.Role(role).Given() }

// Look names what someone did with a session; an action that the page does not know by its own name.
func (v view) Look(action string) (string, error) {
	if a := access.Action(action); a.Known() && a.Views() {
		return v.say.say("look." + action)
	}
	return action, nil
}

// Deed names a change of people, panels or tokens with what was changed, as in "person.change name"; one that
// the page does not know by its own name.
func (v view) Deed(what string) (string, error) {
	name, more, _ := strings.Cut(what, " ")
	if _, known := v.say["deed."+name]; !known {
		return what, nil
	}
	said, err := v.say.say("deed." + name)
	return strings.TrimSpace(said + " " + more), err
}

// RoomName returns what a room is called, its id if there is none of that id any more.
func (v view) RoomName(id string) string {
	if r, ok := v.room(id); ok {
		return v.In(r.Name)
	}
	return id
}

// In returns a text in the page's language.
func (v view) In(t session.Text) string { return in(v.Lang, t) }

func (s *Server) viewOf(r *http.Request, page string, data any) view {
	v := view{Lang: langOf(r), Path: r.URL.Path, Page: page, Version: s.version, Edition: s.edition, Extra: s.extras, Data: data}
	v.Other = English
	if v.Lang == English {
		v.Other = Chinese
	}
	v.Person, v.SignsIn = personOf(r.Context()), s.signIn != nil
	v.Station, v.Records = s.station != nil, s.records != nil
	v.Actor = v.Person.Actor
	v.say = s.messages[v.Lang]
	v.room = s.sessions.Room
	return v
}

func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page string, data any) {
	var b bytes.Buffer
	v := s.viewOf(r, page, data)
	if err := s.pages.byName[page].ExecuteTemplate(&b, "frame", v); err != nil {
		s.log.Error().Err(err).Str("page", page).Msg("page failed")
		http.Error(w, v.say["problem.internal"], http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.Lang))
	h.Add("Vary", "Cookie, Accept-Language")
	w.WriteHeader(status)
	// A sender that has gone needs no answer.
	_, _ = w.Write(b.Bytes())
}

func (s *Server) renderProblem(w http.ResponseWriter, r *http.Request, status int, key string) {
	s.render(w, r, status, "problem", s.text(key))
}

// mountPages adds the pages. They act through the API alone; a page itself only shows.
func (s *Server) mountPages(rt *routes) {
	rt.page("GET /{$}", access.SeeRooms, s.roomsPage)
	rt.page("GET /rooms/{room}", access.SeeRooms, func(w http.ResponseWriter, r *http.Request) {
		room, ok := s.sessions.Room(r.PathValue("room"))
		if !ok {
			s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
			return
		}
		p := personOf(r.Context())
		s.render(w, r, http.StatusOK, "room", roomPage{Room: p.shown(room), Policy: s.asked(), Pad: s.transcripts != nil, Bound: p.bound() != ""})
	})
	rt.page("GET /observation", access.Call, s.observationPage)
	rt.page("GET /sessions", access.ListSessions, s.sessionsPage)
	rt.page("POST /sessions", access.ListSessions, s.findSessions)
	rt.page("GET /sessions/{session}", access.ViewSession, s.sessionPage)
	rt.page("GET /sessions/{session}/certificate", access.ViewSession, s.certificate)
	rt.raw("GET /sessions/{session}/code.svg", access.ViewSession, s.code)
	for _, e := range s.extras {
		rt.page("GET "+e.Path, e.Action, s.extra(e))
	}
	rt.raw("GET /assets/{path...}", access.Anyone, s.asset)
	rt.page("/", access.Self, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.renderProblem(w, r, http.StatusMethodNotAllowed, "problem.request")
			return
		}
		s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
	})
}

// roomsPage is the start page.
func (s *Server) roomsPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "rooms", personOf(r.Context()).shownAll(s.sessions.Rooms()))
}

// language keeps the language that ?lang= asks for in a cookie and leads back to the plain address.
func (s *Server) language(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, ok := parseLang(r.URL.Query().Get("lang"))
		if !ok || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: langCookie, Value: string(l), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		// The path alone, made anew: two slashes at its beginning would lead to another host.
		to := url.URL{Path: "/" + strings.TrimLeft(path.Clean(r.URL.Path), "/")}
		http.Redirect(w, r, to.EscapedPath(), http.StatusSeeOther)
	})
}

// asset serves what the pages are made of: styles, modules, hls.js, message catalogues.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	var from fs.FS = assetFiles
	full := "assets/" + name
	if strings.HasPrefix(name, "messages/") {
		from, full = messageFiles, name
	}
	b, err := fs.ReadFile(from, full)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
			s.log.Debug().Err(err).Msg("asset refused")
		}
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) {
	case ".js", ".mjs":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".json":
		kind = "application/json"
	case ".txt", ".md", "":
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	// Asked for again each time: a page and its modules must be of one version of the program.
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", s.pages.etags[full])
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// Marker returns what a marker is called.
func (v view) Marker(code string) string {
	for _, m := range session.Markers() {
		if m.Code == code {
			return v.In(m.Name)
		}
	}
	return code
}
