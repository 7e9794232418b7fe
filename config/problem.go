package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`    // from 1; 0 if the file as a whole is meant
	Column  int    `json:"column"`  // from 1, in characters
	Key     string `json:"key"`     // its path, as in "rooms[0].cameras[1].url"; may be empty
	What    string `json:"what"`    // what is wrong
	Want    string `json:"want"`    // what was expected
	Do      string `json:"do"`      // what to do; may be empty
	Excerpt string `json:"excerpt"` // the line and a caret below it, secrets hidden; may be empty
}

// String returns the problem as a technician reads it, over several lines.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.What + "\n")
	if p.Excerpt != "" {
		b.WriteString(p.Excerpt)
	}
	b.WriteString("  expected: " + p.Want + "\n")
	if p.Do != "" {
		b.WriteString("  do: " + p.Do + "\n")
	}
	return b.String()
}

// Error is everything that is wrong in a file, in the order of its lines.
type Error struct{ Problems []Problem }

// maxShown is how many problems an error spells out; a file with more is another kind of file.
const maxShown = 50

// Error returns every problem, one below the other.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == maxShown {
			fmt.Fprintf(&b, "and %d more\n", len(e.Problems)-maxShown)
			break
		}
		b.WriteString(p.String())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (e *Error) sort() {
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// What may carry a password in a line: the user part of an address, and whatever follows a word that
// says so (people write the password itself where its file should be named). Too much is hidden
// rather than too little.
var secrets = []struct {
	pattern *regexp.Regexp
	shown   string
}{
	{regexp.MustCompile(`://.*@`), "://***@"},
	{regexp.MustCompile(`[^\s"'{,/]+@`), "***@"},
	{regexp.MustCompile(`(?i)((?:password|passwd|pwd|pass|secret|token)(?:_env|_file)?["']?\s*[:=]\s*)\S.*`), "${1}***"},
}

// redact returns s with what looks like a secret hidden.
func redact(s string) string {
	for _, secret := range secrets {
		s = secret.pattern.ReplaceAllString(s, secret.shown)
	}
	return s
}

// source is the text of a file, by lines, for excerpts.
type source struct {
	lines  []string
	hidden []bool // lines inside a value that may be a password written over several lines
}

var secretKey = regexp.MustCompile(`(?i)^(\s*(?:-\s+)?)["']?(?:password|passwd|pwd|pass|secret|token)["']?\s*:`)

func newSource(text []byte) source {
	s := source{lines: strings.Split(string(text), "\n")}
	s.hidden = make([]bool, len(s.lines))
	in := -1 // indentation of the key whose value is hidden
	for i, line := range s.lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if in >= 0 && (indent > in || strings.TrimSpace(line) == "") {
			s.hidden[i] = true
			continue
		}
		in = -1
		if m := secretKey.FindStringSubmatch(line); m != nil {
			in = len(m[1])
		}
	}
	return s
}

// excerpt returns the line and a caret below the column, each ended by a newline.
func (s source) excerpt(line, column int) string {
	if line < 1 || line > len(s.lines) {
		return ""
	}
	text := strings.TrimRight(s.lines[line-1], "\r")
	if s.hidden[line-1] {
		return fmt.Sprintf("%5d | ***\n", line)
	}
	shown := redact(text)
	if len([]rune(shown)) > 200 {
		return ""
	}
	var pad strings.Builder
	for i, r := range []rune(text) {
		switch {
		case i >= column-1:
		case r == '\t':
			pad.WriteByte('\t')
		case r >= 0x1100: // Han and its like are two columns wide on a terminal
			pad.WriteString("  ")
		default:
			pad.WriteByte(' ')
		}
	}
	return fmt.Sprintf("%5d | %s\n      | %s^\n", line, clean(shown), pad.String())
}

// clean makes a text from outside safe for a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}

// quote returns a value from a file for a message: short, and with secrets hidden.
func quote(s string) string { return fmt.Sprintf("%q", shorten(redact(s), 60)) }

// shorten returns at most n characters of s.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return s
}
