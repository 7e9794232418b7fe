package policy

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"roomrec/session/table"
)

// Field is what is wrong with one field of a form.
type Field struct {
	Name string // as in "roster" or "circumstances.minor"
	Say  table.Text
}

// Limits of what a form may hold.
const (
	MaxName    = 100 // characters of a name, a case number, a reason
	MaxRoster  = 30
	MaxOrdinal = 999 // of the interrogations of a person in a case
	MinPlanned = 10 * time.Minute
	MaxPlanned = 24 * time.Hour
)

// Validate returns what stands against opening a session with form in a room of the given kind, field
// by field; nothing if nothing does.
func (p Policy) Validate(form Form, roomKind string) []Field {
	v := &validation{}
	if form.Lawyer {
		v.add("lawyer_meeting", "lawyer")
		return v.fields // nothing else matters: this is not recorded
	}
	if form.Planned != 0 && (form.Planned < MinPlanned || form.Planned > MaxPlanned) {
		v.add("planned_ns", "planned")
	}
	if form.Kind == Technical {
		if len(form.Roster) > 0 || form.Person != "" {
			v.add("kind", "technical")
		}
		return v.fields
	}
	v.kind(form.Kind)
	v.text("case", form.Case, "case")
	v.text("person", form.Person, "person")
	if form.Ordinal < 0 || form.Ordinal > MaxOrdinal {
		v.add("ordinal", "ordinal")
	}
	v.category(form)
	v.roster(form)
	v.ground(form, roomKind)
	v.optional("clock_reason", form.ClockReason)
	v.wallClock(form.WallClock)
	v.times(form.Times)
	return v.fields
}

// Classify returns what is wrong with a new judgement of a case.
func (p Policy) Classify(form Form) []Field {
	v := &validation{}
	v.category(form)
	return v.fields
}

type validation struct{ fields []Field }

func (v *validation) add(field, sentence string) {
	v.fields = append(v.fields, Field{field, sentences[sentence]})
}

func (v *validation) kind(k Kind) {
	for _, known := range Kinds() {
		if k == known {
			return
		}
	}
	v.add("kind", "kind")
}

// text demands a short text on one line.
func (v *validation) text(field, s, missing string) {
	if strings.TrimSpace(s) == "" {
		v.add(field, missing)
		return
	}
	v.optional(field, s)
}

func (v *validation) optional(field, s string) {
	if !Line(s) {
		v.add(field, "line")
	}
}

// Line reports whether s is fit for a field: one line of valid text, not longer than [MaxName].
func Line(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= MaxName && !strings.ContainsFunc(s, unicode.IsControl)
}

func (v *validation) category(form Form) {
	if _, ok := choice(categories, form.Category); !ok {
		v.add("category", "category")
	}
	for key, answer := range form.Circumstances {
		if _, ok := choice(circumstances, key); !ok {
			v.add("circumstances", "circumstance")
		} else if answer != Yes && answer != No && answer != Unknown {
			v.add("circumstances."+key, "answer")
		}
	}
}

// roster demands who must be there. Officers are those who ask and who write: a suspect's
// interrogation needs two of them (C-2).
func (v *validation) roster(form Form) {
	if len(form.Roster) > MaxRoster {
		v.add("roster", "crowd")
		return
	}
	officers, questioners := 0, 0
	seen := make(map[string]bool)
	for _, m := range form.Roster {
		known := false
		for _, r := range Roles() {
			known = known || r == m.Role
		}
		name := strings.TrimSpace(m.Name)
		switch {
		case !known:
			v.add("roster", "role")
			return
		case name == "":
			v.add("roster", "name")
			return
		case !Line(m.Name):
			v.add("roster", "line")
			return
		case seen[name]:
			v.add("roster", "twice")
			return
		}
		seen[name] = true
		switch m.Role {
		case Questioner:
			officers, questioners = officers+1, questioners+1
		case Clerk:
			officers++
		}
	}
	switch {
	case form.Kind == Suspect && officers < 2:
		v.add("roster", "two-officers")
	case questioners == 0:
		v.add("roster", "questioner")
	}
}

// Validate returns what stands against a comparison of the clock in the room with the page's, field by field.
func (w WallClock) Validate() []Field {
	v := &validation{}
	v.wallClock(w)
	return v.fields
}

// wallClock demands the officer's look at the clock in the room.
func (v *validation) wallClock(w WallClock) {
	v.optional("wall_clock.reason", w.Reason)
	switch {
	case w.Says != ClockAgrees && w.Says != ClockDiffers:
		v.add("wall_clock", "wall")
	case w.Says == ClockDiffers && (w.Ahead == 0 || w.Ahead > maxAhead || w.Ahead < -maxAhead):
		v.add("wall_clock.ahead_s", "wall-seconds")
	case w.Says == ClockAgrees && w.Ahead != 0:
		v.add("wall_clock", "wall")
	}
}

func (v *validation) ground(form Form, roomKind string) {
	if _, ok := choice(grounds, form.Ground); form.Ground != "" && !ok {
		v.add("ground", "ground")
		return
	}
	// Victims and witnesses may be questioned where they are.
	held := form.Kind == Suspect || form.Kind == Administrative
	if roomKind == Mobile && held && form.Ground == "" {
		v.add("ground", "ground")
	}
}

// Missing returns who should be there and is not entered (Z25-2): an alarm, never a refusal.
func (p Policy) Missing(form Form) []table.Text {
	has := func(roles ...string) bool {
		for _, m := range form.Roster {
			for _, r := range roles {
				if m.Role == r {
					return true
				}
			}
		}
		return false
	}
	var out []table.Text
	if form.Circumstances["no-language"] == Yes && !has(Interpreter) {
		out = append(out, sentences["interpreter-missing"])
	}
	if form.Circumstances["minor"] == Yes && !has(LegalRepresentative) {
		out = append(out, sentences["representative-missing"])
	}
	if form.Circumstances["blind-deaf-mute"] == Yes && !has(SignInterpreter, Interpreter) {
		out = append(out, sentences["sign-missing"])
	}
	return out
}
