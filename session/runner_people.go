package session

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// maxWords is the greatest number of characters of free words.
const maxWords = 1000

// wish carries out a person's command, once for each request id.
func (r *runner) wish(w wish) *answer {
	if w.request != "" {
		if a, ok := r.requests[w.request]; ok {
			return a
		}
	}
	a := &answer{done: make(chan struct{})}
	if w.request != "" {
		r.requests[w.request] = a
		if slices.Contains(r.decided.Requests, w.request) {
			// It was done before the controller went down.
			a.view = r.view()
			close(a.done)
			return a
		}
	}
	d, refusal := r.data(w)
	if refusal == nil && r.stopping {
		refusal = refuse("not-running")
	}
	if refusal == nil {
		d.Request, d.By = w.request, &w.actor
		if t := r.event(d, actorOf(w.actor), a); t != nil {
			refusal = &Refusal{Code: "table", Say: r.explain(t), Clause: t.Clause}
		} else {
			r.after(d)
		}
	}
	if refusal != nil {
		a.err = refusal
		close(a.done)
	}
	return a
}

// after does what a command changes besides the state.
func (r *runner) after(d Data) {
	switch d.Event.Name {
	case table.MoveRoom:
		r.panelBack() // the page that counts is the other room's
		if !r.decided.Table.Technical {
			r.awaitPanel()
		}
		for _, room := range r.decided.Table.Rooms {
			if room != d.Event.Room {
				r.m.clear(table.Fault{Code: table.ControllerRestarted, Room: room})
			}
		}
		// Those that lock are as the table was told: what was said of them since is in the mailbox.
		for f, locks := range r.m.openFaults(d.Event.Room) {
			if !locks {
				r.faults[f] = false
			}
		}
		for _, f := range d.Event.Faults {
			r.faults[f] = true
		}
	case table.FaultCleared, table.AlarmCleared:
		f := d.Event.Fault
		delete(r.faults, f)
		r.m.clear(f)
		if r.m.cfg.Accepted != nil {
			r.m.cfg.Accepted(f)
		}
		r.checkSafe()
	}
}

// data turns a command into an event with everything that belongs to it, or says what is missing.
// What the state of the session allows is the table's to say.
func (r *runner) data(w wish) (Data, *Refusal) {
	if !mayRun(w.actor, r.decided.Form.Kind) && !decides(w.actor, w.cmd) {
		return Data{}, refuse("role")
	}
	c := w.cmd
	if utf8.RuneCountInString(c.Text) > maxWords || !utf8.ValidString(c.Text) ||
		strings.ContainsFunc(c.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return Data{}, fieldRefusal("form", FieldRefusal{"text", sentences["long"]})
	}
	switch c.Name {
	case ActStart:
		return Data{Event: table.Event{Name: table.Start}}, nil
	case ActBreakOff:
		c.Ending = table.BrokenOff
		return r.end(w.actor, c)
	case ActEnd:
		return r.end(w.actor, c)
	case ActMarker:
		return r.marker(c)
	case ActRoster:
		return r.member(c)
	case ActClassify:
		return r.classify(w.actor, c)
	case ActResume:
		s := r.script()
		return Data{Event: table.Event{Name: table.Resume}, Script: &s}, nil
	case ActExplain:
		return r.explained(c)
	case ActUnrecorded:
		return r.unrecorded(w.actor, c)
	case ActRefuse:
		return r.refusedBy(c)
	case ActMoveRoom:
		return r.move(c)
	case ActAccept:
		return r.accept(c)
	case ActDismiss:
		return Data{Event: table.Event{Name: table.Dismissed}}, nil
	}
	return Data{}, refuse("unknown")
}

// forbids reports whether the table refuses an event whatever else belongs to it.
func (r *runner) forbids(e table.Event) bool {
	_, _, no := table.Step(r.decided.Table, e)
	return no != nil
}

func (r *runner) end(actor Actor, c Command) (Data, *Refusal) {
	d := Data{Event: table.Event{Name: table.End, Ending: c.Ending}, Reason: c.Reason, Supervisor: c.Supervisor, Text: c.Text}
	if c.Ending != table.BrokenOff || r.decided.Form.Kind == KindTechnical {
		return d, nil
	}
	if r.forbids(d.Event) {
		return d, nil // do not ask for a reason first
	}
	return d, fields("form", r.m.cfg.Policy.MayBreakOff(actor.Role, c.Reason, c.Supervisor))
}

func (r *runner) marker(c Command) (Data, *Refusal) {
	d := Data{Event: table.Event{Name: table.Marked}, Marker: c.Marker, Phase: c.Phase, Text: c.Text}
	m, ok := markerOf(c.Marker)
	open := running(r.decided.Markers, c.Marker) >= 0
	switch {
	case !ok:
		return d, fieldRefusal("form", FieldRefusal{"marker", sentences["marker"]})
	case c.Phase != "" && (!m.Length || c.Phase != PhaseBegin && c.Phase != PhaseEnd):
		return d, fieldRefusal("form", FieldRefusal{"phase", sentences["marker-phase"]})
	case m.Words && strings.TrimSpace(c.Text) == "":
		return d, fieldRefusal("form", FieldRefusal{"text", sentences["words"]})
	case c.Phase == PhaseBegin && open:
		return d, fieldRefusal("form", FieldRefusal{"phase", sentences["marker-twice"]})
	case c.Phase == PhaseEnd && !open:
		return d, fieldRefusal("form", FieldRefusal{"phase", sentences["marker-begin"]})
	}
	return d, nil
}

func (r *runner) member(c Command) (Data, *Refusal) {
	d := Data{Event: table.Event{Name: table.RosterChanged}, Member: c.Member, Phase: c.Phase}
	if c.Member == nil || strings.TrimSpace(c.Member.Name) == "" || !policy.Line(c.Member.Name) ||
		!slices.Contains(policy.Roles(), c.Member.Role) || c.Phase != PhaseIn && c.Phase != PhaseOut {
		return d, fieldRefusal("form", FieldRefusal{"member", sentences["member"]})
	}
	return d, nil
}

func (r *runner) classify(actor Actor, c Command) (Data, *Refusal) {
	form := r.decided.Form
	form.Category, form.Circumstances = c.Category, c.Circumstances
	mandatory, _ := r.m.cfg.Policy.Mandatory(form)
	d := Data{Event: table.Event{Name: table.Classified, Mandatory: mandatory}, Form: &form, Reason: c.Reason}
	return d, fields("policy", r.m.cfg.Policy.MayClassify(actor.Role, c.Reason, r.decided.Form, form))
}

func (r *runner) explained(c Command) (Data, *Refusal) {
	d := Data{Event: table.Event{Name: table.Explained}, Answer: c.Answer, Text: c.Text}
	if r.decided.Table.State != table.Resuming {
		return d, nil
	}
	if c.Answer != AnswerNo && c.Answer != AnswerYes && c.Answer != AnswerNone {
		return d, fieldRefusal("form", FieldRefusal{"answer", sentences["answer"]})
	}
	if r.ear.waits(r.decided.Table, r.m.cfg.Clock.Now().Mono) {
		no := refuse("speech")
		no.Clause = "Z30"
		return d, no
	}
	i := r.interruption()
	i.Answer = c.Answer
	line := i.ResumedLine()
	d.Script, d.Line = r.heard(r.decided.Script), &line
	return d, nil
}

func (r *runner) unrecorded(by Actor, c Command) (Data, *Refusal) {
	d := Data{Event: table.Event{Name: table.ApproveUnrecorded}, Reason: c.Reason, Text: c.Text, Approver: c.Approver}
	if r.forbids(d.Event) {
		return d, nil // where it does not exist nobody is asked to sign in for it
	}
	if no := fields("policy", r.m.cfg.Policy.MayGoUnrecorded(r.approval(c))); no != nil {
		return d, no
	}
	if _, is := r.decided.View("").Standing(); is && c.Approver.ID != by.ID {
		// Nobody is fetched to the room to decide otherwise.
		return d, fieldRefusal("policy", FieldRefusal{"approver", sentences["refused-before"]})
	}
	i := r.interruption()
	now, _ := r.now()
	i.UnrecordedBegan, i.Reason, i.Approver = r.m.cfg.Zone.Time(now.Wall), r.m.cfg.Policy.Reason(c.Reason, c.Text), c.Approver.Name
	line := i.UnrecordedLine()
	d.Line = &line
	return d, nil
}

// refusedBy is an approver's decision that it does not go on unrecorded.
func (r *runner) refusedBy(c Command) (Data, *Refusal) {
	d := Data{Event: table.Event{Name: table.RefuseUnrecorded}, Text: strings.TrimSpace(c.Text), Approver: c.Approver}
	if r.forbids(d.Event) {
		return d, nil
	}
	return d, fields("policy", r.m.cfg.Policy.MayRefuseUnrecorded(r.approval(c)))
}

// approval is what is asked of whoever decides whether it goes on unrecorded.
func (r *runner) approval(c Command) policy.Approval {
	a := policy.Approval{Reason: c.Reason, Text: c.Text, Roster: r.decided.Took}
	if c.Approver != nil {
		a.ApproverID, a.ApproverName, a.ApproverRole = c.Approver.ID, c.Approver.Name, c.Approver.Role
	}
	return a
}

func (r *runner) move(c Command) (Data, *Refusal) {
	e := table.Event{Name: table.MoveRoom, Room: c.Room}
	if r.forbids(e) {
		return Data{Event: e}, nil
	}
	if no := r.m.enter(r, c.Room); no != nil {
		return Data{}, no
	}
	for f, locks := range r.m.openFaults(c.Room) {
		if locks {
			e.Faults = append(e.Faults, f)
		}
	}
	slices.SortFunc(e.Faults, table.Fault.Compare)
	return Data{Event: e, Ground: c.Ground}, nil
}

// acceptable reports whether a named officer can clear a fault by saying that it is the right camera: what it
// sends is not as it was, or it is another device. An alarm of another device is not cleared so: either it was
// accepted already, or the camera is not required.
func (r *runner) acceptable(f table.Fault) bool {
	locks, open := r.faults[f]
	return open && f.Room == r.decided.Table.Room && (f.Code == table.CameraChanged || f.Code == table.CameraExchanged && locks)
}

// accept clears camera.changed or camera.exchanged: a named officer says that it is the right camera. Where it
// is both, each is accepted by itself, so that nobody accepts what was not there to be seen.
func (r *runner) accept(c Command) (Data, *Refusal) {
	f := table.Fault{Code: table.CameraChanged, Room: r.decided.Table.Room, Subject: c.Subject}
	if !r.acceptable(f) {
		f.Code = table.CameraExchanged
	}
	if !r.acceptable(f) {
		return Data{}, refuse("nothing-changed")
	}
	locks := r.faults[f]
	d := Data{Event: table.Event{Name: table.FaultCleared, Fault: f}, Reason: c.Reason}
	if !locks {
		d.Event.Name = table.AlarmCleared
	}
	return d, nil
}

// heard returns a script with what was heard of it.
func (r *runner) heard(s *ScriptView) *ScriptView {
	if s == nil {
		return nil
	}
	with, now := *s, r.m.cfg.Clock.Now().Mono
	with.Measured = r.ear.measured(now)
	if r.ear.listens(r.decided.Table, now) {
		with.Heard = r.ear.heard
	}
	return &with
}

// script is what must be read aloud now, with exact times.
func (r *runner) script() ScriptView {
	i, b := r.interruption(), r.lastBreak()
	return ScriptView{Say: i.Script(), Transcript: i.ResumedLine(), From: b.LastGood, To: b.FirstGood, Suspended: b.Locked}
}

func (r *runner) lastBreak() table.Break {
	if n := len(r.decided.Table.Breaks); n > 0 {
		return r.decided.Table.Breaks[n-1]
	}
	return table.Break{}
}

func (r *runner) interruption() policy.Interruption {
	b, z := r.lastBreak(), r.m.cfg.Zone
	now, _ := r.now()
	show := func(w clock.Wall) string {
		if w == 0 {
			return "—"
		}
		return z.Time(w)
	}
	return policy.Interruption{
		Kind:  r.decided.Form.Kind,
		Cause: r.m.cause(b.Cause), From: show(b.LastGood), To: show(b.FirstGood),
		Suspended: show(b.Locked), Now: z.Time(now.Wall),
	}
}

// explain makes the table's refusal say what it waits for.
func (r *runner) explain(t *table.Refusal) Text {
	if t.On != table.Resume || len(r.decided.Table.Faults) == 0 {
		return t.Say
	}
	return r.m.waits(r.decided.Table.Faults)
}

// mayRun reports whether someone of that role may command a session.
func mayRun(a Actor, k Kind) bool {
	if k == KindTechnical {
		return a.Role == policy.Administrator || a.Role == policy.Officer || a.Role == policy.Supervisor
	}
	return a.Role == policy.Officer || a.Role == policy.Supervisor
}

// decides reports whether an approver decides by that command, by a sign-in of their own. Approvers command nothing
// else.
func decides(a Actor, c Command) bool {
	return a.Role == policy.Approver && (c.Name == ActUnrecorded || c.Name == ActRefuse) && c.Approver != nil && c.Approver.ID == a.ID
}

func actorOf(a Actor) string { return a.Role + ":" + a.ID }

func refuse(name string) *Refusal { return &Refusal{Code: name, Say: sentences[name]} }

func fieldRefusal(code string, f ...FieldRefusal) *Refusal {
	return &Refusal{Code: code, Say: sentences["form"], Fields: f}
}

func fields(code string, from []policy.Field) *Refusal {
	if len(from) == 0 {
		return nil
	}
	r := fieldRefusal(code)
	for _, f := range from {
		r.Fields = append(r.Fields, FieldRefusal(f))
	}
	return r
}
