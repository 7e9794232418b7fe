package panel

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/session"
)

// peoplePage is what the page of people and panels is made from.
type peoplePage struct {
	People []people.Person
	Panels []people.Panel
	Rooms  []session.RoomView
	Roles  []access.Role
	Deeds  []people.Deed
	Wrong  *session.Text
	Offer  *offerView // a link that was just made
	zone   string
}

// offerView is a link that makes a machine the panel of a room, as the page shows it, once.
type offerView struct {
	Room  session.Text
	Name  string
	Link  string
	Until string // date and time
}

// When returns an instant as date and time.
func (p peoplePage) When(d people.Deed) string { return rowOf(Record{Zone: p.zone}).When(d.At) }

func (a *signIn) mountPeople(rt *routes) {
	rt.page("GET /people", access.ManagePeople, func(w http.ResponseWriter, r *http.Request) { a.peoplePage(w, r, http.StatusOK, "") })
	rt.raw("POST /people", access.ManagePeople, a.addPerson)
	rt.raw("POST /people/{person}", access.ManagePeople, a.changePerson)
	rt.raw("POST /panels", access.ManagePeople, a.enrol)
	rt.raw("POST /panels/offer", access.ManagePeople, a.offer)
	rt.raw("POST /panels/{panel}/shut", access.ManagePeople, func(w http.ResponseWriter, r *http.Request) {
		a.answer(w, r, a.people.ShutPanel(r.Context(), actorOf(r.Context()).ID, r.PathValue("panel")))
	})
}

// shownDeeds is how many changes the page shows.
const shownDeeds = 50

func (a *signIn) peoplePage(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	page := peoplePage{}
	if wrong != "" {
		t := a.s.text(wrong)
		page.Wrong = &t
	}
	a.showPeople(w, r, status, page)
}

// showPeople shows the page with what there is to say of the last change.
func (a *signIn) showPeople(w http.ResponseWriter, r *http.Request, status int, page peoplePage) {
	page.Rooms, page.Roles, page.zone = personOf(r.Context()).shownAll(a.s.sessions.Rooms()), access.People(), "UTC"
	if len(page.Rooms) > 0 {
		page.zone = page.Rooms[0].Zone
	}
	var err, err2, err3 error
	page.People, err = a.people.People(r.Context())
	page.Panels, err2 = a.people.Panels(r.Context())
	page.Deeds, err3 = a.people.Deeds(r.Context(), shownDeeds)
	if err := errors.Join(err, err2, err3); err != nil {
		a.s.fail(w, r, "people", err)
		return
	}
	a.s.render(w, r, status, "people", page)
}

// answer leads back to the page, or says there what is wrong.
func (a *signIn) answer(w http.ResponseWriter, r *http.Request, err error) {
	for known, key := range map[error]string{
		people.ErrTaken: "people.taken", people.ErrLast: "people.last", people.ErrNotFound: "problem.not-found",
		access.ErrPassword: "people.bad-password", access.ErrPIN: "people.bad-pin",
	} {
		if errors.Is(err, known) {
			a.peoplePage(w, r, http.StatusUnprocessableEntity, key)
			return
		}
	}
	if err != nil {
		a.s.fail(w, r, "people", err)
		return
	}
	http.Redirect(w, r, "/people", http.StatusSeeOther)
}

// secrets returns the hashes of what was entered, empty for nothing.
func (a *signIn) secrets(r *http.Request) (password, pin string, err error) {
	if v := r.PostFormValue("secret"); v != "" {
		if err := access.CheckPassword(v); err != nil {
			return "", "", err
		}
		password = a.cost.Hash(v)
	}
	if v := r.PostFormValue("pin"); v != "" {
		if err := access.CheckPIN(v); err != nil {
			return "", "", err
		}
		pin = a.cost.Hash(v)
	}
	return password, pin, nil
}

func (a *signIn) addPerson(w http.ResponseWriter, r *http.Request) {
	p := people.Person{ID: strings.TrimSpace(r.PostFormValue("id")), Name: strings.TrimSpace(r.PostFormValue("name")), Role: r.PostFormValue("role")}
	key := a.unfit(p.ID, p.Name, strings.Repeat("x", access.MinPassword))
	if key == "" && !access.Role(p.Role).Given() {
		key = "people.bad-role"
	}
	if key != "" {
		a.peoplePage(w, r, http.StatusUnprocessableEntity, key)
		return
	}
	var err error
	if p.Password, p.PIN, err = a.secrets(r); err == nil {
		err = a.people.Add(r.Context(), actorOf(r.Context()).ID, p)
	}
	a.answer(w, r, err)
}

// changePerson changes what the form names; an empty secret stays as it was.
func (a *signIn) changePerson(w http.ResponseWriter, r *http.Request) {
	var c people.Change
	password, pin, err := a.secrets(r)
	if err != nil {
		a.answer(w, r, err)
		return
	}
	if password != "" {
		c.Password = &password
	}
	if pin != "" {
		c.PIN = &pin
	}
	if role := r.PostFormValue("role"); role != "" {
		if !access.Role(role).Given() {
			a.peoplePage(w, r, http.StatusUnprocessableEntity, "people.bad-role")
			return
		}
		c.Role = &role // the form always has one
	}
	if r.PostForm.Has("name") {
		name := strings.TrimSpace(r.PostFormValue("name"))
		if !TokenName(name) {
			a.peoplePage(w, r, http.StatusUnprocessableEntity, "people.bad-name")
			return
		}
		c.Name = &name
	}
	if v := r.PostFormValue("shut"); v == "yes" || v == "no" {
		shut := v == "yes"
		c.Shut = &shut
	}
	a.answer(w, r, a.people.Change(r.Context(), actorOf(r.Context()).ID, r.PathValue("person"), c))
}

// panelLasts is how long a browser keeps what it was enrolled with.
const panelLasts = 400 * 24 * time.Hour

// enrol makes the machine from which it is asked the panel of a room, and signs the administrator out
// there: from now on the machine shows that room and nothing else.
// offer makes a link that makes another machine the panel of a room, for whoever does not sit before it.
func (a *signIn) offer(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSpace(r.PostFormValue("name"))
	room, ok := a.s.sessions.Room(r.PostFormValue("room"))
	switch {
	case !ok:
		a.peoplePage(w, r, http.StatusUnprocessableEntity, "problem.not-found")
		return
	case !TokenName(name):
		a.peoplePage(w, r, http.StatusUnprocessableEntity, "people.bad-name")
		return
	}
	p, code, path, until := PanelOffer(a.s.clock.Now().Wall, room.ID, name)
	if err := a.people.OfferPanel(r.Context(), actorOf(r.Context()).ID, p, code, until); err != nil {
		a.s.fail(w, r, "panel", err)
		return
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	a.showPeople(w, r, http.StatusCreated, peoplePage{Offer: &offerView{room.Name, name, scheme + r.Host + path, rowOf(Record{Zone: room.Zone}).When(until)}})
}

func (a *signIn) enrol(w http.ResponseWriter, r *http.Request) {
	room, name := r.PostFormValue("room"), strings.TrimSpace(r.PostFormValue("name"))
	if _, ok := a.s.sessions.Room(room); !ok {
		a.peoplePage(w, r, http.StatusUnprocessableEntity, "problem.not-found")
		return
	}
	if a.unfit("x", name, strings.Repeat("x", access.MinPassword)) != "" {
		a.peoplePage(w, r, http.StatusUnprocessableEntity, "people.bad-name")
		return
	}
	token := rand.Text() + rand.Text()
	id := strings.ToLower(rand.Text()[:8])
	if err := a.people.Enrol(r.Context(), actorOf(r.Context()).ID, people.Panel{ID: id, Room: room, Name: name}, token); err != nil {
		a.s.fail(w, r, "enrol", err)
		return
	}
	a.end(w, r)
	a.set(w, panelCookie, token, panelLasts)
	http.Redirect(w, r, "/rooms/"+room, http.StatusSeeOther)
}
