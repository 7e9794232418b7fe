package panel

import (
	"errors"
	"net/http"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/session"
)

// selfPage is the page on which people change what they sign in with.
type selfPage struct {
	Wrong *session.Text
	Done  bool
	PIN   bool // their office signs in at a room's panel
}

func (a *signIn) mountSelf(rt *routes) {
	rt.page("GET /me", access.Self, func(w http.ResponseWriter, r *http.Request) { a.selfPage(w, r, http.StatusOK, "", false) })
	rt.page("POST /me", access.Self, a.changeOwn)
}

func (a *signIn) selfPage(w http.ResponseWriter, r *http.Request, status int, wrong string, done bool) {
	page := selfPage{Done: done, PIN: personOf(r.Context()).may(access.KeepPanel)}
	if wrong != "" {
		t := a.s.text(wrong)
		page.Wrong = &t
	}
	a.s.render(w, r, status, "me", page)
}

// changeOwn changes a person's own password or PIN. The present password is asked for: a page that was left
// open must not be enough.
func (a *signIn) changeOwn(w http.ResponseWriter, r *http.Request) {
	refuse := func(key string) { a.selfPage(w, r, http.StatusUnprocessableEntity, key, false) }
	who := personOf(r.Context())
	if _, err := a.check(r.Context(), addressOf(r), who.ID, r.PostFormValue("present"), false); err != nil {
		var wait waitError
		if !errors.As(err, &wait) && !errors.Is(err, errWrong) {
			a.s.fail(w, r, "own password", err)
			return
		}
		refuse("me.wrong")
		return
	}
	if r.PostFormValue("secret") != r.PostFormValue("again") {
		refuse("people.differ")
		return
	}
	password, pin, err := a.secrets(r)
	var c people.Change
	switch {
	case errors.Is(err, access.ErrPassword):
		refuse("people.bad-password")
		return
	case errors.Is(err, access.ErrPIN):
		refuse("people.bad-pin")
		return
	case err != nil:
		a.s.fail(w, r, "own password", err)
		return
	case password == "" && pin == "":
		refuse("me.nothing")
		return
	}
	if password != "" {
		c.Password = &password
	}
	if pin != "" {
		c.PIN = &pin
	}
	if err := a.people.Change(r.Context(), who.ID, who.ID, c); err != nil {
		a.s.fail(w, r, "own password", err)
		return
	}
	a.selfPage(w, r, http.StatusOK, "", true)
}
