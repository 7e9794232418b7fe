package panel

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/session"
)

// tokenPrefix begins the secret of every token, so that it is known for one wherever it turns up.
const tokenPrefix = "roomrec-token-"

// TokenID begins the id of whoever acts with a token, in journals.
const TokenID = "token-"

// NewToken returns the id and the secret of a new token.
func NewToken() (id, secret string) {
	return strings.ToLower(rand.Text()[:8]), tokenPrefix + rand.Text() + rand.Text()
}

// maxTokenDays is for how many days a token can be made at most, unless it is good until it is shut.
const maxTokenDays = 3650

// TokenUntil returns the last instant of a token that is made now and is good for so many days, 0 for 0:
// until it is shut. It reports false for a number that no token has.
func TokenUntil(now clock.Wall, days int) (clock.Wall, bool) {
	if days == 0 {
		return 0, true
	}
	return now.Add(time.Duration(days) * 24 * time.Hour), days > 0 && days <= maxTokenDays
}

// TokenName reports whether name can be a token's: one line of at most 64 characters. So can
// every other name that people give: of a person, of a panel.
func TokenName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= 64 && !strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// program returns the program that a token's secret belongs to. Tokens are good for the API alone.
func (a *signIn) program(r *http.Request, secret string) (Person, bool) {
	if !strings.HasPrefix(r.URL.Path, "/api/") || len(secret) > 128 {
		return Person{}, false
	}
	t, err := a.people.TokenOf(r.Context(), secret)
	if err != nil {
		if !errors.Is(err, people.ErrNotFound) {
			a.s.log.Error().Err(err).Msg("token")
		} else {
			a.s.metrics.refused.WithLabelValues(meansToken, causeWrong).Inc()
		}
		return Person{}, false
	}
	p := Person{Actor: session.Actor{ID: TokenID + t.ID, Name: t.Name, Role: t.Role}, Rights: access.Role(t.Role), Scopes: access.Scopes(t.Scopes), Only: t.Room}
	return p, p.Scopes != "" && p.Rights.Given()
}

// errField says which field of a request is wrong; key names the message.
type errField struct{ field, key string }

func (e errField) Error() string { return e.field + ": " + e.key }

// newToken makes a token and returns it with its secret, which is nowhere kept.
func (a *signIn) newToken(ctx context.Context, t people.Token, scopes []string, days int) (people.Token, string, error) {
	granted, err := access.ParseScopes(access.Role(t.Role), scopes)
	until, ok := TokenUntil(a.s.clock.Now().Wall, days)
	room := t.Room == ""
	if !room {
		_, room = a.s.sessions.Room(t.Room)
	}
	switch {
	case !TokenName(t.Name):
		return t, "", errField{"name", "people.bad-name"}
	case !access.Role(t.Role).Given():
		return t, "", errField{"office", "people.bad-role"}
	case err != nil:
		return t, "", errField{"scopes", "tokens.bad-scopes"}
	case !room:
		return t, "", errField{"room", "problem.not-found"}
	case !ok:
		return t, "", errField{"days", "tokens.bad-days"}
	}
	var secret string
	t.ID, secret = NewToken()
	t.Scopes, t.Until = string(granted), until
	return t, secret, a.people.AddToken(ctx, actorOf(ctx).ID, t, secret)
}

// tokensPage is what the page of tokens is made from.
type tokensPage struct {
	Tokens  []people.Token
	Rooms   []session.RoomView
	Offices []officeScopes
	Secret  string // of the one that was just made, shown once
	Wrong   *session.Text
	zone    string
}

// officeScopes is an office with the scopes that its tokens can have.
type officeScopes struct {
	Office access.Role
	Scopes []access.Action
}

// Until returns the last instant of a token as date and time.
func (p tokensPage) Until(t people.Token) string { return rowOf(Record{Zone: p.zone}).When(t.Until) }

// Granted returns the scopes of a token that say something.
func (tokensPage) Granted(t people.Token) []string {
	return strings.Fields(strings.TrimPrefix(t.Scopes, string(access.Self)))
}

func (a *signIn) mountTokens(rt *routes) {
	rt.page("GET /tokens", access.ManagePeople, func(w http.ResponseWriter, r *http.Request) {
		a.tokensPage(w, r, http.StatusOK, tokensPage{})
	})
	rt.page("POST /tokens", access.ManagePeople, a.postToken)
	rt.raw("POST /tokens/{token}/shut", access.ManagePeople, func(w http.ResponseWriter, r *http.Request) {
		if err := a.people.ShutToken(r.Context(), actorOf(r.Context()).ID, r.PathValue("token")); err != nil && !errors.Is(err, people.ErrNotFound) {
			a.s.fail(w, r, "token", err)
			return
		}
		http.Redirect(w, r, "/tokens", http.StatusSeeOther)
	})
}

func (a *signIn) tokensPage(w http.ResponseWriter, r *http.Request, status int, page tokensPage) {
	page.Rooms, page.zone = personOf(r.Context()).shownAll(a.s.sessions.Rooms()), "UTC"
	if len(page.Rooms) > 0 {
		page.zone = page.Rooms[0].Zone
	}
	for _, o := range access.People() {
		page.Offices = append(page.Offices, officeScopes{o, access.ForToken(o)})
	}
	var err error
	if page.Tokens, err = a.people.Tokens(r.Context()); err != nil {
		a.s.fail(w, r, "tokens", err)
		return
	}
	a.s.render(w, r, status, "tokens", page)
}

// postToken makes a token. A box of the form is named after office and scope, so that one form holds all.
func (a *signIn) postToken(w http.ResponseWriter, r *http.Request) {
	t := people.Token{Name: strings.TrimSpace(r.PostFormValue("name")), Role: r.PostFormValue("office"), Room: r.PostFormValue("room")}
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil {
		days = -1
	}
	_, secret, err := a.newToken(r.Context(), t, r.PostForm["scope-"+t.Role], days)
	var wrong errField
	switch {
	case errors.As(err, &wrong):
		say := a.s.text(wrong.key)
		a.tokensPage(w, r, http.StatusUnprocessableEntity, tokensPage{Wrong: &say})
	case err != nil:
		a.s.fail(w, r, "token", err)
	default:
		a.tokensPage(w, r, http.StatusCreated, tokensPage{Secret: secret})
	}
}
