package main

import "fmt"

// breaks are documents of sessions with one or two interruptions.
func (c *corpus) breaks() {
	s, e := at("2026-11-22 09:05:10"), at("2026-11-22 11:40:52")
	one := []string{rfc(at("2026-11-22 10:15:20")) + "/" + rfc(at("2026-11-22 10:31:40"))}
	two := append(one, rfc(at("2026-11-22 11:02:01"))+"/"+rfc(at("2026-11-22 11:08:59")))
	for i, d := range []struct {
		way    string
		breaks []string
		notes  []string
		codes  []string
	}{
		{"note in brackets", one, []string{"(因存储故障,讯问于10时15分中止,于10时31分恢复。)"}, nil},
		{"note with dates", one, []string{"(因存储故障,讯问于2026年11月22日10时15分中止,于2026年11月22日10时31分恢复,中止期间未对被讯问人讯问。)"}, nil},
		{"note from to", one, []string{"10时15分至10时31分因停电中止讯问。"}, nil},
		{"two lines", one, []string{"10时15分,因摄像机故障,讯问中止。", "10时31分,设备恢复正常,讯问恢复。"}, nil},
		{"said by the officer", one, []string{"问:刚才因设备故障,讯问于10时15分中断,10时31分恢复,中断期间我们有没有对你进行讯问?", "答:没有。"}, nil},
		{"colons", one, []string{"[讯问中止 10:15—10:31,原因:网络故障]"}, nil},
		{"written as a rest", one, []string{"10时15分至10时31分,休息。"}, nil},
		{"two notes", two, []string{"(因存储故障,讯问于10时15分中止,于10时31分恢复。)", "(因停电,讯问于11时02分中止,于11时08分恢复。)"}, nil},
		{"in the order of writing, not of time", two, []string{"(因停电,讯问于11时02分中止,于11时08分恢复。)", "(因存储故障,讯问于10时15分中止,于10时31分恢复。)"}, nil},
		{"an answer about another interruption", one, []string{"(因存储故障,讯问于10时15分中止,于10时31分恢复。)", "问:监控为什么在21时10分中断,21时40分恢复?", "答:我21时10分中断了电源,21时40分恢复的。"}, nil},

		{"not noted", one, nil, []string{"interruption_missing"}},
		{"second not noted", two, []string{"(因存储故障,讯问于10时15分中止,于10时31分恢复。)"}, []string{"interruption_missing"}},
		{"first not noted", two, []string{"(因停电,讯问于11时02分中止,于11时08分恢复。)"}, []string{"interruption_missing"}},
		{"stop differs", one, []string{"(因存储故障,讯问于10时18分中止,于10时31分恢复。)"}, []string{"interruption_differs"}},
		{"resume differs", one, []string{"(因存储故障,讯问于10时15分中止,于10时29分恢复。)"}, []string{"interruption_differs"}},
		{"moved", one, []string{"(因存储故障,讯问于09时15分中止,于09时31分恢复。)"}, []string{"interruption_differs"}},
		{"one of two differs", two, []string{"(因存储故障,讯问于10时15分中止,于10时31分恢复。)", "(因停电,讯问于11时03分中止,于11时08分恢复。)"}, []string{"interruption_differs"}},
		{"one too many", one, []string{"(因存储故障,讯问于10时15分中止,于10时31分恢复。)", "(因停电,讯问于11时02分中止,于11时08分恢复。)"}, []string{"interruption_differs"}},
		{"only in an answer", one, []string{"答:10时15分中断了,10时31分恢复的。"}, []string{"interruption_missing"}},
		{"minute left blank", one, []string{"(因存储故障,讯问于10时  分中止,于10时31分恢复。)"}, []string{"ambiguous_time"}},
		{"never resumed", one, []string{"(因存储故障,讯问于10时15分中止。)"}, []string{"ambiguous_time"}},
	} {
		p := form("时间 " + s.Format(full) + "至" + e.Format(full))
		n := len(p.lines) - len(closing) - 2
		p.lines = append(append(append([]string{}, p.lines[:n]...), d.notes...), p.lines[n:]...)
		fs := formats(p)
		f := fs[i%len(fs)]
		x := expect(fmt.Sprintf("break-%02d%s", i+1, f.ext), d.way, s, e, minute(s), minute(e), d.codes...)
		x.Breaks = d.breaks
		c.add(x, f.write(p))
	}
	// English.
	for i, d := range []struct {
		way   string
		notes []string
		codes []string
	}{
		{"English note", []string{"Interview suspended at 10:15 am (camera failure), resumed at 10:31 am."}, nil},
		{"English, two lines", []string{"[10:15 Recording interrupted: power failure]", "[10:31 Recording resumed]"}, nil},
		{"English, differs", []string{"Interview suspended at 10:15 am (camera failure), resumed at 10:41 am."}, []string{"interruption_differs"}},
		{"English, not noted", nil, []string{"interruption_missing"}},
	} {
		p := english([]string{"Interview commenced at 9:05 am on 22 November 2026"}, append(d.notes, "Interview concluded at 11:40 am."))
		fs := formats(p)
		f := fs[(i*2)%len(fs)]
		x := expect(fmt.Sprintf("break-en-%d%s", i+1, f.ext), d.way, s, e, minute(s), minute(e), d.codes...)
		x.Breaks = one
		c.add(x, f.write(p))
	}
}
