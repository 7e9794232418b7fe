//go:build torture

package verify

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A thousand changed bits, each before both verifiers.
func TestTortureFlipsBeforeBothVerifiers(t *testing.T) { flips(t, 7) }

// What the checker must keep in mind grows with the fragments, not with the bytes: of a whole day without an
// interruption, which the law never allows, sealed and not, it keeps less than the limit.
func TestTortureADayTakesLittleMemory(t *testing.T) {
	bin, s := checker(t), lasting(t, newKey(t), 24*60*60, 200)
	require.Less(t, peak(t, bin, s, 0), int64(mostMemory))
	delete(s.files, "seal.note")
	require.Less(t, peak(t, bin, s, 1), int64(mostMemory))
}
