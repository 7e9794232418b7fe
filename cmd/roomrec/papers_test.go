package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/after"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/rtsp"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
	"roomrec/transcript"
)

// papers is a controller of which nothing runs, with two disks, and the transcripts of what is sealed
// there.
type papers struct {
	*transcripts
	t     *testing.T
	setup setup
	chair session.Actor
}

func newPapers(t *testing.T) *papers {
	dir := t.TempDir()
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	s := setup{
		zone: clock.NewZone(zone), stateDir: filepath.Join(dir, "state"), clockSource: "local", clockLimit: time.Second,
		volumes: []config.Volume{{Path: filepath.Join(dir, "a")}, {Path: filepath.Join(dir, "b")}},
		rooms:   []roomSetup{{RoomConfig: session.RoomConfig{ID: "room3", Name: session.Text{En: "Interrogation room 3", Zh: "第3讯问室"}, Kind: "handling-area"}}},
	}
	source, err := rtsp.ParseSource("rtsp://127.0.0.1:1/front") // nothing ever asks it
	require.NoError(t, err)
	s.rooms[0].add(cameraSetup{id: "front", source: source, required: true})
	for _, v := range s.volumes {
		require.NoError(t, makeVolume(v.Path))
	}
	p := &papers{t: t, setup: s, chair: session.Actor{ID: "0417", Name: "王强", Role: "officer"}}
	p.start()
	return p
}

// start builds the controller over the folders, as after a restart.
func (p *papers) start() {
	t, reg := p.t, prometheus.NewRegistry()
	require.NoError(t, os.MkdirAll(p.setup.stateDir, 0o700))
	x, err := openIndex(t.Context(), p.setup.stateDir, reg)
	require.NoError(t, err)
	st, err := newStation(p.setup, doors{log: zerolog.Nop(), index: x, metrics: reg})
	require.NoError(t, err)
	p.transcripts, err = newTranscripts(st, x)
	require.NoError(t, err)
	t.Cleanup(p.stop)
}

func (p *papers) stop() {
	if p.transcripts == nil {
		return
	}
	require.NoError(p.t, errors.Join(p.station.release(), p.index.Close()))
	p.transcripts = nil
}

// shot is a session that the tests make.
type shot struct {
	id         string
	form       session.OpenForm
	start, end time.Time
	markers    []string
	pad        []session.Typed
	locked     [2]time.Time // an interruption: locked, resumed; zero for none. Not resumed: it ends locked.
	answer     string       // what the person said of it
}

func shotAt(id string, start time.Time, length time.Duration) shot {
	return shot{id: id, start: start, end: start.Add(length), form: session.OpenForm{
		Case: "2026-1187", Person: "李某某", Kind: policy.Suspect, Category: "fraud", Ordinal: 2,
		Roster: []session.Member{{Role: policy.Questioner, Name: "王强"}, {Role: policy.Clerk, Name: "赵敏"}},
	}}
}

// seal writes a sealed session without pictures onto both disks and lists it as verified.
func (p *papers) seal(s shot) {
	t := p.t
	key, err := p.station.sealKey()
	require.NoError(t, err)
	at := func(d time.Time) clock.Instant { return clock.Instant{Wall: clock.WallOf(d)} }
	opened, last := s.start.Add(-time.Minute), s.end.Add(time.Minute)
	var file bytes.Buffer
	chain := journal.NewChain(journal.Head{})
	var state table.Session
	line := func(when time.Time, d session.Data) {
		d.Event.At = clock.WallOf(when)
		next, _, no := table.Step(state, d.Event)
		require.Nil(t, no, d.Event.Name)
		state, d.State = next, next.State
		raw, err := chain.Next(journal.Entry{Type: session.TypePrefix + string(d.Event.Name), Actor: "officer:0417", Data: d}, at(when), 0)
		require.NoError(t, err)
		file.Write(raw)
	}
	line(opened, session.Data{Event: table.Event{Name: table.Opened, Room: "room3"}, Form: &s.form, Zone: "Asia/Shanghai", Clock: &session.ClockFact{Trusted: true}, By: &p.chair})
	line(opened.Add(time.Second), session.Data{Event: table.Event{Name: table.AllSafe, FirstGood: clock.WallOf(opened)}})
	line(s.start, session.Data{Event: table.Event{Name: table.Start}})
	for _, typed := range s.pad {
		raw, err := chain.Next(journal.Entry{Type: session.TypeTyped, Actor: "officer:0417", Data: typed}, at(typed.At.Time()), 0)
		require.NoError(t, err)
		file.Write(raw)
	}
	if from, to := s.locked[0], s.locked[1]; !from.IsZero() {
		fault := table.Fault{Code: table.CameraLost, Subject: "front"}
		line(from, session.Data{Event: table.Event{Name: table.FaultRaised, Fault: fault, LastGood: clock.WallOf(from)}})
		if !to.IsZero() {
			line(to.Add(-3*time.Second), session.Data{Event: table.Event{Name: table.FaultCleared, Fault: fault}})
			line(to.Add(-2*time.Second), session.Data{Event: table.Event{Name: table.AllSafe, FirstGood: clock.WallOf(to.Add(-3 * time.Second))}})
			line(to.Add(-time.Second), session.Data{Event: table.Event{Name: table.Resume}})
			line(to, session.Data{Event: table.Event{Name: table.Explained}, Answer: s.answer})
		}
	}
	for _, m := range s.markers {
		line(s.end.Add(-time.Second), session.Data{Event: table.Event{Name: table.Marked}, Marker: m, Phase: session.PhaseBegin})
	}
	end := table.Event{Name: table.End, Ending: table.Signed}
	if state.State == table.Locked {
		end.Ending = table.BrokenOff
	}
	line(s.end, session.Data{Event: end})
	line(last, session.Data{Event: table.Event{Name: table.ClosingElapsed}})
	name := journal.FileName(1)
	span := seal.Run{Room: "room3", Camera: "front", Run: 1, First: at(opened), Last: at(last)}
	note, err := seal.Sign(seal.Statement{
		Session: s.id, Opened: at(opened), Sealed: at(last.Add(time.Second)), Zone: "Asia/Shanghai", Clock: seal.Clock{Source: "local", Trusted: true},
		Journal: seal.Journal{File: name, Lines: chain.Head().Seq, SHA256: seal.Hash(chain.Head().Hash)},
		Files:   []seal.File{{Path: name, Kind: seal.KindJournal, Size: int64(file.Len()), SHA256: seal.SHA256(file.Bytes())}},
		Runs:    []seal.Run{span}, Cameras: []seal.Camera{{Room: "room3", Camera: "front", Required: true}},
	}, key)
	require.NoError(t, err)
	for _, dir := range p.dirs(s.id) {
		require.NoError(t, os.MkdirAll(dir, 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), file.Bytes(), 0o640))
		require.NoError(t, os.WriteFile(filepath.Join(dir, seal.FileName), note, 0o640))
	}
	p.list(s.id)
}

// list lists a session as its folder tells it, as verified.
func (p *papers) list(id string) {
	at, _ := folderOf(id)
	f, err := readFolder(p.station.disks.all()[0].Files(), at)
	require.NoError(p.t, err)
	entry, err := session.EntryOf(at, f.lines, sealOf(f))
	require.NoError(p.t, err)
	require.NoError(p.t, p.index.Put(p.t.Context(), entry))
	require.NoError(p.t, p.index.c.SetVerdict(p.t.Context(), id, string(verify.Intact)))
}

func (p *papers) dirs(id string) (out []string) {
	at, ok := folderOf(id)
	require.True(p.t, ok, id)
	for _, v := range p.setup.volumes {
		out = append(out, filepath.Join(v.Path, filepath.FromSlash(at)))
	}
	return out
}

// written is a transcript of a session in the standard form; change may spoil it.
func (p *papers) written(s shot, change func(*transcript.Form)) []byte {
	f := &transcript.Form{
		Kind: transcript.KindInterrogation, Session: s.id, Ordinal: s.form.Ordinal, Zone: p.setup.zone.Location(), Place: "第3讯问室",
		Start: clock.Instant{Wall: clock.WallOf(s.start)}, End: clock.Instant{Wall: clock.WallOf(s.end)}, Questioners: []string{"王强"}, Clerks: []string{"赵敏"},
		Person: s.form.Person,
		Entries: []transcript.FormEntry{
			{Role: transcript.RoleQuestion, Text: "你有权申请回避,有权委托辩护人,如实供述可以从宽处理,是否清楚?"}, {Role: transcript.RoleAnswer, Text: "清楚。"},
		},
	}
	if change != nil {
		change(f)
	}
	var b bytes.Buffer
	require.NoError(p.t, transcript.WriteDocx(&b, f))
	return b.Bytes()
}

func (p *papers) attach(id string, data []byte) (panel.TranscriptView, error) {
	return p.Attach(p.t.Context(), p.chair, id, panel.Upload{Name: "笔录.docx", Data: data, Signed: true})
}

var noon = time.Date(2026, 11, 22, 14, 4, 30, 0, time.FixedZone("", 8*3600))

func lookedAt(p *papers, id string) error {
	return p.Looked(p.t.Context(), id, session.TypeViewed, p.chair, session.Look{By: p.chair, What: "view-session"})
}

// Z33: a station that has changed its key goes on with what it sealed before, and whoever has both keys
// can check it; another station can only read it.
func TestZ33_AfterAChangeOfKeys(t *testing.T) {
	p := newPapers(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	p.seal(s)
	v, err := p.attach(s.id, p.written(s, func(f *transcript.Form) { f.Ordinal = 0 }))
	require.NoError(t, err)
	require.Equal(t, transcript.StatusAgrees, v.Status, "%+v", v.Versions)

	p.stop()
	for _, suffix := range []string{"", seal.PublicSuffix} {
		require.NoError(t, os.Rename(filepath.Join(p.setup.stateDir, "seal.key"+suffix), filepath.Join(t.TempDir(), "old"+suffix)))
	}
	p.start()
	require.NoError(t, lookedAt(p, s.id))
	v, err = p.attach(s.id, p.written(s, nil))
	require.NoError(t, err)
	require.Nil(t, v.ReadOnly)
	require.Len(t, v.Versions, 2)
	require.Equal(t, transcript.Complete, v.Complete)

	judged := func(o verify.Options) *verify.After {
		r, err := verify.Folders(t.Context(), p.dirs(s.id), o)
		require.NoError(t, err)
		return r.Folders[1].After
	}
	both, err := seal.Remembered(filepath.Join(p.setup.stateDir, keysFolder))
	require.NoError(t, err)
	require.Len(t, both, 2)
	a := judged(verify.Options{Keys: both})
	require.Equal(t, verify.Intact, a.Verdict, "%+v", a.Findings)
	require.Equal(t, 3, a.Lines)
	a = judged(verify.Options{})
	require.Equal(t, verify.Altered, a.Verdict, "a key that nobody vouches for")
	require.Contains(t, a.Findings[0].What, "--key")

	// A station that never had the key shows it, and adds nothing.
	p.stop()
	p.setup.stateDir = filepath.Join(t.TempDir(), "another")
	p.start()
	p.list(s.id)
	v, err = p.Transcript(t.Context(), s.id)
	require.NoError(t, err)
	require.Equal(t, &afterDamaged.Say, v.ReadOnly, "its first line is another's, the second of a key that it does not know")
	require.Len(t, v.Versions, 1, "what the seal's own key signed is shown")
	_, err = p.attach(s.id, []byte("开始时间:2026年11月22日14时04分"))
	require.ErrorIs(t, err, error(afterDamaged))
}

// What came after the seal may be damaged, or no disk may take more: the session is shown all the same,
// and that somebody looked is kept beside it.
func TestZ37_ASealedSessionIsShownWhereNothingCanBeWritten(t *testing.T) {
	p := newPapers(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	p.seal(s)
	_, err := p.attach(s.id, p.written(s, nil))
	require.NoError(t, err)
	beside := func() after.Content {
		key, err := p.station.sealKey()
		require.NoError(t, err)
		c, err := after.Load(filepath.Join(p.setup.stateDir, besideFolder, s.id), seal.SHA256([]byte(s.id)), key.Verifier())
		require.NoError(t, err)
		require.NoError(t, c.Fault)
		return c
	}
	require.NoError(t, lookedAt(p, s.id))
	require.Empty(t, beside().Lines, "it stands after the seal")

	// One copy was changed: neither counts for certain.
	name := filepath.Join(p.dirs(s.id)[1], filepath.FromSlash(after.JournalName))
	good, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, bytes.Replace(good, []byte("0417 王强"), []byte("0418 王强"), 1), 0o600))
	v, err := p.Transcript(t.Context(), s.id)
	require.NoError(t, err)
	require.Equal(t, &afterDamaged.Say, v.ReadOnly)
	require.Len(t, v.Versions, 1)
	require.Empty(t, v.Complete, "what is damaged is not complete")
	_, err = p.Explain(t.Context(), p.chair, s.id, transcript.Explained{Document: v.Versions[0].SHA256, Text: "x"})
	require.ErrorIs(t, err, error(afterDamaged))
	require.NoError(t, lookedAt(p, s.id))
	require.Len(t, beside().Lines, 1)

	// No disk is there: what the index knows can be shown, and the look is kept.
	require.NoError(t, os.WriteFile(name, good, 0o600))
	for _, d := range p.dirs(s.id) {
		require.NoError(t, os.Rename(d, d+"-away"))
	}
	require.NoError(t, lookedAt(p, s.id))
	require.Len(t, beside().Lines, 2)
	require.Equal(t, "0417 王强", beside().Lines[1].Actor)
	require.EqualValues(t, 2, testutil.ToFloat64(p.metrics.beside))
	seenBy := func() int {
		found, err := seen{papers: p.transcripts}.of(t.Context(), panel.AccessQuery{Limit: 10}, s.id)
		require.NoError(t, err)
		return len(found)
	}
	require.Equal(t, 2, seenBy(), "who asks who has seen it is told of these too")
	for _, d := range p.dirs(s.id) {
		require.NoError(t, os.Rename(d+"-away", d))
	}
	v, err = p.Transcript(t.Context(), s.id)
	require.NoError(t, err)
	require.Nil(t, v.ReadOnly)

	require.Equal(t, 3, seenBy(), "and of the one that stands after the seal")

	// A document that no disk holds any more is said to be gone, and nothing else is hidden by it.
	for _, d := range p.dirs(s.id) {
		require.NoError(t, os.Rename(filepath.Join(d, "after/transcript"), filepath.Join(t.TempDir(), "gone")))
	}
	v, err = p.Transcript(t.Context(), s.id)
	require.NoError(t, err)
	require.Empty(t, v.Complete)
	require.Equal(t, documentGone.En, v.Versions[0].Findings[0].Say.En)
	require.ErrorIs(t, lookedAt(p, "../x"), panel.ErrNotFound)
}

func codesOf(v panel.TranscriptView) (out []transcript.FindingCode) {
	for _, f := range v.Versions[len(v.Versions)-1].Findings {
		out = append(out, f.Code)
	}
	return out
}

// S122: the number that was entered at the opening, and the reading out that the session marks, are
// demanded of the transcript; across sessions the number counts also where the transcript has none.
func TestS122_OrdinalAndReadingOutOfARealSession(t *testing.T) {
	p := newPapers(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	s.markers = []string{"read-aloud"}
	p.seal(s)
	v, err := p.attach(s.id, p.written(s, func(f *transcript.Form) { f.Ordinal = 3 }))
	require.NoError(t, err)
	require.Contains(t, codesOf(v), transcript.OrdinalDiffers)
	require.Contains(t, codesOf(v), transcript.ReadAloudMissing)
	require.Equal(t, transcript.StatusDiffers, v.Status)
	v, err = p.attach(s.id, p.written(s, func(f *transcript.Form) { f.Closing = "以上笔录已向我宣读,和我说的相符。" }))
	require.NoError(t, err)
	require.Empty(t, codesOf(v))
	require.Equal(t, transcript.Complete, v.Complete)

	second := shotAt("20261122-170330-7f2k", noon.Add(3*time.Hour), time.Hour)
	p.seal(second)
	month, err := p.Month(t.Context(), "2026-11")
	require.NoError(t, err)
	require.Len(t, month.Crossings, 1)
	require.Equal(t, transcript.NumberRepeated, month.Crossings[0].Code)
}

// Z26-2, Z27, Z30: what was typed on the pad comes out in the standard form with the session's own times,
// interruption and people, so that it agrees by construction; and every line of it leads to the moment at
// which it was typed, also where the document was printed, signed and saved by somebody else.
func TestZ26_2_ThePadAgreesByConstruction(t *testing.T) {
	p := newPapers(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	s.markers = []string{"read-aloud"}
	s.locked = [2]time.Time{noon.Add(20 * time.Minute), noon.Add(31 * time.Minute)}
	for i, text := range []string{"你有权申请回避,有权委托辩护人,如实供述可以从宽处理,是否清楚?", "清楚。", "2026年11月22日09时05分你在何处?", "在家。\n和我妻子 一起。", "清楚。"} {
		role := session.PadQuestion
		if i%2 == 1 || i == 4 {
			role = session.PadAnswer
		}
		s.pad = append(s.pad, session.Typed{By: p.chair, ID: fmt.Sprintf("entry-%04d", i), Role: role, Text: text, At: clock.WallOf(noon.Add(time.Duration(i+1) * 8 * time.Minute))})
	}
	p.seal(s)
	pad, err := p.Pad(t.Context(), s.id)
	require.NoError(t, err)
	require.Len(t, pad.Entries, 5)
	require.True(t, pad.Closed)
	docx, err := p.PadDocument(t.Context(), s.id)
	require.NoError(t, err)
	v, err := p.attach(s.id, docx)
	require.NoError(t, err)
	require.Equal(t, transcript.StatusAgrees, v.Status, "%+v", v.Versions[0].Findings)
	require.Empty(t, codesOf(v))
	require.Equal(t, transcript.Complete, v.Complete)
	require.Len(t, v.Versions[0].Rows, 4, "start, suspended, resumed, end")
	var typed []string
	for _, l := range v.Versions[0].Lines {
		if l.Source == "typed" {
			typed = append(typed, l.At)
		}
	}
	require.Len(t, typed, 5)
	for i, at := range typed {
		want := noon.Add(time.Duration(i+1) * 8 * time.Minute).Format(time.RFC3339)
		require.Equal(t, want, at, "two answers with the same words keep their own times")
	}
	_, err = p.Type(t.Context(), s.id, session.Typed{ID: "entry-9999", Role: session.PadAnswer, Text: "x"}, 0)
	require.ErrorIs(t, err, session.ErrNotFound, "nothing is typed into what is sealed")
	// What the document says of an interruption is what the journal says, and what nobody stated it does not say.
	for i, c := range []struct {
		answer, want string
		resumed      bool
	}{
		{session.AnswerYes, "恢复。经询问，其称中断期间有人提问。）", true},
		{session.AnswerNone, "恢复。经询问，其未作回答。）", true},
		{"", "中止，至结束未恢复。）", false},
	} {
		o := shotAt(fmt.Sprintf("20261122-140330-7f2%d", i+2), noon, time.Hour)
		o.answer, o.locked[0] = c.answer, noon.Add(20*time.Minute)
		if c.resumed {
			o.locked[1] = noon.Add(31 * time.Minute)
		}
		p.seal(o)
		docx, err := p.PadDocument(t.Context(), o.id)
		require.NoError(t, err)
		doc, err := transcript.Read("pad.docx", docx, transcript.DefaultLimits)
		require.NoError(t, err)
		var all strings.Builder
		for _, l := range doc.Lines {
			all.WriteString(l.Text)
		}
		require.Contains(t, all.String(), c.want)
		require.NotContains(t, all.String(), "未对被")
		v, err := p.attach(o.id, docx)
		require.NoError(t, err)
		for _, f := range v.Versions[0].Findings {
			require.NotContains(t, string(f.Code), "interruption", "%+v", f)
		}
	}
	_, err = p.PadDocument(t.Context(), "20261122-140330-zzzz")
	require.ErrorIs(t, err, panel.ErrNotFound)
}
