package transcript

import (
	"fmt"
	"slices"
	"strings"
)

func sortCodes(codes []FindingCode) { slices.Sort(codes) }

var verdictWords = map[Verdict]Text{
	Agrees:     {EN: "agrees", ZH: "一致"},
	Differs:    {EN: "differs", ZH: "不一致"},
	Unreadable: {EN: "unreadable", ZH: "无法读取"},
}

var severityWords = map[Severity]Text{
	SeverityError:       {EN: "error", ZH: "错误"},
	SeverityWarning:     {EN: "warning", ZH: "提醒"},
	SeverityInformation: {EN: "information", ZH: "说明"},
}

// Plain returns the result as text for a terminal.
func (r Result) Plain(language string) string {
	r = r.In(language)
	var b strings.Builder
	show := func(s Stamp) string {
		if t, ok := s.Time(); ok {
			return t.Format("2006-01-02 15:04:05")
		}
		return "?"
	}
	fmt.Fprintf(&b, "%s: %s\n", r.Document.Name, verdictWords[r.Verdict].In(language))
	fmt.Fprintf(&b, "  %s  %s – %s\n", Text{EN: "transcript", ZH: "笔录    "}.In(language), show(r.Document.Start), show(r.Document.End))
	fmt.Fprintf(&b, "  %s   %s – %s\n", Text{EN: "recording", ZH: "录音录像"}.In(language), show(r.Recording.Start), show(r.Recording.End))
	for _, f := range r.Findings {
		where := ""
		if f.Line != nil {
			where = fmt.Sprintf(Text{EN: " (line %d)", ZH: "（第%d行）"}.In(language), *f.Line)
		}
		fmt.Fprintf(&b, "  %s %s%s: %s\n      %s\n", severityWords[f.Severity].In(language), f.Code, where, f.Message, f.Do)
	}
	if len(r.NotChecked) > 0 {
		codes := make([]string, len(r.NotChecked))
		for i, c := range r.NotChecked {
			codes[i] = string(c)
		}
		fmt.Fprintf(&b, "  %s: %s\n", Text{EN: "not checked", ZH: "未检查"}.In(language), strings.Join(codes, ", "))
	}
	return b.String()
}
