package panel

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/session"
)

// How long a sign-in lasts. It ends no recording: who is signed out is asked again, that is all.
const (
	signInLasts = 12 * time.Hour
	signInIdle  = 30 * time.Minute // unless the site says otherwise
	panelIdle   = 10 * time.Minute // at a room's panel while no session of that officer is open there
	hashers     = 2                // passwords that are checked at once; others wait
	maxSeen     = 4096             // sign-ins whose last deed is remembered
)

// signIn knows who is signed in: people by their sign-in, machines by what they were enrolled with.
type signIn struct {
	s       *Server
	people  *people.Store
	lasting *scs.SessionManager
	cost    access.Cost
	dummy   string // kept for nobody: a wrong id takes as long as a wrong password
	delays  access.Delays
	hashing chan struct{} // one token for each password that is being checked
	secure  bool
	host    string // what commands on this host sign in with
	idle    time.Duration
	once    *once

	mu   sync.Mutex
	seen map[string]clock.Mono // last deed of each sign-in, by its token
}

// The cookies of a sign-in and of a panel. Over TLS their names bind them to this host and to TLS.
const (
	signInCookie = "roomrec"
	panelCookie  = "roomrec-panel"
)

func newSignIn(s *Server, o SignIn) *signIn {
	// scs.New would begin a store in memory, with a goroutine of its own.
	l := &scs.SessionManager{Store: o.People, Lifetime: signInLasts, Codec: scs.GobCodec{}}
	cost := o.Cost
	if cost == (access.Cost{}) {
		cost = access.Usual
	}
	idle := o.Idle
	if idle <= 0 {
		idle = signInIdle
	}
	return &signIn{
		idle: idle,
		s:    s, people: o.People, lasting: l, cost: cost, dummy: cost.Hash("nobody has this"), secure: o.TLS, host: o.Host, once: &once{link: o.First},
		hashing: make(chan struct{}, hashers), seen: make(map[string]clock.Mono),
	}
}

func (a *signIn) cookie(name string) string {
	if a.secure {
		return "__Host-" + name
	}
	return name
}

func (a *signIn) set(w http.ResponseWriter, name, value string, lasts time.Duration) {
	c := &http.Cookie{Name: a.cookie(name), Value: value, Path: "/", HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteStrictMode, MaxAge: int(lasts / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (a *signIn) held(r *http.Request, name string) string {
	c, err := r.Cookie(a.cookie(name))
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}

// Who returns who sends a request. Where the file of people cannot be read it is nobody.
func (a *signIn) Who(r *http.Request) (Person, bool) {
	if bearer, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
		if strings.HasPrefix(bearer, tokenPrefix) {
			return a.program(r, bearer)
		}
		if a.host == "" || subtle.ConstantTimeCompare([]byte(bearer), []byte(a.host)) != 1 || !fromHere(r) {
			return Person{}, false
		}
		return Person{Actor: session.Actor{ID: "host", Name: "host", Role: string(access.Host)}, Rights: access.Host}, true
	}
	p, ok := Person{}, false
	if token := a.held(r, panelCookie); token != "" {
		m, err := a.people.PanelOf(r.Context(), token)
		if err == nil {
			p, ok = Person{Actor: session.Actor{ID: "panel-" + m.ID, Name: m.Name, Role: string(access.Panel)}, Rights: access.Panel, Room: m.Room}, true
		} else if !errors.Is(err, people.ErrNotFound) {
			a.s.log.Error().Err(err).Msg("panel's sign-in")
			return Person{}, false
		}
	}
	token := a.held(r, signInCookie)
	if token == "" {
		return p, ok
	}
	who, err := a.signedIn(r.Context(), token, p.Room)
	if err != nil {
		if !errors.Is(err, people.ErrNotFound) {
			a.s.log.Error().Err(err).Msg("sign-in")
		}
		return p, ok
	}
	person := Person{Actor: session.Actor{ID: who.ID, Name: who.Name, Role: who.Role}, Rights: access.Role(who.Role), Room: p.Room, Former: who.Former, Ever: who.Ever}
	if !person.Rights.Given() || !a.awake(token, person, deed(r)) {
		return p, ok
	}
	return person, true
}

// signedIn returns whose sign-in a token is, or [people.ErrNotFound]. One that was made at a room's panel,
// by PIN, is good there alone.
func (a *signIn) signedIn(ctx context.Context, token, room string) (people.Person, error) {
	ctx, err := a.lasting.Load(ctx, token)
	if err != nil {
		return people.Person{}, err
	}
	id := a.lasting.GetString(ctx, "id")
	if id == "" || a.lasting.GetString(ctx, "room") != room {
		return people.Person{}, people.ErrNotFound
	}
	p, err := a.people.Person(ctx, id)
	if err == nil && (p.Shut || p.Epoch != a.lasting.GetInt64(ctx, "epoch")) {
		err = people.ErrNotFound
	}
	return p, err
}

// deed reports whether a request is something that a person did, not what a page does by itself.
func deed(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return !strings.HasSuffix(r.URL.Path, "/alive")
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" || strings.Contains(r.URL.Path, "/files/")
}

// awake reports whether a sign-in has not been idle for too long, and notes a deed. After a restart the
// time begins anew. At a panel the officer whose session is open there stays signed in.
func (a *signIn) awake(token string, p Person, deed bool) bool {
	now, limit, runs := a.s.clock.Now().Mono, a.idle, false
	if p.Room != "" {
		limit = min(a.idle, panelIdle)
		if v, ok := a.s.sessions.Room(p.Room); ok && v.Session != nil && v.Session.Seal == nil && p.owns(*v.Session) {
			deed, runs = true, true
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	at, known := a.seen[token]
	if known && !runs && now.Sub(at) > limit {
		return false
	}
	if deed || !known {
		if len(a.seen) >= maxSeen {
			for t, at := range a.seen {
				if now.Sub(at) > signInLasts {
					delete(a.seen, t)
				}
			}
		}
		if len(a.seen) < maxSeen || known {
			a.seen[token] = now
		}
	}
	return true
}

// begin signs someone in under a new token, whatever the request came with, and ends what it had.
func (a *signIn) begin(w http.ResponseWriter, r *http.Request, p people.Person) error {
	a.end(w, r)
	ctx, err := a.lasting.Load(r.Context(), "")
	if err != nil {
		return err
	}
	a.lasting.Put(ctx, "id", p.ID)
	a.lasting.Put(ctx, "epoch", p.Epoch)
	a.lasting.Put(ctx, "room", personOf(r.Context()).Room)
	token, _, err := a.lasting.Commit(ctx)
	if err != nil {
		return err
	}
	a.set(w, signInCookie, token, signInLasts)
	return nil
}

// end ends the sign-in that the request has, if any.
func (a *signIn) end(w http.ResponseWriter, r *http.Request) {
	token := a.held(r, signInCookie)
	if token == "" {
		return
	}
	if err := a.people.Delete(token); err != nil {
		a.s.log.Error().Err(err).Msg("sign out")
	}
	a.mu.Lock()
	delete(a.seen, token)
	a.mu.Unlock()
	a.set(w, signInCookie, "", 0)
}

// errWrong says that id and secret do not belong together, or that there is no such person.
var errWrong = errors.New("id and password do not belong together")

// waitError says that there were too many failures, and for how long nothing is tried.
type waitError struct{ wait time.Duration }

func (waitError) Error() string { return "too many failures" }

// check returns who has the secret: a password, or at a panel a PIN. Failures delay the next try, of the
// same person from the same address and of the address itself.
func (a *signIn) check(ctx context.Context, from, id, secret string, pin bool) (people.Person, error) {
	p, err := a.tried(ctx, from, id, secret, pin)
	means := meansPassword
	if pin {
		means = meansPIN
	}
	var wait waitError
	switch {
	case errors.As(err, &wait):
		a.s.metrics.refused.WithLabelValues(means, causeWait).Inc()
	case errors.Is(err, errWrong):
		a.s.metrics.refused.WithLabelValues(means, causeWrong).Inc()
	}
	return p, err
}

// waits returns a waitError if one of the keys must wait.
func (a *signIn) waits(keys []string, now time.Duration) error {
	for _, k := range keys {
		if wait := a.delays.Wait(k, now); wait > 0 {
			return waitError{wait}
		}
	}
	return nil
}

func (a *signIn) tried(ctx context.Context, from, id, secret string, pin bool) (people.Person, error) {
	now := time.Duration(a.s.clock.Now().Mono)
	keys := []string{"of " + strings.ToLower(id) + " from " + from, "from " + from}
	if len(id) > 64 {
		return people.Person{}, errWrong
	}
	if err := a.waits(keys, now); err != nil {
		return people.Person{}, err
	}
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
	case <-ctx.Done():
		return people.Person{}, ctx.Err()
	}
	// Those that failed while this one stood in the queue count, too.
	now = time.Duration(a.s.clock.Now().Mono)
	if err := a.waits(keys, now); err != nil {
		return people.Person{}, err
	}
	p, err := a.people.Person(ctx, id)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return p, err
	}
	kept := p.Password
	if pin {
		kept = p.PIN
	}
	known := err == nil && kept != "" && !p.Shut
	if !known {
		kept = a.dummy
	}
	good, err := access.Matches(kept, secret)
	if err != nil {
		return p, err
	}
	if !known || !good {
		for _, k := range keys {
			a.delays.Failed(k, now)
		}
		a.s.log.Warn().Str("from", from).Msg("sign-in refused")
		return people.Person{}, errWrong
	}
	a.delays.Good(keys[0])
	a.delays.Good(keys[1])
	return p, nil
}

// lead leads to the sign-in, and from there back to the page that was asked for.
func (a *signIn) lead(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(ownPath(r.URL.Path)), http.StatusSeeOther)
}

// ownPath returns path if it is one of this site, else the start page.
func ownPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(path) > 512 ||
		strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }) || strings.HasPrefix(path, "/sign-") {
		return "/"
	}
	return u.EscapedPath()
}
