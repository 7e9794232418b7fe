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

// preface says what the table below it leaves to be known: which row counts, and what the conditions ask.
const preface = "# The table of session states\n\n" +
	"Generated from `session/table`; `go test ./session/table -update` writes it anew. A row's effects\n" +
	"are done in their order: what stands after `journal` waits until the line is on every volume.\n" +
	"Of several rows for one state and event, which are numbered, the first whose condition holds counts. An\n" +
	"event that is *overtaken* is one that the machinery may still tell when it no longer matters: nothing\n" +
	"happens, and nothing is remembered of it. An event without a row is refused.\n\n" +
	"What the conditions ask is remembered of the events that were taken, whose members are those that a line\n" +
	"of the journal has in `event`; one that is not there is empty or false:\n\n" +
	"| event | what is remembered of it |\n|---|---|\n" +
	"| `opened` | its `room`; whether recording is `mandatory`, and `technical`, without people |\n" +
	"| `start` | questioning had begun |\n" +
	"| `classified` | whether recording is `mandatory` |\n" +
	"| `move-room` | its `room`; recording is not safe; of the open faults those that name no room or this one, and its `faults` |\n" +
	"| `all-safe` | recording is safe |\n" +
	"| `fault-locks`, `start-elapsed` | recording is not safe, its `fault` is open; nothing once recording was stopped |\n" +
	"| `restarted` | recording is not safe, the open faults are its `faults` and its `fault` and no others; nothing once recording was stopped |\n" +
	"| `fault-cleared` | its `fault` is open no more |\n" +
	"| `unrecorded-overdue` | overdue |\n" +
	"| `closing-elapsed` | recording was stopped |\n\n" +
	"Faults are the same if `code`, `room` and `subject` are. \"From now on\" and the ending are the event's own.\n" +
	"Nothing stands against resuming when no fault is open and recording is safe; people take part unless it is\n" +
	"`technical`; an ending is named if it is `signed`, `refused`, `broken-off` or `finished`.\n"

// page returns the whole table as a page: for each state what each event does.
func page() string {
	var b strings.Builder
	b.WriteString(preface)
	for _, from := range append([]table.State{table.None}, table.States()...) {
		name := string(from)
		if from == table.None {
			name = "Before the opening"
		}
		fmt.Fprintf(&b, "\n## %s\n\n| event | row | if | leads to | effects | clause |\n|---|---|---|---|---|---|\n", name)
		var refused, overtaken []string
		for _, on := range table.Events() {
			rows := table.Cell(from, on)
			for i, r := range rows {
				when, number := "", ""
				if len(rows) > 1 {
					number = fmt.Sprint(i + 1)
				}
				if r.When != table.Always {
					when = ", if " + string(r.When)
				}
				mark := "- `" + string(on) + "`"
				if number != "" {
					mark += " (row " + number + ")"
				}
				switch {
				case r.Refuses():
					refused = append(refused, fmt.Sprintf("%s%s: %s / %s\n", mark, when, r.Say.En, r.Say.Zh))
				case len(r.Effects) == 0:
					overtaken = append(overtaken, mark+when+"\n")
				default:
					effects := make([]string, len(r.Effects))
					for i, e := range r.Effects {
						effects[i] = string(e)
					}
					fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", on, number, r.When, r.To, strings.Join(effects, ", "), r.Clause)
				}
			}
		}
		b.WriteString("\nRefused:\n\n" + strings.Join(refused, ""))
		if len(overtaken) > 0 {
			b.WriteString("\nOvertaken:\n\n" + strings.Join(overtaken, ""))
		}
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
