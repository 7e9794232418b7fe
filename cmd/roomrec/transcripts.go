package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/evidence/after"
	"roomrec/evidence/verify"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/transcript"
)

// transcripts keeps the transcripts of sealed sessions: documents and signed lines after the seal, and
// what is known of them in the index.
type transcripts struct {
	station *station
	index   *index
	metrics *transcriptMetrics
	// turn is held by whoever reads or writes after a seal: one at a time, so that no two append to the
	// same journal, and so that reading documents never takes more memory than one of them does.
	turn chan struct{} // capacity 1
	// besides guards what is kept beside sessions whose folders cannot be written.
	besides sync.Mutex
	folder  *watchFolder
}

func newTranscripts(st *station, x *index) (*transcripts, error) {
	m, err := newTranscriptMetrics(st.metrics)
	if err != nil {
		return nil, err
	}
	if err := st.metrics.Register(newTranscriptCounts(x, st.clock)); err != nil {
		return nil, err
	}
	t := &transcripts{station: st, index: x, metrics: m, turn: make(chan struct{}, 1)}
	t.folder = &watchFolder{papers: t, dir: st.setup.watchFolder, files: map[string]*dropped{}}
	return t, st.metrics.Register(newInboxCounts(t.folder))
}

// diskTime is how long the disks may take to write what comes after a seal.
const diskTime = 20 * time.Second

// Refusals of what comes after a seal.
var (
	notSealed    = &session.Refusal{Code: "not-sealed", Say: session.Text{En: "The session is not sealed yet. Add the transcript when it is.", Zh: "本次录制尚未封存，封存后方可添加笔录。"}}
	noTimes      = &session.Refusal{Code: "no-questioning", Say: session.Text{En: "This session has no start and end of questioning to compare a transcript with.", Zh: "本次录制没有讯问（询问）的开始和结束时间，无法核对笔录。"}}
	otherKey     = &session.Refusal{Code: "other-key", Say: session.Text{En: "The session was sealed with a key that this controller never had. Only the controller that sealed it can add to it; here it can only be read.", Zh: "本次录制由本设备从未持有的密钥封存，只有封存它的设备才能添加材料，此处只能查看。"}}
	afterDamaged = &session.Refusal{Code: "after-damaged", Say: session.Text{En: "What was added after the seal is damaged or differs between the disks. It is shown as far as it can be read, and nothing can be added; run roomrec verify and call IT. The recording itself is judged apart.", Zh: "封存后添加的材料已损坏或各磁盘不一致。现显示可以读取的部分，不能再添加。请运行 roomrec verify 并联系信息技术人员。录音录像本身另行校验。"}}
	disksRefuse  = &session.Refusal{Code: "not-written", Say: session.Text{En: "No disk took it. Nothing was added; try again.", Zh: "没有磁盘写入成功，未添加任何内容，请重试。"}}
	signCorrect  = &session.Refusal{Code: "not-signed", Say: session.Text{En: "A correction counts only with the person's signature on it. Confirm that it was signed.", Zh: "更正后的笔录须由本人签字捺指印。请确认已签字。"}}
	noDifference = &session.Refusal{Code: "no-difference", Say: session.Text{En: "Only a difference of the latest transcript can be explained.", Zh: "只能说明最新笔录中的不一致。"}}
	notKeyed     = &session.Refusal{Code: "not-keyed", Say: session.Text{En: "The times of this document can be read; they are not entered by hand.", Zh: "该文件的时间可以读取，无需人工录入。"}}
	otherVersion = &session.Refusal{Code: "other-version", Say: session.Text{En: "The transcript was corrected since. Read the version that counts now beside the recording.", Zh: "笔录已更正，请以现行版本与录音录像核对。"}}
	ownKeying    = &session.Refusal{Code: "own-keying", Say: session.Text{En: "You entered these times. Another person has to enter them from the paper.", Zh: "时间由您录入，须由另一人按纸质笔录再次录入。"}}
	noLine       = &session.Refusal{Code: "no-line", Say: session.Text{En: "The document has no such line, or the recording no such instant.", Zh: "文件中没有该行，或录音录像中没有该时刻。"}}
)

// documentGone is said of a document that no disk holds as it was added.
var documentGone = session.Text{En: "A document is on no disk as it was added. Run roomrec verify and call IT.", Zh: "有文件在各磁盘上均已缺失或被改动。请运行 roomrec verify 并联系信息技术人员。"}

// take waits for the turn; the returned function gives it back.
func (t *transcripts) take(ctx context.Context) (func(), error) {
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// act does f with the session, in its turn. A disk that hangs holds the turn, but not who asked.
func (t *transcripts) act(ctx context.Context, id string, f func(*opened) error) (panel.TranscriptView, error) {
	give, err := t.take(ctx)
	if err != nil {
		return panel.TranscriptView{}, err
	}
	type answer struct {
		view panel.TranscriptView
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		defer give()
		var a answer
		a.view, a.err = t.acted(context.WithoutCancel(ctx), id, f)
		done <- a
	}()
	wait, stop := context.WithTimeout(ctx, diskTime)
	defer stop()
	select {
	case a := <-done:
		return a.view, a.err
	case <-wait.Done():
		return panel.TranscriptView{}, disksRefuse
	}
}

func (t *transcripts) acted(ctx context.Context, id string, f func(*opened) error) (panel.TranscriptView, error) {
	o, err := t.open(id)
	if err != nil {
		return panel.TranscriptView{}, err
	}
	if f != nil {
		if o.readOnly != nil {
			return panel.TranscriptView{}, o.readOnly
		}
		if err := f(o); err != nil {
			return panel.TranscriptView{}, err
		}
		t.tell(ctx, o)
	}
	return t.view(ctx, o)
}

// tell brings the index up to date. It can be made again from the folders.
func (t *transcripts) tell(ctx context.Context, o *opened) {
	status, ordinal := o.indexed()
	err := t.index.c.SetTranscript(ctx, o.id, status, ordinal)
	if err != nil {
		t.station.log.Error().Err(err).Str("session", o.id).Msg("index the transcript; roomrec reindex mends it")
	}
}

// indexed returns what the index holds of a session's transcript: its status, and the number of the
// interrogation, as the transcript gives it or else as it was entered at the opening.
func (o *opened) indexed() (status string, ordinal int) {
	if v := o.history.Current(); v != nil {
		ordinal = v.Judged().Ordinal
	}
	if ordinal == 0 {
		ordinal = o.record.Form.Ordinal
	}
	return string(o.history.Status()), ordinal
}

// named is how a line names a person: by number and name, so that a court needs no list of ours.
func named(a session.Actor) string {
	if a.Name == "" || a.Name == a.ID {
		return a.ID
	}
	return a.ID + " " + a.Name
}

// facts returns what the session's transcript is compared with.
func (t *transcripts) facts(ctx context.Context, o *opened) (*transcript.Facts, error) {
	var places []string
	for _, id := range o.record.Table.Rooms {
		if r := t.station.rooms.get(id); r != nil {
			places = append(places, r.setup.Name.En, r.setup.Name.Zh)
		}
	}
	f, err := factsOf(&o.folder, places)
	if errors.Is(err, errNoQuestioning) {
		return nil, noTimes
	}
	if err != nil {
		return nil, err
	}
	f.Earlier = t.earlier(ctx, o)
	return f, nil
}

// judge reads a document and compares it. The document is nil where it cannot be read.
func (t *transcripts) judge(name string, data []byte, facts *transcript.Facts) (*transcript.Document, transcript.Result, *transcript.Refusal, error) {
	doc, err := transcript.Read(name, data, transcript.DefaultLimits)
	var no *transcript.Refusal
	if errors.As(err, &no) {
		return nil, transcript.Refused(name, no, *facts, ""), no, nil
	}
	if err != nil {
		return nil, transcript.Result{}, nil, err
	}
	return doc, transcript.Compare(doc, *facts, transcript.Options{}), nil, nil
}

// Attach adds a document.
func (t *transcripts) Attach(ctx context.Context, actor session.Actor, id string, u panel.Upload) (panel.TranscriptView, error) {
	return t.act(ctx, id, func(o *opened) error {
		sum := sha256.Sum256(u.Data)
		d := transcript.Attached{SHA256: hex.EncodeToString(sum[:]), Name: u.Name, Size: len(u.Data), Signed: u.Signed, Request: u.Request}
		if o.history.Version(d.SHA256) != nil || o.history.Did(u.Request) {
			return nil
		}
		if cur := o.history.Current(); cur != nil {
			if d.Corrects = cur.SHA256; !u.Signed {
				return signCorrect
			}
		}
		facts, err := t.facts(ctx, o)
		if err != nil {
			return err
		}
		_, r, no, err := t.judge(u.Name, u.Data, facts)
		if err != nil {
			return err
		}
		if no != nil {
			if no.Kind != "scanned" {
				return &session.Refusal{Code: "document-" + no.Kind, Say: session.Text{En: sentence(no.Text.EN), Zh: no.Text.ZH + "。"}}
			}
			d.Scan = true
		}
		d.Judged = transcript.JudgedOf(r)
		if d.File, err = t.put(o, d.SHA256+extension(u.Name), u.Data); err != nil {
			return err
		}
		if err := t.append(o, transcript.TypeAttached, actor, d); err != nil {
			return err
		}
		t.metrics.checked(r)
		return nil
	})
}

// put writes a document on every volume that has the session, and returns its path there.
func (t *transcripts) put(o *opened, name string, data []byte) (string, error) {
	file := path.Join(after.Folder, "transcript", name)
	written := 0
	for _, dir := range o.dirs {
		if err := after.Put(dir, file, data); err != nil {
			t.station.log.Error().Err(err).Str("session", o.id).Msg("write a document after the seal")
			continue
		}
		written++
	}
	if written == 0 {
		return "", disksRefuse
	}
	return file, nil
}

// extension returns the ending that a document's file keeps: what readers look at.
func extension(name string) string {
	ext := strings.ToLower(filepath.Ext(name))
	if slices.Contains([]string{".docx", ".txt", ".pdf", ".html", ".htm", ".json", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif"}, ext) {
		return ext
	}
	return ".bin"
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// Explain answers a difference.
func (t *transcripts) Explain(ctx context.Context, actor session.Actor, id string, e transcript.Explained) (panel.TranscriptView, error) {
	return t.act(ctx, id, func(o *opened) error {
		if o.history.Did(e.Request) {
			return nil
		}
		v := o.history.Version(e.Document)
		switch {
		case v == nil:
			return panel.ErrNotFound
		case v != o.history.Current() || !slices.Contains([]transcript.Status{transcript.StatusDiffers, transcript.StatusExplained}, o.history.Status()):
			return noDifference
		}
		return t.append(o, transcript.TypeExplained, actor, e)
	})
}

// Key takes the times that a person read on a paper.
func (t *transcripts) Key(ctx context.Context, actor session.Actor, id string, k transcript.Keyed) (panel.TranscriptView, error) {
	return t.act(ctx, id, func(o *opened) error {
		if o.history.Did(k.Request) {
			return nil
		}
		v := o.history.Version(k.Document)
		switch {
		case v == nil:
			return panel.ErrNotFound
		case v != o.history.Current() || v.Verdict != transcript.Unreadable || v.Confirmed != nil:
			return notKeyed
		}
		if no := k.Times.Check(); no != nil {
			say := session.Text{En: sentence(no.EN), Zh: no.ZH + "。"}
			return &session.Refusal{Code: "times", Say: say, Fields: []session.FieldRefusal{{Name: "times", Say: say}}}
		}
		k.Confirms, k.Judged = false, nil
		if v.Waiting != nil && v.Waiting.Times.Same(k.Times) {
			if transcript.SamePerson(v.Waiting.By, named(actor)) {
				return ownKeying
			}
			facts, err := t.facts(ctx, o)
			if err != nil {
				return err
			}
			doc, err := k.Times.Document(v.Name)
			if err != nil {
				return err
			}
			r := transcript.Compare(doc, *facts, transcript.Options{})
			j := transcript.JudgedOf(r)
			k.Confirms, k.Judged = true, &j
			t.metrics.checked(r)
		}
		return t.append(o, transcript.TypeKeyed, actor, k)
	})
}

// Time gives a line its instant.
func (t *transcripts) Time(ctx context.Context, actor session.Actor, id string, d transcript.Timed) (panel.TranscriptView, error) {
	return t.act(ctx, id, func(o *opened) error {
		if o.history.Did(d.Request) {
			return nil
		}
		v := o.history.Version(d.Document)
		if v == nil {
			return panel.ErrNotFound
		}
		data, err := o.read(v)
		if err != nil {
			return err
		}
		doc, err := transcript.Read(v.Name, data, transcript.DefaultLimits)
		if err != nil || d.Line < 1 || d.Line > len(doc.Lines) || !o.holds(d.At) {
			return noLine
		}
		return t.append(o, transcript.TypeTimed, actor, d)
	})
}

// Judge takes a reviewer's word on a key fact of the version that counts.
func (t *transcripts) Judge(ctx context.Context, actor session.Actor, id string, f transcript.FactJudged) (panel.TranscriptView, error) {
	return t.act(ctx, id, func(o *opened) error {
		if o.history.Did(f.Request) {
			return nil
		}
		v := o.history.Version(f.Document)
		switch {
		case v == nil || !f.Known():
			return panel.ErrNotFound
		case v != o.history.Current():
			return otherVersion
		case f.At != 0 && !o.holds(f.At):
			return noLine
		}
		return t.append(o, transcript.TypeJudged, actor, f)
	})
}

// holds reports whether an instant lies in what was recorded. The first picture of a run is a key picture and
// may be older than the opening.
func (o *opened) holds(at clock.Wall) bool {
	first := o.record.Table.Opened
	for _, r := range o.sealed.Runs {
		first = min(first, r.First.Wall)
	}
	return at >= first && at <= o.sealed.Sealed.Wall
}

// read returns the bytes of a version, from the first volume where they are what was added.
func (o *opened) read(v *transcript.Version) ([]byte, error) {
	for _, dir := range o.dirs {
		data, err := after.Get(dir, v.File, v.SHA256)
		if err == nil {
			return data, nil
		}
	}
	return nil, fmt.Errorf("session %s: document %s is on no disk as it was added", o.id, v.SHA256)
}

// Transcript returns what is known of a session's transcript.
func (t *transcripts) Transcript(ctx context.Context, id string) (panel.TranscriptView, error) {
	return t.act(ctx, id, nil)
}

// Document returns the bytes of a document.
func (t *transcripts) Document(ctx context.Context, id, hash string) ([]byte, string, error) {
	give, err := t.take(ctx)
	if err != nil {
		return nil, "", err
	}
	defer give()
	o, err := t.open(id)
	if err != nil {
		return nil, "", panel.ErrNotFound
	}
	v := o.history.Version(hash)
	if v == nil {
		return nil, "", panel.ErrNotFound
	}
	data, err := o.read(v)
	return data, path.Ext(v.File), err
}

// view reads and compares every version anew: what is shown is what the documents say.
func (t *transcripts) view(ctx context.Context, o *opened) (panel.TranscriptView, error) {
	out := panel.TranscriptView{Status: o.history.Status(), Versions: []panel.VersionView{}}
	listed, err := t.index.c.Session(ctx, o.id)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return out, err
	}
	if out.Complete = transcript.CompleteWith(whole(listed), out.Status); o.readOnly != nil {
		out.ReadOnly = &o.readOnly.Say
	}
	if o.readOnly == afterDamaged {
		out.Complete = transcript.NotComplete
	}
	if len(o.history.Versions) == 0 {
		return out, nil
	}
	facts, err := t.facts(ctx, o)
	if err != nil {
		return out, err
	}
	for i := range o.history.Versions {
		v := &o.history.Versions[i]
		data, err := o.read(v)
		if err != nil {
			t.station.log.Error().Err(err).Msg("read a document after the seal")
			out.Complete = transcript.NotComplete
			lost := transcript.Refused(v.Name, &transcript.Refusal{Text: transcript.Text{EN: documentGone.En, ZH: documentGone.Zh}}, *facts, "")
			out.Versions = append(out.Versions, panel.VersionOf(*v, nil, lost, nil, i == len(o.history.Versions)-1))
			continue
		}
		doc, r, _, err := t.judge(v.Name, data, facts)
		if err != nil {
			return out, err
		}
		if v.Confirmed != nil {
			keyed, err := v.Confirmed.Times.Document(v.Name)
			if err != nil {
				return out, err
			}
			r = transcript.Compare(keyed, *facts, transcript.Options{})
		}
		out.Versions = append(out.Versions, panel.VersionOf(*v, doc, r, typedTimes(doc, o.record.Pad), i == len(o.history.Versions)-1))
	}
	return out, nil
}

// whole reports whether a session is sealed, verified, and ended as one that can be complete.
func whole(s catalog.Session) bool {
	v := verify.Verdict(s.Verdict)
	return s.Sealed != 0 && (v == verify.Intact || v == verify.Gaps) && (s.Ending == table.Signed || s.Ending == table.Refused)
}

// maxEarlier is how many earlier transcripts of a case a new one is compared with.
const maxEarlier = 8

// earlier returns the entries of the case's earlier transcripts, the latest first. What cannot be read is
// left out: it only looks for passages that were copied.
func (t *transcripts) earlier(ctx context.Context, o *opened) []transcript.Earlier {
	out := []transcript.Earlier{}
	if o.record.Form.Case == "" {
		return out
	}
	list, err := t.index.c.Sessions(ctx, catalog.Query{Case: o.record.Form.Case, Before: o.record.Table.Opened, Limit: 4 * maxEarlier})
	if err != nil {
		t.station.log.Error().Err(err).Str("session", o.id).Msg("find earlier transcripts")
		return nil // not given, so that it is listed as not checked
	}
	for _, s := range list {
		if s.Transcript == "" || s.Transcript == string(transcript.StatusNone) || len(out) == maxEarlier {
			continue
		}
		other, err := t.open(s.Session)
		if err != nil || other.history.Current() == nil {
			continue
		}
		v := other.history.Current()
		data, err := other.read(v)
		if err != nil {
			continue
		}
		if doc, err := transcript.Read(v.Name, data, transcript.DefaultLimits); err == nil {
			out = append(out, transcript.Earlier{Name: s.Session, Entries: doc.Entries})
		}
	}
	return out
}
