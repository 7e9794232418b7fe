package panel

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/session"
)

// SignIn is what signing in rests on.
type SignIn struct {
	People *people.Store
	// TLS says that the site is served over TLS, to which cookies are then bound.
	TLS bool
	// First is the secret of the one-time link that makes the first administrator, empty if there are
	// people already.
	First string
	// Host is what commands on this host sign in with, empty: they cannot.
	Host string
	Cost access.Cost // of passwords; zero: access.Usual
	// Idle is after how long without a deed a person is asked again; zero: half an hour.
	Idle time.Duration
}

// FirstLink returns a secret for [SignIn.First] and the path of its link.
func FirstLink() (secret, path string) {
	secret = rand.Text() + rand.Text()
	return secret, "/first/" + secret
}

// once is a link that can be used once.
type once struct {
	mu   sync.Mutex
	link string
}

func (o *once) opens(link string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.link != "" && subtle.ConstantTimeCompare([]byte(o.link), []byte(link)) == 1
}

func (o *once) used() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.link = ""
}

// idForm is what ids of people look like.
var idForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)

// PersonID reports whether id can be one of a person.
func PersonID(id string) bool { return idForm.MatchString(id) }

// formPage is what the pages with one form are made from.
type formPage struct {
	Next, ID, Name, Link string
	PIN                  bool // asked for a PIN, at a room's panel
	Wrong                *session.Text
}

func (a *signIn) mount(rt *routes) {
	rt.page("GET /sign-in", access.Anyone, func(w http.ResponseWriter, r *http.Request) {
		a.form(w, r, http.StatusOK, formPage{Next: ownPath(r.URL.Query().Get("next"))})
	})
	rt.raw("POST /sign-in", access.Anyone, a.postSignIn)
	rt.raw("POST /sign-out", access.Anyone, func(w http.ResponseWriter, r *http.Request) {
		a.end(w, r)
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	})
	rt.page("GET /first/{token}", access.Anyone, func(w http.ResponseWriter, r *http.Request) {
		if !a.once.opens(r.PathValue("token")) {
			a.s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
			return
		}
		a.s.render(w, r, http.StatusOK, "first", formPage{Link: r.URL.Path})
	})
	rt.raw("POST /first/{token}", access.Anyone, a.postFirst)
	a.mountPeople(rt)
	a.mountEnrolment(rt)
	a.mountSelf(rt)
	a.mountTokens(rt)
}

// form shows the sign-in; at a room's panel it asks for a PIN.
func (a *signIn) form(w http.ResponseWriter, r *http.Request, status int, f formPage) {
	f.PIN = personOf(r.Context()).Room != ""
	a.s.render(w, r, status, "signin", f)
}

func (a *signIn) postSignIn(w http.ResponseWriter, r *http.Request) {
	f := formPage{Next: ownPath(r.PostFormValue("next")), ID: strings.TrimSpace(r.PostFormValue("id"))}
	pin := personOf(r.Context()).Room != ""
	p, err := a.check(r.Context(), addressOf(r), f.ID, r.PostFormValue("secret"), pin)
	if err == nil && pin && !access.May(access.Role(p.Role), access.KeepPanel) {
		err = errWrong // a room's panel is for those who run sessions
	}
	var wait waitError
	switch {
	case errors.As(err, &wait):
		a.wrong(w, r, http.StatusTooManyRequests, f, "signin.wait", wait.wait)
	case errors.Is(err, errWrong):
		a.wrong(w, r, http.StatusUnauthorized, f, "signin.wrong", 0)
	case err != nil:
		a.s.fail(w, r, "sign-in", err)
	default:
		if err := a.begin(w, r, p); err != nil {
			a.s.fail(w, r, "sign-in", err)
			return
		}
		http.Redirect(w, r, f.Next, http.StatusSeeOther)
	}
}

func (a *signIn) wrong(w http.ResponseWriter, r *http.Request, status int, f formPage, key string, wait time.Duration) {
	seconds := strconv.Itoa(int((wait + time.Second - 1) / time.Second))
	t := a.s.text(key)
	f.Wrong = &session.Text{En: strings.ReplaceAll(t.En, "{s}", seconds), Zh: strings.ReplaceAll(t.Zh, "{s}", seconds)}
	if wait > 0 {
		w.Header().Set("Retry-After", seconds)
	}
	a.form(w, r, status, f)
}

// postFirst makes the first administrator.
func (a *signIn) postFirst(w http.ResponseWriter, r *http.Request) {
	if !a.once.opens(r.PathValue("token")) {
		a.s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	f := formPage{Link: r.URL.Path, ID: strings.TrimSpace(r.PostFormValue("id")), Name: strings.TrimSpace(r.PostFormValue("name"))}
	key := a.unfit(f.ID, f.Name, r.PostFormValue("secret"))
	if key == "" && r.PostFormValue("secret") != r.PostFormValue("again") {
		key = "people.differ"
	}
	if key != "" {
		t := a.s.text(key)
		f.Wrong = &t
		a.s.render(w, r, http.StatusUnprocessableEntity, "first", f)
		return
	}
	p := people.Person{ID: f.ID, Name: f.Name, Role: string(access.Administrator), Password: a.cost.Hash(r.PostFormValue("secret")), Epoch: 1}
	err := a.people.AddFirst(r.Context(), p)
	if errors.Is(err, people.ErrNotFirst) {
		a.once.used()
		a.s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	if err == nil {
		a.once.used()
		err = a.begin(w, r, p)
	}
	if err != nil {
		a.s.fail(w, r, "first administrator", err)
		return
	}
	http.Redirect(w, r, "/people", http.StatusSeeOther)
}

// unfit names what is wrong with a new person, empty if nothing. An empty password is fit: such a person
// has a PIN alone.
func (a *signIn) unfit(id, name, password string) string {
	switch {
	case !idForm.MatchString(id):
		return "people.bad-id"
	case !TokenName(name):
		return "people.bad-name"
	case access.CheckPassword(password) != nil:
		return "people.bad-password"
	}
	return ""
}
