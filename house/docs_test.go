package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func document(path string) bool {
	return strings.HasSuffix(path, ".md") && !strings.Contains(path, "testdata/")
}

func read(t *testing.T, path string) string {
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

func exists(path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	quoted  = regexp.MustCompile("`([^`\n]+)`")
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	pathy   = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?$`)
)

// TestDocumentsNameOnlyWhatIsThere: every link leads somewhere, and every path of the tree that a
// document names exists, unless its line says "planned".
func TestDocumentsNameOnlyWhatIsThere(t *testing.T) {
	top, err := os.ReadDir(root)
	require.NoError(t, err)
	ours := make(map[string]bool)
	for _, e := range top {
		ours[e.Name()] = true
	}
	for _, l := range layers {
		ours[strings.SplitN(l.folder, "/", 2)[0]] = true
	}
	for _, doc := range files(t, document) {
		for n, line := range strings.Split(read(t, doc), "\n") {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				checkLink(t, doc, n+1, m[1])
			}
			if strings.Contains(line, "planned") {
				continue
			}
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				path := strings.TrimSuffix(m[1], "/")
				first, rest, _ := strings.Cut(path, "/")
				if !pathy.MatchString(m[1]) || !ours[first] || rest == "" && !strings.HasSuffix(m[1], "/") {
					continue
				}
				if !exists(path) {
					t.Errorf("%s:%d names %s, which is not there; say planned if it is", doc, n+1, m[1])
				}
			}
		}
	}
}

var page = regexp.MustCompile(`docs/[A-Za-z0-9_/.-]+\.md`)

// TestSourceNamesOnlyPagesThatAreThere: so do the comments of the program.
func TestSourceNamesOnlyPagesThatAreThere(t *testing.T) {
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			for _, name := range page.FindAllString(group.Text(), -1) {
				if !exists(name) {
					t.Errorf("%s names %s, which is not there", s.at(group), name)
				}
			}
		}
	}
}

func checkLink(t *testing.T, doc string, line int, target string) {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return
	}
	file, anchor, _ := strings.Cut(target, "#")
	path := doc
	if file != "" {
		path = filepath.ToSlash(filepath.Join(filepath.Dir(doc), file))
	}
	if !exists(path) {
		t.Errorf("%s:%d links to %s, which is not there", doc, line, target)
		return
	}
	if anchor == "" || !strings.HasSuffix(path, ".md") {
		return
	}
	for _, h := range heading.FindAllStringSubmatch(read(t, path), -1) {
		if slug(h[1]) == anchor {
			return
		}
	}
	t.Errorf("%s:%d links to %s, but there is no such heading", doc, line, target)
}

// slug returns the anchor that code hosts give a heading.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0x7f:
			return r
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(heading)))
}

// TestDesignPagesHaveTheirParts: every page of docs/design says how far it is built, what it is for,
// what always holds, what to beware of, and what was not
// chosen. Pages that a program writes are exempt.
func TestDesignPagesHaveTheirParts(t *testing.T) {
	pages := files(t, func(p string) bool { return document(p) && strings.HasPrefix(p, "docs/design/") })
	require.NotEmpty(t, pages)
	for _, page := range pages {
		text := read(t, page)
		if strings.Contains(text, "\nGenerated from ") {
			continue
		}
		for _, part := range []string{"Status", "Objective", "Invariants", "Caveats", "Alternatives"} {
			if !strings.Contains(text, "\n## "+part+"\n") {
				t.Errorf("%s has no part %q", page, part)
			}
		}
	}
}

var glossaryRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \|([^|]*)\|$`)

// TestGlossaryIsKept: every word has one rendering, and what the glossary refuses stands in no text
// that people see.
func TestGlossaryIsKept(t *testing.T) {
	rows := glossaryRow.FindAllStringSubmatch(read(t, "docs/glossary.md"), -1)
	require.Greater(t, len(rows), 25)
	seen := make(map[string]bool)
	var refused []string
	for _, r := range rows {
		require.False(t, seen[r[1]], "%s stands twice in the glossary", r[1])
		seen[r[1]] = true
		if _, word, ok := strings.Cut(r[3], "never "); ok && !isASCII(word) {
			refused = append(refused, strings.TrimSpace(word))
		}
	}
	require.Contains(t, refused, "暂停")
	for _, path := range files(t, shown) {
		text := read(t, path)
		for _, word := range refused {
			if strings.Contains(text, word) {
				t.Errorf("%s says %s, which the glossary refuses", path, word)
			}
		}
	}
}

// shown reports whether people read a file's words on a page or in a guide.
func shown(path string) bool {
	for _, end := range []string{".html", ".js", ".json", ".go", ".md", ".yaml"} {
		if strings.HasSuffix(path, end) && !strings.HasSuffix(path, "_test.go") {
			return strings.HasPrefix(path, "panel/") || strings.HasPrefix(path, "session/") || strings.HasPrefix(path, "docs/operator/")
		}
	}
	return false
}

func isASCII(s string) bool {
	for _, r := range s {
		if r > 0x7f {
			return false
		}
	}
	return true
}
