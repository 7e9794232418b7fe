package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"roomrec/access"
	"roomrec/config"
	"roomrec/panel"
	"roomrec/playback"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

type serveCmd struct{ configFile }

// Run runs the service. It answers over TLS, or on a loopback address, to those who sign in. SIGHUP lets it
// read its settings again; see [settings].
func (c *serveCmd) Run(e *env) error {
	signals := make(chan os.Signal, 1) // one that waits is enough: the file is read when its turn comes
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	var before *config.Config
	var listener net.Listener
	refused := false
	for {
		s := &settings{load: c.settings, signals: signals, listen: listen, now: cfg, refused: refused}
		err := s.serve(e, listener)
		var again *rebuild
		switch {
		case errors.As(err, &again):
			before, cfg, listener, refused = cfg, again.cfg, again.listener, false
		case before != nil && !s.begun && e.ctx.Err() == nil:
			log := newLog(e.stderr, before.Log)
			log.Error().Err(err).Msg("the controller does not start with the new settings; it starts with those of before")
			before, cfg, listener, refused = nil, before, nil, true
		default:
			return err
		}
	}
}

// settings returns the settings if they are good and something can be recorded by them.
func (c *serveCmd) settings() (*config.Config, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	if len(cfg.Rooms) == 0 || len(cfg.Volumes) == 0 {
		return nil, errors.New("the configuration names no room or no volume: nothing could be recorded; see docs/operator/config.md, or try `roomrec demo`")
	}
	return cfg, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
}

// serve runs the service by these settings until it ends or they change. listener may be nil.
func (s *settings) serve(e *env, listener net.Listener) error {
	cfg := s.now
	own, err := fromConfig(cfg)
	if err != nil {
		return err
	}
	log := newLog(e.stderr, cfg.Log)
	if listener == nil {
		if listener, err = s.listen(e.ctx, cfg.Listen); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	if err := os.MkdirAll(own.stateDir, 0o700); err != nil {
		return errors.Join(fmt.Errorf("state_dir: %w", err), listener.Close())
	}
	in, done, err := entranceOf(e.ctx, cfg, listener.Addr(), e.stdout)
	switch {
	case err != nil && e.ctx.Err() != nil:
		return listener.Close() // told to stop before anything had begun
	case err != nil:
		return errors.Join(err, listener.Close())
	}
	officer := session.Actor{ID: "local", Name: "Local officer", Role: "officer"}
	err = serve(e.ctx, own, log, listener, front{officer: officer, entrance: in, settings: s})
	if !s.begun {
		if closed := listener.Close(); !errors.Is(closed, net.ErrClosed) {
			err = errors.Join(err, closed)
		}
	}
	if err = errors.Join(err, done()); err != nil {
		return failed(err)
	}
	return nil
}

// newLog returns the program's log. It never carries a secret or case data; what goes in is chosen
// field by field.
func newLog(w io.Writer, c config.Log) zerolog.Logger {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if c.Format == "console" {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.DateTime, NoColor: !terminal(w)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// front is what differs between the pages of the service and those of the demo.
type front struct {
	officer  session.Actor // signed in on this machine, where nobody signs in
	entrance entrance
	extra    []panel.Extra
	handlers map[string]panel.Handler
	settings *settings // nil: they do not change
}

// terminal reports whether w is a terminal, which understands colours.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// serve runs a station with its pages until ctx ends.
func serve(ctx context.Context, s setup, log zerolog.Logger, listener net.Listener, f front) error {
	if err := os.MkdirAll(s.stateDir, 0o700); err != nil {
		return fmt.Errorf("state_dir: %w", err)
	}
	metrics := prometheus.NewRegistry()
	index, err := openIndex(ctx, s.stateDir, metrics)
	switch {
	case err != nil && ctx.Err() != nil:
		return listener.Close() // told to stop before anything had begun
	case err != nil:
		return err
	}
	st, err := newStation(s, doors{log: log, index: index, metrics: metrics})
	if err != nil {
		return errors.Join(err, index.Close())
	}
	stages, err := st.service(index, listener, f)
	if err != nil {
		return errors.Join(err, index.Close(), st.release())
	}
	if f.settings != nil {
		f.settings.begun = true
	}
	return errors.Join(runStages(ctx, stages), index.Close(), st.release())
}

// service builds the service over the station and returns what has to run.
func (st *station) service(index *index, listener net.Listener, f front) ([]stage, error) {
	st.supervised = underSystemd()
	st.manager.Search() // until the stage that recovers has looked
	if err := st.numbers(index); err != nil {
		return nil, err
	}
	check := newVerifier(st, index)
	site, err := st.site(index, f)
	if err != nil {
		return nil, err
	}
	srv, err := site.HTTPServer(listener.Addr().String(), f.entrance.tls != nil)
	if err != nil {
		return nil, err
	}
	srv.TLSConfig = f.entrance.tls
	stages := append(st.stages(), st.lookAtCameras()...)
	for _, r := range st.rooms.all() {
		asked, err := st.managements(r)
		if err != nil {
			return nil, err
		}
		st.looking.add(r, append(asked, st.sensorOf(r)...))
	}
	stages = append(stages,
		stage{"verifier", check.Run},
		stage{"viewing copies", st.copier.Run},
		stage{"time-stamps", st.stamper.Run},
		stage{"stills", st.stills.Run},
		stage{"recovery", st.recover},
		stage{"self-tests", st.tests.Run},
		stage{"clocks in the rooms", st.walls.Run},
		stage{"pages", func(ctx context.Context) error { return serveHTTP(ctx, srv, listener) }},
	)
	if st.setup.watchFolder != "" {
		stages = append(stages, stage{"watch folder", st.papers.folder.Run})
	}
	if f.settings != nil {
		if err := f.settings.attach(st); err != nil {
			return nil, err
		}
		stages = append(stages, stage{"settings", f.settings.run})
	}
	return stages, nil
}

// shutdownTime is how long requests that run get when the program ends.
const shutdownTime = 3 * time.Second

func serveHTTP(ctx context.Context, srv *http.Server, l net.Listener) error {
	done := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			done <- srv.ServeTLS(l, "", "")
			return
		}
		done <- srv.Serve(l)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := srv.Shutdown(late); err != nil {
		return errors.Join(err, srv.Close(), notClosed(<-done))
	}
	if err := notClosed(<-done); err != nil {
		return err
	}
	return ctx.Err()
}

// notClosed returns err unless it only says that the server was closed, as it was told.
func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// site builds the pages over the station.
func (st *station) site(index *index, f front) (*panel.Server, error) {
	papers, err := newTranscripts(st, index)
	if err != nil {
		return nil, err
	}
	st.papers = papers
	st.copier = newCopier(st, index, papers)
	if st.stamper, err = newStamper(st, index, papers); err != nil {
		return nil, err
	}
	handlers := map[string]panel.Handler{
		"GET /metrics":            {Action: access.Anyone, Handler: promhttp.HandlerFor(st.metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})},
		"GET /idlez":              {Action: access.Anyone, Handler: http.HandlerFunc(st.idle)},
		"GET /livez":              {Action: access.Anyone, Handler: http.HandlerFunc(st.alive)},
		"GET /readyz":             {Action: access.Anyone, Handler: http.HandlerFunc(st.ready)},
		"POST /api/v1/self-tests": {Action: access.ManageHost, Doc: &testDoc, Handler: http.HandlerFunc(st.tests.postTest)},
		"POST /api/v1/volumes":    {Action: access.ManageHost, Doc: &volumesDoc, Handler: http.HandlerFunc(st.postVolume)},
	}
	maps.Copy(handlers, f.handlers)
	files := recordings{volumes: st.disks, cache: &playback.Cache{}}
	st.stills = newStillKeeper(st, index, papers, files)
	var identity panel.Identity
	if f.entrance.signIn == nil {
		identity = panel.LoopbackOfficer{Actor: f.officer}
	}
	return panel.New(panel.Options{
		Sessions:   st.manager,
		Archive:    &archive{index: index, recordings: files, station: st},
		Recordings: files,
		Live:       live{rooms: st.rooms},
		Identity:   identity,
		SignIn:     f.entrance.signIn,
		Accesses:   accesses{open: st.manager, log: st.log, sealed: papers.Looked},
		Records:    seen{papers},
		Station:    st,
		Loudness:   newLoudness(files, st.setup.stateDir, st.log),
		Samples:    samples{papers: papers, percent: st.setup.policy.Sample, turn: make(chan struct{}, 1)},
		Hosts:      f.entrance.names,
		Policy:     policy.Policy{Also: st.setup.policy.Mandatory},
		Clock:      st.clock,
		Version:    version,
		Metrics:    st.metrics,
		Log:        st.log,
		Handlers:   handlers,
		Extra:      f.extra,

		Transcripts: papers,
		Copies:      st.copier,
		Stills:      st.stills,
		Proofs:      newProofs(st, papers),
	})
}

// ready answers whether every room could record now, and names those that could not.
func (st *station) ready(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("verbose") {
		st.readyVerbose(w)
		return
	}
	var unfit []string
	for _, r := range st.manager.Rooms() {
		if !r.Fit && r.Session == nil {
			unfit = append(unfit, r.ID)
		}
	}
	if len(unfit) > 0 {
		say(w, http.StatusServiceUnavailable, "not fit to record: "+strings.Join(unfit, ", "))
		return
	}
	say(w, http.StatusOK, "ok")
}

// readyVerbose names everything that was looked at, a line each: [+] what is well, [-] what is not.
func (st *station) readyVerbose(w http.ResponseWriter) {
	var b strings.Builder
	code := http.StatusOK
	line := func(good bool, format string, args ...any) {
		sign := "[+]"
		if !good {
			sign = "[-]"
		}
		fmt.Fprintf(&b, sign+format+"\n", args...)
	}
	for _, r := range st.manager.Rooms() {
		switch {
		case r.Session != nil && r.Session.State != table.Sealed:
			line(r.Session.State != table.Locked, "room %s: session %s", r.ID, r.Session.State)
		case r.Fit:
			line(true, "room %s: fit", r.ID)
		default:
			code = http.StatusServiceUnavailable
			why := make([]string, 0, len(r.Unfit))
			for _, u := range r.Unfit {
				why = append(why, u.En)
			}
			line(false, "room %s: not fit: %s", r.ID, strings.Join(why, " "))
		}
		for _, c := range r.Cameras {
			line(c.Connected, "camera %s/%s: connected %t", r.ID, c.ID, c.Connected)
		}
	}
	for _, v := range st.disks.all() {
		line(v.Fault() == nil, "volume %s: %s", v.ID(), map[bool]string{true: "in use", false: "has left"}[v.Fault() == nil])
	}
	t := st.trust.look()
	line(t.OK(), "clock: trusted %t, at most %v off", t.OK(), t.MaxError)
	_, err := st.sealKey()
	line(err == nil, "key: usable %t", err == nil)
	verdict := "ready"
	if code != http.StatusOK {
		verdict = "not ready"
	}
	say(w, code, b.String()+verdict)
}

func say(w http.ResponseWriter, code int, what string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	// A sender that has gone needs no answer.
	_, _ = io.WriteString(w, what+"\n")
}
