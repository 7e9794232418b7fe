// Package docs holds the pages of which another verifier is written, so that the program can hand them over
// with a recording.
package docs

import "embed"

// Files are format.md and, at its place, the table of states that it refers to.
//
//go:embed format.md design/states-table.md
var Files embed.FS
