package session

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"roomrec/session/policy"
	"roomrec/session/table"
)

// forbidden are renderings that docs/glossary.md rules out: words of a recorder that can be held, or
// that take a person's role for a machine.
var forbidden = []string{"暂停", "录音员", "剪切", "静音", "屏蔽", "删除", "pause", "muted", "trim", "recorder", "delete"}

func requireGlossary(t *testing.T, where string, text Text) {
	t.Helper()
	require.NotEmpty(t, text.En, where)
	require.NotEmpty(t, text.Zh, where)
	require.True(t, strings.ContainsFunc(text.Zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }), "%s: %q", where, text.Zh)
	require.False(t, strings.ContainsFunc(text.En, func(r rune) bool { return unicode.Is(unicode.Han, r) }), "%s: %q", where, text.En)
	for _, word := range forbidden {
		require.NotContains(t, strings.ToLower(text.En), word, where)
		require.NotContains(t, text.Zh, word, where)
	}
}

func TestCatalogueIsWhole(t *testing.T) {
	codes := table.Codes()
	require.Len(t, Faults(), len(codes))
	for i, f := range Faults() {
		require.Equal(t, codes[i], f.Code)
		require.Equal(t, f.Locks, f.Severity == Critical, "%s", f.Code)
		require.NotEmpty(t, f.Clause)
		for _, text := range []Text{f.Title, f.What, f.Do} {
			requireGlossary(t, string(f.Code), text)
		}
		// Which fault's first word is to stop asking: exactly those that lock at once.
		if f.Locks && f.Code != table.AudioDead {
			require.True(t, strings.HasPrefix(f.Do.En, "Stop asking"), "%s: first action first", f.Code)
			require.Contains(t, f.Do.Zh, "停止发问", "%s", f.Code)
		}
	}
	_, ok := FaultOf("camera.unheard-of")
	require.False(t, ok)
}

func TestGlossaryInEverySentence(t *testing.T) {
	for _, r := range table.Rows() {
		if r.Refuses() {
			requireGlossary(t, string(r.From)+"/"+string(r.On), r.Say)
		}
	}
	for name, text := range policy.Sentences() {
		requireGlossary(t, name, text)
	}
	for name, text := range sentences {
		requireGlossary(t, name, text)
	}
}
