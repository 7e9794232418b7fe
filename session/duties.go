package session

import (
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// DutyView is something that is to be done by an instant, or a limit that is reached at one. Nothing is
// shut by it.
type DutyView struct {
	Code   string     `json:"code"` // as in "rights-read"
	Title  Text       `json:"title"`
	Due    clock.Wall `json:"due"`
	Clause string     `json:"clause"`
}

const (
	// rightsTime is how soon after Start the suspect's rights are read (S120).
	rightsTime = 5 * time.Minute
	// restTime is how long questioning goes on without rest or meal (Z28, C-2).
	restTime = 4 * time.Hour
	// summonsTime and summonsLong are the limits of a summons, the second in special and complex cases (C-2).
	summonsTime, summonsLong = 12 * time.Hour, 24 * time.Hour
	// firstTime is how soon after detention or arrest the first interrogation is (C86, C94).
	firstTime = 24 * time.Hour
)

var dutyTitles = map[string]Text{
	"rights-read":    {En: "Rights read", Zh: "告知诉讼权利"},
	"rest":           {En: "Rest", Zh: "休息"},
	"summons":        {En: "12 h from arrival", Zh: "到案满 12 小时"},
	"summons-long":   {En: "24 h from arrival", Zh: "到案满 24 小时"},
	"first-detained": {En: "24 h from detention", Zh: "拘留满 24 小时"},
	"first-arrested": {En: "24 h from arrest", Zh: "逮捕满 24 小时"},
}

// Duties returns what is to be done in a session that is not over, and by when; nothing for those that
// are no interrogation of a suspect but rest.
func (r Record) Duties(now clock.Wall) []DutyView {
	t := r.Table
	if t.State == table.None || t.Ended != 0 || r.Form.Kind == policy.Technical {
		return nil
	}
	var out []DutyView
	add := func(code, clause string, due clock.Wall) {
		out = append(out, DutyView{Code: code, Title: dutyTitles[code], Due: due, Clause: clause})
	}
	suspect := r.Form.Kind == policy.Suspect
	if t.Started != 0 {
		if suspect && !r.marked("rights-read") {
			add("rights-read", "S120", t.Started.Add(rightsTime))
		}
		if since, resting := restless(t.Started, r.Markers); !resting {
			add("rest", "Z28", since.Add(restTime))
		}
	}
	if !suspect {
		return out
	}
	if at, ok := policy.TimeOf(r.Form.Times.Arrived); ok {
		if due := clock.WallOf(at).Add(summonsTime); now < due {
			add("summons", "C-2", due)
		} else {
			add("summons-long", "C-2", clock.WallOf(at).Add(summonsLong))
		}
	}
	if t.Started == 0 {
		for _, f := range firsts {
			if at, ok := policy.TimeOf(f.of(r.Form.Times)); ok {
				add(f.code, f.clause, clock.WallOf(at).Add(firstTime))
			}
		}
	}
	return out
}

var firsts = []struct {
	code, clause, late string
	of                 func(policy.Times) string
}{
	{"first-detained", "C86", "late-detained", func(t policy.Times) string { return t.Detained }},
	{"first-arrested", "C94", "late-arrested", func(t policy.Times) string { return t.Arrested }},
}

// Late says of an interrogation that began more than 24 hours after detention or arrest that it did, if it
// is the person's first in the case as far as the form says (C86, C94).
func (r Record) Late() []Text {
	var out []Text
	for _, f := range firsts {
		at, ok := policy.TimeOf(f.of(r.Form.Times))
		if ok && r.Form.Kind == policy.Suspect && r.Form.Ordinal <= 1 && r.Table.Started > clock.WallOf(at).Add(firstTime) {
			out = append(out, sentences[f.late])
		}
	}
	return out
}

// Unmarked says of a session that has ended which of the acts that a law asks for nobody marked: rights,
// leniency and counsel told to a suspect (S120, C34), the transcript checked where it was signed or its
// signing refused (S122). It may be heard in the recording all the same; whether it is, a person judges.
func (r Record) Unmarked() []Text {
	if r.Table.Started == 0 || r.Table.Ended == 0 || r.Form.Kind == policy.Technical {
		return nil
	}
	var wanted []string
	if r.Form.Kind == policy.Suspect {
		wanted = append(wanted, "rights-read", "leniency-told", "counsel-told")
	}
	if r.Table.Ending != table.BrokenOff && !r.marked("read-aloud") {
		wanted = append(wanted, "transcript-check")
	}
	var en, zh []string
	for _, m := range markers {
		if slices.Contains(wanted, m.Code) && !r.marked(m.Code) {
			en, zh = append(en, m.Name.En), append(zh, m.Name.Zh)
		}
	}
	if en == nil {
		return nil
	}
	t := sentences["unmarked"]
	return []Text{{En: t.En + strings.Join(en, ", ") + ".", Zh: t.Zh + strings.Join(zh, "、") + "。"}}
}

func (r Record) marked(code string) bool {
	for _, m := range r.Markers {
		if m.Code == code {
			return true
		}
	}
	return false
}

// The markers that say that someone was not questioned but at rest (Z28).
const (
	restMarker = "rest"
	mealMarker = "meal"
)

// restless returns since when there was neither rest nor meal, or that there is one now. One that was marked
// as an instant says of no time that it was rest.
func restless(started clock.Wall, markers []MarkerView) (since clock.Wall, resting bool) {
	since = started
	for _, m := range markers {
		if m.Code != restMarker && m.Code != mealMarker {
			continue
		}
		if m.End == 0 && m.Length {
			return since, true
		}
		since = max(since, m.End)
	}
	return since, false
}
