package panel

import (
	"cmp"
	"slices"

	"roomrec/clock"
)

// Moment is an instant of a session that a still is shown of: a marker's begin or end (Z25), or somebody
// coming in or going out (Z25-2).
type Moment struct {
	At   clock.Wall
	Code string // of the marker; empty: a coming
	Ends bool   // the end of what the marker marks
	Role string // of who comes or goes
	Out  bool   // goes out
	Text string // the marker's words, or who it is
}

// Moments returns the instants that stills are shown of, in their order.
func (r row) Moments() []Moment {
	var out []Moment
	for _, m := range r.Markers {
		out = append(out, Moment{At: m.Begin, Code: m.Code, Text: m.Text})
		if m.End != 0 {
			out = append(out, Moment{At: m.End, Code: m.Code, Ends: true, Text: m.Text})
		}
	}
	for _, c := range r.Comings {
		out = append(out, Moment{At: c.At, Role: c.Member.Role, Out: c.Out, Text: c.Member.Name})
	}
	slices.SortStableFunc(out, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
	return out
}
