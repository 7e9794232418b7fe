package panel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/session"
)

// Z29-2: whoever took part decides nothing of a session, also after leaving it or under another name than then; who
// may see it is another question.
func TestZ29_2_WhoeverTookPartDecidesNothing(t *testing.T) {
	coming := func(name string, out bool) session.ComingView {
		return session.ComingView{Member: session.Member{Role: "clerk", Name: name}, Out: out}
	}
	var v session.SessionView
	v.OpenedBy = "0417"
	v.Form.Roster = []session.Member{{Role: "questioner", Name: "Officer Li"}, {Role: "clerk", Name: " officer wu "}}
	v.Comings = []session.ComingView{coming("0611", false), coming("0611", true), coming("Officer He", true)}
	for name, c := range map[string]struct {
		p          Person
		part, sees bool
	}{
		"who opened it":                  {Person{Actor: session.Actor{ID: "0417", Name: "Officer Li"}}, true, true},
		"on the roster":                  {Person{Actor: session.Actor{ID: "0522", Name: "Officer Wu"}}, true, true},
		"came and went":                  {Person{Actor: session.Actor{ID: "0611", Name: "Officer Sun"}}, true, false},
		"was there at the opening, went": {Person{Actor: session.Actor{ID: "0733", Name: "officer he"}}, true, false},
		"went under a former name":       {Person{Actor: session.Actor{ID: "0733", Name: "Officer Ma"}, Ever: "Officer He"}, true, false},
		"somebody else":                  {Person{Actor: session.Actor{ID: "0900", Name: "Officer Zhu"}}, false, false},
		"nobody":                         {Person{}, false, false},
	} {
		require.Equal(t, c.part, c.p.takesPart(v), name)
		require.Equal(t, c.sees, c.p.owns(v), name)
	}
}
