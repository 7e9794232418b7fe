package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// people are the officers of a room. They look at its page and press what it offers, and sometimes
// what it does not.
type people struct {
	w       *world
	form    session.OpenForm
	room    string
	request int
	session string // that they opened; "" before
	opened  bool
	asked   string        // request id of the opening that got no answer
	until   time.Duration // when they want to end
	sealed  bool
	wishes  []*wish
	waiting int // wishes without an answer
}

// wish is a command and what became of it.
type wish struct {
	id    string
	cmd   session.Command
	done  bool // it was answered
	lost  bool // the controller died before it was
	err   error
	view  session.SessionView
	actor session.Actor
	start int // of the controller that it was sent to
}

var (
	officer    = session.Actor{ID: "0417", Name: "Officer 0417", Role: policy.Officer}
	supervisor = session.Actor{ID: "0099", Name: "Chief 0099", Role: policy.Supervisor}
	approver   = session.Actor{ID: "0700", Name: "Approver 0700", Role: policy.Approver}
)

func newPeople(w *world) *people {
	p := &people{w: w, room: rooms[0].id}
	p.form = session.OpenForm{
		Case: "2026-1187", Person: "Suspect 2231", Kind: session.KindSuspect, Category: "theft", Circumstances: map[string]string{},
		WallClock: policy.WallClock{Says: policy.ClockAgrees},
		Roster:    []session.Member{{Role: policy.Questioner, Name: "Officer 0417"}, {Role: policy.Clerk, Name: "Officer 0522"}},
	}
	if w.chance(0.4) {
		p.form.Category = "life-or-death"
	}
	for _, c := range (policy.Policy{}).Circumstances() {
		p.form.Circumstances[c.Key] = policy.No
	}
	p.until = w.plan.length/2 + w.between(0, w.plan.length/2)
	w.in(w.between(2*time.Second, 20*time.Second), p.act)
	return p
}

// act looks at the page and does something, now and then.
func (p *people) act() {
	w := p.w
	if w.over {
		return
	}
	w.in(w.between(time.Second, 40*time.Second), p.act)
	st := w.station
	if st == nil || w.stopping || p.waiting > 0 {
		return
	}
	v, ok := st.manager.Room(p.room)
	require.True(w.t, ok)
	if v.Session == nil {
		p.open(st, v)
		return
	}
	if p.session == "" { // the answer to the opening did not come, but it is there
		p.session, p.opened = v.Session.ID, true
		w.knows(p.session)
	}
	if v.Session.State == table.Sealed {
		w.say("the session is sealed")
		w.sealedBy = st.number
		p.sealed, w.over = true, true
		return
	}
	p.room = v.Session.Room
	if !w.plan.calm && w.chance(0.1) {
		p.wrong(st)
		return
	}
	if cmd, by, ok := p.choose(v); ok {
		p.do(st, by, cmd)
	}
}

func (p *people) open(st *station, v session.RoomView) {
	w := p.w
	if p.session != "" {
		if w.sealedOn() != "" {
			w.say("the session was sealed before the controller went down, on%s", w.sealedOn())
			p.sealed, w.over = true, true
			return
		}
		if !st.recovering() && len(st.healthy()) > 0 {
			w.fail("session %s is not in its room %s any more", p.session, p.room)
			w.over = true
		}
		return
	}
	if !v.Fit {
		return
	}
	id := p.asked
	if id == "" {
		p.request++
		id = fmt.Sprintf("open-%d", p.request)
	}
	p.asked = id
	n := 1
	if w.chance(0.3) {
		n = 3 // taps
	}
	w.say("open, %d taps", n)
	for range n {
		one := &wish{id: id, cmd: session.Command{Name: session.ActOpen}, actor: officer}
		p.send(st, one, func(ctx context.Context) (session.SessionView, error) {
			return st.manager.Open(ctx, officer, p.room, p.form, id)
		})
	}
}

// choose is what a sensible person does now.
func (p *people) choose(v session.RoomView) (session.Command, session.Actor, bool) {
	w := p.w
	s := v.Session
	late := w.now() > p.until
	finale := w.now() > w.plan.length
	end := session.Command{Name: session.ActEnd, Ending: []table.Ending{table.Signed, table.Refused}[w.rand.IntN(2)]}
	breakOff := session.Command{Name: session.ActBreakOff, Reason: "the equipment fails"}
	switch s.State {
	case table.Standby:
		if late && w.chance(0.3) {
			return breakOff, supervisor, true
		}
		return session.Command{Name: session.ActStart}, officer, w.chance(0.5)
	case table.Questioning:
		switch {
		case late:
			return end, officer, true
		case w.chance(0.5):
			return p.marker(s), officer, true
		case w.chance(0.1):
			return p.classify(), supervisor, true
		case w.chance(0.1):
			phase := []string{session.PhaseIn, session.PhaseOut}[w.rand.IntN(2)]
			return session.Command{Name: session.ActRoster, Phase: phase, Member: &session.Member{Role: policy.Defender, Name: "Counsel"}}, officer, true
		}
	case table.Locked:
		switch {
		case allowed(v, session.ActResume) && w.chance(0.8):
			return session.Command{Name: session.ActResume}, officer, true
		case changed(v) != "" && w.chance(0.7):
			return session.Command{Name: session.ActAccept, Subject: changed(v), Reason: "it is the right one"}, officer, true
		case allowed(v, session.ActUnrecorded) && w.chance(0.2):
			return session.Command{Name: session.ActUnrecorded, Reason: "urgent", Approver: &approver}, officer, true
		case w.chance(0.06):
			return session.Command{Name: session.ActMoveRoom, Room: p.other(), Ground: "place-of-capture"}, officer, true
		case finale && w.chance(0.3) || late && w.chance(0.05):
			return breakOff, supervisor, true
		case w.chance(0.1):
			return p.marker(s), officer, true
		}
	case table.Resuming:
		return session.Command{Name: session.ActExplain, Answer: session.AnswerNo}, officer, w.chance(0.8)
	case table.Unrecorded:
		switch {
		case allowed(v, session.ActResume) && w.chance(0.5):
			return session.Command{Name: session.ActResume}, officer, true
		case late:
			return end, officer, true
		case w.chance(0.05):
			return p.classify(), supervisor, true
		}
	}
	return session.Command{}, officer, false
}

func (p *people) marker(s *session.SessionView) session.Command {
	all := session.Markers()
	m := all[p.w.rand.IntN(len(all))]
	cmd := session.Command{Name: session.ActMarker, Marker: m.Code}
	if m.Words {
		cmd.Text = "as seen"
	}
	if m.Length {
		cmd.Phase = session.PhaseBegin
		if slices.ContainsFunc(s.Markers, func(o session.MarkerView) bool { return o.Code == m.Code && o.Length && o.End == 0 }) {
			cmd.Phase = session.PhaseEnd
		}
	}
	return cmd
}

func (p *people) classify() session.Command {
	return session.Command{
		Name: session.ActClassify, Category: []string{"theft", "life-or-death", "fraud"}[p.w.rand.IntN(3)],
		Circumstances: p.form.Circumstances, Reason: "new findings",
	}
}

func (p *people) other() string {
	if p.room == rooms[0].id {
		return rooms[1].id
	}
	return rooms[0].id
}

func allowed(v session.RoomView, name string) bool {
	return slices.ContainsFunc(v.Actions, func(a session.ActionView) bool { return a.Name == name && a.Allowed })
}

func changed(v session.RoomView) string {
	for _, f := range v.Faults {
		if f.Code == string(table.CameraChanged) {
			return f.Subject
		}
	}
	return ""
}

// wrong presses anything but an end.
func (p *people) wrong(st *station) {
	names := slices.DeleteFunc(session.Commands(), func(n string) bool { return n == session.ActEnd || n == session.ActBreakOff })
	cmd := session.Command{
		Name: names[p.w.rand.IntN(len(names))], Marker: "rest", Phase: session.PhaseEnd, Subject: "front", Room: p.other(),
		Reason: "urgent", Approver: &approver, Answer: session.AnswerYes,
	}
	p.do(st, officer, cmd)
}

// do sends a command, sometimes more than once.
func (p *people) do(st *station, by session.Actor, cmd session.Command) {
	p.request++
	id := fmt.Sprintf("tap-%d", p.request)
	n := 1
	if p.w.chance(0.2) {
		n = 2 + p.w.rand.IntN(2)
	}
	for range n {
		one := &wish{id: id, cmd: cmd, actor: by}
		p.send(st, one, func(ctx context.Context) (session.SessionView, error) {
			return st.manager.Do(ctx, by, p.session, cmd, id)
		})
	}
	// And once more later, as a page does that got no answer.
	if p.w.chance(0.1) {
		old := p.wishes[p.w.rand.IntN(len(p.wishes))]
		if old.cmd.Name != session.ActOpen {
			one := &wish{id: old.id, cmd: old.cmd, actor: old.actor}
			p.send(st, one, func(ctx context.Context) (session.SessionView, error) {
				return st.manager.Do(ctx, old.actor, p.session, old.cmd, old.id)
			})
		}
	}
}

// send carries a wish to the controller; its answer is taken in by the director.
func (p *people) send(st *station, one *wish, call func(context.Context) (session.SessionView, error)) {
	w := p.w
	one.start = st.number
	p.wishes = append(p.wishes, one)
	p.waiting++
	type answer struct {
		view session.SessionView
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		v, err := call(ctx)
		got <- answer{v, err}
	}()
	var look func()
	look = func() {
		if st != w.station || st.dead.Load() {
			one.lost = true
			return
		}
		select {
		case a := <-got:
			p.waiting--
			one.done, one.view, one.err = true, a.view, a.err
			p.answered(one)
		default:
			w.in(100*time.Millisecond, look)
		}
	}
	w.in(5*time.Millisecond, look)
}

func (p *people) answered(one *wish) {
	w := p.w
	var no *session.Refusal
	switch {
	case one.err == nil:
		w.say("%s (%s) → %s", one.cmd.Name, one.id, one.view.State)
	case errors.As(one.err, &no) || errors.Is(one.err, session.ErrNotFound):
		w.say("%s (%s) refused: %v", one.cmd.Name, one.id, one.err)
	default:
		w.fail("%s (%s): %v", one.cmd.Name, one.id, one.err)
	}
	if one.cmd.Name == session.ActOpen {
		if one.err == nil {
			if p.session != "" && p.session != one.view.ID {
				w.fail("two taps opened two sessions, %s and %s", p.session, one.view.ID)
			}
			p.session, p.opened = one.view.ID, true
			w.knows(p.session)
		} else if no == nil || no.Code != "not-written" {
			p.asked = "" // a refusal is an answer; the next try is another
		}
	}
}

// forsaken says that whatever was asked of the controller gets no answer any more.
func (p *people) forsaken() { p.waiting = 0 }

// recovering reports whether sessions that were found may still come.
func (st *station) recovering() bool { return st.found.Load() > st.done.Load() }
