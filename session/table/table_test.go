package table

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func allStates() []State { return append([]State{None}, States()...) }

// Every state × event is a row or a refusal with a sentence for the officer in both languages.
func TestEveryCell(t *testing.T) {
	for _, from := range allStates() {
		for _, on := range Events() {
			t.Run(string(from)+"/"+string(on), func(t *testing.T) {
				cell := Cell(from, on)
				require.NotEmpty(t, cell)
				for i, r := range cell {
					require.Equal(t, i == len(cell)-1, r.When == Always, "only the last row has no condition, and it must")
					if r.Refuses() {
						require.Empty(t, r.Effects)
						require.NotEmpty(t, r.Clause)
						require.NotEmpty(t, r.Say.En)
						require.NotEmpty(t, r.Say.Zh)
						require.True(t, strings.HasSuffix(r.Say.En, "."))
						require.True(t, strings.HasSuffix(r.Say.Zh, "。"))
						continue
					}
					require.Contains(t, States(), r.To)
					if len(r.Effects) == 0 {
						require.Equal(t, from, r.To, "what was overtaken moves nothing")
						continue
					}
					require.NotEmpty(t, r.Clause)
					for _, e := range r.Effects {
						require.Contains(t, Effects(), e)
					}
				}
			})
		}
	}
	require.Len(t, index, len(allStates())*len(Events()))
}

// A row takes effect only when it is on the volumes; Locked and what adds to it come first.
func TestJournalComesFirst(t *testing.T) {
	for _, r := range Rows() {
		if r.Refuses() || len(r.Effects) == 0 {
			continue
		}
		journal := slices.Index(r.Effects, Journal)
		show := slices.Index(r.Effects, Show)
		switch {
		case r.From == Closing && (r.On == SealDone || r.On == SealFailed), r.On == Dismissed, r.On == Stopping && r.When == HasStopped:
			require.Negative(t, journal, "nothing is added to a sealed folder")
		case r.To == Locked && (r.From != Locked || r.On == Restarted), r.On == FaultRaised:
			require.Greater(t, journal, show, "%v", r)
		default:
			require.Zero(t, journal, "%v", r)
		}
	}
}
