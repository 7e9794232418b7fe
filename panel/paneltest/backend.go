// Package paneltest is a controller on command: rooms and sessions that do what a test tells them,
// with simulated cameras whose pictures are real H.264. The panel's own tests and the browser's run
// against it; nothing in it is a recorder.
package paneltest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// ClosingTime is how long the backend's sessions record after End.
const ClosingTime = 3 * time.Second

// Backend is one site. It implements what panel.Options asks for.
type Backend struct {
	Zone   *time.Location
	clock  clock.Source
	policy policy.Policy
	papers *Papers

	mu       sync.Mutex
	order    []string
	rooms    map[string]*room
	archive  map[string]panel.Record
	answers  map[string]answer // by request id
	opened   int
	Approver string         // who approved the latest going on unrecorded
	Acted    map[string]int // commands carried out, by name
	watchers map[chan struct{}]string
	tapes    map[string]*tape
	judged   map[string]panel.SampleAnswer
	proof    string // what others say of seals, a scene of SetProof
	accesses []panel.AccessRecord
	stop     context.CancelFunc
	running  sync.WaitGroup
}

type room struct {
	view   session.RoomView
	frozen bool // safe-until stands still
	dead   map[string]bool
}

type answer struct {
	view session.SessionView
	err  error
}

// New returns a site with two rooms of two cameras each, with nothing going on. Close ends it.
func New(src clock.Source) *Backend {
	zone := time.FixedZone("UTC+8", 8*3600)
	if loc, err := time.LoadLocation("Asia/Shanghai"); err == nil {
		zone = loc
	}
	b := &Backend{
		Zone: zone, clock: src, rooms: make(map[string]*room), archive: make(map[string]panel.Record),
		answers: make(map[string]answer), Acted: make(map[string]int), watchers: make(map[chan struct{}]string),
		tapes: make(map[string]*tape), judged: make(map[string]panel.SampleAnswer),
	}
	b.papers = newPapers(b)
	b.add("room3", session.Text{En: "Interrogation room 3", Zh: "3 号讯问室"}, policy.HandlingArea)
	b.add("van1", session.Text{En: "Mobile unit 1", Zh: "移动设备 1"}, policy.Mobile)
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	b.running.Go(func() { b.advance(ctx) })
	return b
}

// Close ends the site.
func (b *Backend) Close() {
	b.stop()
	b.running.Wait()
}

func (b *Backend) add(id string, name session.Text, kind string) {
	v := session.RoomView{
		ID: id, Name: name, Kind: kind, Zone: b.Zone.String(), Fit: true,
		Cameras: []session.CameraView{
			{ID: "front", Name: session.Text{En: "Front", Zh: "正面机位"}, Required: true, Connected: true, Video: video, Audio: "AAC 48000 Hz", Live: "avc1.42E01E"},
			{ID: "room", Name: session.Text{En: "Room", Zh: "全景机位"}, Required: true, Connected: true, Video: video, Audio: "PCMA 8000 Hz", Live: "avc1.42E01E"},
		},
		Volumes: []session.VolumeView{{ID: "rpbk2p7kw5zh", Name: "evidence-a", Healthy: true, FreeBytes: 812e9, HoursLeft: 212.4}, {ID: "eisubc3l6k5m", Name: "evidence-b", Healthy: true, FreeBytes: 800e9, HoursLeft: 208.9}},
		Clock:   session.ClockView{Trusted: true, MaxError: 4 * time.Millisecond},
		Faults:  []session.FaultView{},
	}
	for i := range v.Cameras {
		level := 0.42 - 0.2*float64(i)
		v.Cameras[i].Sound = &level
	}
	b.order = append(b.order, id)
	b.rooms[id] = &room{view: v, dead: make(map[string]bool)}
	b.touch(id)
}

// advance moves what is safe on, like a recorder that acknowledges a fragment every half second, and
// ends what has had its time.
func (b *Backend) advance(ctx context.Context) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b.mu.Lock()
		now := b.clock.Now().Wall
		for id, r := range b.rooms {
			if s := r.view.Session; s != nil && !r.frozen && s.State != table.Sealed {
				b.step(id, r, now)
			}
		}
		b.mu.Unlock()
	}
}

func (b *Backend) step(id string, r *room, now clock.Wall) {
	s := r.view.Session
	safe := now.Add(-700 * time.Millisecond)
	switch {
	case s.State == table.Starting && now > s.Since.Add(700*time.Millisecond):
		b.become(id, table.Standby, now)
	case s.State == table.Closing && now > s.CloseAt:
		s.Seal = &session.SealView{
			Hash: "9f3ca17e04d268b5e1c75a903bf8d24670aec51f92d84be30c67f5a18e39b2d4", At: now,
			Key: "room-recorder-1 +3f9a0c11", Folder: folderOf(s), Uncertainty: 4 * time.Millisecond,
		}
		b.become(id, table.Sealed, now)
	}
	if s.State != table.Starting && s.State != table.Sealed && safe > s.Opened {
		if len(r.dead) == 0 {
			s.SafeAt, s.SafeOn = safe, 2
		}
		for i := range r.view.Cameras {
			if c := &r.view.Cameras[i]; !r.dead[c.ID] {
				c.SafeUntil, c.SafeOn = safe, 2
			}
		}
	}
	if s.State == table.Questioning {
		rec := session.Record{Form: s.Form, Markers: s.Markers, Table: table.Session{State: s.State, Started: s.Started}}
		s.Duties = rec.Duties(now)
	}
	b.touch(id)
}

func folderOf(s *session.SessionView) string {
	t := s.Opened.Time()
	return fmt.Sprintf("%04d/%02d/%02d/%s", t.Year(), t.Month(), t.Day(), s.ID)
}

// become changes a session's state. The caller holds the lock.
func (b *Backend) become(id string, to table.State, now clock.Wall) {
	s := b.rooms[id].view.Session
	s.State, s.Since = to, now
	b.archive[s.ID] = b.record(b.rooms[id].view)
	for other, o := range b.rooms {
		if o.view.Session == s { // the room that it left, too
			b.touch(other)
		}
	}
}

func (b *Backend) record(v session.RoomView) panel.Record {
	s := *v.Session
	rec := panel.Record{SessionView: s, Room: cmp.Or(s.Room, v.ID), RoomName: v.Name, Zone: v.Zone, Folder: folderOf(&s), Volumes: []string{"/srv/evidence-a", "/srv/evidence-b"}}
	for _, c := range v.Cameras {
		rec.Cameras = append(rec.Cameras, panel.CameraRecord{Room: v.ID, Camera: c.ID, Name: c.Name, Runs: 1, Playable: true})
	}
	rec.Readings = []panel.ReadingView{{At: s.Opened, Text: "23.4 °C  45 % RH"}, {At: s.Opened.Add(10 * time.Second), Text: "24.1 °C  44 % RH"}}
	if s.Seal != nil {
		rec.Length = s.SafeAt.Time().Sub(s.Opened.Time())
		rec.Verdict = &panel.Verdict{Word: "intact", Text: session.Text{En: "Intact", Zh: "完整"}, At: s.Seal.At}
	}
	return rec
}

// touch makes a new view of a room and wakes whoever watches it. The caller holds the lock.
func (b *Backend) touch(id string) {
	r := b.rooms[id]
	r.view.Seq++
	r.view.Now = b.clock.Now().Wall
	r.view.Actions = actions(&r.view)
	for c, of := range b.watchers {
		if of == id {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

// video is what the cameras send.
const video = "H264 640x360 25.0 fps"

// events are what the commands are to the table, which knows why one is refused.
var events = map[string]table.Event{
	session.ActStart:      {Name: table.Start},
	session.ActEnd:        {Name: table.End, Ending: table.Signed},
	session.ActBreakOff:   {Name: table.End, Ending: table.BrokenOff},
	session.ActMarker:     {Name: table.Marked},
	session.ActRoster:     {Name: table.RosterChanged},
	session.ActClassify:   {Name: table.Classified},
	session.ActResume:     {Name: table.Resume},
	session.ActExplain:    {Name: table.Explained},
	session.ActUnrecorded: {Name: table.ApproveUnrecorded},
	session.ActMoveRoom:   {Name: table.MoveRoom},
	session.ActDismiss:    {Name: table.Dismissed},
}

// why returns the table's sentence about a command that is refused in a room.
func why(v *session.RoomView, name string) *session.Text {
	of := table.Session{State: table.None, Safe: true}
	if s := v.Session; s != nil {
		of.State, of.Mandatory, of.Started = s.State, s.Mandatory, s.Started
		for _, f := range v.Faults {
			of.Faults = append(of.Faults, table.Fault{Code: table.Code(f.Code), Subject: f.Subject})
		}
	}
	if e, known := events[name]; known {
		if _, _, no := table.Step(of, e); no != nil {
			return &no.Say
		}
	}
	return &session.Text{En: "Not in this state.", Zh: "当前状态下不可用。"}
}

func actions(v *session.RoomView) []session.ActionView {
	state := table.State("")
	if v.Session != nil {
		state = v.Session.State
	}
	in := func(states ...table.State) bool { return slices.Contains(states, state) }
	allowed := map[string]bool{
		session.ActOpen:       v.Session == nil && v.Fit,
		session.ActStart:      in(table.Standby),
		session.ActEnd:        in(table.Questioning, table.Unrecorded),
		session.ActBreakOff:   in(table.Standby, table.Questioning, table.Locked, table.Resuming, table.Unrecorded),
		session.ActMarker:     in(table.Standby, table.Questioning, table.Locked, table.Resuming, table.Unrecorded, table.Closing),
		session.ActResume:     in(table.Locked, table.Unrecorded) && len(v.Faults) == 0,
		session.ActExplain:    in(table.Resuming),
		session.ActDismiss:    in(table.Sealed),
		session.ActUnrecorded: in(table.Locked) && !v.Session.Mandatory,
		session.ActRefuse:     in(table.Locked) && !v.Session.Mandatory,
		session.ActRoster:     in(table.Standby, table.Questioning, table.Locked, table.Resuming, table.Unrecorded, table.Closing),
		session.ActClassify:   in(table.Standby, table.Questioning, table.Locked, table.Resuming, table.Unrecorded, table.Closing),
		session.ActMoveRoom:   in(table.Locked),
		session.ActAccept: slices.ContainsFunc(v.Faults, func(f session.FaultView) bool {
			return f.Code == string(table.CameraChanged) || f.Code == string(table.CameraExchanged)
		}),
	}
	var out []session.ActionView
	for _, name := range append([]string{session.ActOpen}, session.Commands()...) {
		a := session.ActionView{Name: name, Allowed: allowed[name]}
		if !a.Allowed {
			a.Why = why(v, name)
			if name == session.ActOpen && len(v.Unfit) > 0 {
				a.Why = &v.Unfit[0]
			}
		}
		out = append(out, a)
	}
	return out
}

// clone returns a view that does not change any more.
func clone(v session.RoomView, now clock.Wall) session.RoomView {
	v.Now = now
	v.Cameras, v.Volumes = slices.Clone(v.Cameras), slices.Clone(v.Volumes)
	v.Faults, v.Actions, v.Unfit = slices.Clone(v.Faults), slices.Clone(v.Actions), slices.Clone(v.Unfit)
	if v.Session != nil {
		s := *v.Session
		s.Form.Circumstances = maps.Clone(s.Form.Circumstances)
		s.Markers, s.Breaks = slices.Clone(s.Markers), slices.Clone(s.Breaks)
		v.Session = &s
	}
	return v
}

// Rooms implements panel.Sessions.
func (b *Backend) Rooms() []session.RoomView {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []session.RoomView
	for _, id := range b.order {
		out = append(out, clone(b.rooms[id].view, b.clock.Now().Wall))
	}
	return out
}

// Room implements panel.Sessions.
func (b *Backend) Room(id string) (session.RoomView, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.rooms[id]
	if !ok {
		return session.RoomView{}, false
	}
	return clone(r.view, b.clock.Now().Wall), true
}

// Watch implements panel.Sessions.
func (b *Backend) Watch(id string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[c] = id
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, c)
	}
}

// Watchers returns how many watch any room.
func (b *Backend) Watchers() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.watchers)
}

// Open implements panel.Sessions.
func (b *Backend) Open(_ context.Context, actor session.Actor, roomID string, form session.OpenForm, request string) (session.SessionView, error) {
	return b.once(request, session.ActOpen, func() (session.SessionView, error) {
		r := b.rooms[roomID]
		var refused []session.FieldRefusal
		for _, f := range b.policy.Validate(form, r.view.Kind) {
			refused = append(refused, session.FieldRefusal{Name: f.Name, Say: f.Say})
		}
		if len(refused) > 0 {
			return session.SessionView{}, &session.Refusal{Code: "form", Say: refused[0].Say, Fields: refused}
		}
		if no := session.RefuseWallClock(actor, form); no != nil {
			return session.SessionView{}, no
		}
		if r.view.Session != nil {
			return session.SessionView{}, &session.Refusal{Code: "table", Say: session.Text{En: "A session is open in this room already.", Zh: "本室已有一次讯问或询问正在进行。"}}
		}
		b.opened++
		now := b.clock.Now().Wall
		id := fmt.Sprintf("%s-%04d", now.In(b.Zone).Format("20060102-150405"), b.opened)
		r.view.Session = &session.SessionView{ID: id, Form: form, Opened: now, OpenedBy: actor.ID, ClosingS: ClosingTime.Seconds(), Room: roomID, Markers: []session.MarkerView{}, Breaks: []session.BreakView{}}
		b.become(roomID, table.Starting, now)
		return *r.view.Session, nil
	})
}

// Do implements panel.Sessions.
func (b *Backend) Do(_ context.Context, _ session.Actor, sess string, cmd session.Command, request string) (session.SessionView, error) {
	return b.once(request, cmd.Name, func() (session.SessionView, error) {
		for id, r := range b.rooms {
			if s := r.view.Session; s != nil && s.ID == sess && cmp.Or(s.Room, id) == id {
				return b.do(id, r, cmd)
			}
		}
		return session.SessionView{}, session.ErrNotFound
	})
}

func (b *Backend) do(id string, r *room, cmd session.Command) (session.SessionView, error) {
	s := r.view.Session
	now := b.clock.Now().Wall
	i := slices.IndexFunc(r.view.Actions, func(a session.ActionView) bool { return a.Name == cmd.Name })
	if i < 0 || !r.view.Actions[i].Allowed {
		return session.SessionView{}, &session.Refusal{Code: "table", Say: *why(&r.view, cmd.Name)}
	}
	switch cmd.Name {
	case session.ActStart:
		s.Started = now
		b.become(id, table.Questioning, now)
	case session.ActEnd:
		s.Ended, s.Ending, s.CloseAt = now, cmd.Ending, now.Add(ClosingTime)
		b.become(id, table.Closing, now)
	case session.ActBreakOff:
		var refused []session.FieldRefusal
		for _, f := range b.policy.MayBreakOff("officer", cmd.Reason, cmd.Supervisor) {
			refused = append(refused, session.FieldRefusal{Name: f.Name, Say: f.Say})
		}
		if len(refused) > 0 {
			return session.SessionView{}, &session.Refusal{Code: "policy", Say: refused[0].Say, Fields: refused}
		}
		s.Ended, s.Ending, s.CloseAt = now, table.BrokenOff, now.Add(ClosingTime)
		b.become(id, table.Closing, now)
	case session.ActMarker:
		s.Markers = marked(s.Markers, cmd, now)
		b.touch(id)
	case session.ActRoster:
		if cmd.Phase == session.PhaseOut {
			s.Form.Roster = slices.DeleteFunc(slices.Clone(s.Form.Roster), func(m session.Member) bool { return m == *cmd.Member })
		} else {
			s.Form.Roster = append(slices.Clone(s.Form.Roster), *cmd.Member)
		}
		b.touch(id)
	case session.ActClassify:
		return b.classify(id, s, cmd)
	case session.ActMoveRoom:
		s.Room = cmd.Room
		b.archive[s.ID] = b.record(r.view)
		b.rooms[cmd.Room].view.Session = s
		b.touch(cmd.Room)
		b.touch(id)
	case session.ActUnrecorded, session.ActRefuse:
		a := policy.Approval{Reason: cmd.Reason, Text: cmd.Text, Roster: s.Form.Roster}
		if cmd.Approver != nil {
			a.ApproverID, a.ApproverName, a.ApproverRole = cmd.Approver.ID, cmd.Approver.Name, cmd.Approver.Role
		}
		may := b.policy.MayGoUnrecorded
		if cmd.Name == session.ActRefuse {
			may = b.policy.MayRefuseUnrecorded
		}
		if wrong := may(a); len(wrong) > 0 {
			return session.SessionView{}, &session.Refusal{Code: "policy", Say: wrong[0].Say, Fields: []session.FieldRefusal{{Name: wrong[0].Name, Say: wrong[0].Say}}}
		}
		if cmd.Name == session.ActRefuse {
			s.Refused = append(slices.Clone(s.Refused), session.RefusedView{At: now, By: *cmd.Approver, Reason: cmd.Text})
			b.touch(id)
			break
		}
		b.Approver = cmd.Approver.ID
		b.become(id, table.Unrecorded, now)
	case session.ActAccept:
		r.view.Faults = []session.FaultView{}
		b.touch(id)
	case session.ActResume:
		s.Script = b.script(now)
		b.become(id, table.Resuming, now)
	case session.ActExplain:
		if s.Script != nil {
			s.Lines, s.Script = append(slices.Clone(s.Lines), s.Script.Transcript), nil
		}
		b.become(id, cmp.Or(map[bool]table.State{true: table.Questioning}[s.Started != 0], table.Standby), now)
	case session.ActDismiss:
		done := *s
		for other, o := range b.rooms {
			if o.view.Session == s && other != id { // the one that it left
				o.view.Session = nil
				b.touch(other)
			}
		}
		r.view.Session = nil
		for i := range r.view.Cameras {
			r.view.Cameras[i].SafeUntil, r.view.Cameras[i].SafeOn, r.view.Cameras[i].Gaps = 0, 0, 0
		}
		b.touch(id)
		return done, nil
	}
	return *s, nil
}

// marked returns markers with one more, or with the one that runs ended.
func marked(all []session.MarkerView, cmd session.Command, now clock.Wall) []session.MarkerView {
	all = slices.Clone(all)
	if cmd.Phase != session.PhaseEnd {
		return append(all, session.MarkerView{Code: cmd.Marker, Begin: now, Text: cmd.Text, Actor: "Officer 0417"})
	}
	for i := range all {
		if m := &all[i]; m.Code == cmd.Marker && m.End == 0 {
			m.End = now
		}
	}
	return all
}

func (b *Backend) classify(id string, s *session.SessionView, cmd session.Command) (session.SessionView, error) {
	form := s.Form
	form.Category, form.Circumstances = cmd.Category, cmd.Circumstances
	var refused []session.FieldRefusal
	for _, f := range b.policy.MayClassify(Officer.Role, cmd.Reason, s.Form, form) {
		refused = append(refused, session.FieldRefusal{Name: f.Name, Say: f.Say})
	}
	if len(refused) > 0 {
		return session.SessionView{}, &session.Refusal{Code: "policy", Say: refused[0].Say, Fields: refused}
	}
	s.Form = form
	s.Mandatory, _ = b.policy.Mandatory(form)
	b.touch(id)
	return *s, nil
}

// once carries a wish out, or repeats the answer that its request id got.
func (b *Backend) once(request, name string, act func() (session.SessionView, error)) (session.SessionView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a, ok := b.answers[request]; ok {
		return a.view, a.err
	}
	v, err := act()
	if err == nil {
		b.Acted[name]++
	}
	b.answers[request] = answer{v, err}
	return v, err
}

// PanelAlive implements panel.Sessions.
func (b *Backend) PanelAlive(string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Acted["alive"]++
}

// Times returns how often a command was carried out.
func (b *Backend) Times(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Acted[name]
}

// Sessions implements panel.Archive.
func (b *Backend) Sessions(_ context.Context, q panel.Query) ([]panel.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []panel.Record
	for _, r := range b.archive {
		switch {
		case !strings.Contains(r.Form.Case, q.Case), !strings.Contains(r.Form.Person, q.Person),
			q.Officer != "" && !slices.ContainsFunc(r.Form.Roster, func(m session.Member) bool { return strings.Contains(m.Name, q.Officer) }):
			continue
		case q.Room != "" && r.Room != q.Room, q.State != "" && string(r.State) != q.State,
			q.Before != 0 && r.Opened >= q.Before, r.Opened < q.After,
			q.Session != "" && r.ID != q.Session, len(q.Own) > 0 && !own(r, q.Own):
			continue
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(x, y panel.Record) int { return cmp.Compare(y.Opened, x.Opened) })
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, nil
}

// own reports whether one of the names opened a session or takes part in it.
func own(r panel.Record, names []string) bool {
	return slices.Contains(names, r.OpenedBy) || slices.ContainsFunc(r.Form.Roster, func(m session.Member) bool { return slices.Contains(names, m.Name) })
}

// Session implements panel.Archive.
func (b *Backend) Session(_ context.Context, id string) (panel.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.archive[id]
	if !ok {
		return panel.Record{}, panel.ErrNotFound
	}
	return r, nil
}

// Clock returns the site's clock.
func (b *Backend) Clock() clock.Source { return b.clock }

// Touch makes a room change.
func (b *Backend) Touch(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.touch(id)
}
