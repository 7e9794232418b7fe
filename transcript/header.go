package transcript

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// header finds the times of the questioning among all times of a document.
type header struct {
	rd     *Reading
	starts []candidate
	ends   []candidate
	weak   []pair // a range in the form's head without a label
	dates  []candidate
	extra  []Noted // breaks between the ranges of one label
}

// candidate is a time that the document calls the start or the end.
type candidate struct {
	st   stamp
	line int
	pair *pair // the range that it is part of
}

// pair is a range as written: from … to ….
type pair struct {
	from, to   stamp
	line, last int
	missing    bool // nothing follows the "to"
}

var (
	connector = regexp.MustCompile(`^[\s,)]*(起|开始|始)?[\s,]*(至|到|-+|~+|/|to|until|till|thru|through)[\s(]*(于|about )?[\s]*$`)
	dangling  = regexp.MustCompile(`^[\s,)]*(起|开始)?[\s,]*(至|到|-+|~+|to|until)[\s.。]*$`)
	between   = regexp.MustCompile(`\bbetween\b`)
	also      = regexp.MustCompile(`^[\s]*[、,;/和及与&+][\s]*$|^\s*and\s*$`)
	// After the first question only lines that begin so speak of the session itself.
	alone = regexp.MustCompile(`^[\s(\[【*#>-]*(本次)?(讯问|询问|谈话|问话|调查|笔录|记录)?(的)?(开始|结束|终止|截止|起止)(的)?(时间|于)|` +
		`^[\s(\[【*#>-]*(本次|此次)?(讯问|询问|谈话|问话)(活动|笔录)?(至|到)?(于|自|从|在)?\s*[\d〇一二三四五六七八九十次当同]|` +
		`^[\s(\[【*#>-]*(本次|此次)?(讯问|询问|谈话|问话)(时间|结束|开始|完毕)\s*[:,(]|` +
		`^[\s(\[*#>-]*(the |this )?(interview|interrogation|questioning|session|statement|record of interview)s? (was |is |has )?(been )?(formally )?(conclu|end|finish|terminat|complet|clos|commenc|start|began)|` +
		`^[\s(\[*#>-]*(time |date and time )?(interview |interrogation |questioning |session )?(end|ended|finish|finished|conclu\w*|terminat\w*|complet\w*|start|started|commenc\w*|began|close|closed)\s*(time|at|of (the )?(interview|interrogation|questioning|session))?\s*[:=-]|` +
		`^[\s(\[*#>-]*(end|start|finish|conclusion|commencement)( time)? of (the )?(interview|interrogation|questioning|session)|` +
		`^[\s(\[*#>-]*(concluded|ended|finished|terminated|completed|commenced|started) at\b`)
	aloneStamp = regexp.MustCompile(`^[\s,]*(时)?[\s,]*(本次|此次)?(讯问|询问|谈话|问话)(笔录)?(全部)?(结束|完毕|终止|开始)|^[\s,:.-]*(the |this )?(interview|interrogation|questioning|session) (was |is )?(conclu|end|finish|terminat|complet|clos|commenc|start|began)`)
)

// standsAlone reports whether a line after the first question is not part of an answer but speaks of
// the session: "讯问于11时40分结束", "Interview concluded at …".
func standsAlone(r row) bool {
	low := string(r.low)
	if m := alone.FindString(low); m != "" {
		return !strings.Contains(low, "我") || strings.Contains(low, "我们")
	}
	c := scan{r.low}
	i := c.spaces(0)
	for i < len(r.low) && strings.ContainsRune("([【", r.low[i]) {
		i = c.spaces(i + 1)
	}
	if c.has(i, "at ") {
		i = c.spaces(i + 3)
	}
	rest := scan{r.low[i:]}
	st := rest.stamps()
	return len(st) > 0 && st[0].from == 0 && aloneStamp.MatchString(string(r.low[i+st[0].to:]))
}

// row takes the times of one row.
func (h *header) row(r *row) {
	if r.role != RoleNone || !r.header && !standsAlone(*r) || len(r.low) > 4000 {
		return
	}
	stamps := (scan{r.low}).stamps()
	prev := 0
	var run []pair // ranges under one label
	for i := 0; i < len(stamps); i++ {
		st := stamps[i]
		before := string(r.low[prev:st.from])
		label := labelBefore(before)
		line := r.lineAt(st.from)
		p, isPair := h.pairAt(r, stamps, i)
		if isPair && len(run) > 0 && also.MatchString(before) {
			run = append(run, p)
			h.addRun(run[len(run)-2:])
			prev = p.to.to
			i++
			continue
		}
		run = nil
		last := st
		if isPair && !p.missing {
			last = p.to
		}
		end := len(r.low)
		if j := i + 1; isPair && !p.missing {
			j++
			if j < len(stamps) {
				end = stamps[j].from
			}
		} else if j < len(stamps) {
			end = stamps[j].from
		}
		after := string(r.low[last.to:end])
		cl := classify(label)
		ca := classifyAfter(after)
		if cl == classSpan && end < len(r.low) && (ca == classOther || ca == classBreak && !sameTime(last, stamps, end)) && namesNext(after, ca) {
			ca = classNone
		}
		if cl == classNone || cl == classSpan || cl == classDate || ca == classOther && cl != classStart && cl != classEnd {
			switch {
			case ca == classNone:
			case cl == classSpan && (ca == classStart || ca == classEnd) && isPair:
			default:
				cl = ca
			}
		}
		switch {
		case st.tod == nil && !st.date.blank && !isPair:
			if cl == classNone || cl == classDate || cl == classSpan {
				h.addDate(r, st, cl, line)
			}
		case isPair:
			if h.addPair(r, p, cl, label, before, after) {
				run = []pair{p}
			}
			if !p.missing {
				i++
			}
		case cl == classStart, cl == classSpan && ownSpan.MatchString(label) && (st.tod != nil || st.date.blank):
			h.starts = append(h.starts, candidate{st: st, line: line})
		case cl == classEnd:
			h.ends = append(h.ends, candidate{st: st, line: line})
		}
		prev = last.to
		// Words that belong to this time are not the label of the next.
		if ca != classNone && ca == cl && ca != classify(label) {
			prev += wordsTaken(after)
		}
	}
	if len(stamps) == 0 {
		h.emptyLabel(r)
	}
}

var (
	nextLabel  = regexp.MustCompile(`^[\s,;:(].*[^\s,;。)][\s(]*$`)
	nextClause = regexp.MustCompile(`^\s*[,;:(]`)
)

// namesNext reports whether the words between two times, of the class ca, stand before the second, as its label, rather
// than after the first: 时间 9时5分至11时40分(休息 10时至10时20分). A break is the first one's but for a mark between.
func namesNext(between string, ca class) bool {
	return nextLabel.MatchString(between) && classify(labelBefore(between)) != classNone && (ca != classBreak || nextClause.MatchString(between))
}

// sameTime reports whether the time that begins at a place is the same as the one before: a break until then is before
// it, not after.
func sameTime(last stamp, stamps []stamp, at int) bool {
	for _, st := range stamps {
		if st.from == at {
			return last.tod != nil && st.tod != nil && *last.tod == *st.tod
		}
	}
	return false
}

// wordsTaken returns how many runes of the text after a time belong to it: up to the first comma,
// cell or blank after the words.
func wordsTaken(after string) int {
	n := 0
	for _, r := range after {
		if n > 0 && (r == ',' || r == ';' || r == '。' || r == '\t') || r == ' ' && n > 2 {
			return n
		}
		n++
	}
	return n
}

// pairAt returns the range that begins with the stamp at i.
func (h *header) pairAt(r *row, stamps []stamp, i int) (pair, bool) {
	a := stamps[i]
	if a.tod == nil && !a.date.blank {
		return pair{}, false
	}
	if i+1 == len(stamps) {
		if dangling.MatchString(string(r.low[a.to:])) {
			return pair{from: a, line: r.lineAt(a.from), last: r.lineAt(len(r.low)), missing: true}, true
		}
		return pair{}, false
	}
	b := stamps[i+1]
	gap := string(r.low[a.to:b.from])
	if !connector.MatchString(gap) && !(strings.TrimSpace(gap) == "and" && between.MatchString(string(r.low[:a.to]))) {
		return pair{}, false
	}
	return pair{from: a, to: b, line: r.lineAt(a.from), last: r.lineAt(b.from)}, true
}

// addPair takes a range; it reports whether it is the questioning's.
func (h *header) addPair(r *row, p pair, cl class, label, before, after string) bool {
	switch cl {
	case classSpan:
		if !ownSpan.MatchString(label) {
			// "制作时间": taken only if nothing is called the time of questioning.
			h.weak = append(h.weak, p)
			return true
		}
	case classStart, classEnd, classDate:
	case classNone:
		if !r.header || r.page || !weakContext(before, after) {
			return false
		}
		h.weak = append(h.weak, p)
		return true
	default:
		return false
	}
	h.addStrong(p)
	return true
}

func (h *header) addStrong(p pair) {
	q := p
	h.starts = append(h.starts, candidate{st: p.from, line: p.line, pair: &q})
	if p.missing {
		h.doubt(SubjectEnd, []int{p.last}, "nothing follows the “to” of the time", "“至”后没有时间")
		return
	}
	h.ends = append(h.ends, candidate{st: p.to, line: p.last, pair: &q})
}

// addRun takes "9:05 to 10:15, 10:40 to 11:40" as one span with a break.
func (h *header) addRun(run []pair) {
	a, b := run[0], run[1]
	if n := len(h.weak); n > 0 && h.weak[n-1].from == a.from {
		h.weak[len(h.weak)-1].to, h.weak[len(h.weak)-1].last = b.to, b.last
	} else if n := len(h.ends); n > 0 {
		h.ends[n-1].st, h.ends[n-1].line = b.to, b.last
		h.ends[n-1].pair.to = b.to
	}
	h.extra = append(h.extra, Noted{Line: b.line, from: &a.to, to: &b.from})
}

// weakContext reports whether a range without a label stands by itself, or beside a title.
func weakContext(before, after string) bool {
	before = strings.Trim(before, " \t():;,、")
	after = strings.Trim(after, " \t():;,.、。")
	if sentence.MatchString(after) && (before == "" || before == "on") && len([]rune(after)) < 80 {
		return true
	}
	if len([]rune(after)) > 12 || otherWords.MatchString(after) || breakWords.MatchString(after) {
		return false
	}
	return before == "" || len([]rune(before)) < 40 && weakTitle.MatchString(before) && !otherWords.MatchString(before)
}

var sentence = regexp.MustCompile(`进行(了)?(讯问|询问)|接受(讯问|询问)|(was|were) (interrogated|questioned|interviewed)`)

var weakTitle = regexp.MustCompile(`笔录|第.{1,3}次|interview|interrogation|questioning|transcript|statement of`)

func (h *header) addDate(r *row, st stamp, cl class, line int) {
	if !st.date.whole() && st.date.rel == relNone {
		return
	}
	if cl == classNone {
		rest := strings.Trim(string(r.low[:st.from])+string(r.low[st.to:]), " \t():;,.")
		if rest != "" && !(len([]rune(rest)) < 40 && weakTitle.MatchString(rest)) || r.page || !r.header {
			return
		}
	}
	h.dates = append(h.dates, candidate{st: st, line: line})
}

var blankTime = regexp.MustCompile(`^[\s:_(]*$|^[\s:]*[x×*□/.…\s]+$`)

// emptyLabel notes a label of a time that has no time after it.
func (h *header) emptyLabel(r *row) {
	if !r.header && !standsAlone(*r) || r.page {
		return
	}
	low := string(r.low)
	for _, cell := range strings.Split(low, "\t") {
		label, value, ok := strings.Cut(cell, ":")
		if !ok {
			label, value = cell, ""
		}
		if !blankTime.MatchString(value) || !bareLabel(label) && !(ok && len([]rune(label)) <= 24) {
			continue
		}
		switch classify(lastWord(strings.TrimSpace(label))) {
		case classStart:
			h.doubt(SubjectStart, []int{r.lineAt(0)}, "the start time is left blank", "开始时间为空白")
		case classEnd:
			h.doubt(SubjectEnd, []int{r.lineAt(0)}, "the end time is left blank", "结束时间为空白")
		default: // of a span, the form may have the times elsewhere
		}
	}
}

func (h *header) doubt(s Subject, lines []int, en, zh string) {
	lines = slices.Compact(slices.Sorted(slices.Values(lines)))
	h.rd.Doubts = append(h.rd.Doubts, Doubt{Subject: s, Lines: lines, Text: Text{EN: en, ZH: zh}})
}

// settle turns the candidates into a start and an end, or into doubts.
func (h *header) settle() {
	if len(h.starts) == 0 && len(h.ends) == 0 {
		for _, p := range h.weak {
			h.addStrong(p)
		}
	}
	day := h.day()
	starts := h.resolveAll(SubjectStart, h.starts, day, nil)
	var ref *Moment
	if len(starts) > 0 {
		ref = &starts[0]
	}
	ends := h.resolveAll(SubjectEnd, h.ends, day, ref)
	h.rd.Start = h.agreed(SubjectStart, starts)
	h.rd.End = h.agreed(SubjectEnd, ends)
	for _, d := range h.rd.Doubts {
		switch d.Subject {
		case SubjectStart:
			h.rd.Start = nil
		case SubjectEnd:
			h.rd.End = nil
		case SubjectInterruption:
		}
	}
	h.rd.Interruptions = append(h.rd.Interruptions, h.extra...)
}

// day returns the date that the form gives apart from its times.
func (h *header) day() *Moment {
	var day *Moment
	for _, c := range h.dates {
		d := c.st.date
		if !d.whole() || d.doubt != "" || d.blank {
			continue
		}
		m := Moment{Year: d.year, Month: d.month, Day: d.day, Line: c.line}
		if day != nil && !m.day().Equal(day.day()) {
			return nil // two dates: neither is taken
		}
		day = &m
	}
	return day
}

func (h *header) resolveAll(s Subject, cands []candidate, day, start *Moment) []Moment {
	var out []Moment
	for _, c := range cands {
		var partner *stamp
		if c.pair != nil && s == SubjectStart && !c.pair.missing {
			partner = &c.pair.to
		}
		if c.pair == nil && s == SubjectStart && len(h.ends) == 1 && len(h.starts) == 1 {
			partner = &h.ends[0].st
		}
		ref := day
		var prior *stamp
		if s == SubjectEnd {
			if start != nil {
				ref = start
			}
			if c.pair != nil {
				prior = &c.pair.from
			} else if len(h.starts) == 1 {
				prior = &h.starts[0].st
			}
			if start == nil && prior != nil && prior.date.whole() {
				// The start cannot be read, but its day can.
				if y, mo, d, why := resolveDate(prior.date, nil); why.EN == "" && prior.date.doubt == "" && !prior.date.blank {
					ref = &Moment{Year: y, Month: mo, Day: d}
				}
			}
		}
		m, why := resolve(c.st, ref, prior, partner, c.pair != nil)
		if why.EN != "" {
			h.rd.Doubts = append(h.rd.Doubts, Doubt{Subject: s, Lines: []int{c.line}, Text: why})
			continue
		}
		m.Line = c.line
		out = append(out, m)
	}
	return out
}

// agreed returns the one time that all candidates give; a time with seconds speaks for one without.
func (h *header) agreed(s Subject, ms []Moment) *Moment {
	if len(ms) == 0 {
		for _, d := range h.rd.Doubts {
			if d.Subject == s {
				return nil
			}
		}
		if s == SubjectStart {
			h.doubt(s, nil, "no start time was found", "未找到开始时间")
		} else {
			h.doubt(s, nil, "no end time was found", "未找到结束时间")
		}
		return nil
	}
	best := ms[0]
	for _, m := range ms[1:] {
		if !best.sameTime(m) {
			lines := []int{best.Line, m.Line}
			word, zh := "start", "开始"
			if s == SubjectEnd {
				word, zh = "end", "结束"
			}
			h.doubt(s, lines,
				fmt.Sprintf("two %s times found: line %d (%s), line %d (%s)", word, best.Line, best, m.Line, m),
				fmt.Sprintf("找到两个%s时间：第%d行（%s）、第%d行（%s）", zh, best.Line, best, m.Line, m))
			return nil
		}
		if m.Precision == PrecisionSecond && best.Precision != PrecisionSecond {
			best = m
		}
	}
	return &best
}

// civilDay reports whether the parts name a day of the calendar.
func civilDay(y, m, d int) bool {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t.Year() == y && int(t.Month()) == m && t.Day() == d
}
