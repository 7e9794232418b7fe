package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/session"
	"roomrec/session/table"
)

// outcome is what lies on the disks at the end of a world, and what is known of how it came.
type outcome struct {
	*world
	folder    string
	files     []map[string][]byte // by disk, by path in the session's folder
	holdsSeal []bool              // by disk
	statement *seal.Statement
	lines     []session.JournalLine
	report    verify.Report
	missing   []verify.Hole // what the seal declares missing, as the verifier reads it
}

// check looks at what the world has left.
func (w *world) check(dir string) {
	p := w.people
	if p.session == "" {
		return // nothing was ever recorded
	}
	o := &outcome{world: w}
	for _, d := range w.disks {
		files := d.Files()
		found, err := fs.Glob(files, "*/*/*/"+p.session)
		require.NoError(w.t, err)
		mine := map[string][]byte{}
		if len(found) == 1 {
			o.folder = found[0]
			mine = read(w, files, found[0])
		}
		o.files = append(o.files, mine)
		a := seal.Attempts{}
		if len(found) == 1 {
			a, err = seal.Find(files, found[0])
			require.NoError(w.t, err)
		}
		o.holdsSeal = append(o.holdsSeal, a.Sealed())
		if a.Sealed() {
			s, err := seal.Parse(a.Note)
			require.NoError(w.t, err)
			o.statement = &s
		}
	}
	o.acknowledged()
	if o.statement == nil {
		w.fail("no disk holds a seal")
		return
	}
	o.sealed()
	o.journal()
	o.verdict(dir)
	o.recorded()
	o.covered()
	o.questioned()
}

func read(w *world, files fs.FS, folder string) map[string][]byte {
	out := map[string][]byte{}
	require.NoError(w.t, fs.WalkDir(files, folder, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, p)
		out[strings.TrimPrefix(p, folder+"/")] = b
		return err
	}))
	return out
}

// sealed checks that every copy that the seal speaks for has it, if its disk works and the controller had
// the time to give it.
func (o *outcome) sealed() {
	st := o.station
	if st == nil || st.number == o.sealedBy {
		return // it was sealed by this very start; a disk that failed meanwhile has it after the next
	}
	for i, v := range st.all() {
		for _, s := range o.statement.Volumes {
			if s.ID == v.ID() && s.Left == nil && v.Fault() == nil && len(o.files[i]) > 0 && !o.holdsSeal[i] {
				o.fail("%s was in the set at the seal and has none, although the controller was started anew since", s.ID)
			}
		}
	}
}

// acknowledged checks that every fragment that was acknowledged on a volume is there, with its leaf,
// and that the seal counts it.
func (o *outcome) acknowledged() {
	leaves := make([]map[string]map[int64]fragment.Hash, len(o.files))
	for i, files := range o.files {
		leaves[i] = map[string]map[int64]fragment.Hash{}
		for p, b := range files {
			if path.Ext(p) != ".mp4" {
				continue
			}
			ends := map[int64]fragment.Hash{}
			// What is torn behind the last whole fragment was not acknowledged.
			_, err := fragment.ScanEach(bytes.NewReader(b), int64(len(b)), func(_ *fragment.Header, f *fragment.Info) error {
				ends[f.Offset+f.Size] = f.Leaf
				return nil
			})
			require.NoError(o.t, err)
			leaves[i][p] = ends
		}
	}
	counted := map[string]int64{}
	if o.statement != nil {
		for _, f := range o.statement.Files {
			counted[f.Path] = f.Size
		}
	}
	for _, a := range o.acks {
		i := int(a.Volume[len(a.Volume)-1] - 'a')
		p := strings.TrimPrefix(a.File, o.folder+"/")
		if got := leaves[i][p][a.End]; got != a.Leaf {
			o.fail("%s on %s: what was acknowledged up to byte %d (at %s, by start %d) is not there; the file has %d bytes", p, a.Volume, a.End, a.At, a.station, len(o.files[i][p]))
			return
		}
		if o.statement != nil && counted[p] < a.End {
			o.fail("%s: acknowledged on %s up to byte %d (at %s, by start %d), but the seal counts %d", p, a.Volume, a.End, a.At, a.station, counted[p])
			return
		}
	}
}

// journal checks that the journal replays to what was shown last, that what people were told is in
// it, once, and that Locked was left by its named ways.
func (o *outcome) journal() {
	var head journal.Head
	var lines []session.JournalLine // as they stand there
	for n := 1; ; n++ {
		var b []byte // of the disk that has the most
		there := false
		for _, files := range o.files {
			f, ok := files[journal.FileName(n)]
			there = there || ok
			if len(f) > len(b) {
				b = f
			}
		}
		if !there {
			break
		}
		// What was written and never acknowledged, the next file does not go on from.
		end := journal.Head{Seq: math.MaxUint64}
		for _, files := range o.files {
			if next, ok, err := journal.Before(bytes.NewReader(files[journal.FileName(n+1)])); err == nil && ok {
				end = next
			}
		}
		c, err := journal.ReadTo(bytes.NewReader(b), head, end.Seq, func(l *journal.Line, _ []byte) error {
			line := session.JournalLine{Type: l.Type, Actor: l.Actor, At: l.At(), Data: slices.Clone(l.Data)}
			lines = append(lines, line)
			var quote struct{ Line journal.Line }
			if l.Type == evidence.TypeSpooled {
				require.NoError(o.t, json.Unmarshal(l.Data, &quote))
				line = session.JournalLine{Type: quote.Line.Type, Actor: quote.Line.Actor, At: quote.Line.At(), Data: quote.Line.Data}
			}
			o.lines = append(o.lines, line)
			return nil
		})
		require.NoError(o.t, err)
		if end.Seq != math.MaxUint64 && c.Head != end {
			o.fail("%s ends with line %d, the next file goes on from line %d: %v", journal.FileName(n), c.Head.Seq, end.Seq, c.Fault)
			return
		}
		head = c.Head
	}
	rec, err := session.Replay(lines)
	if err != nil {
		o.fail("the journal does not replay: %v", err)
		return
	}
	var facts session.Facts
	require.NoError(o.t, json.Unmarshal(o.statement.Facts, &facts))
	if rec.Table.Started != facts.Started || rec.Table.Ended != facts.Ended || rec.Table.Ending != facts.Ending ||
		len(rec.Table.Breaks) != len(facts.Breaks) || len(rec.Markers) != len(facts.Markers) {
		o.fail("the journal replays to started %s, ended %s %q, %d breaks, %d markers; the seal states %s, %s %q, %d, %d",
			rec.Table.Started, rec.Table.Ended, rec.Table.Ending, len(rec.Table.Breaks), len(rec.Markers),
			facts.Started, facts.Ended, facts.Ending, len(facts.Breaks), len(facts.Markers))
	}
	seen := map[string]int{}
	state := table.None
	var last clock.Wall
	for i, l := range o.lines {
		if !strings.HasPrefix(l.Type, session.TypePrefix) {
			continue
		}
		if l.At.Wall < last {
			o.fail("line %d, %s, is of %s, before the session's one before it", i+1, l.Type, l.At.Wall)
		}
		last = l.At.Wall
		var d session.Data
		require.NoError(o.t, json.Unmarshal(l.Data, &d))
		if d.Request != "" {
			seen[d.Request]++
		}
		if state == table.Locked && d.State != table.Locked {
			switch d.Event.Name {
			case table.Resume, table.ApproveUnrecorded:
			case table.End:
				if d.Event.Ending != table.BrokenOff {
					o.fail("Locked was left by an end that is %q", d.Event.Ending)
				}
			default:
				o.fail("Locked was left by %s", d.Event.Name)
			}
		}
		state = d.State
	}
	answers := map[answered]*wish{}
	for _, one := range o.people.wishes {
		if !one.done || one.cmd.Name == session.ActDismiss {
			continue
		}
		if one.err == nil && seen[one.id] != 1 {
			o.fail("%s (%s) was said to be done, but the journal has it %d times", one.cmd.Name, one.id, seen[one.id])
		}
		// A start remembers what it refused, the next one does not: nothing was done.
		by := answered{one.id, one.start}
		if old := answers[by]; old != nil && !unsure(one.err) && !unsure(old.err) && (old.err == nil) != (one.err == nil) {
			o.fail("%s (%s) got two answers: %v and %v", one.cmd.Name, one.id, old.err, one.err)
		}
		answers[by] = one
	}
	for id, n := range seen {
		if n > 1 {
			o.fail("request %s is in the journal %d times", id, n)
		}
	}
}

// answered is a request and the start of the controller that answered it.
type answered struct {
	id    string
	start int
}

// unsure reports whether an answer does not say whether the wish was done.
func unsure(err error) bool {
	no, ok := err.(*session.Refusal) //nolint:errorlint // the manager's errors are not wrapped
	return ok && (no.Code == "not-written" || no.Code == "not-running")
}

// verdict checks what the verifier says.
func (o *outcome) verdict(dir string) {
	var dirs []string
	for i, files := range o.files {
		if len(files) == 0 {
			continue
		}
		at := filepath.Join(dir, fmt.Sprintf("disk-%d", i), o.people.session)
		for p, b := range files {
			name := filepath.Join(at, filepath.FromSlash(p))
			require.NoError(o.t, os.MkdirAll(filepath.Dir(name), 0o700))
			require.NoError(o.t, os.WriteFile(name, b, 0o600))
		}
		dirs = append(dirs, at)
	}
	key, err := seal.ParseVerifier(o.key.Verifier())
	require.NoError(o.t, err)
	o.report, err = verify.Folders(context.Background(), dirs, verify.Options{Key: key})
	require.NoError(o.t, err)
	require.NoError(o.t, os.RemoveAll(dir))
	complete := map[string]bool{}
	for _, v := range o.statement.Volumes {
		complete[v.ID] = v.Complete
	}
	broken := false
	for _, f := range o.report.Folders {
		disk := int(filepath.Base(filepath.Dir(f.Dir))[len("disk-")] - '0')
		id := fmt.Sprintf("vol-%c", 'a'+disk)
		o.say("verdict on %s (complete %v): %s", id, complete[id], f.Verdict)
		if f.Verdict != verify.Unsealed && len(f.Missing) > len(o.missing) {
			o.missing = f.Missing
		}
		whole := complete[id] && o.holdsSeal[disk]
		switch f.Verdict {
		case verify.Intact:
			if o.facts.crashes+o.facts.stops > 0 && len(f.Missing) == 0 && o.restarted() {
				o.fail("%s: a session that was interrupted is said to be intact", id)
			}
		case verify.Gaps:
			if o.facts.trouble == 0 {
				o.fail("%s: nothing went wrong, but gaps are declared: %+v", id, f.Missing)
			}
		case verify.Incomplete:
			if whole {
				o.fail("%s was in the set from opening to seal and is incomplete: %s", id, findings(f.Findings))
			}
		case verify.Unsealed:
			if whole {
				o.fail("%s holds a seal and is unsealed", id)
			}
		default:
			if !complete[id] {
				broken = true // a disk that failed may hold anything behind what it acknowledged
				continue
			}
			o.fail("%s: %s: %s", id, f.Verdict, findings(f.Findings))
		}
	}
	if broken {
		return
	}
	for _, t := range o.report.Together {
		if t.Verdict != verify.Intact && t.Verdict != verify.Gaps {
			o.fail("all copies together: %s: %s", t.Verdict, findings(t.Findings))
		}
	}
}

func findings(all []verify.Finding) string {
	var out []string
	for _, f := range all[:min(len(all), 5)] {
		out = append(out, fmt.Sprintf("%s byte %d fragment %d line %d: %s (%s)", f.File, f.Offset, f.Fragment, f.Line, f.What, f.Verdict))
	}
	return strings.Join(out, "; ")
}

// restarted reports whether the session was interrupted by a restart before its recording was stopped.
func (o *outcome) restarted() bool {
	stopped := false
	for _, l := range o.lines {
		stopped = stopped || l.Type == session.TypeClosingElapsed
		if l.Type == session.TypeRestarted && !stopped {
			return true
		}
	}
	return false
}

// recorded marks the pictures that the seal's segments hold.
func (o *outcome) recorded() {
	for _, f := range o.statement.Files {
		if f.Kind != seal.KindSegment || f.Size == 0 {
			continue
		}
		b := o.holds(f)
		if b == nil {
			o.fail("no disk holds the %d bytes of %s", f.Size, f.Path)
			continue
		}
		s, err := fragment.Scan(bytes.NewReader(b), f.Size)
		require.NoError(o.t, err)
		if s.Torn != nil || s.Whole != f.Size {
			o.fail("%s: %d bytes are sealed, %d are whole: %v", f.Path, f.Size, s.Whole, s.Torn)
			continue
		}
		c := o.camera(s.Header.Room, s.Header.Camera)
		for i := range s.Fragments {
			content, err := s.Samples(bytes.NewReader(b), i)
			require.NoError(o.t, err)
			for _, sample := range content.Tracks[0].Data {
				slice := sample[len(sample)-12:]
				n := binary.BigEndian.Uint32(slice[2:]) &^ 0x80000000
				if slice[1] != 0x80|c.number || int(n) >= len(c.pictures) || c.pictures[n].station == 0 {
					o.fail("%s holds a picture that nobody sent", f.Path)
					return
				}
				if c.pictures[n].recorded {
					o.fail("%s holds picture %d a second time", f.Path, n)
				}
				c.pictures[n].recorded = true
			}
		}
	}
}

// holds returns what counts of a file, from a disk that has it as it was sealed.
func (o *outcome) holds(f seal.File) []byte {
	for _, files := range o.files {
		if b := files[f.Path]; int64(len(b)) >= f.Size && seal.SHA256(b[:f.Size]) == f.SHA256 {
			return b[:f.Size]
		}
	}
	return nil
}

// span is a stretch of the session's timeline.
type span struct{ from, to clock.Wall }

func (s span) has(w clock.Wall) bool { return s.from.Add(-slack) <= w && w <= s.to.Add(slack) }

// slack is how far capture instants may be from arrivals.
const slack = 700 * time.Millisecond

// declared returns what the verifier says is declared missing of a camera.
func (o *outcome) declared(c *camera) (own, all []span) {
	for _, h := range o.missing {
		from, err := clock.ParseWall(h.From)
		require.NoError(o.t, err)
		to, err := clock.ParseWall(h.To)
		require.NoError(o.t, err)
		if h.Camera == "" {
			all = append(all, span{from, to})
		} else if h.Room == c.room && h.Camera == c.id {
			own = append(own, span{from, to})
		}
	}
	return own, all
}

// end is when recording was stopped on purpose, on the session's timeline.
func (o *outcome) end() clock.Wall {
	for _, l := range o.lines {
		if l.Type == session.TypeClosingElapsed {
			return l.At.Wall
		}
	}
	return 0
}

// began is when a camera was to be recorded first: at the opening, or when the session came into its
// room.
func (o *outcome) began(c *camera) (at clock.Wall, ok bool) {
	for _, l := range o.lines {
		if l.Type != session.TypeOpened && l.Type != session.TypeMoveRoom {
			continue
		}
		var d session.Data
		require.NoError(o.t, json.Unmarshal(l.Data, &d))
		if d.Event.Room == c.room {
			return l.At.Wall, true
		}
	}
	return 0, false
}

// covered checks that every picture that came while its camera was to be recorded is recorded, or
// lies in a stretch that is declared missing of this very camera.
func (o *outcome) covered() {
	end := o.end()
	for _, c := range o.cameras {
		began, ok := o.began(c)
		if !ok {
			continue
		}
		own, all := o.declared(c)
		first := o.firstRun(c)
		var missing []string
		for i := range c.pictures {
			p := &c.pictures[i]
			if p.recorded || p.station == 0 {
				continue
			}
			t, ok := o.timelines[p.station]
			if !ok {
				continue // this start did not have the session
			}
			at := t.At(p.mono).Wall
			if at < began.Add(slack) || at > end.Add(-slack) || at < first.Add(slack) {
				continue
			}
			in := func(s span) bool { return s.has(at) }
			if !slices.ContainsFunc(own, in) && !(o.lastRun(c) < at && slices.ContainsFunc(all, in)) && !o.lostAtEnd(c, i, own) && !o.lostBetween(c, i, own) {
				missing = append(missing, fmt.Sprintf("%s (%v)", at, p.at))
			}
		}
		if len(missing) > 0 {
			o.fail("%s/%s: %d pictures came, are not recorded and not declared missing: %v", c.room, c.id, len(missing), missing[:min(4, len(missing))])
		}
	}
}

// lostAtEnd reports whether a picture came after the last one that was recorded before the controller
// went down, and that is declared. How long that lasted is not always: where the host's clock had been
// set back meanwhile, the timeline goes on from what was acknowledged last.
func (o *outcome) lostAtEnd(c *camera, i int, own []span) bool {
	number := c.pictures[i].station
	for k := i; k < len(c.pictures) && c.pictures[k].up == number; k++ {
		if c.pictures[k].recorded {
			return false
		}
	}
	for k := i; k >= 0; k-- {
		if p := &c.pictures[k]; p.recorded {
			t, ok := o.timelineAt(p)
			return ok && slices.ContainsFunc(own, func(s span) bool { return s.has(t.At(p.mono).Wall.Add(pictureEvery)) })
		}
	}
	return false
}

// lostBetween reports whether one stretch that is declared missing reaches from the last picture that
// was recorded before this one to the first that was recorded after it. Where the host's clock had been
// set back and the controller began anew, the timeline waits at what was acknowledged last, and a
// picture that comes meanwhile bears an instant before that stretch.
func (o *outcome) lostBetween(c *camera, i int, own []span) bool {
	recorded := func(p picture) bool { return p.recorded }
	before, after := i, slices.IndexFunc(c.pictures[i:], recorded)
	for before >= 0 && !c.pictures[before].recorded {
		before--
	}
	if before < 0 || after < 0 {
		return false
	}
	b, a := &c.pictures[before], &c.pictures[i+after]
	tb, okB := o.timelineAt(b)
	ta, okA := o.timelineAt(a)
	return okB && okA && slices.ContainsFunc(own, func(s span) bool {
		return s.has(tb.At(b.mono).Wall.Add(pictureEvery)) && s.has(ta.At(a.mono).Wall.Add(-pictureEvery))
	})
}

func (o *outcome) firstRun(c *camera) clock.Wall {
	for _, r := range o.statement.Runs {
		if r.Room == c.room && r.Camera == c.id {
			return r.First.Wall
		}
	}
	return 1<<63 - 1
}

func (o *outcome) lastRun(c *camera) (at clock.Wall) {
	for _, r := range o.statement.Runs {
		if r.Room == c.room && r.Camera == c.id {
			at = max(at, r.Last.Wall)
		}
	}
	return at
}

// questioned checks that every instant of questioning was recorded by all required cameras of the
// session's room, or is declared: missing of the camera, interrupted, or not recorded by approval. A
// camera that gives nothing has so long before that locks the session.
func (o *outcome) questioned() {
	const unnoticed = 2*time.Second + 500*time.Millisecond + pictureEvery
	for _, q := range o.questioning() {
		for _, c := range o.cameras {
			if c.room != q.room || !c.required {
				continue
			}
			own, all := o.declared(c)
			var from clock.Wall // since when something is missing
			for i := range c.pictures {
				p := &c.pictures[i]
				t, ok := o.timelineAt(p)
				if !ok {
					continue
				}
				at := t.At(p.mono).Wall
				in := func(s span) bool { return s.has(at) }
				if at < q.from || at > q.to || p.recorded || o.lostAtEnd(c, i, own) || slices.ContainsFunc(own, in) || slices.ContainsFunc(all, in) {
					from = 0
					continue
				}
				if from == 0 {
					from = at
				}
				if time.Duration(at-from) > unnoticed {
					o.fail("questioning went on at %s (%v) although %s/%s had recorded nothing since %s", at, p.at, c.room, c.id, from)
					break
				}
			}
		}
	}
}

// timelineAt returns the timeline of the start during which a picture was taken.
func (o *outcome) timelineAt(p *picture) (clock.Timeline, bool) {
	t, ok := o.timelines[p.up]
	return t, ok
}

type stretch struct {
	span
	room string
}

// questioning returns when the journal says that questioning went on.
func (o *outcome) questioning() (out []stretch) {
	state, where := table.None, ""
	var since clock.Wall
	for _, l := range o.lines {
		if !strings.HasPrefix(l.Type, session.TypePrefix) {
			continue
		}
		var d session.Data
		require.NoError(o.t, json.Unmarshal(l.Data, &d))
		if d.Event.Room != "" {
			where = d.Event.Room
		}
		if state == table.Questioning && d.State != table.Questioning {
			out = append(out, stretch{span{since, d.Event.At}, where})
		}
		if state != table.Questioning {
			since = d.Event.At
		}
		state = d.State
	}
	return out
}
