package panel_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/access"
)

// Everybody changes what they sign in with themselves, with the present password, and nobody else's.
func TestPeopleChangeTheirOwnPassword(t *testing.T) {
	s := newStation(t)
	s.add("admin", access.Administrator) // somebody must stay one
	s.add("0417", access.Officer)
	s.add("0522", access.Officer)
	c := s.browser()
	require.Equal(t, http.StatusUnauthorized, s.post(s.browser(), "/me", "present", good, "secret", good+"!", "again", good+"!").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(c, "0417", good).StatusCode)
	require.Equal(t, http.StatusOK, s.get(c, "/me").StatusCode)
	const better = "a better battery staple"
	for name, form := range map[string][]string{
		"they differ":    {"present", good, "secret", better, "again", better + "x"},
		"too short":      {"present", good, "secret", "short", "again", "short"},
		"a simple PIN":   {"present", good, "pin", "123456"},
		"nothing at all": {"present", good},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, s.post(c, "/me", form...).StatusCode, name)
	}
	require.Equal(t, http.StatusSeeOther, s.signIn(s.browser(), "0417", good).StatusCode, "nothing was changed")
	r := s.post(c, "/me", "present", good, "secret", better, "again", better, "id", "0522")
	require.Equal(t, http.StatusOK, r.StatusCode, "%s", r.body)
	require.Equal(t, http.StatusSeeOther, s.signIn(s.browser(), "0417", better).StatusCode)
	require.Equal(t, http.StatusSeeOther, s.signIn(s.browser(), "0522", good).StatusCode, "another's stays")
	require.Equal(t, http.StatusUnauthorized, s.signIn(s.browser(), "0417", good).StatusCode, "the old one is over")
	require.Equal(t, http.StatusUnprocessableEntity, s.post(s.signedIn("0522"), "/me", "present", "wrong", "secret", better, "again", better).StatusCode, "without the present one")
}

// signedIn returns a browser in which someone has signed in.
func (s *station) signedIn(id string) *http.Client {
	s.t.Helper()
	c := s.browser()
	require.Equal(s.t, http.StatusSeeOther, s.signIn(c, id, good).StatusCode)
	return c
}
