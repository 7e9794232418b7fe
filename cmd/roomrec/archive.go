package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/evidence/verify"
	"roomrec/media"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/transcript"
)

// archive knows the sessions that were: the list from the catalogue, each one from its folder.
type archive struct {
	index      *index
	recordings recordings
	station    *station
}

// Sessions returns sessions, newest first.
func (a *archive) Sessions(ctx context.Context, q panel.Query) ([]panel.Record, error) {
	found, err := a.index.c.Sessions(ctx, catalog.Query{
		Session: q.Session, Own: q.Own, Room: q.Room, State: table.State(q.State),
		CasePart: q.Case, PersonPart: q.Person, MemberPart: q.Officer, After: q.After, Before: q.Before, Limit: q.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := make([]panel.Record, 0, len(found))
	for _, s := range found {
		out = append(out, a.brief(s))
	}
	return out, nil
}

// brief is what the catalogue knows of a session.
func (a *archive) brief(s catalog.Session) panel.Record {
	r := panel.Record{
		SessionView: session.SessionView{
			ID: s.Session, State: s.State, Since: max(s.Opened, s.Started, s.Ended, s.Sealed), Opened: s.Opened,
			Started: s.Started, Ended: s.Ended, Mandatory: s.Mandatory, Ending: s.Ending, Room: s.Room,
			Form:    session.OpenForm{Case: s.Case, Person: s.Person, Kind: session.Kind(s.Kind)},
			Markers: []session.MarkerView{}, Breaks: []session.BreakView{},
		},
		Room: s.Room, RoomName: a.roomName(s.Room), Zone: a.station.setup.zone.Name(), Folder: s.Folder,
		Verdict: verdictOf(s.Verdict),
	}
	if s.Sealed != 0 {
		r.Transcript = statusOf(s)
		r.Complete = transcript.CompleteWith(whole(s), r.Transcript)
	}
	for _, m := range s.Members {
		if m.Role == openerRole {
			r.OpenedBy = m.Name
			continue
		}
		r.Form.Roster = append(r.Form.Roster, session.Member{Role: m.Role, Name: m.Name})
	}
	if s.SealHash != "" {
		r.Seal = &session.SealView{Hash: s.SealHash, At: s.Sealed, Folder: s.Folder}
	}
	return r
}

// staysOf returns the rooms in which a session was, without their names, as its journal tells them.
func staysOf(f *folder) []panel.StayView {
	rooms := f.record.Table.Rooms
	if len(rooms) == 0 {
		return nil
	}
	stays := []panel.StayView{{Room: rooms[0], From: f.record.Table.Opened}}
	for _, l := range f.lines {
		var moved session.Data
		if l.Type == session.TypeMoveRoom && json.Unmarshal(l.Data, &moved) == nil {
			stays = append(stays, panel.StayView{Room: moved.Event.Room, From: moved.Event.At})
		}
	}
	return stays
}

func (a *archive) roomName(id string) session.Text {
	if r := a.station.rooms.get(id); r != nil {
		return r.setup.Name
	}
	return session.Text{En: id, Zh: id}
}

// Session returns one session as its folder tells it.
func (a *archive) Session(ctx context.Context, id string) (panel.Record, error) {
	t, err := a.recordings.find(id)
	if err != nil {
		return panel.Record{}, err
	}
	at := t.at
	f, err := t.read()
	if err != nil && len(f.lines) == 0 {
		return panel.Record{}, err
	}
	if err != nil {
		// What can be read is shown; the verifier says what is wrong with the rest.
		a.station.log.Error().Err(err).Str("session", id).Msg("read the session's folder")
	}
	r := panel.Record{SessionView: f.record.View(id), Zone: f.record.Zone, Folder: at}
	r.Room = r.SessionView.Room
	r.RoomName = a.roomName(r.Room)
	for _, stay := range staysOf(&f) {
		stay.Name = a.roomName(stay.Room)
		r.Stays = append(r.Stays, stay)
	}
	for _, said := range readingsOf(&f, "") {
		r.Readings = append(r.Readings, panel.ReadingView{At: said.At, Text: said.Text})
	}
	if st := a.station.stills; st != nil {
		r.Stills = st.views(&f)
	}
	if s := sealOf(f); s != nil {
		r.State, r.Since = table.Sealed, s.At.Wall
		r.Seal = &session.SealView{Hash: s.Hash, At: s.At.Wall, Key: s.Key, Folder: at, Facts: s.Facts, Uncertainty: s.Uncertainty}
		r.Facts = s.Facts
		if told, ok := f.record.Form.WallClock.Told(); ok {
			r.Facts = append(slices.Clone(r.Facts), told)
		}
		r.Facts = slices.Concat(r.Facts, f.record.Late(), f.record.Unmarked())
	}
	if listed, err := a.index.c.Session(ctx, id); err == nil {
		r.Verdict = verdictOf(listed.Verdict)
		if r.Seal != nil {
			r.Transcript = statusOf(listed)
			r.Complete = transcript.CompleteWith(whole(listed), r.Transcript)
		}
	} else if !errors.Is(err, catalog.ErrNotFound) {
		return r, err
	}
	for _, v := range a.station.disks.all() {
		if info, err := fs.Stat(v.Files(), at); err == nil && info.IsDir() {
			r.Volumes = append(r.Volumes, filepath.Join(v.Dir(), filepath.FromSlash(at)))
		}
	}
	return r, a.cameras(&f, &r)
}

// notAllRead says that a disk holds more of a session than its page shows, or may do so.
var notAllRead = session.Text{
	En: "A part of this session cannot be read on a disk. What is shown lacks whatever no other disk has. Call IT.",
	Zh: "某一磁盘上本次录制的部分内容无法读取。其他磁盘上没有的内容未能显示。请联系信息技术人员。",
}

// cameras fills in what the session holds of each camera.
func (a *archive) cameras(f *folder, r *panel.Record) error {
	segments, err := f.segments()
	if err = errors.Join(err, f.joint.problem); err != nil {
		if len(segments) == 0 {
			return err
		}
		a.station.log.Error().Err(err).Str("session", f.id).Msg("read the session's folder")
		r.Facts = append(slices.Clone(r.Facts), notAllRead)
	}
	var first, last clock.Wall
	for _, of := range sortedCameras(segments) {
		rec := panel.CameraRecord{Room: of.room, Camera: of.camera, Name: session.Text{En: of.camera, Zh: of.camera}, Playable: true}
		if cam, ok := a.station.rooms.get(of.room).camera(of.camera); ok {
			rec.Name = cam.setup.name
		}
		runs := make(map[string]bool)
		for _, name := range segments[of] {
			runs[path.Dir(name)] = true
			x, err := a.recordings.index(f.files, f.path, name)
			if err != nil {
				continue // no whole fragment yet, or damaged: the verifier says
			}
			if !playsInBrowsers(x.Header.Tracks) {
				rec.Playable, rec.Why = false, notInBrowsers(x.Header.Tracks)
			}
			if n := len(x.Entries); n > 0 {
				if first == 0 || x.Entries[0].Start.Wall < first {
					first = x.Entries[0].Start.Wall
				}
				last = max(last, x.Entries[n-1].Start.Wall.Add(x.Entries[n-1].Length))
			}
		}
		rec.Runs = len(runs)
		if f.sealed != nil {
			for _, run := range f.sealed.Runs {
				if run.Room != of.room || run.Camera != of.camera {
					continue
				}
				for _, g := range run.Gaps {
					rec.Gaps += int(max(1, g.Count))
				}
			}
		}
		r.Cameras = append(r.Cameras, rec)
	}
	// Both ends are on one session's timeline.
	r.Length = clock.Instant{Wall: last}.Since(clock.Instant{Wall: first})
	return nil
}

func sortedCameras(m map[cameraOf][]string) []cameraOf {
	out := make([]cameraOf, 0, len(m))
	for of := range m {
		out = append(out, of)
	}
	slices.SortFunc(out, func(x, y cameraOf) int {
		return cmp.Or(cmp.Compare(x.room, y.room), cmp.Compare(x.camera, y.camera))
	})
	return out
}

func notInBrowsers(tracks []*media.Track) *session.Text {
	codec := "?"
	for _, t := range tracks {
		if t.Codec.Video() {
			codec = t.Codec.String()
		}
	}
	return &session.Text{
		En: "This browser has no decoder for " + codec + ". Any video player, such as VLC, plays the files.",
		Zh: "本浏览器无法解码 " + codec + "。请用 VLC 等播放器打开文件。",
	}
}

// otherKeyVerdict stands in the catalogue for a verdict on a session that was sealed with none of the station's keys:
// whatever lies there, it is not what was recorded here.
const otherKeyVerdict = verify.Verdict(verify.KeyOther)

// The verifier's words as the pages know them.
var verdicts = map[verify.Verdict]struct {
	word string
	text session.Text
}{
	verify.Intact:     {"intact", session.Text{En: "Intact", Zh: "完整无改动"}},
	verify.Gaps:       {"intact-with-gaps", session.Text{En: "Intact, with declared gaps", Zh: "无改动，有已声明的缺失段"}},
	verify.Incomplete: {"incomplete", session.Text{En: "Incomplete", Zh: "不完整"}},
	verify.Unsealed:   {"unsealed", session.Text{En: "Not sealed", Zh: "未封存"}},
	verify.Unknown:    {"unknown-version", session.Text{En: "Written by a later program", Zh: "由更新版本的程序写入"}},
	otherKeyVerdict:   {"another-key", session.Text{En: "Sealed with another station's key", Zh: "由其他设备的密钥封存"}},
	verify.Altered:    {"altered", session.Text{En: "Altered", Zh: "已被改动"}},
}

func verdictOf(said string) *panel.Verdict {
	v, ok := verdicts[verify.Verdict(said)]
	if !ok {
		return nil
	}
	return &panel.Verdict{Word: v.word, Text: v.text}
}

// verifyQueue is how many sealed sessions may wait to be verified. Beyond it the oldest wait for a
// person to ask: a verification can always be made again.
const verifyQueue = 256

// verifier verifies sessions after they were sealed, one at a time.
type verifier struct {
	station *station
	index   *index
	queue   chan string // capacity verifyQueue; full: the session keeps no verdict until it is verified by hand
}

func newVerifier(st *station, x *index) *verifier {
	v := &verifier{station: st, index: x, queue: make(chan string, verifyQueue)}
	x.sealed = func(id string) {
		select {
		case v.queue <- id:
		default:
			st.log.Warn().Str("session", id).Msg("too many sessions wait to be verified: run roomrec verify")
		}
	}
	return v
}

// Run verifies until ctx ends.
func (v *verifier) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case id := <-v.queue:
			v.verify(ctx, id)
		}
	}
}

// verify judges a session's folders on all volumes; the worst verdict counts.
func (v *verifier) verify(ctx context.Context, id string) {
	at, ok := folderOf(id)
	if !ok {
		return
	}
	var dirs []string
	for _, vol := range v.station.disks.all() {
		if info, err := fs.Stat(vol.Files(), at); err == nil && info.IsDir() && vol.Fault() == nil {
			dirs = append(dirs, filepath.Join(vol.Dir(), filepath.FromSlash(at)))
		}
	}
	log := v.station.log.With().Str("session", id).Logger()
	keys, err := v.station.verifiers()
	if err != nil { // without all of them nobody is said to have sealed with another
		log.Error().Err(err).Msg("verify: read the station's keys")
	}
	report, err := verify.Folders(ctx, dirs, verify.Options{Keys: keys})
	if ctx.Err() != nil {
		return // the program ends; a person can ask again
	}
	if err != nil {
		log.Error().Err(err).Msg("verify")
		return
	}
	worst := verify.Intact
	order := []verify.Verdict{verify.Intact, verify.Gaps, verify.Incomplete, verify.Unsealed, verify.Unknown, otherKeyVerdict, verify.Altered}
	for _, f := range report.Folders {
		if slices.Index(order, f.Verdict) > slices.Index(order, worst) {
			worst = f.Verdict
		}
		if f.Key != verify.KeyOther {
			continue
		}
		log.Error().Str("folder", f.Dir).Str("key", f.KeyName).Msg("signed with a key that was never this station's")
		if worst != verify.Altered {
			worst = otherKeyVerdict
		}
	}
	for _, t := range report.Together {
		if slices.Index(order, t.Verdict) > slices.Index(order, worst) {
			worst = t.Verdict
		}
	}
	if err := v.index.c.SetVerdict(ctx, id, string(worst)); err != nil {
		log.Error().Err(err).Msg("keep the verdict")
		return
	}
	log.Info().Str("verdict", string(worst)).Msg("verified")
}
