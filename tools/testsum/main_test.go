package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummaryCountsWhatGoTestSays(t *testing.T) {
	const log = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"hello\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1.5}
{"Action":"pass","Package":"p","Test":"TestB/sub","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"skip","Package":"p","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":2}
{"Action":"fail","Package":"broken","Elapsed":0,"FailedBuild":"broken"}
{"Action":"pass","Package":"q","Elapsed":0}
{"Action":"output","Package":"gone","Test":"TestD","Output":"fatal error\n"}
{"Action":"fail","Package":"gone","Elapsed":1}
`
	s := summary{output: make(map[string][]string), bad: make(map[string]bool)}
	if err := s.read(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	// Failed: TestB, TestC (skipped), the package that did not build, and the one whose program ended within TestD.
	if s.passed != 2 || s.failed != 4 || s.skipped != 1 {
		t.Errorf("passed %d, failed %d, skipped %d; want 2, 4, 1", s.passed, s.failed, s.skipped)
	}
	if len(s.tests) != 3 || len(s.packages) != 4 {
		t.Errorf("%d tests and %d packages timed; want 3 and 4", len(s.tests), len(s.packages))
	}
	if len(s.output) != 0 {
		t.Errorf("not printed: %v", s.output)
	}
}

func TestTotalFailsIfAnyDid(t *testing.T) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, bad, odd := write("good", "3 0\n"), write("bad", "1 1\n"), write("odd", "what\n")
	for _, c := range []struct {
		files []string
		want  int
	}{{[]string{good, good}, 0}, {[]string{good, bad}, 1}, {[]string{odd}, 2}, {[]string{"/nowhere"}, 2}} {
		if got := sum(c.files); got != c.want {
			t.Errorf("sum(%v) = %d, want %d", c.files, got, c.want)
		}
	}
}
