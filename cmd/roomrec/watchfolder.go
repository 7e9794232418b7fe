package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/transcript"
)

// watchFolder takes transcripts from a folder that the site's IT drops files into. It only ever reads
// there: no file is changed, moved or deleted. A file whose session is certain is added to it by the
// controller, as somebody would on its page; everything else is a doubt, which the page of transcripts
// and the metrics show until a person has named the session. Nothing is kept about the folder: what was
// added is known by its hash from the sessions themselves, so that a restart does nothing twice.
type watchFolder struct {
	papers *transcripts
	dir    string // empty: the site has none

	mu      sync.Mutex
	files   map[string]*dropped // by name in the folder
	problem *session.Text       // why the folder cannot be read
}

// dropped is a file as it was last seen.
type dropped struct {
	size     int64
	modified time.Time
	settled  bool // it did not change between two looks: whoever writes it has finished
	panel.InboxFile
	looked clock.Mono // when it was last read; 0: never
}

// How often the folder is looked at, after how long a doubt is looked at again, and how much is looked at.
const (
	folderEvery = 5 * time.Second
	doubtAgain  = time.Minute
	maxDropped  = 10000
	maxPaper    = 16 << 20 // bytes of a file
)

// aroundTime is how far a transcript's start may be from a session's to be looked at as its own, where it
// has no number: a wrong clock on a wall, or a wrong hour.
const aroundTime = 2 * time.Hour

var sessionInText = regexp.MustCompile(`\b\d{8}-\d{6}-[a-z0-9]{4}\b`)

// Run looks at the folder until ctx ends.
func (w *watchFolder) Run(ctx context.Context) error {
	return every(ctx, folderEvery, func() { w.look(ctx) })
}

// look reads the folder's list, and every file that has settled and is not filed yet.
func (w *watchFolder) look(ctx context.Context) {
	if err := w.list(); err != nil {
		w.papers.station.log.Error().Err(err).Msg("watch folder")
	}
	for _, name := range w.due() {
		if ctx.Err() != nil {
			return
		}
		w.file(ctx, name)
	}
}

// list brings what is known of the folder up to date.
func (w *watchFolder) list() error {
	entries, err := os.ReadDir(w.dir)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.problem = &session.Text{En: "The watch folder cannot be read. Call IT.", Zh: "无法读取笔录投放文件夹。请联系信息技术人员。"}
		return err
	}
	w.problem = nil
	there := map[string]bool{}
	for _, e := range entries {
		name := e.Name()
		// Hidden files and the locks of word processors are nobody's transcript.
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it went away meanwhile
		}
		if there[name] = true; len(there) > maxDropped {
			w.problem = &session.Text{En: fmt.Sprintf("The watch folder holds more than %d files; the others are not looked at. Call IT.", maxDropped), Zh: fmt.Sprintf("笔录投放文件夹中的文件超过 %d 个，其余未处理。请联系信息技术人员。", maxDropped)}
			break
		}
		old := w.files[name]
		if old != nil && old.size == info.Size() && old.modified.Equal(info.ModTime()) {
			old.settled = true
			continue
		}
		w.files[name] = &dropped{size: info.Size(), modified: info.ModTime(), InboxFile: panel.InboxFile{Name: name, Size: info.Size(), State: panel.InboxWaiting, Why: inboxArriving}}
	}
	for name := range w.files {
		if !there[name] {
			delete(w.files, name)
		}
	}
	return nil
}

// due returns the files to look at now, in the order of their names.
func (w *watchFolder) due() (out []string) {
	now := w.papers.station.clock.Now().Mono
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, f := range w.files {
		if f.settled && f.State != panel.InboxFiled && (f.looked == 0 || now.Sub(f.looked) >= doubtAgain) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// What is said of files.
var (
	inboxArriving  = session.Text{En: "It is still being written.", Zh: "文件仍在写入。"}
	inboxTooLarge  = session.Text{En: "The file is too large for a transcript.", Zh: "文件过大，不是笔录。"}
	inboxGone      = session.Text{En: "The file cannot be read.", Zh: "无法读取该文件。"}
	inboxNoSession = session.Text{En: "No session is certain: it has no number of one, and person and time fit none. Name the session.", Zh: "无法确定对应的录制：文件中没有同录编号，人员和时间也没有相符的录制。请指定。"}
	inboxMany      = session.Text{En: "It has no number of a session, and person and time fit more than one. Name the session.", Zh: "文件中没有同录编号，人员和时间与多次录制相符。请指定。"}
	inboxNumbers   = session.Text{En: "It names more than one session. Name the right one.", Zh: "文件中有多个同录编号，请指定正确的一个。"}
	inboxUnknown   = session.Text{En: "It names a session that this controller does not have.", Zh: "文件中的同录编号在本设备上不存在。"}
	inboxOpen      = session.Text{En: "Its session is not sealed yet.", Zh: "对应的录制尚未封存。"}
	inboxHasOne    = session.Text{En: "Its session has a transcript already. A correction is handed in by whoever confirms that it was signed.", Zh: "对应的录制已有笔录。更正后的笔录须由确认已签字的人员提交。"}
	inboxOther     = session.Text{En: "It names a session, and is about another person. Confirm the session.", Zh: "同录编号对应的录制与笔录中的人员不一致。请确认。"}
)

// file looks at one file, and adds it where its session is certain.
func (w *watchFolder) file(ctx context.Context, name string) {
	found := panel.InboxFile{Name: name, State: panel.InboxDoubt}
	data, err := readDropped(filepath.Join(w.dir, name))
	switch {
	case errors.Is(err, errTooLarge):
		found.Why = inboxTooLarge
	case err != nil:
		w.papers.station.log.Error().Err(err).Msg("watch folder: read a file")
		found.Why = inboxGone
	default:
		w.decide(ctx, &found, data)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[name]
	if f == nil {
		return
	}
	found.Size = f.size
	f.InboxFile, f.looked = found, w.papers.station.clock.Now().Mono
}

var errTooLarge = errors.New("too large")

func readDropped(name string) (data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxPaper+1))
	if err == nil && len(data) > maxPaper {
		return nil, errTooLarge
	}
	return data, err
}

// decide finds the session of a document and adds it, or says why not.
func (w *watchFolder) decide(ctx context.Context, found *panel.InboxFile, data []byte) {
	sum := sha256.Sum256(data)
	found.SHA256 = hex.EncodeToString(sum[:])
	give, err := w.papers.take(ctx)
	if err != nil {
		return
	}
	doc, err := transcript.Read(found.Name, data, transcript.DefaultLimits)
	give()
	var no *transcript.Refusal
	if errors.As(err, &no) {
		found.Why = session.Text{En: sentence(no.Text.EN), Zh: no.Text.ZH + "。"}
		doc = nil
	}
	if no != nil && no.Kind != "scanned" {
		return // nobody can file it either: it says what to save it as
	}
	who, err := w.match(ctx, found, doc)
	if err != nil {
		w.papers.station.log.Error().Err(err).Msg("watch folder: find the session")
		return
	}
	if who == nil {
		return
	}
	found.Session = who.Session
	if who.Sealed == 0 {
		found.State, found.Why = panel.InboxWaiting, inboxOpen
		return
	}
	v, err := w.papers.Transcript(ctx, who.Session)
	switch {
	case err != nil:
	case slices.ContainsFunc(v.Versions, func(v panel.VersionView) bool { return v.SHA256 == found.SHA256 }):
		found.State, found.Why = panel.InboxFiled, session.Text{}
		return
	case len(v.Versions) > 0:
		found.Why = inboxHasOne
		return
	}
	by := session.Actor{ID: session.ActorController, Name: "watch folder"}
	_, err = w.papers.Attach(ctx, by, who.Session, panel.Upload{Name: found.Name, Data: data})
	var refused *session.Refusal
	switch {
	case err == nil:
		found.State, found.Why = panel.InboxFiled, session.Text{}
	case errors.As(err, &refused):
		found.Why = refused.Say
	default:
		w.papers.station.log.Error().Err(err).Str("session", who.Session).Msg("watch folder: add a transcript")
		found.Why = disksRefuse.Say
	}
}

// match returns the one session that a document can be of, nil if that is not certain; found then says
// why, and which ones come into question.
func (w *watchFolder) match(ctx context.Context, found *panel.InboxFile, doc *transcript.Document) (*catalog.Session, error) {
	numbers := sessionInText.FindAllString(strings.ToLower(found.Name), -1)
	if doc != nil {
		if doc.Session.Found() {
			numbers = append(numbers, sessionInText.FindAllString(strings.ToLower(doc.Session.Value), -1)...)
		} else {
			for _, l := range doc.Lines {
				numbers = append(numbers, sessionInText.FindAllString(l.Text, -1)...)
			}
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	switch len(numbers) {
	case 0:
		return w.byPerson(ctx, found, doc)
	case 1:
		s, err := w.papers.index.c.Session(ctx, numbers[0])
		if errors.Is(err, catalog.ErrNotFound) {
			found.Why = inboxUnknown
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if doc != nil && doc.Person.Found() && hasName(s.Person) && !transcript.SameName(doc.Person.Value, s.Person) {
			found.Why, found.Candidates = inboxOther, []string{s.Session}
			return nil, nil
		}
		return &s, nil
	}
	found.Why, found.Candidates = inboxNumbers, numbers[:min(len(numbers), maxCandidates)]
	return nil, nil
}

// hasName reports whether a person is known by name and not by a number.
func hasName(person string) bool {
	return person != "" && !strings.ContainsFunc(person, func(r rune) bool { return r >= '0' && r <= '9' })
}

// maxCandidates is how many sessions a doubt names.
const maxCandidates = 8

// byPerson looks for the session of a document without a number: that of the same person at its time.
func (w *watchFolder) byPerson(ctx context.Context, found *panel.InboxFile, doc *transcript.Document) (*catalog.Session, error) {
	if doc == nil { // a scan: its refusal says that its times are keyed, which needs a session
		found.Why = inboxNoSession
		return nil, nil
	}
	found.Why = inboxNoSession
	zone := w.papers.station.setup.zone.Location()
	read := transcript.Compare(doc, transcript.Facts{Zone: zone}, transcript.Options{}).Document
	start, ok := read.Start.Time()
	if !ok {
		return nil, nil
	}
	from := clock.WallOf(start)
	list, err := w.papers.index.c.Sessions(ctx, catalog.Query{After: from.Add(-24 * time.Hour), Before: from.Add(aroundTime), Limit: maxMonth})
	if err != nil {
		return nil, err
	}
	var near, same []catalog.Session
	for _, s := range list {
		d := from.Time().Sub(s.Started.Time()).Abs()
		if s.Started == 0 || s.Kind == string(policy.Technical) || d > aroundTime {
			continue
		}
		near = append(near, s)
		if doc.Person.Found() && hasName(s.Person) && transcript.SameName(doc.Person.Value, s.Person) {
			same = append(same, s)
		}
	}
	if len(same) == 1 {
		return &same[0], nil
	}
	if len(same) > 1 {
		found.Why, near = inboxMany, same
	}
	for _, s := range near[:min(len(near), maxCandidates)] {
		found.Candidates = append(found.Candidates, s.Session)
	}
	return nil, nil
}

// view returns what is in the folder and not filed, and how much is in which state.
func (w *watchFolder) view() panel.InboxView {
	out := panel.InboxView{Watched: w.dir != "", Files: []panel.InboxFile{}, Counts: map[panel.InboxState]int{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	out.Problem = w.problem
	for _, f := range w.files {
		out.Counts[f.State]++
		if f.State != panel.InboxFiled {
			one := f.InboxFile
			one.Candidates = slices.Clone(one.Candidates)
			out.Files = append(out.Files, one)
		}
	}
	slices.SortFunc(out.Files, func(a, b panel.InboxFile) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// bytes returns the file that has the hash, as it is now.
func (w *watchFolder) bytes(sum string) (name string, data []byte, err error) {
	w.mu.Lock()
	for n, f := range w.files {
		if f.SHA256 == sum {
			name = n
		}
	}
	w.mu.Unlock()
	if name == "" {
		return "", nil, panel.ErrNotFound
	}
	data, err = readDropped(filepath.Join(w.dir, name))
	if err != nil {
		return "", nil, err
	}
	if now := sha256.Sum256(data); hex.EncodeToString(now[:]) != sum {
		return "", nil, panel.ErrNotFound // it was written anew since
	}
	return name, data, nil
}

// filed notes that a person added the file to a session.
func (w *watchFolder) filed(name, sum, sess string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.files[name]; f != nil && f.SHA256 == sum {
		f.State, f.Why, f.Session, f.Candidates = panel.InboxFiled, session.Text{}, sess, nil
		f.looked = w.papers.station.clock.Now().Mono
	}
}

// Inbox returns what the watch folder holds.
func (t *transcripts) Inbox(context.Context) (panel.InboxView, error) { return t.folder.view(), nil }

// File adds a file of the watch folder to the session that a person named.
func (t *transcripts) File(ctx context.Context, actor session.Actor, id string, f panel.Filing) (panel.TranscriptView, error) {
	name, data, err := t.folder.bytes(f.SHA256)
	if err != nil {
		return panel.TranscriptView{}, err
	}
	v, err := t.Attach(ctx, actor, id, panel.Upload{Name: name, Data: data, Signed: f.Signed, Request: f.Request})
	if err == nil {
		t.folder.filed(name, f.SHA256, id)
	}
	return v, err
}
