package main

import "testing"

func TestOutOfTimeIsNoFinding(t *testing.T) {
	for _, c := range []struct {
		name, out string
		want      bool
	}{
		{"end of the time", "fuzz: elapsed: 10s\n--- FAIL: FuzzX (10.47s)\n    context deadline exceeded\nFAIL\n", true},
		{"a failing input", "--- FAIL: FuzzX (1s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzX/1\n", false},
		{"a panic", "--- FAIL: FuzzX (1s)\n    context deadline exceeded\npanic: index out of range\n", false},
		{"an assertion", "--- FAIL: FuzzX (1s)\n    x_test.go:1: not equal\n", false},
	} {
		if got := outOfTime([]byte(c.out)); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
