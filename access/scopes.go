package access

import (
	"fmt"
	"slices"
	"strings"
)

// Scopes are what a token may do of what its office may: names of actions with a space between, in the
// order of [Actions]. Empty: nothing is narrowed, as for people.
type Scopes string

// never lists what no program does: what a person puts their name to, and making people and tokens.
var never = []Action{Approve, Review, ManagePeople}

// ForToken lists the scopes that a token of an office can have. [Self] is not among them: every token knows
// what it is. A supervisor's exceptions are a person's, so that a token of that office looks on and runs no
// session; one that runs sessions has an officer's.
func ForToken(office Role) []Action {
	var out []Action
	for _, a := range Actions() {
		supervises := office == Supervisor && (a == Open || a == Run)
		if office.Given() && May(office, a) && a != Self && !supervises && !slices.Contains(never, a) {
			out = append(out, a)
		}
	}
	return out
}

// ParseScopes returns the scopes of a new token, in order and each once. The error names the first one
// that a token of that office cannot have, and those that it can.
func ParseScopes(office Role, names []string) (Scopes, error) {
	can := ForToken(office)
	if len(can) == 0 {
		return "", fmt.Errorf("office %q: want one of %v", office, People())
	}
	want := []string{string(Self)}
	for _, n := range names {
		if !slices.Contains(can, Action(n)) {
			return "", fmt.Errorf("scope %q: a token of office %s can have %v", n, office, can)
		}
	}
	for _, a := range can {
		if slices.Contains(names, string(a)) {
			want = append(want, string(a))
		}
	}
	if len(want) == 1 {
		return "", fmt.Errorf("no scope: a token of office %s can have %v", office, can)
	}
	return Scopes(strings.Join(want, " ")), nil
}

// List returns the scopes one by one.
func (s Scopes) List() []string { return strings.Fields(string(s)) }

// Has reports whether an action is among them.
func (s Scopes) Has(a Action) bool { return slices.Contains(s.List(), string(a)) }
