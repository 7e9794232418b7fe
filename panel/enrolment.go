package panel

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/session"
)

// offerLasts is for how long a link makes a machine the panel of a room.
const offerLasts = 24 * time.Hour

// PanelOffer returns a panel to be, the code of the link that makes a machine it, the link's path, and until
// when it does.
func PanelOffer(now clock.Wall, room, name string) (p people.Panel, code, path string, until clock.Wall) {
	code = rand.Text() + rand.Text()
	return people.Panel{ID: strings.ToLower(rand.Text()[:8]), Room: room, Name: name}, code, "/enrol/" + code, now.Add(offerLasts)
}

// OfferedPanel is a link that makes the machine on which it is opened the panel of a room, once.
type OfferedPanel struct {
	ID    string     `json:"id"`
	Room  string     `json:"room"`
	Name  string     `json:"name"`
	Path  string     `json:"path" doc:"To be opened on that machine, once. It is told this once"`
	Until clock.Wall `json:"until" doc:"The last instant at which it works"`
}

// enrolPage is what the page is made from on which a machine becomes a panel.
type enrolPage struct {
	Room session.Text
	Name string
	Path string
}

// keeps reports whether the sender's page of a room stands for the one in it: a room with a panel is kept by that
// alone, for whoever has its page open elsewhere does not see that it is dark.
func (a *signIn) keeps(ctx context.Context, room string) bool {
	if personOf(ctx).Room == room {
		return true
	}
	panels, err := a.people.Panels(ctx)
	if err != nil {
		a.s.log.Error().Err(err).Msg("read the panels")
		return true
	}
	return !slices.ContainsFunc(panels, func(p people.Panel) bool { return p.Room == room && !p.Shut })
}

func (a *signIn) mountEnrolment(rt *routes) {
	offered := func(w http.ResponseWriter, r *http.Request) (people.Panel, session.RoomView, bool) {
		p, err := a.people.Offered(r.PathValue("token"))
		room, ok := a.s.sessions.Room(p.Room)
		switch {
		case errors.Is(err, people.ErrNotFound) || err == nil && !ok:
			a.s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
		case err != nil:
			a.s.fail(w, r, "enrol", err)
		default:
			return p, room, true
		}
		return p, room, false
	}
	rt.page("GET /enrol/{token}", access.Anyone, func(w http.ResponseWriter, r *http.Request) {
		if p, room, ok := offered(w, r); ok {
			a.s.render(w, r, http.StatusOK, "enrol", enrolPage{room.Name, p.Name, r.URL.Path})
		}
	})
	rt.page("POST /enrol/{token}", access.Anyone, func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := offered(w, r); !ok {
			return
		}
		token := rand.Text() + rand.Text()
		p, err := a.people.TakePanel(r.Context(), r.PathValue("token"), token)
		if errors.Is(err, people.ErrNotFound) {
			a.s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
			return
		}
		if err != nil {
			a.s.fail(w, r, "enrol", err)
			return
		}
		a.end(w, r) // whoever was signed in there is not any more
		a.set(w, panelCookie, token, panelLasts)
		http.Redirect(w, r, "/rooms/"+p.Room, http.StatusSeeOther)
	})
}

func (a *signIn) enrolmentRoutes(rt *routes) {
	type offerInput struct {
		Body struct {
			Room string `json:"room" maxLength:"32"`
			Name string `json:"name" minLength:"1" maxLength:"128" doc:"What journals and lists call the machine"`
		}
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "offer-panel", Method: http.MethodPost, Path: apiRoot + "/panels", Summary: "Make a link that makes a machine the panel of a room",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *offerInput) (*bodyOf[OfferedPanel], error) {
		if _, ok := a.s.sessions.Room(in.Body.Room); !ok {
			return nil, a.peopleProblem(errField{"room", "problem.not-found"})
		}
		name := strings.TrimSpace(in.Body.Name)
		if !TokenName(name) {
			return nil, a.peopleProblem(errField{"name", "people.bad-name"})
		}
		p, code, path, until := PanelOffer(a.s.clock.Now().Wall, in.Body.Room, name)
		if err := a.people.OfferPanel(ctx, actorOf(ctx).ID, p, code, until); err != nil {
			return nil, a.s.problemOf("panel", err)
		}
		return &bodyOf[OfferedPanel]{OfferedPanel{p.ID, p.Room, p.Name, path, until}}, nil
	})
}
