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
`
	s := summary{output: make(map[string][]string), bad: make(map[string]bool)}
	if err := s.read(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	// Failed: TestB, TestC (skipped), and the package that did not build.
	if s.passed != 2 || s.failed != 3 || s.skipped != 1 {
		t.Errorf("passed %d, failed %d, skipped %d; want 2, 3, 1", s.passed, s.failed, s.skipped)
	}
	if len(s.tests) != 3 || len(s.packages) != 3 {
		t.Errorf("%d tests and %d packages timed; want 3 and 3", len(s.tests), len(s.packages))
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
