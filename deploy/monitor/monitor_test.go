package monitor

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/session"
	"roomrec/session/table"
)

var update = flag.Bool("update", false, "write rules, their tests, dashboards and runbooks anew")

const root = "../.."

// files are all files that are made of the table, by their path in the tree.
func files(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{
		"deploy/prometheus/roomrec.rules.yml":    Rules(),
		"deploy/prometheus/roomrec.test.yml":     RuleTests(Alerts()),
		"docs/operator/runbooks/README.md":       RunbookList("en"),
		"docs/operator/runbooks/README.zh-CN.md": RunbookList("zh-CN"),
	}
	for _, a := range Alerts() {
		for language := range languages {
			out[RunbookPage(a.Name, language)] = Runbook(a, language)
		}
	}
	for _, d := range Dashboards() {
		b, err := d.JSON()
		require.NoError(t, err)
		out["deploy/grafana/"+d.File+".json"] = string(b)
	}
	return out
}

// TestFilesAreTheTables: what a site installs is what the table says, and nothing else lies there.
func TestFilesAreTheTables(t *testing.T) {
	all := files(t)
	for path, want := range all {
		name := filepath.Join(root, path)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
			require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
		}
		have, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, want, string(have), "%s: run go test ./deploy/monitor -update", path)
	}
	for _, dir := range []string{"docs/operator/runbooks", "deploy/grafana"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		require.NoError(t, err)
		for _, e := range entries {
			require.Contains(t, all, dir+"/"+e.Name(), "of an alert or dashboard that is no more")
		}
	}
}

func TestZ8_EveryFaultHasAnAlertAndARunbook(t *testing.T) {
	names := make(map[string]bool)
	for _, a := range Alerts() {
		require.False(t, names[a.Name], "%s stands twice", a.Name)
		names[a.Name] = true
		require.NotEmpty(t, a.Do, a.Name)
		for _, text := range append([]Text{a.Title, a.What}, a.Do...) {
			require.NotEmpty(t, text.En, a.Name)
			require.NotEmpty(t, text.Zh, a.Name)
			require.NotContains(t, text.En+text.Zh, "{subject}", a.Name)
		}
		require.Contains(t, []session.Severity{session.Critical, session.Warning, session.Notice}, a.Severity, a.Name)
	}
	for _, c := range table.Codes() {
		require.True(t, names[FaultName(c)], "%s has no alert", c)
	}
}

// promtool runs Debian's promtool.
func promtool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	_, err := exec.LookPath("promtool")
	require.NoError(t, err, "promtool is in the Debian package prometheus: make deps")
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "promtool %s: %s", strings.Join(args, " "), out)
	return string(out)
}

// TestAlertsFireAndAreQuiet lets promtool judge every alert on series that must raise it and on others
// that must not.
func TestAlertsFireAndAreQuiet(t *testing.T) {
	dir := filepath.Join(root, "deploy/prometheus")
	require.Contains(t, promtool(t, dir, "check", "rules", "roomrec.rules.yml"), "SUCCESS")
	require.Contains(t, promtool(t, dir, "test", "rules", "roomrec.test.yml"), "SUCCESS")

	// A rule that never fires must fail the same tests, or they prove nothing.
	wrong := t.TempDir()
	locked := slices.DeleteFunc(Alerts(), func(a Alert) bool { return a.Name != "RoomrecSessionLocked" })
	rules := strings.Replace(Rules(), `roomrec_session_state{state=\"Locked\"} == 1`, `roomrec_session_state{state=\"Locked\"} == 2`, 1)
	require.NotEqual(t, Rules(), rules)
	require.NoError(t, os.WriteFile(filepath.Join(wrong, "roomrec.rules.yml"), []byte(rules), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(wrong, "roomrec.test.yml"), []byte(RuleTests(locked)), 0o644))
	cmd := exec.CommandContext(t.Context(), "promtool", "test", "rules", "roomrec.test.yml")
	cmd.Dir = wrong
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "RoomrecSessionLocked")
}

// TestDashboardsAreRules lets promtool read every expression of every dashboard.
func TestDashboardsAreRules(t *testing.T) {
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboards\n    rules:\n")
	n := 0
	for _, q := range queries() {
		n++
		b.WriteString("      - record: dashboard:query" + strings.Repeat("x", n) + "\n        expr: " + quote(strings.ReplaceAll(q.Expr, "$room", ".+")) + "\n")
	}
	require.Greater(t, n, 40)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "d.yml"), []byte(b.String()), 0o644))
	require.Contains(t, promtool(t, dir, "check", "rules", "d.yml"), "SUCCESS")
}

// TestDashboardsSayWhatThePagesSay: every state has the words that the pages have for it. What Grafana
// would colour by its own defaults is told: there a room that is fit would be red, one that is not, green.
func TestDashboardsSayWhatThePagesSay(t *testing.T) {
	for i, language := range []string{"en", "zh-CN"} {
		b, err := os.ReadFile(filepath.Join(root, "panel/messages", language+".json"))
		require.NoError(t, err)
		var messages map[string]string
		require.NoError(t, json.Unmarshal(b, &messages))
		for _, s := range table.States() {
			want := cmp.Or(messages["session.state."+string(s)], messages["state."+string(s)])
			require.NotEmpty(t, want, s)
			require.Equal(t, want, []string{states[s].En, states[s].Zh}[i], s)
		}
		for code, t1 := range endings {
			require.Equal(t, messages["end."+code], []string{t1.En, t1.Zh}[i], code)
		}
		for code, t1 := range transcripts {
			require.Equal(t, messages["transcript.status."+code], []string{t1.En, t1.Zh}[i], code)
		}
	}
	for _, d := range Dashboards() {
		for _, p := range slices.Concat(d.Rows...) {
			if p.Kind == "stat" || p.Kind == "state-timeline" {
				require.Contains(t, p.defaults(), "color", "%s: %s", d.File, p.Title.En)
			}
		}
	}
	require.Equal(t, []any{map[string]any{"color": "red", "value": nil}, map[string]any{"color": "green", "value": 1}},
		Panel{Kind: "state-timeline", Bad: "low"}.defaults()["thresholds"].(map[string]any)["steps"])
}

// TestLegendsAreWords: what Grafana's overrides of a panel find is what the legend's format gives, and they call it
// something else than a code.
func TestLegendsAreWords(t *testing.T) {
	require.Equal(t, []any{map[string]any{
		"matcher":    map[string]any{"id": "byRegexp", "options": `/^camera\.lost .*$/`},
		"properties": []any{map[string]any{"id": "displayName", "value": "no picture · 无画面 ${__field.labels.subject}"}},
	}}, Panel{In: "fault", Words: map[string]Text{"camera.lost": faultWords()["camera.lost"]}, Queries: one("x", "{{fault}} {{subject}}")}.overrides())
	of := Panel{In: "fault", Words: aboutWords(), Queries: one("x", "{{fault}} {{subject}}")}.overrides()
	require.Contains(t, of, any(map[string]any{
		"matcher":    map[string]any{"id": "byRegexp", "options": `/^clock\.untrusted silent$/`},
		"properties": []any{map[string]any{"id": "displayName", "value": both(aboutWords()["clock.untrusted silent"])}},
	}))
	coded := regexp.MustCompile(`\{\{(state|fault|cause|ending|status|age|verdict|codec|track|code|reason)\}\}`)
	for _, d := range Dashboards() {
		for _, p := range slices.Concat(d.Rows...) {
			require.Equal(t, p.In != "", len(p.Words) > 0, p.Title.En)
			for _, q := range p.Queries {
				for _, m := range coded.FindAllStringSubmatch(q.Legend, -1) {
					require.Equal(t, m[1], p.In, "%s: %s shows codes", d.File, p.Title.En)
				}
				if p.In != "" {
					require.Contains(t, q.Legend, "{{"+p.In+"}}", p.Title.En)
				}
			}
			for code, t1 := range p.Words {
				require.NotEmpty(t, t1.En, code)
				require.Regexp(t, `\p{Han}`, t1.Zh, code)
			}
		}
	}
}

func queries() (out []Query) {
	for _, d := range Dashboards() {
		for _, row := range d.Rows {
			for _, p := range row {
				out = append(out, p.Queries...)
			}
		}
	}
	return out
}

var (
	row      = regexp.MustCompile("(?m)^\\| `(roomrec_[a-z0-9_]+)` \\| (\\w+) \\| ([^|]*) \\|")
	inTicks  = regexp.MustCompile("`([a-z_]+)`")
	used     = regexp.MustCompile(`\b(roomrec[_:][a-z0-9_:]+)(\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"`)
	grouping = regexp.MustCompile(`\b(?:by|on|without|ignoring) \(([^)]*)\)`)
	legend   = regexp.MustCompile(`\{\{ ?(?:\$labels\.)?(\w+) ?\}\}`)
	alert    = regexp.MustCompile(`\bRoomrec[A-Z]\w+`)
	suffix   = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// vocabulary are the metrics of docs/metrics.md with their labels, and the recording rules.
func vocabulary(t *testing.T) (labels map[string][]string, all map[string]bool) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	require.NoError(t, err)
	labels, all = make(map[string][]string), map[string]bool{"le": true, "job": true, "instance": true, "alertname": true, "alertstate": true}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		labels[m[1]] = []string{"job", "instance"}
		for _, l := range inTicks.FindAllStringSubmatch(m[3], -1) {
			labels[m[1]] = append(labels[m[1]], l[1])
			all[l[1]] = true
		}
		if m[2] == "histogram" {
			labels[m[1]] = append(labels[m[1]], "le")
		}
	}
	require.Greater(t, len(labels), 40)
	for _, r := range Records() {
		require.NotContains(t, labels, r.Name)
		var has []string
		for _, g := range grouping.FindAllStringSubmatch(r.Expr, -1) {
			has = append(has, strings.Split(strings.ReplaceAll(g[1], " ", ""), ",")...)
		}
		labels[r.Name] = has
	}
	return labels, all
}

// TestEveryNameExists: every metric, label, recording rule and alert that is named anywhere is there.
func TestEveryNameExists(t *testing.T) {
	labels, all := vocabulary(t)
	alerts := make(map[string]bool)
	for _, a := range Alerts() {
		alerts[a.Name] = true
	}
	check := func(where, expr string) {
		t.Helper()
		for _, m := range used.FindAllStringSubmatch(expr, -1) {
			has, ok := labels[m[1]]
			if !ok {
				has, ok = labels[suffix.ReplaceAllString(m[1], "")]
			}
			if !ok {
				t.Errorf("%s names %s, which the program does not have", where, m[1])
				continue
			}
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(has, l[1]) {
					t.Errorf("%s asks for the label %s of %s, which has %v", where, l[1], m[1], has)
				}
			}
		}
		for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
			for l := range strings.SplitSeq(strings.ReplaceAll(g[1], " ", ""), ",") {
				if !all[l] {
					t.Errorf("%s groups by the label %s, which nothing has", where, l)
				}
			}
		}
	}
	for _, r := range Records() {
		check(r.Name, r.Expr)
	}
	for _, a := range Alerts() {
		check(a.Name, a.Expr)
		for _, s := range append(a.Fires, a.Quiet...) {
			check(a.Name+": test", s)
		}
		for _, m := range legend.FindAllStringSubmatch(a.Title.En+a.Title.Zh, -1) {
			if !all[m[1]] && m[1] != "value" {
				t.Errorf("%s: title names the label %s", a.Name, m[1])
			}
		}
	}
	for _, q := range queries() {
		check("dashboard", q.Expr)
		for _, m := range legend.FindAllStringSubmatch(q.Legend, -1) {
			require.Contains(t, q.Expr+strings.Join(labels[used.FindStringSubmatch(q.Expr)[1]], " "), m[1], "legend of %s", q.Expr)
		}
	}
	// Documents and the sample settings of Prometheus too.
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "deploy/prometheus/*.yml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, name := range found {
			b, err := os.ReadFile(name)
			require.NoError(t, err)
			for _, m := range regexp.MustCompile(`\broomrec_[a-z0-9_]+\b`).FindAllString(string(b), -1) {
				if _, ok := labels[suffix.ReplaceAllString(m, "")]; !ok && labels[m] == nil && !prefixOfOurs(labels, m) {
					t.Errorf("%s names %s, which the program does not have", name, m)
				}
			}
			for _, m := range alert.FindAllString(string(b), -1) {
				if !alerts[m] {
					t.Errorf("%s names the alert %s, which is not there", name, m)
				}
			}
		}
	}
}

func prefixOfOurs(labels map[string][]string, name string) bool {
	for m := range labels {
		if strings.HasPrefix(m, name+"_") {
			return true
		}
	}
	return false
}
