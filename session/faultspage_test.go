package session

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

var (
	faultRow  = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| [^|]+ \\| ([^|]+) \\|$")
	faultCode = regexp.MustCompile("`([^`]+)`")
)

// TestPageOfFaultsIsTheCatalogue: docs/design/faults.md has every fault once and says rightly whether
// it locks.
func TestPageOfFaultsIsTheCatalogue(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "design", "faults.md"))
	require.NoError(t, err)
	locks := make(map[table.Code]bool)
	for _, row := range faultRow.FindAllStringSubmatch(string(page), -1) {
		for _, code := range faultCode.FindAllStringSubmatch(row[1], -1) {
			require.NotContains(t, locks, table.Code(code[1]))
			locks[table.Code(code[1])] = strings.HasPrefix(row[2], "yes")
		}
	}
	want := make(map[table.Code]bool)
	for _, f := range Faults() {
		want[f.Code] = f.Locks
	}
	require.Equal(t, want, locks)
}
