package session

import (
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// room is what the manager knows of a room apart from sessions. Its fields are guarded by the
// manager's mutex.
type room struct {
	cfg     RoomConfig
	cameras map[string]CameraStatus
	faults  map[table.Fault]openFault
	tested  *TestView
	checked *WallCheckView // the last comparison of the clock in the room
	asked   string         // the request id of that comparison
	sensor  *Reading
	times   map[string]CameraTime // by camera, the latest
	runner  *runner               // of the session that runs here, or was sealed last until dismissed
	held    bool                  // its settings are being changed: no session may begin
	expects string                // the session that was found unsealed and cannot go on here yet; empty: none
	seq     uint64
	watches map[chan struct{}]struct{}

	// What the runner showed last, and how far its cameras are.
	session  *SessionView
	state    table.State
	actions  []ActionView
	progress map[string]Progress
	locked   lockTime

	message *MessageView  // the last one; replaced whole, never changed
	telling chan struct{} // capacity 1; holds one while a message is on its way to the journal
}

type openFault struct {
	since  clock.Stamp
	locks  bool
	detail string
	alarm  bool // as it was reported: it locks nowhere
	own    bool // the runner itself found it, no detector: nobody else will say that it is over
}

// changed lets everybody who watches know.
func (r *room) changed() {
	r.seq++
	for ch := range r.watches {
		select {
		case ch <- struct{}{}:
		default: // a signal that is pending is enough
		}
	}
}

func (r *room) camera(id string) (CameraConfig, bool) {
	for _, c := range r.cfg.Cameras {
		if c.ID == id {
			return c, true
		}
	}
	return CameraConfig{}, false
}

// locks reports whether a report is of a fault that locks a session in this room.
func (r *room) locks(f FaultEvent) bool {
	known, ok := FaultOf(f.Code)
	if !ok || !known.Locks || f.Alarm {
		return false
	}
	if c, ok := r.camera(f.Subject); ok {
		return c.Required
	}
	return true
}

// busy reports whether a session that is not sealed is here.
func (r *room) busy() bool { return r.runner != nil && r.state != table.Sealed }

// set takes in a report and reports whether anything changed.
func (r *room) set(key table.Fault, f FaultEvent) bool {
	old, open := r.faults[key]
	if !f.Raised {
		delete(r.faults, key)
		return open
	}
	now := openFault{since: f.At, locks: r.locks(f), detail: f.Detail, alarm: f.Alarm}
	known, _ := FaultOf(key.Code)
	if open && !known.Moment {
		now.since = old.since
	}
	r.faults[key] = now
	return !open || old.locks != now.locks || known.Moment
}

// unfit returns why no session could be opened here now.
func (r *room) unfit(volumes []VolumeView) []Text {
	var out []Text
	if r.held {
		out = append(out, sentences["changing"])
	}
	if r.expects != "" {
		out = append(out, sentences["expected"])
	}
	for _, c := range r.cfg.Cameras {
		s := r.cameras[c.ID]
		if !c.Required || s.Connected {
			continue
		}
		if s.Problem != nil {
			out = append(out, Text{En: c.Name.En + ": " + s.Problem.En, Zh: c.Name.Zh + "：" + s.Problem.Zh})
			continue
		}
		out = append(out, sentences["not-connected"].About(c.Name))
	}
	for _, f := range r.sorted() {
		known, ok := FaultOf(f.Code)
		if !ok || !r.faults[f].locks && !known.Unfit {
			continue
		}
		if c, ok := r.camera(f.Subject); ok && c.Required && !r.cameras[c.ID].Connected {
			continue // said already
		}
		out = append(out, known.Title.About(r.name(f, volumes)))
	}
	if len(volumes) > 0 && !slices.ContainsFunc(volumes, func(v VolumeView) bool { return v.Healthy }) {
		out = append(out, sentences["no-volume"])
	}
	return out
}

// sorted returns the open faults, the locking ones first.
func (r *room) sorted() []table.Fault {
	out := make([]table.Fault, 0, len(r.faults))
	for f := range r.faults {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b table.Fault) int {
		if r.faults[a].locks != r.faults[b].locks {
			if r.faults[a].locks {
				return -1
			}
			return 1
		}
		return a.Compare(b)
	})
	return out
}

// name returns how a fault's subject is called.
func (r *room) name(f table.Fault, volumes []VolumeView) Text {
	if c, ok := r.camera(f.Subject); ok {
		return c.Name
	}
	for _, v := range volumes {
		if v.ID == f.Subject && v.Name != "" {
			return Text{En: v.Name, Zh: v.Name}
		}
	}
	if c, ok := causeOf(f); ok {
		return c.Name
	}
	if f.Subject != "" {
		return Text{En: f.Subject, Zh: f.Subject}
	}
	return sentences["this-room"]
}

// momentTime is for how long a fault is shown that is over as soon as it has happened.
const momentTime = 10 * time.Minute

func (r *room) faultViews(now clock.Mono, volumes []VolumeView) []FaultView {
	out := []FaultView{}
	for _, f := range r.sorted() {
		known, ok := FaultOf(f.Code)
		twice := slices.ContainsFunc(out, func(v FaultView) bool { return v.Code == string(f.Code) && v.Subject == f.Subject })
		if !ok || twice || known.Moment && now.Sub(r.faults[f].since.Mono) > momentTime {
			continue
		}
		name := r.name(f, volumes)
		if known.Locks && !r.faults[f].locks {
			known.Do = sentences["alarm-only"]
		}
		if c, ok := causeOf(f); ok {
			known.What, known.Do = c.What, c.Do
		}
		out = append(out, FaultView{
			Code: string(f.Code), Subject: f.Subject, Locks: r.faults[f].locks, Since: r.faults[f].since.Wall,
			Title: known.Title.About(name), What: known.What.About(name), Do: known.Do.About(name), Clause: known.Clause,
		})
	}
	return out
}

func (r *room) cameraViews() []CameraView {
	out := make([]CameraView, 0, len(r.cfg.Cameras))
	for _, c := range r.cfg.Cameras {
		s, p := r.cameras[c.ID], r.progress[c.ID]
		out = append(out, CameraView{
			ID: c.ID, Name: c.Name, Required: c.Required, Connected: s.Connected, Problem: s.Problem,
			Video: s.Video, Audio: s.Audio, SafeUntil: p.To.Wall, SafeOn: p.Volumes, Gaps: p.Gaps, Live: s.Live, Sound: s.Sound, Unjudged: s.Unjudged,
		})
	}
	return out
}
