package transcript

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"roomrec/clock"
)

// Form is a transcript in the standard form. Its times are the session's: what is written from it
// agrees with the recording by construction.
type Form struct {
	Kind        Kind
	Authority   string // the heading above the title, may be empty
	Session     string
	Ordinal     int
	Zone        *time.Location
	Start, End  clock.Instant // one that has not come yet is zero, and left to be written
	Place       string
	Questioners []string
	Clerks      []string
	Unit        string // of the officers
	Person      string
	// Details are further lines about the person, as "性别": "男", in order.
	Details       [][2]string
	Interpreters  []string
	Guardians     []string
	Entries       []FormEntry
	Interruptions []Interruption
	Unrecorded    []Span
	// Closing is the person's own statement at the end; empty means the usual words.
	Closing string
}

// FormEntry is a question or an answer, and the instant that it was typed at.
type FormEntry struct {
	Role Role
	Text string
	At   clock.Wall // zero: not known
}

// written returns the minute that is written for an instant, "2026年11月22日09时05分".
func written(i clock.Instant, loc *time.Location) string {
	return i.Wall.In(loc).Format("2006年01月02日15时04分")
}

// toBeWritten stands where a time has not come yet, to be written by hand.
const toBeWritten = "____年__月__日__时__分"

// Lines returns the text of the form, one line for each paragraph. Interruptions stand among the
// entries where they happened, or after them where the entries have no times.
func (f *Form) Lines() []string {
	loc := f.Zone
	if loc == nil {
		loc = time.UTC
	}
	ask, title := "询问", "询问笔录"
	if f.Kind == KindInterrogation {
		ask, title = "讯问", "讯问笔录"
	}
	out := []string{}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if f.Authority != "" {
		add("%s", f.Authority)
	}
	add("%s", title)
	if f.Ordinal > 0 {
		add("（第%d次）", f.Ordinal)
	}
	end := toBeWritten
	if f.End.Wall != 0 {
		end = written(f.End, loc)
	}
	start := toBeWritten
	if f.Start.Wall != 0 {
		start = written(f.Start, loc)
	}
	add("时间 %s至%s", start, end)
	add("地点 %s", f.Place)
	add("%s人 %s", ask, strings.Join(f.Questioners, "、"))
	add("记录人 %s", strings.Join(f.Clerks, "、"))
	if f.Unit != "" {
		add("工作单位 %s", f.Unit)
	}
	add("被%s人 %s", ask, f.Person)
	for _, d := range f.Details {
		add("%s %s", d[0], d[1])
	}
	if len(f.Interpreters) > 0 {
		add("翻译人员 %s", strings.Join(f.Interpreters, "、"))
	}
	if len(f.Guardians) > 0 {
		add("法定代理人 %s", strings.Join(f.Guardians, "、"))
	}
	if f.Session != "" {
		add("同录编号 %s", f.Session)
	}
	notes := f.notes(loc, ask)
	for _, e := range f.Entries {
		for len(notes) > 0 && e.At != 0 && notes[0].at <= e.At {
			out = append(out, notes[0].text)
			notes = notes[1:]
		}
		mark := "问"
		if e.Role == RoleAnswer {
			mark = "答"
		}
		add("%s:%s", mark, strings.Join(strings.Fields(e.Text), " "))
	}
	for _, n := range notes {
		out = append(out, n.text)
	}
	closing := f.Closing
	if closing == "" {
		closing = "以上笔录我看过，和我说的相符。"
	}
	return append(out, closing, "被"+ask+"人签名（捺指印）：", ask+"人签名：", "记录人签名：")
}

type formNote struct {
	at   clock.Wall
	text string
}

// notes returns the lines that the session demands, in order of time.
func (f *Form) notes(loc *time.Location, ask string) []formNote {
	var out []formNote
	for _, i := range f.Interruptions {
		cause := i.Cause
		if cause == "" {
			cause = "录音录像设备故障"
		}
		resumed := "于" + written(i.To, loc) + "恢复"
		switch {
		case i.Unresumed && f.End.Wall != 0:
			resumed = "至结束未恢复"
		case i.Unresumed:
			resumed = "尚未恢复"
		}
		out = append(out, formNote{i.To.Wall, fmt.Sprintf("（因%s，%s于%s中止，%s。%s）",
			strings.NewReplacer(",", "、", "。", "", "(", "", ")", "").Replace(cause), ask, written(i.From, loc), resumed, i.Answer)})
	}
	for _, u := range f.Unrecorded {
		out = append(out, formNote{u.To.Wall, fmt.Sprintf("（%s至%s未录音录像，%s照常进行。）", written(u.From, loc), written(u.To, loc), ask)})
	}
	for i := 1; i < len(out); i++ {
		for k := i; k > 0 && out[k].at < out[k-1].at; k-- {
			out[k], out[k-1] = out[k-1], out[k]
		}
	}
	return out
}

// WriteDocx writes the form as a Word document. The same form gives the same bytes.
func WriteDocx(w io.Writer, f *Form) error {
	var body bytes.Buffer
	for i, line := range f.Lines() {
		style := ""
		if strings.HasSuffix(line, "笔录") && i < 2 {
			style = `<w:pPr><w:jc w:val="center"/></w:pPr>`
		}
		body.WriteString("<w:p>" + style + `<w:r><w:rPr><w:rFonts w:ascii="Times New Roman" w:eastAsia="SimSun"/><w:sz w:val="28"/></w:rPr><w:t xml:space="preserve">`)
		if err := xml.EscapeText(&body, []byte(line)); err != nil {
			return err
		}
		body.WriteString("</w:t></w:r></w:p>\n")
	}
	z := zip.NewWriter(w)
	for _, p := range []struct{ name, text string }{
		{"[Content_Types].xml", xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
		{"_rels/.rels", xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", xml.Header + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + "\n" + body.String() +
			`<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>`},
	} {
		part, err := z.Create(p.name) // without a time: the same bytes every time
		if err != nil {
			return fmt.Errorf("transcript: write %s: %w", p.name, err)
		}
		if _, err := io.WriteString(part, p.text); err != nil {
			return fmt.Errorf("transcript: write %s: %w", p.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("transcript: write document: %w", err)
	}
	return nil
}
