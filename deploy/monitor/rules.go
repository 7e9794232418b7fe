package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const generated = "# Generated from deploy/monitor; a test keeps this file true.\n"

// quote writes a string as YAML's double-quoted form, of which JSON's is a part.
func quote(s string) string { return strconv.Quote(s) }

// RunbookPage returns the path of an alert's page in the tree, for a language: en or zh-CN.
func RunbookPage(name, language string) string {
	if language == "zh-CN" {
		return "docs/operator/runbooks/" + name + ".zh-CN.md"
	}
	return "docs/operator/runbooks/" + name + ".md"
}

// Rules returns the rules for Prometheus.
func Rules() string {
	var b strings.Builder
	b.WriteString(generated + "groups:\n  - name: roomrec\n    rules:\n")
	for _, r := range Records() {
		fmt.Fprintf(&b, "      - record: %s\n        expr: %s\n", r.Name, quote(r.Expr))
	}
	b.WriteString("  - name: roomrec-alerts\n    rules:\n")
	for _, a := range Alerts() {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n        for: %s\n        labels:\n          severity: %s\n        annotations:\n", a.Name, quote(a.Expr), a.For, a.Severity)
		for _, n := range a.annotations() {
			fmt.Fprintf(&b, "          %s: %s\n", n[0], quote(n[1]))
		}
	}
	return b.String()
}

// annotations are what a person gets to read, in both languages.
func (a *Alert) annotations() [][2]string {
	return [][2]string{
		{"summary", a.Title.En},
		{"summary_zh", a.Title.Zh},
		{"description", a.What.En},
		{"description_zh", a.What.Zh},
		{"action", a.Do[0].En},
		{"action_zh", a.Do[0].Zh},
		{"runbook", RunbookPage(a.Name, "en")},
		{"runbook_zh", RunbookPage(a.Name, "zh-CN")},
	}
}

// RuleTests returns the tests of alerts for promtool: each fires on its series and is quiet on others.
func RuleTests(alerts []Alert) string {
	var b strings.Builder
	b.WriteString(generated + "rule_files:\n  - roomrec.rules.yml\nevaluation_interval: 1m\ntests:\n")
	for _, a := range alerts {
		a.test(&b, "fires", a.Fires, true)
		a.test(&b, "quiet", a.Quiet, false)
	}
	return b.String()
}

func (a *Alert) test(b *strings.Builder, what string, series []string, fires bool) {
	fmt.Fprintf(b, "  - name: %s %s\n    interval: 1m\n    input_series:\n", a.Name, what)
	for _, s := range append(slices.Clone(series), alive(series)...) {
		i := strings.LastIndexByte(s, '}') + 1
		i += strings.IndexByte(s[i:], ' ')
		fmt.Fprintf(b, "      - series: %s\n        values: %s\n", quote(s[:i]), quote(strings.TrimSpace(s[i:])))
	}
	fmt.Fprintf(b, "    alert_rule_test:\n      - alertname: %s\n        eval_time: 20m\n        exp_alerts:", a.Name)
	if !fires {
		b.WriteString(" []\n")
		return
	}
	b.WriteString("\n          - exp_labels:\n")
	labels := maps.Clone(a.Labels)
	if labels == nil {
		labels = make(map[string]string)
	}
	labels["severity"] = string(a.Severity)
	for _, l := range slices.Sorted(maps.Keys(labels)) {
		if labels[l] != "" {
			fmt.Fprintf(b, "              %s: %s\n", l, quote(labels[l]))
		}
	}
	b.WriteString("            exp_annotations:\n")
	for _, n := range a.annotations() {
		fmt.Fprintf(b, "              %s: %s\n", n[0], quote(expand(n[1], labels)))
	}
}

// alive adds that the controller answers, unless the test says something of it.
func alive(series []string) []string {
	if slices.ContainsFunc(series, func(s string) bool { return strings.HasPrefix(s, "up{") }) {
		return nil
	}
	return []string{`up{job="roomrec",instance="controller"} 1x40`}
}

// expand fills in a template as Prometheus does. The one alert that tells its value tells 1.
func expand(s string, labels map[string]string) string {
	s = strings.ReplaceAll(s, "{{ $value }}", "1")
	for l, v := range labels {
		s = strings.ReplaceAll(s, "{{ $labels."+l+" }}", v)
	}
	return s
}
