package access

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The scopes of tokens once more, drawn by hand: which offices can have each. Letters as in drawn.
var scoped = map[Action]string{
	SeeRooms: "osramu", WatchRoom: "os", KeepPanel: "os", Open: "o", Run: "o", Call: "s", ListSessions: "osr", ViewSession: "osr",
	Transcribe: "osr", Certify: "osra", Copy: "sr", ReadAccess: "su", SeeStation: "smu", ManageHost: "m", AllSessions: "sr", AllRooms: "s",
}

func TestScopesAreAPartOfTheTable(t *testing.T) {
	for _, r := range append(Roles(), "", "root") {
		can := ForToken(r)
		for _, a := range Actions() {
			want := false
			for _, l := range scoped[a] {
				want = want || l == letters[r]
			}
			require.Equal(t, want, contains(can, a), "%s %s", r, a)
			if contains(can, a) {
				require.True(t, May(r, a), "a token of office %s may more than the office: %s", r, a)
			}
		}
	}
	for _, a := range never {
		require.Empty(t, scoped[a], "no program does %s", a)
	}
}

func contains(list []Action, a Action) bool {
	for _, x := range list {
		if x == a {
			return true
		}
	}
	return false
}

func TestParseScopes(t *testing.T) {
	s, err := ParseScopes(Officer, []string{"run", "open", "run"})
	require.NoError(t, err)
	require.Equal(t, Scopes("self open run"), s)
	for _, a := range Actions() {
		require.Equal(t, a == Self || a == Open || a == Run, s.Has(a), a)
	}
	require.False(t, s.Has(""))
	for name, c := range map[string]struct {
		office Role
		names  []string
	}{
		"none":                    {Officer, nil},
		"not the office's":        {Officer, []string{"all-sessions"}},
		"a person's":              {Supervisor, []string{"approve"}},
		"a supervisor's decision": {Supervisor, []string{"run"}},
		"making tokens":           {Administrator, []string{"manage-people"}},
		"no such":                 {Officer, []string{"run", "pause"}},
		"two in one":              {Officer, []string{"run open"}},
		"a machine's office":      {Host, []string{"manage-host"}},
		"no office":               {"", []string{"run"}},
	} {
		_, err := ParseScopes(c.office, c.names)
		require.Error(t, err, name)
	}
}
