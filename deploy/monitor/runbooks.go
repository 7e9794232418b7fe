package monitor

import (
	"fmt"
	"strings"
)

// words are what the runbook pages say around the table's texts.
type words struct {
	back, meaning, do, rule, list, severity, clause string
	severities                                      map[string]string
}

var languages = map[string]words{
	"en": {
		back: "All alerts", meaning: "What it means", do: "What to do", rule: "When it is raised", severity: "Severity", clause: "Duty",
		severities: map[string]string{"critical": "critical: act now", "warning": "warning: act soon", "notice": "notice: know it"},
		list:       "# Runbooks\n\nGenerated from the table of alerts; a test keeps these pages true.\n\nOne page for each alert of [the rules](../../../deploy/prometheus/roomrec.rules.yml). Officers read what\nto do on the room's page; these pages are for whoever is called.\n",
	},
	"zh-CN": {
		back: "全部告警", meaning: "含义", do: "处理办法", rule: "触发条件", severity: "级别", clause: "依据",
		severities: map[string]string{"critical": "严重：立即处理", "warning": "警告：尽快处理", "notice": "提示：知悉"},
		list:       "# 告警处理手册\n\n由告警表生成，测试保证其与告警表一致。\n\n[规则](../../../deploy/prometheus/roomrec.rules.yml)中的每一项告警对应一页。办案人员按房间页面的提示操作，\n本手册供接到告警的技术人员使用。\n",
	},
}

func in(t Text, language string) string {
	if language == "zh-CN" {
		return t.Zh
	}
	return t.En
}

// plain writes what Prometheus fills in as a reader understands it without it.
func plain(title, language string) string {
	names := strings.NewReplacer("{{ $labels.room }}", "ROOM", "{{ $labels.subject }}", "CAMERA/DISK", "{{ $labels.camera }}", "ROOM/CAMERA", "{{ $labels.volume }}", "ID", "{{ $value }}", "N")
	if language == "zh-CN" {
		names = strings.NewReplacer("{{ $labels.room }}", "某房间", "{{ $labels.subject }}", "某设备", "{{ $labels.camera }}", "某摄像机", "{{ $labels.volume }}", "X", "{{ $value }}", "若干")
	}
	return names.Replace(title)
}

// Runbook returns an alert's page.
func Runbook(a Alert, language string) string {
	w := languages[language]
	index := "README.md"
	if language == "zh-CN" {
		index = "README.zh-CN.md"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n**%s**\n\n", a.Name, plain(in(a.Title, language), language))
	fmt.Fprintf(&b, "- %s: %s\n", w.severity, w.severities[string(a.Severity)])
	if a.Clause != "" {
		fmt.Fprintf(&b, "- %s: [%s](../../requirements.md)\n", w.clause, a.Clause)
	}
	fmt.Fprintf(&b, "\n## %s\n\n%s\n\n## %s\n\n", w.meaning, in(a.What, language), w.do)
	for i, d := range a.Do {
		fmt.Fprintf(&b, "%d. %s\n", i+1, in(d, language))
	}
	fmt.Fprintf(&b, "\n## %s\n\n```\n%s\nfor: %s\n```\n\n[%s](%s)\n", w.rule, a.Expr, a.For, w.back, index)
	return b.String()
}

// RunbookList returns the page that leads to all of them.
func RunbookList(language string) string {
	var b strings.Builder
	b.WriteString(languages[language].list + "\n")
	for _, a := range Alerts() {
		page := RunbookPage(a.Name, language)
		fmt.Fprintf(&b, "- [%s](%s) %s\n", a.Name, page[strings.LastIndexByte(page, '/')+1:], plain(in(a.Title, language), language))
	}
	return b.String()
}
