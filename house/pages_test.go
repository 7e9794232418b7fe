package house

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var elsewhere = regexp.MustCompile(`(?i)(?:https?:|wss?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)`)

// names are hosts that stand in pages as names of formats; nothing is fetched from them.
var names = []string{"www.w3.org"}

// TestZ36_PagesNameNoOtherHost: what a page loads, links or connects to is this program. A network
// that must never touch the internet cannot reach anything else, and must not be asked to.
func TestZ36_PagesNameNoOtherHost(t *testing.T) {
	for _, path := range files(t, served) {
		for n, line := range strings.Split(read(t, path), "\n") {
			for _, m := range elsewhere.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(names, m[1]) {
					t.Errorf("%s:%d names the host %s", path, n+1, m[1])
				}
			}
		}
	}
}

// served reports whether a file is sent to browsers as we wrote it. Minified code of others is held
// back by the Content-Security-Policy and the browser tests' request log.
func served(path string) bool {
	if !strings.HasPrefix(path, "panel/") || strings.Contains(path, "testdata/") || strings.HasSuffix(path, ".min.js") || strings.HasSuffix(path, ".min.mjs") {
		return false
	}
	for _, end := range []string{".html", ".css", ".js", ".mjs", ".svg", ".webmanifest"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}
