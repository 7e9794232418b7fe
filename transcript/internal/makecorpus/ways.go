package main

import (
	"fmt"
	"strings"
	"time"
)

// way writes the times of a questioning in one way.
type way struct {
	name  string
	write func(s, e time.Time) page
	// night is true for ways that are shown with a questioning that goes past midnight, noon for
	// ones in the afternoon.
	night, noon bool
	seconds     bool
}

const full = "2006年01月02日15时04分"

func han(n int) string {
	d := []rune("〇一二三四五六七八九")
	switch {
	case n < 10:
		return string(d[n])
	case n < 20:
		return strings.TrimSuffix("十"+string(d[n%10]), "〇")
	}
	return strings.TrimSuffix(string(d[n/10])+"十"+string(d[n%10]), "〇")
}

func hanYear(n int) string {
	out := ""
	for _, r := range fmt.Sprint(n) {
		out += string([]rune("〇一二三四五六七八九")[r-'0'])
	}
	return out
}

func hanTime(t time.Time) string { return han(t.Hour()) + "时" + han(t.Minute()) + "分" }

func hanDate(t time.Time) string {
	return hanYear(t.Year()) + "年" + han(int(t.Month())) + "月" + han(t.Day()) + "日"
}

func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xfee0
		}
		return r
	}, s)
}

// part names the part of the day and the hour of twelve.
func part(t time.Time) string {
	h := t.Hour()
	switch {
	case h < 6:
		return fmt.Sprintf("凌晨%d", h)
	case h < 12:
		return fmt.Sprintf("上午%d", h)
	case h == 12:
		return "中午12"
	case h < 18:
		return fmt.Sprintf("下午%d", h-12)
	}
	return fmt.Sprintf("晚上%d", h-12)
}

func clock12(t time.Time) string { return t.Format("3:04 pm") }

// dotted writes 9:05 a.m.
func dotted(t time.Time) string {
	return strings.NewReplacer("am", "a.m.", "pm", "p.m.").Replace(clock12(t))
}

func blanks(t time.Time) string { return t.Format("2006 年 01 月 02 日 15 时 04 分") }

func table(rows ...[]string) page {
	p := form()
	rows = append(rows, []string{"地点", "枣庄市公安局市中分局办案区第3讯问室"}, []string{"讯问人", "王强、赵敏", "记录人", "赵敏"}, []string{"被讯问人", "李某某", "出生日期", "1990年03月05日"})
	return page{lines: append([]string{"讯问笔录"}, append(talk, closing...)...), table: rows, header: p.header}
}

func chinese(f func(s, e time.Time) string) func(s, e time.Time) page {
	return func(s, e time.Time) page { return form(strings.Split(f(s, e), "\n")...) }
}

var allWays = []way{
	{name: "standard", write: chinese(func(s, e time.Time) string { return "时间 " + s.Format(full) + "至" + e.Format(full) })},
	{name: "blanks of the form", write: chinese(func(s, e time.Time) string { return "时间 " + blanks(s) + " 至 " + blanks(e) })},
	{name: "underscores", write: chinese(func(s, e time.Time) string {
		return "时间:" + strings.ReplaceAll(blanks(s), " ", "__") + "至" + strings.ReplaceAll(blanks(e), " ", "__")
	})},
	{name: "date left out in the second", write: chinese(func(s, e time.Time) string { return "讯问时间:" + s.Format(full) + "至" + e.Format("15时04分") })},
	{name: "year left out in the second", write: chinese(func(s, e time.Time) string {
		return "讯问时间:" + s.Format(full) + "至" + e.Format("01月02日15时04分")
	})},
	{name: "year and month left out", write: chinese(func(s, e time.Time) string {
		return "讯问时间:" + s.Format(full) + "至" + e.Format("02日15时04分")
	})},
	{name: "the same day, in words", write: chinese(func(s, e time.Time) string {
		return "讯问时间:" + s.Format(full) + "至同日" + e.Format("15时04分")
	})},
	{name: "Han numerals", write: chinese(func(s, e time.Time) string {
		return "时间:" + hanDate(s) + hanTime(s) + "至" + hanDate(e) + hanTime(e)
	})},
	{name: "Han numerals with a circle for zero", write: chinese(func(s, e time.Time) string {
		return "时间:" + strings.ReplaceAll(hanDate(s), "〇", "○") + hanTime(s) + "至" + hanTime(e)
	})},
	{name: "full-width digits", write: chinese(func(s, e time.Time) string { return "时间:" + wide(s.Format(full)+"至"+e.Format(full)) })},
	{name: "traditional characters", write: chinese(func(s, e time.Time) string {
		return "訊問時間:" + s.Format("2006年01月02日15時04分") + "至" + e.Format("15時04分")
	})},
	{name: "点 for 时", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日15点04分") + "到" + e.Format("15点04分")
	})},
	{name: "点 without 分", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日15点04") + "到" + e.Format("15点04")
	})},
	{name: "點 traditional", write: chinese(func(s, e time.Time) string {
		return "時間:" + s.Format("2006年1月2日15點04分") + "至" + e.Format("15點04分")
	})},
	{name: "part of the day", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日") + part(s) + s.Format("时04分") + "至" + part(e) + e.Format("时04分")
	})},
	{name: "part of the day, afternoon", noon: true, write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日") + part(s) + s.Format("时04分") + "至" + part(e) + e.Format("时04分")
	})},
	{name: "part of the day named once", noon: true, write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日") + part(s) + s.Format("时04分") + "至" + fmt.Sprint(e.Hour()-12) + e.Format("时04分")
	})},
	{name: "colons", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日 15:04") + "—" + e.Format("15:04")
	})},
	{name: "full-width colons", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日15") + "：" + s.Format("04") + "～" + e.Format("15") + "：" + e.Format("04")
	})},
	{name: "hyphens", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006-01-02 15:04") + " 至 " + e.Format("2006-01-02 15:04")
	})},
	{name: "slashes", write: chinese(func(s, e time.Time) string { return "时间:" + s.Format("2006/1/2 15:04") + "-" + e.Format("15:04") })},
	{name: "dots", write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006.01.02 15:04") + "~" + e.Format("2006.01.02 15:04")
	})},
	{name: "seconds", seconds: true, write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年01月02日15时04分05秒") + "至" + e.Format("2006年01月02日15时04分05秒")
	})},
	{name: "two labels, one line", write: chinese(func(s, e time.Time) string {
		return "开始时间:" + s.Format(full) + " 结束时间:" + e.Format(full)
	})},
	{name: "two labels, two lines", write: chinese(func(s, e time.Time) string {
		return "讯问开始时间:" + s.Format(full) + "\n讯问结束时间:" + e.Format("15时04分")
	})},
	{name: "label above its value", write: chinese(func(s, e time.Time) string { return "讯问时间:\n" + s.Format(full) + "至" + e.Format(full) })},
	{name: "broken after 至", write: chinese(func(s, e time.Time) string { return "讯问时间:" + s.Format(full) + "至\n" + e.Format(full) })},
	{name: "broken inside the date", write: chinese(func(s, e time.Time) string {
		return "讯问时间:" + s.Format(full) + "至" + e.Format("2006年01月") + "\n" + e.Format("02日15时04分")
	})},
	{name: "date on its own line", write: chinese(func(s, e time.Time) string {
		return "日期:" + s.Format("2006年01月02日") + "\n时间:" + s.Format("15时04分") + "至" + e.Format("15时04分")
	})},
	{name: "sentence", write: chinese(func(s, e time.Time) string {
		return "讯问于" + s.Format(full) + "开始,于" + e.Format("15时04分") + "结束。"
	})},
	{name: "自 起 至 止", write: chinese(func(s, e time.Time) string { return "自" + s.Format(full) + "起至" + e.Format(full) + "止" })},
	{name: "weekday", write: chinese(func(s, e time.Time) string {
		day := string([]rune("日一二三四五六")[s.Weekday()])
		return "时间:" + s.Format("2006年01月02日") + "(星期" + day + ")" + s.Format("15时04分") + "至" + e.Format("15时04分")
	})},
	{name: "end after the last answer", write: func(s, e time.Time) page {
		p := form("讯问开始时间:" + s.Format(full))
		n := len(p.lines) - len(closing)
		lines := append([]string{}, p.lines[:n]...)
		p.lines = append(append(lines, "讯问结束时间:"+e.Format(full)), p.lines[n:]...)
		return p
	}},
	{name: "closing sentence", write: func(s, e time.Time) page {
		p := form("开始时间:" + s.Format(full))
		n := len(p.lines) - len(closing)
		lines := append([]string{}, p.lines[:n]...)
		p.lines = append(append(lines, "讯问于"+e.Format("15时04分")+"结束。"), p.lines[n:]...)
		return p
	}},
	{name: "table, label and value", write: func(s, e time.Time) page {
		return table([]string{"讯问时间", s.Format(full) + "至" + e.Format(full)})
	}},
	{name: "table, four cells", write: func(s, e time.Time) page {
		return table([]string{"开始时间", s.Format(full), "结束时间", e.Format(full)})
	}},
	{name: "table, a cell for each part", write: func(s, e time.Time) page {
		return table([]string{"时间", s.Format("2006"), "年", s.Format("01"), "月", s.Format("02"), "日", s.Format("15"), "时", s.Format("04"), "分", "至", e.Format("15"), "时", e.Format("04"), "分"})
	}},
	{name: "table, labels above values", write: func(s, e time.Time) page {
		return table([]string{"序号", "开始时间", "结束时间"}, []string{"1", s.Format(full), e.Format(full)})
	}},
	{name: "table, letters spaced", write: func(s, e time.Time) page {
		return table([]string{"时 间", s.Format("2006-01-02 15:04"), "至", e.Format("2006-01-02 15:04")})
	}},
	{name: "next day 次日", night: true, write: chinese(func(s, e time.Time) string { return "时间:" + s.Format(full) + "至次日" + e.Format("15时04分") })},
	{name: "next day 翌日凌晨", night: true, write: chinese(func(s, e time.Time) string {
		return "时间:" + s.Format("2006年1月2日") + part(s) + s.Format("时04分") + "至翌日" + part(e) + e.Format("时04分")
	})},
	{name: "next day by its number", night: true, write: chinese(func(s, e time.Time) string { return "时间:" + s.Format(full) + "至" + e.Format("2日15时04分") })},
	{name: "next day, in full", night: true, write: chinese(func(s, e time.Time) string {
		return "时间:" + hanDate(s) + hanTime(s) + "至" + hanDate(e) + hanTime(e)
	})},
	{name: "English long", write: func(s, e time.Time) page {
		return english([]string{"Interview commenced at " + clock12(s) + " on " + s.Format("2 January 2006")}, []string{"Interview concluded at " + clock12(e) + "."})
	}},
	{name: "English, one sentence", write: func(s, e time.Time) page {
		return english([]string{"The interrogation began on " + s.Format("Monday, 2 January 2006") + " at " + s.Format("15:04") + " and ended at " + e.Format("15:04") + " the same day."}, nil)
	}},
	{name: "English, American date", write: func(s, e time.Time) page {
		return english([]string{"Date: " + s.Format("January 2, 2006"), "Time: from " + dotted(s) + " to " + dotted(e)}, nil)
	}},
	{name: "English short, 24 hours", write: func(s, e time.Time) page {
		return english([]string{"Start time: " + s.Format("02/01/2006 15:04"), "End time: " + e.Format("02/01/2006 15:04")}, nil)
	}},
	{name: "English, hours", write: func(s, e time.Time) page {
		return english([]string{"Date: " + s.Format("2 Jan 2006"), "Commenced: " + s.Format("1504") + " hrs", "Concluded: " + e.Format("1504") + " hrs"}, nil)
	}},
	{name: "English, between", write: func(s, e time.Time) page {
		return english([]string{"Interview held on " + s.Format("2 January 2006") + " between " + s.Format("3.04pm") + " and " + e.Format("3.04pm")}, nil)
	}},
	{name: "English, following day", night: true, write: func(s, e time.Time) page {
		return english([]string{"Interrogation started: " + s.Format("2 January 2006, 15:04"), "Interrogation ended: " + e.Format("15:04") + " the following day"}, nil)
	}},
	{name: "ISO", write: func(s, e time.Time) page {
		return english([]string{"Start: " + s.Format("2006-01-02T15:04"), "End: " + e.Format("2006-01-02T15:04")}, nil)
	}},
	{name: "ISO with offset", seconds: true, write: func(s, e time.Time) page {
		return english([]string{"Start: " + s.Format(time.RFC3339), "End: " + e.UTC().Format(time.RFC3339)}, nil)
	}},
	{name: "ISO interval", write: func(s, e time.Time) page {
		return english([]string{"Time: " + s.Format("2006-01-02T15:04") + "/" + e.Format("2006-01-02T15:04")}, nil)
	}},
}

// ways writes each way once right and once wrong, in a format that goes round.
func (c *corpus) ways() {
	day := [2]time.Time{at("2026-11-22 09:05:10"), at("2026-11-22 11:40:52")}
	night := [2]time.Time{at("2026-11-22 22:31:10"), at("2026-11-23 01:12:52")}
	noon := [2]time.Time{at("2026-11-22 14:05:10"), at("2026-11-22 16:32:52")}
	for i, w := range allWays {
		d := day
		if w.night {
			d = night
		}
		if w.noon {
			d = noon
		}
		shown := func(t time.Time) *string {
			if w.seconds {
				s := rfc(t)
				return &s
			}
			return minute(t)
		}
		fs := formats(w.write(d[0], d[1]))
		f := fs[i%len(fs)]
		name := fmt.Sprintf("way-%02d", i+1)
		c.add(expect(name+"-right"+f.ext, w.name, d[0], d[1], shown(d[0]), shown(d[1])), f.write(w.write(d[0], d[1])))

		s, e, code := d[0], d[1], "start_differs"
		switch i % 4 {
		case 0:
			s = s.Add(time.Minute)
		case 1:
			e, code = e.Add(-time.Minute), "end_differs"
		case 2:
			s = s.Add(-25 * time.Minute)
		case 3:
			e, code = e.Add(12*time.Minute), "end_differs"
		}
		f = fs[(i+2)%len(fs)]
		c.add(expect(name+"-wrong"+f.ext, w.name, d[0], d[1], shown(s), shown(e), code), f.write(w.write(s, e)))
	}
}
