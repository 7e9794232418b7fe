package session

import (
	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// view is the session as it is shown now, except how far it is safe, which changes every second.
func (r *runner) view() SessionView {
	t := r.shown.Table
	v := r.shown.View(r.id)
	v.Script, v.ClosingS = r.heard(v.Script), r.closingTime().Seconds()
	if t.State == table.Closing && !t.Stopped {
		v.CloseAt = r.closeAt
	}
	if r.seal != nil {
		v.Seal = &SealView{Hash: r.seal.Hash, At: r.seal.At.Wall, Key: r.seal.Key, Folder: r.folder, Facts: r.seal.Facts, Uncertainty: r.seal.Uncertainty}
	}
	if t.State == table.Locked {
		if _, _, no := table.Step(t, table.Event{Name: table.ApproveUnrecorded}); no != nil {
			v.Refusals = append(v.Refusals, no.Say)
		}
	}
	v.Called, v.Notices = r.shown.Called, r.notices()
	now, _ := r.now()
	v.Duties = r.shown.Duties(now.Wall)
	v.SafeAt, v.SafeOn = r.safe()
	return v
}

// safe is the least of the required cameras' safe instants, and on how many volumes.
func (r *runner) safe() (at clock.Wall, on int) {
	room := r.shown.Table.Room
	first := true
	for _, c := range r.m.cameras(room) {
		if !c.Required {
			continue
		}
		p := r.progress[place{room, c.ID}]
		if first || p.To.Wall < at {
			at = p.To.Wall
		}
		if first || p.Volumes < on {
			on = p.Volumes
		}
		first = false
	}
	return at, on
}

func (r *runner) notices() []Text {
	t := r.shown.Table
	out := r.m.cfg.Policy.Missing(r.shown.Form)
	if told, ok := r.shown.Form.WallClock.Told(); ok {
		out = append(out, told)
	}
	out = append(out, r.shown.Late()...)
	switch {
	case t.State == table.Unrecorded && t.Overdue && t.Clear():
		out = append(out, sentences["overdue"])
	case t.State == table.Unrecorded && t.Clear():
		out = append(out, sentences["resume-now"])
	case t.State == table.Locked && r.shown.Called:
		out = append(out, sentences["called"])
	case t.State == table.Closing && r.sealWait:
		out = append(out, sentences["seal-waits"])
	}
	return out
}

// actions are all that the room's page offers, each with whether it is allowed now.
func (r *runner) actions() []ActionView {
	t := r.shown.Table
	tries := map[string]table.Event{
		ActStart:      {Name: table.Start},
		ActEnd:        {Name: table.End, Ending: table.Signed},
		ActBreakOff:   {Name: table.End, Ending: table.BrokenOff},
		ActMarker:     {Name: table.Marked},
		ActRoster:     {Name: table.RosterChanged},
		ActClassify:   {Name: table.Classified, Mandatory: t.Mandatory},
		ActResume:     {Name: table.Resume},
		ActExplain:    {Name: table.Explained},
		ActUnrecorded: {Name: table.ApproveUnrecorded},
		ActRefuse:     {Name: table.RefuseUnrecorded},
		ActMoveRoom:   {Name: table.MoveRoom, Room: "another room"},
		ActDismiss:    {Name: table.Dismissed},
	}
	if r.shown.Form.Kind == policy.Technical {
		tries[ActEnd] = table.Event{Name: table.End, Ending: table.Finished}
	}
	out := make([]ActionView, 0, len(tries)+1)
	for _, name := range Commands() {
		if name == ActAccept {
			out = append(out, r.acceptAction())
			continue
		}
		_, _, no := table.Step(t, tries[name])
		a := ActionView{Name: name, Allowed: no == nil}
		if name == ActExplain && no == nil && r.ear.waits(t, r.m.cfg.Clock.Now().Mono) {
			no = &table.Refusal{Say: sentences["speech"]}
			a.Allowed = false
		}
		if no != nil {
			why := no.Say
			if name == ActResume && t.State != table.Resuming && len(t.Faults) > 0 {
				why = r.m.waits(t.Faults)
			}
			a.Why = &why
		}
		out = append(out, a)
	}
	return out
}

func (r *runner) acceptAction() ActionView {
	for f := range r.faults {
		if r.acceptable(f) {
			return ActionView{Name: ActAccept, Allowed: true}
		}
	}
	why := sentences["nothing-changed"]
	return ActionView{Name: ActAccept, Why: &why}
}
