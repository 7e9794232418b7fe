package paneltest

import (
	"encoding/json"
	"net/http"

	"github.com/rs/zerolog"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
)

// Officer is who is signed in on loopback.
var Officer = session.Actor{ID: "0417", Name: "Officer 0417", Role: "officer"}

// Site is a panel over a backend.
type Site struct {
	*Backend
	Panel *panel.Server
}

// NewSite returns a panel over a new backend, with an officer signed in on loopback and the backend's
// scenes under POST /fake/scene and what was done under GET /fake/acted.
func NewSite(log zerolog.Logger) (*Site, error) {
	src := clock.NewSystem()
	b := New(src)
	p, err := panel.New(panel.Options{
		Sessions: b, Archive: b, Recordings: b.Recordings(), Live: b.Live(), Transcripts: b.Papers(), Proofs: b, Clock: src, Version: "test", Log: log,
		Identity: whoever{panel.LoopbackOfficer{Actor: Officer}}, Samples: b, Accesses: b, Records: b, Station: b, Loudness: b,
		Handlers: b.Handlers(),
	})
	if err != nil {
		b.Close()
		return nil, err
	}
	return &Site{Backend: b, Panel: p}, nil
}

// Handlers are the ways by which the browser's scripts set scenes and ask what was done.
func (b *Backend) Handlers() map[string]panel.Handler {
	return map[string]panel.Handler{
		"POST /fake/many":  {Action: access.Anyone, Handler: http.HandlerFunc(b.many)},
		"POST /fake/scene": {Action: access.Anyone, Handler: http.HandlerFunc(b.scene)},
		"POST /fake/paper": {Action: access.Anyone, Handler: http.HandlerFunc(b.papers.scene)},
		"POST /fake/proof": {Action: access.Anyone, Handler: http.HandlerFunc(b.proofScene)},
		"GET /fake/acted":  {Action: access.Anyone, Handler: http.HandlerFunc(b.acted)},
	}
}

func (b *Backend) acted(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := json.NewEncoder(w).Encode(b.Acted); err != nil {
		panic(http.ErrAbortHandler) // the test that asked has gone
	}
}

func (b *Backend) scene(w http.ResponseWriter, r *http.Request) {
	if err := b.set(r.URL.Query().Get("room"), r.URL.Query().Get("scene"), r.URL.Query().Has("same")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// whoever is the officer on loopback or, with the cookie fake-role, someone of that role; "panel" is the screen of
// room3.
type whoever struct{ panel.LoopbackOfficer }

// Who implements panel.Identity.
func (o whoever) Who(r *http.Request) (panel.Person, bool) {
	p, ok := o.LoopbackOfficer.Who(r)
	if c, err := r.Cookie("fake-role"); err == nil && ok && access.Role(c.Value).Given() {
		p = panel.Person{Actor: session.Actor{ID: "0102", Name: "0102", Role: c.Value}, Rights: access.Role(c.Value)}
	}
	if c, err := r.Cookie("fake-role"); err == nil && ok && c.Value == string(access.Panel) {
		p = panel.Person{Actor: session.Actor{ID: "panel-3", Name: "Screen 3", Role: c.Value}, Rights: access.Panel, Room: "room3"}
	}
	return p, ok
}
