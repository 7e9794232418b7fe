package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/deploy/monitor"
	"roomrec/media"
	"roomrec/session/table"
	"roomrec/transcript"
	"roomrec/watch"
)

// Whatever the program's numbers call by a code, the dashboards have words for.
func TestDashboardsHaveWordsForEveryCode(t *testing.T) {
	codes := map[string][]string{
		"state": asTexts(table.States()), "ending": asTexts(table.Endings()),
		"fault":   slices.Concat(asTexts(table.Codes()), watch.Codes()),
		"status":  asTexts([]transcript.Status{transcript.StatusNone, transcript.StatusAgrees, transcript.StatusDiffers, transcript.StatusExplained, transcript.StatusUnreadable}),
		"verdict": asTexts([]transcript.Verdict{transcript.Agrees, transcript.Differs, transcript.Unreadable}),
	}
	for _, a := range ages {
		codes["age"] = append(codes["age"], a.name)
	}
	for c := media.H264; c.Video() || c.Audio(); c++ {
		codes["codec"] = append(codes["codec"], c.String())
	}
	// Two panels tell of causes: one of the faults that locked, one of what gaps came from.
	causes := map[string][]string{"camera.lost": asTexts(table.Codes()), "overflow": asTexts(media.Causes())}
	seen := make(map[string]bool)
	for _, d := range monitor.Dashboards() {
		for _, p := range slices.Concat(d.Rows...) {
			if p.In == "" {
				continue
			}
			want := codes[p.In]
			for one, all := range causes {
				if _, ok := p.Words[one]; ok && p.In == "cause" {
					want = all
					seen[one] = true
				}
			}
			require.NotEmpty(t, want, "%s: what values has %s?", p.Title.En, p.In)
			for _, code := range want {
				require.Contains(t, p.Words, code, "%s: %s", d.File, p.Title.En)
			}
			seen[p.In] = true
		}
	}
	for label := range codes {
		require.True(t, seen[label], label)
	}
	require.Equal(t, map[string]bool{"camera.lost": true, "overflow": true}, map[string]bool{"camera.lost": seen["camera.lost"], "overflow": seen["overflow"]})
}

func asTexts[T ~string](all []T) (out []string) {
	for _, one := range all {
		out = append(out, string(one))
	}
	return out
}
