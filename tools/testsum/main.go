// Command testsum runs `go test -json` with its arguments and prints what a person wants to know: a
// line for every package as it ends, the whole output of every test that failed, what took longest,
// and as the last line "N passed, N failed".
//
// A skipped test counts as failed: what is not run proves nothing. With -count FILE the two numbers
// are also written to FILE, and `testsum -total FILE…` prints the sum of several.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

func main() {
	count := flag.String("count", "", "write the numbers to this `file`")
	total := flag.Bool("total", false, "add up the files that -count wrote, which the arguments name")
	slow := flag.Int("slow", 15, "list so many of the slowest tests and packages")
	flag.Parse()
	if *total {
		os.Exit(sum(flag.Args()))
	}
	os.Exit(run(flag.Args(), *count, *slow))
}

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of build output
	Elapsed                       float64
}

type timing struct {
	name    string
	seconds float64
}

type summary struct {
	passed, failed, skipped int
	output                  map[string][]string // what a running test printed, by its name
	bad                     map[string]bool     // packages with a test that failed
	tests, packages         []timing
}

func run(args []string, countFile string, slow int) int {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		return 2
	}
	began := time.Now()
	s := summary{output: make(map[string][]string), bad: make(map[string]bool)}
	if err := s.read(out); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	exit := cmd.Wait()
	if exit != nil && s.failed == 0 {
		s.failed++ // go itself failed before any package did
	}
	s.print(slow, time.Since(began))
	if countFile != "" {
		if err := os.WriteFile(countFile, fmt.Appendf(nil, "%d %d\n", s.passed, s.failed), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "testsum:", err)
			return 2
		}
	}
	if s.failed > 0 {
		return 1
	}
	return 0
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Printf("%s", line)
			} else {
				s.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) take(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		if e.Test != "" {
			s.output[name] = append(s.output[name], e.Output)
		} else if line := e.Output; !strings.HasPrefix(line, "PASS") && !strings.HasSuffix(line, "[no test files]\n") {
			fmt.Print(line)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.packages = append(s.packages, timing{e.Package, e.Elapsed})
			if e.Action == "fail" {
				if !s.bad[e.Package] {
					s.failed++ // it did not build, or failed outside a test
				}
				s.cutOff(e.Package)
			}
			return
		}
		s.end(name, e)
	}
}

// cutOff prints what those tests of a package said that never ended, because the program did.
func (s *summary) cutOff(pkg string) {
	for _, name := range slices.Sorted(maps.Keys(s.output)) {
		if strings.HasPrefix(name, pkg+" ") {
			fmt.Printf("--- CUT OFF: %s\n%s", name, strings.Join(s.output[name], ""))
			delete(s.output, name)
		}
	}
}

func (s *summary) end(name string, e event) {
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		s.skipped++
		s.failed++
	case "fail":
		s.failed++
	}
	if e.Action != "pass" {
		s.bad[e.Package] = true
		fmt.Printf("--- %s: %s\n%s", strings.ToUpper(e.Action), name, strings.Join(s.output[name], ""))
	}
	delete(s.output, name)
	if !strings.Contains(e.Test, "/") {
		s.tests = append(s.tests, timing{name, e.Elapsed})
	}
}

func (s *summary) print(slow int, whole time.Duration) {
	slowest("packages", s.packages, slow)
	slowest("tests", s.tests, slow)
	if s.skipped > 0 {
		fmt.Printf("\n%d skipped, which counts as failed\n", s.skipped)
	}
	fmt.Printf("\n%.0f s in all\n%d passed, %d failed\n", whole.Seconds(), s.passed, s.failed)
}

func slowest(what string, list []timing, count int) {
	slices.SortFunc(list, func(a, b timing) int { return cmp.Compare(b.seconds, a.seconds) })
	fmt.Printf("\nSlowest %s:\n", what)
	for _, t := range list[:min(count, len(list))] {
		if t.seconds >= 0.1 {
			fmt.Printf("%8.1f s  %s\n", t.seconds, t.name)
		}
	}
}

func sum(files []string) int {
	var passed, failed int
	for _, file := range files {
		text, err := os.ReadFile(file)
		var p, f int
		if err == nil {
			_, err = fmt.Sscan(string(text), &p, &f)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "testsum: %s: %v\n", file, err)
			return 2
		}
		passed, failed = passed+p, failed+f
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return 1
	}
	return 0
}
