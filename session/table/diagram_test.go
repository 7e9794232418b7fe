package table_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// diagram returns the table's transitions as a mermaid diagram: one arrow for each pair of states.
func diagram() string {
	type arrow struct{ from, to table.State }
	labels := make(map[arrow][]string)
	var order []arrow
	for _, r := range table.Rows() {
		if r.Refuses() || len(r.Effects) == 0 || r.From == r.To {
			continue
		}
		a := arrow{r.From, r.To}
		if labels[a] == nil {
			order = append(order, a)
		}
		if label := string(r.On); !slices.Contains(labels[a], label) {
			labels[a] = append(labels[a], label)
		}
	}
	states := append([]table.State{table.None}, table.States()...)
	slices.SortStableFunc(order, func(a, b arrow) int {
		if d := slices.Index(states, a.from) - slices.Index(states, b.from); d != 0 {
			return d
		}
		return slices.Index(states, a.to) - slices.Index(states, b.to)
	})
	name := func(s table.State) string {
		if s == table.None {
			return "[*]"
		}
		return string(s)
	}
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	for _, a := range order {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", name(a.from), name(a.to), strings.Join(labels[a], ", "))
	}
	b.WriteString("```\n")
	return b.String()
}

// TestDiagramOfStatesIsTheTable: the diagram in docs/design/states.md is what the table says.
func TestDiagramOfStatesIsTheTable(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "design", "states.md"))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "```mermaid\n")
	shown, _, _ := strings.Cut(rest, "```\n")
	require.Equal(t, diagram(), "```mermaid\n"+shown+"```\n", "put this in its place:\n%s", diagram())
}
