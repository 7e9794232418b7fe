package session

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/session/policy"
	"roomrec/session/table"
)

var update = flag.Bool("update", false, "write what scripts give into testdata")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestScripts plays every script of testdata: clicks and faults in; states, journal lines and the
// officer's sentences out. A script's lines are explained by the methods of stage. Lines after ----
// are what must come out.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			var got strings.Builder
			synctest.Test(t, func(t *testing.T) { play(t, string(want), &got) })
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got.String()), 0o644))
				return
			}
			require.Equal(t, string(want), got.String())
		})
	}
}

func play(t *testing.T, script string, out *strings.Builder) {
	s := newStage(t)
	for _, block := range strings.Split(strings.TrimSpace(script), "\n\n") {
		input, _, _ := strings.Cut(block, "\n----")
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString(input + "\n")
		played := false
		for _, line := range strings.Split(input, "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if !played {
				s.out = nil
			}
			played = true
			s.line(line)
		}
		if played {
			out.WriteString("----\n")
			for _, l := range s.out {
				out.WriteString(l + "\n")
			}
		}
	}
	s.finish()
}

// stage is a site of two rooms on which scripts are played.
type stage struct {
	t       *testing.T
	m       *Manager
	rec     *fakeRecorder
	stop    context.CancelFunc
	done    chan struct{}
	begin   clock.Stamp
	clock   clock.Source
	session string
	state   table.State
	silent  map[string]bool // cameras that give nothing
	request int
	out     []string
}

func testRooms() []RoomConfig {
	cameras := []CameraConfig{
		{ID: "front", Name: Text{En: "Front camera", Zh: "正面摄像机"}, Required: true},
		{ID: "overview", Name: Text{En: "Room camera", Zh: "全景摄像机"}, Required: true},
		{ID: "side", Name: Text{En: "Side camera", Zh: "侧面摄像机"}},
	}
	return []RoomConfig{
		{ID: "room3", Name: Text{En: "Room 3", Zh: "3 号讯问室"}, Kind: policy.HandlingArea, Cameras: cameras},
		{ID: "van", Name: Text{En: "Mobile equipment", Zh: "移动设备"}, Kind: policy.Mobile, Cameras: cameras[:1]},
	}
}

func newStage(t *testing.T) *stage {
	src := clock.NewSystem()
	s := &stage{t: t, clock: src, begin: src.Now(), rec: &fakeRecorder{clock: src}, silent: map[string]bool{}}
	s.start()
	return s
}

func (s *stage) start() {
	m, err := NewManager(Config{
		Rooms: testRooms(), Clock: s.clock, Recorder: s.rec, Zone: clock.NewZone(time.FixedZone("CST", 8*3600)),
	})
	require.NoError(s.t, err)
	m.newID = func(opened clock.Wall) string {
		return opened.In(time.FixedZone("CST", 8*3600)).Format("20060102-150405-") + "7f2k"
	}
	for _, r := range testRooms() {
		for _, c := range r.Cameras {
			m.SetCamera(r.ID, c.ID, CameraStatus{Connected: true})
		}
	}
	m.SetClock(ClockView{Trusted: true}, time.Millisecond)
	m.SetVolumes([]VolumeView{{ID: "a", Healthy: true}})
	ctx, stop := context.WithCancel(context.Background())
	s.m, s.stop, s.done = m, stop, make(chan struct{})
	done := s.done
	go func() {
		defer close(done)
		_ = m.Run(ctx) // it returns nil after ctx
	}()
}

func (s *stage) finish() {
	s.stop()
	<-s.done
	if s.session == "" {
		return
	}
	// Whatever happened, the journal alone leads to the same state.
	rec, err := Replay(s.rec.lines)
	require.NoError(s.t, err)
	for _, h := range s.m.runners {
		want := h.decided.Table
		if want.State == table.Sealed {
			want.State, want.Since = table.Closing, rec.Table.Since // the seal is the last word, not a line
		}
		require.Equal(s.t, want, rec.Table)
		require.Equal(s.t, h.decided.Markers, rec.Markers)
		require.Equal(s.t, h.decided.Form, rec.Form)
	}
}

func (s *stage) say(format string, args ...any) { s.out = append(s.out, fmt.Sprintf(format, args...)) }

// settle waits until nothing moves and says what happened.
func (s *stage) settle() {
	synctest.Wait()
	s.out = append(s.out, s.rec.look()...)
	for _, v := range s.m.Rooms() {
		if v.Session != nil && v.Session.ID == s.session && v.Session.Room == v.ID && v.Session.State != s.state {
			s.state = v.Session.State
			s.say("%s %s", s.at(), s.state)
		}
	}
}

func (s *stage) at() string {
	return s.clock.Now().Wall.Time().Add(8 * time.Hour).Format("15:04:05.0")
}

func (s *stage) line(line string) {
	words := strings.Fields(line)
	args, opts := []string{}, map[string]string{}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			opts[k] = strings.ReplaceAll(v, "_", " ")
		} else {
			args = append(args, w)
		}
	}
	switch words[0] {
	case "open": // open [ROOM] [as=ROLE] [FIELD=VALUE]
		s.open(args, opts)
	case "do": // do COMMAND [as=ROLE] [FIELD=VALUE]
		s.do(args[0], opts)
	case "run": // run LENGTH: time passes, and every second cameras that are not silent are acknowledged
		s.pass(args[0], true)
	case "wait": // wait LENGTH: time passes, nothing is acknowledged
		s.pass(args[0], false)
	case "fault": // fault CODE [CAMERA] [alarm] [room=ROOM]: raised now, last good 2 s ago
		s.fault(args, opts, true)
	case "clear": // clear CODE [CAMERA] [room=ROOM]
		s.fault(args, opts, false)
	case "journal": // journal fails | works | hangs
		s.journal(args[0])
	case "seal": // seal fails | works
		s.rec.mu.Lock()
		s.rec.noSeal = args[0] == "fails"
		s.rec.mu.Unlock()
	case "sound": // sound LEVEL LENGTH: how loud it is, once a second
		level, err := strconv.ParseFloat(args[0], 64)
		require.NoError(s.t, err)
		d, err := time.ParseDuration(args[1])
		require.NoError(s.t, err)
		for ; d > 0; d -= time.Second {
			for _, camera := range []string{"front", "overview"} { // both hear the same second
				s.m.SetCamera("room3", camera, CameraStatus{Connected: true, Sound: &level})
			}
			<-time.After(time.Second)
			synctest.Wait()
		}
	case "panel": // the room's page answers
		s.m.PanelAlive("room3")
	case "stop": // SIGTERM
		s.stop()
		<-s.done
	case "crash": // as after kill -9: a new controller finds the journal
		s.stop()
		<-s.done
		s.rec.look()
	case "recover":
		s.start()
		_, err := s.m.Recover(context.Background(), Found{Folder: "2000/01/01/" + s.session, Lines: s.rec.lines, LastSafe: lastLine(s.rec.lines)})
		s.answer(err)
	case "show": // show [ROOM]: what the page shows
		s.show(append(args, "room3")[0])
	default:
		s.t.Fatalf("no such line: %s", line)
	}
	s.settle()
}

func (s *stage) pass(length string, recording bool) {
	d, err := time.ParseDuration(length)
	require.NoError(s.t, err)
	for ; d > 0; d -= time.Second {
		<-time.After(min(d, time.Second))
		synctest.Wait()
		if recording {
			s.acknowledge()
		}
		s.settle()
	}
}

func (s *stage) acknowledge() {
	now := s.clock.Now().Wall
	for _, r := range testRooms() {
		for _, c := range r.Cameras {
			if !s.silent[r.ID+"/"+c.ID] {
				s.m.Progress(s.session, Progress{
					Room: r.ID, Camera: c.ID, Volumes: 2,
					From: clock.Instant{Wall: now.Add(-1200 * time.Millisecond)}, To: clock.Instant{Wall: now.Add(-200 * time.Millisecond)},
				})
			}
		}
	}
}

func (s *stage) fault(args []string, opts map[string]string, raised bool) {
	now := s.clock.Now()
	f := FaultEvent{Code: table.Code(args[0]), Raised: raised, At: now}
	if raised {
		f.LastGood = now.Add(-2 * time.Second)
	}
	room := opts["room"]
	for _, a := range args[1:] {
		if a == "alarm" {
			f.Alarm = true
			continue
		}
		f.Subject = a
		if room == "" {
			room = "room3"
		}
		s.silent[room+"/"+a] = raised && f.Code == table.CameraLost
	}
	s.m.Report(room, f)
}

func (s *stage) journal(how string) {
	s.rec.mu.Lock()
	defer s.rec.mu.Unlock()
	s.rec.failing = how == "fails"
	if how == "hangs" {
		s.rec.hang = make(chan struct{})
	} else if s.rec.hang != nil {
		close(s.rec.hang)
		s.rec.hang = nil
	}
}

func (s *stage) actor(opts map[string]string) Actor {
	role := opts["as"]
	if role == "" {
		role = policy.Officer
	}
	id := cmp.Or(opts["id"], "0417")
	return Actor{ID: id, Name: "Officer " + id, Role: role}
}

func goodForm() OpenForm {
	f := OpenForm{
		Case: "2026-1187", Person: "Suspect 2231", Kind: KindSuspect, Category: "theft", Circumstances: map[string]string{},
		WallClock: policy.WallClock{Says: policy.ClockAgrees},
		Roster:    []Member{{Role: policy.Questioner, Name: "Officer 0417"}, {Role: policy.Clerk, Name: "Officer 0522"}},
	}
	for _, c := range (policy.Policy{}).Circumstances() {
		f.Circumstances[c.Key] = policy.No
	}
	return f
}

func (s *stage) open(args []string, opts map[string]string) {
	form := goodForm()
	if v, ok := opts["category"]; ok {
		form.Category = v
	}
	if v, ok := opts["kind"]; ok {
		form.Kind = Kind(v)
	}
	if form.Kind == KindTechnical {
		form = OpenForm{Kind: KindTechnical}
	}
	if opts["officers"] == "1" {
		form.Roster = form.Roster[:1]
	}
	form.Ground, form.Lawyer, form.ClockReason = opts["ground"], opts["lawyer"] == "yes", opts["clock reason"]
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	v, err := s.m.Open(ctx, s.actor(opts), append(args, "room3")[0], form, s.next(opts))
	if err == nil && s.session == "" {
		s.session = v.ID
		s.say("session %s, mandatory %v", v.ID, v.Mandatory)
	}
	s.answer(err)
}

func (s *stage) next(opts map[string]string) string {
	if id, ok := opts["request"]; ok {
		return id
	}
	s.request++
	return fmt.Sprintf("request-%d", s.request)
}

func (s *stage) do(name string, opts map[string]string) {
	cmd := Command{
		Name: name, Ending: table.Ending(opts["ending"]), Reason: opts["reason"], Text: opts["text"], Supervisor: opts["supervisor"],
		Marker: opts["marker"], Phase: opts["phase"], Answer: opts["answer"], Room: opts["room"], Subject: opts["subject"],
		Category: opts["category"],
	}
	if cmd.Category != "" {
		cmd.Circumstances = goodForm().Circumstances
	}
	if id, ok := opts["approver"]; ok {
		cmd.Approver = &Actor{ID: id, Name: "Officer " + id, Role: policy.Supervisor}
		if opts["id"] == id { // by their own sign-in
			cmd.Approver.Role = opts["as"]
		}
	}
	if who, ok := opts["member"]; ok {
		cmd.Member = &Member{Role: policy.Interpreter, Name: who}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := s.m.Do(ctx, s.actor(opts), s.session, cmd, s.next(opts))
	s.answer(err)
}

func (s *stage) answer(err error) {
	var no *Refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
		s.say("refused: %s", no.Say.En)
		s.say("         %s", no.Say.Zh)
		for _, f := range no.Fields {
			s.say("  %s: %s", f.Name, f.Say.En)
			s.say("    %s", f.Say.Zh)
		}
	default:
		s.say("error: %v", err)
	}
}

func (s *stage) show(room string) {
	synctest.Wait()
	v, ok := s.m.Room(room)
	require.True(s.t, ok)
	s.say("fit %v", v.Fit)
	for _, t := range v.Unfit {
		s.say("unfit: %s", t.En)
	}
	for _, f := range v.Faults {
		s.say("fault %s, locks %v: %s | %s", f.Code, f.Locks, f.Title.En, f.Do.En)
	}
	var can []string
	for _, a := range v.Actions {
		if a.Allowed {
			can = append(can, a.Name)
		}
	}
	s.say("can: %s", strings.Join(can, " "))
	if v.Session == nil {
		return
	}
	clockTime := func(w clock.Wall) string {
		if w == 0 {
			return "…"
		}
		return clock.NewZone(time.FixedZone("CST", 8*3600)).Time(w)
	}
	s.say("state %s, safe to %s on %d", v.Session.State, clockTime(v.Session.SafeAt), v.Session.SafeOn)
	for _, b := range v.Session.Breaks {
		s.say("interruption by %s %s: missing %s to %s, suspended %s to %s", b.Cause, b.Subject,
			clockTime(b.LastGood), clockTime(b.FirstGood), clockTime(b.Locked), clockTime(b.Resumed))
	}
	if c := v.Session.Script; c != nil {
		s.say("read: %s", c.Say.En)
		s.say("宣读：%s", c.Say.Zh)
		s.say("line: %s", c.Transcript.En)
		if c.Measured {
			s.say("heard %d s", c.Heard)
		}
	}
	if v.Session.Called {
		s.say("called")
	}
	for _, t := range v.Session.Notices {
		s.say("notice: %s", t.En)
	}
	for _, r := range v.Session.Refused {
		now, is := v.Session.Standing()
		s.say("unrecorded refused at %s by %s: %s, holds %v", clockTime(r.At), r.By.Name, r.Reason, is && now == r)
	}
	for _, t := range v.Session.Refusals {
		s.say("why not: %s", t.En)
	}
	if v.Session.Seal != nil {
		s.say("seal %s by %s", v.Session.Seal.Hash, v.Session.Seal.Key)
	}
}
