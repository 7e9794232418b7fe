//go:build torture

package verify

import "testing"

// A thousand changed bits, each before both verifiers.
func TestTortureFlipsBeforeBothVerifiers(t *testing.T) { flips(t, 7) }
