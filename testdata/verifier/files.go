// Package verifier holds the verifier that was written from docs/format.md alone, so that the program can
// hand it over with a recording.
package verifier

import "embed"

// Files are the verifier's, verify.py first of all.
//
//go:embed *.py
var Files embed.FS
