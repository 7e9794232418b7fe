package panel

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
)

// PersonView is someone who can sign in. Secrets are never told.
type PersonView struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Office   access.Role `json:"office" enum:"officer,supervisor,reviewer,approver,administrator,auditor"`
	Password bool        `json:"password" doc:"Can sign in with a password"`
	PIN      bool        `json:"pin" doc:"Can sign in with a PIN at a room's panel"`
	Shut     bool        `json:"shut" doc:"Cannot sign in"`
}

// PanelView is a machine that is the panel of a room.
type PanelView struct {
	ID   string `json:"id"`
	Room string `json:"room"`
	Name string `json:"name"`
	Shut bool   `json:"shut"`
}

// TokenView is what another program signs in with, without its secret.
type TokenView struct {
	ID     string      `json:"id" doc:"Journals name it with token- before this"`
	Name   string      `json:"name"`
	Office access.Role `json:"office"`
	Scopes []string    `json:"scopes" doc:"What it may of what the office may"`
	Room   string      `json:"room,omitempty" doc:"The only room that it reaches; absent: all"`
	Until  *clock.Wall `json:"until,omitempty" doc:"The last instant at which it is good; absent: until it is shut"`
	Shut   bool        `json:"shut"`
}

// MadeToken is a new token with its secret, which is told this once.
type MadeToken struct {
	TokenView
	Token string `json:"token" doc:"To be sent as Authorization: Bearer. It is kept nowhere: who loses it makes another"`
}

// DeedView is one change of people, panels or tokens.
type DeedView struct {
	At      clock.Wall `json:"at"`
	By      string     `json:"by"`
	What    string     `json:"what"`
	Subject string     `json:"subject"`
}

func tokenView(t people.Token) TokenView {
	v := TokenView{ID: t.ID, Name: t.Name, Office: access.Role(t.Role), Scopes: access.Scopes(t.Scopes).List(), Room: t.Room, Shut: t.Shut}
	if t.Until != 0 {
		v.Until = &t.Until
	}
	return v
}

func personView(p people.Person) PersonView {
	return PersonView{ID: p.ID, Name: p.Name, Office: access.Role(p.Role), Password: p.Password != "", PIN: p.PIN != "", Shut: p.Shut}
}

// listOf answers with what load returns, each as show shows it.
func listOf[T, V any](a *signIn, op string, load func(context.Context) ([]T, error), show func(T) V) func(context.Context, *struct{}) (*bodyOf[[]V], error) {
	return func(ctx context.Context, _ *struct{}) (*bodyOf[[]V], error) {
		all, err := load(ctx)
		if err != nil {
			return nil, a.s.problemOf(op, err)
		}
		out := make([]V, len(all))
		for i, x := range all {
			out[i] = show(x)
		}
		return &bodyOf[[]V]{out}, nil
	}
}

// peopleProblem turns what is wrong with a change into the answer, beside its field.
func (a *signIn) peopleProblem(err error) error {
	var f errField
	if !errors.As(err, &f) {
		for known, at := range map[error]errField{
			people.ErrTaken: {"id", "people.taken"}, people.ErrLast: {"id", "people.last"},
			access.ErrPassword: {"password", "people.bad-password"}, access.ErrPIN: {"pin", "people.bad-pin"},
		} {
			if errors.Is(err, known) {
				f = at
			}
		}
	}
	switch {
	case f.key != "":
		say := a.s.text(f.key)
		return problem(http.StatusUnprocessableEntity, say, FieldError{Field: f.field, Say: say})
	case errors.Is(err, people.ErrNotFound):
		return problem(http.StatusNotFound, a.s.text("problem.not-found"))
	}
	return a.s.problemOf("people", err)
}

// secretHashes returns the hashes of a new password and PIN, nil for those that are absent.
func (a *signIn) secretHashes(password, pin *string) (p, n *string, err error) {
	if password != nil {
		if err := access.CheckPassword(*password); err != nil {
			return nil, nil, err
		}
		h := a.cost.Hash(*password)
		p = &h
	}
	if pin != nil {
		if err := access.CheckPIN(*pin); err != nil {
			return nil, nil, err
		}
		h := a.cost.Hash(*pin)
		n = &h
	}
	return p, n, nil
}

// peopleRoutes adds what administrators do with people.
func (a *signIn) peopleRoutes(rt *routes) {
	const root = apiRoot + "/people"
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "people", Method: http.MethodGet, Path: root, Summary: "Who can sign in",
	}, listOf(a, "people", a.people.People, personView))
	type addInput struct {
		Body struct {
			ID       string  `json:"id" minLength:"1" maxLength:"32" doc:"As a service number; it never changes"`
			Name     string  `json:"name" minLength:"1" maxLength:"64"`
			Office   string  `json:"office" maxLength:"32" doc:"officer, supervisor, reviewer, approver, administrator, auditor"`
			Password *string `json:"password,omitempty" maxLength:"256"`
			PIN      *string `json:"pin,omitempty" maxLength:"12" doc:"For a room's panel"`
		}
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "add-person", Method: http.MethodPost, Path: root, Summary: "Add a person", DefaultStatus: http.StatusCreated, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *addInput) (*bodyOf[PersonView], error) {
		p := people.Person{ID: strings.TrimSpace(in.Body.ID), Name: strings.TrimSpace(in.Body.Name), Role: in.Body.Office}
		switch {
		case !PersonID(p.ID):
			return nil, a.peopleProblem(errField{"id", "people.bad-id"})
		case !TokenName(p.Name):
			return nil, a.peopleProblem(errField{"name", "people.bad-name"})
		case !access.Role(p.Role).Given():
			return nil, a.peopleProblem(errField{"office", "people.bad-role"})
		}
		password, pin, err := a.secretHashes(in.Body.Password, in.Body.PIN)
		if err != nil {
			return nil, a.peopleProblem(err)
		}
		if password != nil {
			p.Password = *password
		}
		if pin != nil {
			p.PIN = *pin
		}
		if err := a.people.Add(ctx, actorOf(ctx).ID, p); err != nil {
			return nil, a.peopleProblem(err)
		}
		return &bodyOf[PersonView]{personView(p)}, nil
	})
	type changeInput struct {
		Person string `path:"person" maxLength:"64" doc:"The person's id"`
		Body   struct {
			Name     *string `json:"name,omitempty" minLength:"1" maxLength:"64"`
			Office   *string `json:"office,omitempty" maxLength:"32"`
			Password *string `json:"password,omitempty" maxLength:"256"`
			PIN      *string `json:"pin,omitempty" maxLength:"12"`
			Shut     *bool   `json:"shut,omitempty" doc:"true: cannot sign in any more; false: can again"`
		}
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "change-person", Method: http.MethodPost, Path: root + "/{person}", Summary: "Change a person; their sign-ins end",
		Description: "What is absent stays as it was; the id never changes. Whoever gets another name still finds what was recorded under the former one, which stands there for good. " +
			"The list of deeds says what was changed, a name and an office with what they were. Nobody is removed: journals name them.", MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *changeInput) (*bodyOf[PersonView], error) {
		c := people.Change{Name: in.Body.Name, Role: in.Body.Office, Shut: in.Body.Shut}
		if c.Name != nil {
			*c.Name = strings.TrimSpace(*c.Name)
		}
		switch {
		case c.Name != nil && !TokenName(*c.Name):
			return nil, a.peopleProblem(errField{"name", "people.bad-name"})
		case c.Role != nil && !access.Role(*c.Role).Given():
			return nil, a.peopleProblem(errField{"office", "people.bad-role"})
		}
		var err error
		if c.Password, c.PIN, err = a.secretHashes(in.Body.Password, in.Body.PIN); err != nil {
			return nil, a.peopleProblem(err)
		}
		if err := a.people.Change(ctx, actorOf(ctx).ID, in.Person, c); err != nil {
			return nil, a.peopleProblem(err)
		}
		p, err := a.people.Person(ctx, in.Person)
		if err != nil {
			return nil, a.peopleProblem(err)
		}
		return &bodyOf[PersonView]{personView(p)}, nil
	})
	type deedsInput struct {
		Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"At most so many, newest first"`
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "deeds", Method: http.MethodGet, Path: apiRoot + "/deeds", Summary: "What was changed of people, panels and tokens, by whom",
	}, func(ctx context.Context, in *deedsInput) (*bodyOf[[]DeedView], error) {
		return listOf(a, "deeds", func(ctx context.Context) ([]people.Deed, error) { return a.people.Deeds(ctx, in.Limit) }, func(d people.Deed) DeedView {
			return DeedView{d.At, d.Actor, d.What, d.Subject}
		})(ctx, nil)
	})
}

// machineRoutes adds what administrators do with panels and tokens.
func (a *signIn) machineRoutes(rt *routes) {
	a.enrolmentRoutes(rt)
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "panels", Method: http.MethodGet, Path: apiRoot + "/panels", Summary: "Machines that are the panel of a room",
		Description: "A machine becomes one by an administrator at that machine, on the page of people, or by a link that an administrator made.",
	}, listOf(a, "panels", a.people.Panels, func(p people.Panel) PanelView { return PanelView(p) }))
	type panelInput struct {
		Panel string `path:"panel" maxLength:"64"`
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "shut-panel", Method: http.MethodPost, Path: apiRoot + "/panels/{panel}/shut", Summary: "End what a machine may do as a panel",
	}, func(ctx context.Context, in *panelInput) (*struct{}, error) {
		if err := a.people.ShutPanel(ctx, actorOf(ctx).ID, in.Panel); err != nil {
			return nil, a.peopleProblem(err)
		}
		return nil, nil
	})
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "tokens", Method: http.MethodGet, Path: apiRoot + "/tokens", Summary: "What other programs sign in with",
	}, listOf(a, "tokens", a.people.Tokens, tokenView))
	type makeInput struct {
		Body struct {
			Name   string   `json:"name" minLength:"1" maxLength:"64" doc:"As journals and lists show it"`
			Office string   `json:"office" maxLength:"32" doc:"The office in which it acts"`
			Scopes []string `json:"scopes" minItems:"1" maxItems:"32" doc:"What it may of what the office may"`
			Room   string   `json:"room,omitempty" maxLength:"32" doc:"The only room that it reaches"`
			Days   int      `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"For how long it is good; 0: until it is shut"`
		}
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "make-token", Method: http.MethodPost, Path: apiRoot + "/tokens", Summary: "Make a token; its secret is told this once",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *makeInput) (*bodyOf[MadeToken], error) {
		t, secret, err := a.newToken(ctx, people.Token{Name: strings.TrimSpace(in.Body.Name), Role: in.Body.Office, Room: in.Body.Room}, in.Body.Scopes, in.Body.Days)
		if err != nil {
			return nil, a.peopleProblem(err)
		}
		return &bodyOf[MadeToken]{MadeToken{tokenView(t), secret}}, nil
	})
	type tokenInput struct {
		Token string `path:"token" maxLength:"64"`
	}
	operation(rt, access.ManagePeople, huma.Operation{
		OperationID: "shut-token", Method: http.MethodPost, Path: apiRoot + "/tokens/{token}/shut", Summary: "End what a token may do, at once",
	}, func(ctx context.Context, in *tokenInput) (*struct{}, error) {
		if err := a.people.ShutToken(ctx, actorOf(ctx).ID, in.Token); err != nil {
			return nil, a.peopleProblem(err)
		}
		return nil, nil
	})
}
