package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
	"roomrec/transcript"
)

// errNoQuestioning says that a session has no start or no end of questioning to compare with.
var errNoQuestioning = errors.New("the session is not sealed or has no start and end of questioning: there is nothing to compare a transcript with")

// greatestUncertainty is the most that the clock's uncertainty may excuse: with more the clock could not
// tell neighbouring minutes apart at all, and that is said of the session itself.
const greatestUncertainty = 30 * time.Second

// factsOf returns what a transcript is compared with: the timeline of a sealed session as its folder
// tells it. places are the names of the rooms, if they are known.
func factsOf(f *folder, places []string) (*transcript.Facts, error) {
	t, st := f.record.Table, f.sealed
	if st == nil || t.Started == 0 || t.Ended == 0 {
		return nil, errNoQuestioning
	}
	uncertain := min(st.Opened.Uncertainty, greatestUncertainty)
	at := func(w clock.Wall) clock.Instant { return clock.Instant{Wall: w, Uncertainty: uncertain} }
	zone, err := time.LoadLocation(st.Zone)
	if err != nil {
		return nil, fmt.Errorf("session %s: zone %q: %w", st.Session, st.Zone, err)
	}
	facts := &transcript.Facts{
		Session: st.Session, Zone: zone, Start: at(t.Started), End: at(t.Ended), Places: places,
		Interruptions: []transcript.Interruption{}, Unrecorded: []transcript.Span{}, Recorded: recordedOf(st), Markers: []transcript.Marker{},
	}
	facts.Ordinal = f.record.Form.Ordinal
	switch f.record.Form.Kind {
	case policy.Suspect:
		facts.Kind = transcript.KindInterrogation
	case policy.Administrative, policy.Victim, policy.Witness:
		facts.Kind = transcript.KindQuestioning
	case policy.Technical:
	}
	for _, s := range t.Unrecorded {
		facts.Unrecorded = append(facts.Unrecorded, transcript.Span{From: at(s.From), To: at(cmp.Or(s.To, t.Ended))})
	}
	for _, b := range t.Breaks {
		if i, ok := suspensionOf(&t, b, at); ok {
			facts.Interruptions = append(facts.Interruptions, i)
		}
	}
	for _, m := range f.record.Markers {
		code := m.Code
		switch code {
		case "evidence":
			code = transcript.MarkerEvidence
		case "read-aloud":
			code = transcript.MarkerReadAloud
		}
		facts.Markers = append(facts.Markers, transcript.Marker{Code: code, At: at(m.Begin)})
	}
	facts.Roster = rosterOf(&f.record)
	return facts, nil
}

// suspensionOf returns the stretch in which a break suspended questioning, false if it did not: before
// its start and after its end there is nothing to suspend.
func suspensionOf(t *table.Session, b table.Break, at func(clock.Wall) clock.Instant) (transcript.Interruption, bool) {
	until := b.Until
	if until == 0 || until > t.Ended {
		until = t.Ended
	}
	if b.Locked == 0 || until <= t.Started || b.Locked >= t.Ended {
		return transcript.Interruption{}, false
	}
	// Where questioning went on unrecorded, it was suspended until then.
	for _, s := range t.Unrecorded {
		if s.From >= b.Locked && s.From < until {
			until = s.From
			break
		}
	}
	i := transcript.Interruption{Span: transcript.Span{From: at(max(b.Locked, t.Started)), To: at(until)}}
	if f, ok := session.FaultOf(b.Cause.Code); ok {
		i.Cause = f.Title.Zh
	}
	if b.LastGood != 0 {
		i.Missing = transcript.Span{From: at(b.LastGood), To: at(cmp.Or(b.FirstGood, until))}
	}
	return i, true
}

// rosterOf returns everybody who took part at any time.
func rosterOf(r *session.Record) *transcript.Roster {
	out := &transcript.Roster{Person: r.Form.Person}
	if strings.ContainsFunc(out.Person, unicode.IsDigit) {
		out.Person = "" // a number, where the transcript has a name
	}
	for _, m := range r.Took {
		out.Numbers = out.Numbers || strings.ContainsFunc(m.Name, unicode.IsDigit)
		switch m.Role {
		case policy.Questioner, policy.Clerk:
			out.Officers = append(out.Officers, m.Name)
		case policy.Interpreter, policy.SignInterpreter:
			out.Interpreters = append(out.Interpreters, m.Name)
		case policy.LegalRepresentative:
			out.Guardians = append(out.Guardians, m.Name)
		}
	}
	out.GuardianNeeded = r.Form.Circumstances["minor"] == policy.Yes
	out.InterpreterNeeded = r.Form.Circumstances["no-language"] == policy.Yes
	// Whoever does not know the language cannot read the transcript, which must then be read out (S122).
	out.CannotRead = out.InterpreterNeeded
	return out
}

// recordedOf returns the stretches for which every required camera of a room has pictures or sound, in
// order.
func recordedOf(st *seal.Statement) []transcript.Span {
	rooms := map[string][][]transcript.Span{}
	for _, c := range st.Cameras {
		if !c.Required {
			continue
		}
		of := []transcript.Span{}
		for i := range st.Runs {
			if r := &st.Runs[i]; r.Room == c.Room && r.Camera == c.Camera {
				of = append(of, gapless(r)...)
			}
		}
		rooms[c.Room] = append(rooms[c.Room], of)
	}
	all := []transcript.Span{}
	for _, cameras := range rooms {
		common := cameras[0]
		for _, c := range cameras[1:] {
			common = intersect(common, c)
		}
		all = append(all, common...)
	}
	slices.SortFunc(all, func(a, b transcript.Span) int { return cmp.Compare(a.From.Wall, b.From.Wall) })
	return all
}

// gapless returns the run without its declared gaps. Between the gaps that one entry merges there are
// pictures, so such an entry takes nothing away.
func gapless(r *seal.Run) []transcript.Span {
	out := []transcript.Span{}
	from := r.First
	for _, g := range r.Gaps {
		if g.Count > 1 || g.To.Wall <= from.Wall {
			continue
		}
		if g.From.Wall > from.Wall {
			out = append(out, transcript.Span{From: from, To: g.From})
		}
		from = g.To
	}
	if r.Last.Wall > from.Wall {
		out = append(out, transcript.Span{From: from, To: r.Last})
	}
	return out
}

func intersect(a, b []transcript.Span) []transcript.Span {
	out := []transcript.Span{}
	for _, x := range a {
		for _, y := range b {
			s := x
			if y.From.Wall > s.From.Wall {
				s.From = y.From
			}
			if y.To.Wall < s.To.Wall {
				s.To = y.To
			}
			if s.From.Wall < s.To.Wall {
				out = append(out, s)
			}
		}
	}
	return out
}
