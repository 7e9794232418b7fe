package main

import (
	"io"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// Every text of the command line exists in Chinese, and no Chinese one is of a command that is gone.
func TestEveryCommandIsExplainedInChinese(t *testing.T) {
	var c cli
	parser, err := kong.New(&c, kong.Name("roomrec"), kong.Description(description), kong.Vars{"state": "", "zone": ""})
	require.NoError(t, err)
	said := map[string]bool{}
	m := manualEnglish
	m.text = func(s string) string {
		said[s] = true
		return s
	}
	require.NoError(t, writeManual(io.Discard, parser.Model.Node, m))
	for s := range said {
		zh, ok := commandsZh[s]
		require.True(t, ok, "not in Chinese: %q", s)
		han := false
		for _, r := range zh {
			han = han || unicode.Is(unicode.Han, r)
		}
		require.True(t, han, "%q: %q", s, zh)
	}
	for s := range commandsZh {
		require.True(t, said[s], "no command says this: %q", s)
	}
}
