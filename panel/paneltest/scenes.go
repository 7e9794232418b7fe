package paneltest

import (
	"fmt"
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// Scenes lists what Set knows: every look of a room's page.
func Scenes() []string {
	return []string{"ready", "morning", "unfit", "starting", "standby", "questioning", "alarm", "locked", "called", "free", "refused", "changed", "exchanged", "cleared", "resuming", "unrecorded", "closing", "sealed"}
}

// Set puts a room into a scene, with invented data, as if it had come there by itself. The session is a new one.
func (b *Backend) Set(id, scene string) error { return b.set(id, scene, false) }

// set puts a room into a scene; of the session that runs, where the same is meant.
func (b *Backend) set(id, scene string, same bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.rooms[id]
	if !ok || !slices.Contains(Scenes(), scene) {
		return fmt.Errorf("no room %q or scene %q", id, scene)
	}
	v := &r.view
	now := b.clock.Now().Wall
	before := v.Session
	v.Session, v.Fit, v.Unfit, v.Faults, v.Message = nil, true, nil, []session.FaultView{}, nil
	v.WallCheck = checked(now.Add(-41*time.Minute), "0417")
	if scene == "morning" {
		v.WallCheck = checked(now.Add(-25*time.Hour), "0522")
	}
	v.Clock = session.ClockView{Trusted: true, MaxError: 4 * time.Millisecond}
	r.frozen, r.dead = false, make(map[string]bool)
	for i := range v.Cameras {
		c := &v.Cameras[i]
		c.Connected, c.Problem, c.SafeUntil, c.SafeOn, c.Gaps, c.Video = true, nil, 0, 0, 0, video
	}
	for i := range v.Volumes {
		v.Volumes[i].Healthy, v.Volumes[i].Problem = true, nil
	}
	switch scene {
	case "ready", "morning":
	case "unfit":
		b.lose(r, now, false)
		v.Fit = false
		v.Unfit = []session.Text{{En: "Front: no picture. No session can be opened.", Zh: "正面机位：无画面，不能开启。"}}
	default:
		b.session(r, scene, now)
	}
	if same && before != nil && v.Session != nil {
		delete(b.archive, v.Session.ID)
		v.Session.ID, v.Session.Opened = before.ID, before.Opened
		b.archive[before.ID] = b.record(*v)
	}
	b.touch(id)
	return nil
}

// closed is how long ago the recording of the scene sealed ended.
const closed = 20 * time.Second

// checked is a clock in a room that somebody found to agree.
func checked(at clock.Wall, by string) *session.WallCheckView {
	v := session.WallCheck{At: at, By: session.Actor{ID: by}, WallClock: policy.WallClock{Says: policy.ClockAgrees}}.View()
	return &v
}

// mustRecord is why a case of the scenes cannot go on unrecorded.
var mustRecord = session.Text{En: "Unrecorded is not possible: this case must be recorded (Death, injury, danger).", Zh: "不能转为未录制讯问：本案必须同步录音录像（致人重伤、死亡等严重案件）。"}

// session gives a room a running session.
func (b *Backend) session(r *room, scene string, now clock.Wall) {
	b.opened++
	opened := now.Add(-27 * time.Minute)
	if scene == "sealed" {
		opened = now.Add(-closed - tapeLength) // what the tapes hold begins when the session was opened, and is short
	}
	s := &session.SessionView{
		ClosingS: 60,
		ID:       fmt.Sprintf("%s-%04d", opened.In(b.Zone).Format("20060102-150405"), b.opened), Room: r.view.ID,
		Form: session.OpenForm{
			Case: "2026-1187", Person: "2231", Kind: policy.Suspect, Category: "serious-danger", Planned: 4 * time.Hour,
			Times:     policy.Times{Arrived: opened.Add(-5 * time.Hour).Time().Format(time.RFC3339)},
			WallClock: policy.WallClock{Says: policy.ClockDiffers, Ahead: 7},
			Roster:    []session.Member{{Role: policy.Questioner, Name: "Officer 0417"}, {Role: policy.Clerk, Name: "Officer 0522"}, {Role: policy.Interpreter, Name: "T-08"}},
		},
		OpenedBy: "0417", Opened: opened, Started: opened.Add(2*time.Minute + 9*time.Second), Mandatory: true,
		SafeAt: now.Add(-time.Second), SafeOn: 2, Markers: []session.MarkerView{}, Breaks: []session.BreakView{},
	}
	r.view.Session = s
	for i := range r.view.Cameras {
		r.view.Cameras[i].SafeUntil, r.view.Cameras[i].SafeOn = s.SafeAt, 2
	}
	state, since := table.Questioning, s.Started
	switch scene {
	case "starting":
		state, since, s.Started, s.Opened, s.SafeAt = table.Starting, now, 0, now, 0
		r.frozen = true
		for i := range r.view.Cameras {
			r.view.Cameras[i].SafeUntil, r.view.Cameras[i].SafeOn = 0, 0
		}
	case "standby":
		state, since, s.Started, s.Opened = table.Standby, now.Add(-time.Minute), 0, now.Add(-time.Minute)
	case "alarm":
		b.alarm(r, now)
	case "locked", "unrecorded":
		state, since = table.Locked, now.Add(-107*time.Second)
		b.lose(r, since, true)
		s.SafeAt = since.Add(-3 * time.Second)
		s.Refusals = []session.Text{mustRecord}
		if scene == "unrecorded" {
			state, since, s.Mandatory, s.Refusals = table.Unrecorded, now.Add(-6*time.Minute), false, nil
		}
	case "called": // locked for so long that a supervisor is called
		state, since = table.Locked, now.Add(-11*time.Minute)
		b.lose(r, since, true)
		s.SafeAt, s.Called = since.Add(-3*time.Second), true
		s.Refusals = []session.Text{mustRecord}
	case "free", "refused": // a case in which questioning may go on unrecorded
		state, since = table.Locked, now.Add(-107*time.Second)
		b.lose(r, since, true)
		s.SafeAt, s.Mandatory, s.Form.Category = since.Add(-3*time.Second), false, "fraud"
		if scene == "refused" {
			s.Refused = []session.RefusedView{{At: since.Add(61 * time.Second), By: session.Actor{ID: "0205", Name: "Approver 0205", Role: "approver"}, Reason: "Room 5 is free, go on there."}}
		}
	case "changed", "exchanged":
		state, since = table.Locked, now.Add(-107*time.Second)
		code := table.CameraChanged
		if scene == "exchanged" { // it sends as before, and is another device
			code = table.CameraExchanged
		}
		b.change(r, since, code)
		s.Refusals = []session.Text{mustRecord}
	case "cleared":
		state, since = table.Locked, now.Add(-5*time.Minute)
	case "resuming":
		state, since = table.Resuming, now.Add(-14*time.Second)
		s.Script = b.script(now)
	case "closing":
		state, since, s.Ended, s.Ending = table.Closing, now.Add(-4*time.Second), now.Add(-4*time.Second), table.Signed
		s.CloseAt = now.Add(56 * time.Second)
	case "sealed":
		state, since, s.Ended, s.Ending = table.Sealed, now.Add(-8*time.Second), now.Add(-closed-time.Second), table.Signed
		s.CloseAt, s.SafeAt = now.Add(-closed), now.Add(-closed)
		s.Seal = &session.SealView{
			Hash: "9f3ca17e04d268b5e1c75a903bf8d24670aec51f92d84be30c67f5a18e39b2d4", At: since,
			Key: "room-recorder-1 +3f9a0c11", Folder: folderOf(s), Uncertainty: 4 * time.Millisecond,
		}
		r.view.Cameras[0].Gaps = 1
		s.Started = s.Opened.Add(2 * time.Second)
		s.Breaks = []session.BreakView{{Cause: "camera.lost", Subject: "front", LastGood: s.Opened.Add(9 * time.Second), FirstGood: s.Opened.Add(13 * time.Second), Locked: s.Opened.Add(10 * time.Second), Resumed: s.Opened.Add(13 * time.Second)}}
		s.Mandatory, s.Form.Category = false, "fraud"
		s.Refused = []session.RefusedView{{At: s.Opened.Add(11 * time.Second), By: session.Actor{ID: "0205", Name: "Approver 0205", Role: "approver"}, Reason: "Room 5 is free, go on there."}}
		s.Markers = []session.MarkerView{
			{Code: "rights-read", Begin: s.Started.Add(2 * time.Second), Actor: "Officer 0417"},
			{Code: "evidence", Begin: s.Started.Add(4 * time.Second), End: s.Started.Add(7 * time.Second), Length: true, Text: "3", Actor: "Officer 0417"},
			{Code: "signing", Begin: s.Started.Add(14 * time.Second), End: s.Started.Add(16 * time.Second), Length: true, Actor: "Officer 0417"},
		}
		helper := session.Member{Role: policy.Interpreter, Name: "T-08"}
		s.Comings = []session.ComingView{{Member: helper, At: s.Started.Add(5 * time.Second)}, {Member: helper, Out: true, At: s.Started.Add(12 * time.Second)}}
	}
	s.State, s.Since = state, since
	if s.Started != 0 && s.Ended == 0 {
		rec := session.Record{Form: s.Form, Markers: s.Markers, Table: table.Session{State: state, Started: s.Started}}
		s.Duties = rec.Duties(now)
	}
	b.archive[s.ID] = b.record(r.view)
}

// script is what is read aloud after an interruption.
func (b *Backend) script(now clock.Wall) *session.ScriptView {
	from, to := now.Add(-13*time.Minute), now.Add(-40*time.Second)
	script := &session.ScriptView{From: from, To: to, Suspended: from.Add(2 * time.Second)}
	z := clock.NewZone(b.Zone)
	script.Say = session.Text{
		En: "“The recording was interrupted from " + z.Time(from) + " to " + z.Time(to) + ", because the front camera lost its connection. Questioning was suspended at " + z.Time(from.Add(2*time.Second)) + ". It is now " + z.Minute(now) + ", and both cameras are recording again. Were you questioned about the case during the interruption?”",
		Zh: "“录制自 " + z.Time(from) + " 至 " + z.Time(to) + " 中断，原因是正面摄像机连接断开。讯问于 " + z.Time(from.Add(2*time.Second)) + " 中止。现在是 " + z.Minute(now) + "，两路画面已恢复录制。中断期间是否有人就案件向你发问？”",
	}
	script.Transcript = session.Text{
		En: "Recording interrupted " + z.Time(from) + " to " + z.Time(to) + ", camera connection lost. Interrogation suspended from " + z.Time(from.Add(2*time.Second)) + ".",
		Zh: "录制自 " + z.Time(from) + " 至 " + z.Time(to) + " 中断，摄像机连接断开。讯问自 " + z.Time(from.Add(2*time.Second)) + " 起中止。",
	}
	return script
}

// lose takes the front camera away.
func (b *Backend) lose(r *room, since clock.Wall, locks bool) {
	f, _ := session.FaultOf(table.CameraLost)
	c := &r.view.Cameras[0]
	c.Connected = false
	c.Problem = &session.Text{En: "Connection lost; tried again every second.", Zh: "连接断开，正在每秒重试。"}
	c.SafeUntil = since.Add(-3 * time.Second)
	r.dead[c.ID] = true
	name := func(t session.Text) session.Text {
		return session.Text{En: replaceSubject(t.En, c.Name.En), Zh: replaceSubject(t.Zh, c.Name.Zh)}
	}
	r.view.Faults = []session.FaultView{{Code: string(f.Code), Subject: c.ID, Locks: locks, Since: since.Add(-2 * time.Second), Title: name(f.Title), What: name(f.What), Do: name(f.Do), Clause: f.Clause}}
}

// change puts another camera in the place of the frontal one.
func (b *Backend) change(r *room, since clock.Wall, code table.Code) {
	f, _ := session.FaultOf(code)
	c := &r.view.Cameras[0]
	if code == table.CameraChanged {
		c.Video = "H264 640x352 25.0 fps"
	}
	name := func(t session.Text) session.Text {
		return session.Text{En: replaceSubject(t.En, c.Name.En), Zh: replaceSubject(t.Zh, c.Name.Zh)}
	}
	r.view.Faults = []session.FaultView{{Code: string(f.Code), Subject: c.ID, Locks: true, Since: since, Title: name(f.Title), What: name(f.What), Do: name(f.Do), Clause: f.Clause}}
}

// alarm breaks one disk, which does not lock.
func (b *Backend) alarm(r *room, now clock.Wall) {
	f, _ := session.FaultOf(table.StorageDegraded)
	v := &r.view.Volumes[1]
	v.Healthy = false
	v.Problem = &session.Text{En: "Input/output error when writing.", Zh: "写入时发生输入输出错误。"}
	name := session.Text{En: v.Name, Zh: v.Name}
	r.view.Faults = []session.FaultView{{Code: string(f.Code), Subject: v.ID, Since: now.Add(-time.Minute), Title: session.Text{En: replaceSubject(f.Title.En, name.En), Zh: replaceSubject(f.Title.Zh, name.Zh)}, What: f.What, Do: session.Text{En: replaceSubject(f.Do.En, name.En), Zh: replaceSubject(f.Do.Zh, name.Zh)}}}
}

// Join puts someone on the roster of the session in a room.
func (b *Backend) Join(id, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rooms[id]
	s := *r.view.Session
	s.Form.Roster = append(slices.Clone(s.Form.Roster), session.Member{Role: policy.Clerk, Name: name})
	r.view.Session = &s
	b.archive[s.ID] = b.record(r.view)
	b.touch(id)
}
