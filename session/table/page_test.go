package table_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

var update = flag.Bool("update", false, "write docs/design/states-table.md anew")

// page returns the whole table as a page: for each state what each event does.
func page() string {
	var b strings.Builder
	b.WriteString("# The table of session states\n\n" +
		"Generated from `session/table`; `go test ./session/table -update` writes it anew. A row's effects\n" +
		"are done in their order: what stands after `journal` waits until the line is on every volume.\n" +
		"Events that the machinery may still tell when they no longer matter are left out.\n")
	for _, from := range append([]table.State{table.None}, table.States()...) {
		name := string(from)
		if from == table.None {
			name = "Before the opening"
		}
		fmt.Fprintf(&b, "\n## %s\n\n| event | if | leads to | effects | clause |\n|---|---|---|---|---|\n", name)
		var refused []string
		for _, on := range table.Events() {
			for _, r := range table.Cell(from, on) {
				switch {
				case r.Refuses():
					when := ""
					if r.When != table.Always {
						when = ", if " + string(r.When)
					}
					refused = append(refused, fmt.Sprintf("- `%s`%s: %s / %s\n", on, when, r.Say.En, r.Say.Zh))
				case len(r.Effects) > 0:
					effects := make([]string, len(r.Effects))
					for i, e := range r.Effects {
						effects[i] = string(e)
					}
					fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", on, r.When, r.To, strings.Join(effects, ", "), r.Clause)
				}
			}
		}
		b.WriteString("\nRefused:\n\n" + strings.Join(refused, ""))
	}
	return b.String()
}

// TestPageOfStatesIsTheTable: docs/design/states-table.md is what the table says.
func TestPageOfStatesIsTheTable(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "design", "states-table.md")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page()), 0o644))
	}
	shown, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page(), string(shown))
}
