package panel

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/policy"
)

// Options are what a server is made of. All but Hosts, Handlers, Extra, Transcripts, Copies, Stills, Proofs and Log are required.
type Options struct {
	Sessions    Sessions
	Archive     Archive
	Recordings  Recordings
	Live        Live
	Transcripts Transcripts   // nil: the site keeps none
	Samples     Samples       // nil: the site draws none
	Copies      Copies        // nil: the site makes none
	Stills      Stills        // nil: the site keeps none
	Proofs      Proofs        // nil: what others say of seals is not told
	Identity    Identity      // who sends a request; nil with SignIn
	SignIn      *SignIn       // people sign in at this site
	Policy      policy.Policy // as the site has tightened it
	Clock       clock.Source
	Version     string // of the program, as the pages show it
	// Hosts are the names under which the controller is reached, besides its addresses and localhost.
	Hosts []string
	// Accesses keeps who has seen what; nil: nobody does.
	Accesses Accesses
	Records  AccessRecords // reads them; nil: nobody can here
	Station  Station       // what the controller is made of; nil: it is not told
	Loudness Loudness      // how loud recordings are; nil: it is not told
	// Handlers are mounted beside the pages, as in "GET /metrics".
	Handlers map[string]Handler
	Extra    []Extra // pages besides the panel's own
	Metrics  prometheus.Registerer
	Log      zerolog.Logger
}

// Server answers pages and API.
type Server struct {
	sessions    Sessions
	archive     Archive
	recordings  Recordings
	live        Live
	transcripts Transcripts
	samples     Samples
	copies      Copies
	stills      Stills
	proofs      Proofs
	identity    Identity
	policy      policy.Policy
	clock       clock.Source
	version     string
	edition     string // of the pages
	hosts       []string
	extras      []Extra
	accesses    Accesses
	records     AccessRecords
	station     Station
	loudness    Loudness
	looks       looks
	limits      limiter
	signIn      *signIn // nil: who is signed in is not this site's affair
	routes      *routes
	log         zerolog.Logger

	messages map[Lang]catalogue
	pages    *pages
	metrics  *metrics
	viewers  chan struct{} // one token for each event stream or live view that is open
	stop     chan struct{} // closed by Stop
	stopping sync.Once
	handler  http.Handler
}

// maxViewers bounds the event streams and live views that are open at once.
const maxViewers = 256

// New returns a server. It starts nothing.
func New(o Options) (*Server, error) {
	switch {
	case o.Sessions == nil, o.Archive == nil, o.Recordings == nil, o.Live == nil, (o.Identity == nil) == (o.SignIn == nil), o.Clock == nil:
		return nil, errors.New("panel: sessions, archive, recordings, live, clock and either identity or sign-in are required")
	}
	messages, err := loadCatalogues()
	if err != nil {
		return nil, err
	}
	s := &Server{
		sessions: o.Sessions, archive: o.Archive, recordings: o.Recordings, live: o.Live, transcripts: o.Transcripts, copies: o.Copies, stills: o.Stills, proofs: o.Proofs, samples: o.Samples, records: o.Records, station: o.Station, loudness: o.Loudness,
		identity: o.Identity, policy: o.Policy, clock: o.Clock, version: o.Version, extras: o.Extra, accesses: o.Accesses, log: o.Log,
		messages: messages, viewers: make(chan struct{}, maxViewers), stop: make(chan struct{}),
	}
	for _, h := range o.Hosts {
		s.hosts = append(s.hosts, strings.ToLower(h))
	}
	if s.pages, err = loadPages(); err != nil {
		return nil, err
	}
	s.edition = fmt.Sprintf("%x", sha256.Sum256([]byte(o.Version+s.pages.sum)))[:16] // nobody else learns the program's version
	if s.metrics, err = newMetrics(o.Metrics); err != nil {
		return nil, err
	}
	if o.SignIn != nil {
		s.signIn = newSignIn(s, *o.SignIn)
		s.identity = s.signIn
	}
	s.routes = &routes{s: s, mux: http.NewServeMux(), actions: make(map[string]access.Action)}
	for pattern, h := range o.Handlers {
		s.routes.handle(pattern, h.Action, h)
	}
	if s.signIn != nil {
		s.signIn.mount(s.routes)
	}
	s.mountPages(s.routes)
	s.mountAPI(s.routes)
	for pattern, h := range o.Handlers {
		if h.Doc != nil {
			s.routes.describe(pattern, h.Action, *h.Doc)
		}
	}
	s.handler = s.metrics.count(s.guard(s.routes))
	return s, nil
}

// Handler returns the whole site.
func (s *Server) Handler() http.Handler { return s.handler }

// HTTPServer returns a server for address with the limits that the site needs. Without TLS only a
// loopback address is accepted.
func (s *Server) HTTPServer(address string, tls bool) (*http.Server, error) {
	if !tls && !LoopbackAddress(address) {
		return nil, fmt.Errorf("address %s: plain HTTP is for this machine alone; give a certificate or a loopback address", address)
	}
	srv := &http.Server{
		Addr:              address,
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(complaints{s.log}, "", 0),
	}
	srv.RegisterOnShutdown(s.Stop)
	return srv, nil
}

// complaints puts what the server of connections says into the log. Whoever connects can bring it about,
// so that only a failure of our own is more than a matter for whoever looks for one.
type complaints struct{ log zerolog.Logger }

func (c complaints) Write(b []byte) (int, error) {
	e := c.log.Debug()
	if bytes.Contains(b, []byte("panic")) {
		e = c.log.Error()
	}
	e.Str("said", string(bytes.TrimSpace(b))).Msg("connection")
	return len(b), nil
}

// Stop ends the event streams and live views, which would go on for as long as their pages are open.
// The server of HTTPServer calls it when it is shut down.
func (s *Server) Stop() { s.stopping.Do(func() { close(s.stop) }) }

// text returns a message in every language.
func (s *Server) text(key string) session.Text { return text(s.messages, key) }

// enter takes a viewer's place, or reports that all are taken.
func (s *Server) enter() (leave func(), ok bool) {
	select {
	case s.viewers <- struct{}{}:
		return func() { <-s.viewers }, true
	default:
		return nil, false
	}
}
