package house

import (
	"go/ast"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// duties are the rows of the rules that bind whoever records an interrogation.
var duties = []string{
	"Z5", "Z7", "Z8", "Z22", "Z23", "Z24, S2", "Z25", "Z25-2, C9, S121", "Z26", "Z26-2", "Z27", "Z28", "Z29-1", "Z29-2", "Z30",
	"Z31", "Z32", "Z33", "Z34, Z35", "Z36", "Z37", "Z38", "S1", "S1-6 †", "S120, C120-2, C34", "S122", "C39", "C50, C56, C58-60",
	"C54", "C86, C94", "C-2 †",
}

var (
	dutyRow = regexp.MustCompile(`(?m)^\| ([ZSC][^|]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`)
	notYet  = regexp.MustCompile(`not yet: [^;]+`)
)

// TestEveryDutyIsLinkedToItsProof: docs/requirements.md has every row once, in order; each names tests
// that exist, or says what is not yet there, or both.
func TestEveryDutyIsLinkedToItsProof(t *testing.T) {
	var rows []string
	have := tests(t)
	for _, m := range dutyRow.FindAllStringSubmatch(read(t, "docs/requirements.md"), -1) {
		row, proof := strings.TrimSpace(m[1]), m[4]
		rows = append(rows, row)
		named := quoted.FindAllStringSubmatch(proof, -1)
		if len(named) == 0 && !notYet.MatchString(proof) {
			t.Errorf("%s: neither a test nor \"not yet: \" and what is missing", row)
		}
		for _, n := range named {
			if !have[n[1]] {
				t.Errorf("%s: there is no test %s", row, n[1])
			}
		}
	}
	require.Equal(t, duties, rows)
}

// tests returns the names of all tests of the tree, sub-tests by the text that names them included
// ("TestX/Z24 what").
func tests(t *testing.T) map[string]bool {
	all := make(map[string]bool)
	for _, s := range sources(t) {
		if !s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			all[f.Name.Name] = true
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok {
					if name, err := strconv.Unquote(lit.Value); err == nil {
						all[f.Name.Name+"/"+name] = true
					}
				}
				return true
			})
		}
	}
	return all
}
