package transcript

import "strings"

// people compares who took part.
func (c *comparison) people() {
	r := c.facts.Roster
	if r == nil {
		c.skip(PersonDiffers, OneInterrogator, OfficerNotOnRoster, InterpreterDiffers, GuardianMissing)
		return
	}
	start := c.at(c.facts.Start)
	d := c.doc
	if r.Numbers {
		c.skip(OfficerNotOnRoster)
	}
	if r.Person == "" {
		c.skip(PersonDiffers)
	}
	if d.Person.Found() && r.Person != "" && !sameName(d.Person.Value, r.Person) {
		c.result.add(PersonDiffers, d.Person.Line, start, textf(
			"the transcript is of %s, the session of %s", "笔录中的被讯问（询问）人为%s，录音录像为%s", d.Person.Value, r.Person))
	}
	officers := map[string]bool{}
	line := 0
	for _, group := range [][]Field{d.Questioners, d.Clerks} {
		for _, f := range group {
			officers[nameKey(f.Value)] = true
			line = max(line, f.Line)
			if !r.Numbers && !listed(r.Officers, f.Value) {
				c.result.add(OfficerNotOnRoster, f.Line, start, textf(
					"%s is named as an officer but is not on the session's roster", "%s记载为讯问（询问）人或记录人，但不在本次参加人员名单中", f.Value))
			}
		}
	}
	if len(officers) == 1 && c.kind() == KindInterrogation {
		c.result.add(OneInterrogator, line, start, Text{
			EN: "the transcript names one officer; an interrogation needs two",
			ZH: "笔录仅记载一名讯问人员，讯问应当由不少于二人进行",
		})
	}
	c.interpreters(r, start)
	c.guardians(r, start)
}

// kind is the session's kind, or the document's where that is not given.
func (c *comparison) kind() Kind {
	if c.facts.Kind != "" {
		return c.facts.Kind
	}
	return Kind(c.doc.Kind.Value)
}

func listed(list []string, name string) bool {
	for _, l := range list {
		if sameName(l, name) {
			return true
		}
	}
	return false
}

func (c *comparison) interpreters(r *Roster, start Stamp) {
	for _, f := range c.doc.Interpreters {
		if !r.Numbers && !listed(r.Interpreters, f.Value) {
			c.result.add(InterpreterDiffers, f.Line, start, textf(
				"%s is named as interpreter but is not on the session's roster", "%s记载为翻译人员，但不在本次参加人员名单中", f.Value))
		}
	}
	if len(c.doc.Interpreters) == 0 && (len(r.Interpreters) > 0 || r.InterpreterNeeded) {
		c.result.add(InterpreterDiffers, 0, start, textf(
			"the session has an interpreter (%s), the transcript names none", "本次有翻译人员（%s），笔录中未记载", strings.Join(r.Interpreters, "、")))
	}
}

func (c *comparison) guardians(r *Roster, start Stamp) {
	if len(c.doc.Guardians) == 0 && (len(r.Guardians) > 0 || r.GuardianNeeded) {
		c.result.add(GuardianMissing, 0, start, textf(
			"a legal representative took part or was needed (%s), the transcript names none", "应有法定代理人到场（%s），笔录中未记载", strings.Join(r.Guardians, "、")))
	}
	for _, f := range c.doc.Guardians {
		if !r.Numbers && !listed(r.Guardians, f.Value) {
			c.result.add(GuardianMissing, f.Line, start, textf(
				"%s is named as legal representative but was not in the session", "%s记载为法定代理人，但未参加本次讯问（询问）", f.Value))
		}
	}
}

// form compares kind, place and number.
func (c *comparison) form() {
	d, f, start := c.doc, c.facts, c.at(c.facts.Start)
	switch {
	case f.Kind == "":
		c.skip(KindDiffers)
	case d.Kind.Found() && Kind(d.Kind.Value) != f.Kind:
		c.result.add(KindDiffers, d.Kind.Line, start, textf(
			"the transcript is one of %s, the session one of %s", "笔录种类（%s）与录音录像种类（%s）不一致", d.Kind.Value, string(f.Kind)))
	}
	switch {
	case f.Ordinal == 0:
		c.skip(OrdinalDiffers)
	case d.Ordinal.Found() && d.Ordinal.Number != f.Ordinal:
		c.result.add(OrdinalDiffers, d.Ordinal.Line, start, textf(
			"the transcript is number %d, the session number %d", "笔录记载为第%d次，录音录像为第%d次", d.Ordinal.Number, f.Ordinal))
	}
	switch {
	case f.Places == nil:
		c.skip(PlaceDiffers)
	case d.Place.Found() && !samePlace(d.Place.Value, f.Places):
		c.result.add(PlaceDiffers, d.Place.Line, start, textf(
			"the transcript's place is %s, the session's %s", "笔录地点为%s，录音录像地点为%s", d.Place.Value, strings.Join(f.Places, "、")))
	}
}

// samePlace reports whether one name of the place is part of the other: 办案区第3讯问室 stands for
// XX市公安局办案区第3讯问室.
func samePlace(written string, places []string) bool {
	w := nameKey(written)
	for _, p := range places {
		k := nameKey(p)
		if k != "" && (strings.Contains(w, k) || strings.Contains(k, w)) {
			return true
		}
	}
	return false
}
