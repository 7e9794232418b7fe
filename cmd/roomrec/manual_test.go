package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// What the operator's guide has people type exists: every command and every flag, in both languages the
// same. That it works is seen on a clean Debian (e2e, TestTortureTheGuideAsItStands).
func TestTheGuidesCommandsExist(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var pages [2][]string
	for i, page := range []string{"guide.md", "guide.zh-CN.md"} {
		text, err := os.ReadFile("../../docs/operator/" + page)
		require.NoError(t, err)
		pages[i] = regexp.MustCompile("(?ms)^```.*?^```$").FindAllString(string(text), -1)
	}
	require.Equal(t, pages[0], pages[1])
	seen := 0
	for _, block := range pages[0] {
		for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
			words := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1)
			if len(words) == 0 || words[0] != "roomrec" {
				continue
			}
			seen++
			for j, w := range words {
				switch { // some want a file or a folder that is there
				case strings.HasPrefix(w, "/") && strings.HasPrefix(words[j-1], "--"):
					words[j] = file
				case strings.HasPrefix(w, "/"):
					words[j] = dir
				}
			}
			var c cli
			parser, err := kong.New(&c, kong.Name("roomrec"), kong.Vars{"state": "", "zone": ""})
			require.NoError(t, err)
			_, err = parser.Parse(words[1:])
			require.NoError(t, err, line)
		}
	}
	require.Greater(t, seen, 15)
}

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
