// Command fuzzall finds every fuzz target of the tree that it is started in and runs each for the time
// given, several at once. It prints what each did and exits 1 if one found something.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

type target struct{ folder, name string }

var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

func main() {
	each := flag.Duration("time", 10*time.Second, "how long each target runs")
	jobs := flag.Int("jobs", 2, "how many run at once, each on one core")
	flag.Parse()
	targets, err := find(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzzall:", err)
		os.Exit(2)
	}
	began := time.Now()
	if failed := run(targets, *each, *jobs); failed > 0 {
		fmt.Printf("%d of %d fuzz targets found something\n", failed, len(targets))
		os.Exit(1)
	}
	fmt.Printf("%d fuzz targets found nothing in %.0f s\n", len(targets), time.Since(began).Seconds())
}

func find(root string) ([]target, error) {
	var all []target
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", ".cache", "node_modules", "testdata", "tools"}, d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range declaration.FindAllSubmatch(text, -1) {
			all = append(all, target{"./" + filepath.ToSlash(filepath.Dir(path)), string(m[1])})
		}
		return err
	})
	return all, err
}

// run returns how many targets found something.
func run(targets []target, each time.Duration, jobs int) int {
	todo := make(chan target)
	var wait sync.WaitGroup
	var mu sync.Mutex // guards failed and the order of output
	failed := 0
	for range jobs {
		wait.Go(func() {
			for t := range todo {
				began := time.Now()
				out, err := fuzz(t, each)
				mu.Lock()
				fmt.Printf("fuzz %-50s %5.1f s  %s\n", t.folder+" "+t.name, time.Since(began).Seconds(), last(out))
				if err != nil {
					failed++
					fmt.Printf("%s%v\n", out, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, t := range targets {
		todo <- t
	}
	close(todo)
	wait.Wait()
	return failed
}

func fuzz(t target, each time.Duration) ([]byte, error) {
	// Minimising what is merely interesting is bounded: by default it takes up to a minute, in which
	// nothing new is tried.
	cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(),
		"-fuzzminimizetime", "20x", "-parallel", "1", t.folder)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err != nil && outOfTime(out.Bytes()) {
		err = nil
	}
	return out.Bytes(), err
}

// outOfTime reports whether a run failed by its own end alone: the go command sometimes calls the end
// of -fuzztime in the middle of an input a failure. An input that fails is written to testdata
// and named, and a panic shows.
func outOfTime(out []byte) bool {
	return bytes.Contains(out, []byte("\n    context deadline exceeded\n")) &&
		!bytes.Contains(out, []byte("Failing input written to")) && !bytes.Contains(out, []byte("panic"))
}

var progress = regexp.MustCompile(`execs: (\d+) [^\n]*`)

// last returns the last line of progress, without what every line has.
func last(out []byte) string {
	all := progress.FindAllString(string(out), -1)
	if len(all) == 0 {
		return "no progress"
	}
	return all[len(all)-1]
}
