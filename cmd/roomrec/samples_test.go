package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/catalog"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// The seal alone draws a session, and as many as the site asks for.
func TestASampleIsDrawnByTheSeal(t *testing.T) {
	const n = 20000
	for _, percent := range []int{1, 5, 40, 100} {
		got := 0
		for i := range n {
			h := sha256.Sum256(fmt.Append(nil, i))
			yes := drawn(hex.EncodeToString(h[:]), percent)
			require.Equal(t, yes, drawn(hex.EncodeToString(h[:]), percent))
			if yes {
				got++
			}
		}
		require.InDelta(t, percent, 100*float64(got)/n, 1)
	}
	require.False(t, drawn("", 100))
	require.False(t, drawn("not hex", 100))

	seal := fmt.Sprintf("%064d", 0)
	good := catalog.Session{State: table.Sealed, Ending: table.Signed, Kind: string(policy.Suspect), SealHash: seal}
	s := samples{percent: 5}
	require.True(t, s.wanted(good))
	for name, change := range map[string]func(*catalog.Session){
		"not sealed":   func(v *catalog.Session) { v.State = table.Closing },
		"refused":      func(v *catalog.Session) { v.Ending = table.Refused },
		"a technician": func(v *catalog.Session) { v.Kind = string(policy.Technical) },
		"not drawn":    func(v *catalog.Session) { v.SealHash = "05" + seal[2:14] + "63" + seal[16:] },
	} {
		v := good
		change(&v)
		require.False(t, s.wanted(v), name)
	}
}
