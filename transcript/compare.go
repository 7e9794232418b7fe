package transcript

import (
	"slices"
	"time"

	"roomrec/clock"
)

// Options are what a site can choose.
type Options struct {
	// Language of the messages, "zh-CN" or "en".
	Language string
	// Speed is the number of Chinese characters a minute above which a text is too long for its
	// questioning; 0 means [DefaultSpeed].
	Speed float64
}

// DefaultSpeed is what a stenographer can keep up for an hour, in Chinese characters a minute.
const DefaultSpeed = 260

// Compare sets what the document says against the facts of the session.
//
// A time agrees if it is the minute (or second) of the recording's instant. Within the clock's
// uncertainty of that minute's edge the other minute agrees too, which is said as information.
// Interruptions are paired with the session's: those that agree first, then those that overlap, then
// what is left in order, so that a time written wrongly gives one finding and not two.
func Compare(doc *Document, facts Facts, opt Options) Result {
	c := &comparison{doc: doc, facts: &facts, opt: opt, loc: facts.zone()}
	c.result.Findings = []Finding{}
	c.result.NotChecked = []FindingCode{}
	c.shown()
	c.span()
	c.interruptions()
	c.coverage()
	c.statements()
	c.people()
	c.form()
	c.text()
	c.result.Verdict = c.verdict()
	slices.Sort(c.result.NotChecked)
	c.result.NotChecked = slices.Compact(c.result.NotChecked)
	return c.result.In(opt.Language)
}

type comparison struct {
	doc        *Document
	facts      *Facts
	opt        Options
	loc        *time.Location
	result     Result
	start, end *time.Time // the document's, where they can be read
	unreadable bool
}

func (c *comparison) at(i clock.Instant) Stamp { return stampAt(i, c.loc) }

func (c *comparison) skip(codes ...FindingCode) {
	c.result.NotChecked = append(c.result.NotChecked, codes...)
}

func (c *comparison) verdict() Verdict {
	if c.unreadable || c.start == nil || c.end == nil {
		return Unreadable
	}
	for _, f := range c.result.Findings {
		if f.Severity == SeverityError {
			return Differs
		}
	}
	return Agrees
}

// shown fills in the two sides of the result.
func (c *comparison) shown() {
	d, f := c.doc, c.facts
	c.result.Recording = RecordingTimes{Start: c.at(f.Start), End: c.at(f.End), Interruptions: []ShownStretch{}}
	for _, i := range f.Interruptions {
		c.result.Recording.Interruptions = append(c.result.Recording.Interruptions,
			ShownStretch{Start: c.at(i.From), End: c.at(i.To), Cause: i.Cause})
	}
	c.result.Document = DocumentTimes{
		Name: d.Name, Interruptions: []ShownStretch{}, Source: "read",
		Kind: d.Kind.Value, Ordinal: d.Ordinal.Number, Session: d.Session.Value, Person: d.Person.Value, Place: d.Place.Value,
		Questioners: values(d.Questioners), Clerks: values(d.Clerks), Interpreters: values(d.Interpreters), Guardians: values(d.Guardians),
	}
	if d.Format == FormatKeyed {
		c.result.Document.Source = "keyed"
	}
}

func values(fs []Field) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Value)
	}
	return out
}

// span compares start and end.
func (c *comparison) span() {
	out := &c.result.Document
	for _, d := range c.doc.Doubts {
		if d.Subject != SubjectInterruption {
			c.doubt(d)
		}
	}
	c.start = c.instant(c.doc.Start, &out.Start, &out.StartLine, SubjectStart)
	c.end = c.instant(c.doc.End, &out.End, &out.EndLine, SubjectEnd)
	for _, m := range []*Moment{c.doc.Start, c.doc.End} {
		if m != nil && (out.Precision == nil || m.Precision == PrecisionMinute) {
			p := m.Precision
			out.Precision = &p
		}
	}
	if c.start != nil {
		c.compareTime(StartDiffers, *c.doc.Start, *c.start, c.facts.Start,
			"the transcript's start is %s, the recording's %s", "笔录开始时间为%s，录音录像开始时间为%s")
	}
	if c.end != nil {
		c.compareTime(EndDiffers, *c.doc.End, *c.end, c.facts.End,
			"the transcript's end is %s, the recording's %s", "笔录结束时间为%s，录音录像结束时间为%s")
	}
	if c.start != nil && c.end != nil && c.end.Before(*c.start) {
		c.result.add(EndBeforeStart, c.doc.End.Line, c.at(c.facts.End),
			textf("the transcript ends (%s) before it starts (%s)", "笔录结束时间（%s）早于开始时间（%s）", c.doc.End, c.doc.Start))
	}
}

func (c *comparison) doubt(d Doubt) {
	line := 0
	if len(d.Lines) > 0 {
		line = d.Lines[0]
	}
	at := Stamp{}
	word := textf("start", "开始时间")
	switch d.Subject {
	case SubjectStart:
		at = c.at(c.facts.Start)
	case SubjectEnd:
		at, word = c.at(c.facts.End), textf("end", "结束时间")
	case SubjectInterruption:
		word = textf("interruption", "中断时间")
	}
	c.result.add(AmbiguousTime, line, at, Text{EN: word.EN + ": " + d.Text.EN, ZH: word.ZH + ":" + d.Text.ZH})
	c.unreadable = true
}

// instant places a moment in the session's zone.
func (c *comparison) instant(m *Moment, stamp *Stamp, line **int, s Subject) *time.Time {
	if m == nil {
		return nil
	}
	t, why := m.Instant(c.loc)
	if why != "" {
		c.doubt(Doubt{Subject: s, Lines: []int{m.Line}, Text: Text{EN: why, ZH: why}})
		return nil
	}
	t = t.In(c.loc)
	*stamp = StampOf(t)
	n := m.Line
	*line = &n
	return &t
}

// matches reports whether the time t, written with the precision p, names the instant; edge says
// that it does so only within the uncertainty.
func matches(t time.Time, p Precision, at clock.Instant) (ok, edge bool) {
	from, rec := clock.WallOf(t), at.Wall
	to := from.Add(p.unit())
	if rec >= from && rec < to {
		return true, false
	}
	if at.Uncertainty <= 0 {
		return false, false
	}
	ok = rec >= from.Add(-at.Uncertainty) && rec <= to.Add(at.Uncertainty)
	return ok, ok
}

func (c *comparison) compareTime(code FindingCode, m Moment, t time.Time, at clock.Instant, en, zh string) {
	shown := at.Wall.In(c.loc).Format("2006-01-02 15:04:05")
	switch ok, edge := matches(t, m.Precision, at); {
	case !ok:
		c.result.add(code, m.Line, c.at(at), textf(en, zh, m, shown))
	case edge:
		c.result.add(MinuteEdge, m.Line, c.at(at), textf(
			"%s agrees with %s within the clock's uncertainty", "%s与%s在时钟误差范围内一致", m, shown))
	}
}

// coverage looks for parts of the transcript's span that are neither recorded nor accounted for.
func (c *comparison) coverage() {
	if c.facts.Recorded == nil {
		c.skip(NotCovered)
		return
	}
	if c.start == nil || c.end == nil {
		return
	}
	// Outside Start and End the times themselves differ; that is a finding of its own.
	from, to := c.facts.Start.Wall, c.facts.End.Wall
	if s := clock.WallOf(*c.start); s > from {
		from = s
	}
	if e := clock.WallOf(*c.end).Add(c.doc.End.Precision.unit()); e < to {
		to = e
	}
	known := slices.Clone(c.facts.Recorded)
	known = append(known, c.facts.Unrecorded...)
	for _, i := range c.facts.Interruptions {
		known = append(known, i.Span, i.Missing)
	}
	slices.SortFunc(known, func(a, b Span) int { return int(min(max(a.From.Wall-b.From.Wall, -1), 1)) })
	hole := func(a, b clock.Wall) {
		if b.Before(a.Add(maxHole)) {
			return
		}
		line := c.doc.Start.Line
		c.result.add(NotCovered, line, Stamp{a.In(c.loc)}, textf(
			"from %s to %s there is no recording, and the session accounts for it in no other way",
			"%s至%s没有录音录像，且未作为中断或未录制讯问记载", a.In(c.loc).Format(time.DateTime), b.In(c.loc).Format(time.TimeOnly)))
	}
	for _, s := range known {
		if s.From.Wall > to {
			break
		}
		if s.From.Wall > from {
			hole(from, s.From.Wall)
		}
		from = max(from, s.To.Wall)
	}
	if from < to {
		hole(from, to)
	}
}

// maxHole is how long a recording may be without a unit before that is more than a declared gap: the
// threshold at which a session locks.
const maxHole = 2 * time.Second

// statements looks for the line that every unrecorded stretch needs.
func (c *comparison) statements() {
	if c.facts.Unrecorded == nil {
		c.skip(StatementMissing)
		return
	}
	lines := c.doc.Statements.Unrecorded
	for k, s := range c.facts.Unrecorded {
		if k < len(lines) {
			continue
		}
		c.result.add(StatementMissing, 0, c.at(s.From), textf(
			"questioning went on without a recording from %s to %s; the transcript does not carry the line that says so",
			"%s至%s为未录制讯问，笔录中未记明", s.From.Wall.In(c.loc).Format(time.DateTime), s.To.Wall.In(c.loc).Format(time.TimeOnly)))
	}
}
