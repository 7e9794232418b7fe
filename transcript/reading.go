package transcript

import (
	"regexp"
	"strings"
)

// Kind says what the transcript records: the interrogation of a criminal suspect, or the questioning
// of anyone else.
type Kind string

// The kinds; the empty kind is not known.
const (
	KindInterrogation Kind = "interrogation" // 讯问
	KindQuestioning   Kind = "questioning"   // 询问
)

// Reading is what a document says of the session. What is not found is empty; what is found but
// cannot be read without guessing is in Doubts.
type Reading struct {
	Start, End *Moment
	Doubts     []Doubt

	Kind          Field
	Ordinal       Field // Number holds it
	Session       Field // the session's number, where the form has one
	Place         Field
	Questioners   []Field
	Clerks        []Field
	Person        Field
	Interpreters  []Field
	Guardians     []Field
	Interruptions []Noted
	Statements    Statements
	Entries       []Entry
}

// Field is a value and the line that it stands in; line 0 means that it was not found.
type Field struct {
	Value  string
	Number int
	Line   int
}

// Found reports whether the document has the field.
func (f Field) Found() bool { return f.Line > 0 }

// Subject is what a doubt is about.
type Subject string

// The subjects of doubts.
const (
	SubjectStart        Subject = "start"
	SubjectEnd          Subject = "end"
	SubjectInterruption Subject = "interruption"
)

// Doubt is something that the document says without saying it clearly.
type Doubt struct {
	Subject Subject
	Lines   []int
	Text    Text
}

// Statements are the lines that the law asks for; the number is the line, 0 where there is none.
type Statements struct {
	Rights, Leniency, Counsel int
	Closing                   int // "read and correct"
	ReadAloud                 int // the transcript was read to the person
	Signature                 int // as far as text shows it
	Refusal                   int // refused to sign
	Evidence                  int // evidence was shown
	Unrecorded                []int
}

// row is one or more lines that are read together.
type row struct {
	text []rune      // normalised; nil after the first question, where no field is looked for
	low  []rune      // in lower case
	line []lineStart // which line each part of the text comes from
	// header is true before the first question, entry for questions and answers and what follows
	// them.
	header bool
	role   Role
	page   bool // stands in a page header or footer
}

type lineStart struct{ rune, line int }

// lineAt returns the number of the line that holds the rune at i.
func (r *row) lineAt(i int) int {
	n := r.line[0].line
	for _, s := range r.line {
		if s.rune <= i {
			n = s.line
		}
	}
	return n
}

// read takes from the lines what they say.
func read(lines []Line) Reading {
	var rd Reading
	rows := makeRows(lines, &rd)
	h := &header{rd: &rd}
	for i := range rows {
		h.row(&rows[i])
	}
	h.settle()
	rd.readFields(rows)
	rd.readStatements(rows)
	rd.readInterruptions(rows)
	return rd
}

// makeRows normalises the lines, splits off entries, and joins lines that only together say a time.
func makeRows(lines []Line, rd *Reading) []row {
	rows := make([]row, 0, len(lines))
	header := true
	var labels []string // the cells of a row that held only labels
	labelLine := 0
	for _, l := range lines {
		normal := normalise(l.Text)
		role, text, code := roleOfLine(normal, l)
		if role != RoleNone {
			header = false
			rd.Entries = append(rd.Entries, Entry{Line: l.Number, Role: role, Text: strings.TrimSpace(text), Code: code})
		}
		r := newRow(normal, l.Number)
		if !header {
			r.text = nil
		}
		r.header, r.role, r.page = header, role, l.Place == PlaceHeader || l.Place == PlaceFooter
		if !header && role == RoleNone && !r.page && strings.TrimSpace(text) != "" && len(rd.Entries) > 0 && !standsAlone(r) {
			e := &rd.Entries[len(rd.Entries)-1]
			if len(e.Text) < maxToken {
				e.Text += "\n" + strings.TrimSpace(text)
			}
		}
		if cells := normalCells(l.Cells); header && len(cells) > 1 {
			if len(labels) == len(cells) && anyStamp(cells) {
				rows = append(rows[:len(rows)-1], columns(labels, cells, labelLine, l.Number)...)
				labels = nil
				continue
			}
			labels = nil
			if allLabels(cells) {
				labels, labelLine = cells, l.Number
				rows = append(rows, r)
				continue
			}
		} else {
			labels = nil
		}
		if n := len(rows); n > 0 && header && role == RoleNone && rows[n-1].header && goesOn(&rows[n-1], &r) {
			join(&rows[n-1], &r)
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

// Four figures beside the label of a time are hours and minutes: "Time commenced: 0905".
var (
	bareTime  = regexp.MustCompile(`(?i)\b(time|commenced|concluded|started|ended|began|finished|start|end|finish|terminated|completed)(\s*(?:at|:|=)\s*)([01]\d|2[0-3])([0-5]\d)(\s*)($|[,;\t]|[-~]\s*[012]\d[0-5]\d\b|to\b|until\b)`)
	bareRange = regexp.MustCompile(`(\d:\d\d\s*(?:-|~|to|until)\s*)([01]\d|2[0-3])([0-5]\d)(\s*(?:$|[,;.\t]))`)
)

func newRow(normal string, line int) row {
	if bareTime.MatchString(normal) {
		normal = bareTime.ReplaceAllString(normal, "$1$2$3:$4$5$6")
		normal = bareRange.ReplaceAllString(normal, "$1$2:$3$4")
	}
	return row{text: []rune(normal), low: lower(normal), line: []lineStart{{0, line}}}
}

func join(a, b *row) {
	a.line = append(a.line, lineStart{len(a.text) + 1, b.line[0].line})
	a.text = append(append(a.text, ' '), b.text...)
	a.low = append(append(a.low, ' '), b.low...)
}

func normalCells(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = strings.TrimSpace(normalise(c))
	}
	return out
}

// allLabels reports whether the row is the head of columns, one of which is a time.
func allLabels(cells []string) bool {
	times := false
	for _, c := range cells {
		if c == "" || len([]rune(c)) > 24 || anyStamp([]string{c}) {
			return false
		}
		cl := classify(string(lower(c)))
		times = times || cl == classStart || cl == classEnd || cl == classSpan
	}
	return times
}

func anyStamp(cells []string) bool {
	for _, c := range cells {
		for _, s := range (scan{lower(c)}).stamps() {
			if s.tod != nil {
				return true
			}
		}
	}
	return false
}

// columns pairs each label with the cell under it.
func columns(labels, cells []string, labelLine, line int) []row {
	var out []row
	for i := range cells {
		r := newRow(labels[i]+": "+cells[i], line)
		r.line = []lineStart{{0, labelLine}, {len([]rune(labels[i])), line}}
		r.header = true
		out = append(out, r)
	}
	return out
}

// goesOn reports whether the row b goes on with the time that a begins: a label alone, "to" at the
// end of the line, or a line broken inside a time.
func goesOn(a, b *row) bool {
	at, bt := strings.TrimSpace(string(a.low)), strings.TrimSpace(string(b.low))
	if at == "" || bt == "" || len(at) > 400 || len(bt) > 400 {
		return false
	}
	first := []rune(bt)[0]
	begins := isDigit(first) || strings.ContainsRune("年月日时点分至到自从-~〇零一二三四五六七八九十廿上下凌中晚次当同", first) ||
		strings.HasPrefix(bt, "to ") || strings.HasPrefix(bt, "until ")
	if !begins {
		if _, _, ok := (scan{[]rune(bt)}).date(0); !ok {
			return false
		}
	}
	if bareLabel(at) {
		return true
	}
	stamps := (scan{a.low}).stamps()
	labelled := len(stamps) > 0 || timeLabel.MatchString(at)
	if !labelled {
		return false
	}
	for _, w := range []string{"至", "到", "-", "~", " to", " until", "自", "从", "from"} {
		if strings.HasSuffix(at, w) {
			return true
		}
	}
	for _, w := range []string{"至", "到", "to ", "until ", "-", "~"} {
		if strings.HasPrefix(bt, w) && len(stamps) > 0 {
			return true
		}
	}
	// Broken inside a time: the two parts read together give one time fewer than read apart, or a
	// better one.
	last := []rune(at)[len([]rune(at))-1]
	if !isDigit(last) && !strings.ContainsRune("年月日时点上下午凌晨晚", last) {
		return false
	}
	second := strings.IndexAny(bt, "年月日时点分:午晨上") // a unit must follow soon
	return second >= 0 && second <= 12
}
