package transcript

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roomrec/clock"
)

// seeds adds the corpus's documents of one format.
func seeds(f *testing.F, pattern string) {
	names, err := filepath.Glob(filepath.Join(corpusDir, pattern))
	if err != nil {
		f.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(corpusDir, "printed", pattern))
	if err != nil {
		f.Fatal(err)
	}
	names = append(names, more...)
	for i, n := range names {
		if i%(len(names)/8+1) != 0 {
			continue // a few of each: mutation needs room
		}
		if data, err := os.ReadFile(n); err != nil {
			f.Fatal(err)
		} else if len(data) < 32<<10 {
			f.Add(data)
		}
	}
}

var fuzzFacts = Facts{
	Zone:          time.FixedZone("", 8*3600),
	Start:         clock.Instant{Wall: clock.WallOf(time.Date(2026, 11, 22, 1, 5, 10, 0, time.UTC))},
	End:           clock.Instant{Wall: clock.WallOf(time.Date(2026, 11, 22, 3, 40, 52, 0, time.UTC))},
	Interruptions: []Interruption{}, Recorded: []Span{}, Unrecorded: []Span{}, Kind: KindInterrogation, Ordinal: 1,
	Places: []string{"room 3"}, Roster: &Roster{Person: "李某某"}, Markers: []Marker{}, Earlier: []Earlier{},
}

// fuzzRead reads data as the format: it may be refused, but not panic, and its lines keep the limits.
func fuzzRead(t *testing.T, name string, data []byte) {
	lim := DefaultLimits
	lim.Expanded, lim.Text = 4<<20, 1<<20
	d, err := readLines(name, data, lim)
	if err != nil {
		return
	}
	size := 0
	for i, l := range d.Lines {
		if l.Number != i+1 {
			t.Fatalf("line %d is numbered %d", i+1, l.Number)
		}
		size += len(l.Text)
	}
	if size > lim.Text {
		t.Fatalf("%d bytes of text", size)
	}
}

// FuzzReading takes lines to a verdict: neither reading nor comparing may panic, the verdict must
// follow from the findings, and the lines that they name must exist.
func FuzzReading(f *testing.F) {
	for _, s := range []string{
		"讯问笔录\n时间 2026年11月22日09时05分至次日1时40分\n地点 3室\n讯问人(签名) 王强、赵敏\n问:好?\n答:好,9点半。\n(因故障,讯问于10时15分中止,于10时31分恢复。)",
		"Interview commenced at 9:05 am on Sunday 22nd November 2026\nQ: a\nA: b\n[10:15 interrupted]\n[10:31 resumed]\nInterview concluded at 11:40 am.",
		"开始时间\t结束时间\n2026-11-22T09:05:00+08:00\t2026.11.22 11:40",
		"时间:二〇二六年十一月廿二日下午两点一刻至  时  分 差五分十点 民国115年 22/11/2026 0905 hrs",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		s := &sink{lim: DefaultLimits}
		for _, line := range strings.Split(text, "\n") {
			var cells []string
			if strings.Contains(line, "\t") {
				cells = strings.Split(line, "\t")
			}
			if s.add(Line{Text: line, Cells: cells}) != nil {
				return
			}
		}
		d := &Document{Lines: s.lines, Reading: read(s.lines)}
		r := Compare(d, fuzzFacts, Options{})
		if r.Verdict == Agrees && (d.Start == nil || d.End == nil) {
			t.Fatalf("agrees without times: %+v", r)
		}
		for _, f := range r.Findings {
			if f.Line != nil && (*f.Line < 1 || *f.Line > len(d.Lines)) {
				t.Fatalf("line %d of %d", *f.Line, len(d.Lines))
			}
			if f.Severity == SeverityError && r.Verdict == Agrees {
				t.Fatalf("agrees in spite of %s", f.Code)
			}
		}
	})
}

func FuzzReadText(f *testing.F) {
	seeds(f, "*.txt")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "x.txt", data) })
}

func FuzzReadDocx(f *testing.F) {
	seeds(f, "*.docx")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "x.docx", data) })
}

// FuzzReadWordXML goes behind the compression, which mutation hardly gets through.
func FuzzReadWordXML(f *testing.F) {
	f.Add([]byte(`<w:document xmlns:w="x"><w:body><w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>时间</w:t></w:r></w:p></w:tc><w:tc><w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:rPr><w:vanish/></w:rPr><w:tab/><w:t>2026年11月22日</w:t><w:br/><w:sym w:font="Wingdings" w:char="F0FE"/></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:r><w:txbxContent><w:p><w:r><w:t>x</w:t></w:r></w:p></w:txbxContent></w:r></w:p></w:body></w:document>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := DefaultLimits
		lim.Text = 1 << 20
		w := &wordReader{sink: &sink{lim: lim}}
		if w.run(bytes.NewReader(data)) == nil {
			read(w.sink.lines)
		}
	})
}

func FuzzReadPDF(f *testing.F) {
	seeds(f, "*.pdf")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "x.pdf", data) })
}

// FuzzPDFContent goes behind the compression of a page.
func FuzzPDFContent(f *testing.F) {
	f.Add([]byte("BT /F1 12 Tf 14 TL 60 780 Td (Time: 9:05) Tj T* [(a) -300 (b)] TJ 0 Tr 1 0 0 1 3 4 Tm (x) ' ET q 1 0 0 1 0 0 cm Q BI /W 1 ID x EI Do"),
		[]byte("1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0003> <0010> <4E00> endbfrange 1 beginbfchar <0011> <65F695F4> endbfchar"))
	f.Fuzz(func(t *testing.T, content, toUnicode []byte) {
		font := &pdfFont{composite: true, width2: true, missing: 1000}
		font.readMap(toUnicode)
		p := &pdfPage{file: &pdfFile{}, fonts: map[any]*pdfFont{pdfRef(1): font}, limit: 1 << 20}
		if p.content(content, pdfDict{"Font": pdfDict{"F1": pdfRef(1)}}, pdfIdentity, 0) == nil {
			p.lines()
		}
	})
}

func FuzzReadHTML(f *testing.F) {
	seeds(f, "*.html")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "x.html", data) })
}

func FuzzReadJSON(f *testing.F) {
	seeds(f, "*.json")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "x.json", data) })
}
