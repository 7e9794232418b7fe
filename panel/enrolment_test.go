package panel_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/panel"
)

// A machine becomes a panel by a link that an administrator made, once; from then on it has the rights of its
// room alone. Nobody else makes such a link, and what opens it signs nobody in.
func TestAPanelIsEnrolledByALink(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("sup", access.Supervisor)
	admin, other := s.browser(), s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "admin", good).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(other, "sup", good).StatusCode)
	wish := map[string]string{"room": "room3", "name": "Screen 3"}
	require.Equal(t, http.StatusForbidden, do(t, other, "POST", s.url+"/api/v1/panels", wish).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, do(t, admin, "POST", s.url+"/api/v1/panels", map[string]string{"room": "none", "name": "x"}).StatusCode)
	offer := func() (o panel.OfferedPanel) {
		r := do(t, admin, "POST", s.url+"/api/v1/panels", wish)
		require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.body)
		require.NoError(t, json.Unmarshal(r.body, &o))
		return o
	}
	o := offer()
	listed, err := s.people.Panels(t.Context())
	require.NoError(t, err)
	require.Empty(t, listed, "it is none yet")

	// The code is no cookie.
	machine := s.browser()
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	code := strings.TrimPrefix(o.Path, "/enrol/")
	machine.Jar.SetCookies(at, []*http.Cookie{{Name: "roomrec", Value: "panel-offer:" + code}, {Name: "roomrec-panel", Value: code}})
	require.Equal(t, http.StatusUnauthorized, do(t, machine, "GET", s.url+"/api/v1/rooms/room3", nil).StatusCode)

	machine = s.browser()
	require.Equal(t, http.StatusNotFound, do(t, machine, "GET", s.url+"/enrol/"+strings.Repeat("A", 52), nil).StatusCode)
	require.Equal(t, http.StatusOK, do(t, machine, "GET", s.url+o.Path, nil).StatusCode)
	require.Equal(t, http.StatusOK, do(t, machine, "GET", s.url+o.Path, nil).StatusCode, "looking at it uses nothing up")
	require.Equal(t, http.StatusSeeOther, s.post(machine, o.Path).StatusCode)
	require.Equal(t, http.StatusOK, do(t, machine, "GET", s.url+"/api/v1/rooms/room3", nil).StatusCode)
	require.Equal(t, http.StatusForbidden, do(t, machine, "GET", s.url+"/api/v1/rooms/van1", nil).StatusCode)
	require.Equal(t, http.StatusNotFound, s.post(s.browser(), o.Path).StatusCode, "once")
	listed, err = s.people.Panels(t.Context())
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Equal(t, o.ID, listed[0].ID)
	deeds, err := s.people.Deeds(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []string{"admin", "panel.enrol"}, []string{deeds[0].Actor, deeds[0].What}, "whoever made the link answers for it")

	late := offer()
	s.clock.Advance(25 * time.Hour)
	require.Equal(t, http.StatusNotFound, s.post(s.browser(), late.Path).StatusCode, "for a day")
}

// Whoever does not sit before the machine makes the link on the page of people, which shows it once.
func TestAPanelsLinkIsMadeOnThePage(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator)
	s.add("sup", access.Supervisor)
	admin, other := s.browser(), s.browser()
	require.Equal(t, http.StatusSeeOther, s.signIn(admin, "admin", good).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(other, "sup", good).StatusCode)
	require.Equal(t, http.StatusForbidden, s.post(other, "/panels/offer", "room", "room3", "name", "Screen 3").StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, s.post(admin, "/panels/offer", "room", "none", "name", "Screen 3").StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, s.post(admin, "/panels/offer", "room", "room3", "name", " ").StatusCode)
	r := s.post(admin, "/panels/offer", "room", "room3", "name", "Screen <3>")
	require.Equal(t, http.StatusCreated, r.StatusCode)
	require.Contains(t, string(r.body), "Screen &lt;3&gt;")
	link := regexp.MustCompile(`<code>` + regexp.QuoteMeta(s.url) + `(/enrol/[A-Z0-9]{52})</code>`).FindSubmatch(r.body)
	require.NotNil(t, link, "%s", r.body)
	require.NotContains(t, string(do(t, admin, "GET", s.url+"/people", nil).body), string(link[1]), "once")
	require.Equal(t, http.StatusOK, do(t, admin, "GET", s.url+"/api/v1/rooms/room3", nil).StatusCode, "whoever makes it stays signed in")

	machine := s.browser()
	require.Equal(t, http.StatusSeeOther, s.post(machine, string(link[1])).StatusCode)
	require.Equal(t, http.StatusOK, do(t, machine, "GET", s.url+"/api/v1/rooms/room3", nil).StatusCode)
	require.Equal(t, http.StatusNotFound, s.post(s.browser(), string(link[1])).StatusCode)
}
