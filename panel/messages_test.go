package panel

import (
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
	"roomrec/transcript"
)

func catalogues(t *testing.T) map[Lang]catalogue {
	t.Helper()
	all, err := loadCatalogues()
	require.NoError(t, err)
	return all
}

func TestBothLanguagesHaveEveryKeyAndPlace(t *testing.T) {
	all := catalogues(t)
	place := regexp.MustCompile(`\{\w+\}`)
	for key, en := range all[English] {
		zh, ok := all[Chinese][key]
		require.True(t, ok, "%s has no Chinese", key)
		require.NotEmpty(t, strings.TrimSpace(en), key)
		require.NotEmpty(t, strings.TrimSpace(zh), key)
		require.NotRegexp(t, `\p{Han}[,;:?!(]|[,;)]\p{Han}`, zh, "%s: a sign of half the width", key)
		require.ElementsMatch(t, place.FindAllString(en, -1), place.FindAllString(zh, -1), "%s: the languages name other values", key)
	}
	require.Len(t, all[Chinese], len(all[English]))
}

// What the pages look up with a key that is put together must be there for every value.
func TestEveryKeyThatIsPutTogetherIsThere(t *testing.T) {
	en := catalogues(t)[English]
	var keys []string
	for _, s := range table.States() {
		keys = append(keys, "state."+string(s))
	}
	for _, s := range []string{"Ready", "Unfit", "stale", "connecting"} {
		keys = append(keys, "state."+s)
	}
	for _, k := range append(policy.Kinds(), policy.Technical) {
		keys = append(keys, "kind."+string(k))
	}
	for _, r := range policy.Roles() {
		keys = append(keys, "role."+r)
	}
	for _, e := range table.Endings() {
		keys = append(keys, "end."+string(e), "end."+string(e)+".detail")
	}
	for _, r := range (roomPage{}).Replies() {
		keys = append(keys, "resume.answer."+r.Answer)
	}
	for _, a := range (roomPage{}).Answers() {
		keys = append(keys, "form."+a)
	}
	for _, a := range (roomPage{}).WallClock() {
		keys = append(keys, "form.wall-clock."+a)
	}
	for _, s := range (roomPage{}).Steps() {
		keys = append(keys, "form.step."+s)
	}
	for _, office := range access.People() {
		keys = append(keys, "office."+string(office))
		for _, s := range access.ForToken(office) {
			keys = append(keys, "scope."+string(s))
		}
	}
	for _, s := range transcript.Statuses() {
		keys = append(keys, "transcript.status."+string(s))
	}
	for c := range transcript.Rules {
		keys = append(keys, "finding."+string(c))
	}
	for _, w := range []string{"interrogation", "questioning"} {
		keys = append(keys, "act.start."+w, "act.end."+w, "elapsed."+w)
	}
	for _, a := range access.Actions() {
		if a.Views() {
			keys = append(keys, "look."+string(a))
		}
	}
	for _, k := range keys {
		require.NotEmpty(t, en[k], k)
	}
}

// used finds the keys that templates and modules name in full.
func used(t *testing.T) map[string]string {
	t.Helper()
	out := make(map[string]string)
	find := func(files fs.FS, patterns ...*regexp.Regexp) {
		require.NoError(t, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(name, "vendor/") {
				return err
			}
			b, err := fs.ReadFile(files, name)
			for _, p := range patterns {
				for _, m := range p.FindAllStringSubmatch(string(b), -1) {
					out[m[1]] = name
				}
			}
			return err
		}))
	}
	find(templateFiles, regexp.MustCompile(`\.T "([^"]+)"`))
	find(assetFiles, regexp.MustCompile(`\bt\("([^"]+)"`))
	return out
}

func TestEveryKeyThatPagesNameIsThere(t *testing.T) {
	en := catalogues(t)[English]
	keys := used(t)
	require.Greater(t, len(keys), 100)
	for key, where := range keys {
		require.NotEmpty(t, en[key], "%s in %s", key, where)
	}
}

// A message that no page shows is dead weight, and nobody would notice what it says.
func TestEveryMessageIsUsed(t *testing.T) {
	var sources strings.Builder
	for _, files := range []fs.FS{templateFiles, assetFiles, os.DirFS(".")} {
		require.NoError(t, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(name, "vendor/") || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".json") {
				return err
			}
			b, err := fs.ReadFile(files, name)
			sources.Write(b)
			return err
		}))
	}
	text := sources.String()
	together := regexp.MustCompile(`^(state|kind|role|office|finding|scope|month\.name|deed|cert\.sign|resume\.answer|form\.step|form\.times|session\.state|inbox|lang|look|transcript\.status|copies\.state)\.|^(act\.(start|end|resume|break-off|confirm)|elapsed)\.(interrogation|questioning)$|^form\.(yes|no|unknown)$|^pad\.(question|answer)\.mark$|^form\.wall-clock\.(agrees|differs)$|^end\.(signed|refused|broken-off|finished)|^facts\.(time|place|means|tools|victim|state-of-mind|agrees|differs|not-spoken-of)$`)
	for key := range catalogues(t)[English] {
		if !together.MatchString(key) {
			require.True(t, strings.Contains(text, `"`+key+`"`), "%s is not used", key)
		}
	}
}

// forbidden are renderings that the glossary rules out, and what must not exist at all.
var forbidden = map[Lang]*regexp.Regexp{
	English: regexp.MustCompile(`(?i)\b(paus(e|ed|ing)|mut(e|ed|ing) (the )?(sound|recording)|trim|delete|erase|re-record|recorder\b)`),
	Chinese: regexp.MustCompile(`暂停|静音|删除|裁剪|补录|录音员|继续录制按钮|审讯`),
}

func TestZ24_NoPauseInAnyMessage(t *testing.T) {
	for lang, c := range catalogues(t) {
		for key, m := range c {
			require.NotRegexp(t, forbidden[lang], m, "%s %s", lang, key)
			require.NotRegexp(t, regexp.MustCompile(`pause|mute|trim|delete`), key)
		}
	}
}

// Where the English of a message uses a word of the glossary, its Chinese uses the glossary's.
func TestMessagesUseTheGlossary(t *testing.T) {
	glossary := []struct{ en, zh string }{
		{`\btranscript clerk\b`, "记录人"},
		{`\binterpreter\b`, "翻译人员"},
		{`\blegal representative\b`, "法定代理人"},
		{`\bduty lawyer\b`, "值班律师"},
		{`\bcriminal suspect\b`, "犯罪嫌疑人"},
		{`\badministrative-offence suspect\b`, "违法嫌疑人"},
		{`\bvictim\b`, "被害人"},
		{`\bwitness\b`, "证人"},
		{`\bresum(e|ing)\b`, "恢复"},
		{`\binterruptions?\b`, "中断"},
		{`\bunrecorded\b`, "未录制"},
		{`\bsealed\b`, "封存"},
		{`\bgaps?\b`, "缺失段"},
		{`\brefuses to sign\b`, "拒绝签名"},
		{`\bverif(y|ied)\b`, "校验"},
		{`\boriginals?\b`, "原件"},
		{`\bsuspended\b`, "中止"},
		{`\blocked\b`, "锁定"},
		{`\btranscript\b`, "笔录|记录人"},
	}
	all := catalogues(t)
	for key, en := range all[English] {
		for _, g := range glossary {
			if regexp.MustCompile(`(?i)` + g.en).MatchString(en) {
				require.Regexp(t, g.zh, all[Chinese][key], "%s: %s", key, en)
			}
		}
	}
}

func TestMessagesAreWholeJSONWithoutDoubles(t *testing.T) {
	for _, l := range Langs() {
		b, err := messageFiles.ReadFile("messages/" + string(l) + ".json")
		require.NoError(t, err)
		d := json.NewDecoder(strings.NewReader(string(b)))
		_, err = d.Token()
		require.NoError(t, err)
		seen := make(map[string]bool)
		for d.More() {
			k, err := d.Token()
			require.NoError(t, err)
			require.False(t, seen[k.(string)], "%s twice", k)
			seen[k.(string)] = true
			_, err = d.Token()
			require.NoError(t, err)
		}
	}
}

func TestSayReplacesValuesAndRefusesUnknownKeys(t *testing.T) {
	c := catalogue{"a": "{x} of {y}"}
	got, err := c.say("a", "x", 1, "y", "two")
	require.NoError(t, err)
	require.Equal(t, "1 of two", got)
	_, err = c.say("b")
	require.EqualError(t, err, `no message "b"`)
	require.Equal(t, "z", in(Chinese, session.Text{En: "e", Zh: "z"}))
	require.Equal(t, "e", in(Chinese, session.Text{En: "e"}))
}
