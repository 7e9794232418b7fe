// Command makecorpus writes testdata/transcripts: documents in every format and way of writing that
// the package transcript reads, about half of them wrong in a known way, and expected.json, which
// says what has to come out. It shares no code with the readers. Run it from the repository's root:
//
//	go run ./transcript/internal/makecorpus
//
// The same program writes the same bytes. The documents in testdata/transcripts/printed come from
// other programs and are not made here; see the README there.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Expectation is one row of expected.json.
type Expectation struct {
	File    string   `json:"file"`
	Way     string   `json:"way"` // how it is written, or what is wrong with it
	Start   string   `json:"start"`
	End     string   `json:"end"`
	Breaks  []string `json:"breaks,omitempty"`
	Verdict string   `json:"verdict"`
	// DocStart and DocEnd are the times in the document, null where they cannot be read.
	DocStart *string `json:"document_start"`
	DocEnd   *string `json:"document_end"`
	// Codes are the findings but for warnings, in order.
	Codes []string `json:"codes"`
}

var zone = time.FixedZone("", 8*3600)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, zone)
	if err != nil {
		panic(err)
	}
	return t
}

// corpus collects documents.
type corpus struct {
	dir  string
	rows []Expectation
	seen map[string]bool
}

func (c *corpus) add(e Expectation, data []byte) {
	if c.seen[e.File] {
		panic("twice: " + e.File)
	}
	c.seen[e.File] = true
	if err := os.WriteFile(filepath.Join(c.dir, e.File), data, 0o644); err != nil {
		panic(err)
	}
	if e.Codes == nil {
		e.Codes = []string{}
	}
	c.rows = append(c.rows, e)
}

func rfc(t time.Time) string { return t.Format(time.RFC3339) }

func minute(t time.Time) *string {
	s := rfc(t.Truncate(time.Minute))
	return &s
}

func main() {
	c := &corpus{dir: filepath.Join("testdata", "transcripts"), seen: map[string]bool{}}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		panic(err)
	}
	c.ways()
	c.doubts()
	c.breaks()
	c.traps()
	c.unreadable()
	out, err := json.MarshalIndent(c.rows, "", " ")
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "expected.json"), append(out, '\n'), 0o644); err != nil {
		panic(err)
	}
	fmt.Println(len(c.rows), "documents")
}

// page is a document before it has a format.
type page struct {
	header, footer string
	lines          []string   // paragraphs
	table          [][]string // after the title, where there is one
}

// person are the fields that every form has and that hold times which are not the questioning's.
var person = []string{
	"被讯问人 李某某 性别 男 年龄 36 出生日期 1990年03月05日",
	"身份证件种类及号码 居民身份证 370402199003051234",
	"现住址 枣庄市市中区光明路12号 联系方式 13800001122",
	"(口头传唤/被扭送/自动投案的被讯问人11月22日08时20分到达,11月22日12时30分离开,本人签名:李某某)",
}

var talk = []string{
	"问:我们是枣庄市公安局市中分局的民警,现依法对你进行讯问。你有权申请回避,有权委托辩护人。如实供述自己的罪行可以从宽处理。你是否清楚?",
	"答:清楚。",
	"问:2026年11月20日晚上你在哪里?",
	"答:当天21时30分我从家里出门,22时05分到的网吧,11月21日01时40分才离开。",
	"问:你以上讲的是否属实?",
	"答:属实。",
}

var closing = []string{"以上笔录我看过,和我说的相符。", "李某某 2026年11月22日11时48分", "打印时间:2026年11月23日08时15分 第1页 共1页"}

// form is a Chinese transcript with the given lines as its time.
func form(times ...string) page {
	lines := []string{"讯 问 笔 录", "(第1次)"}
	lines = append(lines, times...)
	lines = append(lines, "地点 枣庄市公安局市中分局办案区第3讯问室", "讯问人(签名) 王强、赵敏 工作单位 枣庄市公安局市中分局", "记录人(签名) 赵敏 工作单位 枣庄市公安局市中分局")
	return page{lines: append(append(append(lines, person...), talk...), closing...)}
}

// english is an English transcript with head before the questions and tail after them.
func english(head, tail []string) page {
	lines := append([]string{"RECORD OF INTERROGATION", "Interrogation No. 1"}, head...)
	lines = append(lines,
		"Place: case-handling area, room 3", "Questioner: Wang Qiang", "Clerk: Zhao Min", "Person questioned: Li Moumou", "Date of birth: 5 March 1990",
		"Q: You have the right to apply for withdrawal and the right to counsel. Truthful confession may lead to leniency. Do you understand?",
		"A: Yes.",
		"Q: Where were you on the evening of 20 November 2026?",
		"A: I left home at 9:30 pm and came back at 1:40 am.",
	)
	return page{lines: append(append(lines, tail...), "I have read the above and it is correct.", "Printed: 23 November 2026 08:15")}
}

// expect fills in the session's times; the codes say what the document's times contradict.
func expect(file, way string, s, e time.Time, docS, docE *string, codes ...string) Expectation {
	verdict := "agrees"
	for _, c := range codes {
		switch c {
		case "ambiguous_time", "document_unreadable":
			verdict = "unreadable"
		case "minute_edge":
		default:
			if verdict == "agrees" {
				verdict = "differs"
			}
		}
	}
	return Expectation{File: file, Way: way, Start: rfc(s), End: rfc(e), Verdict: verdict, DocStart: docS, DocEnd: docE, Codes: codes}
}

func join(lines []string) string { return strings.Join(lines, "\n") + "\n" }
